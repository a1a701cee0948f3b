"""Minima as nodes, transition states as edges: components, neighbours, the lowest edge of each pair.

The exploration, `connect`, the atlas and the analyses share this structure. It names a minimum by its row,
counted from 0. Minima and transition states are only ever added to it, never removed.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree


FEW = 64  # up to so many edges, a loop in Python takes less time than the call of SciPy

Rows = Int[np.ndarray, " rows"]


@dataclasses.dataclass(frozen=True, eq=False)
class Edges:
    """The pairs of different minima that are joined, each once, with its lowest transition state.

    - `pairs`: rows of the two minima, the smaller one first, shape (edges, 2).
    - `energies`: energy of the lowest transition state of each pair, shape (edges,), loss units.
    - `states`: number of that transition state, the first one added on ties, shape (edges,).
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
    """The network of minima and the transition states that join them.

    Connected components are kept by union-find (R. E. Tarjan, J. ACM 22, 215 (1975),
    doi:10.1145/321879.321884): the root of a component is its smallest row. Arrays sorted by pair hold the
    lowest transition state of each pair; new ones are merged into them when edges are asked for.

    **Arguments:**

    - `minima`: number of minima.
    - `ends`: rows of the two minima that each transition state joins, shape (states, 2); the two may be the
        same, and several transition states may join one pair.
    - `energies`: energies of the transition states, shape (states,), loss units.
    - `states`: numbers of the transition states, shape (states,); default 0, 1, ... in the order in which
        they are added.

    **Raises:** `ValueError` for shapes that do not agree, or ends that are not rows of minima.
    """

    def __init__(
        self,
        minima: int = 0,
        ends: Int[np.ndarray, "states 2"] | None = None,
        energies: Float[np.ndarray, " states"] | None = None,
        *,
        states: Int[np.ndarray, " states"] | None = None,
    ):
        self._count = self._components = self._added = 0
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
        """Return the class and the numbers of minima, connected components and transition states."""
        return (
            f"Graph({self._count} minima in {self._components} components, {self._added} transition states)"
        )

    # ---- adding --------------------------------------------------------------------------------

    def add_minima(self, count: int) -> None:
        """Add a number of minima, none of them joined to any other yet."""
        total = self._count + count
        if total > len(self._parent):
            grown = np.arange(max(total, 2 * len(self._parent)))
            grown[: self._count] = self._parent[: self._count]
            self._parent = grown
        self._count, self._components = total, self._components + count
        self._neighbours = None

    def add_states(
        self,
        ends: Int[np.ndarray, "states 2"],
        energies: Float[np.ndarray, " states"],
        states: Int[np.ndarray, " states"] | None = None,
    ) -> None:
        """Add transition states; the arguments and errors are those of the class."""
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
                    self._components -= 1
            return
        nodes, places = np.unique(np.concatenate([low, high]), return_inverse=True)
        links = coo_array((np.ones(len(low)), np.split(places, 2)), shape=(len(nodes), len(nodes)))
        components, component = connected_components(links, directed=False)
        smallest = nodes[np.unique(component, return_index=True)[1]]
        self._parent[nodes] = smallest[component]
        self._components -= len(nodes) - components

    # ---- connected components -----------------------------------------------------------------------

    @property
    def component_count(self) -> int:
        """Number of connected components; a minimum that is joined to no other is a component by itself."""
        return self._components

    @property
    def components(self) -> Rows:
        """Number of the component of each minimum, 0, 1, ... by smallest row; shape (minima,)."""
        rows = np.arange(self._count)
        roots = self._roots(rows)
        return (np.cumsum(roots == rows) - 1)[roots]

    def connected(self, a: Rows, b: Rows) -> Bool[np.ndarray, " rows"]:
        """Return whether `a[i]` and `b[i]` lie in one component, for rows a and b of one shape."""
        return self._roots(np.asarray(a)) == self._roots(np.asarray(b))

    def members(self) -> list[Rows]:
        """Return the rows of every component, increasing, in the order of the components."""
        if self._count == 0:
            return []
        component = self.components
        order = np.argsort(component, kind="stable")
        return np.split(order, np.searchsorted(component[order], np.arange(1, self._components)))

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
            parent[rows] = top  # halves the path to the root for later calls
            rows = top

    # ---- edges ---------------------------------------------------------------------------------

    @property
    def edges(self) -> Edges:
        """The pairs of different minima that are joined, sorted, each with its lowest transition state."""
        self._merge()
        return Edges(
            np.stack([self._keys >> 32, self._keys & 0xFFFFFFFF], axis=1), self._energies, self._states
        )

    def adjacent(self, a: Rows, b: Rows) -> Bool[np.ndarray, " rows"]:
        """Return whether a transition state joins `a[i]` and `b[i]`, for rows a and b of one shape."""
        self._merge()
        a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
        return _find(self._keys, _keys(np.minimum(a, b), np.maximum(a, b)))[0]

    @property
    def degrees(self) -> Rows:
        """Number of other minima to which each minimum is joined, shape (minima,)."""
        return np.diff(self._adjacency()[0])

    def neighbours(self, row: int) -> Rows:
        """Return the rows of the minima that one minimum is joined to, increasing."""
        starts, others = self._adjacency()
        return others[starts[row] : starts[row + 1]]

    def spanning_forest(self) -> Edges:
        """Return the edges of a minimum spanning forest (weight: the energy), lowest first.

        Of two edges of equal energy, the one whose transition state has the smaller number comes first. In
        this order the edges are all the merges of connected components as the energy rises.
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
        # Sorted by energy, the first entry of a pair is its lowest transition state; on ties, the one that
        # was added first.
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
        """Return, as in a CSR matrix, where the neighbours of each minimum begin, and all neighbours."""
        if self._neighbours is None:
            pairs = self.edges.pairs
            ones = np.ones(len(pairs), dtype=np.int8)
            half = csr_array((ones, pairs.T), shape=(self._count, self._count))
            whole = csr_array(half + half.T)
            whole.sort_indices()
            self._neighbours = whole.indptr, whole.indices
        return self._neighbours


def _keys(low: Rows, high: Rows) -> Rows:
    """Return an integer for each pair of rows, in the order of the pairs, for any number of minima."""
    return (low << 32) | high


def _find(
    keys: Int[np.ndarray, " keys"], wanted: Int[np.ndarray, " wanted"]
) -> tuple[Bool[np.ndarray, " wanted"], Int[np.ndarray, " wanted"]]:
    """Return which numbers are among the increasing keys, and the positions of all, present or not."""
    places = np.searchsorted(keys, wanted)
    known = np.zeros(len(wanted), dtype=bool)
    inside = places < len(keys)
    known[inside] = keys[places[inside]] == wanted[inside]
    return known, places
