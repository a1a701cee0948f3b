"""Power-law fits to the tail of whole numbers: estimates, errors, goodness of fit, alternatives."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, special

from lossatlas._abstract_result import AbstractResult


_LEAST_TAIL = 10  # fewest values at or above x_min; any curve fits fewer values
_ENOUGH_TAIL = 50  # the rule of thumb of Clauset et al.
_ENOUGH_RANGE = 10.0  # largest value over x_min
_SIGNIFICANT = 0.1
_STEEPEST = 20.0  # largest exponent that is tried; nobody would call a steeper curve a power law
_TABLE = 10_000  # so many values are drawn exactly, larger ones from a continuous law that differs by 1e-9


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LikelihoodRatio(AbstractResult):
    """Vuong's test of a power law against another distribution of the same tail.

    - `ratio`: log-likelihood ratio over its standard deviation; positive favours the power law.
    - `p_value`: probability of a ratio at least as far from zero if both fitted equally well.
    """

    ratio: float
    p_value: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PowerLawFit(AbstractResult):
    """A power law p(x) ~ x^-exponent fitted to whole numbers x >= x_min, with tests of the fit.

    - `exponent`, `x_min`: the estimates, dimensionless.
    - `exponent_error`, `x_min_error`: standard deviations of the estimates over bootstrap samples.
    - `values`: number of values that are at least 1.
    - `tail`: number of values at or above `x_min`.
    - `largest`: the largest value.
    - `distance`: largest difference between the cumulative distributions of data and fit at or above
        `x_min` (Kolmogorov-Smirnov distance).
    - `p_value`: fraction of samples drawn from the fit whose distance from their own fits is at least as
        large. A small value (below 0.1) rules a power law out; a large one does not prove it.
    - `bootstraps`: number of samples for the errors, and also for the p-value, whose standard error is at
        most 0.5 / sqrt(bootstraps).
    - `exponential`, `lognormal`: likelihood ratios against these distributions.
    """

    exponent: float
    exponent_error: float
    x_min: int
    x_min_error: float
    values: int
    tail: int
    largest: int
    distance: float
    p_value: float
    bootstraps: int
    exponential: LikelihoodRatio
    lognormal: LikelihoodRatio

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, and the verdict."""
        return super().to_dict() | {"verdict": self.verdict}

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row, with the likelihood ratios as `exponential_ratio` and so on."""
        columns = super().to_columns()
        for name in ("exponential", "lognormal"):
            own = getattr(self, name).to_columns()
            columns |= {f"{name}_{key}": values for key, values in own.items()}
        return columns

    @property
    def verdict(self) -> str:
        """Conclusion from the numbers, in one sentence."""
        if self.p_value < _SIGNIFICANT:
            return f"Not a power law: p = {self.p_value:.3f}."
        if self.tail < _ENOUGH_TAIL or self.largest < _ENOUGH_RANGE * self.x_min:
            return (
                f"Too few to judge: {self.tail} values from {self.x_min} to {self.largest}; "
                f"at least {_ENOUGH_TAIL} are needed, over a factor of {_ENOUGH_RANGE:.0f}."
            )
        for name, other in (("an exponential", self.exponential), ("a lognormal", self.lognormal)):
            if other.ratio < 0 and other.p_value < _SIGNIFICANT:
                return f"A power law is not ruled out, but {name} distribution fits better."
        return f"A power law is not ruled out: p = {self.p_value:.3f}."


class _Histogram(NamedTuple):
    values: np.ndarray  # different, increasing
    counts: np.ndarray


class _Tail(NamedTuple):
    exponent: float
    x_min: float
    distance: float


def fit_power_law(values: np.ndarray, *, seed: int = 0, bootstraps: int = 200) -> PowerLawFit:
    """Fit a power law to the tail of whole numbers, and test it.

    For a given x_min the exponent maximises the likelihood of p(x) = x^-exponent / zeta(exponent, x_min)
    (Hurwitz zeta function); x_min is the value for which the cumulative distributions of fit and data
    differ least. A value is tried as x_min only if at least 10 values lie at or above it (or all of them,
    if there are fewer than 10).

    Two kinds of samples are then fitted in the same way. Samples drawn with replacement from the data give
    the errors. Samples drawn from the fit above x_min and from the data below it give the p-value.

    **Arguments:**

    - `values`: whole numbers of any shape; those below 1 are left out.
    - `seed`: seed of the samples.
    - `bootstraps`: number of samples of each kind, at least 2.

    **Returns:** `PowerLawFit`.

    **Raises:** `ValueError` for numbers that are not whole, fewer than two different ones above 0, and
    fewer than two samples.

    Source: A. Clauset, C. R. Shalizi & M. E. J. Newman, SIAM Rev. 51, 661 (2009), doi:10.1137/070710111,
    sections 3 (exponent, x_min), 4 (p-value), 5 (likelihood ratios).
    """
    values = np.asarray(values).ravel()
    if values.dtype.kind not in "iuf" or not np.all(values == np.floor(values)):
        raise ValueError("`values` must hold whole numbers.")
    if bootstraps < 2:
        raise ValueError(f"`bootstraps` must be at least 2, got {bootstraps}.")
    data = _Histogram(*np.unique(values[values >= 1].astype(float), return_counts=True))
    if len(data.values) < 2:
        raise ValueError(f"`values` must hold two different numbers above 0, got {len(data.values)}.")
    best, rng = _fit_tail(data), np.random.default_rng(seed)
    total = int(data.counts.sum())

    again = [
        _fit_tail(_Histogram(data.values, rng.multinomial(total, data.counts / total)))
        for _ in range(bootstraps)
    ]
    draw = _sampler(data, best, rng)
    farther = np.mean([_fit_tail(draw()).distance >= best.distance for _ in range(bootstraps)])

    inside = data.values >= best.x_min
    tail = _Histogram(data.values[inside], data.counts[inside])
    return PowerLawFit(
        exponent=best.exponent,
        exponent_error=float(np.std([fit.exponent for fit in again], ddof=1)),
        x_min=int(best.x_min),
        x_min_error=float(np.std([fit.x_min for fit in again], ddof=1)),
        values=total,
        tail=int(tail.counts.sum()),
        largest=int(data.values[-1]),
        distance=best.distance,
        p_value=float(farther),
        bootstraps=bootstraps,
        exponential=_compare(tail, best, _log_exponential(tail)),
        lognormal=_compare(tail, best, _log_lognormal(tail)),
    )


def _fit_tail(data: _Histogram) -> _Tail:
    """Return exponent, x_min and distance of the power law whose distance from the tail is smallest."""
    values, counts = (column[data.counts > 0] for column in data)
    above = counts[::-1].cumsum()[::-1].astype(float)
    # Any power law that is steep enough fits a tail of one value.
    tried = np.flatnonzero((above >= min(_LEAST_TAIL, above[0])) & (values < values[-1]))
    if not tried.size:
        return _Tail(_STEEPEST, values[0], 1.0)
    x_min, size = values[tried], above[tried]
    mean_log = (counts * np.log(values))[::-1].cumsum()[::-1][tried] / size
    exponent = _exponents(x_min, mean_log)

    inside = values >= x_min[:, None]
    which, place = np.nonzero(inside)
    # The survival functions P(X >= x) differ most at a value, or just above one.
    norm = special.zeta(exponent, x_min)[which]
    at = special.zeta(exponent[which], values[place])
    after = at - values[place] ** -exponent[which]
    observed, beyond = above / size[:, None], np.append(above[1:], 0.0) / size[:, None]
    gap = np.zeros(inside.shape)
    gap[which, place] = np.maximum(
        np.abs(observed[which, place] - at / norm), np.abs(beyond[which, place] - after / norm)
    )
    distance = gap.max(axis=1)
    best = int(np.argmin(distance))
    return _Tail(float(exponent[best]), float(x_min[best]), float(distance[best]))


def _exponents(x_min: np.ndarray, mean_log: np.ndarray) -> np.ndarray:
    """Solve d ln zeta(a, x_min)/da = -mean_log for a by Newton's method, for every x_min at once.

    The left side grows with a. Derivatives are central differences, whose error of 1e-7 is far below the
    statistical error of the exponent.
    """
    step = 1e-3
    exponent = 1 + 1 / np.maximum(mean_log - np.log(x_min - 0.5), 1e-3)  # as for a continuous law
    exponent = np.clip(exponent, 1.01, _STEEPEST)
    for _ in range(50):
        below, here, above = (np.log(special.zeta(exponent + shift, x_min)) for shift in (-step, 0.0, step))
        slope, curvature = (above - below) / (2 * step), (above - 2 * here + below) / step**2
        new = exponent - (slope + mean_log) / np.maximum(curvature, 1e-12)
        new = np.clip(new, (1 + exponent) / 2, np.minimum(2 * exponent, _STEEPEST))
        new = np.maximum(new, 1 + 2 * step)
        if np.allclose(new, exponent, rtol=0, atol=1e-9):
            break
        exponent = new
    return exponent


def _sampler(data: _Histogram, fit: _Tail, rng: np.random.Generator):
    """Return a function that draws the data anew: from the fit above x_min, from the data below."""
    below = data.values < fit.x_min
    body, total = data.counts[below], int(data.counts.sum())
    table = fit.x_min + np.arange(_TABLE + 1.0)
    survival = special.zeta(fit.exponent, table) / special.zeta(fit.exponent, fit.x_min)
    chance = np.append(-np.diff(survival), survival[-1])

    def draw() -> _Histogram:
        few = rng.binomial(total, body.sum() / total)
        counts = rng.multinomial(total - few, chance / chance.sum())
        far = (table[-1] - 0.5) * rng.random(counts[-1]) ** (-1 / (fit.exponent - 1))
        far_values, far_counts = np.unique(np.floor(np.minimum(far + 0.5, 2.0**53)), return_counts=True)
        low = rng.multinomial(few, body / body.sum()) if few else 0 * body
        return _Histogram(
            np.concatenate([data.values[below], table[:-1], far_values]),
            np.concatenate([low, counts[:-1], far_counts]),
        )

    return draw


def _compare(tail: _Histogram, fit: _Tail, other: np.ndarray) -> LikelihoodRatio:
    """Return Vuong's test of the fit against the log-probabilities of another distribution."""
    ours = -fit.exponent * np.log(tail.values) - np.log(special.zeta(fit.exponent, fit.x_min))
    size = tail.counts.sum()
    difference = ours - other
    mean = np.average(difference, weights=tail.counts)
    spread = np.sqrt(np.average((difference - mean) ** 2, weights=tail.counts))
    if spread == 0:
        return LikelihoodRatio(0.0, 1.0)
    ratio = float(np.sqrt(size) * mean / spread)
    return LikelihoodRatio(ratio, float(special.erfc(abs(ratio) / np.sqrt(2))))


