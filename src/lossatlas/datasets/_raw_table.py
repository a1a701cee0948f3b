"""A table as it comes: the texts of every column, from a CSV file, a data frame, a mapping or rows."""

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MISSING = ("", "na", "nan", "null", "none", "n/a", "?")
DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*")


class RawTable(NamedTuple):
    """Columns of texts, and where they stand in their source.

    - `name`: of the table, for sentences and pictures.
    - `columns`: the texts of each column by its name, all of one length.
    - `rows`: the number of each row in the source; the header of a file is row 1.
    - `note`: how the file was read, where that is not plain CSV; a clause or nothing.
    """

    name: str
    columns: dict[str, list[str]]
    rows: list[int]
    note: str = ""

    def at(self, row: int, column: str) -> str:
        """Return where a value stands, in words; `row` counts from 0."""
        return f"{self.name}, row {self.rows[row]}, column {column}"

    def known(self, column: str) -> np.ndarray:
        """Return whether each row has a value in a column, shape (rows,)."""
        return np.array([not is_missing(text) for text in self.columns[column]], dtype=bool)

    def where(self, kept: np.ndarray) -> "RawTable":
        """Return some rows, chosen by a mask or by their positions, which count from 0."""
        places = (np.flatnonzero(kept) if kept.dtype == bool else kept).tolist()
        columns = {name: [texts[place] for place in places] for name, texts in self.columns.items()}
        return self._replace(columns=columns, rows=[self.rows[place] for place in places])


def read_table(source: Any) -> RawTable:
    """Read a table.

    **Arguments:**

    - `source`: path of a CSV file with a header line, whose values are separated by commas, semicolons,
        tabs or vertical bars; a data frame of pandas or polars or a table of Arrow; a mapping from names
        to values; a list of such mappings, one per row; or a `RawTable`, which is returned.

    **Raises:** `ValueError` in one sentence for a file that cannot be read, columns without a name or with
    the same one, and rows of different lengths.
    """
    if isinstance(source, RawTable):
        return source
    if isinstance(source, str | os.PathLike):
        return _from_file(Path(source))
    if isinstance(source, Sequence) and source and all(isinstance(row, Mapping) for row in source):
        names = list(source[0])
        if any(list(row) != names for row in source):
            raise ValueError(f"Every row must have the same columns as the first, {', '.join(names)}.")
        source = {name: [row[name] for row in source] for name in names}
    columns = _columns_of(source)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"All columns of a table must have one length, got {sorted(lengths)}.")
    texts = {name: [as_text(value) for value in values] for name, values in columns.items()}
    return RawTable("table", texts, list(range(1, 1 + lengths.pop() if lengths else 1)))


def is_missing(text: str) -> bool:
    """Return whether a text stands for a value that is not known."""
    return text.strip(" \t'\"").lower() in MISSING


def as_text(value: Any) -> str:
    """Return a value as it would stand in a file; nothing for None and numbers that are none."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)


def _columns_of(source: Any) -> dict[str, list[Any]]:
    """Return columns by name of a mapping or a data frame."""
    if isinstance(source, Mapping):
        return {str(name): list(values) for name, values in source.items()}
    if hasattr(source, "column_names"):  # Arrow
        return {name: source.column(name).to_pylist() for name in source.column_names}
    if hasattr(source, "columns"):  # pandas, polars
        names = [str(name) for name in source.columns]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"The table has several columns named {repeated[0]!r}.")
        return {str(name): list(source[name]) for name in source.columns}
    raise ValueError(
        "A table must be the path of a CSV file, a data frame of pandas, polars or Arrow, a mapping from "
        f"names to values, or a list of such mappings; got {type(source).__name__}."
    )


def _from_file(path: Path) -> RawTable:
    """Read a CSV file; empty lines are passed over."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a CSV text file in UTF-8.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    lines = list(io.StringIO(text, newline=""))  # as a file: other separators of lines are part of a value
    separator = _separator(lines)
    reader = csv.reader(lines, delimiter=separator)
    try:
        rows = dict((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        raise ValueError(f"{path} is not a CSV text file in UTF-8: {error}.") from None
    if len(rows) < 2:
        raise ValueError(f"{path.name} needs a header line and at least one row of data.")
    header = [name.strip() for name in rows.pop(min(rows))]
    for place, name in enumerate(header):
        if header.count(name) > 1 or (not name and place):
            raise ValueError(f"{path.name} has several columns named {name!r}, or one without a name.")
    for number, row in rows.items():
        if len(row) != len(header):
            raise ValueError(f"{path.name}, row {number}: {len(row)} values for {len(header)} columns.")
    columns = {name: [row[i] for row in rows.values()] for i, name in enumerate(header)}
    said = "" if separator == "," else f"values separated by {SEPARATORS[separator]}"
    if separator != ",":
        said += _decimal_points(columns)
    return RawTable(path.name, columns, list(rows), said)


def _separator(lines: Sequence[str]) -> str:
    """Return what separates the values: what cuts the first lines into equally many, and most of them."""
    first = [line for line in lines[:20] if line.strip()]
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            counts = {len(row) for row in csv.reader(first, delimiter=separator)}
        except csv.Error:
            continue
        if len(counts) == 1 and max(counts) > most:
            best, most = separator, max(counts)
    return best


def _decimal_points(columns: dict[str, list[str]]) -> str:
    """Replace decimal commas by points in columns of numbers, and say so."""
    found = False
    for name, texts in columns.items():
        known = [text for text in texts if not is_missing(text)]
        with_comma = sum(DECIMAL_COMMA.fullmatch(text) is not None for text in known)
        if with_comma and all(DECIMAL_COMMA.fullmatch(t) or "," not in t for t in known):
            columns[name] = [text.replace(",", ".") for text in texts]
            found = True
    return ", decimal commas" if found else ""
