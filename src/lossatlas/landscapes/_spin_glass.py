"""Spherical p-spin glasses."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from lossatlas._types import Point, Scalar

from ._geometry import AbstractGeometry, Sphere
from ._landscape import AbstractLandscape, data_hash
from ._symmetry import AbstractSymmetry, NoSymmetry, sign_symmetry


class SpinGlass(AbstractLandscape):
    """The spherical p-spin glass, on the sphere ||w||^2 = N.

        H(w) = N^(-(p-1)/2) sum x_(i1..ip) w_i1 ... w_ip

    **Arguments:**

    - `coefficients`: x, shape (N,) * p, dimensionless; need not be symmetric.

    **Raises:** `ValueError` if the array is not p-dimensional with equal sides N >= 2, or not finite.

    Source: Auffinger, Ben Arous & Cerny, Comm. Pure Appl. Math. 66, 165 (2013), doi:10.1002/cpa.21422.
    """

    coefficients: Array

    def __init__(self, coefficients: Any):
        given = np.asarray(coefficients)
        if given.dtype.kind not in "fiu":
            raise ValueError(f"`coefficients` must be real numbers, got {given.dtype}.")
        tensor = given.astype(np.float64)
        if tensor.ndim < 1 or len(set(tensor.shape)) != 1 or tensor.shape[0] < 2:
            raise ValueError(
                f"`coefficients` must have equal sides N >= 2 such as (N, N, N), got {tensor.shape}."
            )
        if not np.all(np.isfinite(tensor)):
            raise ValueError("`coefficients` holds values that are not finite.")
        if not np.any(tensor):
            raise ValueError("`coefficients` are all zero, so every point is stationary.")
        self.coefficients = jnp.asarray(tensor)

    @property
    def dimension(self) -> int:
        """Number of spins N."""
        return self.coefficients.shape[0]

    @property
    def order(self) -> int:
        """Number of spins that interact, p."""
        return self.coefficients.ndim

    def energy(self, x: Point) -> Scalar:
        """Return H, extensive (of order N)."""
        value = self.coefficients
        for _ in range(self.order):
            value = value @ x
        return value * self.dimension ** (-(self.order - 1) / 2)

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a point uniformly on the sphere."""
        return self.geometry.retract(jax.random.normal(key, (self.dimension,)))

    def fingerprint(self) -> dict[str, Any]:
        """Return N, p and the hash of the coefficients."""
        return {
            "landscape": "spin-glass",
            "size": self.dimension,
            "order": self.order,
            "data": data_hash(self.coefficients),
        }

    @property
    def geometry(self) -> AbstractGeometry:
        """The sphere of radius sqrt(N)."""
        return Sphere(math.sqrt(self.dimension))

    @property
    def symmetry(self) -> AbstractSymmetry:
        """W -> -w for even p."""
        return sign_symmetry(self.dimension) if self.order % 2 == 0 else NoSymmetry()

    @property
    def morse_sum(self) -> int:
        """Euler characteristic of the sphere, 1 + (-1)^(N-1)."""
        return 1 + (-1) ** (self.dimension - 1)


def spin_glass(size: int, *, order: int = 3, seed: int = 0) -> SpinGlass:
    """Return a spin glass with standard normal coefficients.

    **Arguments:**

    - `size`: number of spins N >= 2.
    - `order`: p >= 1.
    - `seed`: of the coefficients, drawn with numpy's default generator.
    """
    if size < 2:
        raise ValueError(f"A spin glass needs at least 2 spins, got {size}.")
    if order < 1:
        raise ValueError(f"A spin glass needs an order p of at least 1, got {order}.")
    return SpinGlass(np.random.default_rng(seed).standard_normal((size,) * order))
