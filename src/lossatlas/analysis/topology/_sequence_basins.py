"""Monotonic sequence basins and funnels: which minima drain into which, and how deep each basin is."""

import dataclasses
from typing import Any, Literal

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json

from .._disconnectivity import disconnectivity
from .._transition_network import TransitionNetwork, check_network


Via = Literal["lowest_neighbour", "lowest_ts"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SequenceBasins(AbstractResult):
    """The basins of monotonic sequences; minima are named by their ids.

    - `ids`: of the minima, shape (n,).
    - `next`: the neighbour that each minimum drains to, itself at a bottom; shape (n,).
    - `bottom`: the minimum in which its sequence ends, shape (n,).
    - `steps`: length of its sequence, 0 at a bottom; shape (n,).
    - `bottoms`: minima without a lower neighbour, by increasing energy; shape (basins,).
    - `sizes`: minima that drain into each of them, itself among them; shape (basins,).
    """

    ids: np.ndarray
    next: np.ndarray
    bottom: np.ndarray
    steps: np.ndarray
    bottoms: np.ndarray
    sizes: np.ndarray

    def __len__(self) -> int:
        """Return the number of basins."""
        return len(self.bottoms)

    @property
    def primary(self) -> np.ndarray:
        """The ids of the minima of the primary basin: those that drain into the global minimum."""
        return self.ids[self.bottom == self.bottoms[0]]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return a row for each minimum."""
        return {"id": self.ids, "next": self.next, "bottom": self.bottom, "steps": self.steps}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Funnels(AbstractRows):
    """Funnels by decreasing depth; those of equal depth by increasing energy.

    - `bottom`: id of the lowest minimum of each, shape (funnels,).
    - `energy`: of the bottom, shape (funnels,), loss units.
    - `merge_energy`: where the superbasin of the bottom meets one with a lower minimum; infinity for the
        lowest minimum of a connected part; shape (funnels,), loss units.
    - `depth`: `merge_energy - energy`, shape (funnels,), loss units.
    - `size`: minima whose monotonic sequence ends in the bottom, shape (funnels,).
    - `superbasin`: minima in the superbasin of the bottom just below `merge_energy`; shape (funnels,).
    - `via`: what makes the sizes.
    - `drainage`: where every minimum drains to.
    """

    bottom: np.ndarray
    energy: np.ndarray
    merge_energy: np.ndarray
    depth: np.ndarray
    size: np.ndarray
    superbasin: np.ndarray
    via: Via
    drainage: SequenceBasins

    def to_dict(self) -> dict[str, Any]:
        """Return the funnels, and where every minimum drains to."""
        drainage = self.drainage
        return to_json(
            {
                "via": self.via,
                "minima": len(drainage.ids),
                "basins": len(drainage),
                "funnels": self.to_columns(),
                "drainage": {name: getattr(drainage, name) for name in ("next", "bottom", "steps")},
            }
        )


def sequence_basins(network: TransitionNetwork, *, via: Via = "lowest_neighbour") -> SequenceBasins:
    """Let every minimum drain along a monotonic sequence: neighbour by neighbour, always downwards.

    A minimum is lower than another if its energy is lower or, at equal energies, its position; so no
    sequence runs in a circle, and of joined minima with equal energies only the first can be a bottom.

    In the original definition a minimum belongs to every bottom that a sequence from it can reach, so
    basins overlap. Here each minimum takes the steepest of its steps and belongs to one basin. The
    bottoms do not depend on what steepest means; the sizes of the basins do.

    **Arguments:**

    - `network`: the minima and transition states.
    - `via`: "lowest_neighbour" steps to the neighbour of lowest energy, whatever the barrier;
        "lowest_ts" steps over the lowest of the transition states that lead downwards, to the lower
        minimum if two are equal.

    **Returns:** `SequenceBasins`.

    **Raises:** `ValueError` for another `via`.

    Source: R. S. Berry & R. Breitengraser-Kunz, Phys. Rev. Lett. 74, 3951 (1995),
    doi:10.1103/PhysRevLett.74.3951.
    """
    check_network(network)
    if via not in ("lowest_neighbour", "lowest_ts"):
        raise ValueError(f"`via` must be 'lowest_neighbour' or 'lowest_ts', got {via!r}.")
    n = len(network)
    by_energy = np.argsort(network.energies, kind="stable")
    rank = np.empty(n, dtype=np.int64)
    rank[by_energy] = np.arange(n)

    pairs, states = network.edges()
    low, high = np.sort(rank[pairs], axis=1).T
    height = network.ts_energies[states] if via == "lowest_ts" else np.zeros(len(states))
    order = np.lexsort((low, height, high))
    start, first = np.unique(high[order], return_index=True)
    towards = np.arange(n)
    towards[start] = low[order][first]
    end, steps = _drained(towards)

    # Ranks are by energy, so bottoms in order of rank are in order of energy.
    bottoms, sizes = np.unique(end, return_counts=True)
    return SequenceBasins(
        ids=network.ids,
        next=network.ids[by_energy[towards[rank]]],
        bottom=network.ids[by_energy[end[rank]]],
        steps=steps[rank],
        bottoms=network.ids[by_energy[bottoms]],
        sizes=sizes,
    )


def funnels(
    network: TransitionNetwork, *, min_depth: float = 0.0, via: Via = "lowest_neighbour"
) -> Funnels:
    """Return the bottoms of the monotonic sequence basins, each with its depth.

    The depth is the height of the lowest barrier to any lower minimum, seen from the bottom: its
    superbasin merges at `merge_energy` with one that holds a lower minimum. A network has as many
    funnels as monotonic sequence basins; `min_depth` leaves out what is shallower.

    **Arguments:**

    - `network`: the minima and transition states.
    - `min_depth`: least depth of a funnel, loss units.
    - `via`: what makes the sizes, as in `sequence_basins`; depths do not depend on it.

    **Returns:** `Funnels`.

    **Raises:** `ValueError` for a negative depth or another `via`.
    """
    check_network(network)
    if not min_depth >= 0:
        raise ValueError(f"`min_depth` must be zero or positive, got {min_depth}.")
    basins = sequence_basins(network, via=via)
    tree = disconnectivity(network)
    # The nodes with one lowest minimum are a chain upwards from it, and parents have larger numbers.
    top = np.zeros(len(network), dtype=np.int64)
    np.maximum.at(top, tree.lowest, np.arange(len(tree.parent)))

    bottom = network.positions(basins.bottoms)
    top = top[bottom]
    merge = np.where(tree.parent[top] < 0, np.inf, tree.energy[tree.parent[top]])
    energy = network.energies[bottom]
    depth = merge - energy
    order = np.argsort(-depth, kind="stable")
    order = order[depth[order] >= min_depth]
    columns = (basins.bottoms, energy, merge, depth, basins.sizes, tree.n_leaves[top])
    arrays = [values[order] for values in columns]
    return Funnels(*arrays, via=via, drainage=basins)


def _drained(towards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow pointers to their ends: where each ends, and after how many steps.

    Each round doubles the length of what is followed, so a chain of n minima takes log2(n) rounds.
    """
    steps = (towards != np.arange(len(towards))).astype(np.int64)
    while True:
        further = towards[towards]
        if np.array_equal(further, towards):
            return towards, steps
        steps = steps + steps[towards]
        towards = further
