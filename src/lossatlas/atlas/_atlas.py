"""The atlas: one SQLite file with the minima and transition states of one landscape."""

import json
import os
from contextlib import AbstractContextManager
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import ArrayLike

from lossatlas._checks import check_path
from lossatlas._graph import Graph

from . import _convert
from ._columns import Minima, TransitionStates
from ._errors import AtlasError, sentences
from ._file import AtlasFile
from ._integrity import check, digest
from ._log import Log
from ._point_tables import PointTables
from ._quantities import Quantities
from ._quantity_rows import MINIMUM
from ._queue import Queue
from ._sets import NamedSets
from ._settings import new_meta, settings_of, wanted_settings


Ids = Int[np.ndarray, " points"]
Known = Int[np.ndarray, " known"]
Flags = Bool[np.ndarray, " points"]


class Atlas:
    """An open atlas file: the points of one landscape, and what is known about them.

    With a landscape it can be extended and is created if it is missing; one process writes at a
    time. Without one it can be read while another process writes; reading never changes the file, and
    a file of an older schema is read through a copy in memory. Columns are read at first use and stay
    the same until this atlas writes points. What is read agrees with its checksums, or an `AtlasError`
    says that the file is damaged.

    - `quantities`: numbers of one's own per minimum or transition state, `Quantities`.
    - `sets`: named sets of minima, `NamedSets`.
    - `log`: runs, failures and state of the exploration, `Log`.
    - `queue`: its planned and finished searches, `Queue`.

    **Arguments:**

    - `path`: the file.
    - `landscape`: has `fingerprint()`, `dimension` and `symmetry`; None if no points are to be added.
    - `identity`: `distance` (points are the same if energy and aligned distance agree) or `energy`
      (energies alone); default as stored, `distance` for a new file.
    - `energy_tol`, `distance_tol`: relative, dimensionless; default as stored, 1e-9 and 1e-5 for a
      new file.
    - `readonly`: True to write nothing to the file; False to write quantities and sets to a file that is
      there without its landscape, too. Default: True without a landscape, False with one.

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
        readonly: bool | None = None,
    ):
        self.path = check_path("path", path, "the atlas")
        wanted = wanted_settings(landscape, identity, energy_tol, distance_tol)
        writes = landscape is not None if readonly is None else not readonly
        meta = None if landscape is None else new_meta(wanted)
        self._file = AtlasFile(self.path, writes=writes, meta=meta)
        try:
            self._settings = settings_of(self._file.meta(), self.path)
            self._settings.compare(wanted, self.path)
        except BaseException:
            self.close()
            raise
        self._points = PointTables(self._file, self._settings, landscape)
        self.quantities = Quantities(self._file, self._points.forget_columns)
        self.sets = NamedSets(self._file)
        self.log, self.queue = Log(self._file), Queue(self._file)

    # ---- what is stored about the atlas itself -------------------------------------------------

    @property
    def landscape(self) -> dict[str, Any]:
        """The fingerprint of the landscape: its settings and the hash of its data."""
        return dict(self._settings.fingerprint)

    @property
    def recipe(self) -> dict[str, Any] | None:
        """How the landscape and its data can be built again, if that was stored."""
        return self._file.meta().get("recipe")

    def set_recipe(self, recipe: dict[str, Any]) -> None:
        """Store a JSON-able recipe of the landscape and its data, in place of an older one.

        **Raises:** `AtlasError` if there are quantities whose settings name the older recipe, such as those
        of `evaluate`, which may be of other data: delete them first.
        """
        recipe = json.loads(json.dumps(recipe))  # as it will be read
        older = self.quantities_of_another(recipe)
        if older:
            raise AtlasError(
                f"{self.path} holds {', '.join(older)}, computed with another recipe; "
                "call atlas.quantities.delete(...) before set_recipe()."
            )
        if recipe != self.recipe:
            self._file.set_meta("recipe", recipe)

    def quantities_of_another(self, recipe: dict[str, Any]) -> list[str]:
        """Return the names of quantities of minima whose settings name a recipe that is not this one."""
        return [
            q.name
            for q in self.quantities
            if q.kind == MINIMUM and any(run.settings.get("recipe", recipe) != recipe for run in q.runs)
        ]

    @property
    def census(self) -> dict[str, Any] | None:
        """All stationary points that a census found, see `Census.to_dict`, if that was stored."""
        return self._file.meta().get("census")

    def set_census(self, census: dict[str, Any]) -> None:
        """Store the JSON-able result of a census of this landscape, in place of an older one."""
        self._file.set_meta("census", census)

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
        return self._points.columns()[0]

    @property
    def transition_states(self) -> TransitionStates:
        """The transition states as columns."""
        return self._points.columns()[1]

    def count(self, table: str) -> int:
        """Return the number of `minima` or `transition_states`, without reading them."""
        if table not in ("minima", "transition_states"):
            raise ValueError(f"`table` must be minima or transition_states, got {table!r}.")
        with sentences(self.path):
            return self._file.tables.count(table)

    def minimum_x(self, minimum: int) -> Float[np.ndarray, " dim"]:
        """Return the coordinates of one minimum by its id, parameter units."""
        x = self._points.store("minima").x
        if not 1 <= minimum <= len(x):
            raise ValueError(f"There is no minimum {minimum}; ids are 1 to {len(x)}.")
        return x[minimum - 1]

    @property
    def graph(self) -> Graph:
        """How usable transition states join minima; minima and states are rows, counted from 0."""
        return self._points.graph()

    @property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Ids of the minima in every connected part of the network, sorted."""
        return tuple(tuple((rows + 1).tolist()) for rows in self.graph.members())

    @property
    def component_count(self) -> int:
        """Number of connected parts of the network."""
        return self.graph.part_count

    def find_minima(self, x: ArrayLike, energy: ArrayLike) -> tuple[Known, Known]:
        """Return which of the points given are minima of the atlas, and the ids of these.

        **Arguments:**

        - `x`: points, shape (points, dim), parameter units.
        - `energy`: their energies, shape (points,), loss units.

        **Returns:** the rows of the points that are known, increasing, and the id of each; shape (known,).
        """
        return self._points.find("minima", x, energy)

    def find_transition_states(self, x: ArrayLike, energy: ArrayLike) -> tuple[Known, Known]:
        """Return which of the points are transition states of the atlas, and the ids of these; as above."""
        return self._points.find("transition_states", x, energy)

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
        return self._points.add_minima(x, energy, columns, hits, run, flag)

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
        columns = {
            "rms_gradient": rms_gradient,
            "negative_eigenvalue": negative_eigenvalue,
            "log_product": log_product,
            "path_length": path_length,
        }
        return self._points.add_states(x, energy, columns, minima, hits, run, flag)

    def add_hit(self, table: str, point: int) -> None:
        """Note that another search ended at a known point of `minima` or `transition_states`."""
        if not 1 <= point <= self.count(table):
            raise ValueError(f"There is no point {point} in {table}.")
        self._points.add_hit(table, point)

    def set_quantity(
        self,
        name: str,
        values: ArrayLike,
        ids: ArrayLike | None = None,
        *,
        kind: Literal["minimum", "transition_state"] = MINIMUM,
        error: ArrayLike | None = None,
        run: str = "set_quantity",
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Store numbers of minima or transition states; see `Quantities.set`, which this is."""
        self.quantities.set(name, values, ids, kind=kind, error=error, run=run, settings=settings)

    # ---- the whole file ------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: what is written inside becomes durable together, or not at all.

        Inner transactions join the outermost one; if one of them fails, all of it is undone.
        """
        return self._file.transaction()

    def check(self) -> None:
        """Check pages, indices, references and checksums of the whole file, and the totals of its tables.

        **Raises:** `AtlasError` that says what is damaged.
        """
        with sentences(self.path):
            check(self._file.db, self.path, self._file.tables)

    def digest(self) -> str:
        """Return a hash of all that the exploration determined, and of no time or machine."""
        with self._file.snapshot():
            return digest(self._file.tables, self._file.meta())

    def to_networkx(self):
        """Return a `networkx.MultiGraph`: nodes are minima, edges transition states, by id."""
        return _convert.to_networkx(*self._points.columns())

    def to_dataframe(self, table: str = "minima"):
        """Return `minima` or `transition_states` as a `pandas.DataFrame`, without coordinates."""
        return _convert.to_dataframe(*self._points.columns(), table)

    def close(self) -> None:
        """Close the file and let others write."""
        self._file.close()

    def __enter__(self) -> "Atlas":
        """Return the atlas itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Return the path and what the file holds."""
        minima, states = self._points.columns()
        return f"Atlas({str(self.path)!r}: {len(minima)} minima, {len(states)} transition states)"

    def _repr_html_(self) -> str:
        return _convert.to_html(self.path, self.landscape, *self._points.columns())
