"""Columns of one's own: a CSV file with a number per minimum, for the metrics of an import."""

import csv
import math
import os
from pathlib import Path

from ._errors import AtlasError


def read_own_columns(path: str | os.PathLike, minima: int, taken: set[str]) -> dict[str, dict[int, float]]:
    """Read a CSV file whose header is `id` and names, in any order of rows.

    **Arguments:**

    - `path`: the file. Rows may be missing and fields empty: what they stand for is not known.
    - `minima`: how many there are, whose ids are 1 to `minima`.
    - `taken`: names that columns have already.

    **Returns:** by name, the values by id.

    **Raises:** `AtlasError` that names file, line and what is wrong.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(i, row) for i, row in enumerate(csv.reader(file), start=1) if row]
    except OSError as error:
        raise AtlasError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AtlasError(f"{path} is no CSV: {error}.") from error
    header = [name.strip() for name in rows[0][1]] if rows else []
    if len(header) < 2 or header[0] != "id":
        raise AtlasError(f"{path}, line 1: needs a header such as id,radius.")
    names = header[1:]
    for name in names:
        if not name.isidentifier() or name in taken or names.count(name) > 1:
            raise AtlasError(f"{path}, line 1: {name!r} is no name, or a column has it already.")
    columns: dict[str, dict[int, float]] = {name: {} for name in names}
    for number, row in rows[1:]:
        where = f"{path}, line {number}"
        if len(row) != len(header):
            raise AtlasError(f"{where}: needs {len(header)} fields, got {len(row)}.")
        minimum = _id(row[0], where, minima)
        if minimum in columns[names[0]]:
            raise AtlasError(f"{where}: minimum {minimum} had a line already.")
        for name, field in zip(names, row[1:]):
            columns[name][minimum] = _value(field, where)
    return columns


def _id(field: str, where: str, minima: int) -> int:
    try:
        minimum = int(field)
    except ValueError:
        raise AtlasError(f"{where}: needs the id of a minimum, got {field!r}.") from None
    if not 1 <= minimum <= minima:
        raise AtlasError(f"{where}: there is no minimum {minimum}; ids are 1 to {minima}.")
    return minimum


def _value(field: str, where: str) -> float:
    try:
        value = float(field) if field.strip() else math.nan
    except ValueError:
        raise AtlasError(f"{where}: needs a number, got {field!r}.") from None
    if math.isinf(value):
        raise AtlasError(f"{where}: needs a finite number, got {field!r}; leave unknown ones empty.")
    return value
