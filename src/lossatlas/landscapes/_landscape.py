"""The abstract landscape, which tells searches all that they need to know of a problem."""

import abc
import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from lossatlas._checks import check_whole
from lossatlas._plain_code import plain_options
from lossatlas._types import Array, Matrix, Modes, Point, Scalar

from ._geometry import AbstractGeometry, Euclidean
from ._smoothness import Smoothness, inferred_smoothness
from ._symmetry import AbstractSymmetry, NoSymmetry
from ._units import ONE, Units


IMAGES = 8  # images of a random point at which a symmetry is tested
SAME_ENERGY = 1e-9  # allowed difference of the energies of images, relative to |E| + ||gradient|| ||x||
DIFFERENCES = (1e-4, 1e-6)  # distances of central differences, in units of the variables
WRONG_SLOPE = 1e-2  # allowed error of a central difference, relative to the gradient
SAME_IMAGE = 1e-6  # allowed relative difference of the energies of a point that was found and its image
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
        values = np.ascontiguousarray(np.asarray(array), dtype="<f8")
        digest.update(repr(values.shape).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def check_kind(landscape: Any) -> None:
    """Refuse anything that is not a landscape, such as a data set or a function; raises `ValueError`."""
    if not isinstance(landscape, AbstractLandscape):
        got = landscape.__name__ if isinstance(landscape, type) else type(landscape).__name__
        raise ValueError(
            f"`landscape` must be a landscape, got {got}: make one by Loss(function, variables), "
            "Perceptron(inputs, targets, ...), xor() or another function of lossatlas.landscapes."
        )


def check_landscape(landscape: AbstractLandscape, *, seed: int = 0) -> None:
    """Refuse a landscape that no search can work on.

    **Arguments:**

    - `landscape`: the landscape to check.
    - `seed`: seed of the random starts at which it is evaluated.

    **Raises:** `ValueError` if it is not a landscape; `dimension` is not a number; a static field is an
    array; `sample` does not return a float64 vector of `dimension` numbers within the geometry; the energy
    is not one float64 number, or cannot be differentiated twice by JAX; energy or gradient are not finite
    at any of eight random starts; two evaluations at one point differ; the gradient contradicts differences
    of energies; the symmetry has another number of variables or changes the energy; or the fingerprint
    cannot be written as JSON.
    """
    check_kind(landscape)
    _check_fields(landscape)
    key = jax.random.key(seed)
    try:
        start = _start(landscape, key)
    except Exception as error:  # JAX and libraries built on it have no common exception for this
        raise ValueError(f"JAX cannot draw a random start by `sample`: {_brief(error)}") from error
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
    _check_derivatives(landscape, start)
    finite = None
    for i in range(8):
        x = _start(landscape, jax.random.fold_in(key, i))
        name = type(landscape).__name__
        landscape.geometry.check(np.asarray(x)[None], f"What `sample` of {name} returns")
        energy, gradient = value_and_gradient(landscape, x)
        if bool(jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))):
            finite = np.asarray(x)
    if finite is None:
        raise ValueError(
            "The loss or its gradient is not finite (NaN or infinite) at any of 8 random starts: "
            "check the loss, or give starts where it is defined."
        )
    # A new trace: random numbers that numpy draws in the loss are constant in one trace and differ in two.
    again = jax.jit(lambda land, x: land.surface_energy(x), compiler_options=plain_options())(landscape, x)
    if not bool(jnp.isclose(again, energy, rtol=1e-9, atol=1e-12, equal_nan=True)):
        raise ValueError("The loss gives two different values at one point; it must be deterministic.")
    _check_gradient(landscape, [_start(landscape, jax.random.fold_in(key, i)) for i in range(8)])
    _check_symmetry(landscape, finite, np.random.default_rng(seed))
    _check_fingerprint(landscape)


def _check_fields(landscape: AbstractLandscape) -> None:
    """Refuse mistakes of a subclass that would end in errors of JAX."""
    name = type(landscape).__name__
    if callable(landscape.dimension):
        raise ValueError(
            f"`dimension` of {name} must be a number, got a function: write @property above it."
        )
    check_whole("dimension", landscape.dimension)
    for field in dataclasses.fields(landscape):
        value = getattr(landscape, field.name)
        if field.metadata.get("static", False) and not _is_hashable(value):
            raise ValueError(
                f"The static field `{field.name}` of {name} must be a number, a word or a tuple of such, "
                f"got {type(value).__name__}: write arrays without static=True."
            )


def _check_fingerprint(landscape: AbstractLandscape) -> None:
    """Refuse a fingerprint that no atlas can store."""
    settings = landscape.fingerprint()
    try:
        json.dumps(settings)
    except TypeError as error:
        raise ValueError(
            f"`fingerprint` of {type(landscape).__name__} must return numbers, words and lists of such, "
            f"for arrays their `data_hash`, because an atlas stores it: {error}."
        ) from None


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


@functools.cache
def _programs() -> tuple[Callable, Callable]:
    """Return the programs for starts, and for energy and gradient; they run a few times only."""
    plain = plain_options()
    return (
        jax.jit(lambda landscape, key: landscape.sample(key), compiler_options=plain),
        jax.jit(lambda landscape, x: landscape.value_and_gradient(x), compiler_options=plain),
    )


def value_and_gradient(landscape: AbstractLandscape, x: Point) -> tuple[Scalar, Point]:
    """Return energy and gradient by one compiled program, which all checks of a landscape use."""
    return _programs()[1](landscape, x)


