"""The checks of a landscape before it is searched: derivatives, gradient, symmetry, fingerprint."""

import dataclasses
import functools
import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._checks import brief, check_whole, traced
from lossatlas._plain_code import plain_options

from ._landscape import AbstractLandscape, check_kind
from ._symmetry import AbstractSymmetry


IMAGES = 8  # images of a random point at which a symmetry is tested
SAME_ENERGY = 1e-9  # allowed difference of the energies of images, relative to |E| + ||gradient|| ||x||
DIFFERENCES = (1e-4, 1e-6)  # distances of central differences, in units of the variables
STARTS = 8  # random starts at which a landscape is evaluated
DIRECTIONS = 3  # random directions along which a gradient is compared with differences
WRONG_SLOPE = 1e-2  # allowed error of a central difference, relative to the gradient
SAME_IMAGE = 1e-6  # allowed relative difference of the energies of a point that was found and its image


def check_landscape(landscape: AbstractLandscape, *, seed: int = 0) -> None:
    """Refuse a landscape that no search can work on.

    **Arguments:**

    - `landscape`: the landscape to check.
    - `seed`: seed of the random starts at which it is evaluated.

    **Raises:** `ValueError` if it is not a landscape; `dimension` is not a number; a static field is an
    array; `sample` does not return a float64 vector of `dimension` numbers within the geometry; the energy
    is not one float64 number, or cannot be differentiated twice by JAX; energy or gradient are not finite
    at any of eight random starts, or the energy is the same at all of them and the gradient zero; two
    evaluations at one point differ; the gradient contradicts differences
    of energies; the symmetry has another number of variables or changes the energy; or the fingerprint
    cannot be written as JSON.
    """
    check_kind(landscape)
    _check_fields(landscape)
    try:
        start = start_of(landscape, seed)
    except Exception as error:  # JAX and libraries built on it have no common exception for this
        raise ValueError(f"JAX cannot draw a random start by `sample`: {brief(error)}") from error
    if getattr(start, "shape", None) != (landscape.dimension,) or start.dtype != jnp.float64:
        got = f"{start.dtype} of shape {start.shape}" if hasattr(start, "dtype") else type(start).__name__
        raise ValueError(
            f"A start must be a float64 vector of {landscape.dimension} variables, but `sample` returned "
            f"{got}."
        )
    with traced("The loss"):
        shape = jax.eval_shape(lambda x: _one_number(landscape.surface_energy(x)), start)
    if shape.dtype != jnp.float64:
        raise ValueError(
            f"The loss must be computed in float64, but it returned {shape.dtype}: compute with "
            "the variables as they are given."
        )
    _check_derivatives(landscape, start)
    starts = [start_of(landscape, seed + i) for i in range(STARTS)]
    finite, energies, is_flat = None, [], True
    for x in starts:
        landscape.geometry.check(x[None], f"What `sample` of {type(landscape).__name__} returns")
        energy, gradient = value_and_gradient(landscape, x)
        energies.append(float(energy))
        is_flat = is_flat and not gradient.any()
        if np.isfinite(energy) and np.isfinite(gradient).all():
            finite = x
    if finite is None:
        raise ValueError(
            "The loss or its gradient is not finite (NaN or infinite) at any of 8 random starts: "
            "check the loss, or give starts where it is defined."
        )
    if is_flat and len(set(energies)) == 1:
        raise ValueError(
            f"The loss is {energies[0]:g} at each of 8 random starts, and its gradient is zero: it does "
            "not depend on the variables."
        )
    # A new trace: random numbers that numpy draws in the loss are constant in one trace and differ in two.
    retraced = jax.jit(lambda land, x: land.surface_energy(x), compiler_options=plain_options())
    again = np.asarray(retraced(landscape, starts[-1]))
    if not np.isclose(again, energies[-1], rtol=1e-9, atol=1e-12, equal_nan=True):
        raise ValueError("The loss gives two different values at one point; it must be deterministic.")
    _check_gradient(landscape, starts)
    _check_symmetry(landscape, finite, np.random.default_rng(seed))
    _check_fingerprint(landscape)


