"""Random graphs: every graph of its kind, equally often."""

import itertools

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from lossatlas.analysis.topology._random_graphs import same_degrees, same_size


def all_graphs(n, edges):
    pairs = list(itertools.combinations(range(n), 2))
    return [frozenset(graph) for graph in itertools.combinations(pairs, edges)]


def as_set(pairs):
    return frozenset(map(tuple, np.sort(pairs, axis=1).tolist()))


def check_uniform(drawn, possible):
    """The chance that this fails for a uniform distribution and an unlucky seed is 1e-4."""
    counts = dict.fromkeys(possible, 0)
    for pairs in drawn:
        counts[as_set(pairs)] += 1
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4


def test_same_size_is_uniform():
    rng = np.random.default_rng(0)
    check_uniform((same_size(5, 4, rng) for _ in range(4000)), all_graphs(5, 4))


@pytest.mark.parametrize("n, edges", [(2, 1), (4, 6), (5, 0), (2000, 3000)])
def test_same_size_is_simple(n, edges):
    pairs = same_size(n, edges, np.random.default_rng(1))
    assert pairs.shape == (edges, 2)
    assert len(as_set(pairs)) == edges
    assert np.all((0 <= pairs[:, 0]) & (pairs[:, 0] < pairs[:, 1]) & (pairs[:, 1] < n))


@pytest.mark.slow
@pytest.mark.parametrize("start", [
    pytest.param([(0, 1), (0, 2), (0, 3), (1, 2), (3, 4), (4, 5)], marks=pytest.mark.slow),
    [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)],
])  # fmt: skip
def test_same_degrees_are_uniform(start):
    degrees = np.bincount(np.ravel(start))
    possible = [
        graph
        for graph in all_graphs(6, len(start))
        if np.array_equal(np.bincount(np.ravel(list(graph)), minlength=6), degrees)
    ]
    assert len(possible) > 10
    rng = np.random.default_rng(2)
    # One round after the other is correlated; so many rounds apart these small graphs are not.
    draws = itertools.islice(same_degrees(6, np.array(start), rng), 0, 8000, 4)
    check_uniform(draws, possible)


def test_same_degrees_of_a_network_with_hubs():
    graph = nx.barabasi_albert_graph(300, 2, seed=0)
    pairs = np.array(graph.edges)
    first, second = itertools.islice(same_degrees(300, pairs, np.random.default_rng(3)), 2)
    for drawn in (first, second):
        np.testing.assert_array_equal(np.bincount(drawn.ravel()), np.bincount(pairs.ravel()))
        assert len(as_set(drawn)) == len(pairs)
        assert np.all(drawn[:, 0] != drawn[:, 1])
    assert len(as_set(first) & as_set(pairs)) < 0.2 * len(pairs)
    assert len(as_set(first) & as_set(second)) < 0.2 * len(pairs)


@pytest.mark.parametrize("pairs", [np.zeros((0, 2), dtype=int), np.array([[0, 1]])])
def test_nothing_to_switch(pairs):
    assert as_set(next(same_degrees(2, pairs, np.random.default_rng(0)))) == as_set(pairs)
