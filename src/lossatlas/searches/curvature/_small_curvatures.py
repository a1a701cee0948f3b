"""Tell small curvatures from zero ones, by differences of gradients and by the bend of the curvature."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas._types import Eigenvalues, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import plain_code, run_batch
from lossatlas.searches._records import StationaryPoints

from ._spectrum import spectrum, zero_tolerance


ROUNDING = 1e-13  # error of an eigenvalue, relative to the largest one: 500 units of rounding
DISTANCES = (3e-2, 1e-2, 1e-3)  # distances at which gradients are compared, in length scales
CLOSE = 1e-3  # length of the Newton step that may be left at a stationary point, in length scales
AGREEMENT = 0.1  # largest relative difference of a curvature from differences and the eigenvalue
FOLDING = 1e-4  # largest curvature that is tested for a fold, dimensionless
FOLD_NOISE = 8 * 2.2e-16  # error of a gradient, relative to curvature times distance from the origin


def resolve_small_curvatures(
    landscape: AbstractLandscape,
    points: StationaryPoints,
    orders: np.ndarray,
    newton: int,
    workers: int | None,
) -> StationaryPoints:
    """Return the points, where degenerate ones get an index if their small curvatures are confirmed.

    An eigenvalue below 1e-9 of the largest one counts as zero at first, because a flat or quartic direction
    can have such an eigenvalue. It is confirmed as a curvature if it is above rounding and differences of
    gradients over three distances on both sides agree with it. (A straight line fitted to calendar years
    has such a small curvature.)

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `points`: stationary points, some with the outcome `degenerate`.
    - `orders`: index wanted of each point, or `newton` for any, shape (points,).
    - `newton`: the order that stands for any index.
    - `workers`: threads; None for one per core.
    """
    rows = np.flatnonzero(points.outcome == RESULTS.degenerate)
    if not len(rows):
        return points
    found = run_batch(_recounted, landscape, points.x[rows], workers=workers)
    sure = found["zeros"] == 0
    rows = rows[sure]
    columns = {name: getattr(points, name).copy() for name in found}
    for name, column in columns.items():
        column[rows] = found[name][sure]
    wanted = (orders[rows] == newton) | (columns["index"][rows] == orders[rows])
    outcome = points.outcome.copy()
    outcome[rows] = np.where(wanted, int(RESULTS.converged), int(RESULTS.wrong_index))
    return dataclasses.replace(points, outcome=outcome, **columns)


def refuse_folds(
    landscape: AbstractLandscape, points: StationaryPoints, workers: int | None
) -> StationaryPoints:
    """Return the points, with the outcome `degenerate` where rounding decided the sign of a curvature.

    Let a mode have the curvature mu and the third derivative T. Then the gradient along it is
    g + mu s + T s^2 / 2, which has its extreme g - mu^2 / (2 T) near by. If mu^2 / (2 |T|) is below the
    rounding error of the gradient, it is not known whether there are a minimum and a saddle, or none: at an
    inflection, where the gradient touches zero, Newton steps end at a point whose curvature is of the size
    of the square root of rounding.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `points`: stationary points.
    - `workers`: threads; None for one per core.
    """
    # Of a saddle of higher index the record does not hold the curvatures that may be small.
    small = np.minimum(np.abs(points.lowest), np.abs(points.second)) <= FOLDING
    rows = np.flatnonzero(points.converged & (small | (points.index > 1)))
    with plain_code():  # few points are tested
        folded = np.asarray(run_batch(_folded_modes, landscape, points.x[rows], workers=workers))
    zeros, outcome = points.zeros.copy(), points.outcome.copy()
    zeros[rows] += folded
    outcome[rows[folded > 0]] = RESULTS.degenerate
    return dataclasses.replace(points, zeros=zeros, outcome=outcome)


def _folded_modes(landscape: AbstractLandscape, x: Point) -> Integer:
    """Return the number of modes whose curvature has a sign by rounding alone."""
    values, vectors = spectrum(landscape, x)
    here = landscape.value_and_gradient(x)[1]
    largest, scale = jnp.max(jnp.abs(values)), landscape.length_scale
    distance = DISTANCES[-1] * scale

    def folded(value: Scalar, vector: Point):
        moves = distance * jnp.array([[1.0], [-1.0]]) * vector[None, :]
        sides = jax.vmap(lambda move: landscape.value_and_gradient(x + move)[1])(moves)
        bend = vector @ (sides[0] + sides[1] - 2.0 * here) / distance**2
        # The terms of the gradient have curvatures, even where those of their sum all vanish.
        noise = FOLD_NOISE * (largest + jnp.abs(bend) * scale) * jnp.linalg.norm(x)
        return value**2 <= 2.0 * jnp.abs(bend) * (noise + jnp.abs(vector @ here))

    return jnp.sum(
        jax.lax.map(
            lambda i: jax.lax.cond(
                jnp.abs(values[i]) <= FOLDING, lambda: folded(values[i], vectors[:, i]), lambda: False
            ),
            jnp.arange(values.shape[0]),
        )
    )


def distance_left(values: Eigenvalues, components: Eigenvalues) -> Scalar:
    """Return the length of the Newton step, leaving out directions whose curvature is below rounding."""
    known = jnp.abs(values) > ROUNDING * jnp.max(jnp.abs(values))
    return jnp.linalg.norm(jnp.where(known, components / jnp.where(known, values, 1.0), 0.0))


def _recounted(landscape: AbstractLandscape, x: Point) -> dict:
    """Return the numbers of zero, negative and positive eigenvalues, and the log-product."""
    values, vectors = spectrum(landscape, x)
    largest = jnp.max(jnp.abs(values))
    here = landscape.value_and_gradient(x)[1]
    left = distance_left(values, vectors.T @ here)
    close = left <= CLOSE * landscape.length_scale

    def confirmed(value: Scalar, vector: Point):
        # Each side is tested by itself: at an inflection the mean of both sides would agree.
        def curvature(distance: Scalar) -> Scalar:
            there = landscape.value_and_gradient(x + distance * vector)[1]
            return vector @ (there - here) / distance

        distances = landscape.length_scale * jnp.array(DISTANCES)
        found = jax.vmap(curvature)(jnp.concatenate([distances, -distances]))
        return jnp.all(jnp.abs(found - value) <= AGREEMENT * jnp.abs(value))

    doubtful = jnp.abs(values) <= zero_tolerance(values)
    testable = doubtful & close & (jnp.abs(values) > ROUNDING * largest)
    number = jnp.arange(values.shape[0])
    checked = jax.lax.map(
        lambda i: jax.lax.cond(
            testable[i], lambda: confirmed(values[i], vectors[:, i]), lambda: ~doubtful[i]
        ),
        number,
    )
    positive = checked & (values > 0)
    zeros: Integer = jnp.sum(~checked)
    return {
        "zeros": zeros,
        "index": jnp.sum(checked & (values < 0)),
        "curvatures": jnp.sum(positive),
        "log_product": jnp.sum(jnp.where(positive, jnp.log(jnp.where(positive, values, 1.0)), 0.0)),
    }
