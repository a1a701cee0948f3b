"""The abstract landscape, which tells searches all that they need to know of a problem."""

import abc
import functools
import hashlib
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from lossatlas._types import Array, Matrix, Modes, Point, Scalar

from ._geometry import AbstractGeometry, Euclidean
from ._smoothness import Smoothness, inferred_smoothness
from ._symmetry import AbstractSymmetry, NoSymmetry
from ._units import ONE, Units


COLUMNS = 128  # columns of an automatic Hessian that are computed together


class AbstractLandscape(eqx.Module):
    """An energy with a way to draw starts, a symmetry group, a geometry and forced zero modes.

    Subclass it to explore an energy of your own where `Loss` is not enough. A subclass defines `energy`,
    `dimension`, `sample` and `fingerprint`; the rest has defaults. Keep data in fields that are JAX arrays:
    then another data set of the same shape does not recompile.
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
        """Return settings and data hash as a flat JSON-able dictionary, which an atlas stores."""

    @property
    def geometry(self) -> AbstractGeometry:
        """Where the variables live."""
        return Euclidean()

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The orthogonal maps that leave the energy unchanged."""
        return NoSymmetry()

    @property
    def symmetry_is_declared(self) -> bool:
        """Whether a user declared the symmetry, so that it is tested at every point that is found."""
        return False

    @property
    def length_scale(self) -> float:
        """Typical change of a variable between neighbouring minima, in parameter units."""
        return 1.0

    @property
    def region(self) -> float:
        """Largest |variable| that a search may reach; beyond it the search is lost; parameter units."""
        return 1e3 * self.length_scale

    @property
    def morse_sum(self) -> int | None:
        """Sum of (-1)^index * orbit size over all stationary points; None where topology does not fix it.

        It is 1 if the energy grows in every direction of space, and 1 + (-1)^(N-1) on the sphere S^(N-1).
        """
        return None

    @property
    def smoothness(self) -> Smoothness:
        """Whether there are kinks: `smooth`, `piecewise` or `kinked`.

        In a `piecewise` landscape smooth pieces meet in kinks, so every point found is tested for a kink.
        In a `kinked` landscape minima lie on kinks. By default it is inferred from the program of the
        energy: `smooth` if all its operations are smooth, else `piecewise`.
        """
        return inferred_smoothness(self)

    @property
    def units(self) -> Units:
        """Units of variables and energy in which searches run, about a step and an energy difference."""
        return ONE

    def zero_modes(self, x: Point) -> Modes:
        """Return orthonormal directions of forced zero curvature at `x`, shape (modes, dim)."""
        return self.geometry.normals(x)

    @property
    def modes(self) -> int:
        """Number of variables minus the number of forced zero modes."""
        point = jax.ShapeDtypeStruct((self.dimension,), float)
        return self.dimension - jax.eval_shape(self.zero_modes, point).shape[0]

    def surface_energy(self, x: Point) -> Scalar:
        """Return the energy at the point of the geometry nearest to `x`.

        Its gradient at a point of the geometry lies in the tangent space. On a sphere its Hessian, within
        the tangent space, is the Riemannian Hessian (projection is a second-order retraction).
        """
        return self.energy(self.geometry.retract(x))

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return the energy and the tangent gradient, shape (dim,)."""
        return jax.value_and_grad(self.surface_energy)(x)

    def shared(self, x: Point) -> Array:
        """Return what `derivatives` needs from a pass over large data, which many lanes make together."""
        return x

    def derivatives(self, shared: Array, x: Point) -> tuple[Scalar, Point, Matrix]:
        """Return energy, tangent gradient and Hessian at `x` from what `shared` returned at `x`."""
        return *self.value_and_gradient(x), self.hessian(x)

    @property
    def forward_mode(self) -> bool:
        """Whether JAX can differentiate the gradient forwards.

        It cannot if a part of the loss defines its derivative for the reverse mode only (`jax.custom_vjp`),
        as many solvers of differential equations and implicit layers do.
        """
        leaves, structure = jax.tree.flatten(self)
        return _goes_forward(structure, tuple((np.shape(leaf), jnp.result_type(leaf)) for leaf in leaves))

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function v -> H v at `x`, with H the Hessian of `surface_energy`.

        It uses forward-over-reverse differentiation, linearised once for all v, or, where `forward_mode` is
        False, reverse over reverse, which takes about twice the time.
        """
        gradient = jax.grad(self.surface_energy)
        if self.forward_mode:
            return jax.linearize(gradient, x)[1]
        pullback = jax.vjp(gradient, x)[1]  # the Hessian is symmetric
        return lambda vector: pullback(vector)[0]

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian of `surface_energy`; override where an analytic one is faster."""
        # All columns at once would need the memory of as many gradients.
        return jax.lax.map(self.hessian_product(x), jnp.eye(x.shape[0]), batch_size=COLUMNS)

    @property
    def shares_passes(self) -> bool:
        """Whether a gradient does little but read data that do not fit in a core's cache.

        Then one pass over the data can serve several points, and searches step together also on a CPU.
        """
        return False

    @property
    def gives_hessian(self) -> bool:
        """Whether the pass over data that a gradient needs also gives the Hessian, at little extra cost."""
        return False

    @property
    def hessian_cost(self) -> float:
        """Cost of a Hessian in gradients, which sets how often a minimisation computes one."""
        return float(self.dimension)


@functools.lru_cache(maxsize=256)
def _goes_forward(structure: Any, leaves: tuple) -> bool:
    """Return whether a forward derivative of the gradient exists, once for all landscapes of one form.

    JAX refuses a derivative that is defined for the reverse mode alone only when the program is lowered,
    and only if a result depends on it; here the derivative of the energy does.
    """
    shapes = (jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in leaves)
    landscape = jax.tree.unflatten(structure, shapes)
    point = jax.ShapeDtypeStruct((landscape.dimension,), jnp.float64)
    along = lambda land, x, v: jax.jvp(jax.value_and_grad(land.surface_energy), (x,), (v,))
    try:
        jax.jit(along).lower(landscape, point, point)
    except Exception:  # JAX and libraries built on it have no common exception for this
        return False
    return True


def data_hash(*arrays: Array | np.ndarray) -> str:
    """Return a SHA-256 of shapes and little-endian float64 contents."""
    digest = hashlib.sha256()
    for array in arrays:
        values = np.asarray(array)
        if np.iscomplexobj(values):
            values = np.stack([np.real(values), np.imag(values)])
        values = np.ascontiguousarray(values, dtype="<f8")
        digest.update(repr(values.shape).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def check_kind(landscape: Any) -> None:
    """Refuse anything that is not a landscape, such as a data set or a function; raises `ValueError`."""
    if not isinstance(landscape, AbstractLandscape):
        got = f"the class {landscape.__name__}" if isinstance(landscape, type) else type(landscape).__name__
        raise ValueError(
            f"`landscape` must be a landscape, got {got}: make one by Loss(function, variables), "
            "Perceptron(inputs, targets, ...), xor() or another function of lossatlas.landscapes."
        )
