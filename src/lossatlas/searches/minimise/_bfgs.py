"""Full BFGS: the inverse Hessian as a matrix; for small dimensions, where memory costs nothing."""

import equinox as eqx
import jax.numpy as jnp

from lossatlas._types import Flag, Matrix, Point


class _State(eqx.Module):
    inverse: Matrix
    fresh: Flag


class BFGS(eqx.Module):
    """Quasi-Newton directions from a full inverse-Hessian matrix.

    Source: Nocedal & Wright, Numerical Optimization (2006), equation 6.17.
    """

    def init(self, x: Point, scale: float) -> _State:
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
