"""Disconnectivity graphs: at which energies minima become connected."""

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
    """A disconnectivity graph as a merge tree: the leaves are minima, the inner nodes are merges.

    The first nodes are the minima, in the order of the network. A parent always has a larger number than
    its children, so a loop over the nodes runs from the leaves to the roots, and backwards from the roots
    to the leaves. Where several components are not joined, the "tree" is a forest with one root each.

    Arrays refer to nodes by position; methods take and return ids of minima.

    - `parent`: position of the node above, shape (nodes,); -1 at a root.
    - `energy`: energy of the minimum, or the energy at which the branches below an inner node merge;
        shape (nodes,), loss units.
    - `n_leaves`: number of minima at or below each node, shape (nodes,).
    - `lowest`: position of the lowest of these minima, the first on ties; shape (nodes,).
    - `component`: number of the tree to which each minimum belongs, 0, 1, ... in order of the energies of
        their lowest minima; shape (minima,).
    - `ids`: ids of the minima, shape (minima,), as in the network.
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
        """Return the positions of minima among the nodes, in the order of the ids given.

        **Arguments:**

        - `ids`: ids of minima, shape (n,).
        - `name`: name of the argument, for error messages.

        **Returns:** positions, shape (n,).

        **Raises:** `ValueError` for an id that no minimum has.
        """
        return positions_of(ids, self.ids, name)

    def barrier(self, a: int, b: int) -> float:
        """Return the energy at which two minima merge.

        In the exact tree this is the energy of the highest transition state on the lowest path, that is
        the minimum over paths of the maximum over transition states; with levels it is the first threshold
        at or above that energy.

        **Arguments:**

        - `a`, `b`: ids of the minima.

        **Returns:** the energy, loss units; the energy of the minimum itself if `a == b`, infinity if no
        path joins the two.

        **Raises:** `ValueError` for an id that no minimum has.
        """
        a, b = position_of(a, self.ids, "a"), position_of(b, self.ids, "b")
        while a != b:  # the smaller number cannot be an ancestor of the larger one
            a, b = int(self.parent[min(a, b)]), max(a, b)
            if a < 0:
                return float("inf")
        return float(self.energy[a])

    def superbasin(self, minimum: int, energy: float) -> np.ndarray:
        """Return the minima that are joined to one minimum by paths at or below an energy.

        **Arguments:**

        - `minimum`: id of the minimum.
        - `energy`: threshold, loss units.

        **Returns:** the ids of these minima, the given one included, in the order of the tree, shape
        (minima in the superbasin,).

        **Raises:** `ValueError` for an id that no minimum has, or a minimum above the threshold.
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

        For example, `tree.where(tree.component == 0)` keeps the minima connected to the global minimum.

        **Arguments:**

        - `mask`: booleans, shape (minima,).

        **Raises:** `ValueError` if `mask` does not hold one boolean per minimum, or none is true.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self),):
            raise ValueError(
                f"`mask` must be booleans of shape ({len(self)},), got {chosen.dtype} of shape "
                f"{chosen.shape}."
            )
        return self._of(np.flatnonzero(chosen))

    def rows(self, ids: np.ndarray) -> "DisconnectivityTree":
        """Return the tree of some of the minima; two of them merge at the same energy as in the whole tree.

        Useful choices are the m lowest minima, `tree.ids[np.argsort(tree.energy[: len(tree)])[:m]]`, and
        `tree.superbasin(minimum, energy)`.

        **Arguments:**

        - `ids`: ids of the minima to keep, without repeats.

        **Returns:** the tree, with its minima in the order given.

        **Raises:** `ValueError` for minima that do not exist, repeated ids, or an empty list.
        """
        kept = positions_of(ids, self.ids, "ids")
        if len(np.unique(kept)) < len(kept):
            raise ValueError("`ids` must name each minimum once.")
        return self._of(kept)

    def at_levels(self, levels: int | np.ndarray) -> "DisconnectivityTree":
        """Return the tree whose branches merge at regular energies.

        **Arguments:**

        - `levels`: the thresholds, or their number, as in `disconnectivity`.

        **Returns:** the tree that `disconnectivity` makes of the same network with these levels.

        **Raises:** `ValueError` as `disconnectivity`.
        """
        return self._of(np.arange(len(self)), levels)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per node, the minima first; `lowest` holds ids, `node` and `parent` positions."""
        return {
            "node": np.arange(len(self.parent)),
            "parent": self.parent,
            "energy": self.energy,
            "n_leaves": self.n_leaves,
            "lowest": self.ids[self.lowest],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name; `lowest` holds ids."""
        return super().to_dict() | {"lowest": self.ids[self.lowest].tolist()}

    def _of(self, kept: np.ndarray, levels: int | np.ndarray | None = None) -> "DisconnectivityTree":
        """Return the tree of the minima at some positions, with its own levels or with other ones."""
        if not kept.size:
            raise ValueError("A tree needs at least one minimum, and none was chosen.")
        first = [-1] * len(self.parent)  # the first kept minimum below each node
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
        pairs, heights = np.array(pairs, dtype=int).reshape(-1, 2)[order], heights[order]
        thresholds = self.levels
        if levels is not None:
            pairs, heights, thresholds = _raised(pairs, heights, levels)
        parent, energy = _merge(energies, pairs, heights)
        return DisconnectivityTree(
            parent, energy, *_summarise(parent, energies), self.ids[kept], thresholds
        )


