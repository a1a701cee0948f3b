"""Network statistics against networkx, and what cannot be computed said."""

import networkx as nx
import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork, network_statistics
from lossatlas.analysis.topology import _network_statistics


def network_of(graph, seed=0):
    """Give a graph energies; loops and a second transition state of every edge change nothing."""
    rng = np.random.default_rng(seed)
    pairs = np.array(graph.edges, dtype=int).reshape(-1, 2)
    pairs = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(len(graph))[:, None], 2, axis=1)])
    energies = rng.random(len(graph))
    return TransitionNetwork(energies, energies[pairs].max(axis=1) + rng.random(len(pairs)), pairs)


def quick(network, **settings):
    return network_statistics(network, **{"random_graphs": 3, "bootstraps": 2, **settings})


@pytest.mark.parametrize("graph", [
    nx.gnm_random_graph(60, 50, seed=1),
    nx.gnm_random_graph(40, 300, seed=2),
    nx.barabasi_albert_graph(200, 2, seed=3),
    nx.star_graph(6),
])  # fmt: skip
def test_against_networkx(graph):
    found = quick(network_of(graph))
    largest = graph.subgraph(max(nx.connected_components(graph), key=len))
    assert found.degree.tolist() == [degree for _, degree in graph.degree]
    np.testing.assert_allclose(found.clustering, list(nx.clustering(graph).values()), rtol=1e-14)
    assert found.edges == graph.number_of_edges()
    assert found.mean_degree == pytest.approx(2 * graph.number_of_edges() / len(graph))
    assert found.average_clustering == pytest.approx(nx.average_clustering(graph), rel=1e-12)
    assert found.transitivity == pytest.approx(nx.transitivity(graph), rel=1e-12)
    theirs = nx.degree_pearson_correlation_coefficient(graph)
    assert found.assortativity == pytest.approx(theirs, rel=1e-9)
    assert found.components == nx.number_connected_components(graph)
    assert found.paths.nodes == len(largest)
    assert found.paths.exact
    assert found.paths.mean == pytest.approx(nx.average_shortest_path_length(largest), rel=1e-12)
    assert found.paths.diameter == nx.diameter(largest)
    assert found.degree[found.hubs].tolist() == sorted(found.degree.tolist(), reverse=True)[:10]


def test_sampled_paths(monkeypatch):
    """The estimate lies within four errors of the exact mean; the diameter is a lower bound, near it."""
    graph = nx.connected_watts_strogatz_graph(400, 6, 0.05, seed=0)
    network = network_of(graph)
    exact = quick(network).paths
    monkeypatch.setattr(_network_statistics, "_EXACT", 10)
    sampled = [quick(network, seed=seed, samples=50).paths for seed in range(5)]
    for paths in sampled:
        assert (paths.sources, paths.exact) == (50, False)
        assert 0 < abs(paths.mean - exact.mean) < 4 * paths.mean_error
        assert exact.diameter - 1 <= paths.diameter <= exact.diameter
    # Errors are what they are called: 50 of 400 sources spread as far as they say.
    spread = np.std([paths.mean for paths in sampled], ddof=1)
    assert 0.2 < spread / sampled[0].mean_error < 3


def test_small_world():
    """sigma as networkx has the ingredients, for a ring with short cuts; near 1 for a random graph."""
    ring = nx.connected_watts_strogatz_graph(300, 8, 0.05, seed=1)
    found = quick(network_of(ring), random_graphs=10)
    randoms = [nx.gnm_random_graph(300, ring.number_of_edges(), seed=seed) for seed in range(10)]
    clustering = np.mean([nx.average_clustering(graph) for graph in randoms])
    length = np.mean([nx.average_shortest_path_length(graph) for graph in randoms])
    theirs = nx.average_clustering(ring) / clustering * length / nx.average_shortest_path_length(ring)
    assert found.same_size.sigma == pytest.approx(theirs, rel=0.1)  # spreads of both: 3 % each
    assert found.same_size.clustering.mean() == pytest.approx(clustering, rel=0.1)
    assert found.same_size.mean_shortest_path.mean() == pytest.approx(length, rel=0.01)
    assert 0 < found.same_size.sigma_error < 0.2 * found.same_size.sigma
    random = quick(network_of(randoms[0]), random_graphs=10)
    assert random.same_size.sigma == pytest.approx(1.0, abs=4 * random.same_size.sigma_error)


def test_hubs_explain_clustering():
    """The clustering of a preferential-attachment graph comes from its degrees."""
    found = quick(network_of(nx.barabasi_albert_graph(300, 3, seed=2)), random_graphs=10)
    assert found.same_degrees.sigma == pytest.approx(1.0, abs=0.3)
    assert found.same_size.sigma > 1.5
    assert found.power_law is not None
    assert 2.0 < found.power_law.exponent < 4.0


def test_equal_seeds():
    network = network_of(nx.gnm_random_graph(50, 80, seed=0))
    first, second = quick(network, seed=5), quick(network, seed=5)
    np.testing.assert_array_equal(first.same_degrees.clustering, second.same_degrees.clustering)
    assert first.to_dict() == second.to_dict()


def test_without_transition_states():
    found = quick(TransitionNetwork([0.0, 1.0, 0.5], [], []))
    assert (found.edges, found.components, found.mean_degree) == (0, 3, 0.0)
    assert (found.paths.nodes, found.paths.diameter) == (1, 0)
    assert np.isnan([found.paths.mean, found.assortativity, found.same_size.sigma]).all()
    assert found.power_law is None
    assert found.hubs.tolist() == [0, 2, 1]
    assert found.to_columns()["component"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ["samples", "random_graphs", "bootstraps"])
def test_mistakes(name):
    with pytest.raises(ValueError, match=f"`{name}` must be at least 2, got 1"):
        network_statistics(TransitionNetwork([0.0], [], []), **{name: 1})
