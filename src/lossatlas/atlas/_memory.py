"""What an exploration remembers: planned and finished searches, failures, runs, its state."""

import abc
import datetime
import importlib.metadata
import json
import platform
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from lossatlas._results import RESULTS

from ._errors import sentences


class Search(NamedTuple):
    """One planned search.

    - `id`: in the order of planning, 1, 2, 3, ...
    - `round`: of the exploration.
    - `kind`: sample, hop, pair, climb, ...
    - `a`, `b`: ids of the minima where it starts; None where it has none.
    - `mode`: which eigenvector, image or attempt; None where it has none.
    - `seed`: of its random key.
    - `outcome`: code of a member of RESULTS; None while pending.
    - `minimum`: id of the minimum where it ended, if any.
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


class AbstractMemory(abc.ABC):
    """The part of an atlas that only its exploration needs; `Atlas` opens the file."""

    path: Path
    _db: sqlite3.Connection

    @abc.abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing for what is written inside."""

    def plan(self, rows: Iterable[tuple]) -> None:
        """Append searches to the queue.

        **Arguments:**

        - `rows`: tuples (round, kind, a, b, mode, seed) as in `Search`; None where there is none.
        """
        with self.transaction():
            self._db.executemany(
                "INSERT INTO searches (round, kind, a, b, mode, seed) VALUES (?, ?, ?, ?, ?, ?)",
                ([_plain(value) for value in row] for row in rows),
            )

    def pending(self, limit: int) -> list[Search]:
        """Return the first planned searches that have not finished, in the order of planning."""
        query = "SELECT * FROM searches WHERE outcome IS NULL ORDER BY id LIMIT ?"
        return [Search(*row) for row in self._fetch(query, int(limit))]

    def finish(self, search: int, outcome: int, minimum: int | None = None) -> None:
        """Note how a planned search ended.

        **Arguments:**

        - `search`: its id.
        - `outcome`: code of a member of RESULTS.
        - `minimum`: id of the minimum where it ended, if any.
        """
        with self.transaction():
            changed = self._db.execute(
                "UPDATE searches SET outcome = ?, minimum = ? WHERE id = ?",
                (int(outcome), _plain(minimum), int(search)),
            )
            if changed.rowcount != 1:
                raise ValueError(f"There is no planned search {search}.")

    def last_searches(self, kind: str, limit: int) -> list[Search]:
        """Return the last finished searches of a kind, in the order of planning."""
        rows = self._fetch(
            "SELECT * FROM searches WHERE kind = ? AND outcome IS NOT NULL ORDER BY id DESC LIMIT ?",
            kind,
            int(limit),
        )
        return [Search(*row) for row in reversed(rows)]

    def finished(self, kind: str) -> int:
        """Return the number of finished searches of a kind."""
        query = "SELECT count(*) FROM searches WHERE outcome IS NOT NULL AND kind = ?"
        return self._fetch(query, kind)[0][0]

    def count(self, table: str) -> int:
        """Return the number of `minima`, `transition_states` or finished `searches`."""
        if table == "searches":
            return self._fetch("SELECT count(*) FROM searches WHERE outcome IS NOT NULL")[0][0]
        if table not in ("minima", "transition_states"):
            raise ValueError(f"`table` must be minima, transition_states or searches, got {table!r}.")
        # Ids have no gaps, and count(*) would read all coordinates.
        return self._fetch(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]

    def tried_pairs(self) -> dict[tuple[int, int], int]:
        """Return how often each pair (a, b), a <= b, was searched for transition states."""
        return {(a, b): count for a, b, count in self._fetch("SELECT * FROM tried_pairs")}

    def count_failure(self, kind: str, outcome: int | str, count: int = 1) -> None:
        """Count failed searches.

        **Arguments:**

        - `kind`: of the searches.
        - `outcome`: a member of RESULTS, its code or its name.
        - `count`: how many.
        """
        name = outcome if isinstance(outcome, str) else RESULTS(int(outcome)).name
        if name not in RESULTS.__members__:
            raise ValueError(f"`outcome` must be a member of RESULTS, got {name!r}.")
        with self.transaction():
            self._db.execute(
                "INSERT INTO failures VALUES (?, ?, ?) "
                "ON CONFLICT (kind, outcome) DO UPDATE SET count = count + excluded.count",
                (kind, name, int(count)),
            )

    @property
    def failures(self) -> dict[str, dict[str, int]]:
        """Number of failed searches by kind and name of the outcome."""
        result: dict[str, dict[str, int]] = {}
        for kind, outcome, count in self._fetch("SELECT * FROM failures ORDER BY kind, outcome"):
            result.setdefault(kind, {})[outcome] = count
        return result

    def get_state(self, key: str, default: Any = None) -> Any:
        """Return a value of the exploration's state, or the default."""
        rows = self._fetch("SELECT value FROM state WHERE key = ?", key)
        return json.loads(rows[0][0]) if rows else default

    def set_state(self, key: str, value: Any) -> None:
        """Store a JSON-able value of the exploration's state."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, json.dumps(value)))

    def start_run(self, settings: dict[str, Any], seed: int) -> int:
        """Note that a run begins, with its settings and the software's versions; returns its id."""
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO runs (started, settings, seed, software) VALUES (?, ?, ?, ?)",
                (now(), json.dumps(settings), int(seed), json.dumps(software_versions())),
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def finish_run(self, run: int, seconds: float, evaluations: dict[str, int] | int) -> None:
        """Note that a run ended.

        **Arguments:**

        - `run`: its id.
        - `seconds`: wall time.
        - `evaluations`: of the energy and its derivatives, one number or numbers by kind.
        """
        spent = evaluations if isinstance(evaluations, dict) else int(evaluations)
        with self.transaction():
            self._db.execute(
                "UPDATE runs SET finished = ?, seconds = ?, evaluations = ? WHERE id = ?",
                (now(), float(seconds), json.dumps(spent), int(run)),
            )

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All runs: id, started, finished, settings, seed, software, seconds, evaluations."""
        names = "id started finished settings seed software seconds evaluations".split()
        rows = self._fetch(f"SELECT {', '.join(names)} FROM runs ORDER BY id")
        result: list[dict[str, Any]] = [dict(zip(names, row)) for row in rows]
        for run in result:
            for name in ("settings", "software", "evaluations"):
                run[name] = None if run[name] is None else json.loads(run[name])
        return result

    def _fetch(self, query: str, *values: Any) -> list[tuple]:
        with sentences(self.path):
            return self._db.execute(query, values).fetchall()


def software_versions() -> dict[str, str]:
    """Return versions of what decides the numbers, without importing any of it."""
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for name in ("lossatlas", "jax", "jaxlib", "numpy", "scipy"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    """SQLite would store a numpy integer as a blob."""
    return value if value is None or isinstance(value, str) else int(value)
