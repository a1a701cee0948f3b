"""Small surfaces whose stationary points are known: for learning, tests and demonstrations."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from lossatlas._checks import check_number, check_positive, check_whole
from lossatlas._types import Point, Scalar

from ._landscape import AbstractLandscape
from ._symmetry import AbstractSymmetry, NoSymmetry, sign_symmetry


class MuellerBrown(AbstractLandscape):
    """The Mueller-Brown surface: three minima and two transition states in the plane.

    Source: Mueller & Brown, Theor. Chim. Acta 53, 75 (1979), doi:10.1007/BF00547608.
    """

    @property
    def dimension(self) -> int:
        """Two."""
        return 2

    def energy(self, x: Point) -> Scalar:
        """Return the energy, a sum of four exponentials of quadratic forms."""
        amplitude = jnp.array([-200.0, -100.0, -170.0, 15.0])
        a = jnp.array([-1.0, -1.0, -6.5, 0.7])
        b = jnp.array([0.0, 0.0, 11.0, 0.6])
        c = jnp.array([-10.0, -10.0, -6.5, 0.7])
        u = x[0] - jnp.array([1.0, 0.0, -0.5, -1.0])
        v = x[1] - jnp.array([0.0, 0.5, 1.5, 1.0])
        return jnp.sum(amplitude * jnp.exp(a * u * u + b * u * v + c * v * v))

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw uniformly from [-1.5, 1.2] x [-0.3, 2]."""
        low, high = jnp.array([-1.5, -0.3]), jnp.array([1.2, 2.0])
        return low + (high - low) * jax.random.uniform(key, (2,))

    def fingerprint(self) -> dict[str, Any]:
        """Return the name."""
        return {"landscape": "mueller-brown"}

    @property
    def length_scale(self) -> float:
        """0.3: the minima are about 1 apart, and the wells a third of that wide."""
        return 0.3

    @property
    def region(self) -> float:
        """10, since the last exponential overflows beyond about 20."""
        return 10.0

    @property
    def morse_sum(self) -> int:
        """1, since the positive exponential grows in every direction of the plane."""
        return 1


class SixHumpCamel(AbstractLandscape):
    """The six-hump camel: 6 minima, 7 saddles, 2 maxima, symmetric under x -> -x.

        E = (4 - 2.1 x^2 + x^4/3) x^2 + x y + (4 y^2 - 4) y^2

    Source: Dixon & Szego, Towards Global Optimisation 2 (1978).
    """

    @property
    def dimension(self) -> int:
        """Two."""
        return 2

    def energy(self, x: Point) -> Scalar:
        """Return the energy E."""
        u, v = x[0] ** 2, x[1] ** 2
        return (4.0 - 2.1 * u + u * u / 3.0) * u + x[0] * x[1] + (4.0 * v - 4.0) * v

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw uniformly from [-2.5, 2.5] x [-1.5, 1.5]."""
        return jnp.array([2.5, 1.5]) * jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0)

    def fingerprint(self) -> dict[str, Any]:
        """Return the name."""
        return {"landscape": "six-hump-camel"}

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The map x -> -x."""
        return sign_symmetry(2)

    @property
    def length_scale(self) -> float:
        """0.5, about the width of the wells."""
        return 0.5

    @property
    def morse_sum(self) -> int:
        """1, since the quartic and sextic terms grow in every direction of the plane."""
        return 1


class DoubleWells(AbstractLandscape):
    """Independent tilted double wells, E = sum_i k_i (x_i^2 - 1)^2 / 4 + tilt sum_i x_i / i.

    Without tilt the stationary points are known for any dimension: all points of {-1, 0, 1}^dim, whose
    index is the number of zeros and whose eigenvalues are 2 k_i where x_i = +-1 and -k_i where x_i = 0.

    **Arguments:**

    - `size`: number of variables, each with a double well.
    - `stiffness`: last of the k_i, which form a geometric series from 1; sets the condition number.
    - `tilt`: strength of the linear term, in loss units.

    **Raises:** `ValueError` if `size` is not a positive whole number, `stiffness` is not positive, or
    `tilt` is not finite.
    """

    size: int = eqx.field(static=True)
    stiffness: float = eqx.field(static=True, default=1.0)
    tilt: float = eqx.field(static=True, default=0.0)

    def __check_init__(self):
        check_whole("size", self.size)
        check_positive("stiffness", self.stiffness)
        check_number("tilt", self.tilt)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.size

    def energy(self, x: Point) -> Scalar:
        """Return the energy E."""
        k = jnp.geomspace(1.0, self.stiffness, self.size)
        slope = self.tilt / jnp.arange(1.0, self.size + 1.0)
        return jnp.sum(0.25 * k * (x * x - 1.0) ** 2 + slope * x)

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw uniformly from [-1.5, 1.5]^dim."""
        return jax.random.uniform(key, (self.size,), minval=-1.5, maxval=1.5)

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings."""
        return {
            "landscape": "double-wells",
            "size": self.size,
            "stiffness": self.stiffness,
            "tilt": self.tilt,
        }

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The map x -> -x without tilt, none with tilt."""
        return sign_symmetry(self.size) if self.tilt == 0 else NoSymmetry()

    @property
    def length_scale(self) -> float:
        """0.5, half the distance from a minimum to the barrier."""
        return 0.5

    @property
    def morse_sum(self) -> int:
        """1, since the quartic terms grow in every direction of space."""
        return 1
