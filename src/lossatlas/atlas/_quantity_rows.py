"""Rows of the table of quantities, each of which holds the numbers of many points as arrays."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float, Int


POINTS_IN_A_ROW = 4096
MINIMUM, TRANSITION_STATE = "minimum", "transition_state"
TABLES = {MINIMUM: "minima", TRANSITION_STATE: "transition_states"}  # tables of points by kind

Row = tuple[str, str, int, int, bytes, bytes, bytes | None]  # in the order of `COLUMNS`


@dataclasses.dataclass(frozen=True, eq=False)
class Numbers:
    """The numbers of one quantity that one run wrote.

    - `points`: ids of the points, increasing, shape (points,).
    - `values`: the numbers, NaN where the quantity is not defined, shape (points,).
    - `errors`: errors of the values, NaN where they are not known, shape (points,).
    """

    points: Int[np.ndarray, " points"]
    values: Float[np.ndarray, " points"]
    errors: Float[np.ndarray, " points"]

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.points)

    def __getitem__(self, chosen: Any) -> "Numbers":
        """Return the numbers of some of the points."""
        return Numbers(self.points[chosen], self.values[chosen], self.errors[chosen])


def pack(kind: str, name: str, run: int, numbers: Numbers, first_part: int = 0) -> list[Row]:
    """Return the rows that hold numbers.

    **Arguments:**

    - `kind`, `name`: kind of the points, and name of the quantity.
    - `run`: id of the run that wrote the numbers.
    - `numbers`: the numbers, with increasing ids of points.
    - `first_part`: number of the first row.
    """
    rows = []
    for begin in range(0, len(numbers), POINTS_IN_A_ROW):
        some = numbers[begin : begin + POINTS_IN_A_ROW]
        # -0.0 becomes 0.0, as in the other columns.
        values, errors = ((column + 0.0).astype("<f8").tobytes() for column in (some.values, some.errors))
        points = some.points.astype("<i8").tobytes()
        known = None if np.isnan(some.errors).all() else errors
        rows.append((kind, name, run, first_part + len(rows), points, values, known))
    return rows


def unpack(row: Row) -> Numbers:
    """Return the numbers that a row holds."""
    *_, points, values, errors = row
    ids = np.frombuffer(points, dtype="<i8").astype(np.int64, copy=False)
    known = np.full(len(ids), np.nan) if errors is None else np.frombuffer(errors, dtype="<f8")
    return Numbers(ids, np.frombuffer(values, dtype="<f8").astype(float, copy=False), known)


def columns_of(rows: list[Row], kind: str, count: int) -> dict[str, Float[np.ndarray, " points"]]:
    """Return the columns of the quantities of one kind of points, by name.

    A quantity NAME gives the column NAME and, if any error is known, NAME_error, with NaN for unknown
    numbers.

    **Arguments:**

    - `rows`: rows of the table of quantities.
    - `kind`: kind of the points.
    - `count`: number of points of that kind.
    """
    columns: dict[str, np.ndarray] = {}
    for row in rows:
        if row[0] != kind:
            continue
        numbers = unpack(row)
        for name, values in ((row[1], numbers.values), (f"{row[1]}_error", numbers.errors)):
            if name == row[1] or row[-1] is not None:
                columns.setdefault(name, np.full(count, np.nan))[numbers.points - 1] = values
    return dict(sorted(columns.items()))


def faults(rows: list[Row], counts: dict[str, int]) -> Iterator[str]:
    """Yield what is wrong with the rows of quantities, in words.

    **Arguments:**

    - `rows`: rows of the table of quantities.
    - `counts`: number of points of each kind.
    """
    seen: dict[tuple[str, str], np.ndarray] = {}
    for row in rows:
        kind, name, _, _, *blobs = row
        where = f"the quantity {name} of kind {kind}"
        sizes = {len(blob) for blob in blobs if blob is not None}
        if kind not in counts:
            yield f"{where} is of no kind of points"
        elif len(sizes) != 1 or sizes.pop() % 8:
            yield f"{where} does not have one number for each point"
        else:
            numbers, count = unpack(row), counts[kind]
            points = np.concatenate([seen.get((kind, name), np.zeros(0, dtype=int)), numbers.points])
            seen[kind, name] = points
            if len(points) and not (points.min() >= 1 and points.max() <= count):
                yield f"{where} has numbers of points that are not there"
            if len(np.unique(points)) < len(points):
                yield f"{where} has two numbers of one point"
            if np.isinf(numbers.values).any() or np.isinf(numbers.errors).any():
                yield f"{where} is not finite"
