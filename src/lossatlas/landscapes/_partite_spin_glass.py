"""Spin glasses of several parts, each on a unit sphere of its own."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from lossatlas._checks import check_whole, is_whole
from lossatlas._types import Array, Matrix, Point, Scalar

from ._geometry import ProductOfSpheres
from ._landscape import AbstractLandscape, data_hash
from ._smoothness import Smoothness
from ._spin_glass import CACHE_BYTES, check_numbers, finite_tensor
from ._symmetry import AbstractSymmetry, even_signs


class PartiteSpinGlass(AbstractLandscape):
    """The p-partite spin glass, on a product of p unit spheres.

        H(u, v, w) = sum x_ijk u_i v_j w_k,     ||u|| = ||v|| = ||w|| = 1     (p = 3)

    For p = 2 the stationary points are pairs of singular vectors of the matrix x, where H is plus or minus
    a singular value: 4 min(n, m) points on the spheres of n and m variables. For any p they are the
    stationary approximations of the tensor by tensors of rank 1, among them the best one.

    **Arguments:**

    - `coefficients`: x, one axis per part, dimensionless; the sides may differ. A point holds the parts
        one after the other.

    **Raises:** `ValueError` if there are fewer than two axes, a side is below 2, a number is not finite, or
    all are zero.

    Source: Friedland & Ottaviani, Found. Comput. Math. 14, 1209 (2014), doi:10.1007/s10208-014-9194-z,
    who count the stationary points: at most 6 up to signs for the shape (2, 2, 2), 37 for (3, 3, 3).
    """

    coefficients: Array
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, coefficients: Any):
        tensor = finite_tensor(coefficients)
        if tensor.ndim < 2 or min(tensor.shape) < 2:
            raise ValueError(
                "`coefficients` must have two axes or more with sides of at least 2 such as (4, 5, 6), "
                f"got {tensor.shape}."
            )
        self.coefficients, self.sizes = jnp.asarray(tensor), tensor.shape

    @property
    def dimension(self) -> int:
        """Number of variables of all parts together."""
        return sum(self.sizes)

    def energy(self, x: Point) -> Scalar:
        """Return H."""
        value = self.coefficients
        for part in reversed(self.geometry.split(x)):
            value = value @ part
        return value

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian of `surface_energy`, from p (p - 1) / 2 passes over the coefficients.

        Let r_a = ||x_a||, n_a = x_a / r_a, P_a = 1 - n_a n_a^T, and let M_ab be the coefficients times the
        n of all parts but a and b. Then g_a = M_ab n_b is the gradient of part a, n_a . g_a = H, and the
        blocks of the Hessian are

            P_a M_ab P_b / (r_a r_b)                                                for a != b,
            -(H P_a + P_a g_a n_a^T + n_a (P_a g_a)^T) / r_a^2                      on the diagonal.
        """
        parts = self.geometry.split(x)
        lengths = [jnp.linalg.norm(part) for part in parts]
        units = [part / length for part, length in zip(parts, lengths)]
        inside = [jnp.eye(len(n)) - jnp.outer(n, n) for n in units]
        count = len(parts)
        blocks: list[list[Any]] = [[None] * count for _ in range(count)]
        gradients: list[Any] = [None] * count
        for a, b in itertools.combinations(range(count), 2):
            matrix = self._pair(a, b, units)
            gradients[a], gradients[b] = matrix @ units[b], units[a] @ matrix
            blocks[a][b] = inside[a] @ matrix @ inside[b] / (lengths[a] * lengths[b])
            blocks[b][a] = blocks[a][b].T
        energy = units[0] @ gradients[0]
        for a in range(count):
            across = jnp.outer(inside[a] @ gradients[a], units[a])
            blocks[a][a] = -(energy * inside[a] + across + across.T) / lengths[a] ** 2
        return jnp.block(blocks)

    def _pair(self, a: int, b: int, units: list[Array]) -> Array:
        """Return the matrix M_ab: the coefficients times the unit vectors of all parts but a < b."""
        value = self.coefficients
        for axis in reversed(range(len(units))):
            if axis not in (a, b):
                value = jnp.tensordot(value, units[axis], axes=(axis, 0))
        return value

    @property
    def hessian_cost(self) -> float:
        """11 gradients: three passes over the coefficients and a spectrum (three parts of 100)."""
        return 11.0

    @property
    def shares_passes(self) -> bool:
        """Whether the coefficients take 1 MiB or more."""
        return self.coefficients.nbytes >= CACHE_BYTES

    @property
    def smoothness(self) -> Smoothness:
        """Second derivatives exist everywhere."""
        return "smooth"

    @property
    def length_scale(self) -> float:
        """sqrt(p / dimension), the size of a variable; for `SpinGlass` that is 1."""
        return math.sqrt(len(self.sizes) / self.dimension)

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a point uniformly on each of the spheres."""
        return self.geometry.retract(jax.random.normal(key, (self.dimension,)))

    def fingerprint(self) -> dict[str, Any]:
        """Return the sizes of the parts and the hash of the coefficients."""
        return {
            "landscape": "partite-spin-glass",
            "sizes": list(self.sizes),
            "data": data_hash(self.coefficients),
        }

    @property
    def geometry(self) -> ProductOfSpheres:
        """A unit sphere for every part."""
        return ProductOfSpheres(self.sizes)

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Sign flips of an even number of parts, since H is linear in each part."""
        return even_signs(self.sizes)

    @property
    def morse_sum(self) -> int:
        """Product of the Euler characteristics 1 + (-1)^(n-1) of the spheres; 0 if any n is even."""
        return math.prod(1 + (-1) ** (size - 1) for size in self.sizes)


def partite_spin_glass(sizes: Sequence[int], *, seed: int = 0) -> PartiteSpinGlass:
    """Return a spin glass of several parts with standard normal coefficients.

    **Arguments:**

    - `sizes`: number of variables of each part, each at least 2; at least two parts.
    - `seed`: seed of the coefficients, drawn with numpy's default generator.

    **Raises:** `ValueError` if there are fewer than two parts, a part has fewer than two variables, the
    seed is negative, or the coefficients would need more than 8 GiB.
    """
    given = list(sizes) if isinstance(sizes, Sequence | np.ndarray) else [sizes]
    if len(given) < 2 or not all(is_whole(size) and size >= 2 for size in given):
        raise ValueError(
            "A partite spin glass needs at least 2 parts of at least 2 variables each, whole numbers, got "
            f"{sizes!r}."
        )
    check_numbers(given)
    rng = np.random.default_rng(check_whole("seed", seed, least=0))
    return PartiteSpinGlass(rng.standard_normal(tuple(given)))
