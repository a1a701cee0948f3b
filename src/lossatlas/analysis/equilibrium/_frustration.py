"""Frustration: how high the barriers to the global minimum are, for what is gained by crossing them."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractRows

from .._disconnectivity import disconnectivity
from .._transition_network import TransitionNetwork
from ._thermodynamics import SAME_LEVEL, Superposition, check_temperatures


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Frustration(AbstractRows):
    """The frustration of a landscape at some temperatures, shape (temperatures,) each, dimensionless.

    - `kt`: the temperatures, loss units.
    - `frustration`: F, the sum over the minima that count.
    - `normalised`: F divided by the occupation of these minima: a weighted mean, so it is at least 1.
        NaN if no minimum counts.
    - `ground`: occupation of the minima that do not count because they are as low as the global one.
    - `unconnected`: occupation of those that do not count because no known path leads from them to the
        global minimum.
    """

    kt: np.ndarray
    frustration: np.ndarray
    normalised: np.ndarray
    ground: np.ndarray
    unconnected: np.ndarray


def frustration(network: TransitionNetwork, kt: ArrayLike) -> Frustration:
    """Compute the frustration F(T) = sum_a p_a (E_a^ts - E_gmin) / (E_a - E_gmin).

    E_a^ts is the highest transition state on the lowest path from minimum a to the global minimum, p_a the
    equilibrium occupation, see `occupation`. The sum leaves out the global minimum, other minima whose
    energy is the same (within 1e-9 max(1, |E|): there the ratio has no limit, and they are treated as the
    global minimum too, so that paths may end in any of them), and minima that are not connected to it.
    Each of them alone is reported by what it holds of the occupation.

    The normalised form has p_a / sum p_a over the minima that count, which is p_a / (1 - p_gmin) where all
    are connected and one is lowest. It is computed from logarithms, so that it stays finite at low kT,
    where F itself goes to zero with the occupation of all minima but the lowest.

    **Arguments:**

    - `network`: minima and transition states, log-products and orbit sizes of the minima.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number.

    **Returns:** `Frustration`.

    **Raises:** `ValueError` for temperatures that are not positive, a network without transition states,
    and minima whose log-product or orbit size is not known.

    Source: V. K. de Souza, J. D. Stevenson, S. P. Niblett, J. D. Farrell & D. J. Wales, J. Chem. Phys. 146,
    124103 (2017), doi:10.1063/1.4977794.
    """
    kt, sums = check_temperatures(kt), Superposition(network)
    if not len(network.ts_energies):
        raise ValueError("Frustration needs transition states, and the network has none.")
    ground = _ground(network)
    barriers = barriers_to_global_minimum(network) - sums.offset
    unconnected = np.isinf(barriers)
    counts = ~(ground | unconnected)
    ratios = barriers[counts] / sums.energies[counts]
    # Each row: F, its normalised form, what the lowest and the unconnected minima hold.
    rows = []
    for _, log_p, p, _ in sums.blocks(kt):
        top = log_p[:, counts].max(axis=1, keepdims=True, initial=-np.inf)
        inside = np.exp(log_p[:, counts] - top)
        with np.errstate(invalid="ignore"):
            normalised = inside @ ratios / inside.sum(axis=1)
        rows.append(
            (p[:, counts] @ ratios, normalised, p[:, ground].sum(axis=1), p[:, unconnected].sum(axis=1))
        )
    return Frustration(kt, *(np.concatenate(column) for column in zip(*rows)))


def barriers_to_global_minimum(network: TransitionNetwork) -> np.ndarray:
    """Return the energy of the highest transition state on the lowest path to the global minimum.

    Of all paths from a minimum, the lowest is the one whose highest transition state is lowest. The energy
    is that of the first node of the merge tree above a minimum that has the global one below it, found for
    all minima at once. Where several minima have the lowest energy, the path ends in any of them.

    **Arguments:**

    - `network`: minima and transition states.

    **Returns:** one energy per minimum, loss units, shape (minima,); at the global minimum its own energy,
    infinity where no path is known.
    """
    tree = disconnectivity(network)
    nodes = len(tree.parent)
    # One more node above all roots ends the walks of what is not connected.
    parent = np.append(np.where(tree.parent < 0, nodes, tree.parent), nodes)
    energy = np.append(tree.energy, np.inf)
    leads = np.zeros(nodes + 1, dtype=bool)
    leads[nodes] = True
    for minimum in np.flatnonzero(_ground(network)).tolist():
        while not leads[minimum]:
            leads[minimum], minimum = True, parent[minimum]
    above = np.where(leads, np.arange(nodes + 1), parent)
    while not leads[above].all():  # every round doubles the steps
        above = above[above]
    return energy[above[: len(network)]]


def _ground(network: TransitionNetwork) -> np.ndarray:
    """Return which minima are as low as the global one."""
    lowest = network.energies.min()
    return network.energies - lowest <= SAME_LEVEL * max(1.0, abs(lowest))