def disconnectivity(
    network: TransitionNetwork, *, levels: int | np.ndarray | None = None
) -> DisconnectivityTree:
    """Compute the disconnectivity graph of minima joined by transition states.

    Two minima are in one superbasin at energy E if a path joins them whose transition states all
    lie at or below E. Superbasins only ever merge at edges of the minimum spanning tree (weight:
    the lowest transition state of a pair), so its edges in order of energy give every merge.

    **Arguments:**

    - `network`: the minima and transition states. A transition state that joins a minimum to itself has
        no effect.
    - `levels`: None for the exact tree, where every merge lies at the energy of its transition state, and
        merges within a relative 1e-12 of each other are one merge. Otherwise a merge lies at the lowest
        threshold at or above its transition state. An integer N >= 1 gives N equally spaced thresholds,
        the first at the lowest and the last at the highest merge of the exact tree (N = 1: the highest
        alone); an array gives the thresholds themselves, loss units. Branches that would merge above the
        highest threshold stay separate.

    **Returns:** `DisconnectivityTree`.

    **Raises:** `ValueError` for levels that are neither such an integer, up to 10,000, nor a vector of
    finite energies.

    Source: O. M. Becker & M. Karplus, J. Chem. Phys. 106, 1495 (1997), doi:10.1063/1.473299; D. J.
    Wales, M. A. Miller & T. R. Walsh, Nature 394, 758 (1998), doi:10.1038/29487.
    """
    check_network(network)
    energies, ts_energies, ts_minima = network.energies, network.ts_energies, network.ts_minima
    # A transition state that rounding puts below its minimum must not make a branch that runs downwards.
    heights = np.maximum(ts_energies, energies[ts_minima].max(axis=1, initial=-np.inf))
    merges = Graph(len(energies), ts_minima, heights).spanning_forest()
    pairs, heights = merges.pairs, merges.energies
    if levels is None:
        thresholds, heights = None, _equalised(heights)
    else:
        pairs, heights, thresholds = _raised(pairs, heights, levels)
    parent, energy = _merge(energies, pairs, heights)
    return DisconnectivityTree(parent, energy, *_summarise(parent, energies), network.ids, thresholds)


def _equalised(heights: np.ndarray) -> np.ndarray:
    """Replace increasing heights that agree within rounding by the highest of them."""
    new = np.diff(heights, prepend=-np.inf) > _EQUAL_TOLERANCE * np.abs(heights)
    run = np.cumsum(new)
    return heights[np.searchsorted(run, run, side="right") - 1]


def _raised(pairs: np.ndarray, heights: np.ndarray, levels: int | np.ndarray):
    """Return the merges at or below the highest threshold, raised to the next threshold, and thresholds."""
    thresholds = _thresholds(levels, heights)
    place = np.searchsorted(thresholds, heights)
    reached = place < len(thresholds)
    return pairs[reached], thresholds[place[reached]], thresholds


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
    """Return the parents and energies of the tree, by union-find over the merges in order of height.

    Every merge makes a node; then each node whose parent lies at the same height is dissolved into that
    parent.
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
    """Return, per node, the number of minima and the lowest one, and the component of every minimum."""
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
    # All nodes of one tree share the lowest minimum of its root.
    root = list(best)
    for node in range(nodes - 1, -1, -1):
        if above[node] >= 0:
            root[node] = root[above[node]]
    component = np.unique(root[:n], return_inverse=True)[1]
    return np.array(count), by_energy[np.array(best)], component
