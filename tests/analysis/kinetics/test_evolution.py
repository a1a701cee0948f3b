"""Time evolution: closed forms, the dense matrix exponential, and time scales 1e60 apart."""

import numpy as np
import pytest
from scipy.linalg import expm

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import RateNetwork, _evolution, evolve, first_passage, rate_network
from networks import dense_generator, random_network


def test_two_states_in_closed_form():
    rates = rate_network(TransitionNetwork([0.0, 0.4], [1.0], [[0, 1]]), 0.3)
    k = rates.rates().toarray()
    relaxation = k[0, 1] + k[1, 0]
    times = np.array([0.0, 0.1, 1.0, 10.0, 100.0]) / relaxation
    found = evolve(rates, [1.0, 0.0], times[::-1])
    expected = k[0, 1] / relaxation * -np.expm1(-relaxation * times)
    np.testing.assert_allclose(found.occupation[::-1, 1], expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize("few", [0.0, 1e9], ids=["matrices", "vectors"])
def test_against_the_dense_exponential(few, monkeypatch):
    monkeypatch.setattr(_evolution, "_FEW_STEPS", few)
    rates = rate_network(random_network(30, 60, 1), 0.5)
    start = rates.equilibrium([0, 4])
    times = np.array([0.0, 1e-3, 0.3, 1.0, 17.0, 900.0])
    found = evolve(rates, start, times)
    for time, p in zip(times, found.occupation):
        np.testing.assert_allclose(p, start @ expm(dense_generator(rates) * time), rtol=0, atol=1e-13)
        assert p.sum() == pytest.approx(1.0, abs=1e-13) and p.min() >= 0


def test_both_ways_agree_where_probabilities_are_tiny(monkeypatch):
    rates = rate_network(random_network(40, 60, 2), 0.15)
    start, times = rates.equilibrium([0]), np.array([1e-2, 1.0, 50.0])
    vectors = evolve(rates, start, times)
    monkeypatch.setattr(_evolution, "_FEW_STEPS", 0.0)
    matrices = evolve(rates, start, times)
    seen = vectors.occupation > 1e-30
    np.testing.assert_allclose(matrices.occupation[seen], vectors.occupation[seen], rtol=1e-11)


def test_a_slow_step_beside_steps_1e60_times_as_fast():
    # Two pairs of states; within a pair equilibrium is quick, between them one step is slow.
    slow = 1e-60
    rates = RateNetwork(1.0, 0.0, np.zeros(4), np.array([[0, 1], [1, 2], [2, 3]]), np.log([1.0, slow, 1.0]))
    times = np.array([0.01, 0.1, 1.0, 10.0]) / slow
    found = evolve(rates, [1.0, 0.0, 0.0, 0.0], times)
    # Half of a pair sits at the door, and the pairs exchange at that rate both ways.
    left = 0.5 * (1 + np.exp(-times * slow))
    np.testing.assert_allclose(found.occupation[:, :2].sum(axis=1), left, rtol=1e-12)
    np.testing.assert_allclose(found.occupation[:, 0], found.occupation[:, 1], rtol=1e-12)


def test_equilibrium_after_a_long_time_and_first_passage_from_survival():
    rates = rate_network(random_network(25, 50, 3), 0.1)
    found = evolve(rates, rates.equilibrium([0]), [1e40])
    np.testing.assert_allclose(found.occupation[0], rates.occupation, rtol=1e-10)
    # The slowest decay out of a trap is exponential with its mean first-passage time.
    chain = rate_network(TransitionNetwork([0.0, 0.5, -3.0], [3.0, 0.6], [[0, 1], [1, 2]]), 0.1)
    time = first_passage(chain, [0], [2]).mfpt
    assert evolve(chain, [1.0, 0, 0], [time]).occupation[0, 0] == pytest.approx(np.exp(-1), rel=1e-6)


@pytest.mark.parametrize("initial, times, sentence", [
    ([1.0], [1.0], "`initial` must hold 2 probabilities that sum to 1"),
    ([0.5, 0.6], [1.0], "that sum to 1"),
    ([1.5, -0.5], [1.0], "that sum to 1"),
    ([np.nan, 1.0], [1.0], "that sum to 1"),
    ([1.0, 0.0], [-1.0], "`times` must be a vector of finite numbers"),
    ([1.0, 0.0], 1.0, "`times` must be a vector"),
])  # fmt: skip
def test_bad_input(initial, times, sentence):
    rates = rate_network(TransitionNetwork([0.0, 0.4], [1.0], [[0, 1]]), 0.3)
    with pytest.raises(ValueError, match=sentence):
        evolve(rates, initial, times)


def test_too_long_for_too_many_states(monkeypatch):
    monkeypatch.setattr(_evolution, "_MOST_STATES", 10)
    rates = rate_network(random_network(20, 40, 4), 0.05)
    fastest = rates.branching()[3].max()
    with pytest.raises(ValueError, match="lump states that interconvert quickly"):
        evolve(rates, rates.equilibrium([0]), log_times=[np.log(1e15) - fastest])
