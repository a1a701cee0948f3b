"""The lowest eigenpair of the Hessian from Hessian-vector products."""

import jax
import jax.numpy as jnp
from matfree import decomp, eig

from lossatlas._types import Point, Scalar
from lossatlas.landscapes import AbstractLandscape


def hessian_product(landscape: AbstractLandscape, x: Point, vector: Point) -> Point:
    """Return the Hessian times a vector, by forward over reverse differentiation."""
    return jax.jvp(jax.grad(landscape.surface_energy), (x,), (vector,))[1]


def lowest_eigenpair(
    landscape: AbstractLandscape, x: Point, guess: Point, *, products: int = 30
) -> tuple[Scalar, Point]:
    """Return the lowest eigenvalue and its unit eigenvector by the Lanczos method.

    **Arguments:**

    - `guess`: start vector, shape (dim,); the last eigenvector, if there is one.
    - `products`: Hessian-vector products, the size of the Krylov space.

    Full reorthogonalisation: without it, copies of converged eigenvalues appear.

    Source: Golub & Van Loan, Matrix Computations (2013), section 10.1; Lanczos by matfree.
    """
    modes = landscape.zero_modes(x)
    inside = lambda v: v - modes.T @ (modes @ v)
    matvec = lambda v: inside(hessian_product(landscape, x, inside(v)))
    size = min(products, x.shape[0] - modes.shape[0])
    lanczos = eig.eigh_partial(decomp.tridiag_sym(size, reortho="full"))
    # A Krylov space never leaves the invariant subspace of its start: mix in every direction.
    start = inside(guess + 1e-3 * jnp.linalg.norm(guess) * jnp.cos(jnp.arange(x.shape[0]) ** 2 * 1.0))
    values, vectors = lanczos(matvec, start / jnp.linalg.norm(start))
    vector = vectors[0]
    return values[0], vector / jnp.linalg.norm(vector)
