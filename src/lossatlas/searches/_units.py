"""Conversion of units: searches run in the landscape's own units, callers use their units."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from lossatlas._checks import as_numbers
from lossatlas.landscapes import AbstractLandscape, Units, dimensionless

from ._search import AbstractSearch, converted


def in_own_units(**arguments: str) -> Callable[[Callable], Callable]:
    """Return a decorator for an entry point of searches, whose first argument is the landscape.

    Where the landscape's units are not 1, the decorated function is called with the dimensionless landscape
    and with the named arguments divided by their units, and its result is converted back.

    **Arguments:**

    - `arguments`: for each argument with a unit, one of `points`, `directions` (made unit vectors),
        `lengths`, `energies`, `slopes` or `method` (a search or toolkit).
    """

    def decorate(verb: Callable) -> Callable:
        signature = inspect.signature(verb)

        @functools.wraps(verb)
        def converted(landscape: AbstractLandscape, *positional: Any, **named: Any) -> Any:
            # The entry point refuses anything that is not a landscape.
            own = dimensionless(landscape) if isinstance(landscape, AbstractLandscape) else landscape
            if own is landscape:
                return verb(landscape, *positional, **named)
            units = landscape.units
            given = signature.bind(landscape, *positional, **named)
            for name, kind in arguments.items():
                value = given.arguments.get(name)
                if value is not None:
                    given.arguments[name] = _inwards(value, kind, units)
                if kind == "points" and value is not None:
                    _check_geometry(landscape, value, name)
            given.arguments["landscape"] = own
            return verb(*given.args, **given.kwargs).in_units(units)

        return converted

    return decorate


def _check_geometry(landscape: AbstractLandscape, value: Any, name: str) -> None:
    """Refuse points off the geometry in the caller's units; other faults are left to the entry point."""
    try:
        points = np.atleast_2d(as_numbers(name, value))
    except ValueError:
        return
    if points.ndim == 2 and points.shape[1] == landscape.dimension:
        landscape.geometry.check(points, f"`{name}`")


def _inwards(value: Any, kind: str, units: Units) -> Any:
    """Return an argument in the landscape's own units; the entry point refuses other values itself."""
    if kind == "method":
        if isinstance(value, AbstractSearch):
            return converted(value, units)
        is_toolkit = hasattr(value, "in_units") and not isinstance(value, type)
        return value.in_units(units) if is_toolkit else value
    try:
        number = as_numbers(kind, value)
        if kind in ("points", "directions"):
            number = number / units.variables
    except ValueError:
        return value
    if kind == "directions":
        length = np.linalg.norm(number, axis=-1, keepdims=True)
        return number / np.where(length > 0, length, 1.0)
    if kind == "points":
        return number
    return float(number / {"lengths": units.length, "energies": units.energy, "slopes": units.slope}[kind])


def unit_vectors(directions: np.ndarray, units: Units) -> np.ndarray:
    """Return directions of dimensionless variables as unit vectors in the variables of the caller."""
    turned = directions * units.variables
    length = np.linalg.norm(turned, axis=-1, keepdims=True)
    return turned / np.where(length > 0, length, 1.0)
