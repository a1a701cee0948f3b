"""The points of an atlas in memory: columns, coordinates for the search of known points, and the graph."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from numpy.typing import ArrayLike

from lossatlas._graph import Graph
from lossatlas.landscapes import KnownPoints, Units

from ._columns import Minima, TransitionStates, make_graph, make_minima, make_states, read_points
from ._errors import AtlasError, sentences
from ._file import AtlasFile
from ._flags import LEFT_OUT
from ._points import add_hits, check_column, check_flag, check_hits, check_points, write_points
from ._quantity_rows import MINIMUM, TRANSITION_STATE, columns_of
from ._settings import Stored


Ids = Int[np.ndarray, " points"]
Flags = Bool[np.ndarray, " points"]


class PointTables:
    """Minima and transition states: read at first use, extended as they are written.

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

    def find(self, table: str, x: ArrayLike, energy: ArrayLike) -> tuple[Ids, Ids]:
        """Return the positions of the given points that are known, and their ids."""
        if self._symmetry is None:
            raise AtlasError(
                f"Points are only found in {self._file.path} if it is open with its landscape."
            )
        which, rows = self.store(table).find(*check_points(x, energy, self._settings.dimension))
        return which, rows + 1

    # ---- writing -------------------------------------------------------------------------------

    def add_minima(self, x, energy, columns, hits, run, flag) -> tuple[Ids, Flags]:
        """Add minima; see `Atlas.add_minima`."""
        return self._add("minima", x, energy, columns, {}, hits, run, flag)

    def add_states(self, x, energy, columns, minima, hits, run, flag) -> tuple[Ids, Flags]:
        """Add transition states; see `Atlas.add_transition_states`."""
        self._check_extensible()
        count = len(np.asarray(energy).reshape(-1))
        ends, known = np.asarray(minima), len(self.store("minima"))
        if ends.shape != (count, 2) or (count and not np.issubdtype(ends.dtype, np.integer)):
            raise ValueError(
                f"`minima` must be integers of shape ({count}, 2), got {ends.dtype} of shape {ends.shape}."
            )
        if count and not (ends.min() >= 1 and ends.max() <= known):
            raise ValueError(f"`minima` must be ids of minima in the atlas, 1 to {known}.")
        if columns["path_length"] is None:
            columns = columns | {"path_length": np.full(count, np.nan)}
        integers = {"minimum_a": ends[:, 0], "minimum_b": ends[:, 1]}
        return self._add("transition_states", x, energy, columns, integers, hits, run, flag)

    def add_hit(self, table: str, point: int) -> None:
        """Add one hit to a known point."""
        with self._file.transaction():
            self.forget_columns()
            add_hits(self._file.tables, table, int(point), 1)

    def forget_columns(self) -> None:
        """Discard the columns; they are read again when they are needed."""
        self._columns = None

    def _add(self, table, x, energy, columns, integers, hits, run, flag) -> tuple[Ids, Flags]:
        self._check_extensible()
        x, energy = check_points(x, energy, self._settings.dimension)
        columns = {name: check_column(name, values, len(x)) for name, values in columns.items()}
        hits, flags = check_hits(hits, len(x)), check_flag(flag, len(x))
        with self._file.transaction():
            self.forget_columns()
            store = self.store(table)
            before = len(store)
            columns = {**columns, **integers, "flag": flags}
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
