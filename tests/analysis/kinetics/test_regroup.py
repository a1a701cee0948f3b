"""Lumping and free-energy graphs."""

import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import first_passage, free_energy_disconnectivity, rate_network, regroup
from networks import random_network, tree_of


def test_free_energies_reduce_to_rates():
    rates = rate_network(random_network(20, 40, 0), 0.3)
    states, heights = rates.free_energies()
    k = rates.rates().toarray()
    for (a, b), height in zip(rates.pairs, heights):
        assert k[a, b] == pytest.approx(0.3 * np.exp(-(height - states[a]) / 0.3), rel=1e-12)
        assert k[b, a] == pytest.approx(0.3 * np.exp(-(height - states[b]) / 0.3), rel=1e-12)


def test_equal_widths_give_the_graph_of_energies_at_low_temperature():
    rng = np.random.default_rng(1)
    energies = rng.normal(size=30)
    pairs = np.stack([np.arange(1, 30), [rng.integers(0, i) for i in range(1, 30)]], axis=1)
    heights = energies[pairs].max(axis=1) + rng.exponential(size=29) + 0.1
    network = TransitionNetwork(energies, heights, pairs)
    free = free_energy_disconnectivity(rate_network(network, 1e-6))
    plain = tree_of(energies, heights, pairs)
    np.testing.assert_array_equal(free.parent, plain.parent)
    np.testing.assert_allclose(free.energy, plain.energy, rtol=0, atol=1e-4)


def test_pairs_that_interconvert_quickly():
    # 0 - 1 and 2 - 3 quickly, 1 - 2 slowly.
    network = TransitionNetwork([0.0, 0.1, 0.3, 0.2], [0.4, 5.0, 0.5], [[0, 1], [1, 2], [2, 3]])
    rates = rate_network(network, 0.1)
    found = regroup(rates, 1.0)
    assert found.group.tolist() == [0, 0, 1, 1]
    assert found.network.ids.tolist() == [0, 3]
    total = np.exp(rates.log_weights)
    np.testing.assert_allclose(
        np.exp(found.network.log_weights), [total[:2].sum(), total[2:].sum()], rtol=1e-14
    )
    # From one pair to the other takes as long as before, where both are at equilibrium within.
    assert found.group_ids([1, 2]).tolist() == [0, 3] and len(found) == 2
    assert found.to_columns()["group"].tolist() == [0, 0, 3, 3]
    coarse = first_passage(found.network, [0], [3]).mfpt
    assert first_passage(rates, [0, 1], [2, 3]).mfpt == pytest.approx(coarse, rel=1e-9)


def test_a_shallow_minimum_does_not_join_two_deep_ones():
    network = TransitionNetwork([0.0, 1.9, 0.0], [2.0, 2.0], [[0, 1], [1, 2]])
    found = regroup(rate_network(network, 0.05), 1.0)
    assert len(found.network) == 3


def test_groups_are_lumped_again():
    # 0 and the shallow 1 go together first. Two ways lead from both of them to 2, one from either,
    # which lowers that barrier by kT ln 2: below the threshold, where each alone lay above.
    network = TransitionNetwork(
        [0.0, 3.0, 0.0, 0.0], [3.1, 6.0, 6.0, 20.0], [[0, 1], [0, 2], [1, 2], [2, 3]]
    )
    rates = rate_network(network, 1.0)
    states, heights = rates.free_energies()
    single = heights[rates.pairs.tolist().index([0, 2])] - states[0]
    assert regroup(rates, single - 0.1).group.tolist() in ([0, 0, 0, 1], [1, 1, 1, 0])
    assert len(regroup(rates, single - 0.8).network) == 3


@pytest.mark.parametrize("seed", range(3))
def test_weights_and_order(seed):
    rates = rate_network(random_network(60, 120, seed), 0.3)
    found = regroup(rates, 0.8)
    assert 1 < len(found.network) < 60
    sums = np.bincount(found.group, weights=rates.occupation)
    np.testing.assert_allclose(found.network.occupation, sums, rtol=1e-12)
    assert np.all(np.diff(found.network.log_weights) <= 0)
    for group, state in enumerate(found.network.ids):
        inside = found.group == group
        assert inside[state] and rates.occupation[state] == rates.occupation[inside].max()
    tree = free_energy_disconnectivity(found.network)
    assert len(tree) == len(found.network)
    assert list(found.to_dataframe().columns) == ["id", "group"]


def test_fast_rates_do_not_put_transition_states_below_minima():
    # With a narrow minimum and a wide transition state the harmonic rate exceeds kT.
    network = TransitionNetwork([0.0, 0.0], [0.01], [[0, 1]], [20.0, 20.0], [-20.0])
    tree = free_energy_disconnectivity(rate_network(network, 1.0))
    assert tree.energy[2] == max(tree.energy[:2])


def test_what_is_connected_may_become_one_group():
    pieces = TransitionNetwork(np.arange(4.0), [1.1, 3.1], [[0, 1], [2, 3]])
    found = regroup(rate_network(pieces, 0.3), 1e3)
    assert found.group.tolist() == [0, 0, 1, 1]
    assert len(free_energy_disconnectivity(found.network)) == 2


def test_a_barrier_that_is_no_number():
    with pytest.raises(ValueError, match="`barrier` must be a finite number"):
        regroup(rate_network(random_network(10, 20, 3), 0.3), np.nan)
