"""Checks of settings of a landscape that have one value for every variable: bounds, periods, scales."""

import math
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from lossatlas._checks import as_numbers

from ._check_landscape import random_images
from ._symmetry import AbstractSymmetry


IMAGES = 16  # random images of the values of a setting, at which its symmetry is tested


def per_variable(name: str, value: Any, size: int) -> Float[np.ndarray, " dim"]:
    """Return one value for every variable.

    **Arguments:**

    - `name`: name of the setting, for the error message.
    - `value`: one number, or numbers in the form of the parameters or as a vector.
    - `size`: number of variables.

    **Returns:** shape (size,).

    **Raises:** `ValueError` for anything else, and for NaN.
    """
    try:
        values = np.concatenate([as_numbers(name, leaf).ravel() for leaf in jax.tree.leaves(value)])
    except ValueError:
        values = np.zeros(0)
    if values.size not in (1, size) or np.isnan(values).any():
        raise ValueError(
            f"`{name}` must be one number, or one for each of {size} variables, got {value!r}."
        )
    return np.broadcast_to(values, size).copy()


def checked_bounds(bounds: Any, size: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the lower and the upper bound of every variable.

    **Raises:** `ValueError` unless `bounds` is a pair in which every lower bound is below the upper one.
    """
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise ValueError(
            f"`bounds` must be a pair (lower, upper), each a number or one per variable, got {bounds!r}."
        )
    lower, upper = (per_variable("bounds", side, size) for side in bounds)
    wrong = np.flatnonzero(~(lower < upper))
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"`bounds` must have every lower bound below the upper one, but those of variable {i} are "
            f"{lower[i]:g} and {upper[i]:g}."
        )
    return tuple(lower.tolist()), tuple(upper.tolist())


def checked_periods(
    periodic: Any, size: int, bounds: tuple[tuple[float, ...], tuple[float, ...]] | None
) -> tuple[float, ...]:
    """Return the period of every variable, infinite where there is none.

    **Raises:** `ValueError` if a period is not positive, all are infinite, or a variable has a bound, too.
    """
    periods = per_variable("periodic", periodic, size)
    if not np.all(periods > 0):
        i = int(np.flatnonzero(~(periods > 0))[0])
        raise ValueError(
            f"`periodic` must be positive periods, infinite for variables without one, but that of "
            f"variable {i} is {periods[i]:g}."
        )
    if not np.isfinite(periods).any():
        raise ValueError("`periodic` has no finite period: leave it out.")
    if bounds is not None:
        both = np.flatnonzero(np.isfinite(periods) & np.isfinite(bounds).any(axis=0))
        if len(both):
            raise ValueError(f"Variable {both[0]} has a period and a bound: it can have only one of them.")
    return tuple(periods.tolist())


def checked_scale(scale: Any, size: int) -> float | tuple[float, ...]:
    """Return one scale, or one per variable; raises `ValueError` if one is not positive and finite."""
    values = per_variable("scale", scale, size)
    if not np.all((values > 0) & (values < math.inf)):
        raise ValueError(f"`scale` must be positive, one number or {size}, got {scale!r}.")
    return float(values[0]) if np.all(values == values[0]) else tuple(values.tolist())


def usual_scale(
    size: int,
    bounds: tuple[tuple[float, ...], tuple[float, ...]] | None,
    periods: tuple[float, ...] | None,
) -> float | tuple[float, ...]:
    """Return the default scale of every variable.

    It is a quarter of the distance of two finite bounds, 1 / (2 pi) of a finite period, and otherwise 1.
    """
    values = np.ones(size)
    for lengths, share in (
        (None if bounds is None else np.subtract(bounds[1], bounds[0]), 0.25),
        (None if periods is None else np.array(periods), 0.5 / math.pi),
    ):
        if lengths is not None:
            values = np.where(np.isfinite(lengths), share * lengths, values)
    return checked_scale(values, size)


def finite_or_none(values: tuple[float, ...]) -> list[float | None]:
    """Return the values with None for infinity, which JSON cannot represent."""
    return [value if math.isfinite(value) else None for value in values]


def check_exchanged(name: str, values: Float[np.ndarray, " dim"], group: AbstractSymmetry) -> None:
    """Refuse a symmetry that exchanges variables with different values of a positive setting."""
    finite = np.where(np.isfinite(values), values, 0.0)
    for image in random_images(group, finite, IMAGES, np.random.default_rng(0)):
        if not np.allclose(np.abs(image), finite):
            raise ValueError(f"`{name}` must be the same for variables that `symmetry` exchanges.")


def check_bounds_kept(bounds: tuple[tuple[float, ...], tuple[float, ...]], group: AbstractSymmetry) -> None:
    """Refuse a symmetry that maps points between the bounds to points outside."""
    lower, upper = np.array(bounds)
    # A number above all finite bounds stands for infinity.
    far = (
        1.0 + np.abs([lower, upper], where=np.isfinite([lower, upper]), out=np.zeros((2, len(lower)))).max()
    )
    lower, upper = np.maximum(lower, -far), np.minimum(upper, far)
    # The same elements of the group map both corners.
    images = [random_images(group, corner, IMAGES, np.random.default_rng(0)) for corner in (lower, upper)]
    for low, high in zip(*images):
        if not (np.allclose(np.minimum(low, high), lower) and np.allclose(np.maximum(low, high), upper)):
            raise ValueError(
                "`symmetry` must map the bounds to themselves, but it moves points across them."
            )
