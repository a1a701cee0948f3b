"""Tell stationary points from points on a kink, where automatic differentiation gives no derivative."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._results import RESULTS
from lossatlas._types import Array, Flag, Images, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._costs import PRODUCT_COST
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints


Sides = Float[Array, "distances sides"]

NEAR, FAR = 1e-6, 1e-4  # distances at which the quadratic model is tested, in length scales
DENSE_DIRECTIONS, SPARSE_DIRECTIONS = 4, 4
SMALLEST = 1e-6  # smallest jump of a curvature that counts, relative to the largest curvature
# Largest ratio, NEAR to FAR, of the model's error divided by the distance at a smooth point: it is 0.01
# where the energy is smooth, and 1 or more on a kink.
DECAY = 0.1
NOISE = 30 * 2.2e-16  # error of a gradient, relative to curvature times distance from the origin
# Smallest jump of the energy that counts, relative to max(1, |E|), as for the identity of points.
JUMP = 1e-9


def refuse_kinks(
    landscape: AbstractLandscape, points: StationaryPoints, *, workers: int | None = None
) -> StationaryPoints:
    """Return the points with the outcome `kink` for converged points that lie on a kink or at a jump.

    Landscapes whose `smoothness` is `smooth` are not tested. At a smooth point the gradient at a distance h
    differs from its linear model by a term of order h^2. On a kink it differs by a jump, or, if only
    curvatures jump, by a term of order h; in both cases the error divided by h does not shrink with h. The
    error is measured at two distances on both sides of the point, along random directions with many and
    with few components. The error of the energy, of order h^3 at a smooth point, is measured as well,
    because at a jump of the energy the gradients on both sides may agree.
    """
    if landscape.smoothness == "smooth":
        return points
    rows = np.flatnonzero(points.converged)
    bent = np.asarray(run_batch(is_bent, landscape, points.x[rows], workers=workers))
    outcome = points.outcome.copy()
    outcome[rows[bent]] = RESULTS.kink
    cost = np.zeros(len(points), dtype=int)
    cost[rows] = (DENSE_DIRECTIONS + SPARSE_DIRECTIONS) * (4 + PRODUCT_COST)
    return dataclasses.replace(points, outcome=outcome, gradients=points.gradients + cost)


def is_bent(landscape: AbstractLandscape, x: Point) -> Flag:
    """Return whether a kink or a jump lies within about 1e-6 length scales of a stationary point."""
    energy, here = landscape.value_and_gradient(x)
    product = landscape.hessian_product(x)
    near, far = NEAR * landscape.length_scale, FAR * landscape.length_scale

    def along(direction: Point) -> tuple[Sides, Sides, Scalar]:
        image = product(direction)

        def errors(distance):
            height, there = landscape.value_and_gradient(
                landscape.geometry.retract(x + distance * direction)
            )
            missed = there - here - distance * image
            model = distance * (here @ direction) + 0.5 * distance**2 * (image @ direction)
            return jnp.linalg.norm(missed) / jnp.abs(distance), jnp.abs(height - energy - model)

        sides = jnp.array([[near, -near], [far, -far]])
        return *jax.vmap(jax.vmap(errors))(sides), jnp.linalg.norm(image)

    errors, heights, curvatures = jax.lax.map(along, test_directions(landscape, x))
    largest = jnp.max(curvatures)
    noise = NOISE * largest * (jnp.linalg.norm(x) + landscape.length_scale) / near
    allowed = jnp.maximum(jnp.maximum(noise, SMALLEST * largest), DECAY * errors[:, 1])
    step = jnp.maximum(JUMP * jnp.maximum(1.0, jnp.abs(energy)), DECAY * heights[:, 1])
    # Written so that NaN counts as bent.
    return ~(jnp.all(errors[:, 0] <= allowed) & jnp.all(heights[:, 0] <= step))


def test_directions(landscape: AbstractLandscape, x: Point) -> Images:
    """Return unit vectors in the tangent space, shape (directions, dim): dense ones, then sparse ones."""
    dense, sparse, kept = jax.random.split(jax.random.key(0), 3)
    many = jax.random.normal(dense, (DENSE_DIRECTIONS, x.shape[0]))
    few = jax.random.normal(sparse, (SPARSE_DIRECTIONS, x.shape[0]))
    share = jax.random.uniform(kept, few.shape)
    # At least one component, and two or three on average.
    few = jnp.where((share < 2.0 / x.shape[0]) | (share == jnp.min(share, axis=1, keepdims=True)), few, 0.0)
    modes = landscape.zero_modes(x)
    vectors = jnp.concatenate([many, few])
    vectors = vectors - (vectors @ modes.T) @ modes
    gradient = landscape.value_and_gradient(x)[1]
    vectors = jax.vmap(lambda vector: landscape.geometry.feasible(x, gradient, vector))(vectors)
    return vectors / (jnp.linalg.norm(vectors, axis=1, keepdims=True) + 1e-300)
