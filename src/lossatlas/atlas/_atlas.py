"""The atlas: one SQLite file that holds a landscape's points, networks and history."""

import contextlib
import datetime
import hashlib
import json
import os
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape, PointIndex

from ._columns import Columns, read_columns
from ._file import AtlasError, WriteLock, clear_errors, compare_landscapes, connect, create_file


class Search(NamedTuple):
    """A planned or finished search; what `a`, `b` and `mode` mean depends on the kind."""

    id: int
    round: int
    kind: str
    a: int | None
    b: int | None
    mode: int | None
    seed: int
    outcome: int | None
    minimum: int | None


class Atlas:
    """An atlas file, open for reading or for extending.

    **Arguments:**

    - `path`: the file; made if it is not there and a landscape is given.
    - `landscape`: needed to extend; the file must be of the same landscape.
    - `identity`: how points are told apart: `distance` (energy and aligned distance) or `energy`;
        default: as stored, `distance` for a new file.
    - `energy_tol`, `distance_tol`: relative tolerances of identity, for a new file.
    - `readonly`: write nothing, whatever state a killed process left the file in.

    **Raises:** `AtlasError` if the file is no atlas, of another landscape or identity, of a newer
    schema, in use by another writer, or not there.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        landscape: AbstractLandscape | None = None,
        *,
        identity: str | None = None,
        energy_tol: float = 1e-9,
        distance_tol: float = 1e-5,
        readonly: bool = False,
    ):
        self.path = Path(path)
        self._depth = 0
        self._cache: dict[str, Any] = {}
        self._indexes: dict[str, PointIndex] = {}
        self._symmetry = None if landscape is None else landscape.symmetry
        self._lock: WriteLock | None = None
        if identity not in (None, "distance", "energy"):
            raise ValueError(f"`identity` must be distance or energy, got {identity!r}.")
        if landscape is not None and not readonly:
            if not self.path.parent.is_dir():
                raise AtlasError(f"The directory {self.path.parent} does not exist; make it first.")
            self._lock = WriteLock(self.path)
        try:
            if landscape is not None and not readonly and _is_new(self.path):
                create_file(
                    self.path,
                    {
                        "landscape": landscape.fingerprint(),
                        "dimension": landscape.dimension,
                        "group_order": str(landscape.symmetry.order),
                        "identity": identity or "distance",
                        "energy_tol": energy_tol,
                        "distance_tol": distance_tol,
                        "version": _version("lossatlas"),
                    },
                )
            self._db = connect(self.path, readonly=self._lock is None)
            try:
                self._read_meta(landscape, identity)
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            if self._lock:
                self._lock.release()
            raise

    def _read_meta(self, landscape: AbstractLandscape | None, identity: str | None) -> None:
        with clear_errors(self.path):
            rows = self._db.execute("SELECT key, value FROM meta").fetchall()
        self.meta: dict[str, Any] = {key: json.loads(value) for key, value in rows}
        if landscape is not None:
            compare_landscapes(self.path, self.landscape, landscape.fingerprint())
        if identity not in (None, self.identity):
            raise AtlasError(
                f"{self.path} tells points apart by {self.identity}, not by {identity}: "
                "choose another file or the same identity."
            )

    def close(self) -> None:
        """Close the file and let the next writer in."""
        with clear_errors(self.path):
            self._db.close()
        if self._lock:
            self._lock.release()

    def __enter__(self) -> "Atlas":
        """Return the atlas; leaving the block closes it."""
        return self

    def __exit__(self, *_) -> None:
        """Close the atlas."""
        self.close()

    @property
    def landscape(self) -> dict[str, Any]:
        """Fingerprint of the landscape: settings and data hash."""
        return self.meta["landscape"]

    @property
    def dimension(self) -> int:
        """Number of variables; 0 where an import brought no coordinates."""
        return self.meta["dimension"]

    @property
    def identity(self) -> str:
        """How points are told apart: distance or energy."""
        return self.meta["identity"]

    # Writing

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything inside the block, or nothing; inner blocks join the outer one."""
        if self._symmetry is None or self._lock is None:
            raise AtlasError(
                f"{self.path} was opened without its landscape, so it can be analysed, not extended."
            )
        if self._depth:
            yield
            return
        with clear_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                self._indexes.clear()  # they hold points that were rolled back
                raise
            finally:
                self._depth = 0
                self._cache.clear()

    def add_minima(
        self,
        x: np.ndarray,
        energy: np.ndarray,
        rms_gradient: np.ndarray,
        lowest_eigenvalue: np.ndarray,
        log_product: np.ndarray,
        *,
        hits: int | np.ndarray = 0,
        run: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Add minima, or their hits where they are known.

        **Arguments:**

        - `x`: shape (n, dim), parameter units; `energy`, `rms_gradient`, `lowest_eigenvalue`,
            `log_product`: shape (n,).
        - `hits`: independent random starts that ended in each.
        - `run`: from `start_run`.

        **Returns:** their ids, and whether each is new, shape (n,).
        """
        x = self._checked(x, energy, "minima")
        counts = np.broadcast_to(np.asarray(hits, dtype=np.int64), len(x))
        columns = (rms_gradient, lowest_eigenvalue, log_product)
        values = [np.asarray(column, dtype=float).tolist() for column in columns]
        with self.transaction():
            places, is_new = self._identify("minima", x, energy)
            self._db.executemany(
                "INSERT INTO minima (id, energy, rms_gradient, lowest_eigenvalue, log_product, "
                "orbit_size, hits, x, run) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
                (
                    (places[i], float(energy[i]), *(column[i] for column in values),
                     self._orbit(x[i]), _blob(x[i]), run)
                    for i in np.flatnonzero(is_new).tolist()
                ),
            )  # fmt: skip
            self._db.executemany(
                "UPDATE minima SET hits = hits + ? WHERE id = ?",
                [(n, place) for n, place in zip(counts.tolist(), places) if n],
            )
            self._cache.clear()
        return np.array(places, dtype=np.int64), is_new

    def add_transition_states(
        self,
        x: np.ndarray,
        energy: np.ndarray,
        rms_gradient: np.ndarray,
        negative_eigenvalue: np.ndarray,
        log_product: np.ndarray,
        minima: np.ndarray,
        *,
        path_length: np.ndarray | None = None,
        hits: int | np.ndarray = 1,
        run: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Add transition states, or their hits where they are known.

        **Arguments:** as for `add_minima`, and

        - `minima`: ids of the two minima that each connects, shape (n, 2); both may be the same.
        - `path_length`: arc length from one to the other, shape (n,), parameter units.

        **Returns:** their ids, and whether each is new, shape (n,).
        """
        x = self._checked(x, energy, "transition states")
        ends = np.asarray(minima, dtype=np.int64)
        if ends.shape != (len(x), 2):
            raise ValueError(f"`minima` must have shape ({len(x)}, 2), got {ends.shape}.")
        lengths = np.full(len(x), np.nan) if path_length is None else np.asarray(path_length)
        counts = np.broadcast_to(np.asarray(hits, dtype=np.int64), len(x)).tolist()
        columns = (rms_gradient, negative_eigenvalue, log_product, lengths)
        values = [np.asarray(column, dtype=float).tolist() for column in columns]
        with self.transaction():
            places, is_new = self._identify("transition_states", x, energy)
            self._db.executemany(
                "INSERT INTO transition_states (id, energy, rms_gradient, negative_eigenvalue, "
                "log_product, path_length, orbit_size, hits, x, minimum_a, minimum_b, run) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
                (
                    (places[i], float(energy[i]), *(column[i] for column in values),
                     self._orbit(x[i]), _blob(x[i]), *ends[i].tolist(), run)
                    for i in np.flatnonzero(is_new).tolist()
                ),
            )  # fmt: skip
            self._db.executemany(
                "UPDATE transition_states SET hits = hits + ? WHERE id = ?",
                [(n, place) for n, place in zip(counts, places) if n],
            )
            self._cache.clear()
        return np.array(places, dtype=np.int64), is_new

    def start_run(self, settings: dict[str, Any], seed: int) -> int:
        """Record who searches: settings, seed, time and software versions; returns the run's id."""
        versions = {name: _version(name) for name in ("lossatlas", "jax", "jaxlib", "numpy", "scipy")}
        versions["python"] = platform.python_version()
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO runs (started, seed, settings, versions) VALUES (?, ?, ?, ?)",
                (now, seed, json.dumps(settings), json.dumps(versions)),
            )
        return int(cursor.lastrowid or 0)

    def finish_run(self, run: int, seconds: float, evaluations: int) -> None:
        """Record what a run cost."""
        with self.transaction():
            self._db.execute(
                "UPDATE runs SET seconds = ?, evaluations = ? WHERE id = ?",
                (seconds, evaluations, run),
            )

    def plan(self, rows: Sequence[tuple]) -> None:
        """Queue searches, rows of (round, kind, a, b, mode, seed)."""
        with self.transaction():
            self._db.executemany(
                "INSERT INTO searches (round, kind, a, b, mode, seed) VALUES (?, ?, ?, ?, ?, ?)", rows
            )

    def finish(self, search: int, outcome: int, minimum: int | None = None) -> None:
        """Record how a search ended, and the minimum in which it ended."""
        with self.transaction():
            self._db.execute(
                "UPDATE searches SET outcome = ?, minimum = ? WHERE id = ?",
                (int(outcome), minimum, search),
            )

    def count_failure(self, kind: str, outcome: int, count: int = 1) -> None:
        """Count guesses of a kind of search that failed in the same way."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO failures VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET count = count + excluded.count",
                (kind, int(outcome), count),
            )
            self._cache.clear()

    def set_state(self, key: str, value: Any) -> None:
        """Keep a JSON-able value."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, json.dumps(value)),
            )

    # Reading

    @property
    def minima(self) -> Columns:
        """The minima as columns; `degree` counts the other minima that each is joined to."""
        if "minima" not in self._cache:
            columns = self._read("minima")
            degree = self._degrees(columns.id, self.transition_states.minima)
            self._cache["minima"] = Columns(
                {**dict(columns), "degree": degree}, columns.orbit_size_exact
            )
        return self._cache["minima"]

    @property
    def transition_states(self) -> Columns:
        """The transition states as columns; `minima` has shape (n, 2)."""
        if "transition_states" not in self._cache:
            self._cache["transition_states"] = self._read("transition_states")
        return self._cache["transition_states"]

    def find_minima(self, x: np.ndarray, energy: np.ndarray) -> np.ndarray:
        """Return the ids of known minima, 0 where one is not known, shape (n,)."""
        return self._find("minima", x, energy)

    def find_transition_states(self, x: np.ndarray, energy: np.ndarray) -> np.ndarray:
        """Return the ids of known transition states, 0 where one is not known, shape (n,)."""
        return self._find("transition_states", x, energy)

    def count(self, table: str) -> int:
        """Return the number of `minima`, `transition_states` or finished `searches`."""
        where = " WHERE outcome IS NOT NULL" if table == "searches" else ""
        return self._one(f"SELECT count(*) FROM {table}{where}")

    def finished(self, kind: str) -> int:
        """Return the number of finished searches of a kind."""
        return self._one(
            "SELECT count(*) FROM searches WHERE kind = ? AND outcome IS NOT NULL", (kind,)
        )

    def pending(self, limit: int) -> list[Search]:
        """Return the next planned searches, in order."""
        query = "SELECT * FROM searches WHERE outcome IS NULL ORDER BY id LIMIT ?"
        return [Search(*row) for row in self._all(query, (limit,))]

    def last_searches(self, kind: str, limit: int) -> list[Search]:
        """Return the last planned searches of a kind, in order."""
        query = "SELECT * FROM searches WHERE kind = ? ORDER BY id DESC LIMIT ?"
        return [Search(*row) for row in self._all(query, (kind, limit))][::-1]

    def tried_pairs(self) -> dict[tuple[int, int], int]:
        """Return how often each pair of minima was planned, smaller id first."""
        return {(a, b): count for a, b, count in self._all("SELECT a, b, count FROM tried_pairs")}

    def get_state(self, key: str, default: Any = None) -> Any:
        """Return a kept value."""
        rows = self._all("SELECT value FROM state WHERE key = ?", (key,))
        return json.loads(rows[0][0]) if rows else default

    @property
    def failures(self) -> dict[str, dict[str, int]]:
        """How many guesses of each kind of search failed how."""
        result: dict[str, dict[str, int]] = {}
        for kind, outcome, count in self._all("SELECT * FROM failures ORDER BY kind, outcome"):
            result.setdefault(kind, {})[RESULTS(outcome).name] = count
        return result

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Who found what: one dictionary per run."""
        names = ("id", "started", "seconds", "evaluations", "seed", "settings", "versions")
        rows = self._all(f"SELECT {', '.join(names)} FROM runs ORDER BY id")
        runs = [dict(zip(names, row)) for row in rows]
        return [
            {**run, "settings": json.loads(run["settings"]), "versions": json.loads(run["versions"])}
            for run in runs
        ]

    @property
    def components(self) -> list[list[int]]:
        """Ids of the minima of each connected part, the largest part first."""
        if "components" not in self._cache:
            ids = np.array([row[0] for row in self._all("SELECT id FROM minima ORDER BY id")], dtype=int)
            query = "SELECT DISTINCT minimum_a, minimum_b FROM transition_states"
            edges = np.searchsorted(ids, np.array(self._all(query), dtype=int).reshape(-1, 2))
            shape = (len(ids), len(ids))
            graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=shape)
            parts: dict[int, list[int]] = {}
            if len(ids):
                for minimum, part in zip(ids.tolist(), connected_components(graph.tocsr(), False)[1]):
                    parts.setdefault(int(part), []).append(minimum)
            self._cache["components"] = sorted(parts.values(), key=lambda part: (-len(part), part))
        return self._cache["components"]

    def check(self) -> None:
        """Raise `AtlasError` unless the file is whole: pages, references, sizes, finite numbers."""
        with clear_errors(self.path):
            problems = [row[0] for row in self._db.execute("PRAGMA integrity_check")]
            dangling = self._db.execute("PRAGMA foreign_key_check").fetchall()
        wrong = 0
        for table in ("minima", "transition_states"):
            wrong += self._one(
                f"SELECT count(*) FROM {table} WHERE length(x) != ? OR energy - energy != 0",
                (8 * self.dimension,),
            )
        if problems != ["ok"] or dangling or wrong:
            raise AtlasError(
                f"{self.path} is damaged ({'; '.join(problems)}; {len(dangling)} dangling references; "
                f"{wrong} unusable points); restore it from a copy."
            )

    def digest(self) -> str:
        """Return a SHA-256 of what an exploration determines, without times and versions."""
        total = hashlib.sha256()
        tables = (
            "SELECT id, energy, rms_gradient, lowest_eigenvalue, log_product, orbit_size, hits, x FROM minima",
            "SELECT id, energy, rms_gradient, negative_eigenvalue, log_product, orbit_size, hits, x, "
            "minimum_a, minimum_b, path_length FROM transition_states",
            "SELECT * FROM searches",
            "SELECT * FROM state",
            "SELECT * FROM failures",
        )
        for query in tables:
            for row in self._all(f"{query} ORDER BY 1, 2"):
                total.update(repr(row).encode())
        return total.hexdigest()

    def to_networkx(self):
        """Return a `networkx.MultiGraph`: minima as nodes, every transition state as an edge."""
        import networkx

        graph = networkx.MultiGraph()
        minima, states = self.minima, self.transition_states
        for i, minimum in enumerate(minima.id.tolist()):
            graph.add_node(minimum, energy=float(minima.energy[i]), log_product=float(minima.log_product[i]))
        for i, (a, b) in enumerate(states.minima.tolist()):
            graph.add_edge(
                a, b, key=int(states.id[i]), energy=float(states.energy[i]),
                log_product=float(states.log_product[i]),
            )  # fmt: skip
        return graph

    def to_dataframe(self, table: str = "minima"):
        """Return `minima` or `transition_states` as a `pandas.DataFrame`, without coordinates."""
        import pandas

        if table not in ("minima", "transition_states"):
            raise ValueError(f"`table` must be minima or transition_states, got {table!r}.")
        columns: Columns = getattr(self, table)
        flat = {name: values for name, values in columns.items() if values.ndim == 1}
        return pandas.DataFrame(flat).set_index("id")

    def __repr__(self) -> str:
        """Say what is inside."""
        return (
            f"Atlas({str(self.path)!r}: {self.landscape.get('landscape')}, "
            f"{self.count('minima')} minima, {self.count('transition_states')} transition states)"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{k}</th><td>{v}</td></tr>" for k, v in self.landscape.items())
        return (
            f"<b>{self.count('minima')} minima, {self.count('transition_states')} transition states, "
            f"{len(self.components)} connected parts</b><table>{rows}</table>"
        )

    def minimum_x(self, minimum: int) -> np.ndarray:
        """Return the coordinates of a minimum by id."""
        return self._index("minima").point(minimum - 1)

    def _checked(self, x: np.ndarray, energy: np.ndarray, what: str) -> np.ndarray:
        points = np.ascontiguousarray(np.atleast_2d(x), dtype="<f8")
        energies = np.asarray(energy)
        if points.shape[1:] != (self.dimension,) or energies.shape != points.shape[:1]:
            raise ValueError(
                f"`x` must have shape (n, {self.dimension}) and `energy` (n,), got {points.shape} "
                f"and {energies.shape}."
            )
        if not (np.all(np.isfinite(points)) and np.all(np.isfinite(energies))):
            raise ValueError(f"The {what} hold numbers that are not finite; they are not stored.")
        return points

    def _index(self, table: str) -> PointIndex:
        """Return the in-memory index of a table; place p is id p + 1, because nothing is deleted."""
        if table not in self._indexes:
            if self._symmetry is None:
                raise AtlasError(f"{self.path} was opened without its landscape.")
            index = PointIndex(
                self._symmetry,
                energy_tol=self.meta["energy_tol"],
                distance_tol=self.meta["distance_tol"],
                by_energy=self.identity == "energy",
            )
            for energy, blob in self._all(f"SELECT energy, x FROM {table} ORDER BY id"):
                index.add(np.frombuffer(blob, dtype="<f8"), energy)
            self._indexes[table] = index
        return self._indexes[table]

    def _identify(self, table: str, x: np.ndarray, energy: np.ndarray) -> tuple[list[int], np.ndarray]:
        index = self._index(table)
        places, is_new = [], np.zeros(len(x), dtype=bool)
        for i, value in enumerate(np.asarray(energy, dtype=float).tolist()):
            place = index.find(x[i], value)
            if place is None:
                place = index.add(x[i], value)
                is_new[i] = True
            places.append(place + 1)
        return places, is_new

    def _find(self, table: str, x: np.ndarray, energy: np.ndarray) -> np.ndarray:
        index = self._index(table)
        found = [index.find(point, float(value)) for point, value in zip(x, energy)]
        return np.array([0 if place is None else place + 1 for place in found], dtype=np.int64)

    def _orbit(self, x: np.ndarray) -> str:
        assert self._symmetry is not None
        return str(self._symmetry.orbit_size(x))

    def _read(self, table: str) -> Columns:
        with clear_errors(self.path):
            return read_columns(self._db, table, self.dimension)

    def _all(self, query: str, arguments: tuple = ()) -> list[tuple]:
        with clear_errors(self.path):
            return self._db.execute(query, arguments).fetchall()

    def _one(self, query: str, arguments: tuple = ()) -> int:
        return int(self._all(query, arguments)[0][0])

    @staticmethod
    def _degrees(ids: np.ndarray, ends: np.ndarray) -> np.ndarray:
        pairs = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
        return np.bincount(np.searchsorted(ids, pairs.ravel()), minlength=len(ids))


def _is_new(path: Path) -> bool:
    """Tell whether there is nothing at the path, or an empty file."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _blob(x: np.ndarray) -> bytes:
    return x.astype("<f8", copy=False).tobytes()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
