"""How the minima of an atlas are connected, as the planner needs it. Minima are rows, counted from 0."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lossatlas._graph import Graph
from lossatlas.analysis import TransitionNetwork, disconnectivity


class Network:
    """Connectivity of the minima found so far.

    - `energy`: of the minima, loss units; `lowest`: the row of the global minimum.
    - `graph`: how they are joined.
    - `part`: which connected part each minimum belongs to.
    - `barriers`: what has to be climbed on the lowest way from each minimum to the global minimum, loss
        units; infinite where no way is known.

    **Arguments:**

    - `energy`: of the minima, shape (minima,), loss units.
    - `graph`: of these minima and their transition states.
    """

    def __init__(self, energy: np.ndarray, graph: Graph):
        self.energy, self.lowest, self.graph = energy, int(np.argmin(energy)), graph
        self.part, edges = graph.parts, graph.edges
        tree = disconnectivity(TransitionNetwork(energy, edges.energies, edges.pairs))
        self.barriers = _barriers_to(tree, self.lowest, energy)

    def representatives(self) -> list[int]:
        """Return the lowest minimum of every part but that of the global minimum, lowest first."""
        order = np.argsort(self.energy, kind="stable")
        first = np.sort(np.unique(self.part[order], return_index=True)[1])
        return [row for row in order[first].tolist() if self.part[row] != self.part[self.lowest]]

    def gaps(self, low: np.ndarray, high: np.ndarray, weight: np.ndarray) -> list[tuple[int, int]]:
        """Return the pairs of rows without a connection on the shortest ways to the global minimum.

        **Arguments:**

        - `low`, `high`: pairs of rows that a way may use, the smaller row first.
        - `weight`: length of each pair; pairs in one part of the network cost next to nothing.
        """
        count = len(self.energy)
        # A stored zero would vanish from the sparse matrix.
        weight = np.where(self.part[low] == self.part[high], 1e-12, weight)
        graph = coo_array((weight, (low, high)), shape=(count, count)).tocsr()
        before = dijkstra(graph, directed=False, indices=self.lowest, return_predecessors=True)[1].tolist()
        gaps, seen = [], set()
        for here in self.representatives():
            while before[here] >= 0 and here not in seen:  # from a place that was seen the way is the same
                seen.add(here)
                there = before[here]
                if self.part[here] != self.part[there]:
                    gaps.append((there, here))
                here = there
        return gaps


def _barriers_to(tree, target: int, energy: np.ndarray) -> np.ndarray:
    """Return, for every minimum, the energy to climb on the lowest way to `target`."""
    parent, height = tree.parent.tolist(), tree.energy.tolist()
    way, node = set(), target
    while node >= 0:
        way.add(node)
        node = parent[node]
    merge = [np.inf] * len(parent)  # where the branch of each node meets the way from the target up
    for node in range(len(parent) - 1, -1, -1):  # parents have larger numbers
        if node in way:
            merge[node] = height[node]
        elif parent[node] >= 0:
            merge[node] = merge[parent[node]]
    return np.maximum(np.array(merge[: len(energy)]) - energy, 0.0)
