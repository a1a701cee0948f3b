"""Tell stationary points from points on a kink, where automatic differentiation means nothing."""

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
SMALLEST = 1e-6  # jump of a curvature relative to the largest one that counts
DECAY = 0.1  # of the model's error over distance from FAR to NEAR: 0.01 if smooth, 1 or more on a kink
NOISE = 30 * 2.2e-16  # of a gradient, relative to curvature times distance from the origin
# Smallest jump of the energy that counts, relative to max(1, |E|), as in the identity of points.
JUMP = 1e-9


def refuse_kinks(
    landscape: AbstractLandscape, points: StationaryPoints, *, workers: int | None = None
) -> StationaryPoints:
    """Return the points with the outcome `kink` where one that converged lies on a kink or at a jump.

    Where the landscape is smooth by its own word nothing is tested. At a smooth point the gradient at a
    distance h differs from the Hessian times h by a term of order h^2. On a kink it differs by a jump, or,
    if only curvatures jump, by a term of order h; in both cases the error divided by h does not shrink with
    h. It is measured on both sides of the point along random directions, dense ones and such with few
    components, at two distances. So is the error of the energy, which is of order h^3 at a smooth point. At
    a jump it does not shrink, although gradients on both sides may agree.
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
    # Also bent where one of the numbers is none.
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
