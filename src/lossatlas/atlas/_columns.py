"""The points of an atlas as columns: arrays with one entry per point."""

import abc
import dataclasses
from typing import Any, Self

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import ArrayLike

from lossatlas._graph import Graph

from ._flags import LEFT_OUT


class AbstractColumns(abc.ABC):
    """Columns of points, read as `columns.energy` or `columns["energy"]`; `len` is the number of points.

    The columns are a snapshot of the atlas; later writes do not change them. `where` and `rows` return some
    of the points.
    """

    id: Int[np.ndarray, " points"]
    quantities: dict[str, np.ndarray]

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return the number of points."""

    def keys(self) -> list[str]:
        """Return the names of the columns."""
        return [name for name in vars(self) if name != "quantities"] + list(self.quantities)

    def __getitem__(self, name: str) -> Any:
        """Return the column of that name."""
        if name not in self.keys():
            raise KeyError(f"There is no column {name!r}; there is {', '.join(self.keys())}.")
        return self.quantities[name] if name in self.quantities else getattr(self, name)

    def where(self, mask: ArrayLike) -> Self:
        """Return the points where a mask is true, with all their columns.

        **Arguments:**

        - `mask`: booleans, shape (points,), such as `minima.energy < 0.5`.

        **Raises:** `ValueError` for another shape or values that are not booleans.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self),):
            got = f"{chosen.dtype} of shape {chosen.shape}"
            raise ValueError(f"`mask` must be booleans of shape ({len(self)},), got {got}.")
        return self._take(np.flatnonzero(chosen))

    def rows(self, ids: ArrayLike) -> Self:
        """Return the points of given ids, in the order given, with all their columns.

        **Arguments:**

        - `ids`: ids, shape (n,).

        **Raises:** `ValueError` for anything but whole numbers, and for an id that is not among the points
        or is repeated.
        """
        wanted = np.asarray(ids)
        if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
            raise ValueError(
                f"`ids` must be integers of shape (points,), got {wanted.dtype} of shape {wanted.shape}."
            )
        place = {point: row for row, point in enumerate(self.id.tolist())}
        missing = [point for point in wanted.tolist() if point not in place]
        if missing:
            raise ValueError(f"`ids`: there is no point {missing[0]} among these {len(self)}.")
        if len(set(wanted.tolist())) < len(wanted):
            raise ValueError("`ids` must name each point once.")
        return self._take(np.array([place[point] for point in wanted.tolist()], dtype=np.int64))

    def _take(self, rows: Int[np.ndarray, " chosen"]) -> Self:
        return type(self)(**{name: _chosen(column, rows) for name, column in vars(self).items()})

    def __repr__(self) -> str:
        """Return the name, the number of points and the columns."""
        return f"{type(self).__name__}({len(self)}: {', '.join(self.keys())})"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Minima(AbstractColumns):
    """The minima of an atlas, in the order of their ids.

    Columns have shape (minima,) unless another one is given; lists have one entry per minimum.

    - `id`: ids 1, 2, 3, ...
    - `energy`: loss units.
    - `rms_gradient`: ||g|| / sqrt(dim), loss units per parameter unit; NaN if not known (imports).
    - `lowest_eigenvalue`: lowest eigenvalue of the Hessian without zero modes, loss units per squared
      parameter unit; NaN if not known.
    - `log_product`: sum of ln(eigenvalue) without zero modes; NaN if not known. On bounds the eigenvalues
      are those of the Hessian of the free variables.
    - `held`: number of variables held at a bound.
    - `log_slopes`: sum over these of ln(slope of the energy away from the bound), slopes in loss units per
      parameter unit; 0 for none.
    - `orbit_size`: number of distinct images under the symmetry group; for imports
      1 / point-group order, which is proportional to it.
    - `orbit_size_exact`: list of orbit sizes as Python integers; None for imports.
    - `point_group_order`: list of Python integers for imports; otherwise None.
    - `moments`: moments of inertia of imports, shape (minima, 3); otherwise NaN.
    - `hits`: number of independent random starts that ended here.
    - `degree`: number of other minima of the atlas that transition states join to this one.
    - `flag`: word that says what is special about the point; "" for an ordinary point.
    - `x`: the points, shape (minima, dim), parameter units; (minima, 0) for an import without coordinates.
    - `quantities`: stored quantities by name, shape (minima,) each; NaN where a value is not known. They
      are columns, too: `minima["volume"]`, and `minima["volume_error"]` if any error is known.
    """

    id: Int[np.ndarray, " minima"]
    energy: Float[np.ndarray, " minima"]
    rms_gradient: Float[np.ndarray, " minima"]
    lowest_eigenvalue: Float[np.ndarray, " minima"]
    log_product: Float[np.ndarray, " minima"]
    held: Int[np.ndarray, " minima"]
    log_slopes: Float[np.ndarray, " minima"]
    orbit_size: Float[np.ndarray, " minima"]
    orbit_size_exact: list[int | None]
    point_group_order: list[int | None]
    moments: Float[np.ndarray, "minima 3"]
    hits: Int[np.ndarray, " minima"]
    degree: Int[np.ndarray, " minima"]
    flag: Shaped[np.ndarray, " minima"]
    x: Float[np.ndarray, "minima dim"]
    quantities: dict[str, np.ndarray]

    def __len__(self) -> int:
        """Return the number of minima."""
        return len(self.id)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TransitionStates(AbstractColumns):
    """The transition states of an atlas, in the order of their ids.

    - `id`, `energy`, `rms_gradient`, `held`, `log_slopes`, `orbit_size`, `orbit_size_exact`,
      `point_group_order`, `moments`, `x`, `quantities`: as for `Minima`.
    - `negative_eigenvalue`: the negative eigenvalue of the Hessian, loss units per squared parameter unit;
      NaN if not known.
    - `log_product`: sum of ln(eigenvalue) over the positive eigenvalues; NaN if not known.
    - `minima`: ids of the two minima that each transition state joins, shape (states, 2); they may be the
      same.
    - `path_length`: arc length of the pathway between these minima, parameter units; NaN if not known.
    - `hits`: number of searches that ended here.
    - `flag`: word that says what is special about the point; "" for an ordinary point. `below_minimum`: it
      lies below a minimum that it joins; `no_energy`: its energy is not known (NaN).
    """

    id: Int[np.ndarray, " states"]
    energy: Float[np.ndarray, " states"]
    rms_gradient: Float[np.ndarray, " states"]
    negative_eigenvalue: Float[np.ndarray, " states"]
    log_product: Float[np.ndarray, " states"]
    held: Int[np.ndarray, " states"]
    log_slopes: Float[np.ndarray, " states"]
    orbit_size: Float[np.ndarray, " states"]
    orbit_size_exact: list[int | None]
    point_group_order: list[int | None]
    moments: Float[np.ndarray, "states 3"]
    minima: Int[np.ndarray, "states 2"]
    path_length: Float[np.ndarray, " states"]
    hits: Int[np.ndarray, " states"]
    flag: Shaped[np.ndarray, " states"]
    x: Float[np.ndarray, "states dim"]
    quantities: dict[str, np.ndarray]

    def __len__(self) -> int:
        """Return the number of transition states."""
        return len(self.id)

    @property
    def usable(self) -> Bool[np.ndarray, " states"]:
        """Whether analyses use a transition state: not if its flag is `below_minimum` or `no_energy`."""
        return ~np.isin(self.flag, LEFT_OUT)


