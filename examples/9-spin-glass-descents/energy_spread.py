"""How energies that searches reach are spread, between draws of the landscape and within one."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaln

from lossatlas._abstract_result import AbstractResult


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class EnergySpread(AbstractResult):
    """Energies reached on several draws of a landscape, from several starts each; loss units.

    - `mean`, `mean_error`: over all starts, and its standard error.
    - `variance`, `variance_error`: of the energy of one start on one draw, `between` + `within`, and its
        standard error.
    - `between`: variance between draws of the mean of a draw, starts averaged out; by chance it can be
        negative. Not a number with one draw, or one start per draw.
    - `within`: mean variance between the starts of a draw. Not a number with one start per draw.
    - `best`: the lowest energy.
    - `draws`, `starts`: numbers of draws, and of starts together.

    Errors are not a number with one draw, that of the variance not with two.
    """

    mean: float
    mean_error: float
    variance: float
    variance_error: float
    between: float
    within: float
    best: float
    draws: int
    starts: int


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ExponentFit(AbstractResult):
    """The power y = factor * x^exponent, with standard errors.

    - `exponent`, `error`: dimensionless.
    - `factor`: y at x = 1, in the units of y.
    - `chi_squared`: per degree of freedom; not a number for two points.
    """

    exponent: float
    error: float
    factor: float
    chi_squared: float

    def __call__(self, x: Float[np.ndarray, " points"]) -> Float[np.ndarray, " points"]:
        """Return the power at `x`."""
        return self.factor * np.asarray(x, dtype=float) ** self.exponent


def energy_spread(energy: Float[np.ndarray, " starts"], draw: Int[np.ndarray, " starts"]) -> EnergySpread:
    """Split the variance of energies into a part between draws and a part within a draw.

    With n_d starts on draw d, N together on D draws, MSB and MSW the mean squares between and within:

        within = MSW,  between = (MSB - MSW) / n,  n = (N - sum n_d^2 / N) / (D - 1)

    With one start per draw the variance is that of the energies, and so it is with one draw. Standard
    errors are jackknifed over draws: starts on one draw are not independent of each other.

    **Arguments:**

    - `energy`: loss units, shape (starts,).
    - `draw`: on which each was reached, shape (starts,).

    **Raises:** `ValueError` for no energy, or one that is not finite.

    Source: Searle, Casella & McCulloch, Variance Components (1992), section 3.6.
    """
    energy, draw = np.asarray(energy, dtype=float), np.asarray(draw)
    if energy.ndim != 1 or energy.shape != draw.shape or not energy.size:
        raise ValueError(
            f"`energy` and `draw` must be one number per start each, got {energy.shape} and {draw.shape}."
        )
    if not np.all(np.isfinite(energy)):
        raise ValueError("`energy` holds values that are not finite.")
    _, number = np.unique(draw, return_inverse=True)
    groups = [energy[number == d] for d in range(number.max() + 1)]
    between, within = _components(groups)
    left_out = [groups[:d] + groups[d + 1 :] for d in range(len(groups))] if len(groups) > 1 else []
    variances = [_variance(part) for part in left_out] if len(groups) > 2 else []
    return EnergySpread(
        mean=float(energy.mean()),
        mean_error=_jackknife([float(np.concatenate(part).mean()) for part in left_out]),
        variance=_variance(groups),
        variance_error=_jackknife(variances),  # of one draw there is no variance between draws
        between=between if energy.size > len(groups) else math.nan,
        within=within,
        best=float(energy.min()),
        draws=len(groups),
        starts=energy.size,
    )


def _components(groups: list[np.ndarray]) -> tuple[float, float]:
    """Return the variances between and within groups."""
    sizes = np.array([len(group) for group in groups])
    total, count = int(sizes.sum()), len(groups)
    means = np.array([group.mean() for group in groups])
    squares = sum(float(np.sum((group - mean) ** 2)) for group, mean in zip(groups, means))
    within = squares / (total - count) if total > count else math.nan
    if count < 2:
        return math.nan, within
    mean_square = float(np.sum(sizes * (means - np.sum(sizes * means) / total) ** 2)) / (count - 1)
    if total == count:
        return mean_square, within
    size = (total - float(np.sum(sizes**2)) / total) / (count - 1)
    return (mean_square - within) / size, within


def _variance(groups: list[np.ndarray]) -> float:
    """Return the sum of the variances between and within groups, of those there are."""
    parts = [part for part in _components(groups) if not math.isnan(part)]
    return sum(parts) if parts else math.nan


def _jackknife(values: list[float]) -> float:
    """Return the standard error from the values with one draw left out each."""
    if len(values) < 2:
        return math.nan
    return math.sqrt((len(values) - 1) * float(np.var(values)))


def fit_exponent(
    x: Float[np.ndarray, " points"],
    y: Float[np.ndarray, " points"],
    error: Float[np.ndarray, " points"],
) -> ExponentFit:
    """Fit ln y = ln factor + exponent * ln x by least squares with the weights (y / error)^2.

    The standard error of the exponent comes from the weights; where the points scatter more than these
    say, chi^2 > 1 per degree of freedom, it is larger by the root of that.

    **Arguments:**

    - `x`, `y`: positive, shape (points,), at least two different x.
    - `error`: standard errors of y, positive.

    **Raises:** `ValueError` for anything else.
    """
    x, y, error = (np.asarray(values, dtype=float) for values in (x, y, error))
    if not x.shape == y.shape == error.shape == (x.size,) or len(np.unique(x)) < 2:
        raise ValueError(f"`x`, `y`, `error` must be of one length with two different x, got {x.tolist()}.")
    if not all(np.all(np.isfinite(values) & (values > 0)) for values in (x, y, error)):
        raise ValueError("`x`, `y` and `error` must be positive numbers.")
    weights, ln_x, ln_y = (y / error) ** 2, np.log(x), np.log(y)
    middle = np.average(ln_x, weights=weights), np.average(ln_y, weights=weights)
    squares = float(np.sum(weights * (ln_x - middle[0]) ** 2))
    slope = float(np.sum(weights * (ln_x - middle[0]) * (ln_y - middle[1]))) / squares
    offset = middle[1] - slope * middle[0]
    freedom = len(x) - 2
    residual = float(np.sum(weights * (ln_y - offset - slope * ln_x) ** 2))
    scatter = residual / freedom if freedom else math.nan
    inflation = math.sqrt(max(scatter, 1.0)) if freedom else 1.0
    return ExponentFit(
        exponent=slope,
        error=inflation / math.sqrt(squares),
        factor=math.exp(offset),
        chi_squared=scatter,
    )


def expected_best(energy: Float[np.ndarray, " starts"]) -> Float[np.ndarray, " starts"]:
    """Return the mean lowest energy of 1, 2, 3, ... of the starts, over all choices of them.

    With energies sorted, the lowest of q of S starts is the i-th (i = 1, 2, ...) in binom(S - i, q - 1) of
    binom(S, q) choices.

    **Arguments:**

    - `energy`: of independent starts, loss units, shape (starts,).
    """
    ordered = np.sort(np.asarray(energy, dtype=float))
    if ordered.ndim != 1 or not np.all(np.isfinite(ordered)):
        raise ValueError(f"`energy` must be finite, of shape (starts,), got {ordered.shape}.")
    count = len(ordered)
    place, chosen = np.arange(1, count + 1)[None, :], np.arange(1, count + 1)[:, None]
    possible = place <= count - chosen + 1
    rest = np.where(possible, count - place, chosen - 1)  # a stand-in where there is nothing to choose
    choose = lambda n, k: gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    weights = np.where(possible, np.exp(choose(rest, chosen - 1) - choose(count, chosen)), 0.0)
    return weights @ ordered
