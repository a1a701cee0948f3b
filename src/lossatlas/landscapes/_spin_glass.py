"""Spherical p-spin glasses."""

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
from lossatlas._lanes import one_by_one
from lossatlas._types import Array, Matrix, Point, Scalar

from ._geometry import AbstractGeometry, Sphere
from ._landscape import AbstractLandscape, data_hash
from ._smoothness import Smoothness
from ._symmetry import AbstractSymmetry, NoSymmetry, sign_symmetry
from ._triangle import pair_numbers


MOST_NUMBERS = 2**30  # coefficients at most: 8 GiB
MOST_WORK = 10**11  # additions at most when coefficients are made symmetric: some minutes
CACHE_BYTES = 2**20  # size above which every gradient reads the coefficients from memory


class SpinGlass(AbstractLandscape):
    """The spherical p-spin glass, on the sphere ||w||^2 = N.

        H(w) = N^(-(p-1)/2) sum x_(i1..ip) w_i1 ... w_ip

    **Arguments:**

    - `coefficients`: x, shape (N,) * p, dimensionless. They are made symmetric, which does not change H and
        halves the numbers that are stored and read.

    **Raises:** `ValueError` if the array has no axis, its sides are not equal or below 2, a number is not
    finite, all are zero, or there are too many to make them symmetric.

    Source: Auffinger, Ben Arous & Cerny, Comm. Pure Appl. Math. 66, 165 (2013), doi:10.1002/cpa.21422.
    """

    packed: Array  # symmetric coefficients, one row per pair of first indices i <= j, (pairs, N, ..., N)
    size: int = eqx.field(static=True)
    order: int = eqx.field(static=True)

    def __init__(self, coefficients: Any):
        tensor = finite_tensor(coefficients)
        if tensor.ndim < 1 or len(set(tensor.shape)) != 1 or tensor.shape[0] < 2:
            raise ValueError(
                f"`coefficients` must have equal sides N >= 2 such as (N, N, N), got {tensor.shape}."
            )
        self.size, self.order = tensor.shape[0], tensor.ndim
        _check_work(self.size, self.order)
        symmetric = tensor.copy()
        for axes in itertools.islice(itertools.permutations(range(self.order)), 1, None):
            symmetric += np.transpose(tensor, axes)  # in place: 512 MB for p = 3, N = 400
        symmetric /= math.factorial(self.order)
        if self.order > 1:
            symmetric = symmetric[np.triu_indices(self.size)]
        self.packed = jnp.asarray(symmetric)

    @property
    def dimension(self) -> int:
        """Number of spins N."""
        return self.size

    @property
    def coefficients(self) -> Array:
        """The symmetrised coefficients, shape (N,) * p."""
        return self.packed[pair_numbers(self.size)] if self.order > 1 else self.packed

    def energy(self, x: Point) -> Scalar:
        """Return H, which is extensive (of order N)."""
        value = self._contracted(x)
        value = (x @ value[pair_numbers(self.size)] if self.order > 1 else value) @ x
        return value * self.size ** (-(self.order - 1) / 2)

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return energy and tangent gradient, from one pass over the coefficients."""
        return one_by_one(lambda shared, x: self.derivatives(shared, x)[:2])(self.shared(x), x)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian of `surface_energy`, from one pass over the coefficients."""
        return self.derivatives(self.shared(x), x)[2]

    def shared(self, x: Point) -> Array:
        """Return M, the coefficients times x / ||x|| in all but two indices, one number per pair i <= j."""
        return self._contracted(x / jnp.linalg.norm(x))

    def derivatives(self, shared: Array, x: Point) -> tuple[Scalar, Point, Matrix]:
        """Return energy, tangent gradient and Hessian at `x` from M.

        With r = ||x||, n = x / r, P = 1 - n n^T and s = sqrt(N), the energy is H = s n.M n, the gradient is
        g = (p s / r) P M n, and the Hessian is

            p (p - 1) (s / r^2) P M P - (p H / r^2) P - (g n^T + n g^T) / r.
        """
        p, scale, r = self.order, math.sqrt(self.size), jnp.linalg.norm(x)
        n = x / r
        matrix = shared[pair_numbers(self.size)] if p > 1 else jnp.zeros((self.size, self.size))
        image = matrix @ n if p > 1 else shared
        along = n @ image
        energy = scale * along
        gradient = (p * scale / r) * (image - along * n)
        factor = p * (p - 1) * scale / (r * r)
        side = factor * (image - 0.5 * along * n) + gradient / r
        shift = (p * energy / (r * r)) * (jnp.eye(self.size) - jnp.outer(n, n))
        return energy, gradient, factor * matrix - shift - jnp.outer(side, n) - jnp.outer(n, side)

    @property
    def shares_passes(self) -> bool:
        """Whether the coefficients take 1 MiB or more: N = 64 for p = 3."""
        return self.packed.nbytes >= CACHE_BYTES

    @property
    def gives_hessian(self) -> bool:
        """Whether p is at least 3; then the Hessian has at most 1/N of the size of the coefficients."""
        return self.order >= 3

    @property
    def hessian_cost(self) -> float:
        """8 gradients: one pass over the coefficients and a spectrum (measured for N = 100)."""
        return 8.0

    def _contracted(self, w: Point) -> Array:
        """Return the coefficients times w in all but two indices, shape (pairs,)."""
        value = self.packed
        for _ in range(self.order - 2):
            # The barrier keeps XLA from transposing the product for lanes, which halves its speed.
            value = jax.lax.optimization_barrier(value @ w)
        return value

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a point uniformly on the sphere."""
        return self.geometry.retract(jax.random.normal(key, (self.dimension,)))

    def fingerprint(self) -> dict[str, Any]:
        """Return N, p and the hash of the coefficients."""
        return {
            "landscape": "spin-glass",
            "size": self.dimension,
            "order": self.order,
            "data": data_hash(self.packed),
        }

    @property
    def geometry(self) -> AbstractGeometry:
        """The sphere of radius sqrt(N)."""
        return Sphere(math.sqrt(self.dimension))

    @property
    def smoothness(self) -> Smoothness:
        """Second derivatives exist everywhere."""
        return "smooth"

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The map w -> -w for even p, none for odd p."""
        return sign_symmetry(self.dimension) if self.order % 2 == 0 else NoSymmetry()

    @property
    def morse_sum(self) -> int:
        """Euler characteristic of the sphere, 1 + (-1)^(N-1)."""
        return 1 + (-1) ** (self.dimension - 1)