Raw = dict[str, tuple[Any, ...]]  # columns by name, values as SQLite returns them


def make_minima(raw: Raw, x: np.ndarray, degree: np.ndarray, quantities: dict[str, np.ndarray]) -> Minima:
    """Return the columns of the minima from the rows of their table.

    **Arguments:**

    - `raw`: columns of the table.
    - `x`: the points, shape (minima, dim), parameter units.
    - `degree`: number of other minima to which each is joined, shape (minima,).
    - `quantities`: columns of quantities by name, shape (minima,) each.
    """
    columns = _make(raw, ("lowest_eigenvalue",))
    return Minima(**columns, degree=_frozen(degree), x=x, quantities=_all_frozen(quantities))


def make_states(raw: Raw, x: np.ndarray, quantities: dict[str, np.ndarray]) -> TransitionStates:
    """Return the columns of the transition states; arguments as of `make_minima`."""
    columns = _make(raw, ("negative_eigenvalue", "path_length"))
    ends = np.stack([np.array(raw[name], np.int64) for name in ("minimum_a", "minimum_b")], axis=1)
    return TransitionStates(**columns, minima=_frozen(ends), x=x, quantities=_all_frozen(quantities))


def make_graph(minima: int, states: TransitionStates) -> Graph:
    """Return the graph of the usable transition states; both kinds of points are named by their rows."""
    used = np.flatnonzero(states.usable)
    return Graph(minima, states.minima[used] - 1, states.energy[used], states=used)


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


def _make(raw: Raw, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns that both kinds of points have, and the number columns of the given names."""
    columns: dict[str, Any] = {
        name: _frozen(np.array(raw[name], dtype=np.int64)) for name in ("id", "hits")
    }
    columns["flag"] = _frozen(np.array([flag or "" for flag in raw["flag"]], dtype=str))
    for name in ("energy", "rms_gradient", "log_product", *names):
        columns[name] = _frozen(np.array(raw[name], dtype=float))
    columns["held"] = _frozen(np.array([count or 0 for count in raw["held"]], dtype=np.int64))
    columns["log_slopes"] = _frozen(np.array([total or 0.0 for total in raw["log_slopes"]], dtype=float))
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
    except OverflowError:  # as for 200 hidden nodes; `orbit_size_exact` holds the number
        return 0.0 if exact is None else np.inf


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _all_frozen(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: _frozen(column) for name, column in columns.items()}


def _chosen(column: Any, rows: Int[np.ndarray, " chosen"]) -> Any:
    """Return some rows of a column, or of several by name."""
    if isinstance(column, dict):
        return {name: _chosen(values, rows) for name, values in column.items()}
    if isinstance(column, list):
        return [column[row] for row in rows.tolist()]
    return _frozen(column[rows])
