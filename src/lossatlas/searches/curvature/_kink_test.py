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
from lossatlas.searches._driver import plain_code, run_batch
from lossatlas.searches._records import StationaryPoints

from ._across_switches import across_switches, is_at_switch
from ._small_curvatures import ROUNDING
from ._spectrum import spectrum


Sides = Float[Array, "distances sides"]

NEAR, FAR = 1e-6, 1e-4  # distances at which the quadratic model is tested, in length scales
DENSE_DIRECTIONS, SPARSE_DIRECTIONS, SOFT_DIRECTIONS = 4, 4, 8
SMALLEST = 1e-6  # smallest jump of a curvature that counts, relative to the largest curvature
# Largest ratio, NEAR to FAR, of the model's error divided by the distance at a smooth point: it is 0.01
# where the energy is smooth, and 1 or more on a kink.
DECAY = 0.1
NOISE = 30 * 2.2e-16  # error of a gradient, relative to curvature times distance from the origin
# Smallest jump of a curvature that counts, relative to the curvatures of the directions that it couples: a
# jump that is small beside the largest curvature can change the sign of a soft one.
SOFT_SMALLEST = 1e-2
SOFT_NEAR, SOFT_FAR = 1e-5, 1e-3  # distances for it: along soft modes gradients change less
# Smallest jump of the energy that counts, relative to max(1, |E|), as for the identity of points.
JUMP = 1e-9


def refuse_kinks(
    landscape: AbstractLandscape,
    points: StationaryPoints,
    *,
    hessians: bool = True,
    workers: int | None = None,
) -> StationaryPoints:
    """Return the points with the outcome `kink` for converged points that lie on a kink or at a jump.

    Landscapes whose `smoothness` is `smooth` are not tested. At a smooth point the gradient at a distance h
    differs from its linear model by a term of order h^2. On a kink it differs by a jump, or, if only
    curvatures jump, by a term of order h; in both cases the error divided by h does not shrink with h. The
    error is measured at two distances on both sides of the point, along random directions with many and
    with few components. The error of the energy, of order h^3 at a smooth point, is measured as well,
    because at a jump of the energy the gradients on both sides may agree. Where the program of the energy
    says that a kink may be within 1e-6 length scales, directions across it are tested too.

    A jump of curvatures that is small beside the largest curvature may still change the sign of a soft one,
    as at a dead ReLU node, which a weak penalty alone holds at zero. So curvatures are compared once more,
    along directions in which soft modes prevail; this needs the Hessian, and is done only with `hessians`.
    """
    if landscape.smoothness == "smooth":
        return points
    rows = np.flatnonzero(points.converged)
    with plain_code():  # a test takes milliseconds, its compilation seconds
        bent, at_switch = run_batch(_first_test, landscape, points.x[rows], workers=workers)
        for asked, test in ((at_switch, is_bent_across), (hessians, is_bent_softly)):
            left = np.flatnonzero(~bent & asked)
            if len(left):
                bent[left] = run_batch(test, landscape, points.x[rows[left]], workers=workers)
    outcome = points.outcome.copy()
    outcome[rows[bent]] = RESULTS.kink
    cost = np.zeros(len(points), dtype=int)
    cost[rows] = (DENSE_DIRECTIONS + SPARSE_DIRECTIONS) * (4 + PRODUCT_COST)
    cost[rows] += hessians * 4 * SOFT_DIRECTIONS
    further = np.zeros(len(points), dtype=int)
    further[rows] = int(hessians)
    return dataclasses.replace(
        points,
        outcome=outcome,
        gradients=points.gradients + cost,
        hessians=points.hessians + further,
    )


def _first_test(landscape: AbstractLandscape, x: Point) -> tuple[Flag, Flag]:
    return is_bent(landscape, x), is_at_switch(landscape, x, NEAR)


def is_bent(landscape: AbstractLandscape, x: Point) -> Flag:
    """Return whether random directions show a kink or a jump within 1e-6 length scales of a point."""
    return _is_bent_along(landscape, x, test_directions(landscape, x))


def is_bent_across(landscape: AbstractLandscape, x: Point) -> Flag:
    """Return whether directions across the kinks that the program may have at a point show one."""
    across = _allowed(landscape, x, across_switches(landscape, x, NEAR))
    # Random directions are among them for the size of the curvatures.
    return _is_bent_along(landscape, x, jnp.concatenate([test_directions(landscape, x), across]))


