"""What an exploration remembers: planned and finished searches, failures, runs, its state."""

import abc
import datetime
import functools
import importlib.metadata
import json
import platform
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from lossatlas._results import RESULTS

from ._checksums import COLUMNS
from ._errors import sentences
from ._tables import Tables


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
    _tables: Tables

    @abc.abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing for what is written inside."""

    def plan(self, rows: Iterable[tuple]) -> None:
        """Append searches to the queue.

        **Arguments:**

        - `rows`: tuples (round, kind, a, b, mode, seed) as in `Search`; None where there is none.
        """
        with self.transaction():
            first = self._tables.count("searches") + 1
            planned = [(i, *map(_plain, row), None, None) for i, row in enumerate(rows, first)]
            self._tables.insert("searches", planned)

    def pending(self, limit: int) -> list[Search]:
        """Return the first planned searches that have not finished, in the order of planning."""
        return self._searches("WHERE outcome IS NULL ORDER BY id LIMIT ?", int(limit))

    def finish(self, search: int, outcome: int, minimum: int | None = None) -> None:
        """Note how a planned search ended.

        **Arguments:**

        - `search`: its id.
        - `outcome`: code of a member of RESULTS.
        - `minimum`: id of the minimum where it ended, if any.
        """
        with self.transaction():
            row = self._tables.row("searches", int(search))
            if row is None:
                raise ValueError(f"There is no planned search {search}.")
            self._tables.update("searches", row, outcome=int(outcome), minimum=_plain(minimum))

    def last_searches(self, kind: str, limit: int) -> list[Search]:
        """Return the last finished searches of a kind, in the order of planning."""
        rest = "WHERE kind = ? AND outcome IS NOT NULL ORDER BY id DESC LIMIT ?"
        return self._searches(rest, kind, int(limit))[::-1]

    def finished(self, kind: str) -> int:
        """Return the number of finished searches of a kind."""
        query = "SELECT count(*) FROM searches WHERE outcome IS NOT NULL AND kind = ?"
        return self._select_searches(query, kind)[0][0]

    def count(self, table: str) -> int:
        """Return the number of `minima`, `transition_states` or finished `searches`."""
        if table == "searches":
            return self._select_searches("SELECT count(*) FROM searches WHERE outcome IS NOT NULL")[0][0]
        if table not in ("minima", "transition_states"):
            raise ValueError(f"`table` must be minima, transition_states or searches, got {table!r}.")
        with sentences(self.path):
            return self._tables.count(table)

    def tried_pairs(self) -> dict[tuple[int, int], int]:
        """Return how often each pair (a, b), a <= b, was searched for transition states."""
        return {(a, b): count for a, b, count in self._select_searches("SELECT * FROM tried_pairs")}

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
            before = self.failures.get(kind, {}).get(name, 0)
            self._tables.put("failures", (kind, name, before + int(count)))

    @property
    def failures(self) -> dict[str, dict[str, int]]:
        """Number of failed searches by kind and name of the outcome."""
        result: dict[str, dict[str, int]] = {}
        for kind, outcome, count in self._rows("failures"):
            result.setdefault(kind, {})[outcome] = count
        return result

    def get_state(self, key: str, default: Any = None) -> Any:
        """Return a value of the exploration's state, or the default."""
        state = dict(self._rows("state"))
        return json.loads(state[key]) if key in state else default

    def set_state(self, key: str, value: Any) -> None:
        """Store a JSON-able value of the exploration's state."""
        with self.transaction():
            self._tables.put("state", (key, json.dumps(value)))

    def start_run(self, settings: dict[str, Any], seed: int) -> int:
        """Note that a run begins, with its settings and the software's versions; returns its id."""
        with self.transaction():
            run = self._tables.count("runs") + 1
            known = json.dumps(settings), int(seed), json.dumps(software_versions())
            self._tables.insert("runs", [(run, now(), None, *known, None, None)])
        return run

    def finish_run(self, run: int, seconds: float, evaluations: dict[str, int] | int) -> None:
        """Note that a run ended.

        **Arguments:**

        - `run`: its id.
        - `seconds`: wall time.
        - `evaluations`: of the energy and its derivatives, one number or numbers by kind.
        """
        spent = evaluations if isinstance(evaluations, dict) else int(evaluations)
        with self.transaction():
            row = self._tables.row("runs", int(run))
            if row is None:
                raise ValueError(f"There is no run {run}.")
            ended = {"finished": now(), "seconds": float(seconds), "evaluations": json.dumps(spent)}
            self._tables.update("runs", row, **ended)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All runs: id, started, finished, settings, seed, software, seconds, evaluations."""
        result: list[dict[str, Any]] = [dict(zip(COLUMNS["runs"], row)) for row in self._rows("runs")]
        for run in result:
            for name in ("settings", "software", "evaluations"):
                run[name] = None if run[name] is None else json.loads(run[name])
        return result

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        with sentences(self.path):
            return self._tables.rows(table)

    def _select_searches(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with sentences(self.path):
            return self._tables.select("searches", query, values)

    def _searches(self, rest: str, *values: Any) -> list[Search]:
        names = ", ".join(COLUMNS["searches"])
        rows = self._select_searches(f"SELECT {names} FROM searches {rest}", *values)
        return [Search(*row) for row in rows]


def software_versions() -> dict[str, str]:
    """Return versions of what decides the numbers, without importing any of it."""
    packages = ("lossatlas", "jax", "jaxlib", "numpy", "scipy")
    versions = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return versions | {name: _installed_version(name) for name in packages}


@functools.cache  # each parses a file of metadata, 10 ms for all
def _installed_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    """SQLite would store a numpy integer as a blob."""
    if value is None:
        return None
    return str(value) if isinstance(value, str) else int(value)
