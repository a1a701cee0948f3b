"""Minima on kinks: found by sampled gradients, settled by Newton steps, tested by descents."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints

from ._gradient_sampling import sample_gradients
from ._kink_newton import FLAT, settle_on_kinks
from ._lbfgs import LBFGS
from ._quasi_newton import QuasiNewton


SMALL = 1e-7  # length of the shortest convex combination, relative to the longest gradient
ROUNDING = 1e-10  # the same, relative to the largest curvature over a length scale
ESCAPES = (1e-4, 3e-3)  # distances at which descents begin that try to leave a minimum, in length scales
ESCAPE_GRADIENTS = 100  # gradients of such a descent
LOWER = 1e-9  # how much lower they must get to refute a minimum, relative to max(1, |E|)
ROUNDS = 3  # of going on downhill from what was no minimum


def minimise_on_kinks(
    landscape: AbstractLandscape,
    x: Float[np.ndarray, "points dim"],
    *,
    workers: int | None = None,
) -> StationaryPoints:
    """Go downhill from points near kinks to minima on kinks.

    Sampled gradients lead to the kink (`sample_gradients`), Newton steps to the point on it where a convex
    combination of the gradients of its pieces vanishes (`settle_on_kinks`): it is stationary in the sense
    of Clarke. It counts as a minimum if no curvature along the kink is zero and no descent from points near
    by, along dense and sparse random directions and along single variables, gets below it. Where one does,
    the search goes on from its end.

    **Returns:** one row per point: the outcome is `kink_minimum` for minima, `kink` for Clarke points that
    are none, `degenerate` where a curvature along the kink is zero, `max_steps` where the search did not
    settle. `rms_gradient` is that of the convex combination, `lowest` and `second` are curvatures along the
    kink; the log-product is NaN.
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
    """Return Clarke points with the outcome `kink`, and others with `degenerate` or `max_steps`."""
    near = sample_gradients(landscape, x, workers)
    end = settle_on_kinks(landscape, near.x, workers)
    energy = run_batch(_energy, landscape, end.x, workers=workers)
    count, dim = x.shape
    small = SMALL * end.steepest + ROUNDING * end.largest * landscape.length_scale
    clarke = near.stationary & end.converged & np.isfinite(energy) & (end.residual <= small)
    flat = np.minimum(np.abs(end.lowest), np.abs(end.second)) <= FLAT * end.largest
    flat &= near.stationary & np.isfinite(energy)  # Newton's method need not converge there
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
        direction=np.zeros_like(x),
        outcome=np.where(flat, int(RESULTS.degenerate), outcome),
        gradients=near.gradients,
        hessians=nothing,
    )


def _escape(
    landscape: AbstractLandscape, points: StationaryPoints, workers: int | None
) -> tuple[Float[np.ndarray, "points dim"], Bool[np.ndarray, " points"]]:
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
    end = run_batch(QuasiNewton(LBFGS(10), 1e-12, ESCAPE_GRADIENTS), landscape, starts, workers=workers)
    heights = np.where(np.isfinite(end.energy), end.energy, np.inf).reshape(len(points), -1)
    best, here = heights.argmin(axis=1), np.arange(len(points))
    allowed = points.energy - LOWER * np.maximum(1.0, np.abs(points.energy))
    return end.x.reshape(len(points), -1, dim)[here, best], heights[here, best] < allowed


def _energy(landscape: AbstractLandscape, x):
    return landscape.value_and_gradient(x)[0]
