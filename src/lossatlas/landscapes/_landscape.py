"""The abstract landscape: what every search needs to know of a problem."""

import abc
import dataclasses
import hashlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from lossatlas._types import Matrix, Modes, Point, Scalar

from ._geometry import AbstractGeometry, Euclidean
from ._smoothness import Smoothness, inferred_smoothness
from ._symmetry import AbstractSymmetry, NoSymmetry


COLUMNS = 128  # of an automatic Hessian, computed together


@dataclasses.dataclass(frozen=True, eq=False)
class Units:
    """The units in which a landscape is searched: powers of two, so that no number is rounded.

    Curvatures, slopes and path lengths are measured in the variables x_i L / variables_i, where L is the
    geometric mean of `variables`: where all variables have one unit these are the variables themselves, and
    the product of all curvatures is that of the Hessian whatever the units are.

    **Arguments:**

    - `variables`: parameter units, one number for all or shape (dim,).
    - `energy`: loss units.
    """

    variables: float | Float[np.ndarray, " dim"] = 1.0
    energy: float = 1.0

    @property
    def is_one(self) -> bool:
        """Whether nothing is converted."""
        return self.energy == 1.0 and bool(np.all(np.asarray(self.variables) == 1.0))

    @property
    def length(self) -> float:
        """Geometric mean of the units of the variables, parameter units."""
        return float(np.exp2(np.mean(np.log2(self.variables))))

    @property
    def slope(self) -> float:
        """Unit of slopes, loss units per parameter unit."""
        return self.energy / self.length

    @property
    def curvature(self) -> float:
        """Unit of curvatures, loss units per squared parameter unit."""
        return self.energy / self.length**2


ONE = Units()


class AbstractLandscape(eqx.Module):
    """An energy and what belongs to it: a start, a symmetry group, a geometry, forced zero modes.

    A new landscape defines `energy`, `dimension`, `sample` and `fingerprint`; the rest has defaults.
    Data arrays are fields that are arrays, so another data set of the same shape does not recompile.
    """

    @abc.abstractmethod
    def energy(self, x: Point) -> Scalar:
        """Return the energy (loss) of a point, in loss units; traceable by JAX."""

    @property
    @abc.abstractmethod
    def dimension(self) -> int:
        """Number of variables."""

    @abc.abstractmethod
    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a random start, shape (dim,)."""

    @abc.abstractmethod
    def fingerprint(self) -> dict[str, Any]:
        """Return settings and data hash as a flat JSON-able dictionary; stored with the atlas."""

    @property
    def geometry(self) -> AbstractGeometry:
        """Where the variables live."""
        return Euclidean()

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The orthogonal maps that leave the energy unchanged."""
        return NoSymmetry()

    @property
    def length_scale(self) -> float:
        """Typical change of a variable between neighbouring minima, in parameter units."""
        return 1.0

    @property
    def region(self) -> float:
        """Largest |variable| that a search may reach before it counts as lost, in parameter units."""
        return 1e3 * self.length_scale

    @property
    def morse_sum(self) -> int | None:
        """Sum of (-1)^index * orbit size over all stationary points; None where topology says nothing.

        1 if the energy grows in every direction of space, 1 + (-1)^(N-1) on the sphere S^(N-1).
        """
        return None

    @property
    def smoothness(self) -> Smoothness:
        """Whether there are kinks: `smooth`, `piecewise` or `kinked`.

        Of a `piecewise` landscape smooth pieces meet in kinks, so that every point is tested before it
        counts; of a `kinked` one minima lie on kinks. By default read off the program of the energy, see
        `inferred_smoothness`.
        """
        return inferred_smoothness(self)

    @property
    def units(self) -> Units:
        """In which units it is searched: about the size of a step and of an energy difference."""
        return ONE

    def zero_modes(self, x: Point) -> Modes:
        """Return orthonormal directions of forced zero curvature at `x`, shape (modes, dim)."""
        return self.geometry.normals(x)

    @property
    def modes(self) -> int:
        """Number of variables less forced zero modes."""
        point = jax.ShapeDtypeStruct((self.dimension,), float)
        return self.dimension - jax.eval_shape(self.zero_modes, point).shape[0]

    def surface_energy(self, x: Point) -> Scalar:
        """Return the energy at the point of the geometry nearest to `x`.

        Its gradient lies in the tangent space, and on a sphere its Hessian at a point of the sphere,
        within the tangent space, is the Riemannian Hessian (projection is a second-order retraction).
        """
        return self.energy(self.geometry.retract(x))

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return energy and tangent gradient."""
        return jax.value_and_grad(self.surface_energy)(x)

    def shared(self, x: Point) -> Array:
        """Return what a pass over large data leaves of `x`: the part of `derivatives` that lanes share."""
        return x

    def derivatives(self, shared: Array, x: Point) -> tuple[Scalar, Point, Matrix]:
        """Return energy, tangent gradient and Hessian at `x` from what `shared` returned there."""
        return *self.value_and_gradient(x), self.hessian(x)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian of `surface_energy`; override where an analytic one is faster."""
        product = lambda v: jax.jvp(jax.grad(self.surface_energy), (x,), (v,))[1]
        # All columns at once would need the memory of that many gradients.
        return jax.lax.map(product, jnp.eye(x.shape[0]), batch_size=COLUMNS)

    @property
    def shares_passes(self) -> bool:
        """Whether a gradient does little but read data that do not fit in a core's cache.

        Then one pass over the data can serve several points, and searches step together on a CPU, too.
        """
        return False

    @property
    def gives_hessian(self) -> bool:
        """Whether a pass over data that a gradient takes gives the Hessian, too, a small part of them."""
        return False

    @property
    def hessian_cost(self) -> float:
        """What a Hessian costs, in gradients; decides how often a minimisation asks for one."""
        return float(self.dimension)


