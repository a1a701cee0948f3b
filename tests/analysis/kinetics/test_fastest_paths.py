"""Fastest paths: every path enumerated by networkx."""

import networkx
import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import fastest_paths, rate_network
from networks import random_network


def all_paths(rates, source, target):
    """(ln probability, states) of every path, likeliest first."""
    k = rates.rates().toarray()
    branching = k / k.sum(axis=1, keepdims=True)
    p = rates.equilibrium(source)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(rates)))
    graph.add_edges_from(np.argwhere((k > 0) & ~np.isin(np.arange(len(k)), source)).tolist())
    found = []
    for a in source:
        for b in target:
            inner = graph.subgraph(set(graph) - set(target) | {b})
            for path in networkx.all_simple_paths(inner, a, b):
                steps = [branching[i, j] for i, j in zip(path, path[1:])]
                found.append((np.log(p[a]) + np.sum(np.log(steps)), path))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_against_enumeration(seed):
    network = random_network(9, 14, seed)
    rates = rate_network(network, 0.4)
    source, target = [0, 5], [3, 8]
    expected = all_paths(rates, source, target)
    found = fastest_paths(rates, source, target, count=8)
    assert len(found) == min(8, len(expected))
    for path, (log_probability, states) in zip(found, expected):
        assert path.log_probability == pytest.approx(log_probability, rel=1e-10)
        assert path.states.tolist() == states
    best = fastest_paths(rates, source, target)[0]
    assert best.states.tolist() == expected[0][1]
    np.testing.assert_allclose(
        best.log_branching.sum() + np.log(rates.equilibrium(source)[best.states[0]]), best.log_probability
    )


def test_free_energies_are_those_of_the_transition_states():
    network = TransitionNetwork([0.0, 0.3, 0.1], [1.0, 2.0], [[0, 1], [1, 2]])
    path = fastest_paths(rate_network(network, 0.1), [0], [2])[0]
    # Equal widths: the free energy of a transition state is its energy and the same constant.
    constant = 0.1 * np.log(0.1 * 2 * np.pi)
    np.testing.assert_allclose(path.free_energies, np.array([1.0, 2.0]) + constant, rtol=1e-13)
    assert list(path.to_dataframe().columns) == ["from", "to", "log_branching", "free_energy"]


def test_certain_steps_are_steps():
    # The end of a chain has one neighbour: its step has probability 1 and costs nothing.
    chain = TransitionNetwork(np.zeros(4), np.ones(3), [[0, 1], [1, 2], [2, 3]])
    path = fastest_paths(rate_network(chain, 1.0), [0], [3])[0]
    assert path.states.tolist() == [0, 1, 2, 3]
    assert path.log_probability == pytest.approx(2 * np.log(0.5), rel=1e-12)


def test_nothing_joins_the_sets_and_bad_count():
    pieces = TransitionNetwork(np.zeros(4), np.ones(2), [[0, 1], [2, 3]])
    rates = rate_network(pieces, 1.0)
    assert fastest_paths(rates, [0], [2]) == []
    assert fastest_paths(rates, [0], [2], count=3) == []
    with pytest.raises(ValueError, match="`count` must be 1 to 10000, got 0"):
        fastest_paths(rates, [0], [1], count=0)
