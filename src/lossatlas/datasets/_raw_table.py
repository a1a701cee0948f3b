"""A table as it comes: the texts of every column, from a CSV file, a data frame, a mapping or rows."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ._table_file import read_file
from ._texts import as_text, is_missing
from ._written_numbers import plain_numbers


class RawTable(NamedTuple):
    """Columns of texts, and where they stand in their source.

    - `name`: of the table, for sentences and pictures.
    - `columns`: the texts of each column by its name, all of one length.
    - `rows`: the number of each row in the source; the header of a file is row 1.
    - `note`: how the table was read, where that is not plain CSV; clauses or nothing.
    - `units`: what was left out beside the numbers of a column, such as kg or $, by its name.
    - `doubts`: why the numbers of a column cannot be read, a sentence without an end, by its name.
    """

    name: str
    columns: dict[str, list[str]]
    rows: list[int]
    note: str = ""
    units: Mapping[str, str] = {}
    doubts: Mapping[str, str] = {}

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
        tabs, vertical bars or spaces; a data frame of pandas or polars or a table of Arrow; a mapping from
        names to values; a list of such mappings, one per row; or a `RawTable`, which is returned.

    Numbers may have decimal commas, marks between thousands, percent signs (45% is read as 0.45), and a
    unit or currency that is the same in all values of a column.

    **Raises:** `ValueError` in one sentence for a file that cannot be read, columns without a name or with
    the same one, and rows of different lengths.
    """
    if isinstance(source, RawTable):
        return source
    if isinstance(source, str | os.PathLike):
        found = read_file(Path(source))
        return _table(Path(source).name, found.columns, found.rows, found.separator, found.said)
    if isinstance(source, Sequence) and source and all(isinstance(row, Mapping) for row in source):
        names = list(source[0])
        if any(list(row) != names for row in source):
            raise ValueError(f"Every row must have the same columns as the first, {', '.join(names)}.")
        source = {name: [row[name] for row in source] for name in names}
    columns = _columns_of(source)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"All columns of a table must have one length, got {sorted(lengths)}.")
    texts = {
        " ".join(name.split()): [as_text(value) for value in values] for name, values in columns.items()
    }
    return _table("table", texts, list(range(1, 1 + lengths.pop() if lengths else 1)), ",", [])


def _table(
    name: str, columns: dict[str, list[str]], rows: list[int], separator: str, said: list[str]
) -> RawTable:
    """Return the table with plain numbers."""
    numbers = plain_numbers(columns, separator)
    note = ", ".join([*said, *numbers.said])
    return RawTable(name, numbers.columns, rows, note, numbers.units, numbers.doubts)


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
