"""Ids of minima: the labels by which arguments and results name them, whatever their place in an array."""

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike


def check_ids(ids: ArrayLike | None, count: int, name: str = "ids") -> Int[np.ndarray, " minima"]:
    """Return the ids of points as an array; where none are given, their positions 0, 1, 2, ...

    **Raises:** `ValueError` for another number of them, for anything but whole numbers, and for repeats.
    """
    if ids is None:
        return np.arange(count)
    values = np.asarray(ids)
    if values.shape != (count,):
        raise ValueError(f"`{name}` must have shape ({count},), got shape {values.shape}.")
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"`{name}` must hold whole numbers, got {values.dtype}.")
    if len(np.unique(values)) < count:
        raise ValueError(f"`{name}` must name each point once.")
    return values.astype(np.int64)


def positions_of(
    chosen: ArrayLike, ids: Int[np.ndarray, " minima"], name: str
) -> Int[np.ndarray, " chosen"]:
    """Return where the minima of given ids stand, in the order given.

    **Arguments:**

    - `chosen`: ids, shape (chosen,).
    - `ids`: of all minima, in their order.
    - `name`: of the argument, for messages.

    **Raises:** `ValueError` that names the first id without a minimum.
    """
    values = np.asarray(chosen)
    if values.ndim != 1 or values.size and values.dtype.kind not in "iu":
        raise ValueError(f"`{name}` must hold ids of minima, shape (n,), got {chosen!r}.")
    order = np.argsort(ids, kind="stable")
    places = np.searchsorted(ids[order], values.astype(np.int64))
    found = order[np.minimum(places, len(ids) - 1)]
    missing = np.flatnonzero(ids[found] != values)
    if missing.size:
        wrong = values[missing[0]]
        raise ValueError(f"`{name}`: there is no minimum {wrong}; ids are {ids.min()} to {ids.max()}.")
    return found


def position_of(minimum: int, ids: Int[np.ndarray, " minima"], name: str) -> int:
    """Return where one minimum stands, from its id; raises as `positions_of`."""
    return int(positions_of([minimum], ids, name)[0])


def positions_of_set(
    chosen: ArrayLike, ids: Int[np.ndarray, " minima"], name: str
) -> Int[np.ndarray, " chosen"]:
    """Return where the minima of a set stand, increasing and each once, from their ids.

    **Raises:** `ValueError` for an empty set and as `positions_of`.
    """
    values = np.unique(np.asarray(chosen))
    if not values.size:
        raise ValueError(f"`{name}` must name at least one minimum, got none.")
    return np.sort(positions_of(values, ids, name))