def data_hash(*arrays: Array | np.ndarray) -> str:
    """Return a SHA-256 of shapes and little-endian float64 contents."""
    digest = hashlib.sha256()
    for array in arrays:
        values = np.ascontiguousarray(np.asarray(array), dtype="<f8")
        digest.update(repr(values.shape).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def check_kind(landscape: Any) -> None:
    """Refuse what is no landscape, such as a data set or a bare function; raises `ValueError`."""
    if not isinstance(landscape, AbstractLandscape):
        got = landscape.__name__ if isinstance(landscape, type) else type(landscape).__name__
        raise ValueError(
            f"`landscape` must be a landscape, got {got}: make one by Loss(function, variables), "
            "Perceptron(inputs, targets, ...), xor() or another function of lossatlas.landscapes."
        )


def check_landscape(landscape: AbstractLandscape, *, seed: int = 0) -> None:
    """Refuse a landscape that no search can work on.

    **Raises:**

    - `ValueError`: it is no landscape, the energy is not a scalar, not float64, not finite at any of eight
        random starts, its gradient is not finite there, or two evaluations of one point differ.
    """
    check_kind(landscape)
    key = jax.random.key(seed)
    start = landscape.sample(key)
    if start.shape != (landscape.dimension,) or start.dtype != jnp.float64:
        raise ValueError(
            f"A start must be a float64 vector of {landscape.dimension} variables, but "
            f"`sample` returned {start.dtype} of shape {start.shape}."
        )
    try:
        shape = jax.eval_shape(landscape.surface_energy, start)
    except (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError) as error:
        raise ValueError(
            "The loss cannot be traced by JAX: write it with jax.numpy, without float(), numpy or "
            "`if` on its values."
        ) from error
    if not isinstance(shape, jax.ShapeDtypeStruct) or shape.shape != ():
        got = getattr(shape, "shape", type(shape).__name__)
        raise ValueError(f"The loss must return one number, but it returned shape {got}.")
    if shape.dtype != jnp.float64:
        raise ValueError(
            f"The loss must be computed in float64, but it returned {shape.dtype}: convert its data."
        )
    evaluate = jax.jit(lambda land, x: land.value_and_gradient(x))
    finite = False
    for i in range(8):
        x = landscape.sample(jax.random.fold_in(key, i))
        energy, gradient = evaluate(landscape, x)
        finite = finite or bool(jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient)))
    if not finite:
        raise ValueError(
            "The loss or its gradient is not finite (NaN or infinite) at any of 8 random starts: "
            "check the loss, or give starts where it is defined."
        )
    # Traced anew: numbers drawn by numpy inside the loss are frozen in one trace and differ in two.
    again = jax.jit(lambda land, x: land.value_and_gradient(x)[0])(landscape, x)
    if not bool(jnp.isclose(again, energy, rtol=1e-9, atol=1e-12, equal_nan=True)):
        raise ValueError("The loss gives two different values at one point; it must be deterministic.")