def _log_exponential(tail: _Histogram) -> np.ndarray:
    """Return ln p(x) of p(x) ~ exp(-rate x), whose best rate has a closed form."""
    excess = tail.values - tail.values[0]
    rate = np.log1p(1 / np.average(excess, weights=tail.counts))
    return np.log(-np.expm1(-rate)) - rate * excess


def _log_lognormal(tail: _Histogram) -> np.ndarray:
    """Return ln p(x) of the best lognormal distribution, rounded to whole numbers and cut at x_min."""
    edges = np.log(np.stack([tail.values - 0.5, tail.values + 0.5]))
    cut = np.log(tail.values[0] - 0.5)

    def log_probability(parameters):
        centre, width = parameters[0], np.exp(parameters[1])
        low, high = special.log_ndtr(-(edges - centre) / width)
        with np.errstate(divide="ignore"):  # ln 0, where both ends lie so far out that they agree
            inside = low + np.log(-np.expm1(np.minimum(high - low, 0.0)))
        return inside - special.log_ndtr(-(cut - centre) / width)

    def cost(parameters):
        found = log_probability(parameters)
        return -np.average(found, weights=tail.counts) if np.all(np.isfinite(found)) else 1e10

    logs = np.log(tail.values)
    centre = np.average(logs, weights=tail.counts)
    width = max(np.sqrt(np.average((logs - centre) ** 2, weights=tail.counts)), 0.1)
    found = optimize.minimize(cost, [centre, np.log(width)], method="Nelder-Mead")
    return log_probability(found.x)