def _is_bent_along(landscape: AbstractLandscape, x: Point, directions: Images) -> Flag:
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

    errors, heights, curvatures = jax.lax.map(along, directions)
    largest = jnp.max(curvatures)
    noise = NOISE * largest * (jnp.linalg.norm(x) + landscape.length_scale) / near
    allowed = jnp.maximum(jnp.maximum(noise, SMALLEST * largest), DECAY * errors[:, 1])
    step = jnp.maximum(JUMP * jnp.maximum(1.0, jnp.abs(energy)), DECAY * heights[:, 1])
    # Written so that NaN counts as bent.
    return ~(jnp.all(errors[:, 0] <= allowed) & jnp.all(heights[:, 0] <= step))


def is_bent_softly(landscape: AbstractLandscape, x: Point) -> Flag:
    """Return whether curvatures at a stationary point jump so far that soft ones may change their sign.

    With eigenvalues mu_i and eigenvectors v_i, let W have the columns v_i / sqrt(|mu_i|). If the Hessians H
    and H' on two sides of the point satisfy ||W^T (H' - H) W|| < 1, both have the same index (Sylvester).
    Random directions W z show the size of this matrix.
    """
    here = landscape.value_and_gradient(x)[1]
    values, vectors = spectrum(landscape, x)
    largest = jnp.max(jnp.abs(values))
    roots = jnp.sqrt(jnp.maximum(jnp.abs(values), ROUNDING * largest) + 1e-300)
    near, far = SOFT_NEAR * landscape.length_scale, SOFT_FAR * landscape.length_scale

    def along(direction: Point) -> tuple[Sides, Scalar]:
        components = vectors.T @ direction
        image = vectors @ (values * components)

        def error(distance: Scalar) -> Scalar:
            there = landscape.value_and_gradient(landscape.geometry.retract(x + distance * direction))[1]
            missed = landscape.geometry.feasible(x, here, there - here - distance * image)
            return jnp.linalg.norm((vectors.T @ missed) / roots) / jnp.abs(distance)

        sides = jnp.array([[near, -near], [far, -far]])
        return jax.vmap(jax.vmap(error))(sides), jnp.linalg.norm(roots * components)

    random = jax.random.normal(jax.random.key(1), (SOFT_DIRECTIONS, values.shape[0]))
    moves = (random / roots[None, :]) @ vectors.T
    moves = jax.vmap(lambda move: landscape.geometry.feasible(x, here, move))(moves)
    moves = moves / (jnp.linalg.norm(moves, axis=1, keepdims=True) + 1e-300)
    errors, sizes = jax.lax.map(along, moves)
    noise = NOISE * largest * (jnp.linalg.norm(x) + landscape.length_scale) / near / jnp.min(roots)
    allowed = jnp.maximum(jnp.maximum(noise, SOFT_SMALLEST * sizes[:, None]), DECAY * errors[:, 1])
    return ~jnp.all(errors[:, 0] <= allowed)


def test_directions(landscape: AbstractLandscape, x: Point) -> Images:
    """Return unit vectors in the tangent space, shape (directions, dim): dense ones, then sparse ones."""
    dense, sparse, kept = jax.random.split(jax.random.key(0), 3)
    many = jax.random.normal(dense, (DENSE_DIRECTIONS, x.shape[0]))
    few = jax.random.normal(sparse, (SPARSE_DIRECTIONS, x.shape[0]))
    share = jax.random.uniform(kept, few.shape)
    # At least one component, and two or three on average.
    few = jnp.where((share < 2.0 / x.shape[0]) | (share == jnp.min(share, axis=1, keepdims=True)), few, 0.0)
    return _allowed(landscape, x, jnp.concatenate([many, few]))


def _allowed(landscape: AbstractLandscape, x: Point, vectors: Images) -> Images:
    """Return the vectors without zero modes and without components that bounds hold, of unit length."""
    modes = landscape.zero_modes(x)
    vectors = vectors - (vectors @ modes.T) @ modes
    gradient = landscape.value_and_gradient(x)[1]
    vectors = jax.vmap(lambda vector: landscape.geometry.feasible(x, gradient, vector))(vectors)
    return vectors / (jnp.linalg.norm(vectors, axis=1, keepdims=True) + 1e-300)
