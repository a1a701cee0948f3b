"""The points of an atlas as columns: one numpy array per quantity, one entry per point."""

import abc
import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ._flags import LEFT_OUT


class AbstractColumns(abc.ABC):
    """Columns by name, as `columns.energy` or `columns["energy"]`; `len` counts points.

    They are a picture of the atlas when they were read; later writes do not change them.
    """

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return the number of points."""

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return [name for name in vars(self) if name != "metrics"] + list(self._metrics())

    def __getitem__(self, name: str) -> Any:
        """Return the column of that name."""
        if name not in self.keys():
            raise KeyError(f"There is no column {name!r}; there is {', '.join(self.keys())}.")
        return self._metrics()[name] if name in self._metrics() else getattr(self, name)

    def __repr__(self) -> str:
        """Return the name, the number of points and the columns."""
        return f"{type(self).__name__}({len(self)}: {', '.join(self.keys())})"

    def _metrics(self) -> dict[str, np.ndarray]:
        return vars(self).get("metrics", {})


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Minima(AbstractColumns):
    """The minima of an atlas, in the order of their ids.

    - `id`: 1, 2, 3, ...
    - `energy`: loss units.
    - `rms_gradient`: ||g|| / sqrt(dim); NaN if not known, as after an import.
    - `lowest_eigenvalue`: of the Hessian, forced zero modes left out; NaN if not known.
    - `log_product`: sum of ln(eigenvalue), forced zero modes left out.
    - `orbit_size`: number of distinct images under the symmetry group; for imports
      1 / point-group order, the same up to a common factor.
    - `orbit_size_exact`: the same as Python integers; None for imports.
    - `point_group_order`: Python integers, of imports; else None.
    - `moments`: of inertia, of imports; else NaN.
    - `hits`: independent random starts that ended here.
    - `degree`: number of other minima that a transition state joins to this one.
    - `flag`: what is special about a point, in a word; "" for an ordinary one.
    - `x`: the points, parameter units; shape (minima, 0) for an import without coordinates.
    - `metrics`: what the minima are worth as models, by name, shape (minima,) each; NaN where it was not
      evaluated. They are columns, too: `minima["test_auc"]`.
    """

    id: Int[np.ndarray, " minima"]
    energy: Float[np.ndarray, " minima"]
    rms_gradient: Float[np.ndarray, " minima"]
    lowest_eigenvalue: Float[np.ndarray, " minima"]
    log_product: Float[np.ndarray, " minima"]
    orbit_size: Float[np.ndarray, " minima"]
    orbit_size_exact: list[int | None]
    point_group_order: list[int | None]
    moments: Float[np.ndarray, "minima 3"]
    hits: Int[np.ndarray, " minima"]
    degree: Int[np.ndarray, " minima"]
    flag: Shaped[np.ndarray, " minima"]
    x: Float[np.ndarray, "minima dim"]
    metrics: dict[str, np.ndarray]

    def __len__(self) -> int:
        """Return the number of minima."""
        return len(self.id)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TransitionStates(AbstractColumns):
    """The transition states of an atlas, in the order of their ids.

    - `id`, `energy`, `rms_gradient`, `orbit_size`, `orbit_size_exact`, `point_group_order`,
      `moments`, `x`: as for `Minima`.
    - `negative_eigenvalue`: of the Hessian; NaN if not known.
    - `log_product`: sum of ln(eigenvalue) over the positive ones.
    - `minima`: ids of the two minima that it joins; they may be the same.
    - `path_length`: arc length of the pathway between them, parameter units; NaN if not known.
    - `hits`: searches that ended here.
    - `flag`: what is special about a point, in a word; "" for an ordinary one. `below_minimum` lies
      below a minimum that it joins; the energy of `no_energy` is not known, NaN.
    """

    id: Int[np.ndarray, " states"]
    energy: Float[np.ndarray, " states"]
    rms_gradient: Float[np.ndarray, " states"]
    negative_eigenvalue: Float[np.ndarray, " states"]
    log_product: Float[np.ndarray, " states"]
    orbit_size: Float[np.ndarray, " states"]
    orbit_size_exact: list[int | None]
    point_group_order: list[int | None]
    moments: Float[np.ndarray, "states 3"]
    minima: Int[np.ndarray, "states 2"]
    path_length: Float[np.ndarray, " states"]
    hits: Int[np.ndarray, " states"]
    flag: Shaped[np.ndarray, " states"]
    x: Float[np.ndarray, "states dim"]

    def __len__(self) -> int:
        """Return the number of transition states."""
        return len(self.id)

    @property
    def usable(self) -> Bool[np.ndarray, " states"]:
        """Which ones analyses take: all but those with the flag `below_minimum` or `no_energy`."""
        return ~np.isin(self.flag, LEFT_OUT)


Raw = dict[str, tuple[Any, ...]]  # columns by name, values as SQLite returns them


def make_columns(
    minima: Raw, states: Raw, metrics: Raw, minima_x: np.ndarray, states_x: np.ndarray
) -> tuple[Minima, TransitionStates]:
    """Make columns of what was read from the tables at one moment.

    **Arguments:**

    - `minima`, `states`, `metrics`: columns of the tables.
    - `minima_x`, `states_x`: the points, shapes (minima, dim) and (states, dim).
    """
    known = _make(states, ("negative_eigenvalue", "path_length"))
    ends = np.stack([np.array(states[name], np.int64) for name in ("minimum_a", "minimum_b")], axis=1)
    known["minima"] = _frozen(ends)
    read = TransitionStates(**known, x=states_x)
    found = _make(minima, ("lowest_eigenvalue",))
    found["degree"] = _frozen(degrees(len(found["id"]), ends[read.usable]))
    found["metrics"] = _make_metrics(metrics, len(found["id"]))
    return Minima(**found, x=minima_x), read


def read_points(
    blobs: tuple[Any, ...], energies: tuple[Any, ...], dimension: int
) -> tuple[Float[np.ndarray, "points dim"], Float[np.ndarray, " points"]]:
    """Return points and energies; shape (points, 0) if there are no coordinates.

    **Arguments:**

    - `blobs`, `energies`: the columns `x` and `energy` of a table.
    - `dimension`: number of variables.
    """
    energy = np.array(energies, dtype=float)
    if any(blob is None for blob in blobs):
        return np.empty((len(blobs), 0)), energy
    x = np.frombuffer(b"".join(blobs), dtype="<f8")
    return x.astype(float, copy=False).reshape(len(blobs), dimension), energy


def degrees(count: int, ends: Int[np.ndarray, "states 2"]) -> Int[np.ndarray, " minima"]:
    """Return the number of distinct other minima that each minimum is joined to.

    **Arguments:**

    - `count`: number of minima, whose ids are 1 ... count.
    - `ends`: ids of the two minima of every transition state, shape (states, 2).
    """
    pairs = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
    return np.bincount(pairs.ravel() - 1, minlength=count)


def part_labels(count: int, ends: Int[np.ndarray, "states 2"]) -> tuple[int, Int[np.ndarray, " minima"]]:
    """Return the number of connected parts, and in which one each minimum is; arguments as of `degrees`."""
    if count == 0:
        return 0, np.empty(0, dtype=np.int64)
    links = coo_array((np.ones(len(ends)), (ends[:, 0] - 1, ends[:, 1] - 1)), shape=(count, count))
    return connected_components(links, directed=False)


def components(parts: int, part: Int[np.ndarray, " minima"]) -> tuple[tuple[int, ...], ...]:
    """Return the ids of the minima in every connected part, sorted; arguments as from `part_labels`."""
    if parts == 0:
        return ()
    order = np.argsort(part, kind="stable")
    starts = np.searchsorted(part[order], np.arange(1, parts))
    return tuple(sorted(tuple(group.tolist()) for group in np.split(order + 1, starts)))


def make_sets(rows: list[tuple[str, int]]) -> dict[str, Int[np.ndarray, " minima"]]:
    """Return the ids of every named set of minima, sorted; the rows are in the order of both columns."""
    sets: dict[str, list[int]] = {}
    for name, minimum in rows:
        sets.setdefault(name, []).append(minimum)
    return {name: _frozen(np.array(ids)) for name, ids in sets.items()}


def _make_metrics(raw: Raw, count: int) -> dict[str, np.ndarray]:
    names, minima = np.array(raw["name"], dtype=object), np.array(raw["minimum"], dtype=np.int64)
    values = np.array(raw["value"], dtype=float)
    metrics = {}
    for name in dict.fromkeys(raw["name"]):
        chosen = names == name
        column = np.full(count, np.nan)
        column[minima[chosen] - 1] = values[chosen]
        metrics[name] = _frozen(column)
    return metrics


def _make(raw: Raw, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns that both kinds of points have, and the numbers of those names."""
    columns: dict[str, Any] = {
        name: _frozen(np.array(raw[name], dtype=np.int64)) for name in ("id", "hits")
    }
    columns["flag"] = _frozen(np.array([flag or "" for flag in raw["flag"]], dtype=str))
    for name in ("energy", "rms_gradient", "log_product", *names):
        columns[name] = _frozen(np.array(raw[name], dtype=float))
    orders = [None if order is None else int(order) for order in raw["point_group_order"]]
    exact = [None if size is None else int(size) for size in raw["orbit_size"]]
    sizes = [_size(size, order) for size, order in zip(exact, orders)]
    columns["orbit_size"] = _frozen(np.array(sizes, dtype=float))
    columns["orbit_size_exact"], columns["point_group_order"] = exact, orders
    columns["moments"] = _frozen(_make_moments(raw["moments"]))
    return columns


def _make_moments(blobs: tuple[bytes | None, ...]) -> Float[np.ndarray, "points 3"]:
    moments = np.full((len(blobs), 3), np.nan)
    known = [i for i, blob in enumerate(blobs) if blob is not None]
    if known:
        joined = b"".join(blob for blob in blobs if blob is not None)
        moments[known] = np.frombuffer(joined, "<f8").reshape(-1, 3)
    return moments


def _size(exact: int | None, order: int | None) -> float:
    try:
        if exact is None:
            return np.nan if order is None else 1.0 / order
        return float(exact)
    except OverflowError:  # 200 hidden nodes; the exact columns have it
        return 0.0 if exact is None else np.inf


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
