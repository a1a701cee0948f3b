"""A table of runs, which the studies with scripts of their own keep: a CSV file that grows row by row."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


csv.field_size_limit(2**31 - 1)  # a point of thousands of variables is one field


class RunTable:
    """A CSV file with one row for each run: the settings of the run, then what came out.

    A script asks which runs are missing, runs these and adds them; no row is written twice. A kill loses at
    most the row that was being written, which is removed when the table is next opened. Runs of different
    settings may stand beside each other in one file.

    **Arguments:**

    - `path`: the file; it is made when the first row is added.
    - `settings`: names of the columns that say which run a row is of. A setting without meaning for a run
        is None.
    - `results`: names of the columns of what came out.

    **Raises:** `ValueError` for a file with other columns, or one that cannot be made.
    """

    def __init__(self, path: Path, settings: Sequence[str], results: Sequence[str]):
        self._path, self._settings, self._columns = Path(path), tuple(settings), (*settings, *results)
        if self._path.is_dir() or not self._path.absolute().parent.is_dir():
            raise ValueError(f"{path} must be a file in a folder that is there.")
        self._runs: set[tuple[str, ...]] = set()
        if not self._path.exists():
            return
        text = self._path.read_text(encoding="utf-8")
        head = _line(self._columns)
        if not (text.startswith(head) or head.startswith(text)):
            raise ValueError(
                f"{path} has other columns than {', '.join(self._columns)}: name another file, or remove "
                "it."
            )
        self._runs = {self._run(row) for row in read_rows(self._path)}
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            partial = self._path.with_name(f".{self._path.name}.partial")
            partial.write_text(whole, encoding="utf-8")
            partial.replace(self._path)

    def __contains__(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the run with these settings is in the file."""
        return self._run(settings) in self._runs

    def add(self, row: Mapping[str, Any]) -> None:
        """Append the row of a run, unless it is there; an array becomes numbers with spaces between."""
        run = self._run(row)
        if run in self._runs:
            return
        is_new = not self._path.exists() or not self._path.stat().st_size
        with open(self._path, "a", encoding="utf-8", newline="") as file:
            file.write(
                (_line(self._columns) if is_new else "") + _line(row[name] for name in self._columns)
            )
            file.flush()
            os.fsync(file.fileno())
        self._runs.add(run)

    def _run(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(_text(row[name]) for name in self._settings)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table as text by column, without a last one that a kill has cut.

    **Raises:** `ValueError` that names the line of anything else.
    """
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")[:-1]
    names, *rows = csv.reader(lines) if lines else [[]]
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise ValueError(f"{path}, line {number}, has {len(row)} fields in place of {len(names)}.")
    return [dict(zip(names, row)) for row in rows]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a whole table, such as a summary; the first row names the columns."""
    path.write_text(_line(rows[0]) + "".join(_line(row.values()) for row in rows), encoding="utf-8")


def _line(values: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_text(value) for value in values])
    return text.getvalue()


def _text(value: Any) -> str:
    """Return a value as it stands in the file; numbers are written in full."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return " ".join(map(str, value.tolist()))
    return str(value.item() if isinstance(value, np.generic) else value)
