"""Minima on kinks: found by gradient sampling, refined by Newton steps, tested by descents."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._results import RESULTS
from lossatlas._types import Images, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.curvature import across_switches

from ._gradient_sampling import sample_gradients
from ._kink_newton import FLAT, settle_on_kinks
from ._lbfgs import LBFGS
from ._quasi_newton import QuasiNewton


# Largest length of the shortest convex combination of gradients at a Clarke point: SMALL times the longest
# gradient, plus ROUNDING times the largest curvature times the length scale.
SMALL = 1e-7
ROUNDING = 1e-10
ESCAPES = (1e-4, 3e-3)  # distances from a point at which descents that test it begin, in length scales
WITHIN = 1e-5  # largest distance between a point and a kink that it lies on, in length scales
ESCAPE_GRADIENTS = 100  # gradients of such a descent
LOWER = 1e-9  # energy by which such a descent must get below the point, relative to max(1, |E|)
ROUNDS = 3  # how often a search goes on from the end of such a descent


def minimise_on_kinks(
    landscape: AbstractLandscape,
    x: Float[np.ndarray, "points dim"],
    *,
    workers: int | None = None,
) -> StationaryPoints:
    """Go downhill from points near kinks to minima on kinks.

    Gradient sampling leads to a kink (`sample_gradients`). Newton steps then lead to the point on the kink
    where a convex combination of the gradients of its smooth pieces vanishes (`settle_on_kinks`); such a
    Clarke point is stationary in the sense of Clarke. It counts as a minimum if no curvature along the kink
    is zero and no descent from nearby points gets below it; these points are displaced along dense and
    sparse random directions, along single variables and across the kinks (`across_switches`). If a descent
    gets lower, the search goes on from its end.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `x`: points near kinks, shape (points, dim), dimensionless.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per point. The outcome is `kink_minimum` for minima, `kink` for
    other Clarke points, `degenerate` where a curvature along the kink is zero, and `max_steps` where the
    search did not converge. `rms_gradient` is the rms of the convex combination, `lowest` and `second` are
    curvatures along the kink, and the log-product is NaN.
    """
    found = _settled(landscape, x, workers)
    for _ in range(ROUNDS):
        open_ = np.flatnonzero(found.outcome == RESULTS.kink)
        if not len(open_):
            break
        lower, is_lower = _escape(landscape, found.rows(open_), workers)
        outcome = found.outcome.copy()
        outcome[open_[~is_lower]] = RESULTS.kink_minimum
        found = dataclasses.replace(found, outcome=outcome)
        again = open_[is_lower]
        if len(again):
            following = _settled(landscape, lower[is_lower], workers).after(found.gradients[again], 0)
            found = found.replaced(again, following)
    return found


def _settled(landscape: AbstractLandscape, x: np.ndarray, workers: int | None) -> StationaryPoints:
    """Return the ends of the searches: Clarke points have the outcome `kink`, others another one."""
    near = sample_gradients(landscape, x, workers)
    end = settle_on_kinks(landscape, near.x, workers)
    energy = run_batch(_energy, landscape, end.x, workers=workers)
    count, dim = x.shape
    small = SMALL * end.steepest + ROUNDING * end.largest * landscape.length_scale
    clarke = near.stationary & end.converged & np.isfinite(energy) & (end.residual <= small)
    flat = np.minimum(np.abs(end.lowest), np.abs(end.second)) <= FLAT * end.largest
    flat &= near.stationary & np.isfinite(energy)  # Newton's method need not converge at a flat point
    outcome = np.where(clarke, int(RESULTS.kink), int(RESULTS.max_steps))
    nothing = np.zeros(count, dtype=int)
    return StationaryPoints(
        x=end.x,
        energy=energy,
        rms_gradient=end.residual / np.sqrt(dim),
        index=nothing,
        zeros=flat.astype(int),
        lowest=end.lowest,
        second=end.second,
        curvatures=nothing,
        log_product=np.full(count, np.nan),
        held=nothing,
        log_slopes=np.zeros(count),
        direction=np.zeros_like(x),
        outcome=np.where(flat, int(RESULTS.degenerate), outcome),
        gradients=near.gradients,
        hessians=nothing,
    )


def _escape(
    landscape: AbstractLandscape, points: StationaryPoints, workers: int | None
) -> tuple[Float[np.ndarray, "points dim"], Bool[np.ndarray, " points"]]:
    """Return the lowest point of the descents from near each point, and whether it is below the point."""
    dim, rng = points.x.shape[1], np.random.default_rng(2)
    dense = rng.standard_normal((8, dim))
    sparse = np.where(rng.random((8, dim)) < max(2.0 / dim, 0.2), rng.standard_normal((8, dim)), 0.0)
    single = np.eye(dim)[rng.permutation(dim)[:32]]
    directions = np.concatenate([dense, sparse[np.any(sparse != 0, axis=1)], single])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    across = run_batch(_across, landscape, points.x, workers=workers)
    directions = np.concatenate(
        [np.broadcast_to(directions, (len(points), *directions.shape)), across], axis=1
    )
    moves = [side * size * landscape.length_scale * directions for size in ESCAPES for side in (1, -1)]
    starts = (points.x[:, None] + np.concatenate(moves, axis=1)).reshape(-1, dim)
    end = run_batch(QuasiNewton(LBFGS(10), 1e-12, ESCAPE_GRADIENTS), landscape, starts, workers=workers)
    # A descent may climb on a kink that is too sharp for it, so its start counts as well as its end.
    tried = np.concatenate([starts, end.x]).reshape(2, len(points), -1, dim)
    heights = np.concatenate([run_batch(_energy, landscape, starts, workers=workers), end.energy])
    heights = np.where(np.isfinite(heights), heights, np.inf).reshape(tried.shape[:-1])
    tried, heights = np.concatenate(tried, axis=1), np.concatenate(heights, axis=1)
    best, here = heights.argmin(axis=1), np.arange(len(points))
    allowed = points.energy - LOWER * np.maximum(1.0, np.abs(points.energy))
    return tried[here, best], heights[here, best] < allowed


def _across(landscape: AbstractLandscape, x: Point) -> Images:
    vectors = across_switches(landscape, x, WITHIN)
    return vectors / (jnp.linalg.norm(vectors, axis=1, keepdims=True) + 1e-300)


def _energy(landscape: AbstractLandscape, x):
    return landscape.value_and_gradient(x)[0]
