"""The power-law fit against closed forms, mpmath, brute force and samples of known distributions."""

import mpmath
import numpy as np
import pytest
from scipy import optimize, special, stats

from lossatlas.analysis.topology import _power_law, fit_power_law


def zipf(exponent, size, seed, x_min=1):
    """Draw from p(x) ~ x^-exponent for x >= x_min, by throwing lower draws away."""
    drawn = stats.zipf(exponent).rvs(40 * size, random_state=seed)
    return drawn[drawn >= x_min][:size]


@pytest.mark.parametrize("x_min", [1, 3, 40])
def test_exponent_solves_the_likelihood_equation(x_min):
    """d ln zeta(a, x_min)/da = -mean ln x, with the derivative from mpmath."""
    mean_log = float(np.log(zipf(2.5, 500, seed=0, x_min=x_min)).mean())
    found = _power_law._exponents(np.array([float(x_min)]), np.array([mean_log]))[0]
    slope = mpmath.zeta(found, x_min, 1) / mpmath.zeta(found, x_min)
    assert float(slope) == pytest.approx(-mean_log, abs=1e-6)


def test_exponent_in_closed_form():
    """Of values with mean log -zeta'(2)/zeta(2) = 12 ln A - gamma - ln(2 pi), A Glaisher's, it is 2."""
    mean_log = 12 * np.log(float(mpmath.glaisher)) - np.euler_gamma - np.log(2 * np.pi)
    assert _power_law._exponents(np.ones(1), np.array([mean_log]))[0] == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_x_min_by_brute_force(seed):
    """All x_min, distances at all whole numbers, exponents by another minimiser."""
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.integers(1, 6, 100), zipf(2.2, 100, seed, x_min=5)])
    best = (np.inf, 0, 0.0)
    for x_min in np.unique(values)[:-1]:
        tail = values[values >= x_min]
        if len(tail) < 10:
            break
        a = optimize.minimize_scalar(
            lambda a, tail, x_min: np.log(special.zeta(a, x_min)) + a * np.log(tail).mean(),
            bounds=(1.01, 20), args=(tail, x_min), method="bounded", options={"xatol": 1e-10},
        ).x  # fmt: skip
        places = np.arange(x_min, values.max() + 2)
        fitted = special.zeta(a, places) / special.zeta(a, x_min)
        best = min(best, (np.abs(fitted - (tail[:, None] >= places).mean(axis=0)).max(), x_min, a))
    fit = fit_power_law(values, bootstraps=2)
    assert fit.distance == pytest.approx(best[0], rel=1e-5)
    assert fit.x_min == best[1]
    assert fit.exponent == pytest.approx(best[2], rel=1e-5)  # as `bounded` stops at sqrt(rounding)
    assert fit.tail == np.sum(values >= fit.x_min)
    assert (fit.values, fit.largest) == (200, values.max())


def test_power_laws_are_found():
    """The exponent lies within three errors, the exponential is refused, few p-values are small."""
    fits = [fit_power_law(zipf(2.3, 400, seed), seed=seed, bootstraps=50) for seed in range(12)]
    assert sum(abs(fit.exponent - 2.3) < 3 * fit.exponent_error for fit in fits) >= 11
    assert sum(fit.p_value < 0.1 for fit in fits) <= 4  # binomial(12, 0.1): more has probability 0.004
    assert all(fit.exponential.ratio > 2 for fit in fits)
    assert 0.02 < np.mean([fit.exponent_error for fit in fits]) < 0.3
    assert all(("not ruled out" in fit.verdict) == (fit.p_value >= 0.1) for fit in fits if fit.x_min < 5)


def test_no_power_law():
    """The far tail of a geometric distribution is steep enough to pass, in a small sample."""
    fit = fit_power_law(np.random.default_rng(0).geometric(0.1, 50_000), bootstraps=50)
    assert fit.verdict == f"Not a power law: p = {fit.p_value:.3f}."
    assert fit.exponential.ratio < 0
    fit = fit_power_law(np.random.default_rng(1).geometric(0.5, 100), bootstraps=20)
    assert fit.p_value >= 0.1
    assert fit.verdict.startswith("Too few to judge")


