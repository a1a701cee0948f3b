"""Which temperatures to look at, and what to do where one of them fails."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._transition_network import TransitionNetwork
from ._thermodynamics import temperature_range


def temperature_grid(
    network: TransitionNetwork, count: int = 25, *, kt: ArrayLike | None = None
) -> np.ndarray:
    """Return temperatures spaced evenly in the logarithm.

    **Arguments:**

    - `network`: log-products and orbit sizes of the minima.
    - `count`: how many.
    - `kt`: temperatures, loss units, whose lowest and highest are the ends; default, and for one
        temperature alone, those of `temperature_range`.

    **Returns:** loss units, shape (count,).

    **Raises:** `ValueError` where there are no two ends, because all minima that matter have one energy.
    """
    ends = None if kt is None else (float(np.min(kt)), float(np.max(kt)))
    if ends is None or ends[0] == ends[1]:
        ends = temperature_range(network)
    if ends is None:
        raise ValueError(
            "All minima that matter have one energy, so their occupation does not change with temperature: "
            "give two temperatures or more."
        )
    return np.geomspace(*ends, count)


def at_each(kt: ArrayLike, compute: Callable[[float], Any]) -> tuple[list[Any], list[str | None]]:
    """Compute something at every temperature; one that fails fails alone.

    **Returns:** what was computed, None where that failed, and a sentence that says why, None where it did
    not.

    **Raises:** `ValueError` if all fail, as the first.
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
