"""Barriers of 1e-3 to 1e6 kT, first, last and everywhere; against closed forms and many digits."""

import math

import numpy as np
import pytest

from exact_kinetics import case, evolution_errors, occupation_errors, passage_errors
from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import (
    RateNetwork,
    evolve,
    fastest_paths,
    first_passage,
    free_energy_disconnectivity,
    kinetic_monte_carlo,
    rate_network,
    regroup,
)


AVERAGES = ("log_rate", "log_mean_rate", "log_steady_state_rate", "log_non_steady_state_rate")


def row(barriers, energies=None):
    """States in a row, at kT = 1."""
    n = len(barriers) + 1
    energies = np.zeros(n) if energies is None else energies
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    return rate_network(TransitionNetwork(energies, np.array(barriers), pairs), 1.0)


@pytest.mark.parametrize("high", [1e-3, 1.0, 500.0, 700.0, 800.0, 1e4, 1e6])
@pytest.mark.parametrize("low", [1e-3, 1.0, 650.0])
def test_a_high_barrier_first_or_last(high, low):
    for a, b in ((high, low), (low, high)):
        # T = Z0 / C01 + (Z0 + Z1) / C12 with Z = 1, C = exp(-E) / (2 pi).
        exact = -(np.logaddexp(a, math.log(2) + b) + math.log(2 * math.pi))
        found = first_passage(row([a, b]), [0], [2])
        # Each logarithm is rounded by half a unit of its last place, 1e-16 of it.
        for name in ("log_rate", "log_mean_rate", "log_non_steady_state_rate"):
            assert getattr(found, name) == pytest.approx(exact, rel=4e-16), name
        committor = -np.logaddexp(0, b - a)
        assert found.log_committor[1] == pytest.approx(committor, rel=4e-16, abs=4e-16)
        steady = -a - math.log(2 * math.pi) + committor
        assert found.log_steady_state_rate == pytest.approx(steady, rel=4e-16)
        assert found.log_mfpt == -found.log_rate
        assert found.rate == pytest.approx(math.exp(exact), rel=1e-12)


def test_what_underflows_beside_something_else_is_not_missed():
    # From 1, a funnel of quick steps, two ways lead out: over 700 and over 701 kT; the conductances fit
    # into doubles, the products that join 0 to the ends after 1 and 2 have left do not.
    network = TransitionNetwork(np.zeros(5), [400.0, 1.0, 700.0, 701.0], [[0, 1], [1, 2], [1, 3], [2, 4]])
    found = first_passage(rate_network(network, 1.0), [0], [3, 4])
    share = 1 / (1 + math.exp(-1.0))
    np.testing.assert_allclose(found.shares, [share, 1 - share], rtol=1e-12)
    np.testing.assert_allclose(found.log_committor[1:3], -300 + np.log1p(math.exp(-1.0)), rtol=1e-14)


def test_logarithms_and_doubles_are_the_same_numbers():
    found = first_passage(row([2.0, 1.0, 3.0]), [0, 1], [3])
    for name in ("times", "committor", "shares", "mfpt", "rate", "mean_rate", "steady_state_rate"):
        np.testing.assert_array_equal(getattr(found, name), np.exp(getattr(found, f"log_{name}")))
    cold = first_passage(row([1e6, 1e6]), [0], [2])
    assert (cold.rate, cold.mfpt) == (0.0, np.inf) and cold.log_rate == pytest.approx(-1e6, rel=1e-5)


def test_rates_beyond_the_range_of_doubles_are_zero_or_infinite():
    rates = RateNetwork(1.0, 0.0, np.array([0.0, 0.0, -1e6]), np.array([[0, 1], [1, 2]]), [-1e4, 1e4])
    np.testing.assert_array_equal(rates.rates().toarray(), [[0, 0, 0], [0, 0, np.inf], [0, np.inf, 0]])
    assert rates.log_equilibrium([0, 2])[2] == pytest.approx(-1e6, rel=1e-15)
    np.testing.assert_array_equal(rates.equilibrium([0, 2]), [1.0, 0.0, 0.0])


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed):
    network, rates, source, target = case(seed, largest=20)
    errors = passage_errors(network, rates, source, target) | occupation_errors(network, rates)
    # Against exact logarithms of Z and C: a few units of rounding, also of ln beyond 1. Against energies,
    # in units of the largest logarithm: E / kT and the sum with ln of the width are rounded.
    assert max(errors.values(), default=0.0) < 4e-15, errors


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_random_evolutions(seed):
    _, rates, _, _ = case(seed, largest=5)
    assert evolution_errors(rates, seed, count=2)["evolve"] < 1e-11  # rounding, 66 squarings of it


