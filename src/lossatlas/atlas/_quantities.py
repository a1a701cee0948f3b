"""Quantities: named numbers per minimum or transition state, with errors and the runs that wrote them."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from ._errors import AtlasError
from ._file import AtlasFile
from ._own_columns import read_own_columns
from ._quantity_checks import check_name, check_numbers, points_table
from ._quantity_rows import MINIMUM, TABLES, Row, pack, unpack
from ._software import now, software_versions


class QuantityRun(NamedTuple):
    """The call that wrote numbers of a quantity.

    - `call`: name of the call, such as `evaluate`.
    - `written`: time of the call, UTC, ISO 8601; None if it is not known, as in files of an older schema.
    - `settings`: settings of the call.
    - `software`: versions of the software by package; None if they are not known.
    """

    call: str
    written: str | None
    settings: dict[str, Any]
    software: dict[str, str] | None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Quantity:
    """One quantity: a named number for each of some points.

    - `name`: name of the quantity.
    - `kind`: kind of its points, `minimum` or `transition_state`.
    - `ids`: ids of the points for which it was determined, increasing, shape (points,).
    - `values`: the numbers, NaN where the quantity is not defined, shape (points,).
    - `errors`: standard errors of the values, NaN where they are not known, shape (points,).
    - `run`: position in `runs` of the call that wrote each number, shape (points,).
    - `runs`: the calls that wrote the numbers, the oldest one first.
    """

    name: str
    kind: str
    ids: Int[np.ndarray, " points"]
    values: Float[np.ndarray, " points"]
    errors: Float[np.ndarray, " points"]
    run: Int[np.ndarray, " points"]
    runs: tuple[QuantityRun, ...]

    def __len__(self) -> int:
        """Return the number of points for which the quantity was determined."""
        return len(self.ids)

    def __repr__(self) -> str:
        """Return the name, the number of points, and the calls that wrote the numbers."""
        calls = ", ".join(dict.fromkeys(run.call for run in self.runs))
        return f"Quantity({self.name} of {len(self)} {TABLES[self.kind].replace('_', ' ')}, by {calls})"


class Quantities:
    """The quantities of an atlas; iteration yields each as a `Quantity`, by kind and name.

    **Arguments:**

    - `file`: the open atlas.
    - `changed`: function that is called when quantities change, because columns of points include them.
    """

    def __init__(self, file: AtlasFile, changed: Callable[[], None]):
        self._file, self._changed = file, changed

    def __iter__(self) -> Iterator[Quantity]:
        """Yield every quantity, by kind and name."""
        with self._file.snapshot():
            rows, runs = self._file.tables.rows("quantities"), self._runs()
        keys = dict.fromkeys((kind, name) for kind, name, *_ in rows)
        return iter([_quantity(kind, name, rows, runs) for kind, name in keys])

    def __len__(self) -> int:
        """Return the number of quantities."""
        return len({row[:2] for row in self._file.rows("quantities")})

    def __repr__(self) -> str:
        """Return the quantities."""
        return f"Quantities({', '.join(map(repr, self)) or 'none'})"

    def get(self, name: str, kind: str = MINIMUM) -> Quantity:
        """Return one quantity with its errors and runs.

        **Raises:** `ValueError` if there is no quantity of that name and kind.
        """
        self._check_known([name], kind)
        return next(found for found in self if (found.name, found.kind) == (name, kind))

    def written_by(self, call: str, kind: str = MINIMUM) -> list[str]:
        """Return the names of the quantities of one kind of points that calls of a given name wrote."""
        return [q.name for q in self if q.kind == kind and any(run.call == call for run in q.runs)]

    def set(
        self,
        name: str,
        values: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        kind: str = MINIMUM,
        error: ArrayLike | None = None,
        run: str = "set_quantity",
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Store the numbers of one quantity for some points or for all.

        **Arguments:**

        - `name`: a word such as `volume`. The numbers become the column of that name, and their errors, if
          any is known, the column NAME_error.
        - `values`: one number per point, shape (points,); NaN where the quantity is not defined.
        - `ids`: ids of the points, each once, shape (points,); numbers of other points stay as they are.
          Default: all points; then all older numbers of this name are replaced.
        - `kind`: kind of the points, `minimum` or `transition_state`.
        - `error`: standard errors of the values, shape (points,) or one number; NaN where one is not known.
        - `run`: name of the call that writes the numbers; time and versions of the software are recorded
          with it.
        - `settings`: JSON-able settings of that call.

        **Raises:** `ValueError` for wrong shapes, anything but finite numbers or NaN, negative errors, ids
        that do not exist or are repeated, and a name that another column has.
        """
        count = self._file.tables.count(points_table(kind))
        numbers = check_numbers(values, ids, error, count, kind)
        try:
            known_settings = json.loads(json.dumps({} if settings is None else settings))
        except (TypeError, ValueError) as failure:
            raise ValueError(f"`settings` must be JSON-able: {failure}.") from None
        if not isinstance(run, str) or not run:
            raise ValueError(f"`run` must say in words what wrote the numbers, got {run!r}.")
        with self._file.transaction():
            tables = self._file.tables
            rows = tables.rows("quantities")
            if ids is None:
                kept = [row for row in rows if row[:2] != (kind, name)]
            else:
                kept = self._without(rows, kind, name, numbers.points)
            number = self._note_run(run, known_settings)
            first = 1 + max((row[3] for row in kept if row[:3] == (kind, name, number)), default=-1)
            made = pack(kind, name, number, numbers, first)
            check_name(name, kind, [*kept, *made])
            self._replace(rows, [*kept, *made])

    def read_csv(self, path: str | os.PathLike, *, kind: str = MINIMUM) -> list[str]:
        """Store the columns of a CSV file as quantities.

        The header is `id` and names of columns; rows may have any order. A column NAME_error beside NAME
        holds the errors of NAME. Nothing is stored for points without a row or with an empty field.

        **Arguments:**

        - `path`: path of the file.
        - `kind`: kind of the points, `minimum` or `transition_state`.

        **Returns:** the names of the quantities.

        **Raises:** `AtlasError` that names file, line and what is wrong; then nothing is stored.
        """
        count = self._file.tables.count(points_table(kind))
        found = read_own_columns(path, count, kind)
        with self._file.transaction():
            for name, numbers in found.items():
                try:
                    self.set(
                        name,
                        numbers.values,
                        numbers.points,
                        kind=kind,
                        error=numbers.errors,
                        run="import",
                        settings={"file": os.path.basename(path)},
                    )
                except AtlasError:
                    raise
                except ValueError as error:
                    raise AtlasError(f"{path}, line 1: {error}") from None
        return list(found)

    def delete(self, *names: str, kind: str = MINIMUM) -> None:
        """Delete the quantities of given names for one kind of points.

        **Raises:** `ValueError` if a name does not exist; then nothing is deleted.
        """
        self._check_known(names, kind)
        with self._file.transaction():
            rows = self._file.tables.rows("quantities")
            self._replace(rows, [row for row in rows if row[0] != kind or row[1] not in names])

    # ---- inside --------------------------------------------------------------------------------

    def _check_known(self, names: Any, kind: str) -> None:
        points_table(kind)
        known = sorted({row[1] for row in self._file.rows("quantities") if row[0] == kind})
        for name in names:
            if name not in known:
                raise ValueError(
                    f"There is no quantity {name!r} of kind {kind}; there is {', '.join(known) or 'none'}."
                )

    def _runs(self) -> dict[int, QuantityRun]:
        return {
            number: QuantityRun(
                call, written, json.loads(settings), None if software is None else json.loads(software)
            )
            for number, call, written, settings, software in self._file.tables.rows("quantity_runs")
        }

    def _note_run(self, call: str, settings: dict[str, Any]) -> int:
        """Return the id of a run; quantities that a call writes within one second share one run."""
        written = now()
        rows = self._file.tables.rows("quantity_runs")
        known = json.dumps(settings), json.dumps(software_versions())
        if rows and rows[-1][1:] == (call, written, *known):
            return rows[-1][0]
        number = rows[-1][0] + 1 if rows else 1
        self._file.tables.insert("quantity_runs", [(number, call, written, *known)])
        return number

    def _without(self, rows: list[Row], kind: str, name: str, points: np.ndarray) -> list[Row]:
        """Return the rows without the numbers of one quantity for some points."""
        kept = []
        for row in rows:
            if row[:2] == (kind, name):
                numbers = unpack(row)
                left = ~np.isin(numbers.points, points)
                if not left.all():
                    kept += pack(kind, name, row[2], numbers[left], row[3])
                    continue
            kept.append(row)
        return kept

    def _replace(self, before: list[Row], after: list[Row]) -> None:
        """Write the rows that changed, and delete runs of which no numbers are left."""
        self._changed()
        tables = self._file.tables
        old, new = set(before), set(after)
        for row in before:
            if row not in new:
                tables.delete("quantities", *row[:4])
        tables.insert("quantities", [row for row in after if row not in old])
        used = {row[2] for row in after}
        for number, *_ in tables.rows("quantity_runs"):
            if number not in used:
                tables.delete("quantity_runs", number)


def _quantity(kind: str, name: str, rows: list[Row], runs: dict[int, QuantityRun]) -> Quantity:
    parts = [(row[2], unpack(row)) for row in rows if row[:2] == (kind, name)]
    numbers = list(dict.fromkeys(number for number, _ in parts))
    columns = [
        np.concatenate([getattr(part, column) for _, part in parts])
        for column in ("points", "values", "errors")
    ]
    run = np.concatenate([np.full(len(part), numbers.index(number)) for number, part in parts])
    order = np.argsort(columns[0])
    ids, values, errors, run = (column[order] for column in (*columns, run))
    return Quantity(name, kind, ids, values, errors, run, tuple(runs[number] for number in numbers))
