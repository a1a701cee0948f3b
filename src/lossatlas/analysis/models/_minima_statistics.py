"""Comparisons between networks of different size: relative distances, widths per variable, errors."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractResult, AbstractRows
from lossatlas._checks import as_numbers, check_number, check_seed, check_whole

from ._distances import ParameterDistances


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Estimate(AbstractResult):
    """A number with its bootstrap error.

    - `value`: the number, in its own units.
    - `error`: standard deviation over the bootstrap draws, in the same units.
    """

    value: float
    error: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LogDeterminants(AbstractRows):
    """Widths of stationary points, from the spectra of their Hessians; the wider, the larger `entropy`.

    - `entropy`: -(1/dim) sum ln |eigenvalue| over the non-zero eigenvalues, shape (points,); dimensionless
        if the loss and the parameters are.
    - `zeros`: number of eigenvalues that count as zero and are left out, shape (points,).
    - `negative`: number of negative eigenvalues, which enter by their absolute values, shape (points,).
    """

    entropy: Float[np.ndarray, " points"]
    zeros: Int[np.ndarray, " points"]
    negative: Int[np.ndarray, " points"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TradeOff(AbstractResult):
    """The straight line entropy = a + slope * loss fitted to a set of minima; NaN where it is undefined.

    - `slope`: per loss unit; positive where lower minima are narrower.
    - `error`: standard error of the slope by least squares.
    - `bootstrap_error`: half the width of the central 68 % of the slopes of bootstrap draws over the
        minima. (Their standard deviation would be dominated by the few draws that repeat one minimum.)
    - `spearman`: Spearman rank correlation of loss and entropy, dimensionless.
    """

    slope: float
    error: float
    bootstrap_error: float
    spearman: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison(AbstractResult):
    """Summary of the differences between two settings over several data sets, in units of the differences.

    - `mean`, `error`: mean and its standard error (NaN for a single difference).
    - `median`: median, which a single outlier does not move.
    - `positive`, `count`: number of positive differences, and of those that are not zero.
    - `p_value`: p-value of the two-sided sign test, whose null hypothesis is that positive and negative
        differences are equally likely.
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
    """Divide distances by the norms of the two minima, so that networks of different size can be compared.

    r_ij = ||x_i - x_j|| / sqrt(||x_i||^2 + ||x_j||^2): 0 for the same point, 1 for orthogonal points, and
    sqrt(2) for opposite ones. For equal norms 1 - r_ij^2 is the overlap x_i . x_j / ||x||^2, which
    `clustering_bound` calls r.

    **Arguments:**

    - `distances`: what `parameter_distances` returns.
    - `x`: the same minima, shape (minima, dim), parameter units.

    **Returns:** `ParameterDistances`, dimensionless; 0 between two points at the origin.

    **Raises:** `ValueError` if the numbers of minima differ, or if `x` is not finite or not a matrix.
    """
    x = as_numbers("x", x)
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

    - `eigenvalues`: full spectra, shape (points, dim), loss units per squared parameter unit.
    - `zero`: an eigenvalue counts as zero, and is left out, up to this fraction of the largest absolute
        value of its spectrum; 0 to 1, 1 excluded.

    **Returns:** `LogDeterminants`.

    **Raises:** `ValueError` for another shape, eigenvalues that are not finite, a spectrum of zeros alone,
    or another `zero`.
    """
    if not 0 <= check_number("zero", zero) < 1:
        raise ValueError(f"`zero` must be at least 0 and below 1, got {zero}.")
    values = as_numbers("eigenvalues", eigenvalues)
    if values.ndim != 2 or not np.all(np.isfinite(values)):
        raise ValueError(f"`eigenvalues` must be finite, of shape (points, dim), got {values.shape}.")
    sizes = np.abs(values)
    limit = zero * sizes.max(axis=1, keepdims=True, initial=0.0)
    kept = sizes > limit
    if not np.all(kept.any(axis=1)):
        raise ValueError("`eigenvalues`: all those of one point are zero.")
    logarithms = np.log(np.where(kept, sizes, 1.0))
    negative = np.sum(kept & (values < 0), axis=1)
    return LogDeterminants(-logarithms.sum(axis=1) / values.shape[1], np.sum(~kept, axis=1), negative)


def mean_distance(
    distances: Float[np.ndarray, "minima minima"], *, draws: int = 1000, seed: int = 0
) -> Estimate:
    """Return the mean distance over pairs of minima, with a bootstrap error.

    Pairs that share a minimum are not independent. So the bootstrap draws minima with replacement: with
    minimum i drawn m_i times, the mean is sum_(i<j) m_i m_j d_ij / sum_(i<j) m_i m_j. Pairs of a minimum
    with its own copy are left out.

    **Arguments:**

    - `distances`: symmetric matrix, shape (minima, minima), any unit.
    - `draws`: number of bootstrap draws, at least 2.
    - `seed`: seed of the draws.

    **Returns:** `Estimate`, in the unit of `distances`; the value is NaN for fewer than two minima, the
    error for fewer than three.

    **Raises:** `ValueError` for a matrix that is not square, not symmetric, or holds numbers that are no
    distances, and for another `draws` or `seed`.
    """
    distances = _matrix_of_distances(distances)
    count = len(distances)
    times = _times(count, draws, seed)
    if count < 2:
        return Estimate(math.nan, math.nan)
    upper = np.triu(np.ones((count, count)), 1)
    pairs = np.einsum("di,ij,dj->d", times, upper, times)
    sums = np.einsum("di,ij,dj->d", times, upper * distances, times)
    several = pairs > 0  # False for a draw that holds only copies of one minimum
    value = float(np.sum(upper * distances) / upper.sum())
    return Estimate(value, _deviation(sums[several] / pairs[several]) if count > 2 else math.nan)


def trade_off(
    loss: Float[np.ndarray, " minima"],
    entropy: Float[np.ndarray, " minima"],
    *,
    draws: int = 1000,
    seed: int = 0,
) -> TradeOff:
    """Fit a straight line to the entropy of minima (-ln |det Hessian| per variable) against their loss.

    Each minimum should be given once. The fit needs at least three minima that do not all have one loss.

    **Arguments:**

    - `loss`: loss of each minimum, shape (minima,), loss units. Losses count as equal if they differ by at
        most 1e-9 of the largest absolute value.
    - `entropy`: entropy of each minimum, shape (minima,), see `log_determinants`.
    - `draws`: number of bootstrap draws, at least 2.
    - `seed`: seed of the draws.

    **Returns:** `TradeOff`; all its numbers are NaN if the fit is not defined.

    **Raises:** `ValueError` for other shapes, values that are not finite, and another `draws` or `seed`.
    """
    loss, entropy = as_numbers("loss", loss), as_numbers("entropy", entropy)
    if not (np.all(np.isfinite(loss)) and np.all(np.isfinite(entropy))):
        raise ValueError("`loss` and `entropy` must be finite.")
    if loss.ndim != 1 or loss.shape != entropy.shape:
        raise ValueError(
            f"`loss` and `entropy` must have one shape (minima,), got {loss.shape} and {entropy.shape}."
        )
    count = len(loss)
    times = _times(count, draws, seed)
    if count < 3 or np.ptp(loss) <= 1e-9 * np.abs(loss).max():
        return TradeOff(math.nan, math.nan, math.nan, math.nan)
    from scipy.stats import spearmanr  # imported here because the import takes half a second

    slope = float(_slopes(loss, entropy, np.ones((1, count)))[0])
    shifted = loss - loss.mean()
    left = entropy - entropy.mean() - slope * shifted
    error = math.sqrt(left @ left / (count - 2) / (shifted @ shifted))
    drawn = _slopes(loss, entropy, times)
    low, high = np.nanpercentile(drawn, [16, 84])
    level = np.ptp(entropy) == 0
    ranks = math.nan if level else float(spearmanr(loss, entropy).statistic)  # pyright: ignore
    return TradeOff(slope, error, float(high - low) / 2, ranks)


def compare(differences: Float[np.ndarray, " sets"]) -> Comparison:
    """Summarise differences over data sets: mean, standard error, median and sign test.

    **Arguments:**

    - `differences`: one per data set, shape (sets,), any unit; entries that are not finite are left out.

    **Returns:** `Comparison`.

    **Raises:** `ValueError` if no difference is finite.
    """
    known = as_numbers("differences", differences)
    known = known[np.isfinite(known)]
    if not len(known):
        raise ValueError("`differences` holds no finite number.")
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


def _matrix_of_distances(distances: ArrayLike) -> np.ndarray:
    """Return distances between points as a matrix; raises `ValueError` for numbers that are none."""
    matrix = as_numbers("distances", distances)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"`distances` must be a matrix of shape (minima, minima), got {matrix.shape}.")
    if not np.all((matrix >= 0) & (matrix < np.inf)):
        raise ValueError("`distances` must hold finite numbers that are not negative.")
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=1e-9 * matrix.max(initial=0.0)):
        raise ValueError("`distances` must be symmetric: that from i to j is that from j to i.")
    return matrix


def _slopes(loss: np.ndarray, entropy: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the least-squares slope of each draw, shape (draws,); NaN where all drawn losses are equal."""
    total = times.sum(axis=1, keepdims=True)
    x = loss - times @ loss[:, None] / total
    y = entropy - times @ entropy[:, None] / total
    spread = np.sum(times * x * x, axis=1)
    known = spread > 1e-18 * np.sum(times * loss**2, axis=1)
    return np.where(known, np.sum(times * x * y, axis=1) / np.where(known, spread, 1.0), np.nan)


def _times(count: int, draws: int, seed: int) -> np.ndarray:
    """Return how often each of `count` minima is drawn in each bootstrap draw, shape (draws, count)."""
    draws = check_whole("draws", draws, least=2)
    rng = np.random.default_rng(check_seed(seed))
    if count == 0:
        return np.zeros((draws, 0))
    return rng.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)


def _deviation(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
