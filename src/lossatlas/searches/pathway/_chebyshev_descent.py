"""Steepest-descent pathways for many variables, by a stabilised explicit integrator without Hessians."""

import dataclasses
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._checks import check_positive, check_whole
from lossatlas._types import Flag, Images, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._costs import PRODUCT_COST
from lossatlas.searches.curvature import lowest_eigenpairs, tangent

from ._abstract_pathway import AbstractPathway, HalfPathway
from ._push import PUSH, SHORTER, push_off


STAGES = 50  # gradients per step at most: a step is stable up to a time of 1,620 / (largest curvature)
FIRST_POWERS = 20  # products before the first step, for an estimate of the largest curvature
POWERS = 2  # products per step that keep the estimate of the largest curvature up to date
SAFETY = 1.15  # factor of that estimate, which is a lower bound
WELL = 0.02  # distance from a minimum at which the pathway ends, in length scales


class _State(eqx.Module):
    x: Point
    gradient: Point
    time: Scalar
    stiffest: Point
    curvature: Scalar
    softest: Scalar
    length: Scalar
    gradients: Integer
    kept: Integer
    points: Images
    done: Flag


class ChebyshevDescent(AbstractPathway):
    """Steepest descent for many variables: integrates dx/dt = -g from a transition state to near a minimum.

    The flow is stiff, and without a Hessian its quadratic model cannot be solved exactly. A
    Runge-Kutta-Chebyshev step of second order with s stages is stable up to a time of
    0.65 s^2 / (largest curvature), where s Euler steps reach 2 s / (largest curvature); s is chosen so that
    a step of the wanted accuracy is stable. The error of a step is estimated from the gradients at both
    ends.

    **Arguments:**

    - `push`: displacement from the transition state along the unstable mode, in length scales, at most.
    - `tolerance`: largest error of a step, relative to its length.
    - `max_gradients`: gradients per side after which no step begins; a step takes about ten.
    - `keep`: number of points of the path returned (0: none). Once there are so many, each new point
        replaces the last one.

    A lane is `(x, direction)`: the transition state and its unit unstable mode, whose sign is the side.

    **Raises:** `ValueError` if `push` or `tolerance` is not positive, `max_gradients` is below 1, or `keep`
    is negative.

    Source: Sommeijer, Shampine & Verwer, J. Comput. Appl. Math. 88, 315 (1998),
    doi:10.1016/S0377-0427(97)00219-7, equations 2.1 to 2.8 and 3.1.
    """

    push: float = PUSH
    tolerance: float = 0.1
    max_gradients: int = 20_000
    keep: int = 0

    def __check_init__(self):
        check_positive("push", self.push)
        check_positive("tolerance", self.tolerance)
        check_whole("max_gradients", self.max_gradients)
        check_whole("keep", self.keep, least=0)

    def keeping(self, points: int) -> Self:
        """Return the same search with room for `points` points of the path in its result."""
        return dataclasses.replace(self, keep=points)

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent."""
        return dataclasses.replace(self, max_gradients=max_gradients)

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point) -> _State:
        """Push off along the unstable mode, and estimate the largest curvature."""
        start = push_off(landscape, x, direction, self.push)[0]
        gradient = landscape.value_and_gradient(start)[1]
        stiffest = jax.random.normal(jax.random.key(0), x.shape)
        stiffest, curvature = _stiffest(landscape, start, stiffest, FIRST_POWERS)
        points = jnp.zeros((self.keep, x.shape[0]))
        return _State(
            x=start,
            gradient=gradient,
            time=1.0 / curvature,
            stiffest=stiffest,
            curvature=curvature,
            softest=jnp.asarray(jnp.inf),
            length=jnp.linalg.norm(start - x),
            gradients=jnp.asarray(2 + SHORTER + PRODUCT_COST * FIRST_POWERS),
            kept=jnp.asarray(0),
            points=points.at[0].set(start) if self.keep else points,
            done=jnp.asarray(False),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop near a minimum, where its quadratic model holds, or after `max_gradients`."""
        return state.done | (state.gradients >= self.max_gradients)

    def result(self, landscape: AbstractLandscape, state: _State) -> HalfPathway:
        """Return the end, the length, the points kept and the evaluations spent."""
        return HalfPathway(
            x=state.x,
            length=state.length,
            points=state.points,
            kept=state.kept,
            gradients=state.gradients,
            hessians=jnp.asarray(0),
        )

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Make one step, or refuse it and shorten the next."""
        s = state
        stiffest, curvature = _stiffest(landscape, s.x, s.stiffest, POWERS)
        curvature = SAFETY * curvature
        time = jnp.minimum(s.time, 0.65 * (STAGES**2 - 1.0) / curvature)
        stages = jnp.clip(1 + jnp.ceil(jnp.sqrt(1.0 + 1.54 * time * curvature)).astype(int), 2, STAGES)
        trial = landscape.geometry.retract(_chebyshev(landscape, s.x, s.gradient, time, stages))
        gradient = landscape.value_and_gradient(trial)[1]
        step = trial - s.x
        size = jnp.linalg.norm(step)
        error = jnp.linalg.norm(0.8 * step + 0.4 * time * (s.gradient + gradient))
        error = error / (self.tolerance * size + 1e-300)
        finite = jnp.all(jnp.isfinite(trial)) & jnp.all(jnp.isfinite(gradient))
        accept = finite & (error <= 1.0)
        factor = jnp.clip(0.8 * jax.lax.rsqrt(error + 1e-12), 0.2, 3.0)
        # Once the gradient decays at the rate of the softest mode, the distance left is known.
        rate = step @ (gradient - s.gradient) / (size**2 + 1e-300)
        rest = jnp.linalg.norm(gradient)
        near = accept & (rest < WELL * landscape.length_scale * jnp.minimum(rate, s.softest))
        lowest, products = jax.lax.cond(
            near, lambda: _lowest(landscape, trial), lambda: (s.softest, jnp.asarray(0))
        )
        well = near & (rest < WELL * landscape.length_scale * lowest)
        kept, points = s.kept, s.points
        if self.keep:
            kept = jnp.where(accept, jnp.minimum(s.kept + 1, self.keep - 1), s.kept)
            points = jnp.where(accept, points.at[kept].set(trial), points)
        return _State(
            x=jnp.where(accept, trial, s.x),
            gradient=jnp.where(accept, gradient, s.gradient),
            time=time * jnp.where(finite, factor, 0.2),
            stiffest=stiffest,
            curvature=curvature,
            softest=jnp.abs(lowest),
            length=s.length + jnp.where(accept, size, 0.0),
            gradients=s.gradients + stages + PRODUCT_COST * (POWERS + products),
            kept=kept,
            points=points,
            done=well | (time * curvature < 1e-8) | ~jnp.isfinite(curvature),
        )


def _stiffest(landscape: AbstractLandscape, x: Point, vector: Point, products: int):
    """Return the stiffest mode and its |curvature|, by power iteration from `vector`."""
    product = landscape.hessian_product(x)

    def iterate(_, carry):
        vector = carry[0] / (jnp.linalg.norm(carry[0]) + 1e-300)
        image = tangent(landscape, x, product(vector))
        return image, jnp.linalg.norm(image)

    vector, size = jax.lax.fori_loop(0, products, iterate, (vector, jnp.asarray(0.0)))
    return vector, size + 1e-300


def _lowest(landscape: AbstractLandscape, x: Point) -> tuple[Scalar, Integer]:
    """Return the lowest curvature, to a residual of 10 %, and the products spent."""
    found = lowest_eigenpairs(landscape, x, jnp.zeros_like(x), pairs=1, tolerance=0.1, products=200)
    return found.values[0], found.products


def _chebyshev(
    landscape: AbstractLandscape, x: Point, gradient: Point, time: Scalar, stages: Integer
) -> Point:
    """Return the end of one Runge-Kutta-Chebyshev step along -g."""
    w0 = 1.0 + 2.0 / 13.0 / stages**2
    root = jnp.sqrt(w0**2 - 1.0)
    angle = stages * jnp.log(w0 + root)
    w1 = jnp.sinh(angle) * root**2 / (jnp.cosh(angle) * stages * root - w0 * jnp.sinh(angle))
    first = 1.0 / (4.0 * w0**2)

    def stage(_, carry):
        (y, before), (z, z_before), (d, d_before), (dd, dd_before), (b, b_before) = carry
        # Chebyshev polynomials at w0 with their first two derivatives.
        z_next = 2.0 * w0 * z - z_before
        d_next = 2.0 * w0 * d - d_before + 2.0 * z
        dd_next = 2.0 * w0 * dd - dd_before + 4.0 * d
        b_next = dd_next / d_next**2
        mu, nu = 2.0 * w0 * b_next / b, -b_next / b_before
        slope = landscape.value_and_gradient(y)[1] - (1.0 - z * b) * gradient
        following = mu * y + nu * before + (1.0 - mu - nu) * x - time * (mu * w1 / w0) * slope
        return (following, y), (z_next, z), (d_next, d), (dd_next, dd), (b_next, b)

    one, zero = jnp.asarray(1.0), jnp.asarray(0.0)
    start = ((x - time * w1 * first * gradient, x), (w0, one), (one, zero), (zero, zero), (first, first))
    return jax.lax.fori_loop(2, stages + 1, stage, start)[0][0]
