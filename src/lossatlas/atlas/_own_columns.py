"""Columns from a CSV file of the user: numbers per minimum or transition state."""

import csv
import math
import os
from pathlib import Path

import numpy as np

from ._errors import AtlasError
from ._quantity_rows import Numbers


def read_own_columns(path: str | os.PathLike, count: int, kind: str) -> dict[str, Numbers]:
    """Read a CSV file whose header is `id` and names of columns; its rows may have any order.

    A column NAME_error beside a column NAME holds the errors of NAME.

    **Arguments:**

    - `path`: the file. A missing row or an empty field says that the number is not known.
    - `count`: number of points, whose ids are 1 to `count`.
    - `kind`: kind of the points, `minimum` or `transition_state`.

    **Returns:** the known numbers, by name of the column.

    **Raises:** `AtlasError` that names the file, the line and what is wrong.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(i, row) for i, row in enumerate(csv.reader(file), start=1) if row]
    except OSError as error:
        raise AtlasError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AtlasError(f"{path} is not a CSV text file in UTF-8.") from error
    header = [name.strip() for name in rows[0][1]] if rows else []
    if len(header) < 2 or header[0] != "id":
        raise AtlasError(f"{path}, line 1: needs a header such as id,radius.")
    names = header[1:]
    for name in names:
        if not name.isidentifier() or names.count(name) > 1:
            raise AtlasError(f"{path}, line 1: {name!r} is not a word, or stands there twice.")
    lines: dict[int, list[float]] = {}
    for number, row in rows[1:]:
        where = f"{path}, line {number}"
        if len(row) != len(header):
            raise AtlasError(f"{where}: needs {len(header)} fields, got {len(row)}.")
        point = _id(row[0], where, count, kind.replace("_", " "))
        if point in lines:
            raise AtlasError(f"{where}: {kind.replace('_', ' ')} {point} had a line already.")
        lines[point] = [_value(name, names, field, where) for name, field in zip(names, row[1:])]
    points = np.array(sorted(lines), dtype=np.int64)
    table = np.array([lines[point] for point in points.tolist()]).reshape(-1, len(names))
    return {
        name: _numbers(points, dict(zip(names, table.T)), name)
        for name in names
        if not _is_error(name, names)
    }


def _numbers(points: np.ndarray, columns: dict[str, np.ndarray], name: str) -> Numbers:
    errors = columns.get(f"{name}_error", np.full(len(points), np.nan))
    known = ~np.isnan(columns[name])
    return Numbers(points, columns[name], errors)[known]


def _is_error(name: str, names: list[str]) -> bool:
    return name.endswith("_error") and name.removesuffix("_error") in names


def _id(field: str, where: str, count: int, what: str) -> int:
    try:
        point = int(field)
    except ValueError:
        raise AtlasError(f"{where}: needs the id of a {what}, got {field!r}.") from None
    if not 1 <= point <= count:
        raise AtlasError(f"{where}: there is no {what} {point}; ids are 1 to {count}.")
    return point


def _value(name: str, names: list[str], field: str, where: str) -> float:
    try:
        value = float(field) if field.strip() else math.nan
    except ValueError:
        raise AtlasError(f"{where}: needs a number, got {field!r}.") from None
    if math.isinf(value):
        raise AtlasError(f"{where}: needs a finite number, got {field!r}; leave unknown ones empty.")
    if value < 0 and _is_error(name, names):
        raise AtlasError(f"{where}: needs an error that is not negative, got {field!r}.")
    return value
