"""Minima as nodes, transition states as edges: connected parts, neighbours, the lowest edge of each pair.

One structure for the planner, `connect`, the atlas and the analyses. It counts minima from 0, as rows of a
table, and is kept up to date by adding: minima and transition states are only ever added to a network.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree


FEW = 64  # edges that are joined one by one, in less time than scipy takes to begin

Rows = Int[np.ndarray, " rows"]


@dataclasses.dataclass(frozen=True, eq=False)
class Edges:
    """The pairs of different minima that are joined, each once, with its lowest transition state.

    - `pairs`: rows of the two minima, the smaller one first, shape (edges, 2).
    - `energies`: of the lowest transition state of each pair, shape (edges,), loss units.
    - `states`: the number of that transition state, the first one added on ties, shape (edges,).
    """

    pairs: Int[np.ndarray, "edges 2"]
    energies: Float[np.ndarray, " edges"]
    states: Int[np.ndarray, " edges"]

    def __getitem__(self, chosen) -> "Edges":
        """Return some of the edges, chosen by a mask or by rows."""
        return Edges(self.pairs[chosen], self.energies[chosen], self.states[chosen])

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self.states)


class Graph:
    """Minima and the transition states that join them.

    Connected parts are kept by union-find (R. E. Tarjan, J. ACM 22, 215 (1975),
    doi:10.1145/321879.321884): the root of a part is its smallest row. The lowest transition state of each
    pair stands in arrays sorted by pair, into which new ones are merged when edges are asked for.

    **Arguments:**

    - `minima`: how many there are.
    - `ends`: rows of the two minima that each transition state joins, shape (states, 2); they may be the
        same, and several states may join one pair.
    - `energies`: of the transition states, shape (states,), loss units.
    - `states`: their numbers, shape (states,); default 0, 1, ... in the order in which they are added.

    **Raises:** `ValueError` for shapes that do not agree, or ends that are no rows of minima.
    """

    def __init__(
        self,
        minima: int = 0,
        ends: Int[np.ndarray, "states 2"] | None = None,
        energies: Float[np.ndarray, " states"] | None = None,
        *,
        states: Int[np.ndarray, " states"] | None = None,
    ):
        self._count = self._parts = self._added = 0
        self._parent = np.zeros(0, dtype=np.int64)  # grown by doubling; a root is its own parent
        self._keys = np.zeros(0, dtype=np.int64)  # of the edges, increasing
        self._energies, self._states = np.zeros(0), np.zeros(0, dtype=np.int64)
        self._new: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # not yet merged into the edges
        self._neighbours: tuple[np.ndarray, np.ndarray] | None = None
        self.add_minima(minima)
        if ends is not None and energies is not None:
            self.add_states(ends, energies, states)

    def __len__(self) -> int:
        """Return the number of minima."""
        return self._count

    def __repr__(self) -> str:
        """Return how much there is."""
        return f"Graph({self._count} minima in {self._parts} parts, {self._added} transition states)"

    # ---- adding --------------------------------------------------------------------------------

    def add_minima(self, count: int) -> None:
        """Add minima that nothing joins yet."""
        total = self._count + count
        if total > len(self._parent):
            grown = np.arange(max(total, 2 * len(self._parent)))
            grown[: self._count] = self._parent[: self._count]
            self._parent = grown
        self._count, self._parts = total, self._parts + count
        self._neighbours = None

    def add_states(
        self,
        ends: Int[np.ndarray, "states 2"],
        energies: Float[np.ndarray, " states"],
        states: Int[np.ndarray, " states"] | None = None,
    ) -> None:
        """Add transition states; arguments as of the class."""
        ends, energies = np.asarray(ends), np.asarray(energies, dtype=float)
        if ends.size == 0:
            ends = ends.reshape(0, 2).astype(np.int64)
        if ends.shape != (len(energies), 2):
            raise ValueError(f"`ends` must have shape ({len(energies)}, 2), got shape {ends.shape}.")
        if len(ends) and not (ends.min() >= 0 and ends.max() < self._count):
            raise ValueError(f"`ends` must be rows of minima, 0 to {self._count - 1}.")
        numbers = self._added + np.arange(len(ends)) if states is None else np.asarray(states)
        self._added += len(ends)
        low, high = ends.min(axis=1, initial=self._count), ends.max(axis=1, initial=-1)
        apart = low != high
        low, high = low[apart].astype(np.int64), high[apart].astype(np.int64)
        if len(low):
            self._join(low, high)
            self._new.append((_keys(low, high), energies[apart], numbers[apart]))
            self._neighbours = None

    def _join(self, low: Rows, high: Rows) -> None:
        low, high = self._roots(low), self._roots(high)
        apart = low != high
        low, high = low[apart], high[apart]
        if len(low) <= FEW:
            for a, b in zip(low.tolist(), high.tolist()):
                a, b = self._root(a), self._root(b)
                if a != b:
                    self._parent[max(a, b)] = min(a, b)
                    self._parts -= 1
            return
        nodes, places = np.unique(np.concatenate([low, high]), return_inverse=True)
        links = coo_array((np.ones(len(low)), np.split(places, 2)), shape=(len(nodes), len(nodes)))
        parts, part = connected_components(links, directed=False)
        smallest = nodes[np.unique(part, return_index=True)[1]]
        self._parent[nodes] = smallest[part]
        self._parts -= len(nodes) - parts

    # ---- connected parts -----------------------------------------------------------------------

    @property
    def part_count(self) -> int:
        """Number of connected parts; a minimum that nothing joins is one."""
        return self._parts

    @property
    def parts(self) -> Rows:
        """Which part each minimum belongs to, 0, 1, ... by increasing smallest row; shape (minima,)."""
        rows = np.arange(self._count)
        roots = self._roots(rows)
        return (np.cumsum(roots == rows) - 1)[roots]

    def connected(self, a: Rows, b: Rows) -> Bool[np.ndarray, " rows"]:
        """Return which pairs of rows lie in one part."""
        return self._roots(np.asarray(a)) == self._roots(np.asarray(b))

    def members(self) -> list[Rows]:
        """Return the rows of every part, increasing, in the order of the parts."""
        if self._count == 0:
            return []
        part = self.parts
        order = np.argsort(part, kind="stable")
        return np.split(order, np.searchsorted(part[order], np.arange(1, self._parts)))

    def _root(self, row: int) -> int:
        parent = self._parent
        while (up := int(parent[row])) != row:
            parent[row] = parent[up]
            row = up
        return row

    def _roots(self, rows: Rows) -> Rows:
        parent = self._parent
        while True:
            up = parent[rows]
            top = parent[up]
            if np.array_equal(up, top):
                return up
            parent[rows] = top  # halves the way of later calls
            rows = top

    # ---- edges ---------------------------------------------------------------------------------

    @property
    def edges(self) -> Edges:
        """The pairs of different minima that are joined, sorted, with the lowest state of each."""
        self._merge()
        return Edges(
            np.stack([self._keys >> 32, self._keys & 0xFFFFFFFF], axis=1), self._energies, self._states
        )

    def adjacent(self, a: Rows, b: Rows) -> Bool[np.ndarray, " rows"]:
        """Return which pairs of rows a transition state joins."""
        self._merge()
        a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
        return _find(self._keys, _keys(np.minimum(a, b), np.maximum(a, b)))[0]

    @property
    def degrees(self) -> Rows:
        """Number of other minima that each minimum is joined to, shape (minima,)."""
        return np.diff(self._adjacency()[0])

    def neighbours(self, row: int) -> Rows:
        """Return the rows that a minimum is joined to, increasing."""
        starts, others = self._adjacency()
        return others[starts[row] : starts[row + 1]]

    def spanning_forest(self) -> Edges:
        """Return the edges of a minimum spanning forest (weight: the energy), lowest first.

        Of equal energies the transition state of the smaller number comes first. In this order the edges
        are all the merges of connected parts as the energy rises.
        """
        edges = self.edges
        order = np.lexsort((edges.states, edges.energies))
        # Ranks counted from 1 are the weights: csgraph takes a zero for a missing edge, and energies that
        # were shifted to be positive would lose digits.
        ranks = np.arange(1.0, len(order) + 1)
        shape = (self._count, self._count)
        forest = minimum_spanning_tree(csr_array((ranks, edges.pairs[order].T), shape=shape))
        return edges[order[np.sort(forest.data).astype(np.int64) - 1]]

    def _merge(self) -> None:
        if not self._new:
            return
        keys, energies, states = (np.concatenate(columns) for columns in zip(*self._new))
        self._new = []
        # The first of a pair in order of energy is its lowest state, on ties the one added first.
        order = np.argsort(energies, kind="stable")
        keys, first = np.unique(keys[order], return_index=True)
        energies, states = energies[order[first]], states[order[first]]
        known, places = _find(self._keys, keys)
        lower = np.flatnonzero(known)[energies[known] < self._energies[places[known]]]
        self._energies[places[lower]], self._states[places[lower]] = energies[lower], states[lower]
        fresh = ~known
        self._keys = np.insert(self._keys, places[fresh], keys[fresh])
        self._energies = np.insert(self._energies, places[fresh], energies[fresh])
        self._states = np.insert(self._states, places[fresh], states[fresh])

    def _adjacency(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where the neighbours of each minimum begin, and the neighbours of all."""
        if self._neighbours is None:
            pairs = self.edges.pairs
            ones = np.ones(len(pairs), dtype=np.int8)
            half = csr_array((ones, pairs.T), shape=(self._count, self._count))
            whole = csr_array(half + half.T)
            whole.sort_indices()
            self._neighbours = whole.indptr, whole.indices
        return self._neighbours


def _keys(low: Rows, high: Rows) -> Rows:
    """Return one number for each pair of rows, in the order of the pairs, however many minima there are."""
    return (low << 32) | high


def _find(
    keys: Int[np.ndarray, " keys"], wanted: Int[np.ndarray, " wanted"]
) -> tuple[Bool[np.ndarray, " wanted"], Int[np.ndarray, " wanted"]]:
    """Return which numbers are among the increasing keys, and where they are or belong."""
    places = np.searchsorted(keys, wanted)
    known = np.zeros(len(wanted), dtype=bool)
    inside = places < len(keys)
    known[inside] = keys[places[inside]] == wanted[inside]
    return known, places
