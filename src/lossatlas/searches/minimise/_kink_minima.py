"""Minima on kinks: gradients of the pieces around a point, and descents that try to leave it."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import nnls

from lossatlas._results import RESULTS
from lossatlas._types import Matrix, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.curvature import spectrum

from ._lbfgs import LBFGS
from ._quasi_newton import Descent


FIRST, LAST, SHRINK = 1e-2, 1e-10, 0.1  # radius of the sphere in which gradients are sampled, length scales
MOST_STEPS = 120
MOST_PAIRS = 64  # of opposite samples
LONGEST = 10.0  # step, in radii
LENGTHS = 0.5 ** np.arange(-1, 9)  # of the steps that are tried, relative to the model's
SMALL = 1e-3  # length of the shortest convex combination of gradients, relative to the longest gradient
SETTLED = 1e-5  # the same at the last radius
ESCAPES = (1e-3, 3e-2)  # distances at which descents begin that try to leave a minimum, in length scales
ESCAPE_STEPS = 100  # gradients of such a descent
LOWER = 1e-9  # how much lower they must get to refute a minimum, relative to max(1, |E|)
SOFTEST = 1e-6  # curvature of the metric, relative to the largest one and to the slope over a length scale
ROUNDS = 3  # of going on downhill from what was no minimum


def minimise_on_kinks(
    landscape: AbstractLandscape,
    x: Float[np.ndarray, "points dim"],
    *,
    workers: int | None = None,
) -> StationaryPoints:
    """Go downhill from points near kinks to minima on kinks.

    From each point gradients are sampled on a sphere around it, on all pieces that meet there. The shortest
    convex combination of them, measured by the absolute curvatures, is a direction of descent; where it
    vanishes, the sphere shrinks, down to 1e-10 length scales. Such a point is stationary in the sense of
    Clarke. It counts as a minimum if no descent from random points near by, along dense and sparse
    directions and along single variables, gets below it; else the search goes on from the lowest end.

    **Returns:** one row per point: the outcome is `kink_minimum` for minima, `kink` for Clarke points that
    are none, `max_steps` where the search did not settle. `rms_gradient` is that of the shortest convex
    combination; eigenvalues and the log-product are NaN.

    Source: Burke, Lewis & Overton, SIAM J. Optim. 15, 751 (2005), doi:10.1137/030601296 (the sampling of
    gradients); the metric, the antithetic samples and the test by descents are ours.
    """
    found = _settle(landscape, x, workers)
    for _ in range(ROUNDS):
        open_ = np.flatnonzero(found.outcome == RESULTS.kink)
        if not len(open_):
            break
        lower, is_lower = _escape(landscape, found[open_], workers)
        outcome = found.outcome.copy()
        outcome[open_[~is_lower]] = RESULTS.kink_minimum
        found = dataclasses.replace(found, outcome=outcome)
        again = open_[is_lower]
        if len(again):
            spent = found.gradients[again]
            following = _settle(landscape, lower[is_lower], workers).after(spent, 0)
            order = np.arange(len(found))
            order[again] = len(found) + np.arange(len(again))
            found = StationaryPoints.concatenate([found, following])[order]
    return found


def _settle(landscape: AbstractLandscape, x: np.ndarray, workers: int | None) -> StationaryPoints:
    """Return Clarke stationary points (outcome `kink`), or where the search stopped (`max_steps`)."""
    x, scale = x.copy(), landscape.length_scale
    dim, rng = x.shape[1], np.random.default_rng(0)
    radius = np.full(len(x), FIRST * scale)
    residual, done = np.full(len(x), np.inf), np.zeros(len(x), dtype=bool)
    spent = np.zeros(len(x), dtype=int)
    half = rng.standard_normal((MOST_STEPS, min(dim, MOST_PAIRS) + 8, dim))
    for turn in range(MOST_STEPS):
        rows = np.flatnonzero(~done)
        if not len(rows):
            break
        directions = np.concatenate([half[turn], -half[turn], np.zeros((1, dim))])
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-300)
        around = x[rows, None] + radius[rows, None, None] * directions
        energy, gradients = _evaluated(landscape, around, workers)
        metrics = run_batch(_metric, landscape, x[rows], workers=workers)
        steps, lengths, stationary = zip(
            *(_step(g, m, r) for g, m, r in zip(gradients, metrics, radius[rows]))
        )
        trial = x[rows, None] + LENGTHS[None, :, None] * np.array(steps)[:, None]
        heights, _ = _evaluated(landscape, trial, workers)
        best = np.argmin(np.where(np.isfinite(heights), heights, np.inf), axis=1)
        here = np.arange(len(rows))
        falls = heights[here, best] < energy[:, -1]
        residual[rows] = np.array(lengths)
        settled = np.array(stationary) | ~falls
        x[rows[falls]] = trial[here[falls], best[falls]]
        last = radius[rows] <= LAST * scale
        done[rows] = (last & settled) | ~np.isfinite(energy[:, -1])
        radius[rows] = np.where(settled & ~last, SHRINK * radius[rows], radius[rows])
        spent[rows] += around.shape[1] + trial.shape[1] + 10
    return _record(landscape, x, residual, done, spent, workers)


def _record(landscape, x, residual, done, spent, workers) -> StationaryPoints:
    count = len(x)
    energy, gradients = _evaluated(landscape, x[:, None], workers)
    steepest = _steepest(landscape, x, workers)
    clarke = done & (residual <= SETTLED * steepest[0] + 10 * LAST * landscape.length_scale * steepest[1])
    clarke &= np.isfinite(energy[:, 0])
    unknown = np.full(count, np.nan)
    return StationaryPoints(
        x=x,
        energy=energy[:, 0],
        rms_gradient=residual / np.sqrt(x.shape[1]),
        index=np.zeros(count, dtype=int),
        zeros=np.zeros(count, dtype=int),
        lowest=unknown,
        second=unknown,
        curvatures=np.zeros(count, dtype=int),
        log_product=unknown,
        direction=np.zeros_like(x),
        outcome=np.where(clarke, int(RESULTS.kink), int(RESULTS.max_steps)),
        gradients=spent,
        hessians=np.zeros(count, dtype=int),
    )


def _steepest(landscape, x, workers) -> tuple[np.ndarray, np.ndarray]:
    """Return the longest gradient next to each point, and the largest curvature there."""
    rng = np.random.default_rng(1)
    directions = rng.standard_normal((16, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions = np.concatenate([directions, -directions])
    _, gradients = _evaluated(landscape, x[:, None] + LAST * landscape.length_scale * directions, workers)
    curvatures = run_batch(_largest_curvature, landscape, x, workers=workers)
    return np.linalg.norm(gradients, axis=2).max(axis=1), curvatures


def _step(
    gradients: Float[np.ndarray, "samples dim"], metric: Float[np.ndarray, "dim modes"], radius: float
) -> tuple[np.ndarray, float, bool]:
    """Return the step, the length of the shortest convex combination, and whether it is small.

    The combination g is the shortest by the length of W^T g, found by non-negative least squares.
    """
    longest = np.linalg.norm(gradients, axis=1).max()
    if not np.all(np.isfinite(gradients)) or longest == 0:
        return np.zeros(gradients.shape[1]), float(longest), True
    scaled = metric.T @ gradients.T
    size = np.linalg.norm(scaled, axis=0).max()
    system = np.vstack([scaled / size, np.ones(len(gradients))])
    weights, _ = nnls(system, np.append(np.zeros(len(scaled)), 1.0), maxiter=20 * len(gradients))
    weights /= weights.sum()
    combined = weights @ gradients
    step = -metric @ (scaled @ weights)
    length = np.linalg.norm(step)
    step *= min(1.0, LONGEST * radius / max(length, 1e-300))
    norm = float(np.linalg.norm(combined))
    return step, norm, norm <= SMALL * longest or length <= 0.1 * radius


def _escape(
    landscape: AbstractLandscape, points: StationaryPoints, workers: int | None
) -> tuple[np.ndarray, Bool[np.ndarray, " points"]]:
    """Return where descents from near each point end lowest, and whether that is below the point."""
    dim, rng = points.x.shape[1], np.random.default_rng(2)
    dense = rng.standard_normal((8, dim))
    sparse = np.where(rng.random((8, dim)) < max(2.0 / dim, 0.2), rng.standard_normal((8, dim)), 0.0)
    single = np.eye(dim)[rng.permutation(dim)[:32]]
    directions = np.concatenate([dense, sparse[np.any(sparse != 0, axis=1)], single])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions = np.concatenate([directions, -directions])
    moves = np.concatenate([size * landscape.length_scale * directions for size in ESCAPES])
    starts = (points.x[:, None] + moves).reshape(-1, dim)
    search = Descent(LBFGS(10), 1e-12, ESCAPE_STEPS)
    end = run_batch(search, landscape, starts, workers=workers)
    heights = np.where(np.isfinite(end["energy"]), end["energy"], np.inf).reshape(len(points), -1)
    best = heights.argmin(axis=1)
    here = np.arange(len(points))
    allowed = points.energy - LOWER * np.maximum(1.0, np.abs(points.energy))
    return end["x"].reshape(len(points), -1, dim)[here, best], heights[here, best] < allowed


def _evaluated(landscape: AbstractLandscape, x: np.ndarray, workers: int | None) -> tuple[np.ndarray, ...]:
    """Return energies, shape (points, samples), and gradients, shape (points, samples, dim)."""
    energy, gradient = run_batch(_slope, landscape, x.reshape(-1, x.shape[-1]), workers=workers)
    return energy.reshape(x.shape[:-1]), gradient.reshape(x.shape)


def _slope(landscape: AbstractLandscape, x: Point) -> tuple[Scalar, Point]:
    return landscape.value_and_gradient(x)


def _metric(landscape: AbstractLandscape, x: Point) -> Matrix:
    """Return W with W W^T the inverse of |Hessian|, made safe where curvatures vanish."""
    values, vectors = spectrum(landscape, x)
    steepness = jnp.linalg.norm(landscape.value_and_gradient(x)[1]) / landscape.length_scale
    safe = jnp.abs(values) + SOFTEST * (jnp.max(jnp.abs(values)) + steepness) + 1e-300
    safe = jnp.where(jnp.isfinite(safe), safe, 1.0)
    return vectors / jnp.sqrt(safe)[None, :]


def _largest_curvature(landscape: AbstractLandscape, x: Point) -> Scalar:
    return jnp.max(jnp.abs(spectrum(landscape, x)[0]))
