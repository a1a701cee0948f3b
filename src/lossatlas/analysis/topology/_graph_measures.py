"""Measures of plain graphs, given as pairs of nodes: components, clustering, shortest paths."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lossatlas._graph import Graph


_BATCH = 64  # sources of one breadth-first search: one bit each in a machine word
_BLOCK = 2_000_000  # paths of two edges that are tested together


class Distances(NamedTuple):
    """Distances from some nodes (sources) of a connected graph, in edges; shape (sources,) each.

    - `mean`: mean distance to all other nodes.
    - `eccentricity`: distance to the farthest node.
    - `farthest`: a node at that distance.
    """

    mean: np.ndarray
    eccentricity: np.ndarray
    farthest: np.ndarray


def sort_by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber groups by decreasing size, groups of equal size in order of their first members."""
    _, first, labels, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    number = np.empty(len(sizes), dtype=np.int64)
    number[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return number[labels]


def find_components(n: int, pairs: np.ndarray) -> np.ndarray:
    """Return the connected component of every node, the largest component first; shape (n,)."""
    return sort_by_size(Graph(n, pairs, np.zeros(len(pairs))).components)


def take_largest_component(n: int, pairs: np.ndarray, component: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the number of nodes and the pairs of the largest component; its nodes count from 0."""
    inside = component == 0
    number = np.cumsum(inside) - 1
    return int(inside.sum()), number[pairs[inside[pairs[:, 0]]]]


def count_triangles(n: int, pairs: np.ndarray) -> np.ndarray:
    """Return the number of triangles that contain each node, shape (n,).

    Every edge is directed to the end with more neighbours, so that at most sqrt(2 edges) edges leave any
    node, however large its degree. Each triangle is then found exactly once, from its first node u, as a
    path u -> v -> w with an edge u -> w.
    """
    degree = np.bincount(pairs.ravel(), minlength=n)
    by_degree = np.argsort(degree, kind="stable")
    rank = np.empty(n, dtype=np.int64)
    rank[by_degree] = np.arange(n)
    low, high = np.sort(rank[pairs], axis=1).T
    keys = np.sort(low * n + high)
    tail, head = np.divmod(keys, max(n, 1))
    begin = np.searchsorted(tail, np.arange(n + 1))
    wedges = np.diff(begin)[head]
    ends = np.cumsum(wedges)
    corners = np.zeros(n, dtype=np.int64)
    cuts = np.searchsorted(ends, np.arange(0, wedges.sum() + _BLOCK, _BLOCK), side="right")
    for first, last in zip(cuts[:-1], cuts[1:]):
        count = wedges[first:last]
        u, v = np.repeat(tail[first:last], count), np.repeat(head[first:last], count)
        place = np.arange(len(u)) - np.repeat(np.cumsum(count) - count, count)
        w = head[begin[v] + place]
        wanted = u * n + w
        closed = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
        for corner in (u, v, w):
            corners += np.bincount(corner[closed], minlength=n)
    return corners[rank]


def measure_distances(n: int, pairs: np.ndarray, sources: np.ndarray) -> Distances:
    """Return the distances from each source in a connected graph of at least two nodes."""
    graph, found = _neighbours(n, pairs), []
    for batch in _batches(sources):
        total, eccentricity = np.zeros((2, len(batch)), dtype=np.int64)
        farthest = batch.copy()
        for level, fresh in _levels(*graph, batch):
            nodes = np.flatnonzero(fresh)
            words = fresh[nodes, None].view(np.uint8)
            bits = np.unpackbits(words, axis=1, count=len(batch), bitorder="little")
            per_source = bits.sum(axis=0, dtype=np.int64)
            total += level * per_source
            going = per_source > 0
            eccentricity[going] = level
            farthest[going] = nodes[bits[:, going].argmax(axis=0)]
        found.append((total / (n - 1), eccentricity, farthest))
    return Distances(*(np.concatenate(column) for column in zip(*found)))


def mean_distance(n: int, pairs: np.ndarray, sources: np.ndarray) -> float:
    """Return the mean distance over all sources; faster than `measure_distances`, in edges."""
    graph = _neighbours(n, pairs)
    total = sum(
        level * int(np.bitwise_count(fresh).sum(dtype=np.int64))
        for batch in _batches(sources)
        for level, fresh in _levels(*graph, batch)
    )
    return total / (len(sources) * (n - 1))


def _neighbours(n: int, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, as in a CSR matrix, where the neighbours of each node begin, and all neighbours."""
    a, b = pairs.T
    rows, neighbours = np.divmod(np.sort(np.concatenate([a * n + b, b * n + a])), n)
    return np.searchsorted(rows, np.arange(n)), neighbours


def _batches(sources: np.ndarray) -> Iterator[np.ndarray]:
    return (sources[i : i + _BATCH] for i in range(0, len(sources), _BATCH))


def _levels(
    begin: np.ndarray, neighbours: np.ndarray, sources: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each distance, and one word per node, whose bit i is set if source i is at that distance.

    Up to 64 sources are searched together, with one pass over the edges for each distance.
    """
    fresh = np.zeros(len(begin), dtype="<u8")
    fresh[sources] = np.uint64(1) << np.arange(len(sources), dtype=np.uint64)
    reached, level = fresh, 0
    while True:
        fresh = np.bitwise_or.reduceat(fresh[neighbours], begin) & ~reached
        if not fresh.any():
            return
        reached, level = reached | fresh, level + 1
        yield level, fresh
