"""Tell small curvatures from zero ones, by differences of gradients."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas._types import Eigenvalues, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints

from ._spectrum import spectrum, zero_tolerance


ROUNDING = 1e-13  # error of an eigenvalue, relative to the largest one: 500 units of rounding
DISTANCES = (3e-2, 1e-2, 1e-3)  # distances at which gradients are compared, in length scales
CLOSE = 1e-3  # length of the Newton step that may be left at a stationary point, in length scales
AGREEMENT = 0.1  # largest relative difference of a curvature from differences and the eigenvalue


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
