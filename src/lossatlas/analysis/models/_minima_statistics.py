"""Networks of different size compared: distances over norms, widths per variable, and what is certain."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, Int

from lossatlas._abstract_result import AbstractResult, AbstractRows

from ._distances import ParameterDistances


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Estimate(AbstractResult):
    """A number, and the standard deviation of its bootstrap draws."""

    value: float
    error: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LogDeterminants(AbstractRows):
    """What spectra say of the width of points.

    - `entropy`: -(1/dim) sum ln |eigenvalue| over those that are not zero, shape (points,), dimensionless
        where the loss and the parameters are.
    - `zeros`: eigenvalues left out, shape (points,).
    - `negative`: eigenvalues below zero, which count by their absolute value, shape (points,).
    """

    entropy: Float[np.ndarray, " points"]
    zeros: Int[np.ndarray, " points"]
    negative: Int[np.ndarray, " points"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TradeOff(AbstractResult):
    """The straight line entropy = a + slope loss through a set of minima.

    - `slope`: per loss unit; positive where lower minima are narrower. NaN where all losses agree.
    - `error`: its standard error by least squares.
    - `bootstrap_error`: half the width of the central 68 % of its bootstrap draws over the minima (a
        standard deviation would be that of the few draws in which nearly all minima are one).
    - `spearman`: correlation of the ranks.
    """

    slope: float
    error: float
    bootstrap_error: float
    spearman: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison(AbstractResult):
    """Differences between paired settings, over several data sets.

    - `mean`, `error`: their mean and its standard error (NaN for one).
    - `median`: theirs, which one wild set does not move.
    - `positive`, `count`: how many are above zero, of how many.
    - `p_value`: two-sided sign test: how likely signs as unequal as these are if both are as likely.
    """

    mean: float
    error: float
    median: float
    positive: int
    count: int
    p_value: float


def relative_distances(
    distances: ParameterDistances, x: Float[np.ndarray, "minima dim"]
) -> ParameterDistances:
    """Divide distances by the norms of the two minima, so that networks of any size compare.

    r_ij = ||x_i - x_j|| / sqrt(||x_i||^2 + ||x_j||^2): 0 for the same point, 1 for points at right angles,
    sqrt(2) for opposite ones. For equal norms 1 - r^2 is the overlap x_i . x_j / ||x||^2, the r of
    `clustering_bound`.

    **Arguments:**

    - `distances`: of `parameter_distances`.
    - `x`: the same minima, shape (minima, dim), parameter units.

    **Returns:** distances, dimensionless; 0 between two points at the origin.

    **Raises:** `ValueError` if the numbers of minima differ.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or not np.all(np.isfinite(x)):
        raise ValueError(f"`x` must be finite, of shape (minima, dim), got {x.shape}.")
    squares = np.sum(x**2, axis=1)
    if distances.plain.shape != (len(squares),) * 2:
        raise ValueError(f"`x` has {len(squares)} minima, `distances` {len(distances.plain)}.")
    norms = np.sqrt(squares[:, None] + squares[None, :])
    norms = np.where(norms > 0, norms, 1.0)
    return ParameterDistances(distances.aligned / norms, distances.plain / norms, distances.exact)


def log_determinants(
    eigenvalues: Float[np.ndarray, "points dim"], *, zero: float = 1e-9
) -> LogDeterminants:
    """Compute -ln |det Hessian| per variable of every point, without the zero eigenvalues.

    **Arguments:**

    - `eigenvalues`: all of each point, shape (points, dim), loss units per squared parameter unit.
    - `zero`: |eigenvalue| over the largest one up to which it counts as zero, and is left out.

    **Raises:** `ValueError` for another shape, or a spectrum of zeros alone.
    """
    if not 0 <= zero < 1:
        raise ValueError(f"`zero` must be at least 0 and below 1, got {zero}.")
    values = np.asarray(eigenvalues, dtype=float)
    if values.ndim != 2 or not np.all(np.isfinite(values)):
        raise ValueError(f"`eigenvalues` must be finite, of shape (points, dim), got {values.shape}.")
    sizes = np.abs(values)
    limit = zero * sizes.max(axis=1, keepdims=True, initial=0.0)
    kept = sizes > limit
    if not np.all(kept.any(axis=1)):
        raise ValueError("`eigenvalues`: a point has none but zeros.")
    logarithms = np.log(np.where(kept, sizes, 1.0))
    negative = np.sum(kept & (values < 0), axis=1)
    return LogDeterminants(-logarithms.sum(axis=1) / values.shape[1], np.sum(~kept, axis=1), negative)


