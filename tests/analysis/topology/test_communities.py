"""Communities: modularity against networkx, groups that are known."""

import builtins

import networkx as nx
import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork, communities


def network_of(graph):
    pairs = np.array(graph.edges, dtype=int).reshape(-1, 2)
    return TransitionNetwork(np.zeros(len(graph)), np.ones(len(pairs)), pairs)


@pytest.mark.parametrize("resolution", [1.0, 2.0])
def test_modularity(resolution):
    graph = nx.karate_club_graph()
    found = communities(network_of(graph), seed=1, resolution=resolution)
    groups = [set(np.flatnonzero(found.label == i).tolist()) for i in range(len(found))]
    theirs = nx.community.modularity(graph, groups, weight=None, resolution=resolution)
    assert found.modularity == pytest.approx(theirs, rel=1e-12)
    best = nx.community.louvain_communities(graph, weight=None, seed=0, resolution=resolution)
    best = nx.community.modularity(graph, best, weight=None, resolution=resolution)
    assert found.modularity > best - 0.03
    assert found.sizes.tolist() == sorted(map(len, groups), reverse=True)
    again = communities(network_of(graph), seed=1, resolution=resolution)
    np.testing.assert_array_equal(found.label, again.label)


def test_cliques_are_found():
    """A clique of seven before and after one of nine, joined in a row, and a minimum without neighbours."""
    graph = nx.disjoint_union_all([nx.complete_graph(n) for n in (7, 9, 7, 1)])
    graph.add_edges_from([(6, 7), (15, 16)])
    found = communities(network_of(graph))
    assert found.label.tolist() == [1] * 7 + [0] * 9 + [2] * 7 + [3]
    assert found.sizes.tolist() == [9, 7, 7, 1]
    assert found.to_columns()["community"] is found.label


def test_communities_are_connected(monkeypatch):
    """Whatever Louvain's method says: here, that two triangles without an edge between them are one."""
    graph = nx.disjoint_union(nx.complete_graph(3), nx.complete_graph(3))
    graph.add_edges_from([(2, 6), (6, 3)])
    together = np.array([0, 0, 0, 0, 0, 0, 1])
    monkeypatch.setattr("sknetwork.clustering.Louvain.fit_predict", lambda self, graph: together)
    assert communities(network_of(graph)).label.tolist() == [0, 0, 0, 1, 1, 1, 2]


def test_without_transition_states():
    found = communities(TransitionNetwork([0.0, 1.0], [], []))
    assert found.label.tolist() == [0, 1]
    assert np.isnan(found.modularity)


def test_mistakes(monkeypatch):
    network = TransitionNetwork([0.0], [], [])
    with pytest.raises(ValueError, match="`resolution` must be positive"):
        communities(network, resolution=0.0)

    def without(name, *rest, real=builtins.__import__):
        if name.startswith("sknetwork"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="Communities need scikit-network"):
        communities(network)
