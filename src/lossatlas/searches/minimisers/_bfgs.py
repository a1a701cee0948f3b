"""BFGS with the inverse Hessian as a full matrix; for few variables."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._checks import check_whole
from lossatlas._types import Flag, Matrix, Modes, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches.curvature import spectrum_of

from ._abstract_direction import AbstractDirection


SOFTEST = 1e-4  # number added to |curvatures| where some are negative, relative to the largest curvature


class _State(eqx.Module):
    inverse: Matrix
    fresh: Flag


class BFGS(AbstractDirection):
    """BFGS directions from a full inverse-Hessian matrix, which is replaced by the exact one now and then.

    Minimisations of network losses follow narrow curved valleys. For 74 variables the updates alone take
    about 1,000 gradients, and trust-region Newton steps 150 Hessians; with the exact inverse Hessian after
    every 25 gradients and updates in between, a minimisation takes 190 gradients and 8 Hessians
    (BENCHMARKS.md).

    **Arguments:**

    - `refresh`: gradients between exact Hessians; 0 for updates alone.

    **Raises:** `ValueError` if `refresh` is not a whole number of at least 0.

    Source of the updates: Nocedal & Wright, Numerical Optimization (2006), equation 6.17.
    """

    refresh: int = 0

    def __check_init__(self):
        check_whole("refresh", self.refresh, least=0)

    def init(self, x: Point) -> _State:
        """Return the identity matrix."""
        return _State(jnp.eye(x.shape[0]), jnp.asarray(True))

    def direction(self, state: _State, gradient: Point) -> Point:
        """Return -H g."""
        return -state.inverse @ gradient

    def update(self, state: _State, step: Point, change: Point) -> _State:
        """Update the matrix from a step and the change of the gradient over it."""
        overlap = step @ change
        useful = overlap > 1e-10 * jnp.linalg.norm(step) * jnp.linalg.norm(change)
        # Before the first update the identity is scaled by the curvature along the first step (eq. 6.20).
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
        """Return the inverse Hessian at `x`; if a curvature is negative, the inverse of their sizes."""
        hessian, modes = landscape.hessian(x), landscape.zero_modes(x)
        if modes.shape[0]:
            inverse = _absolute_inverse(hessian, modes)
        else:
            # Where the Hessian is positive definite, a Cholesky factor costs a tenth of the eigenvectors.
            factor = jnp.linalg.cholesky(hessian)
            inverse = jax.lax.cond(
                jnp.all(jnp.isfinite(factor)),
                lambda: _inverse_from(factor),
                lambda: _absolute_inverse(hessian, modes),
            )
        finite = jnp.all(jnp.isfinite(inverse))
        return _State(jnp.where(finite, inverse, jnp.eye(x.shape[0])), ~finite)


def _inverse_from(factor: Matrix) -> Matrix:
    lower = jax.scipy.linalg.solve_triangular(factor, jnp.eye(factor.shape[0]), lower=True)
    return lower.T @ lower


def _absolute_inverse(hessian: Matrix, modes: Modes) -> Matrix:
    values, vectors = spectrum_of(hessian, modes)
    size = jnp.maximum(jnp.max(jnp.abs(values)), 1e-300)
    values = jnp.where(values[0] > 1e-9 * size, values, jnp.abs(values) + SOFTEST * size)
    # On curved geometries the zero modes turn from point to point, so the inverse must not vanish on them.
    return (vectors / values[None, :]) @ vectors.T + modes.T @ modes / size
