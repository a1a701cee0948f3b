"""Disconnectivity graph: which minima belong together below which energy."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_whole
from lossatlas._graph import Graph

from ._ids import position_of, positions_of
from ._transition_network import TransitionNetwork, check_network


MOST_LEVELS = 10_000  # more than a picture can show
_EQUAL_TOLERANCE = 1e-12


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DisconnectivityTree(AbstractResult):
    """The merge tree of a landscape; its first nodes are the minima, in their order.

    A parent always has a larger number than its children, so a loop over the nodes runs from the
    leaves to the roots, and backwards from the roots to the leaves.

    Nodes are told by their positions, minima by their ids, too.

    - `parent`: position of the node above, shape (nodes,); -1 at a root.
    - `energy`: of the minimum, or at which the branches below an inner node merge; shape (nodes,),
        loss units.
    - `n_leaves`: minima at or below each node, shape (nodes,).
    - `lowest`: position of the lowest of these minima, the first on ties; shape (nodes,).
    - `component`: which tree each minimum belongs to, 0, 1, ... by increasing lowest minimum; shape
        (minima,).
    - `ids`: of the minima, shape (minima,), as those of the network.
    - `levels`: the thresholds, increasing, loss units; None for the exact tree.
    """

    parent: np.ndarray
    energy: np.ndarray
    n_leaves: np.ndarray
    lowest: np.ndarray
    component: np.ndarray
    ids: np.ndarray
    levels: np.ndarray | None = None

    def __len__(self) -> int:
        """Return the number of minima."""
        return len(self.component)

    def positions(self, ids: ArrayLike, name: str = "ids") -> np.ndarray:
        """Return where minima stand among the nodes, from their ids, in the order given.

        **Arguments:**

        - `ids`: shape (n,).
        - `name`: what messages call them.

        **Raises:** `ValueError` for an id that no minimum has.
        """
        return positions_of(ids, self.ids, name)

    def barrier(self, a: int, b: int) -> float:
        """Return the energy at which two minima merge.

        In the exact tree this is the highest transition state on the best path, min over paths of
        the max over transition states; with levels it is the first threshold at or above that.

        **Arguments:**

        - `a`, `b`: ids of the minima.

        **Returns:** the energy, loss units; the minimum's own energy if `a == b`, infinity if no
        path joins the two.

        **Raises:** `ValueError` when there is no such minimum.
        """
        a, b = position_of(a, self.ids, "a"), position_of(b, self.ids, "b")
        while a != b:  # the smaller number cannot be an ancestor of the larger one
            a, b = int(self.parent[min(a, b)]), max(a, b)
            if a < 0:
                return float("inf")
        return float(self.energy[a])

    def superbasin(self, minimum: int, energy: float) -> np.ndarray:
        """Return the minima that are joined to a minimum at or below an energy, itself among them.

        **Arguments:**

        - `minimum`: its id.
        - `energy`: loss units.

        **Returns:** the ids of the minima, in the order of the tree, shape (minima in the superbasin,).

        **Raises:** `ValueError` when there is no such minimum, or when it lies above the energy.
        """
        place = position_of(minimum, self.ids, "minimum")
        if not energy >= self.energy[place]:
            own = float(self.energy[place])
            raise ValueError(f"`energy` must be at least {own}, that of the minimum, got {energy}.")
        nodes = np.arange(len(self.parent))
        top = np.where((self.parent >= 0) & (self.energy[self.parent] <= energy), self.parent, nodes)
        while True:  # halves the way to the top of the superbasin each time
            further = top[top]
            if np.array_equal(further, top):
                return self.ids[top[: len(self)] == top[place]]
            top = further

    def where(self, mask: np.ndarray) -> "DisconnectivityTree":
        """Return the tree of the minima where a mask is true; see `rows`.

        Everything that is connected to the global minimum is `tree.where(tree.component == 0)`.

        **Raises:** `ValueError` for anything but booleans, one per minimum, or none that is true.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self),):
            raise ValueError(
                f"`mask` must be booleans of shape ({len(self)},), got {chosen.dtype} of shape "
                f"{chosen.shape}."
            )
        return self._of(np.flatnonzero(chosen))

    def rows(self, ids: np.ndarray) -> "DisconnectivityTree":
        """Return the tree of some of the minima; any two of them merge where they do in the whole tree.

        Good choices are the lowest m, `tree.ids[np.argsort(tree.energy[: len(tree)])[:m]]`, and
        `tree.superbasin(minimum, energy)`.

        **Arguments:**

        - `ids`: of those to keep, without repeats.

        **Returns:** the tree, with its minima in the order given.

        **Raises:** `ValueError` for minima that do not exist, repeats, or none at all.
        """
        kept = positions_of(ids, self.ids, "ids")
        if len(np.unique(kept)) < len(kept):
            raise ValueError("`ids` must name each minimum once.")
        return self._of(kept)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per node, the minima first: their ids in `lowest`, the energy, the node above."""
        return {
            "node": np.arange(len(self.parent)),
            "parent": self.parent,
            "energy": self.energy,
            "n_leaves": self.n_leaves,
            "lowest": self.ids[self.lowest],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything by name; minima are named by their ids."""
        return super().to_dict() | {"lowest": self.ids[self.lowest].tolist()}

    def _of(self, kept: np.ndarray) -> "DisconnectivityTree":
        """Return the tree of the minima at some positions."""
        if not kept.size:
            raise ValueError("A tree needs at least one minimum, and none was chosen.")
        first = [-1] * len(self.parent)  # of the kept minima below each node
        for number, minimum in enumerate(kept.tolist()):
            first[minimum] = number
        pairs, merges = [], []
        for node, up in enumerate(self.parent.tolist()):
            if up >= 0 and first[node] >= 0:
                if first[up] < 0:
                    first[up] = first[node]
                else:
                    pairs.append((first[up], first[node]))
                    merges.append(up)
        heights = self.energy[merges]
        order = np.argsort(heights, kind="stable")
        energies = self.energy[kept]
        parent, energy = _merge(energies, np.array(pairs, dtype=int).reshape(-1, 2)[order], heights[order])
        return DisconnectivityTree(
            parent, energy, *_summarise(parent, energies), self.ids[kept], self.levels
        )


