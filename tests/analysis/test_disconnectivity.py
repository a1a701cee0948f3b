"""The merge tree against minimax paths and superbasins by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.analysis import TransitionNetwork, disconnectivity
from networks import build, minimax, networks, random_points, tree_of


def all_barriers(tree):
    return np.array([[tree.barrier(a, b) for b in tree.ids] for a in tree.ids])


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


@settings(max_examples=150, deadline=None)
@given(networks)
def test_merges_are_minimax_barriers(network):
    arrays = build(network)
    tree = tree_of(*arrays)
    check_tree(tree, arrays[0])
    np.testing.assert_array_equal(all_barriers(tree), minimax(*arrays))


@settings(max_examples=30, deadline=None)
@given(networks, st.one_of(st.integers(1, 6), st.just([0.5, 1.0])))
def test_an_exact_tree_can_be_put_at_levels_later(network, levels):
    arrays = build(network)
    later, at_once = tree_of(*arrays).at_levels(levels), tree_of(*arrays, levels=levels)
    check_tree(later, arrays[0])
    np.testing.assert_array_equal(later.levels, at_once.levels)
    np.testing.assert_array_equal(all_barriers(later), all_barriers(at_once))


@settings(max_examples=100, deadline=None)
@given(networks, st.integers(1, 6))
def test_levels_are_superbasins(network, count):
    arrays = build(network)
    tree = tree_of(*arrays, levels=count)
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
def test_random_points(seed):
    arrays = random_points(40, 60, seed, connected=seed % 2 == 0)
    tree = tree_of(*arrays)
    check_tree(tree, arrays[0])
    np.testing.assert_array_equal(all_barriers(tree), minimax(*arrays))


def test_thresholds_given():
    """Merges above the highest threshold do not happen, repeats and order do not matter."""
    energies, states, pairs = [0.0, 0.1, 0.2, 0.3], [1.0, 2.0, 3.0], [[0, 1], [1, 2], [2, 3]]
    tree = tree_of(energies, states, pairs, levels=np.array([2.5, 1.0, 2.5]))
    np.testing.assert_array_equal(tree.levels, [1.0, 2.5])
    assert (tree.barrier(0, 1), tree.barrier(0, 2)) == (1.0, 2.5)
    assert tree.barrier(0, 3) == np.inf
    np.testing.assert_array_equal(tree.component, [0, 0, 0, 1])


def test_equal_merges_are_one_node():
    energies, pairs = [0.0, 0.1, 0.2, 0.3], [[0, 1], [2, 3], [1, 2]]
    tree = tree_of(energies, [0.7, 0.7 * (1 + 2e-16), 0.7 * (1 - 2e-16)], pairs)
    np.testing.assert_array_equal(tree.parent, [4, 4, 4, 4, -1])
    tree = tree_of(energies, [0.7, 0.7 * (1 + 1e-10), 0.9], pairs)
    assert len(tree.parent) == 7


def test_offset_loses_no_merge():
    """Shifted weights would make the two merges one at this distance from zero."""
    tree = tree_of([-1e6, -1e6, 0.0], [-1e6 + 1e-5, 1e-9], [[0, 1], [1, 2]])
    assert tree.energy[3:].tolist() == [-1e6 + 1e-5, 1e-9]


def test_xor_network():
    energies = [0.0836, 0.0927, 0.399, 0.419, 0.693]
    tree = tree_of(energies, [0.4058, 0.4189999, 0.6931533, 0.5], [[0, 2], [1, 0], [4, 0], [3, 0]])
    np.testing.assert_array_equal(tree.energy[5:], [0.4058, 0.4189999, 0.5, 0.6931533])
    np.testing.assert_array_equal(tree.n_leaves, [1, 1, 1, 1, 1, 2, 3, 4, 5])
    assert tree.lowest[-1] == 0


def test_alone():
    tree = tree_of([0.3], [], [])
    np.testing.assert_array_equal(tree.parent, [-1])
    assert tree.barrier(0, 0) == 0.3
    tree = tree_of([0.3], [0.5, 0.4], [[0, 0], [0, 0]])
    np.testing.assert_array_equal(tree.parent, [-1])


def test_components_are_numbered_by_lowest_minimum():
    tree = tree_of([3.0, 1.0, 2.0, 0.0], [4.0], [[0, 1]])
    np.testing.assert_array_equal(tree.component, [1, 1, 2, 0])


def test_rounding_below_a_minimum_is_mended():
    tree = tree_of([0.0, 0.5], [0.5 - 1e-12], [[0, 1]])
    assert tree.energy[2] == 0.5


@pytest.mark.parametrize(
    "arrays, levels, message",
    [
        (([], [], []), None, "`energies` must have shape"),
        (([[0.0]], [], []), None, "`energies` must have shape"),
        (([0.0, np.nan], [], []), None, "`energies` must be finite, got nan for number 1"),
        (([0.0, 0.0], [np.inf], [[0, 1]]), None, "`ts_energies` must be finite"),
        (([0.0, 0.0], [[1.0]], [[0, 1]]), None, "`ts_energies` must have shape"),
        (([0.0, 0.0], [1.0], [0, 1]), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0], []), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0, 2.0], [[0, 1]]), None, "`ts_minima` must have shape"),
        (([0.0, 0.0], [1.0], [[0.0, 1.0]]), None, "`ts_minima` must hold integers"),
        (([0.0, 0.0], [1.0, 1.0], [[0, 1], [0, 2]]), None, "got 2 for transition state 1"),
        (([0.0, 0.0], [1.0], [[-1, 1]]), None, "got -1 for transition state 0"),
        (([0.0, 2.0], [3.0, 1.0], [[0, 1], [0, 1]]), None, "state 1 .* below its minimum 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), 0, "`levels` must be a whole number of at least 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), True, "`levels` must be a whole number of at least 1"),
        (([0.0, 0.0], [1.0], [[0, 1]]), [], "`levels` must be an integer, or"),
        (([0.0, 0.0], [1.0], [[0, 1]]), [np.nan], "`levels` must be an integer, or"),
        (([0.0, 0.0], [1.0], [[0, 1]]), 2.5, "`levels` must be an integer, or"),
    ],
)
def test_errors(arrays, levels, message):
    with pytest.raises(ValueError, match=message):
        tree_of(*arrays, levels=levels)


def test_barrier_of_unknown_minimum():
    tree = tree_of([0.0, 0.0], [1.0], [[0, 1]])
    for pair in ((0, 2), (-1, 0)):
        with pytest.raises(ValueError, match="there is no minimum"):
            tree.barrier(*pair)


@pytest.mark.slow
def test_hundred_thousand_minima():
    arrays = random_points(100_000, 200_001, seed=0)
    tree = tree_of(*arrays)  # what is quadratic would take hours
    assert tree.n_leaves[-1] == 100_000


@pytest.mark.slow
def test_chain_of_hundred_thousand():
    n = 100_000
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    tree = tree_of(np.zeros(n), np.arange(1.0, n), pairs)
    assert tree.barrier(0, n - 1) == n - 1


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(networks, st.booleans(), st.data())
def test_subtrees_keep_the_merges(network, levels, data):
    arrays = build(network)
    tree = tree_of(*arrays, levels=4 if levels else None)
    n = len(tree)
    kept = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True)))
    part = tree.rows(kept)
    assert part.ids.tolist() == kept.tolist()
    check_tree(part, arrays[0][kept])
    np.testing.assert_array_equal(all_barriers(part), all_barriers(tree)[np.ix_(kept, kept)])
    mask = np.isin(np.arange(n), kept)
    np.testing.assert_array_equal(all_barriers(tree.where(mask)), all_barriers(tree)[mask][:, mask])


@settings(max_examples=100, deadline=None)
@given(networks, st.sampled_from([0.0, 0.25, 1.0, 1.5, 9.0]), st.data())
def test_superbasins_are_what_merges_below(network, above, data):
    arrays = build(network)
    tree = tree_of(*arrays)
    minimum = data.draw(st.integers(0, len(tree) - 1))
    energy = arrays[0][minimum] + above
    found = tree.superbasin(minimum, energy)
    np.testing.assert_array_equal(found, np.flatnonzero(minimax(*arrays)[minimum] <= energy))


def test_whole_subtree_is_the_tree():
    tree = tree_of(*random_points(200, 300, seed=1, connected=False))
    part = tree.rows(np.arange(200))
    for name in ("parent", "energy", "n_leaves", "lowest", "component"):
        np.testing.assert_array_equal(getattr(part, name), getattr(tree, name))


@pytest.mark.parametrize(
    "minima, message",
    [
        ([], "at least one minimum"),
        ([[7]], "`ids` must hold ids of minima, shape .n,."),
        ([7, 3], "`ids`: there is no minimum 3; ids are 7 to 9"),
        ([-1], "`ids`: there is no minimum -1; ids are 7 to 9"),
        ([7.5], "`ids` must hold ids of minima"),
        ([8, 8], "each minimum once"),
        (np.ones(2, dtype=bool), "`mask` must be booleans of shape .3,., got bool of shape .2,."),
        (np.zeros(3, dtype=bool), "at least one minimum"),
    ],
)
def test_bad_subtrees(minima, message):
    with pytest.raises(ValueError, match=message):
        tree = disconnectivity(TransitionNetwork([0.0, 0.1, 0.2], [1.0], [[0, 1]], ids=[7, 9, 8]))
        (tree.where if np.asarray(minima).dtype == bool else tree.rows)(minima)


def test_minima_of_a_tree_are_named_by_their_ids():
    network = TransitionNetwork([0.0, 0.1, 0.2], [1.0, 2.0], [[0, 2], [2, 1]], ids=[7, 9, 8])
    tree = disconnectivity(network)
    assert (tree.barrier(7, 8), tree.barrier(9, 7), tree.barrier(9, 9)) == (1.0, 2.0, 0.1)
    assert tree.superbasin(8, 1.5).tolist() == [7, 8]
    assert tree.rows([8, 7]).ids.tolist() == [8, 7] and tree.where(tree.energy[:3] > 0).ids.tolist() == [
        9,
        8,
    ]
    assert tree.to_columns()["lowest"].tolist() == tree.to_dict()["lowest"] == [7, 9, 8, 7, 7]


def test_bad_superbasins():
    tree = tree_of([0.0, 0.1], [1.0], [[0, 1]])
    with pytest.raises(ValueError, match="no minimum 2; ids are 0 to 1"):
        tree.superbasin(2, 1.0)
    for energy in (0.05, np.nan):
        with pytest.raises(ValueError, match="`energy` must be at least 0.1"):
            tree.superbasin(1, energy)
