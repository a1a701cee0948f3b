"""A CSV file of descents that grows piece by piece, and survives a kill in the middle of one."""

import contextlib
import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np


Method = Literal["gradient", "lbfgs", "hopping"]
METHODS: tuple[Method, ...] = get_args(Method)
COLUMNS: dict[str, type] = {
    "value": str,
    "draw": int,
    "method": str,
    "start": int,
    "quench": int,
    "energy": float,
    "rms_gradient": float,
    "gradients": int,
    "outcome": int,
}


class Piece(NamedTuple):
    """What is run, and kept, as a whole: one method on one draw of one landscape."""

    value: str
    draw: int
    method: str


class DescentFile:
    """Rows of descents, in memory and in a file.

    The first line of the file is `#` and the settings as JSON, the second names the columns. A piece that
    is not whole, as after a kill, is left out and run again.

    **Arguments:**

    - `path`: the file; None for memory alone.
    - `header`: settings that all pieces have in common, JSON-able.
    - `rows`: how many rows a piece of a method has.

    **Raises:** `ValueError` for a file that holds anything else, or was made with other settings.
    """

    def __init__(self, path: Path | None, header: dict[str, Any], rows: Callable[[str], int]):
        self._path, self._head = path, f"# {json.dumps(header)}\n{','.join(COLUMNS)}\n"
        self._rows: list[tuple] = []
        if path is not None:
            path = self._path = Path(path)
            if path.is_dir() or not path.absolute().parent.is_dir():
                raise ValueError(f"{path} must be a file in a folder that is there.")
        if path is not None and path.exists() and path.stat().st_size:
            found = list(dict.fromkeys(_read(path, header)))  # two runs at once may have written both
            counts = Counter(Piece(*row[:3]) for row in found)
            self._rows = [row for row in found if counts[Piece(*row[:3])] == rows(row[2])]
            if path.read_text(encoding="utf-8") != self._head + _text(self._rows):
                self._replace()
        self._pieces = {Piece(*row[:3]) for row in self._rows}

    def __contains__(self, piece: tuple[str, int, str]) -> bool:
        """Return whether a piece is there."""
        return Piece(*piece) in self._pieces

    def add(self, piece: tuple[str, int, str], rows: Iterable[dict[str, Any]]) -> None:
        """Append the rows of a piece, which name the columns after the first three."""
        new = [(*piece, *(row[name] for name in list(COLUMNS)[3:])) for row in rows]
        self._rows += new
        self._pieces.add(Piece(*piece))
        if self._path is not None:
            if not self._path.exists() or not self._path.stat().st_size:
                self._replace()  # with these rows
                return
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(_text(new))
                file.flush()
                os.fsync(file.fileno())

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns by name, one entry per row each."""
        columns = zip(*self._rows) if self._rows else [()] * len(COLUMNS)
        return {
            name: np.array(column, dtype=kind) for (name, kind), column in zip(COLUMNS.items(), columns)
        }

    def _replace(self) -> None:
        """Write the file anew, whole or not at all."""
        assert self._path is not None
        partial = self._path.with_name(f".{self._path.name}.partial")
        partial.write_text(self._head + _text(self._rows), encoding="utf-8")
        partial.replace(self._path)


def _text(rows: list[tuple]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _read(path: Path, header: dict[str, Any]) -> list[tuple]:
    """Return the rows of a file; a last line that a kill has cut is left out."""
    foreign = ValueError(f"{path} is not a file of descents: name another.")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            first, names, *lines = file.read().split("\n")
        before = json.loads(first.removeprefix("# "))
    except ValueError:
        raise foreign from None
    if names != ",".join(COLUMNS) or not isinstance(before, dict):
        raise foreign
    for key in dict.fromkeys([*header, *before]) if any(lines) else ():
        if header.get(key) != before.get(key):
            raise ValueError(
                f"{path} was made with {key} = {before.get(key)}, not {header.get(key)}: "
                "name another file, or remove it."
            )
    rows = []
    for number, fields in enumerate(csv.reader(lines[:-1])):
        if len(fields) != len(COLUMNS) or fields[2] not in METHODS:
            raise ValueError(f"{path}, line {number + 3}, is not a descent: name another file.")
        with contextlib.suppress(ValueError):
            rows.append(tuple(kind(field) for kind, field in zip(COLUMNS.values(), fields)))
            continue
        raise ValueError(f"{path}, line {number + 3}, is not a descent: name another file.")
    return rows
