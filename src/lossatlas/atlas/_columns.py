"""Tables of an atlas as columns of numpy arrays."""

import sqlite3
from collections.abc import Iterator, Mapping

import numpy as np


INTEGERS = {"id", "hits", "minimum_a", "minimum_b", "run", "point_group_order"}
SKIPPED = {"x", "moments"}


class Columns(Mapping):
    """A table as numpy arrays, by name or attribute: `atlas.minima["energy"]`, `atlas.minima.energy`.

    `orbit_size` is float64; `orbit_size_exact` holds Python integers. `x` has shape (rows, dim), NaN
    rows where an import brought no coordinates.
    """

    def __init__(self, values: dict[str, np.ndarray], orbits: list[int]):
        self._values = values
        self.orbit_size_exact = orbits

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column."""
        return self._values[name]

    def __getattr__(self, name: str) -> np.ndarray:
        values = self.__dict__.get("_values", {})
        if name not in values:
            raise AttributeError(f"There is no column {name!r}; there is {', '.join(values)}.")
        return values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._values["id"])


def read_columns(connection: sqlite3.Connection, table: str, dimension: int) -> Columns:
    """Read a whole table, ordered by id."""
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY id")
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    series = dict(zip(names, zip(*rows) if rows else ([] for _ in names)))
    values: dict[str, np.ndarray] = {}
    for name in names:
        if name in SKIPPED:
            continue
        if name in INTEGERS:
            values[name] = np.array([v or 0 for v in series[name]], dtype=np.int64)
        else:
            values[name] = np.array([np.nan if v is None else float(v) for v in series[name]])
    values["x"] = _points(series["x"], dimension)
    if "minimum_a" in values:
        values["minima"] = np.stack([values["minimum_a"], values["minimum_b"]], axis=1)
    for column in values.values():
        column.flags.writeable = False
    return Columns(values, [int(n) for n in series["orbit_size"]])


def _points(blobs, dimension: int) -> np.ndarray:
    if all(blob is not None for blob in blobs):
        return np.frombuffer(b"".join(blobs), dtype="<f8").reshape(len(blobs), dimension).copy()
    points = np.full((len(blobs), dimension), np.nan)
    for row, blob in enumerate(blobs):
        if blob is not None:
            points[row] = np.frombuffer(blob, dtype="<f8")
    return points
