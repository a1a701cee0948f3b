"""Frustration and barriers against connected components by brute force."""

import networkx
import numpy as np
import pytest
from hypothesis import given, settings

from lossatlas.analysis import TransitionNetwork, barriers_to_global_minimum, frustration, occupation
from networks import build, networks, random_points


def barriers_by_components(network):
    """Add transition states by energy; a barrier is where a minimum joins one of the lowest."""
    n = len(network)
    graph = networkx.empty_graph(n)
    lowest = np.flatnonzero(network.energies == network.energies.min())
    barriers = np.full(n, np.inf)
    barriers[lowest] = network.energies.min()
    for state in np.argsort(network.ts_energies, kind="stable"):
        graph.add_edge(*network.ts_minima[state])
        for minimum in lowest:
            for joined in networkx.node_connected_component(graph, minimum):
                barriers[joined] = min(barriers[joined], network.ts_energies[state])
    return barriers


@settings(max_examples=150, deadline=None)
@given(networks)
def test_barriers(arrays):
    """Few distinct energies: ties of the global minimum, minima without a path, repeated pairs."""
    network = TransitionNetwork(*build(arrays))
    np.testing.assert_array_equal(barriers_to_global_minimum(network), barriers_by_components(network))


@pytest.mark.parametrize("seed, connected", [(0, True), (1, True), (2, False)])
def test_random_points(seed, connected):
    network = TransitionNetwork(*random_points(60, 50, seed, connected))
    np.testing.assert_array_equal(barriers_to_global_minimum(network), barriers_by_components(network))


def test_three_minima():
    """By hand: minimum 2 reaches the lowest only over minimum 1."""
    network = TransitionNetwork(
        [-1.0, -0.5, 0.0], [0.0, 1.0], [[0, 1], [2, 1]], None, None, [0.0, 0.7, 1.1]
    )
    kt = np.array([0.05, 0.3, 5.0])
    z = np.exp([0.0, 0.7, 1.1] - np.array([0.0, 0.5, 1.0]) / kt[:, None])
    p = z / z.sum(axis=1, keepdims=True)
    found = frustration(network, kt)
    expected = p[:, 1] * 1.0 / 0.5 + p[:, 2] * 2.0 / 1.0
    np.testing.assert_allclose(found.frustration, expected, rtol=1e-12)
    np.testing.assert_allclose(found.normalised, expected / p[:, 1:].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(found.ground, p[:, 0], rtol=1e-12)
    np.testing.assert_array_equal(found.unconnected, 0.0)
    assert list(found.to_columns()) == ["kt", "frustration", "normalised", "ground", "unconnected"]


def test_normalised_form_survives_the_cold():
    """Where F has no digits left, the second lowest minimum alone counts."""
    network = TransitionNetwork([0.0, 1.0, 1.5], [3.0, 2.0], [[0, 1], [0, 2]])
    found = frustration(network, [1e-3, 1e-300])
    np.testing.assert_array_equal(found.frustration, 0.0)
    np.testing.assert_allclose(found.normalised[0], 3.0, rtol=1e-15)


def test_what_does_not_count_is_reported():
    """A second lowest minimum at rounding distance, and one that nothing joins."""
    energies = [0.0, 1e-12, 0.5, 0.2]
    network = TransitionNetwork(energies, [1.0, 0.9], [[0, 2], [1, 2]])
    assert barriers_to_global_minimum(network).tolist() == [0.0, 1e-12, 0.9, np.inf]
    p = occupation(network, 0.3)[0]
    found = frustration(network, 0.3)
    np.testing.assert_allclose(found.ground, p[:2].sum(), rtol=1e-14)
    np.testing.assert_allclose(found.unconnected, p[3], rtol=1e-14)
    np.testing.assert_allclose(found.frustration, p[2] * 0.9 / 0.5, rtol=1e-14)
    np.testing.assert_allclose(found.normalised, 1.8, rtol=1e-14)


def test_nothing_counts():
    found = frustration(TransitionNetwork([0.0, 0.0, 1.0], [1.0], [[0, 1]]), 1.0)
    assert found.frustration.tolist() == [0.0] and np.isnan(found.normalised[0])


def test_mistakes():
    with pytest.raises(ValueError, match="Frustration needs transition states"):
        frustration(TransitionNetwork([0.0, 1.0], [], []), 1.0)
    with pytest.raises(ValueError, match="`kt` must be positive"):
        frustration(TransitionNetwork([0.0, 1.0], [1.0], [[0, 1]]), 0.0)


@pytest.mark.slow
def test_large_chain_and_random_points():
    n = 193_036
    chain = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    rising = TransitionNetwork(np.arange(n) * 1e-3, np.arange(1, n) * 1e-3, chain)
    large = TransitionNetwork(*random_points(n, 540_962 - n + 1, seed=0))
    for network in (rising, large):
        # What is quadratic in the number of minima would take hours here.
        barriers = barriers_to_global_minimum(network)
        frustration(network, np.geomspace(0.01, 1.0, 10))
        assert np.all(np.isfinite(barriers))
    np.testing.assert_array_equal(barriers_to_global_minimum(rising), rising.energies)
