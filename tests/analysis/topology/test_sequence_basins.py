"""Monotonic sequence basins and funnels against walks and superbasins by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.analysis import TransitionNetwork, funnels, sequence_basins
from networks import build, minimax, networks, random_points


VIAS = ("lowest_neighbour", "lowest_ts")


def walk(network, start, via):
    """Go downwards from a minimum, one transition state at a time."""
    path = [start]
    while True:
        here, choices = path[-1], []
        for energy, ends in zip(network.ts_energies.tolist(), network.ts_minima.tolist()):
            for a, b in (ends, ends[::-1]):
                below = (network.energies[b], b)
                if a == here and below < (network.energies[a], a):
                    choices.append((below, b) if via == "lowest_neighbour" else ((energy, *below), b))
        if not choices:
            return path
        path.append(min(choices)[1])


def check_basins(network, via):
    basins = sequence_basins(network, via=via)
    for start in range(len(network)):
        path = walk(network, start, via)
        assert basins.next[start] == path[min(1, len(path) - 1)]
        assert basins.bottom[start] == path[-1]
        assert basins.steps[start] == len(path) - 1
    members = {int(b): int(np.sum(basins.bottom == b)) for b in basins.bottom}
    assert dict(zip(basins.bottoms.tolist(), basins.sizes.tolist())) == members
    assert np.all(np.diff(network.energies[basins.bottoms]) >= 0)
    assert basins.bottoms[0] == network.global_minimum
    np.testing.assert_array_equal(basins.bottom[basins.primary], network.global_minimum)
    assert len(basins.primary) == basins.sizes[0]


def check_funnels(network):
    """The depth is the lowest minimax barrier to any minimum below."""
    n, energies = len(network), network.energies
    barriers = minimax(energies, network.ts_energies, network.ts_minima)
    found = funnels(network)
    assert set(found.bottom) == {a for a in range(n) if walk(network, a, "lowest_ts") == [a]}
    for i, a in enumerate(found.bottom):
        lower = [b for b in range(n) if (energies[b], b) < (energies[a], a)]
        merge = min((barriers[a, b] for b in lower), default=np.inf)
        assert found.merge_energy[i] == merge
        assert found.depth[i] == merge - energies[a]
        assert found.superbasin[i] == np.sum(barriers[a] < merge) + (energies[a] == merge)
    assert np.all(np.diff(found.depth[np.isfinite(found.depth)]) <= 0)
    assert np.all(np.isinf(found.depth[: len(found) - np.isfinite(found.depth).sum()]))


@settings(max_examples=100, deadline=None)
@given(networks, st.sampled_from(VIAS))
def test_small_networks_with_ties(arrays, via):
    check_basins(TransitionNetwork(*build(arrays)), via)


@settings(max_examples=100, deadline=None)
@given(networks)
def test_depths_of_small_networks(arrays):
    check_funnels(TransitionNetwork(*build(arrays)))


@pytest.mark.parametrize("seed", range(3))
def test_random_points(seed):
    network = TransitionNetwork(*random_points(40, 25, seed, connected=seed > 0))
    for via in VIAS:
        check_basins(network, via)
    check_funnels(network)


def test_the_two_ways_down_differ():
    """From minimum 2 the lowest neighbour is 0, over a high barrier; the lowest barrier leads to 1."""
    network = TransitionNetwork([0.0, 1.0, 2.0], [5.0, 3.0], [[0, 2], [1, 2]])
    assert sequence_basins(network).bottom.tolist() == [0, 1, 0]
    assert sequence_basins(network, via="lowest_ts").bottom.tolist() == [0, 1, 1]
    assert funnels(network).size.tolist() == [2, 1]
    assert funnels(network, via="lowest_ts").size.tolist() == [1, 2]
    assert funnels(network).depth.tolist() == [np.inf, 4.0]


def test_long_chain():
    n = 5000
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    basins = sequence_basins(TransitionNetwork(np.arange(n), np.arange(n - 1) + 2.0, pairs))
    np.testing.assert_array_equal(basins.steps, np.arange(n))
    assert basins.sizes.tolist() == [n]


def test_without_transition_states_every_minimum_is_a_funnel():
    network = TransitionNetwork([0.2, 0.1], [], [])
    assert sequence_basins(network).bottoms.tolist() == [1, 0]
    found = funnels(network)
    assert found.bottom.tolist() == [1, 0]
    assert np.all(np.isinf(found.depth))
    assert found.superbasin.tolist() == [1, 1]


def test_least_depth():
    pairs = [[0, 3], [1, 3], [0, 4], [2, 4]]
    network = TransitionNetwork([0.0, 0.5, 0.75, 0.9, 0.9], [1.0, 1.0, 2.0, 2.0], pairs)
    assert funnels(network, min_depth=0.5).to_columns()["depth"].tolist() == [np.inf, 1.25, 0.5]
    assert funnels(network, min_depth=0.75).bottom.tolist() == [0, 2]


def test_mistakes():
    network = TransitionNetwork([0.0], [], [])
    with pytest.raises(ValueError, match="`via` must be"):
        sequence_basins(network, via="highest")  # pyright: ignore[reportArgumentType]
    for depth in (-1.0, np.nan):
        with pytest.raises(ValueError, match="`min_depth` must be zero or positive"):
            funnels(network, min_depth=depth)
