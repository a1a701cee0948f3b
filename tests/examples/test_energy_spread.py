"""Variances of energies: against sums by hand, known variances, and exponents that data were made with."""

import itertools

import numpy as np
import pytest
from energy_spread import energy_spread, expected_best, fit_exponent

from helpers import rows


def layout(sizes, seed=0, between=1.0, within=0.5, mean=-3.0):
    """Energies of draws with so many starts each."""
    rng = np.random.default_rng(seed)
    draw = np.repeat(np.arange(len(sizes)), sizes)
    return mean + between * rng.normal(size=len(sizes))[draw] + within * rng.normal(size=len(draw)), draw


def test_equal_numbers_of_starts_by_hand():
    energy = np.array([1.0, 3.0, 5.0, 9.0, 2.0, 4.0])
    draw = np.array([7, 7, 1, 1, 4, 4])
    found = energy_spread(energy, draw)
    # Means 2, 7, 3 around 4; squares within 2, 8, 2 with 3 degrees of freedom.
    assert found.mean == 4.0 and found.best == 1.0 and (found.draws, found.starts) == (3, 6)
    assert found.within == pytest.approx(12 / 3)
    mean_square = 2 * (4 + 9 + 1) / 2
    assert found.between == pytest.approx((mean_square - 4) / 2)
    assert found.variance == pytest.approx(found.between + found.within)
    # The jackknife of a mean of equal groups is the standard error of the means of the groups.
    assert found.mean_error == pytest.approx(np.std([2, 7, 3], ddof=1) / np.sqrt(3))


@pytest.mark.parametrize("sizes", [[4, 4, 4], [3, 5, 2, 6]], ids=str)
def test_the_split_is_that_of_the_expectations(sizes):
    """MSB = within + n between and MSW = within on average: solved with plain sums over the pairs."""
    energy, draw = layout(sizes)
    found = energy_spread(energy, draw)
    groups = [energy[draw == d] for d in range(len(sizes))]
    pairs = [0.5 * (a - b) ** 2 for g in groups for a, b in itertools.permutations(g, 2)]
    weights = [1 / len(g) for g in groups for _ in itertools.permutations(g, 2)]
    within = np.dot(pairs, weights) / (len(energy) - len(sizes))
    assert found.within == pytest.approx(within)
    total, n = len(energy), np.array(sizes)
    between_squares = sum(len(g) * (g.mean() - energy.mean()) ** 2 for g in groups)
    expected = lambda s2: s2 * (total - np.sum(n**2) / total) + (len(n) - 1) * within
    assert expected(found.between) == pytest.approx(between_squares)


def test_variances_are_right_on_average():
    """Over 400 samples the mean of each estimate is the truth within 4 of its standard errors."""
    found = [energy_spread(*layout([2, 3, 5, 4, 2, 6], seed)) for seed in range(400)]
    for name, truth in (("between", 1.0), ("within", 0.25), ("variance", 1.25), ("mean", -3.0)):
        values = np.array([getattr(spread, name) for spread in found])
        assert abs(values.mean() - truth) < 4 * values.std() / 20
    # Errors: right within a tenth as a root mean square; the jackknife is a little too careful.
    for name in ("mean", "variance"):
        scatter = np.std([getattr(spread, name) for spread in found])
        said = np.sqrt(np.mean([getattr(spread, f"{name}_error") ** 2 for spread in found]))
        assert 0.85 * scatter < said < 1.35 * scatter


def test_one_draw_or_one_start():
    alone = energy_spread(np.array([1.0, 2.0, 6.0]), np.zeros(3, int))
    assert alone.variance == alone.within == pytest.approx(7.0)
    assert np.isnan([alone.between, alone.mean_error, alone.variance_error]).all()
    single = energy_spread(np.array([1.0, 2.0, 6.0]), np.arange(3))
    assert single.variance == pytest.approx(7.0) and np.isnan([single.between, single.within]).all()
    assert single.mean_error == pytest.approx(np.sqrt(7.0 / 3))
    assert np.isnan(energy_spread(np.array([1.0]), np.array([0])).variance)
    # Without one of two draws nothing between them is left.
    assert np.isnan(energy_spread(np.array([1.0, 2.0, 6.0]), np.array([0, 0, 1])).variance_error)


def test_no_difference_between_draws_may_be_negative():
    energy = np.array([1.0, 3.0, 3.0, 1.0])
    assert energy_spread(energy, np.array([0, 0, 1, 1])).between == pytest.approx(-1.0)


