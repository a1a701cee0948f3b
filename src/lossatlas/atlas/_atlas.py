"""The atlas: one SQLite file with the minima and transition states of one landscape."""

import functools
import json
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from lossatlas._checks import check_flag, check_is, check_path, is_whole
from lossatlas._graph import Graph
from lossatlas.datasets import DataSet
from lossatlas.recipes import Problem

from . import _convert
from ._columns import Minima, TransitionStates
from ._errors import AtlasError, sentences
from ._file import AtlasFile
from ._integrity import check, digest
from ._log import Log
from ._points import Points
from ._problem import model_of, problem_of
from ._quantities import Quantities
from ._quantity_rows import MINIMUM
from ._queue import Queue
from ._sets import NamedSets
from ._settings import new_meta, settings_of, wanted_settings
from ._trained_model import TrainedModel


class Atlas:
    """An open atlas file, which holds the stationary points of one landscape and their properties.

    With a landscape, the atlas can be extended, and the file is created if it is missing; only one process
    can write at a time. Without a landscape, it can be read while another process writes. Reading never
    changes the file; a file of an older schema is read through a copy in memory. Columns are read at first
    use and stay the same until this atlas writes points. All values read are checked against checksums; an
    `AtlasError` says if the file is damaged.

    - `points`: adds points, and finds points that are known, `Points`.
    - `quantities`: stored numbers per minimum or transition state, `Quantities`.
    - `sets`: named sets of minima, `NamedSets`.
    - `log`: runs, failures and state of the exploration, `Log`.
    - `queue`: planned and finished searches of the exploration, `Queue`.

    **Arguments:**

    - `path`: path of the file.
    - `landscape`: the landscape, or any object with `fingerprint()`, `dimension` and `symmetry`; None if no
      points are to be added.
    - `identity`: `distance` (points are the same if energy and aligned distance agree) or `energy`
      (if the energies agree); default as stored, `distance` for a new file.
    - `energy_tol`, `distance_tol`: relative tolerances, dimensionless; default as stored, 1e-9 and 1e-5 for
      a new file.
    - `readonly`: True to write nothing to the file; False to write to it; without a landscape this
      allows quantities and sets in an existing file. Default: True without a landscape, False with one.

    **Raises:** `AtlasError` if the file is missing, not an atlas, damaged, newer than this lossatlas, being
    written by another process, or of another landscape or identity; and if it is to be written on a file
    system without locks.
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
        writes = landscape is not None if readonly is None else not check_flag("readonly", readonly)
        meta = None if landscape is None else new_meta(wanted)
        self._file = AtlasFile(self.path, writes=writes, meta=meta)
        try:
            self._settings = settings_of(self._file.meta(), self.path)
            self._settings.compare(wanted, self.path)
        except BaseException:
            self.close()
            raise
        self._landscape = landscape
        self.points = Points(self._file, self._settings, landscape)
        self.quantities = Quantities(self._file, self.points.forget_columns)
        self.sets = NamedSets(self._file)
        self.log, self.queue = Log(self._file), Queue(self._file)

    # ---- what is stored about the atlas itself -------------------------------------------------

    @property
    def settings(self) -> dict[str, Any]:
        """The fingerprint of the landscape: its settings and the hash of its data."""
        return dict(self._settings.fingerprint)

    @property
    def landscape(self) -> Any:
        """The landscape: the one that the atlas was opened with, else built again from the recipe.

        **Raises:** `AtlasError` if there is no recipe, or its data are no longer there or have changed.
        """
        return self.problem.landscape if self._landscape is None else self._landscape

    @functools.cached_property
    def problem(self) -> Problem:
        """The landscape with its training and test data, built again from the recipe.

        A file that is no longer in its place is looked for beside the atlas.

        **Raises:** `AtlasError` as `landscape`.
        """
        return self.problem_from(None)

    def problem_from(self, data: str | os.PathLike | None) -> Problem:
        """Return the problem of an atlas whose data have moved.

        **Arguments:**

        - `data`: the folder in which the files of the recipe are now, such as the table, or the new path of
            one of them. None: where the recipe says, else beside the atlas.

        **Raises:** `AtlasError` as `landscape`, and if the data are not those that were explored.
        """
        problem = problem_of(self, None if data is None else Path(data))
        self._settings.compare(wanted_settings(problem.landscape, None, None, None), self.path)
        return problem

    def model(
        self, minimum: int | Literal["best"] = "best", *, data: DataSet | None = None
    ) -> TrainedModel:
        """Return a minimum as a model that predicts for raw rows.

        The landscape is the one that the atlas was opened with, else the one of the recipe. A network of a
        recipe whose data no longer exist predicts, too.

        **Arguments:**

        - `minimum`: id of a minimum; or `best`, the minimum with the lowest quantity `validation_loss`, or
            the lowest energy if there is no such quantity.
        - `data`: the data set that the model learnt from, for an atlas without a recipe: its encoder turns
            raw rows into inputs. By default that of the recipe; without either, rows are inputs.

        **Raises:** `AtlasError` as `landscape`; `ValueError` if the landscape does not predict, and for an
        id that does not exist.
        """
        return model_of(self, self._landscape, minimum, data)

    @property
    def recipe(self) -> dict[str, Any] | None:
        """Settings from which landscape and data can be built again, if they were stored."""
        return self._file.meta().get("recipe")

    def set_recipe(self, recipe: dict[str, Any]) -> None:
        """Store a JSON-able recipe of the landscape and its data, in place of an older one.

        **Raises:** `AtlasError` if there are quantities whose settings name the older recipe, such as those
        of `evaluate`. They may belong to other data, so they must be deleted first.
        """
        recipe = json.loads(json.dumps(recipe))  # as it will be read from the file
        older = self.quantities_of_another(recipe)
        if older:
            raise AtlasError(
                f"{self.path} holds {', '.join(older)}, computed with another recipe; "
                "call atlas.quantities.delete(...) before set_recipe()."
            )
        if recipe != self.recipe:
            self._file.set_meta("recipe", recipe)

    def quantities_of_another(self, recipe: dict[str, Any]) -> list[str]:
        """Return the names of the quantities of minima whose settings name another recipe than this one."""
        return [
            q.name
            for q in self.quantities
            if q.kind == MINIMUM and any(run.settings.get("recipe", recipe) != recipe for run in q.runs)
        ]

    @property
    def data(self) -> dict[str, Any] | None:
        """What predictions need of the training data: names, classes and encoder, if that was stored."""
        return self._file.meta().get("data")

    def set_data(self, card: dict[str, Any]) -> None:
        """Store what `lossatlas.recipes.data_card` returns, in place of an older one."""
        if card != self.data:
            self._file.set_meta("data", card)

    @property
    def census(self) -> dict[str, Any] | None:
        """Result of a census as `Census.to_dict` returns it, if one was stored."""
        return self._file.meta().get("census")

    def set_census(self, census: dict[str, Any]) -> None:
        """Store the JSON-able result of a census of this landscape, in place of an older one."""
        self._file.set_meta("census", census)

    @property
    def identity(self) -> str:
        """Criterion by which two points are the same: `distance` or `energy`."""
        return self._settings.identity

    @property
    def dimension(self) -> int:
        """Number of variables; 0 for an import without coordinates."""
        return self._settings.dimension

    @property
    def modes(self) -> int | None:
        """Number of non-zero eigenvalues at a minimum (variables less zero modes), if known."""
        return self._settings.modes

    @property
    def symmetry_order(self) -> int | None:
        """Number of elements of the landscape's symmetry group, if it is known."""
        return self._settings.symmetry_order

    # ---- points --------------------------------------------------------------------------------

    @property
    def minima(self) -> Minima:
        """The minima as columns."""
        return self.points.columns()[0]

    @property
    def transition_states(self) -> TransitionStates:
        """The transition states as columns."""
        return self.points.columns()[1]

    def count(self, table: str) -> int:
        """Return the number of `minima` or `transition_states`, without reading them.

        **Raises:** `ValueError` for another table.
        """
        return self.points.count(table)

    def minimum_x(self, minimum: int) -> Float[np.ndarray, " dim"]:
        """Return the coordinates of the minimum with a given id, shape (dim,), parameter units.

        **Raises:** `ValueError` for an id that no minimum has.
        """
        x = self.points.store("minima").x
        if not is_whole(minimum) or not 1 <= minimum <= len(x):
            raise ValueError(f"There is no minimum {minimum!r}; ids are 1 to {len(x)}.")
        return x[minimum - 1]

    @property
    def graph(self) -> Graph:
        """Graph of the minima and usable transition states, both named by their rows, counted from 0."""
        return self.points.graph()

    @property
    def components(self) -> tuple[tuple[int, ...], ...]:
        """Ids of the minima in every connected component of the network; increasing within a component."""
        return tuple(tuple((rows + 1).tolist()) for rows in self.graph.members())

    @property
    def component_count(self) -> int:
        """Number of connected components of the network."""
        return self.graph.component_count

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
        """Store numbers of minima or transition states; the same as `quantities.set`."""
        self.quantities.set(name, values, ids, kind=kind, error=error, run=run, settings=settings)

    # ---- the whole file ------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[None]:
        """Return a context manager inside which all writes take effect together, or none does.

        Inner transactions join the outermost one; if one of them fails, all of it is undone.
        """
        return self._file.transaction()

    def check(self) -> None:
        """Check the pages, indices, references, checksums and totals of the whole file.

        **Raises:** `AtlasError` that says what is damaged.
        """
        with sentences(self.path):
            check(self._file.db, self.path, self._file.tables)

    def digest(self) -> str:
        """Return a hash of all that the exploration determined; it does not depend on time or machine."""
        with self._file.snapshot():
            return digest(self._file.tables, self._file.meta())

    def to_networkx(self):
        """Return a `networkx.MultiGraph`: nodes are minima, edges transition states, named by their ids.

        **Raises:** `ImportError` if networkx is not installed.
        """
        return _convert.to_networkx(*self.points.columns())

    def to_dataframe(self, table: str = "minima"):
        """Return `minima` or `transition_states` as a `pandas.DataFrame`, without coordinates.

        **Raises:** `ValueError` for another table; `ImportError` if pandas is not installed.
        """
        return _convert.to_dataframe(*self.points.columns(), table)

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
        """Return the path and the numbers of minima and transition states."""
        minima, states = self.points.columns()
        return f"Atlas({str(self.path)!r}: {len(minima)} minima, {len(states)} transition states)"

    def _repr_html_(self) -> str:
        return _convert.to_html(self.path, self.settings, *self.points.columns())


def check_atlas(atlas: Any) -> None:
    """Refuse anything that is not an open atlas, such as the path of one; raises `ValueError`."""
    check_is("atlas", atlas, Atlas, "an open Atlas, such as Atlas(path)")