def check_numbers(sizes: Sequence[int]) -> None:
    """Refuse a tensor of more than 8 GiB; raises `ValueError`."""
    if sum(math.log2(size) for size in sizes) > math.log2(MOST_NUMBERS):
        raise ValueError(f"{len(sizes)} axes of {max(sizes)} make too many coefficients: more than 8 GiB.")


def _check_work(size: int, order: int) -> None:
    if math.lgamma(order + 1) + order * math.log(size) > math.log(MOST_WORK):
        raise ValueError(f"Coefficients of p = {order} and {size} spins are too many to make symmetric.")


def finite_tensor(coefficients: Any) -> np.ndarray:
    """Return coefficients as float64.

    **Raises:** `ValueError` for anything but finite real numbers that are not all zero.
    """
    given = np.asarray(coefficients)
    if given.dtype.kind not in "fiu":
        raise ValueError(f"`coefficients` must be real numbers, got {given.dtype}.")
    tensor = given.astype(np.float64, copy=False)
    if not np.all(np.isfinite(tensor)):
        raise ValueError("`coefficients` holds values that are not finite.")
    if not np.any(tensor):
        raise ValueError("`coefficients` are all zero, so every point is stationary.")
    return tensor


def spin_glass(size: int, *, order: int = 3, seed: int = 0) -> SpinGlass:
    """Return a spin glass with standard normal coefficients.

    **Arguments:**

    - `size`: number of spins N >= 2.
    - `order`: p >= 1.
    - `seed`: seed of the coefficients, drawn with numpy's default generator.

    **Raises:** `ValueError` if `size` is below 2, `order` is below 1, the seed is negative, or there are
    too many coefficients to keep or to make symmetric.
    """
    if not is_whole(size) or size < 2:
        raise ValueError(f"A spin glass needs a whole number of at least 2 spins, got {size!r}.")
    if not is_whole(order) or order < 1:
        raise ValueError(f"A spin glass needs a whole order p of at least 1, got {order!r}.")
    seed = check_whole("seed", seed, least=0)
    check_numbers((size,) * order)
    _check_work(size, order)
    return SpinGlass(np.random.default_rng(seed).standard_normal((size,) * order))
