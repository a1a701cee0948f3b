"""Clustering, paths and components against networkx."""

import networkx as nx
import numpy as np
import pytest

from lossatlas.analysis.topology import _graph_measures
from lossatlas.analysis.topology._graph_measures import (
    count_triangles,
    find_components,
    mean_distance,
    measure_distances,
    sort_by_size,
    take_largest_component,
)


GRAPHS = {
    "sparse": nx.gnm_random_graph(60, 50, seed=1),
    "dense": nx.gnm_random_graph(40, 500, seed=2),
    "hubs": nx.barabasi_albert_graph(150, 3, seed=3),
    "small world": nx.connected_watts_strogatz_graph(100, 6, 0.1, seed=4),
    "star": nx.star_graph(7),
    "triangle": nx.complete_graph(3),
    "path": nx.path_graph(70),
    "pair": nx.path_graph(2),
    "alone": nx.empty_graph(3),
}


def arrays(graph):
    return len(graph), np.array(graph.edges, dtype=int).reshape(-1, 2)


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]


@pytest.mark.parametrize("block", [1, 2_000_000])
def test_triangles(monkeypatch, graph, block):
    monkeypatch.setattr(_graph_measures, "_BLOCK", block)
    assert count_triangles(*arrays(graph)).tolist() == list(nx.triangles(graph).values())


def test_parts(graph):
    component = find_components(*arrays(graph))
    theirs = {frozenset(nodes) for nodes in nx.connected_components(graph)}
    assert {
        frozenset(np.flatnonzero(component == i).tolist()) for i in range(component.max() + 1)
    } == theirs
    assert np.all(np.diff(np.bincount(component)) <= 0)


def test_distances(graph):
    n, pairs = arrays(graph)
    n, pairs = take_largest_component(n, pairs, find_components(n, pairs))
    if n == 1:
        assert not len(pairs)
        return
    largest = nx.Graph(pairs.tolist())
    found = measure_distances(n, pairs, np.arange(n))
    lengths = dict(nx.all_pairs_shortest_path_length(largest))
    for source in range(n):
        assert found.mean[source] == pytest.approx(sum(lengths[source].values()) / (n - 1), rel=1e-14)
        assert found.eccentricity[source] == max(lengths[source].values())
        assert lengths[source][found.farthest[source]] == found.eccentricity[source]
    assert mean_distance(n, pairs, np.arange(n)) == pytest.approx(found.mean.mean(), rel=1e-14)


def test_largest_part_comes_first():
    assert sort_by_size(np.array([5, 7, 7, 2, 2, 9])).tolist() == [2, 0, 0, 1, 1, 3]