@pytest.mark.parametrize("exponent", [-2.0, -4 / 3, 0.5])
def test_a_power_is_found(exponent):
    x = np.array([10.0, 20.0, 50.0, 100.0])
    found = fit_exponent(x, 3.0 * x**exponent, np.array([0.1, 0.2, 0.1, 0.3]) * x**exponent)
    assert found.exponent == pytest.approx(exponent) and found.factor == pytest.approx(3.0)
    assert found.chi_squared < 1e-20
    np.testing.assert_allclose(found(x), 3.0 * x**exponent, rtol=1e-12)


def test_the_weights_and_the_error_by_numpy():
    x, y = np.array([1.0, 2.0, 4.0, 9.0]), np.array([1.0, 0.6, 0.2, 0.15])
    error = np.array([0.5, 0.02, 0.05, 0.01])
    found = fit_exponent(x, y, error)
    slope, offset = np.polyfit(np.log(x), np.log(y), 1, w=y / error)
    _, covariance = np.polyfit(np.log(x), np.log(y), 1, w=y / error, cov="unscaled")
    assert found.exponent == pytest.approx(slope) and np.log(found.factor) == pytest.approx(offset)
    residual = (np.log(y) - offset - slope * np.log(x)) * y / error
    assert found.chi_squared == pytest.approx(np.sum(residual**2) / 2)
    assert found.chi_squared > 1
    assert found.error == pytest.approx(np.sqrt(covariance[0, 0] * found.chi_squared))


def test_the_error_of_an_exponent_is_its_scatter():
    rng = np.random.default_rng(1)
    x, exponents, pulls = np.array([10.0, 20.0, 50.0, 100.0, 200.0]), [], []
    for _ in range(500):
        y = x**-1.5 * np.exp(0.05 * rng.normal(size=5))
        found = fit_exponent(x, y, 0.05 * y)
        exponents.append(found.exponent)
        pulls.append((found.exponent + 1.5) / found.error)
    design = np.log(x) - np.log(x).mean()
    expected = 0.05 / np.sqrt(np.sum(design**2))
    # 500 samples: the scatter is known to 3 per cent, the mean to 4.5 per cent of it.
    assert np.std(exponents) == pytest.approx(expected, rel=0.15)
    assert abs(np.mean(exponents) + 1.5) < 0.2 * expected
    # The errors are larger where points scatter, never smaller than the weights say.
    assert 0.75 < np.std(pulls) < 1.05


def test_two_points_make_a_line():
    found = fit_exponent([1.0, 10.0], [1.0, 0.01], [0.1, 0.002])
    assert found.exponent == pytest.approx(-2) and np.isnan(found.chi_squared)
    assert found.error == pytest.approx(np.hypot(0.1, 0.2) / np.log(10))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_best_of_some_starts_over_all_choices(count):
    energy = np.random.default_rng(count).normal(size=count)
    for number, found in enumerate(expected_best(energy), start=1):
        choices = [min(chosen) for chosen in itertools.combinations(energy, number)]
        assert found == pytest.approx(np.mean(choices))


def test_the_best_of_many_starts():
    """With energies 1 to S the lowest of q is (S + 1) / (q + 1) on average."""
    size = 1000
    found = expected_best(np.arange(1.0, size + 1))
    # Binomials of 1000 from logarithms of factorials of size 6e3: 1e-12 is left of the digits.
    np.testing.assert_allclose(found, (size + 1) / (1.0 + np.arange(1, size + 1)), rtol=1e-9)
    assert len(expected_best(np.array([]))) == 0


BAD = {
    "none": (lambda: energy_spread([], []), "one number per start each"),
    "lengths": (lambda: energy_spread([1.0], [0, 1]), "one number per start each"),
    "infinite": (lambda: energy_spread([1.0, np.inf], [0, 1]), "not finite"),
    "one size": (lambda: fit_exponent([2.0, 2.0], [1.0, 1.0], [1.0, 1.0]), "two different x"),
    "negative": (lambda: fit_exponent([1.0, 2.0], [1.0, -1.0], [1.0, 1.0]), "must be positive"),
    "no error": (lambda: fit_exponent([1.0, 2.0], [1.0, 1.0], [1.0, 0.0]), "must be positive"),
}


@pytest.mark.parametrize(("call", "sentence"), rows(BAD))
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