def _start(landscape: AbstractLandscape, key: PRNGKeyArray) -> Point:
    return _programs()[0](landscape, key)


def _check_derivatives(landscape: AbstractLandscape, x: Point) -> None:
    """Refuse a loss whose gradient or Hessian JAX cannot compute."""
    try:
        value_and_gradient(landscape, x)
    except Exception as error:  # JAX and libraries built on it have no common exception for this
        raise ValueError(f"JAX cannot compute the gradient of the loss: {_brief(error)}") from error
    leaves, structure = jax.tree.flatten(landscape)
    error = _hessian_error(structure, tuple((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves))
    if error is not None:
        raise ValueError(f"JAX cannot compute the Hessian of the loss: {_brief(error)}") from error


@functools.lru_cache(maxsize=256)
def _hessian_error(structure: Any, leaves: tuple) -> Exception | None:
    """Return the error that a Hessian raises, or None, once for all landscapes of one form.

    The program is lowered, not compiled.
    """
    shapes = (jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in leaves)
    landscape = jax.tree.unflatten(structure, shapes)
    point = jax.ShapeDtypeStruct((landscape.dimension,), jnp.float64)
    try:
        jax.jit(lambda land, x: land.hessian(x)).lower(landscape, point)
    except Exception as error:
        return error
    return None


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _check_gradient(landscape: AbstractLandscape, starts: list[Point]) -> None:
    """Refuse a loss whose gradient contradicts central differences over two distances at every start.

    One start that agrees is enough, because with kinks some starts may lie near one.
    """
    rng, worst = np.random.default_rng(0), None
    unit = np.asarray(landscape.units.variables)
    for start in starts:
        energy, gradient = (np.asarray(value) for value in value_and_gradient(landscape, start))
        direction = rng.standard_normal(len(start)) * unit
        direction /= np.linalg.norm(direction / unit)
        slope, size = float(gradient @ direction), float(np.linalg.norm(gradient * unit))
        for length in DIFFERENCES:
            ends = [
                value_and_gradient(
                    landscape, landscape.geometry.retract(start + sign * length * direction)
                )[0]
                for sign in (1, -1)
            ]
            difference = float(ends[0] - ends[1]) / (2 * length)
            noise = 1e-13 * abs(float(energy)) / length
            if not np.isfinite(difference) or abs(difference - slope) <= WRONG_SLOPE * size + noise:
                return
            worst = (difference, slope)
    if worst is not None:
        raise ValueError(
            "The gradient that JAX computes is not that of the loss: along a random direction at a random "
            f"start the loss changes by {worst[0]:.6g} per unit length, but the gradient says "
            f"{worst[1]:.6g}. Look for `stop_gradient`, roundings, or a wrong rule for derivatives."
        )


def _check_symmetry(landscape: AbstractLandscape, x: np.ndarray, rng: np.random.Generator) -> None:
    """Refuse a symmetry that changes the energy at random images of a point.

    A few images suffice: the elements that keep the energy form a subgroup, so at least half of the group
    changes it if any element does.
    """
    group = landscape.symmetry
    if group.order == 1:
        return
    images = random_images(group, x, 4 * IMAGES, rng)
    energy, gradient = value_and_gradient(landscape, jnp.asarray(x))
    size = abs(float(energy)) + float(jnp.linalg.norm(gradient)) * float(np.linalg.norm(x))
    for image in [image for image in images if not np.array_equal(image, x)][:IMAGES]:
        other = float(value_and_gradient(landscape, jnp.asarray(image))[0])
        if not abs(other - float(energy)) <= SAME_ENERGY * size:
            raise ValueError(_no_symmetry(group, float(energy), other, "a random point"))


def check_images(
    landscape: AbstractLandscape,
    x: np.ndarray,
    energy: np.ndarray,
    images: np.ndarray,
    other: np.ndarray,
) -> None:
    """Refuse a symmetry that changes the energy of a point that was found.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`, `images`: points and an image of each, shape (points, dim), parameter units.
    - `energy`, `other`: energies of the points and of their images, shape (points,), loss units.

    **Raises:** `ValueError` that shows the first point whose image has another energy.
    """
    unit = landscape.units.energy
    wrong = np.flatnonzero(~(np.abs(other - energy) <= SAME_IMAGE * np.maximum(unit, np.abs(energy))))
    if len(wrong):
        i = wrong[0]
        where = f"the point {np.array2string(x[i], precision=4, threshold=6)} that was found"
        raise ValueError(_no_symmetry(landscape.symmetry, float(energy[i]), float(other[i]), where))


def _no_symmetry(group: AbstractSymmetry, energy: float, other: float, where: str) -> str:
    return (
        f"The symmetry ({type(group).__name__} of order {group.order}) is not one of this loss, which is "
        f"{energy:.9g} at {where} and {other:.9g} at an image of it: name only maps that leave the loss "
        "unchanged."
    )


def random_images(
    group: AbstractSymmetry, x: np.ndarray, count: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return random images of a point; raises `ValueError` if the group does not act on its variables."""
    try:
        images = [np.asarray(group.random_image(x, rng)) for _ in range(count)]
    except (IndexError, ValueError, TypeError):
        images = []
    if not images or any(image.shape != x.shape for image in images):
        raise ValueError(
            f"The symmetry ({type(group).__name__} of order {group.order}) does not map points of {len(x)} "
            "variables: it is for another number of variables."
        )
    return images
