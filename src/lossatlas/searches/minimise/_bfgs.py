"""Full BFGS: the inverse Hessian as a matrix; for small dimensions, where memory costs nothing."""

import equinox as eqx
import jax.numpy as jnp

from lossatlas._types import Flag, Matrix, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches.curvature import spectrum


SOFTEST = 1e-4  # of the largest curvature: added to |curvatures| where some are negative


class _State(eqx.Module):
    inverse: Matrix
    fresh: Flag


class BFGS(eqx.Module):
    """Quasi-Newton directions from a full inverse-Hessian matrix, made exact now and then.

    Network losses lead along narrow curved valleys: the updates alone take about 1,200 gradients for
    74 variables, Newton steps within a trust region 120 Hessians; with the exact inverse after every 25
    gradients, updated in between, it takes 200 gradients and 10 Hessians.

    **Arguments:**

    - `refresh`: gradients between exact Hessians; 0 for none.

    Source of the updates: Nocedal & Wright, Numerical Optimization (2006), equation 6.17.
    """

    refresh: int = 0

    def init(self, x: Point) -> _State:
        """Start from the identity."""
        return _State(jnp.eye(x.shape[0]), jnp.asarray(True))

    def direction(self, state: _State, gradient: Point) -> Point:
        """Return -H g."""
        return -state.inverse @ gradient

    def update(self, state: _State, step: Point, change: Point) -> _State:
        """Learn from a step and the change of the gradient along it."""
        overlap = step @ change
        useful = overlap > 1e-10 * jnp.linalg.norm(step) * jnp.linalg.norm(change)
        # Before the first update the matrix gets the size that the first step measured (eq. 6.20).
        gamma = jnp.where(state.fresh, overlap / jnp.maximum(change @ change, 1e-300), 1.0)
        inverse = gamma * state.inverse
        product = inverse @ change
        rho = 1.0 / jnp.where(useful, overlap, 1.0)
        inverse = (
            inverse
            - rho * (jnp.outer(step, product) + jnp.outer(product, step))
            + rho * (1.0 + rho * (change @ product)) * jnp.outer(step, step)
        )
        return _State(jnp.where(useful, inverse, state.inverse), state.fresh & ~useful)

    def exact(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Return the inverse of the Hessian at `x`, with |curvatures| where some are negative."""
        values, vectors = spectrum(landscape, x)
        modes = landscape.zero_modes(x)
        size = jnp.maximum(jnp.max(jnp.abs(values)), 1e-300)
        convex = values[0] > 1e-9 * size
        values = jnp.where(convex, values, jnp.abs(values) + SOFTEST * size)
        finite = jnp.all(jnp.isfinite(values))
        # On a curved space the zero modes turn along the way: there the inverse may not be singular.
        inverse = (vectors / values[None, :]) @ vectors.T + modes.T @ modes / size
        return _State(jnp.where(finite, inverse, jnp.eye(x.shape[0])), ~finite)
