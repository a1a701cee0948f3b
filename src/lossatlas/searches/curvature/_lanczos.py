"""The lowest eigenpair of the Hessian from Hessian-vector products."""

import jax
import jax.numpy as jnp

from lossatlas._types import Point, Scalar
from lossatlas.landscapes import AbstractLandscape


def hessian_product(landscape: AbstractLandscape, x: Point, vector: Point) -> Point:
    """Return the Hessian times a vector, by forward over reverse differentiation."""
    return jax.jvp(jax.grad(landscape.surface_energy), (x,), (vector,))[1]


def lowest_eigenpair(
    landscape: AbstractLandscape, x: Point, guess: Point, *, products: int = 30
) -> tuple[Scalar, Point]:
    """Return the lowest eigenvalue and its unit eigenvector by the Lanczos method.

    The Krylov basis is orthogonalised in full, twice, and the Hessian is projected on it explicitly
    (Rayleigh-Ritz). Where the Krylov space ends early, because the Hessian has few different
    eigenvalues or the start lies in an invariant subspace, a new direction goes on; the tridiagonal
    recursion alone returns eigenvalues there that do not exist.

    **Arguments:**

    - `guess`: start vector, shape (dim,), such as the last eigenvector; zeros for none.
    - `products`: Hessian-vector products, the size of the basis.

    Source: Golub & Van Loan, Matrix Computations (2013), sections 10.1 and 10.3.
    """
    modes = landscape.zero_modes(x)
    size = min(products, x.shape[0] - modes.shape[0])
    fresh = jnp.cos(jnp.outer(1.0 + jnp.arange(size), jnp.arange(1.0, x.shape[0] + 1.0) ** 1.5))

    def orthogonal(vector: Point, basis: jax.Array) -> tuple[Point, Scalar]:
        """Return the part of a vector across the basis and the zero modes, and its length."""
        for _ in range(2):
            vector = vector - modes.T @ (modes @ vector)
            vector = vector - basis.T @ (basis @ vector)
        return vector, jnp.linalg.norm(vector)

    def extend(j, carry):
        basis, images, candidate = carry
        scale = jnp.linalg.norm(candidate)
        vector, length = orthogonal(candidate, basis)
        spare, spare_length = orthogonal(fresh[j], basis)
        ended = ~(length > 1e-8 * scale)  # also where the guess is zero
        unit = jnp.where(ended, spare / spare_length, vector / jnp.where(ended, 1.0, length))
        image = hessian_product(landscape, x, unit)
        return basis.at[j].set(unit), images.at[j].set(image), image

    empty = jnp.zeros((size, x.shape[0]))
    # A Krylov space never leaves the invariant subspace of its start: mix in another direction.
    start = guess + 1e-3 * jnp.linalg.norm(guess) * fresh[0] / jnp.linalg.norm(fresh[0])
    basis, images, _ = jax.lax.fori_loop(0, size, extend, (empty, empty, start))
    projected = basis @ images.T
    values, vectors = jnp.linalg.eigh(0.5 * (projected + projected.T))
    return values[0], basis.T @ vectors[:, 0]
