"""Tell small curvatures from none, by differences of gradients."""

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


ROUNDING = 1e-13  # of an eigenvalue, relative to the largest one: 500 units of rounding
DISTANCES = (3e-2, 1e-2, 1e-3)  # at which gradients are compared, in length scales
CLOSE = 1e-3  # Newton step left at a stationary point, in length scales
AGREEMENT = 0.1  # of the curvatures so found with the eigenvalue, relative


def resolve_small_curvatures(
    landscape: AbstractLandscape,
    points: StationaryPoints,
    orders: np.ndarray,
    newton: int,
    workers: int | None,
) -> StationaryPoints:
    """Return the points with those that are not degenerate after all counted by their index.

    An eigenvalue below 1e-9 of the largest one counts as zero, because a flat or quartic direction leaves
    such a number. It counts after all where it is above rounding and the gradient changes by that curvature
    over three distances on both sides: a straight line fitted to calendar years is of this kind.

    **Arguments:**

    - `orders`: index wanted of each point, or `newton` for any.
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
    """Return the length of the Newton step, without directions whose curvature is rounding."""
    known = jnp.abs(values) > ROUNDING * jnp.max(jnp.abs(values))
    return jnp.linalg.norm(jnp.where(known, components / jnp.where(known, values, 1.0), 0.0))


def _recounted(landscape: AbstractLandscape, x: Point) -> dict:
    """Return numbers of zero, negative and positive eigenvalues, and the sum of the logarithms of these."""
    values, vectors = spectrum(landscape, x)
    largest = jnp.max(jnp.abs(values))
    here = landscape.value_and_gradient(x)[1]
    left = distance_left(values, vectors.T @ here)
    close = left <= CLOSE * landscape.length_scale

    def confirmed(value: Scalar, vector: Point):
        # On one side at a time: at an inflection both sides together would agree.
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
