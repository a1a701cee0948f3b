"""The queue of an exploration: planned searches and their outcomes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ._checksums import COLUMNS
from ._errors import sentences
from ._file import AtlasFile


class Search(NamedTuple):
    """One planned search.

    - `id`: 1, 2, 3, ... in the order of planning.
    - `round`: round of the exploration in which it was planned.
    - `kind`: kind of search, such as `sample`, `hop`, `pair`, `climb`.
    - `a`, `b`: ids of the minima at which it starts; None if it does not start at minima.
    - `mode`: number of the eigenvector, image or attempt; None if there is none.
    - `seed`: seed of its random key.
    - `outcome`: value of a member of RESULTS; None while the search is pending.
    - `minimum`: id of the minimum at which it ended; None if there is none.
    """

    id: int
    round: int
    kind: str
    a: int | None
    b: int | None
    mode: int | None
    seed: int
    outcome: int | None
    minimum: int | None


class Queue:
    """The planned and finished searches of an atlas.

    **Arguments:**

    - `file`: the open atlas.
    """

    def __init__(self, file: AtlasFile):
        self._file = file

    def plan(self, rows: Iterable[tuple]) -> None:
        """Append searches to the queue.

        **Arguments:**

        - `rows`: tuples (round, kind, a, b, mode, seed) as in `Search`.
        """
        with self._file.transaction():
            first = self._file.tables.count("searches") + 1
            planned = [(i, *map(_plain, row), None, None) for i, row in enumerate(rows, first)]
            self._file.tables.insert("searches", planned)

    def pending(self, limit: int) -> list[Search]:
        """Return up to `limit` planned searches that have not finished, in the order of planning."""
        return self._read("WHERE outcome IS NULL ORDER BY id LIMIT ?", int(limit))

    def finish(self, search: int, outcome: int, minimum: int | None = None) -> None:
        """Record the outcome of a planned search.

        **Arguments:**

        - `search`: id of the search.
        - `outcome`: value of a member of RESULTS.
        - `minimum`: id of the minimum at which it ended, if any.

        **Raises:** `ValueError` for a search that was not planned.
        """
        with self._file.transaction():
            row = self._file.tables.row("searches", int(search))
            if row is None:
                raise ValueError(f"There is no planned search {search}.")
            self._file.tables.update("searches", row, outcome=int(outcome), minimum=_plain(minimum))

    def last(self, kind: str, limit: int) -> list[Search]:
        """Return the last `limit` finished searches of a kind, in the order of planning."""
        rest = "WHERE kind = ? AND outcome IS NOT NULL ORDER BY id DESC LIMIT ?"
        return self._read(rest, kind, int(limit))[::-1]

    def finished(self, kind: str | None = None) -> int:
        """Return the number of finished searches, of one kind or of all."""
        query, kinds = "SELECT count(*) FROM searches WHERE outcome IS NOT NULL", ()
        if kind is not None:
            query, kinds = query + " AND kind = ?", (kind,)
        return self._select(query, *kinds)[0][0]

    def tried_pairs(self) -> dict[tuple[int, int], int]:
        """Return how often each pair (a, b), a <= b, was searched for transition states."""
        return {(a, b): count for a, b, count in self._select("SELECT * FROM tried_pairs")}

    def _select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with sentences(self._file.path):
            return self._file.tables.select("searches", query, values)

    def _read(self, rest: str, *values: Any) -> list[Search]:
        names = ", ".join(COLUMNS["searches"])
        rows = self._select(f"SELECT {names} FROM searches {rest}", *values)
        return [Search(*row) for row in rows]


def _plain(value: Any) -> Any:
    """Return a value as a Python string or integer, because SQLite stores a NumPy integer as a blob."""
    if value is None:
        return None
    return str(value) if isinstance(value, str) else int(value)
