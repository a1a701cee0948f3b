"""Ids: whole numbers that name minima in arguments and results, whatever their positions in arrays."""

import numpy as np
from jaxtyping import Int
from numpy.typing import ArrayLike


def check_ids(ids: ArrayLike | None, count: int, name: str = "ids") -> Int[np.ndarray, " minima"]:
    """Return the ids of points as an array, shape (count,); by default their positions 0, 1, 2, ...

    **Raises:** `ValueError` if there are not `count` different whole numbers.
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
    """Return the positions of minima, in the order of the ids given.

    **Arguments:**

    - `chosen`: ids of some minima, shape (chosen,).
    - `ids`: ids of all minima, in the order of the arrays, shape (minima,).
    - `name`: name of the argument, for the error message.

    **Returns:** positions in `ids`, shape (chosen,).

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
    """Return the position of the minimum with a given id; raises as `positions_of`."""
    return int(positions_of([minimum], ids, name)[0])


def positions_of_set(
    chosen: ArrayLike, ids: Int[np.ndarray, " minima"], name: str
) -> Int[np.ndarray, " chosen"]:
    """Return the positions of a set of minima, increasing and each once.

    **Raises:** `ValueError` for an empty set, and as `positions_of`.
    """
    values = np.unique(np.asarray(chosen))
    if not values.size:
        raise ValueError(f"`{name}` must name at least one minimum, got none.")
    return np.sort(positions_of(values, ids, name))
