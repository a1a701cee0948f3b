"""Gradient sampling: descent on piecewise smooth losses, with gradients from a shrinking sphere."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.optimize import nnls

from lossatlas._types import Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches.curvature import spectrum


FIRST, LAST, SHRINK = 1e-2, 1e-6, 0.1  # first and last radius of the sphere, in length scales; factor
MOST_STEPS = 80
MOST_PAIRS = 64  # pairs of opposite samples, at most
LONGEST = 10.0  # longest step, in radii of the sphere
LENGTHS = 0.5 ** np.arange(-1, 9)  # lengths of the steps that are tried, relative to the model's step
SMALL = 1e-3  # length of the shortest convex combination of gradients, relative to the longest gradient
SOFTEST = 1e-6  # number added to curvatures, relative to the largest one plus slope over length scale


class Settled(NamedTuple):
    """The ends of gradient sampling.

    - `x`: shape (points, dim), dimensionless.
    - `stationary`: whether no direction led downhill on the smallest sphere, shape (points,).
    - `gradients`: gradients spent, shape (points,).
    """

    x: Float[np.ndarray, "points dim"]
    stationary: Bool[np.ndarray, " points"]
    gradients: Int[np.ndarray, " points"]


def sample_gradients(
    landscape: AbstractLandscape, x: Float[np.ndarray, "points dim"], workers: int | None
) -> Settled:
    """Go downhill from every point until no direction is downhill within 1e-6 length scales.

    The shortest convex combination g of the sampled gradients gives the direction of descent -|H|^-1 g,
    where H is the Hessian and |H|^-1 is also the metric for the length of g. Where g vanishes, the sphere
    shrinks.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `x`: starts, shape (points, dim), dimensionless.
    - `workers`: threads; None for one per core.

    Source: Burke, Lewis & Overton, SIAM J. Optim. 15, 751 (2005), doi:10.1137/030601296; the metric and the
    opposite samples are ours.
    """
    x, scale = x.copy(), landscape.length_scale
    radius = np.full(len(x), FIRST * scale)
    stationary, lost = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    spent = np.zeros(len(x), dtype=int)
    for turn in range(MOST_STEPS):
        rows = np.flatnonzero(~stationary & ~lost)
        if not len(rows):
            break
        around = x[rows, None] + radius[rows, None, None] * sphere(x.shape[1], turn)
        energy, gradients = evaluated(landscape, around, workers)
        metrics = run_batch(_metric, landscape, x[rows], workers=workers)
        found = [_step(*row) for row in zip(gradients, metrics, radius[rows])]
        steps, small = np.array([step for step, _ in found]), np.array([flag for _, flag in found])
        trial = x[rows, None] + LENGTHS[None, :, None] * steps[:, None]
        heights, _ = evaluated(landscape, trial, workers)
        best = np.argmin(np.where(np.isfinite(heights), heights, np.inf), axis=1)
        here = np.arange(len(rows))
        falls = heights[here, best] < energy[:, -1]
        x[rows[falls]] = trial[here[falls], best[falls]]
        settled, last = small | ~falls, radius[rows] <= LAST * scale
        stationary[rows], lost[rows] = settled & last, ~np.isfinite(energy[:, -1])
        radius[rows] = np.where(settled & ~last, SHRINK * radius[rows], radius[rows])
        spent[rows] += around.shape[1] + trial.shape[1] + 10  # a Hessian counts ten
    return Settled(x, stationary & ~lost, spent)


def sphere(dim: int, turn: int) -> Float[np.ndarray, "samples dim"]:
    """Return random unit vectors in opposite pairs, different in every turn, and zero as the last row."""
    half = np.random.default_rng(turn).standard_normal((min(dim, MOST_PAIRS) + 8, dim))
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    return np.concatenate([half, -half, np.zeros((1, dim))])


def evaluated(
    landscape: AbstractLandscape, x: Float[np.ndarray, "points samples dim"], workers: int | None
) -> tuple[Float[np.ndarray, "points samples"], Float[np.ndarray, "points samples dim"]]:
    """Return energies and gradients at points, shape (points, samples, dim)."""
    energy, gradient = run_batch(_slope, landscape, x.reshape(-1, x.shape[-1]), workers=workers)
    return energy.reshape(x.shape[:-1]), gradient.reshape(x.shape)


def shortest(gradients: Float[np.ndarray, "samples dim"]) -> Float[np.ndarray, " samples"]:
    """Return the weights of the shortest convex combination, by non-negative least squares."""
    size = max(float(np.linalg.norm(gradients, axis=1).max()), 1e-300)
    system = np.vstack([gradients.T / size, np.ones(len(gradients))])
    weights, _ = nnls(system, np.append(np.zeros(gradients.shape[1]), 1.0), maxiter=20 * len(gradients))
    return weights / weights.sum()


def _step(
    gradients: Float[np.ndarray, "samples dim"], metric: Float[np.ndarray, "dim modes"], radius: float
) -> tuple[Float[np.ndarray, " dim"], bool]:
    """Return the step -W W^T g for the combination g with the shortest W^T g, and whether it is small.

    W is the metric, see `_metric`.
    """
    longest = np.linalg.norm(gradients, axis=1).max()
    if not np.all(np.isfinite(gradients)) or longest == 0:
        return np.zeros(gradients.shape[1]), True
    weights = shortest(gradients @ metric)
    combined = weights @ gradients
    step = -metric @ (metric.T @ combined)
    length = np.linalg.norm(step)
    small = bool(np.linalg.norm(combined) <= SMALL * longest or length <= 0.1 * radius)
    return step * min(1.0, LONGEST * radius / max(length, 1e-300)), small


def _slope(landscape: AbstractLandscape, x: Point) -> tuple[Scalar, Point]:
    return landscape.value_and_gradient(x)


def _metric(landscape: AbstractLandscape, x: Point) -> Float[Array, "dim modes"]:
    """Return W with W W^T the inverse of |Hessian|, made safe where curvatures vanish."""
    values, vectors = spectrum(landscape, x)
    steepness = jnp.linalg.norm(landscape.value_and_gradient(x)[1]) / landscape.length_scale
    safe = jnp.abs(values) + SOFTEST * (jnp.max(jnp.abs(values)) + steepness) + 1e-300
    safe = jnp.where(jnp.isfinite(safe), safe, 1.0)
    return vectors / jnp.sqrt(safe)[None, :]
