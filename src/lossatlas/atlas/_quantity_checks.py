"""Checks of names and numbers that are to be stored as quantities."""

import dataclasses
from typing import Any

import numpy as np

from ._columns import Minima, TransitionStates
from ._quantity_rows import TABLES, Numbers, Row


_CLASSES = {"minima": Minima, "transition_states": TransitionStates}
_RESERVED = {"keys", "where", "rows", "minimum_a", "minimum_b"}


def points_table(kind: str) -> str:
    """Return the name of the table that holds a kind of points.

    **Raises:** `ValueError` for an unknown kind.
    """
    if kind not in TABLES:
        raise ValueError(f"`kind` must be minimum or transition_state, got {kind!r}.")
    return TABLES[kind]


def check_name(name: Any, kind: str, rows: list[Row]) -> None:
    """Check that the name of a quantity is a word, and that no two columns have one name.

    **Arguments:**

    - `name`, `kind`: name of the quantity, and kind of its points.
    - `rows`: rows of all quantities, this one included.

    **Raises:** `ValueError` for another name; the message names the column that exists already.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"Names of quantities must be words such as volume, got {name!r}.")
    fields = {field.name for field in dataclasses.fields(_CLASSES[points_table(kind)])} | _RESERVED
    names = {row[1] for row in rows if row[0] == kind}
    errors = {f"{row[1]}_error" for row in rows if row[0] == kind and row[-1] is not None}
    taken = ({name, f"{name}_error"} & (names | errors) & fields) or (names & errors)
    if taken:
        raise ValueError(f"There is a column {min(taken)!r} already: choose another name.")


def check_numbers(values: Any, ids: Any, error: Any, count: int, kind: str) -> Numbers:
    """Return numbers in the order of the ids.

    **Arguments:**

    - `values`, `ids`, `error`: as in `Quantities.set`.
    - `count`, `kind`: number and kind of the points.

    **Raises:** `ValueError` that names the argument that is wrong.
    """
    points = np.arange(1, count + 1) if ids is None else np.asarray(ids)
    if points.ndim != 1 or (points.size and points.dtype.kind not in "iu"):
        raise ValueError(
            f"`ids` must be integers of shape (points,), got {points.dtype} of shape {points.shape}."
        )
    points = points.astype(np.int64)
    what = kind.replace("_", " ")
    wrong = points[(points < 1) | (points > count)]
    if wrong.size:
        raise ValueError(f"`ids`: there is no {what} {wrong[0]}; ids are 1 to {count}.")
    order = np.argsort(points, kind="stable")
    twice = points[order][1:][np.diff(points[order]) == 0]
    if twice.size:
        raise ValueError(f"`ids` must name each {what} once, but {twice[0]} stands there twice.")
    columns = {}
    for name, given in (("values", values), ("error", np.nan if error is None else error)):
        column = np.asarray(given)
        if column.dtype.kind not in "biuf":
            raise ValueError(f"`{name}` must be numbers, got {column.dtype}.")
        if name == "error" and column.ndim == 0:
            column = np.full(len(points), float(column))
        if column.shape != (len(points),):
            raise ValueError(f"`{name}` must have shape ({len(points)},), got {column.shape}.")
        if np.isinf(column).any():
            unknown = "defined" if name == "values" else "known"
            raise ValueError(f"`{name}` must be finite, or NaN where it is not {unknown}.")
        columns[name] = column.astype(float)[order]
    if (columns["error"] < 0).any():
        raise ValueError(f"`error` must not be negative, got {columns['error'].min()}.")
    return Numbers(points[order], columns["values"], columns["error"])