def mean_distance(
    distances: Float[np.ndarray, "minima minima"], *, draws: int = 1000, seed: int = 0
) -> Estimate:
    """Return the mean over pairs, with an error from drawing the minima again.

    Pairs share minima and are not independent, so whole minima are drawn with replacement, m_i times
    each: sum_(i<j) m_i m_j d_ij / sum_(i<j) m_i m_j. Pairs of a minimum with its own copy do not count.

    **Arguments:**

    - `distances`: symmetric, shape (minima, minima).
    - `draws`, `seed`: of the bootstrap.

    **Returns:** NaN for fewer than two minima; the error is NaN for fewer than three.
    """
    count = len(distances)
    upper = np.triu(np.ones((count, count)), 1)
    if count < 2:
        return Estimate(math.nan, math.nan)
    times = _times(count, draws, seed)
    pairs = np.einsum("di,ij,dj->d", times, upper, times)
    sums = np.einsum("di,ij,dj->d", times, upper * distances, times)
    several = pairs > 0  # else one minimum was drawn every time
    value = float(np.sum(upper * distances) / upper.sum())
    return Estimate(value, _deviation(sums[several] / pairs[several]) if count > 2 else math.nan)


def trade_off(
    loss: Float[np.ndarray, " minima"],
    entropy: Float[np.ndarray, " minima"],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> TradeOff:
    """Fit how the entropy of minima, -ln |det Hessian|, goes with their loss.

    Each minimum should be given once. With fewer than three, or one loss, nothing is defined.

    **Arguments:**

    - `loss`: shape (minima,), loss units; differences below 1e-9 of the largest count as none.
    - `entropy`: shape (minima,), see `log_determinants`.
    - `draws`, `seed`: of the bootstrap over minima.

    **Raises:** `ValueError` for other shapes.
    """
    loss, entropy = np.asarray(loss, dtype=float), np.asarray(entropy, dtype=float)
    if not (np.all(np.isfinite(loss)) and np.all(np.isfinite(entropy))):
        raise ValueError("`loss` and `entropy` must be finite.")
    if loss.ndim != 1 or loss.shape != entropy.shape:
        raise ValueError(
            f"`loss` and `entropy` must have one shape (minima,), got {loss.shape} and {entropy.shape}."
        )
    count = len(loss)
    if count < 3 or np.ptp(loss) <= 1e-9 * np.abs(loss).max():
        return TradeOff(math.nan, math.nan, math.nan, math.nan)
    from scipy.stats import spearmanr  # half a second, which nothing else here needs

    slope = float(_slopes(loss, entropy, np.ones((1, count)))[0])
    shifted = loss - loss.mean()
    left = entropy - entropy.mean() - slope * shifted
    error = math.sqrt(left @ left / (count - 2) / (shifted @ shifted))
    drawn = _slopes(loss, entropy, _times(count, draws, seed))
    low, high = np.nanpercentile(drawn, [16, 84])
    level = np.ptp(entropy) == 0
    ranks = math.nan if level else float(spearmanr(loss, entropy).statistic)  # pyright: ignore
    return TradeOff(slope, error, float(high - low) / 2, ranks)


def compare(differences: Float[np.ndarray, " sets"]) -> Comparison:
    """Summarise differences over data sets: mean, standard error, median and sign test.

    Differences that are NaN, of sets where a number is not defined, are left out.

    **Raises:** `ValueError` if none is left.
    """
    known = np.asarray(differences, dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        raise ValueError("`differences` holds no number that is finite.")
    signed = known[known != 0]
    positive, count = int(np.sum(signed > 0)), len(signed)
    fewer = min(positive, count - positive)
    tail = sum(math.comb(count, k) for k in range(fewer + 1)) / 2**count
    return Comparison(
        mean=float(known.mean()),
        error=_deviation(known) / math.sqrt(len(known)),
        median=float(np.median(known)),
        positive=positive,
        count=count,
        p_value=min(1.0, 2 * tail),
    )


def _slopes(loss: np.ndarray, entropy: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the least-squares slope of each draw, shape (draws,); NaN where one loss was drawn."""
    total = times.sum(axis=1, keepdims=True)
    x = loss - times @ loss[:, None] / total
    y = entropy - times @ entropy[:, None] / total
    spread = np.sum(times * x * x, axis=1)
    known = spread > 1e-18 * np.sum(times * loss**2, axis=1)
    return np.where(known, np.sum(times * x * y, axis=1) / np.where(known, spread, 1.0), np.nan)


def _times(count: int, draws: int, seed: int) -> np.ndarray:
    """Return how often each of `count` is drawn, shape (draws, count)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
