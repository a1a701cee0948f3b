"""The log of an atlas: the runs of its exploration, failed searches, and the state of the exploration."""

import json
from typing import Any

from lossatlas._results import RESULTS

from ._checksums import COLUMNS
from ._file import AtlasFile
from ._software import now, software_versions


class Log:
    """Runs, numbers of failed searches and state of the exploration of an atlas.

    **Arguments:**

    - `file`: the open atlas.
    """

    def __init__(self, file: AtlasFile):
        self._file = file

    def count_failure(self, kind: str, outcome: int | str, count: int = 1) -> None:
        """Count failed searches.

        **Arguments:**

        - `kind`: kind of the searches, such as `pair`.
        - `outcome`: a member of RESULTS, its code or its name.
        - `count`: number of failed searches to add.

        **Raises:** `ValueError` for an outcome that does not exist; `AtlasError` if the atlas is open for
        reading.
        """
        name = outcome if isinstance(outcome, str) else RESULTS(int(outcome)).name
        if name not in RESULTS.__members__:
            raise ValueError(f"`outcome` must be a member of RESULTS, got {name!r}.")
        with self._file.transaction():
            before = self.failures.get(kind, {}).get(name, 0)
            self._file.tables.put("failures", (kind, name, before + int(count)))

    @property
    def failures(self) -> dict[str, dict[str, int]]:
        """Number of failed searches by kind and name of the outcome."""
        result: dict[str, dict[str, int]] = {}
        for kind, outcome, count in self._file.rows("failures"):
            result.setdefault(kind, {})[outcome] = count
        return result

    def get_state(self, key: str, default: Any = None) -> Any:
        """Return a value of the state of the exploration, or the default if the key is unknown."""
        state = dict(self._file.rows("state"))
        return json.loads(state[key]) if key in state else default

    def set_state(self, key: str, value: Any) -> None:
        """Store a JSON-able value of the state of the exploration."""
        with self._file.transaction():
            self._file.tables.put("state", (key, json.dumps(value)))

    def start_run(self, settings: dict[str, Any], seed: int) -> int:
        """Record the start of a run, with settings, seed and versions of the software; return its id."""
        with self._file.transaction():
            run = self._file.tables.count("runs") + 1
            known = json.dumps(settings), int(seed), json.dumps(software_versions())
            self._file.tables.insert("runs", [(run, now(), None, *known, None, None)])
        return run

    def finish_run(self, run: int, seconds: float, evaluations: dict[str, int] | int) -> None:
        """Record the end of a run.

        **Arguments:**

        - `run`: id of the run.
        - `seconds`: wall-clock time, seconds.
        - `evaluations`: number of evaluations of the energy and its derivatives, in all or by kind.

        **Raises:** `ValueError` for a run that does not exist.
        """
        spent = evaluations if isinstance(evaluations, dict) else int(evaluations)
        with self._file.transaction():
            row = self._file.tables.row("runs", int(run))
            if row is None:
                raise ValueError(f"There is no run {run}.")
            ended = {"finished": now(), "seconds": float(seconds), "evaluations": json.dumps(spent)}
            self._file.tables.update("runs", row, **ended)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All runs: id, started, finished, settings, seed, software, seconds, evaluations."""
        result: list[dict[str, Any]] = [dict(zip(COLUMNS["runs"], row)) for row in self._file.rows("runs")]
        for run in result:
            for name in ("settings", "software", "evaluations"):
                run[name] = None if run[name] is None else json.loads(run[name])
        return result
