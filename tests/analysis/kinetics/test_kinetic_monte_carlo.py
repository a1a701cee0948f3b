"""Kinetic Monte Carlo against the exact numbers, within its own errors."""

import numpy as np
import pytest

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import first_passage, kinetic_monte_carlo, rate_network
from networks import random_network


@pytest.mark.parametrize("seed", range(3))
def test_times_and_ends(seed):
    rates = rate_network(random_network(15, 30, seed), 1.0)
    source, target = [0, 1], [5, 7]
    exact = first_passage(rates, source, target)
    drawn = kinetic_monte_carlo(rates, source, target, trajectories=4000, seed=seed)
    # Four standard errors: a correct program fails once in 16,000 times, and these seeds are fixed.
    assert abs(drawn.mfpt - exact.mfpt) < 4 * drawn.standard_error
    assert drawn.standard_error < 0.05 * exact.mfpt
    share = np.mean(drawn.ends == 5)
    assert abs(share - exact.shares[0]) < 4 * np.sqrt(exact.shares[0] * exact.shares[1] / 4000)


def test_same_seed_same_trajectories():
    rates = rate_network(random_network(15, 30, 4), 1.0)
    first, again, other = (
        kinetic_monte_carlo(rates, [0], [1], trajectories=50, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.times, again.times)
    assert not np.array_equal(first.times, other.times)


def test_trajectories_that_do_not_arrive_are_said():
    rates = rate_network(random_network(15, 30, 5), 0.05)
    drawn = kinetic_monte_carlo(rates, [0], [1], trajectories=20, max_steps=5)
    late = np.isnan(drawn.times)
    assert late.any() and np.isnan(drawn.mfpt)
    assert not drawn.arrived[late].any() and np.all(drawn.steps[late] == 5)
    assert len(drawn.to_dataframe()) == 20


def test_bad_input():
    rates = rate_network(TransitionNetwork(np.zeros(4), np.ones(2), [[0, 1], [2, 3]]), 1.0)
    with pytest.raises(ValueError, match="No path leads from minimum 2 of the source"):
        kinetic_monte_carlo(rates, [0, 2], [1])
    with pytest.raises(ValueError, match="`trajectories` must be at least 2"):
        kinetic_monte_carlo(rates, [0], [1], trajectories=1)
