"""Monotonic sequence basins and funnels: where each minimum drains, and how deep each funnel is."""

import dataclasses
from typing import Any, Literal

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json

from .._disconnectivity import disconnectivity
from .._transition_network import TransitionNetwork, check_network


Via = Literal["lowest_neighbour", "lowest_ts"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SequenceBasins(AbstractResult):
    """Monotonic sequence basins: the sets of minima whose sequences end in the same minimum, the bottom.

    - `ids`: ids of the minima, shape (n,).
    - `next`: id of the neighbour to which each minimum drains, its own id at a bottom; shape (n,).
    - `bottom`: id of the minimum in which the sequence of each minimum ends, shape (n,).
    - `steps`: number of steps in the sequence of each minimum, 0 at a bottom; shape (n,).
    - `bottoms`: ids of the minima without a lower neighbour, by increasing energy; shape (basins,).
    - `sizes`: number of minima that drain into each bottom, the bottom included; shape (basins,).
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
        """Ids of the minima of the primary basin, which drain into the global minimum."""
        return self.ids[self.bottom == self.bottoms[0]]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        return {"id": self.ids, "next": self.next, "bottom": self.bottom, "steps": self.steps}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Funnels(AbstractRows):
    """Funnels by decreasing depth; funnels of equal depth by increasing energy.

    - `bottom`: id of the lowest minimum of each funnel, shape (funnels,).
    - `energy`: energy of the bottom, shape (funnels,), loss units.
    - `merge_energy`: energy at which the superbasin of the bottom merges with one that has a lower minimum;
        infinite for the lowest minimum of a connected component; shape (funnels,), loss units.
    - `depth`: `merge_energy - energy`, shape (funnels,), loss units.
    - `size`: number of minima whose monotonic sequence ends in the bottom, shape (funnels,).
    - `superbasin`: number of minima in the superbasin of the bottom just below `merge_energy`, shape
        (funnels,).
    - `via`: rule by which minima drain, see `sequence_basins`; it determines the sizes.
    - `drainage`: the monotonic sequence basins.
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
        """Return the funnels, and the minimum to which every minimum drains."""
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
    """Find the basins of monotonic sequences, which step from neighbour to neighbour, always downwards.

    Minima of equal energy are ordered by their positions, so no sequence runs in a circle, and of joined
    minima with equal energies only the first can be a bottom.

    In the original definition a minimum belongs to every bottom that a sequence from it can reach, so
    basins overlap. Here each minimum has one next step, chosen by `via`, and belongs to one basin. The
    bottoms do not depend on `via`; the sizes of the basins do.

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
    """Return the funnels of a network: the bottoms of the monotonic sequence basins, with their depths.

    The depth is the height of the lowest barrier from the bottom to any lower minimum. A network has as
    many funnels as monotonic sequence basins; `min_depth` leaves out the shallower ones.

    **Arguments:**

    - `network`: the minima and transition states.
    - `min_depth`: least depth of a funnel, loss units.
    - `via`: rule by which minima drain, as in `sequence_basins`; it determines the sizes, not the depths.

    **Returns:** `Funnels`.

    **Raises:** `ValueError` for a negative depth or another `via`.
    """
    check_network(network)
    if not min_depth >= 0:
        raise ValueError(f"`min_depth` must be zero or positive, got {min_depth}.")
    basins = sequence_basins(network, via=via)
    tree = disconnectivity(network)
    # Nodes that share a lowest minimum form a chain upwards from it, and parents have larger numbers.
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
    """Follow pointers to their ends; return where each ends and after how many steps.

    Each round doubles the length of what is followed, so a chain of n minima takes log2(n) rounds.
    """
    steps = (towards != np.arange(len(towards))).astype(np.int64)
    while True:
        further = towards[towards]
        if np.array_equal(further, towards):
            return towards, steps
        steps = steps + steps[towards]
        towards = further
