"""The spectrum of the Hessian without forced zero modes, and the index that follows from it."""

import jax.numpy as jnp

from lossatlas._types import Eigenvalues, Eigenvectors, Integer, Matrix, Modes, Point, Scalar
from lossatlas.landscapes import AbstractLandscape


ZERO_TOLERANCE = (
    1e-9  # relative to the largest |eigenvalue|: 1e5 above rounding, 1e3 below 2 lam at lam = 1e-6
)
GRADIENT_TOLERANCE = 1e-10  # rms gradient of a stationary point, dimensionless


def spectrum(landscape: AbstractLandscape, x: Point) -> tuple[Eigenvalues, Eigenvectors]:
    """Return the spectrum of the Hessian at `x` without its k forced zero modes.

    **Returns:** eigenvalues, ascending, shape (dim - k,), and eigenvectors in columns, (dim, dim - k).
    """
    return spectrum_of(landscape.hessian(x), landscape.zero_modes(x))


def spectrum_of(hessian: Matrix, modes: Modes) -> tuple[Eigenvalues, Eigenvectors]:
    """Return the spectrum of a Hessian without k forced zero modes, given as `modes`, shape (k, dim).

    The modes are shifted above the largest eigenvalue and left out there. A Hessian that is not finite has
    eigenvalues NaN.

    **Returns:** eigenvalues, ascending, shape (dim - k,), and eigenvectors in columns, (dim, dim - k).
    """
    size = hessian.shape[0]
    hessian = 0.5 * (hessian + hessian.T)
    finite = jnp.all(jnp.isfinite(hessian))
    hessian = jnp.where(finite, hessian, jnp.eye(size))  # eigh does not return from NaN
    if modes.shape[0]:
        shift = 2.0 * jnp.linalg.norm(hessian) + 1.0
        hessian = projected(hessian, modes) + shift * modes.T @ modes
    values, vectors = jnp.linalg.eigh(hessian, symmetrize_input=False)
    kept = size - modes.shape[0]
    return jnp.where(finite, values[:kept], jnp.nan), vectors[:, :kept]


def projected(hessian: Matrix, modes: Modes) -> Matrix:
    """Return P H P with P = 1 - Z^T Z and Z the k modes, shape (k, dim), in k dim^2 operations."""
    across = modes @ hessian
    across = across - 0.5 * (across @ modes.T) @ modes
    return hessian - modes.T @ across - across.T @ modes


def tangent(landscape: AbstractLandscape, x: Point, vector: Point) -> Point:
    """Return the vector without its components along the forced zero modes at `x`."""
    modes = landscape.zero_modes(x)
    return vector - modes.T @ (modes @ vector)


def zero_tolerance(eigenvalues: Eigenvalues) -> Scalar:
    """Return the size up to which an eigenvalue counts as zero, dimensionless.

    It is relative to the largest eigenvalue. Where the whole spectrum vanishes, as in a quartic minimum, it
    is the curvature at which the accepted gradient leaves the position uncertain by one unit of length.
    """
    return jnp.maximum(ZERO_TOLERANCE * jnp.max(jnp.abs(eigenvalues)), GRADIENT_TOLERANCE)


def count_negative(eigenvalues: Eigenvalues) -> Integer:
    """Return the index: the number of negative eigenvalues."""
    return jnp.sum(eigenvalues < -zero_tolerance(eigenvalues))


def count_zero(eigenvalues: Eigenvalues) -> Integer:
    """Return the number of zero eigenvalues."""
    return jnp.sum(jnp.abs(eigenvalues) <= zero_tolerance(eigenvalues))


def log_product(eigenvalues: Eigenvalues) -> Scalar:
    """Return the sum of the logarithms of the positive eigenvalues."""
    positive = eigenvalues > zero_tolerance(eigenvalues)
    return jnp.sum(jnp.where(positive, jnp.log(jnp.where(positive, eigenvalues, 1.0)), 0.0))


def gradient_tolerance(eigenvalues: Eigenvalues | Scalar, x: Point) -> Scalar:
    """Return the rms gradient at which a point counts as stationary.

    1e-10, or the rounding level of the gradient where that is larger: moving x by one rounding error
    changes the gradient by eps ||H|| ||x||.
    """
    rounding = 2.2e-16 * jnp.max(jnp.abs(eigenvalues)) * jnp.sqrt(jnp.mean(x * x))
    return jnp.maximum(GRADIENT_TOLERANCE, 32.0 * rounding)