def _one_number(energy: Any) -> Any:
    """Return what a loss returned if it is one number; raises `ValueError` for anything else."""
    got = None if isinstance(energy, str) else getattr(energy, "shape", None)
    if isinstance(energy, bool | int | float | complex):
        got = ()
    if got != ():
        said = type(energy).__name__ if got is None else f"shape {got}"
        raise ValueError(f"The loss must return one number, but it returned {said}.")
    return energy


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
        jax.jit(lambda landscape, seed: landscape.sample(jax.random.key(seed)), compiler_options=plain),
        jax.jit(lambda landscape, x: landscape.value_and_gradient(x), compiler_options=plain),
    )


def value_and_gradient(landscape: AbstractLandscape, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return energy and gradient by one compiled program, which all checks of a landscape use.

    Operations on numpy arrays around it compile nothing; each of JAX's would be a program of its own.
    """
    energy, gradient = _programs()[1](landscape, x)
    return np.asarray(energy), np.asarray(gradient)


def start_of(landscape: AbstractLandscape, seed: int) -> np.ndarray:
    """Return the random start of a seed, shape (dim,), by one compiled program."""
    found = _programs()[0](landscape, np.int64(seed))
    return np.asarray(found) if isinstance(found, jax.Array) else found  # the check says what is wrong


def _check_derivatives(landscape: AbstractLandscape, x: np.ndarray) -> None:
    """Refuse a loss whose gradient or Hessian JAX cannot compute."""
    try:
        value_and_gradient(landscape, x)
    except Exception as error:  # JAX and libraries built on it have no common exception for this
        raise ValueError(f"JAX cannot compute the gradient of the loss: {brief(error)}") from error
    leaves, structure = jax.tree.flatten(landscape)
    error = _hessian_error(structure, tuple((jnp.shape(leaf), jnp.result_type(leaf)) for leaf in leaves))
    if error is not None:
        raise ValueError(f"JAX cannot compute the Hessian of the loss: {brief(error)}") from error


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


def _check_gradient(landscape: AbstractLandscape, starts: list[np.ndarray]) -> None:
    """Refuse a loss whose gradient contradicts central differences at every start.

    A start agrees if along each of three random directions one of two distances does. One start that agrees
    is enough, because with kinks some starts may lie near one.
    """
    rng = np.random.default_rng(0)
    wrong = (0.0, 0.0)
    for start in starts:
        directions = rng.standard_normal((DIRECTIONS, len(start)))
        found = [_contradiction(landscape, start, direction) for direction in directions]
        if not any(found):
            return
        wrong = next(filter(None, found))
    raise ValueError(
        "The gradient that JAX computes is not that of the loss: along a random direction at a random "
        f"start the loss changes by {wrong[0]:.6g} per unit length, but the gradient says {wrong[1]:.6g}. "
        "Look for `stop_gradient`, roundings, or a wrong rule for derivatives."
    )


def _contradiction(
    landscape: AbstractLandscape, start: np.ndarray, direction: np.ndarray
) -> tuple[float, float] | None:
    """Return the difference quotient and the slope along a direction, or None where they agree."""
    unit = np.asarray(landscape.units.variables)
    direction = direction * unit / np.linalg.norm(direction)
    energy, gradient = value_and_gradient(landscape, start)
    slope, size = float(gradient @ direction), float(np.linalg.norm(gradient * unit))
    difference = slope
    for length in DIFFERENCES:
        ends = []
        for move in (length * direction, -length * direction):
            end = landscape.geometry.retract(jnp.asarray(start + move))
            ends.append(value_and_gradient(landscape, np.asarray(end))[0])
        difference = float(ends[0] - ends[1]) / (2 * length)
        noise = 1e-13 * abs(float(energy)) / length
        if not np.isfinite(difference) or abs(difference - slope) <= WRONG_SLOPE * size + noise:
            return None
    return difference, slope


def _check_symmetry(landscape: AbstractLandscape, x: np.ndarray, rng: np.random.Generator) -> None:
    """Refuse a symmetry that changes the energy at random images of a point.

    A few images suffice: the elements that keep the energy form a subgroup, so at least half of the group
    changes it if any element does.
    """
    group = landscape.symmetry
    if group.order == 1:
        return
    images = random_images(group, x, 4 * IMAGES, rng)
    energy, gradient = value_and_gradient(landscape, x)
    size = abs(float(energy)) + float(np.linalg.norm(gradient) * np.linalg.norm(x))
    for image in [image for image in images if not np.array_equal(image, x)][:IMAGES]:
        other = float(value_and_gradient(landscape, image)[0])
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
