"""Connectivity of the minima of an atlas for the planner. Minima are named by their rows, from 0."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lossatlas._graph import Graph
from lossatlas.analysis import TransitionNetwork, disconnectivity


class Network:
    """Connectivity of the minima found so far.

    - `energy`: energies of the minima, shape (minima,), loss units.
    - `lowest`: row of the global minimum.
    - `graph`: the graph of the minima.
    - `component`: number of the connected component of each minimum, shape (minima,).
    - `barriers`: barrier from each minimum on the lowest path to the global minimum, shape (minima,), loss
        units; infinite where no path is known.

    **Arguments:**

    - `energy`: energies of the minima, shape (minima,), loss units.
    - `graph`: graph of these minima and their transition states.
    """

    def __init__(self, energy: np.ndarray, graph: Graph):
        self.energy, self.lowest, self.graph = energy, int(np.argmin(energy)), graph
        self.component, edges = graph.components, graph.edges
        tree = disconnectivity(TransitionNetwork(energy, edges.energies, edges.pairs))
        self.barriers = _barriers_to(tree, self.lowest, energy)

    def representatives(self) -> list[int]:
        """Return the lowest minimum of every component but that of the global minimum, lowest first."""
        order = np.argsort(self.energy, kind="stable")
        first = np.sort(np.unique(self.component[order], return_index=True)[1])
        return [row for row in order[first].tolist() if self.component[row] != self.component[self.lowest]]

    def gaps(self, low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> list[tuple[int, int]]:
        """Return the unconnected pairs of rows on the shortest paths from all components to the lowest one.

        **Arguments:**

        - `low`, `high`: pairs of rows that a path may use, the smaller row first.
        - `weight`: length of each pair; pairs within one component of the network count as 1e-12.
        """
        count = len(self.energy)
        # A stored zero would vanish from the sparse matrix.
        weight = np.where(self.component[low] == self.component[high], 1e-12, weight)
        graph = coo_array((weight, (low, high)), shape=(count, count)).tocsr()
        before = dijkstra(graph, directed=False, indices=self.lowest, return_predecessors=True)[1].tolist()
        gaps, seen = [], set()
        for here in self.representatives():
            while before[here] >= 0 and here not in seen:  # beyond a row seen before, the path is known
                seen.add(here)
                there = before[here]
                if self.component[here] != self.component[there]:
                    gaps.append((there, here))
                here = there
        return gaps


def _barriers_to(tree, target: int, energy: np.ndarray) -> np.ndarray:
    """Return for every minimum the barrier on the lowest path to `target`."""
    parent, height = tree.parent.tolist(), tree.energy.tolist()
    way, node = set(), target
    while node >= 0:
        way.add(node)
        node = parent[node]
    merge = [np.inf] * len(parent)  # energy at which each node is joined to the target
    for node in range(len(parent) - 1, -1, -1):  # parents have larger numbers
        if node in way:
            merge[node] = height[node]
        elif parent[node] >= 0:
            merge[node] = merge[parent[node]]
    return np.maximum(np.array(merge[: len(energy)]) - energy, 0.0)