def disconnectivity(
    network: TransitionNetwork, *, levels: int | np.ndarray | None = None
) -> DisconnectivityTree:
    """Compute the disconnectivity graph of minima joined by transition states.

    Two minima are in one superbasin at energy E if a path joins them whose transition states all
    lie at or below E. Superbasins only ever merge at edges of the minimum spanning tree (weight:
    the lowest transition state of a pair), so its edges in order of energy give every merge.

    **Arguments:**

    - `network`: the minima and transition states. One that joins a minimum to itself merges nothing.
    - `levels`: None for the exact tree, where every merge lies at its transition state and merges
        within a relative 1e-12 are one. Otherwise merges lie at the lowest threshold at or above
        their transition state, and the thresholds are: an integer N >= 1 for N equally spaced ones,
        the first at the lowest and the last at the highest merge of the exact tree (N = 1: the
        highest alone); or an array of them, loss units. Merges above the highest threshold do not
        happen.

    **Returns:** `DisconnectivityTree`.

    **Raises:** `ValueError` for bad levels, and more than 10,000 of them.

    Source: O. M. Becker & M. Karplus, J. Chem. Phys. 106, 1495 (1997), doi:10.1063/1.473299; D. J.
    Wales, M. A. Miller & T. R. Walsh, Nature 394, 758 (1998), doi:10.1038/29487.
    """
    check_network(network)
    energies, ts_energies, ts_minima = network.energies, network.ts_energies, network.ts_minima
    # A state that lies below a minimum, by rounding or so, must not make a branch that runs downwards.
    heights = np.maximum(ts_energies, energies[ts_minima].max(axis=1, initial=-np.inf))
    merges = Graph(len(energies), ts_minima, heights).spanning_forest()
    pairs, heights = merges.pairs, merges.energies
    if levels is None:
        thresholds, heights = None, _equalised(heights)
    else:
        thresholds = _thresholds(levels, heights)
        place = np.searchsorted(thresholds, heights)
        reached = place < len(thresholds)
        pairs, heights = pairs[reached], thresholds[place[reached]]
    parent, energy = _merge(energies, pairs, heights)
    return DisconnectivityTree(parent, energy, *_summarise(parent, energies), network.ids, thresholds)


