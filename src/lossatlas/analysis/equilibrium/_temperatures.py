"""Grids of temperatures, and computations that may fail at some of the temperatures."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._checks import check_whole

from .._transition_network import TransitionNetwork
from ._thermodynamics import check_temperatures, temperature_range


def temperature_grid(
    network: TransitionNetwork, count: int = 25, *, kt: ArrayLike | None = None
) -> np.ndarray:
    """Return temperatures spaced evenly in the logarithm.

    **Arguments:**

    - `network`: energies, log-products and orbit sizes of the minima.
    - `count`: number of temperatures, at least 2.
    - `kt`: temperatures, loss units; the grid runs from the lowest to the highest. Without them, or if they
        are all equal, it runs over `temperature_range`.

    **Returns:** temperatures, loss units, shape (count,).

    **Raises:** `ValueError` for another `count`, temperatures that are not positive and finite, if the
    range is needed and all minima that are ever occupied have one energy, and as `temperature_range`.
    """
    count = check_whole("count", count, least=2)
    given = None if kt is None else check_temperatures(kt)
    ends = None if given is None else (float(given.min()), float(given.max()))
    if ends is None or ends[0] == ends[1]:
        ends = temperature_range(network)
    if ends is None:
        raise ValueError(
            "All minima that matter have one energy, so their occupation does not change with temperature: "
            "give two temperatures or more."
        )
    return np.geomspace(*ends, count)


def at_each(kt: ArrayLike, compute: Callable[[float], Any]) -> tuple[list[Any], list[str | None]]:
    """Call a function at every temperature, and go on where it fails at one of them.

    **Arguments:**

    - `kt`: temperatures, loss units, shape (temperatures,) or one number.
    - `compute`: function of one temperature; it may raise `ValueError`.

    **Returns:** a list of what the function returned (None where it failed), and a list of the messages of
    its errors (None where it did not fail), one entry per temperature each.

    **Raises:** `ValueError`, that of the first temperature, if the function fails at all of them.
    """
    found: list[Any] = []
    errors: list[ValueError | None] = []
    for temperature in np.atleast_1d(np.asarray(kt, dtype=float)).tolist():
        try:
            found.append(compute(temperature))
            errors.append(None)
        except ValueError as error:
            found.append(None)
            errors.append(error)
    if errors and all(errors):
        raise next(error for error in errors if error is not None)
    return found, [None if error is None else str(error) for error in errors]