def test_lognormal_fits_better():
    values = np.floor(np.random.default_rng(2).lognormal(2.0, 0.7, 5000) + 0.5)
    data = _power_law._Histogram(*np.unique(values[values >= 1], return_counts=True))
    whole = _power_law._fit_tail(data)._replace(x_min=1.0, exponent=1.5)
    assert _power_law._compare(data, whole, _power_law._log_lognormal(data)).ratio < -5


@pytest.mark.parametrize("name", ["_log_exponential", "_log_lognormal"])
def test_alternatives_are_distributions_at_their_most_likely(name):
    """Probabilities add up to 1, and nothing of the same kind near by is more likely."""
    values = np.unique(np.random.default_rng(3).geometric(0.05, 3000))
    counts = np.round(1e4 * np.exp(-values / 20.0)) + 1
    tail = _power_law._Histogram(values.astype(float), counts)
    found = getattr(_power_law, name)(tail)
    mean = np.average(values, weights=counts)
    if name == "_log_exponential":
        p = 1 / (1 + mean - values[0])
        np.testing.assert_allclose(np.exp(found), stats.geom(p, loc=values[0] - 1).pmf(values), rtol=1e-10)
        return

    def cost(parameters):
        law = stats.lognorm(np.exp(parameters[1]), scale=np.exp(parameters[0]))
        inside = law.cdf(values + 0.5) - law.cdf(values - 0.5)
        return -np.average(np.log(inside / law.sf(values[0] - 0.5)), weights=counts)

    best = optimize.minimize(cost, [2.0, 0.0], method="BFGS")
    assert -np.average(found, weights=counts) == pytest.approx(best.fun, abs=1e-6)


def test_vuong_by_hand():
    tail = _power_law._Histogram(np.array([1.0, 2.0]), np.array([3, 1]))
    fit = _power_law._Tail(2.0, 1.0, 0.0)
    ours = np.log([6 / np.pi**2] * 3 + [1.5 / np.pi**2])
    other = np.log([0.5, 0.5, 0.5, 0.25])
    found = _power_law._compare(tail, fit, np.log([0.5, 0.25]))
    difference = ours - other
    ratio = difference.sum() / (np.sqrt(4) * difference.std())
    assert found.ratio == pytest.approx(ratio, rel=1e-12)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(ratio)), rel=1e-12)


def test_drawn_values_follow_the_fit():
    """Above x_min the exact distribution, also beyond the table; below it the data."""
    data = _power_law._Histogram(np.array([1.0, 2.0, 3.0]), np.array([200_000, 0, 200_000]))
    fit = _power_law._Tail(1.5, 3.0, 0.0)
    drawn = _power_law._sampler(data, fit, np.random.default_rng(0))()
    assert drawn.counts.sum() == 400_000
    assert drawn.counts[0] == pytest.approx(200_000, abs=5 * np.sqrt(1e5))
    for least in (4.0, 100.0, 20_000.0):
        expected = 200_000 * special.zeta(1.5, least) / special.zeta(1.5, 3.0)
        count = drawn.counts[drawn.values >= least].sum()
        assert count == pytest.approx(expected, abs=5 * np.sqrt(expected))


def test_same_seed_same_answer():
    values = zipf(2.0, 200, seed=4)
    first, second = (fit_power_law(values, seed=1, bootstraps=5) for _ in range(2))
    assert first.to_dict() == second.to_dict()


def test_two_values():
    fit = fit_power_law([1, 1, 2, 0], bootstraps=10)
    assert (fit.values, fit.tail, fit.x_min) == (3, 3, 1)
    assert "Too few" in fit.verdict


@pytest.mark.parametrize("values, bootstraps, message", [
    ([1, 2.5], 10, "whole numbers"),
    ([3, 3, 0], 10, "two different numbers"),
    ([1, 2], 1, "`bootstraps` must be at least 2"),
])  # fmt: skip
def test_mistakes(values, bootstraps, message):
    with pytest.raises(ValueError, match=message):
        fit_power_law(values, bootstraps=bootstraps)
