"""The points of an atlas: their columns in memory, the search for known points, and new points."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from numpy.typing import ArrayLike

from lossatlas._checks import is_whole
from lossatlas._graph import Graph
from lossatlas.landscapes import KnownPoints, Units

from ._columns import Minima, TransitionStates, make_graph, make_minima, make_states, read_points
from ._errors import AtlasError, sentences
from ._file import AtlasFile
from ._flags import LEFT_OUT
from ._point_rows import (
    add_hits,
    check_column,
    check_counts,
    check_flag,
    check_held,
    check_points,
    write_points,
)
from ._quantity_rows import MINIMUM, TRANSITION_STATE, columns_of
from ._settings import Stored


Ids = Int[np.ndarray, " points"]
Known = Int[np.ndarray, " known"]
Flags = Bool[np.ndarray, " points"]


class Points:
    """Minima and transition states, `atlas.points`: read at first use, extended as they are written.

    **Arguments:**

    - `file`: the open atlas.
    - `settings`: the settings stored in the atlas.
    - `landscape`: an object with `symmetry`; None if points are neither to be added nor to be found.
    """

    def __init__(self, file: AtlasFile, settings: Stored, landscape: Any):
        self._file, self._settings = file, settings
        self._symmetry = None if landscape is None else landscape.symmetry
        self._units = getattr(landscape, "units", Units())
        self._stores: dict[str, KnownPoints] = {}
        self._columns: tuple[Minima, TransitionStates] | None = None
        self._graph: Graph | None = None
        file.undone.append(self._forget)

    # ---- reading -------------------------------------------------------------------------------

    def columns(self) -> tuple[Minima, TransitionStates]:
        """Return all columns, read from one state of the file, because another process may be writing."""
        if self._columns is None:
            with self._file.snapshot():
                if not self._file.is_writer:
                    self._stores = {}
                raw = self._read("minima"), self._read("transition_states")
                quantities = self._file.tables.rows("quantities")
            x = [self._stores[table].x for table in ("minima", "transition_states")]
            count = len(x[0])
            states = make_states(raw[1], x[1], columns_of(quantities, TRANSITION_STATE, len(x[1])))
            if self._graph is None:
                self._graph = make_graph(count, states)
            degree = self._graph.degrees
            self._columns = (
                make_minima(raw[0], x[0], degree, columns_of(quantities, MINIMUM, count)),
                states,
            )
        return self._columns

    def graph(self) -> Graph:
        """Return the graph of the minima and transition states, named by their rows."""
        if self._graph is None:
            self.columns()
        assert self._graph is not None
        return self._graph

    def store(self, table: str) -> KnownPoints:
        """Return the points of one table, among which known points can be found."""
        if table not in self._stores:
            with sentences(self._file.path):
                self._read(table)
        return self._stores[table]

    def count(self, table: str) -> int:
        """Return the number of `minima` or `transition_states`, without reading them.

        **Raises:** `ValueError` for another table.
        """
        if table not in ("minima", "transition_states"):
            raise ValueError(f"`table` must be minima or transition_states, got {table!r}.")
        with sentences(self._file.path):
            return self._file.tables.count(table)

    def find_minima(self, x: ArrayLike, energy: ArrayLike) -> tuple[Known, Known]:
        """Find those of the given points that are minima of the atlas.

        **Arguments:**

        - `x`: points, shape (points, dim), parameter units.
        - `energy`: energies of the points, shape (points,), loss units.

        **Returns:** the positions in `x` of the points that are known, increasing, and the id of each;
        shape (known,) each.

        **Raises:** `ValueError` for wrong shapes and non-finite numbers; `AtlasError` if the atlas is open
        without its landscape.
        """
        return self._find("minima", x, energy)

    def find_transition_states(self, x: ArrayLike, energy: ArrayLike) -> tuple[Known, Known]:
        """Find those of the given points that are transition states of the atlas; as `find_minima`."""
        return self._find("transition_states", x, energy)

    # ---- writing -------------------------------------------------------------------------------

    def add_minima(
        self,
        x: ArrayLike,
        energy: ArrayLike,
        rms_gradient: ArrayLike,
        lowest_eigenvalue: ArrayLike,
        log_product: ArrayLike,
        *,
        held: ArrayLike = 0,
        log_slopes: ArrayLike = 0.0,
        hits: ArrayLike = 0,
        run: int | None = None,
        flag: ArrayLike | None = None,
    ) -> tuple[Ids, Flags]:
        """Add minima; a minimum that is known only gains hits.

        **Arguments:**

        - `x`: the points, shape (points, dim), parameter units.
        - `energy`, `rms_gradient`, `lowest_eigenvalue`, `log_product`: as in `Minima`, shape
          (points,).
        - `held`, `log_slopes`: as in `Minima`, shape (points,) or one number.
        - `hits`: number of independent random starts that ended in each minimum, shape (points,) or one
          number.
        - `run`: id of the run that found the minima.
        - `flag`: word that says what is special about new minima, for all or shape (points,); "" for an
          ordinary point, which is the default.

        **Returns:** the id of every point and whether it is new, shape (points,) each.

        **Raises:** `ValueError` for wrong shapes and non-finite numbers; `AtlasError` if the atlas
        is only open for reading or the disk is full.
        """
        columns = {
            "rms_gradient": rms_gradient,
            "lowest_eigenvalue": lowest_eigenvalue,
            "log_product": log_product,
        }
        bounds = check_held(held, log_slopes, len(np.asarray(energy).reshape(-1)))
        return self._add("minima", x, energy, columns, bounds, hits, run, flag)

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
        held: ArrayLike = 0,
        log_slopes: ArrayLike = 0.0,
        hits: ArrayLike = 1,
        run: int | None = None,
        flag: ArrayLike | None = None,
    ) -> tuple[Ids, Flags]:
        """Add transition states; a transition state that is known only gains hits.

        **Arguments:**

        - `x`: the points, shape (points, dim), parameter units.
        - `energy`, `rms_gradient`, `negative_eigenvalue`, `log_product`: as in
          `TransitionStates`, shape (points,).
        - `minima`: ids of the two minima that each one joins, shape (points, 2); they may be the same.
        - `path_length`: arc length of each pathway, shape (points,), parameter units; default not known.
        - `held`, `log_slopes`: as in `Minima`, shape (points,) or one number.
        - `hits`: number of searches that ended at each point, shape (points,) or one number.
        - `run`: id of the run that found the points.
        - `flag`: as in `add_minima`.

        **Returns:** the id of every point and whether it is new, shape (points,) each.

        **Raises:** as `add_minima`; also `ValueError` if a minimum is not in the atlas.
        """
        count = len(np.asarray(energy).reshape(-1))
        others = self._ends(minima, count) | check_held(held, log_slopes, count)
        columns = {
            "rms_gradient": rms_gradient,
            "negative_eigenvalue": negative_eigenvalue,
            "log_product": log_product,
            "path_length": np.full(count, np.nan) if path_length is None else path_length,
        }
        return self._add("transition_states", x, energy, columns, others, hits, run, flag)

    def add_hit(self, table: str, point: int) -> None:
        """Add one hit to a known point, given the table (`minima` or `transition_states`) and its id.

        **Raises:** `ValueError` for a point that does not exist.
        """
        if not is_whole(point) or not 1 <= point <= self.count(table):
            raise ValueError(f"There is no point {point!r} in {table}.")
        with self._file.transaction():
            self.forget_columns()
            add_hits(self._file.tables, table, int(point), 1)

    def forget_columns(self) -> None:
        """Discard the columns; they are read again when they are needed."""
        self._columns = None

    def _find(self, table: str, x: ArrayLike, energy: ArrayLike) -> tuple[Known, Known]:
        """Return the positions of the given points that are known, and their ids."""
        if self._symmetry is None:
            raise AtlasError(
                f"Points are only found in {self._file.path} if it is open with its landscape."
            )
        which, rows = self.store(table).find(*check_points(x, energy, self._settings.dimension))
        return which, rows + 1

    def _ends(self, minima: ArrayLike, count: int) -> dict[str, np.ndarray]:
        """Return the two ends of every transition state as columns of its table."""
        self._check_extensible()
        ends, known = np.asarray(minima), len(self.store("minima"))
        if ends.shape != (count, 2) or (count and not np.issubdtype(ends.dtype, np.integer)):
            raise ValueError(
                f"`minima` must be integers of shape ({count}, 2), got {ends.dtype} of shape {ends.shape}."
            )
        if count and not (ends.min() >= 1 and ends.max() <= known):
            raise ValueError(f"`minima` must be ids of minima in the atlas, 1 to {known}.")
        return {"minimum_a": ends[:, 0], "minimum_b": ends[:, 1]}

    def _add(self, table, x, energy, columns, others, hits, run, flag) -> tuple[Ids, Flags]:
        self._check_extensible()
        x, energy = check_points(x, energy, self._settings.dimension)
        columns = {name: check_column(name, values, len(x)) for name, values in columns.items()}
        hits, flags = check_counts("hits", hits, len(x)), check_flag(flag, len(x))
        with self._file.transaction():
            self.forget_columns()
            store = self.store(table)
            before = len(store)
            columns = {**columns, **others, "flag": flags}
            ids, is_new = write_points(self._file.tables, table, store, x, energy, columns, hits, run)
            self._extend_graph(table, len(store) - before, ids, is_new, energy, columns)
        return ids, is_new

    def _extend_graph(self, table: str, count: int, ids: Ids, is_new: Flags, energy, columns) -> None:
        if self._graph is None:
            return
        if table == "minima":
            self._graph.add_minima(count)
            return
        used = is_new & ~np.isin(columns["flag"], LEFT_OUT)
        ends = np.stack([columns["minimum_a"], columns["minimum_b"]], axis=1)[used] - 1
        self._graph.add_states(ends, energy[used], ids[used] - 1)

    def _check_extensible(self) -> None:
        if self._symmetry is not None and self._file.is_writer:
            return
        if self._settings.dimension == 0:
            raise AtlasError("An atlas without coordinates can be analysed, not extended.")
        raise AtlasError(f"{self._file.path} is open for reading; open it with its landscape to extend it.")

    # ---- inside --------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Discard all values in memory after a transaction was rolled back."""
        self._stores, self._columns, self._graph = {}, None, None

    def _read(self, table: str) -> dict[str, tuple[Any, ...]]:
        """Return the columns of a table of points, and keep its points in memory for later searches."""
        if table in self._stores:
            return self._file.tables.read_trusted(table, leave_out="x")
        columns = self._file.tables.read(table)
        x, energy = read_points(columns["x"], columns["energy"], self._settings.dimension)
        self._stores[table] = KnownPoints(
            x,
            energy,
            self._symmetry,
            energy_tol=self._settings.energy_tol,
            distance_tol=self._settings.distance_tol,
            by_energy=self._settings.identity == "energy",
            units=self._units,
        )
        return columns
