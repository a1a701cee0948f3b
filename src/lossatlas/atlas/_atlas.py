"""The atlas: one SQLite file with the minima and transition states of one landscape."""

import contextlib
import json
import os
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from lossatlas.landscapes import KnownPoints, Units

from . import _convert
from ._columns import (
    Minima,
    TransitionStates,
    components,
    make_columns,
    make_sets,
    part_labels,
    read_points,
)
from ._connection import close_writer, open_reader, open_writer
from ._errors import AtlasError, sentences
from ._integrity import check, digest
from ._memory import AbstractMemory
from ._points import (
    add_hits,
    check_column,
    check_flag,
    check_hits,
    check_ids,
    check_points,
    plain,
    write_points,
)
from ._settings import new_meta, settings_of, wanted_settings
from ._tables import Tables


Ids = Int[np.ndarray, " points"]
Flags = Bool[np.ndarray, " points"]


class Atlas(AbstractMemory):
    """An open atlas file: the points of one landscape, and the memory of its exploration.

    With a landscape it can be extended and is created if it is missing; one process writes at a
    time. Without one it can be read while another process writes; reading never changes the file, and
    a file of an older schema is read through a copy in memory. Columns are read at first use and stay
    the same until this atlas writes points. What is read agrees with its checksums, or an `AtlasError`
    says that the file is damaged.

    **Arguments:**

    - `path`: the file.
    - `landscape`: has `fingerprint()`, `dimension` and `symmetry`; None to read only.
    - `identity`: `distance` (points are the same if energy and aligned distance agree) or `energy`
      (energies alone); default as stored, `distance` for a new file.
    - `energy_tol`, `distance_tol`: relative, dimensionless; default as stored, 1e-9 and 1e-5 for a
      new file.
    - `readonly`: never write anything to the file.

    **Raises:** `AtlasError` if the file is missing, no atlas, damaged, newer than this lossatlas, being
    written by another process, or of another landscape or identity; if it is to be written where its
    file system has no locks.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        landscape: Any = None,
        *,
        identity: Literal["distance", "energy"] | None = None,
        energy_tol: float | None = None,
        distance_tol: float | None = None,
        readonly: bool = False,
    ):
        self.path = Path(path)
        self._symmetry = None if landscape is None else landscape.symmetry
        self._units = getattr(landscape, "units", Units())
        self._stores: dict[str, KnownPoints] = {}
        self._columns: tuple[Minima, TransitionStates] | None = None
        self._parts: tuple[int, Int[np.ndarray, " minima"]] | None = None
        self._components: tuple[tuple[int, ...], ...] | None = None
        self._depth, self._is_doomed = 0, False
        self._lock = None
        wanted = wanted_settings(landscape, identity, energy_tol, distance_tol)
        if landscape is None or readonly:
            self._db = open_reader(self.path)
        else:
            self._db, self._lock = open_writer(self.path, new_meta(wanted))
        self._tables = Tables(self._db, self.path, is_writer=self._lock is not None)
        try:
            self._settings = settings_of(self._meta(), self.path)
            self._settings.compare(wanted, self.path)
        except BaseException:
            self.close()
            raise

    # ---- what is stored about the atlas itself -------------------------------------------------

    @property
    def landscape(self) -> dict[str, Any]:
        """The fingerprint of the landscape: its settings and the hash of its data."""
        return dict(self._settings.fingerprint)

    @property
    def recipe(self) -> dict[str, Any] | None:
        """How the landscape and its data can be built again, if that was stored."""
        return self._meta().get("recipe")

    def set_recipe(self, recipe: dict[str, Any]) -> None:
        """Store a JSON-able recipe of the landscape and its data, in place of an older one.

        **Raises:** `AtlasError` if the atlas has another recipe, and metrics, which may be of other data:
        `delete_metrics` first.
        """
        recipe = json.loads(json.dumps(recipe))  # as it will be read
        if recipe == self.recipe:
            return
        with self.transaction():
            if self.recipe is not None and self._tables.count("metrics"):
                raise AtlasError(
                    f"{self.path} holds metrics that were computed with another recipe; "
                    "call delete_metrics() before set_recipe()."
                )
            self._tables.put("meta", ("recipe", json.dumps(recipe)))

    @property
    def census(self) -> dict[str, Any] | None:
        """All stationary points that a census found, see `Census.to_dict`, if that was stored."""
        return self._meta().get("census")

    def set_census(self, census: dict[str, Any]) -> None:
        """Store the JSON-able result of a census of this landscape, in place of an older one."""
        with self.transaction():
            self._tables.put("meta", ("census", json.dumps(census)))

    @property
    def identity(self) -> str:
        """When two points are the same: `distance` or `energy`."""
        return self._settings.identity

    @property
    def dimension(self) -> int:
        """Number of variables; 0 for an import without coordinates."""
        return self._settings.dimension

    @property
    def modes(self) -> int | None:
        """Number of non-zero eigenvalues at a minimum: variables less forced zero modes, if known."""
        return self._settings.modes

    @property
    def symmetry_order(self) -> int | None:
        """Number of elements of the landscape's symmetry group, if it is known."""
        return self._settings.symmetry_order

    # ---- points --------------------------------------------------------------------------------

    @property
    def minima(self) -> Minima:
        """The minima as columns."""
        return self._load()[0]

    @property
    def transition_states(self) -> TransitionStates:
        """The transition states as columns."""
        return self._load()[1]

    def minimum_x(self, minimum: int) -> Float[np.ndarray, " dim"]:
        """Return the coordinates of one minimum by its id, parameter units."""
        x = self._store("minima").x
        if not 1 <= minimum <= len(x):
            raise ValueError(f"There is no minimum {minimum}; ids are 1 to {len(x)}.")
        return x[minimum - 1]

    @property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Ids of the minima in every connected part of the network, sorted."""
        if self._components is None:
            self._components = components(*self._labels())
        return self._components

    @property
    def component_count(self) -> int:
        """Number of connected parts of the network."""
        return self._labels()[0]

    def find_minima(self, x: ArrayLike, energy: ArrayLike) -> Ids:
        """Return the ids of the minima that are the same as the points given, 0 where unknown.

        **Arguments:**

        - `x`: points, shape (points, dim), parameter units.
        - `energy`: their energies, shape (points,), loss units.
        """
        return self._find("minima", x, energy)

    def find_transition_states(self, x: ArrayLike, energy: ArrayLike) -> Ids:
        """Return the ids of the same transition states, 0 where unknown; arguments as above."""
        return self._find("transition_states", x, energy)

    def add_minima(
        self,
        x: ArrayLike,
        energy: ArrayLike,
        rms_gradient: ArrayLike,
        lowest_eigenvalue: ArrayLike,
        log_product: ArrayLike,
        *,
        hits: ArrayLike = 0,
        run: int | None = None,
        flag: ArrayLike | None = None,
    ) -> tuple[Ids, Flags]:
        """Add minima; those that are known only gain hits.

        **Arguments:**

        - `x`: the points, shape (points, dim), parameter units.
        - `energy`, `rms_gradient`, `lowest_eigenvalue`, `log_product`: as in `Minima`, shape
          (points,).
        - `hits`: independent random starts that ended there, shape (points,) or one number.
        - `run`: id of the run that found them.
        - `flag`: what is special about the new ones, a word for all or shape (points,), "" for an
          ordinary point; default: all are.

        **Returns:** the id of every point and whether it is new, shape (points,) each.

        **Raises:** `ValueError` for wrong shapes and non-finite numbers; `AtlasError` if the atlas
        is only open for reading or the disk is full.
        """
        columns = {
            "rms_gradient": rms_gradient,
            "lowest_eigenvalue": lowest_eigenvalue,
            "log_product": log_product,
        }
        return self._add("minima", x, energy, columns, {}, hits, run, flag)

    def add_transition_states(
        self,
        x: ArrayLike,
        energy: ArrayLike,
        rms_gradient: ArrayLike,
        negative_eigenvalue: ArrayLike,
        log_product: ArrayLike,
        minima: ArrayLike,
        *,
        path_length: ArrayLike | None = None,
        hits: ArrayLike = 1,
        run: int | None = None,
        flag: ArrayLike | None = None,
    ) -> tuple[Ids, Flags]:
        """Add transition states; those that are known only gain hits.

        **Arguments:**

        - `x`: the points, shape (points, dim), parameter units.
        - `energy`, `rms_gradient`, `negative_eigenvalue`, `log_product`: as in
          `TransitionStates`, shape (points,).
        - `minima`: ids of the two minima of each, shape (points, 2); they may be the same.
        - `path_length`: arc lengths between them, shape (points,), parameter units.
        - `hits`: searches that ended there, shape (points,) or one number.
        - `run`: id of the run that found them.
        - `flag`: as in `add_minima`.

        **Returns:** the id of every point and whether it is new, shape (points,) each.

        **Raises:** as `add_minima`; also `ValueError` if a minimum is not in the atlas.
        """
        count = len(np.asarray(energy).reshape(-1))
        ends = np.asarray(minima)
        known = len(self._store("minima"))
        if ends.shape != (count, 2) or (count and not np.issubdtype(ends.dtype, np.integer)):
            raise ValueError(
                f"`minima` must be integers of shape ({count}, 2), got {ends.dtype} of shape {ends.shape}."
            )
        if count and not (ends.min() >= 1 and ends.max() <= known):
            raise ValueError(f"`minima` must be ids of minima in the atlas, 1 to {known}.")
        columns = {
            "rms_gradient": rms_gradient,
            "negative_eigenvalue": negative_eigenvalue,
            "log_product": log_product,
            "path_length": np.full(count, np.nan) if path_length is None else path_length,
        }
        integers = {"minimum_a": ends[:, 0], "minimum_b": ends[:, 1]}
        return self._add("transition_states", x, energy, columns, integers, hits, run, flag)

    def add_hit(self, table: str, point: int) -> None:
        """Note that another search ended at a known point of `minima` or `transition_states`."""
        if not 1 <= point <= self.count(table):
            raise ValueError(f"There is no point {point} in {table}.")
        with self._change_points():
            add_hits(self._tables, table, int(point), 1)

    def set_metrics(self, metrics: dict[str, ArrayLike]) -> None:
        """Store what the minima are worth as models; metrics of other names stay.

        **Arguments:**

        - `metrics`: name -> one number per minimum in the order of their ids, shape (minima,); NaN where
          it is not defined.

        **Raises:** `ValueError` for wrong shapes, or a name that another column has.
        """
        minima = self.minima
        taken = set(minima.keys()) - set(minima.metrics) | {"metrics", "keys"}
        if not all(isinstance(name, str) and name.isidentifier() for name in metrics):
            raise ValueError(f"Names of metrics must be words such as test_auc, got {list(metrics)}.")
        columns = {name: check_column(name, values, len(minima)) for name, values in metrics.items()}
        if taken & columns.keys():
            raise ValueError(f"There is a column {min(taken & columns.keys())!r} already.")
        infinite = [name for name, values in columns.items() if np.isinf(values).any()]
        if infinite:
            raise ValueError(f"The metric {infinite[0]!r} must be finite, or NaN where it is not defined.")
        with self._change_points():
            for name, values in columns.items():
                self._tables.delete("metrics", name)
                rows = zip(repeat(name), minima.id.tolist(), plain(values))
                self._tables.insert("metrics", list(rows))

    def delete_metrics(self, *names: str) -> None:
        """Delete the metrics of these names; all if there are none given.

        **Raises:** `ValueError` if there is no metric of a name.
        """
        known = self.minima.metrics
        for name in names:
            if name not in known:
                raise ValueError(f"There is no metric {name!r}; there is {', '.join(known) or 'none'}.")
        with self._change_points():
            for name in names or known:
                self._tables.delete("metrics", name)

    @property
    def sets(self) -> dict[str, Ids]:
        """Named sets of minima, such as A and B of a PATHSAMPLE database: sorted ids by name."""
        with sentences(self.path):
            return make_sets(self._tables.rows("sets"))

    def set_sets(self, sets: dict[str, ArrayLike]) -> None:
        """Store named sets of minima, in place of all that were stored before.

        **Arguments:**

        - `sets`: name -> ids of minima, at least one. Names are words, so that they are no ids.

        **Raises:** `ValueError` for other names, for a set without minima, and for ids that there are not.
        """
        if not all(isinstance(name, str) and name.isidentifier() for name in sets):
            raise ValueError(f"Names of sets must be words such as A, got {list(sets)}.")
        chosen = {name: check_ids(f"sets[{name!r}]", ids, len(self.minima)) for name, ids in sets.items()}
        with self.transaction():
            self._tables.delete("sets")
            rows = [(name, minimum) for name, ids in chosen.items() for minimum in ids.tolist()]
            self._tables.insert("sets", rows)

    # ---- transactions --------------------------------------------------------------------------

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: what is written inside becomes durable together, or not at all.

        Inner transactions join the outermost one; if one of them fails, all of it is undone.
        """
        self._check_writable()
        with sentences(self.path):
            self._depth += 1
            try:
                if self._depth == 1:
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    if self._is_doomed:
                        raise AtlasError(f"A step inside this transaction on {self.path} failed.")
                    self._tables.flush()
                    self._db.execute("COMMIT")
            except BaseException:
                self._is_doomed = True
                if self._depth == 1:
                    self._undo()
                raise
            finally:
                self._depth -= 1
                self._is_doomed = self._is_doomed and self._depth > 0

    # ---- the whole file ------------------------------------------------------------------------

    def check(self) -> None:
        """Check pages, indices, references and checksums of the whole file, and the totals of its tables.

        **Raises:** `AtlasError` that says what is damaged.
        """
        with sentences(self.path):
            check(self._db, self.path, self._tables)

    def digest(self) -> str:
        """Return a hash of all that the exploration determined, and of no time or machine."""
        with sentences(self.path):
            with self._tables.snapshot():
                return digest(self._tables, self._meta())

    def to_networkx(self):
        """Return a `networkx.MultiGraph`: nodes are minima, edges transition states, by id."""
        return _convert.to_networkx(*self._load())

    def to_dataframe(self, table: str = "minima"):
        """Return `minima` or `transition_states` as a `pandas.DataFrame`, without coordinates."""
        return _convert.to_dataframe(*self._load(), table)

    def close(self) -> None:
        """Close the file and let others write."""
        if self._lock is None:
            self._db.close()
        else:
            close_writer(self._db, self._lock)

    def __enter__(self) -> "Atlas":
        """Return the atlas itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Return the path and what the file holds."""
        minima, states = self._load()
        return f"Atlas({str(self.path)!r}: {len(minima)} minima, {len(states)} transition states)"

    def _repr_html_(self) -> str:
        return _convert.to_html(self.path, self.landscape, *self._load())

    # ---- inside --------------------------------------------------------------------------------

    def _meta(self) -> dict[str, Any]:
        return {key: json.loads(text) for key, text in self._rows("meta")}

    def _check_writable(self) -> None:
        if self._lock is not None:
            return
        if self.dimension == 0:
            raise AtlasError("An atlas without coordinates can be analysed, not extended.")
        raise AtlasError(f"{self.path} is open for reading; open it with its landscape to extend it.")

    def _undo(self) -> None:
        """Roll back, and forget what is in memory: it is read again when it is needed."""
        self._stores, self._columns = {}, None
        self._parts = self._components = None
        self._tables.forget()
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    @contextlib.contextmanager
    def _change_points(self) -> Iterator[None]:
        with self.transaction():
            self._columns = self._parts = self._components = None
            yield

    def _add(self, table, x, energy, columns, integers, hits, run, flag) -> tuple[Ids, Flags]:
        x, energy = check_points(x, energy, self.dimension)
        columns = {name: check_column(name, col, len(x)) for name, col in columns.items()}
        hits, flags = check_hits(hits, len(x)), check_flag(flag, len(x))
        with self._change_points():
            store = self._store(table)
            columns = {**columns, **integers, "flag": flags}
            return write_points(self._tables, table, store, x, energy, columns, hits, run)

    def _find(self, table: str, x: ArrayLike, energy: ArrayLike) -> Ids:
        if self._symmetry is None:
            raise AtlasError(f"Points are only found in {self.path} if it is open with its landscape.")
        return self._store(table).find(*check_points(x, energy, self.dimension)) + 1

    def _labels(self) -> tuple[int, Int[np.ndarray, " minima"]]:
        """Return the number of connected parts, and the one in which each minimum is."""
        if self._parts is None:
            minima, states = self._load()
            self._parts = part_labels(len(minima), states.minima[states.usable])
        return self._parts

    def _store(self, table: str) -> KnownPoints:
        if table not in self._stores:
            with sentences(self.path):
                self._read(table)
        return self._stores[table]

    def _load(self) -> tuple[Minima, TransitionStates]:
        """Read all columns at one moment, for another process may be writing."""
        if self._columns is None:
            with sentences(self.path), self._tables.snapshot():
                if self._lock is None:
                    self._stores = {}
                minima, states = self._read("minima"), self._read("transition_states")
                x = self._stores["minima"].x, self._stores["transition_states"].x
                self._columns = make_columns(minima, states, self._tables.read("metrics"), *x)
        return self._columns

    def _read(self, table: str) -> dict[str, tuple[Any, ...]]:
        """Return the columns of a table of points, and keep the points; a writer has them already."""
        if table in self._stores:
            return self._tables.read_trusted(table, leave_out="x")
        columns = self._tables.read(table)
        x, energy = read_points(columns["x"], columns["energy"], self.dimension)
        self._stores[table] = KnownPoints(
            x,
            energy,
            self._symmetry,
            energy_tol=self._settings.energy_tol,
            distance_tol=self._settings.distance_tol,
            by_energy=self.identity == "energy",
            units=self._units,
        )
        return columns
