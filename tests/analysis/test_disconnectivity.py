"""The merge tree against minimax paths and superbasins by brute force."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.analysis import disconnectivity


def random_network(n, states, seed, connected=True):
    """Minima, and transition states above both of theirs."""
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    pairs = rng.integers(0, n, size=(states, 2))
    if connected:
        back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
        pairs = np.concatenate([np.stack([np.arange(1, n), back], axis=1), pairs])
    return energies, energies[pairs].max(axis=1) + rng.exponential(size=len(pairs)), pairs


def minimax(energies, ts_energies, ts_minima):
    """Lowest highest transition state between any two minima, as Floyd and Warshall would."""
    barriers = np.full((len(energies), len(energies)), np.inf)
    for energy, (a, b) in zip(ts_energies, ts_minima):
        barriers[a, b] = barriers[b, a] = min(barriers[a, b], energy)
    np.fill_diagonal(barriers, energies)
    for k in range(len(energies)):
        barriers = np.minimum(barriers, np.maximum(barriers[:, k : k + 1], barriers[k : k + 1]))
    np.fill_diagonal(barriers, energies)
    return barriers


def all_barriers(tree):
    return np.array([[tree.barrier(a, b) for b in range(len(tree))] for a in range(len(tree))])


def check_tree(tree, energies):
    """What has to hold for every tree."""
    n, nodes = len(energies), len(tree.parent)
    np.testing.assert_array_equal(tree.energy[:n], energies)
    assert np.all((tree.parent == -1) | (tree.parent > np.arange(nodes)))
    inner = np.flatnonzero(tree.parent >= 0)
    assert np.all(tree.energy[tree.parent[inner]] >= tree.energy[inner])
    assert np.all(np.bincount(tree.parent[inner], minlength=nodes)[n:] >= 2)
    below = [{i} for i in range(n)] + [set() for _ in range(nodes - n)]
    for node in inner:
        below[tree.parent[node]] |= below[node]
    assert [len(leaves) for leaves in below] == tree.n_leaves.tolist()
    for node, leaves in enumerate(below):
        assert tree.lowest[node] == min(leaves, key=lambda i: (energies[i], i))
    for root in np.flatnonzero(tree.parent < 0):
        assert len({int(tree.component[i]) for i in below[root]}) == 1
    assert len(set(tree.component.tolist())) == np.count_nonzero(tree.parent < 0)


# Few distinct values, so that equal, zero and negative energies and repeated pairs are common.
networks = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0]), min_size=n, max_size=n),
        st.lists(
            st.tuples(
                st.integers(0, n - 1),
                st.integers(0, n - 1),
                st.sampled_from([0.0, 0.25, 1.0, 2.0, 1e-3]),
            ),
            max_size=20,
        ),
    )
)


def build(network):
    energies = np.array(network[0])
    pairs = np.array([(a, b) for a, b, _ in network[1]], dtype=int).reshape(-1, 2)
    above = np.array([height for _, _, height in network[1]])
    return energies, energies[pairs].max(axis=1, initial=-np.inf) + above, pairs


@settings(max_examples=150, deadline=None)
@given(networks)
def test_merges_are_minimax_barriers(network):
    arrays = build(network)
    tree = disconnectivity(*arrays)
    check_tree(tree, arrays[0])
    np.testing.assert_array_equal(all_barriers(tree), minimax(*arrays))


@settings(max_examples=100, deadline=None)
@given(networks, st.integers(1, 6))
def test_levels_are_superbasins(network, count):
    arrays = build(network)
    tree = disconnectivity(*arrays, levels=count)
    check_tree(tree, arrays[0])
    exact = minimax(*arrays)
    merged = np.isfinite(exact) & ~np.eye(len(tree), dtype=bool)
    if not merged.any():
        assert len(tree.levels) == 0
        return
    assert tree.levels[-1] == exact[merged].max()
    assert count == 1 or tree.levels[0] == exact[merged].min()
    found = all_barriers(tree)
    for level in tree.levels:
        np.testing.assert_array_equal((found <= level)[merged], (exact <= level)[merged])
    assert set(found[merged]) <= set(tree.levels)
    assert np.all(np.isinf(found) == np.isinf(exact))


@pytest.mark.parametrize("seed", range(5))
def test_random_network(seed):
    arrays = random_network(40, 60, seed, connected=seed % 2 == 0)
    tree = disconnectivity(*arrays)
    check_tree(tree, arrays[0])
    np.testing.assert_array_equal(all_barriers(tree), minimax(*arrays))


def test_thresholds_given():
    """Merges above the highest threshold do not happen, repeats and order do not matter."""
    energies, states, pairs = [0.0, 0.1, 0.2, 0.3], [1.0, 2.0, 3.0], [[0, 1], [1, 2], [2, 3]]
    tree = disconnectivity(energies, states, pairs, levels=np.array([2.5, 1.0, 2.5]))
    np.testing.assert_array_equal(tree.levels, [1.0, 2.5])
    assert (tree.barrier(0, 1), tree.barrier(0, 2)) == (1.0, 2.5)
    assert tree.barrier(0, 3) == np.inf
    np.testing.assert_array_equal(tree.component, [0, 0, 0, 1])


def test_equal_merges_are_one_node():
    energies, pairs = [0.0, 0.1, 0.2, 0.3], [[0, 1], [2, 3], [1, 2]]
    tree = disconnectivity(energies, [0.7, 0.7 * (1 + 2e-16), 0.7 * (1 - 2e-16)], pairs)
    np.testing.assert_array_equal(tree.parent, [4, 4, 4, 4, -1])
    tree = disconnectivity(energies, [0.7, 0.7 * (1 + 1e-10), 0.9], pairs)
    assert len(tree.parent) == 7


def test_offset_loses_no_merge():
    """Shifted weights would make the two merges one at this distance from zero."""
    tree = disconnectivity([-1e6, -1e6, 0.0], [-1e6 + 1e-5, 1e-9], [[0, 1], [1, 2]])
    assert tree.energy[3:].tolist() == [-1e6 + 1e-5, 1e-9]


def test_xor_network():
    energies = [0.0836, 0.0927, 0.399, 0.419, 0.693]
    tree = disconnectivity(energies, [0.4058, 0.4189999, 0.6931533, 0.5], [[0, 2], [1, 0], [4, 0], [3, 0]])
    np.testing.assert_array_equal(tree.energy[5:], [0.4058, 0.4189999, 0.5, 0.6931533])
    np.testing.assert_array_equal(tree.n_leaves, [1, 1, 1, 1, 1, 2, 3, 4, 5])
    assert tree.lowest[-1] == 0


def test_alone():
    tree = disconnectivity([0.3], [], [])
    np.testing.assert_array_equal(tree.parent, [-1])
    assert tree.barrier(0, 0) == 0.3
    tree = disconnectivity([0.3], [0.5, 0.4], [[0, 0], [0, 0]])
    np.testing.assert_array_equal(tree.parent, [-1])


def test_components_are_numbered_by_lowest_minimum():
    tree = disconnectivity([3.0, 1.0, 2.0, 0.0], [4.0], [[0, 1]])
    np.testing.assert_array_equal(tree.component, [1, 1, 2, 0])


def test_rounding_below_a_minimum_is_mended():
    tree = disconnectivity([0.0, 0.5], [0.5 - 1e-12], [[0, 1]])
    assert tree.energy[2] == 0.5


@pytest.mark.parametrize(
    "arrays, levels, message",
    [
        (([], [], []), None, "`energies` must have shape"),
        (([[0.0]], [], []), None, "`energies` must have shape"),
        (([0.0, np.nan], [], []), None, "`energies` must be finite, got nan at 1"),
        (([0.0, 0.0], [np.inf], [[0, 1]]), None, "`ts_energies` must be finite"),
        (([0.0, 0.0], [[1.0]], [[0, 1]]), None, "`ts_energies` must have shape"),
        (([0.0, 0.0], [1.0], [0, 1]), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0], []), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0, 2.0], [[0, 1]]), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0], [[0.0, 1.0]]), None, "`ts_minima` must hold integers"),
        (([0.0, 0.0], [1.0, 1.0], [[0, 1], [0, 2]]), None, "got 2 for transition state 1"),
        (([0.0, 0.0], [1.0], [[-1, 1]]), None, "got -1 for transition state 0"),
        (([0.0, 2.0], [3.0, 1.0], [[0, 1], [0, 1]]), None, "state 1 .* below its minimum 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), 0, "`levels` must be at least 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), True, "`levels` must be at least 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), [], "`levels` must be an integer, or"),
        (([0.0, 0.0], [1.0], [[0, 1]]), [np.nan], "`levels` must be an integer, or"),
        (([0.0, 0.0], [1.0], [[0, 1]]), 2.5, "`levels` must be an integer, or"),
    ],
)
def test_errors(arrays, levels, message):
    with pytest.raises(ValueError, match=message):
        disconnectivity(*arrays, levels=levels)


def test_barrier_of_unknown_minimum():
    tree = disconnectivity([0.0, 0.0], [1.0], [[0, 1]])
    for pair in ((0, 2), (-1, 0)):
        with pytest.raises(ValueError, match="There is no minimum"):
            tree.barrier(*pair)


@pytest.mark.slow
def test_hundred_thousand_minima_in_seconds():
    arrays = random_network(100_000, 200_001, seed=0)
    start = time.perf_counter()
    tree = disconnectivity(*arrays)
    assert time.perf_counter() - start < 2.0
    assert tree.n_leaves[-1] == 100_000


@pytest.mark.slow
def test_chain_of_hundred_thousand():
    n = 100_000
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    tree = disconnectivity(np.zeros(n), np.arange(1.0, n), pairs)
    assert tree.barrier(0, n - 1) == n - 1