@pytest.mark.exhaustive
@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_random_networks(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        network, rates, source, target = case(seed)
        errors = passage_errors(network, rates, source, target) | occupation_errors(network, rates)
        assert max(errors.values(), default=0.0) < 4e-15, (seed, errors)
        if len(rates) <= 12 or seed % 50 == 0:
            assert evolution_errors(rates, seed)["evolve"] < 1e-11, seed


def test_occupations_stay_where_rates_underflow():
    rates = rate_network(TransitionNetwork([0.0, 0.1], [1.0], [[0, 1]]), 1e-3)
    np.testing.assert_array_equal(evolve(rates, [0.0, 1.0], [0.0, 1.0]).occupation, [[0, 1], [0, 1]])
    # Far later, on the scale of 1000 and 900 kT, it goes down.
    late = evolve(rates, [0.0, 1.0], log_times=[850.0, 900.0 + math.log(2 * math.pi), 950.0])
    np.testing.assert_allclose(late.occupation[:, 1], [1.0, math.exp(-1), 0.0], atol=1e-12)
    np.testing.assert_array_equal(late.times, np.inf)


def test_evolution_from_several_parts_to_a_target_over_steps_that_underflow():
    # 0 - 1 at 800 kT, 1 - 2 at 1 kT; 3 - 4 is a part of its own; 5 is alone.
    network = TransitionNetwork(np.zeros(6), [800.0, 1.0, 2.0], [[0, 1], [1, 2], [3, 4]])
    rates = rate_network(network, 1.0)
    initial = np.array([0.5, 0.0, 0.0, 0.3, 0.0, 0.2])
    found = evolve(rates, initial, log_times=[-np.inf, 10.0, 790.0, 900.0]).occupation
    np.testing.assert_array_equal(found[0], initial)
    np.testing.assert_allclose(found[1], [0.5, 0, 0, 0.15, 0.15, 0.2], atol=1e-15)
    # After 790, 1 and 2 fill from 0 at a rate exp(-800) / (2 pi): a gap that rounding cannot see in 0.
    filled = 0.25 * math.exp(-10) / (2 * math.pi)
    np.testing.assert_allclose(found[2, 1:3], filled, rtol=1e-5)
    np.testing.assert_allclose(found[3], [1 / 6, 1 / 6, 1 / 6, 0.15, 0.15, 0.2], rtol=1e-13)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)


def test_states_far_away_are_reached_at_short_times():
    rates = row(np.ones(30))
    k = math.exp(-1.0) / (2 * math.pi)
    p = evolve(rates, np.eye(31)[0], [1e-3 / k]).occupation[0]
    # The first way there: p_m = (k t)^m / m!, up to a part k t.
    np.testing.assert_allclose(p[20], 1e-3**20 / math.factorial(20), rtol=3e-3)
    assert np.all(p > 0)


def test_barriers_that_logarithms_hardly_tell_apart():
    # At 1e20 kT a logarithm is rounded by 1e4: the rate keeps its logarithm, occupations have no meaning.
    rates = row([1e20, 2.0])
    assert first_passage(rates, [0], [2]).log_rate == pytest.approx(-1e20, rel=1e-15)
    with pytest.raises(ValueError, match="above 1e[+]15 their rounding decides"):
        evolve(rates, [1.0, 0.0, 0.0], [1.0])


def test_no_rates_at_all():
    rates = RateNetwork(1.0, 0.0, np.zeros(2), np.zeros((0, 2), dtype=int), np.zeros(0))
    np.testing.assert_array_equal(evolve(rates, [0.2, 0.8], [0.0, 1e300]).occupation, [[0.2, 0.8]] * 2)
    assert first_passage(rates, [0], [1]).log_rate == -np.inf


@pytest.mark.parametrize("arguments, sentence", [
    ({}, "Give either `times` or `log_times`"),
    ({"times": [1.0], "log_times": [0.0]}, "Give either `times` or `log_times`"),
    ({"log_times": [np.inf]}, "`log_times` must be a vector of numbers below infinity"),
    ({"log_times": 1.0}, "`log_times` must be a vector"),
])  # fmt: skip
def test_bad_times(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        evolve(row([1.0]), [1.0, 0.0], **arguments)


@pytest.mark.parametrize("barrier", [1e-3, 1.0, 800.0, 1e6])
def test_kinetic_monte_carlo_of_a_long_wait(barrier):
    rates = row([barrier, barrier])
    drawn = kinetic_monte_carlo(rates, [0], [2], trajectories=2000, seed=1)
    exact = first_passage(rates, [0], [2]).log_mfpt
    assert abs(math.expm1(drawn.log_mfpt - exact)) < 4 * drawn.relative_error < 0.15
    assert np.isfinite(drawn.log_times).all() and drawn.times.shape == (2000,)


def test_fastest_paths_over_steps_that_underflow():
    network = TransitionNetwork(np.zeros(4), [5e5, 1.0, 1e6, 2e5], [[0, 1], [0, 2], [1, 3], [2, 3]])
    paths = fastest_paths(rate_network(network, 1.0), [0], [3], count=2)
    assert [path.states.tolist() for path in paths] == [[0, 2, 3], [0, 1, 3]]
    # From 0 to 2 nearly always, from 2 onwards once in exp(2e5 - 1); the other: 1 - 5e5, and 5e5 - 1e6.
    np.testing.assert_allclose([path.log_probability for path in paths], [1 - 2e5, 1 - 1e6], rtol=1e-13)


def test_groups_and_free_energies_at_any_temperature():
    network = TransitionNetwork([0.0, 0.1, 0.3, 0.2], [0.4, 5.0, 0.5], [[0, 1], [1, 2], [2, 3]])
    for kt in (5e-6, 1e-3, 0.1, 5e3):  # barriers of 1e6 to 1e-3 kT
        rates = rate_network(network, kt)
        assert np.all(np.isfinite(free_energy_disconnectivity(rates).energy))
        # A rate quicker than kT exp(-barrier / kT) joins: 0 - 1 and 2 - 3 do, or nothing.
        found = regroup(rates, 1.0)
        assert found.group.tolist() == ([0, 0, 1, 1] if kt < 1 else [0, 1, 3, 2])
        if kt < 1:
            slow = first_passage(found.network, [0], [3]).log_rate
            assert slow == pytest.approx(first_passage(rates, [0, 1], [2, 3]).log_rate, rel=1e-9)