def _equalised(heights: np.ndarray) -> np.ndarray:
    """Give increasing heights that agree within rounding the value of the highest of them."""
    new = np.diff(heights, prepend=-np.inf) > _EQUAL_TOLERANCE * np.abs(heights)
    run = np.cumsum(new)
    return heights[np.searchsorted(run, run, side="right") - 1]


def _thresholds(levels: int | np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return the thresholds that `levels` asks for, increasing and without repeats."""
    if isinstance(levels, (int, np.integer)):
        levels = check_whole("levels", levels, below=MOST_LEVELS + 1)
        if not heights.size:
            return np.zeros(0)
        if levels == 1:
            return heights[-1:]
        return np.unique(np.linspace(heights[0], heights[-1], int(levels)))
    thresholds = np.asarray(levels, dtype=float)
    if thresholds.ndim != 1 or not thresholds.size or not np.all(np.isfinite(thresholds)):
        raise ValueError("`levels` must be an integer, or a vector of at least one finite energy.")
    return np.unique(thresholds)


def _merge(energies: np.ndarray, pairs: np.ndarray, heights: np.ndarray):
    """Build the tree by union-find over merges in order of height: parents and energies.

    Every merge makes a node; then the nodes whose parent lies at the same height are dissolved into
    it.
    """
    n = len(energies)
    energy = np.concatenate([energies, heights])
    parent = np.full(len(energy), -1)
    top = list(range(len(energy)))  # shortcuts towards the root of the tree so far

    def find(node: int) -> int:
        while top[node] != node:
            top[node] = top[top[node]]
            node = top[node]
        return node

    for node, (a, b) in enumerate(pairs.tolist(), start=n):
        a, b = find(a), find(b)
        parent[a] = parent[b] = top[a] = top[b] = node
    dissolved = (parent >= 0) & (energy == energy[parent]) & (np.arange(len(energy)) >= n)
    while True:  # halves the longest run of dissolved nodes each time
        chained = (parent >= 0) & dissolved[parent]
        if not chained.any():
            break
        parent[chained] = parent[parent[chained]]
    number = np.cumsum(~dissolved) - 1
    parent = np.where(parent >= 0, number[parent], -1)
    return parent[~dissolved], energy[~dissolved]


def _summarise(parent: np.ndarray, energies: np.ndarray):
    """Return minima per node, lowest minimum per node, and the tree of every minimum."""
    n, nodes = len(energies), len(parent)
    by_energy = np.argsort(energies, kind="stable")
    rank = np.empty(n, dtype=np.int64)
    rank[by_energy] = np.arange(n)
    count = [1] * n + [0] * (nodes - n)
    best = rank.tolist() + [n] * (nodes - n)
    above = parent.tolist()
    for node, up in enumerate(above):
        if up >= 0:
            count[up] += count[node]
            best[up] = min(best[up], best[node])
    # Seen from the root down, everything in one tree shares the root's lowest minimum.
    root = list(best)
    for node in range(nodes - 1, -1, -1):
        if above[node] >= 0:
            root[node] = root[above[node]]
    component = np.unique(root[:n], return_inverse=True)[1]
    return np.array(count), by_energy[np.array(best)], component
