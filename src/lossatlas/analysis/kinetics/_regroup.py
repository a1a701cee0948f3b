"""Lumping of states that interconvert quickly, and free-energy disconnectivity graphs."""

import dataclasses
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_not_negative
from lossatlas._graph import Graph

from .._disconnectivity import DisconnectivityTree, disconnectivity
from .._ids import positions_of
from .._transition_network import TransitionNetwork
from ._rate_network import RateNetwork, check_rates, combine


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Regrouping(AbstractResult):
    """Groups of states that interconvert quickly; each group is in equilibrium within itself.

    - `ids`: ids of the states, shape (n,).
    - `group`: position in `network` of the group of every state, shape (n,).
    - `network`: the rates between groups, which are ordered by increasing free energy. The id of a group is
        the id of its most probable state.
    - `barrier`: the threshold of the free-energy barriers, loss units.
    """

    ids: np.ndarray
    group: np.ndarray
    network: RateNetwork
    barrier: float

    def __len__(self) -> int:
        """Return the number of groups."""
        return len(self.network)

    def group_ids(self, states) -> np.ndarray:
        """Return the ids of the groups to which states belong, in the order of the ids given.

        **Raises:** `ValueError` for an id that no state has.
        """
        return self.network.ids[self.group[positions_of(states, self.ids, "states")]]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per state: its id, and the id of its group."""
        return {"id": self.ids, "group": self.network.ids[self.group]}

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name; `group` holds ids."""
        return super().to_dict() | {"group": self.network.ids[self.group].tolist()}


def regroup(network: RateNetwork, barrier: float) -> Regrouping:
    """Lump states that are separated by free-energy barriers below a threshold, until none are left.

    With F_a = -kT ln Z_a and F_ab = -kT ln(C_ab / kT), two states are lumped if both barriers, F_ab - F_a
    and F_ab - F_b, are below the threshold. One barrier alone would not be enough: a shallow minimum
    between two deep ones would lump all three. The weights and conductances of a group are sums, which give
    new free energies, so the lumping is repeated until no pair is below the threshold.

    **Arguments:**

    - `network`: the rates.
    - `barrier`: the threshold, loss units; it corresponds to a rate k = kT exp(-barrier / kT).

    **Returns:** `Regrouping`.

    **Raises:** `ValueError` for a threshold that is not a finite number of at least 0.

    Source: J. M. Carr & D. J. Wales, J. Phys. Chem. B 112, 8760 (2008), doi:10.1021/jp801777p.
    """
    check_rates(network)
    barrier = check_not_negative("barrier", barrier)
    group, coarse = np.arange(len(network)), network
    while True:
        states, heights = coarse.free_energies()
        joined = heights - states[coarse.pairs].min(axis=1) < barrier
        if not joined.any():
            break
        label = Graph(len(coarse), coarse.pairs[joined], heights[joined]).components
        group, coarse = label[group], _lump(coarse, label)
    order = np.argsort(-coarse.log_weights, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    group, coarse = rank[group], _lump(coarse, rank)
    likely = np.lexsort((-network.log_weights, group))
    representative = likely[np.searchsorted(group[likely], np.arange(len(order)))]
    coarse = dataclasses.replace(coarse, ids=network.ids[representative])
    return Regrouping(network.ids, group, coarse, barrier)


def _lump(network: RateNetwork, label: np.ndarray) -> RateNetwork:
    """Return the network of groups: weights and conductances add up."""
    weights = np.full(label.max() + 1, -np.inf)
    np.logaddexp.at(weights, label, network.log_weights)
    return combine(network.kt, network.base, weights, label[network.pairs], network.log_conductances)


def free_energy_disconnectivity(
    network: RateNetwork, *, levels: int | np.ndarray | None = None
) -> DisconnectivityTree:
    """Compute the disconnectivity graph of free energies at the temperature of the rates.

    Where a rate exceeds kT (excluded by transition state theory, but not by its harmonic form), the free
    energy of the transition state lies below that of a state, and is raised to it.

    **Arguments:**

    - `network`: the rates between minima, or between the groups of a `Regrouping`.
    - `levels`: as in `disconnectivity`, in free energies.

    **Returns:** `DisconnectivityTree`, whose energies are free energies, loss units.

    **Raises:** `ValueError` for bad levels, as `disconnectivity`.

    Source: S. V. Krivov & M. Karplus, J. Chem. Phys. 117, 10894 (2002), doi:10.1063/1.1517606; D. A.
    Evans & D. J. Wales, J. Chem. Phys. 118, 3891 (2003), doi:10.1063/1.1540099.
    """
    check_rates(network)
    states, heights = network.free_energies()
    heights = np.maximum(heights, states[network.pairs].max(axis=1))
    graph = TransitionNetwork(states, heights, network.pairs, ids=network.ids)
    return disconnectivity(graph, levels=levels)
