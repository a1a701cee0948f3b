"""Check points and write them into their table."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from lossatlas._checks import as_numbers
from lossatlas.landscapes import KnownPoints

from ._checksums import COLUMNS
from ._tables import Tables


def check_points(
    x: Any, energy: Any, dimension: int
) -> tuple[Float[np.ndarray, "points dim"], Float[np.ndarray, " points"]]:
    """Return points and energies as float64 arrays.

    **Raises:** `ValueError` that names the argument with a wrong shape or a number that is not finite.
    """
    x, energy = as_numbers("x", x), as_numbers("energy", energy)
    if x.ndim != 2 or x.shape[1] != dimension:
        raise ValueError(f"`x` must have shape (points, {dimension}), got {x.shape}.")
    if energy.shape != (len(x),):
        raise ValueError(f"`energy` must have shape ({len(x)},), got {energy.shape}.")
    for name, values in (("x", x), ("energy", energy)):
        if not np.isfinite(values).all():
            raise ValueError(f"`{name}` must be finite.")
    return x, energy


def check_column(name: str, values: Any, count: int) -> Float[np.ndarray, " points"]:
    """Return one number per point as float64.

    **Raises:** `ValueError` that names the argument with a wrong shape.
    """
    values = as_numbers(name, values)
    if values.shape != (count,):
        raise ValueError(f"`{name}` must have shape ({count},), got {values.shape}.")
    return values


def check_counts(name: str, values: Any, count: int) -> Int[np.ndarray, " points"]:
    """Return the number of something of every point, such as hits.

    **Raises:** `ValueError` for anything but one whole number >= 0, for all points or for each.
    """
    numbers = np.asarray(values)
    if numbers.shape not in ((), (count,)) or not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(
            f"`{name}` must be an integer or integers of shape ({count},), "
            f"got {numbers.dtype} of shape {numbers.shape}."
        )
    if numbers.size and numbers.min() < 0:
        raise ValueError(f"`{name}` must not be negative.")
    return np.broadcast_to(numbers, (count,))


def check_held(held: Any, log_slopes: Any, count: int) -> dict[str, np.ndarray]:
    """Return the columns of the variables held at bounds, None for points without such.

    **Raises:** `ValueError` for anything but whole numbers >= 0, and finite sums of logarithms.
    """
    numbers = check_counts("held", held, count)
    some = numbers > 0
    sums = np.full(count, log_slopes) if np.ndim(log_slopes) == 0 else log_slopes
    sums = check_column("log_slopes", sums, count)
    if not np.isfinite(sums[some]).all():
        raise ValueError("`log_slopes` must be finite.")
    none = np.full(count, None, dtype=object)
    columns = {"held": numbers, "log_slopes": sums}
    return {name: np.where(some, column.astype(object), none) for name, column in columns.items()}


def check_ids(name: str, values: Any, count: int) -> Int[np.ndarray, " ids"]:
    """Return ids of minima, sorted and each once.

    **Raises:** `ValueError` for an empty list, anything but ids, and ids that no minimum has.
    """
    ids = np.asarray(values)
    if ids.ndim != 1 or not ids.size or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"`{name}` must be one or more ids of minima, got {values!r}.")
    if not (ids.min() >= 1 and ids.max() <= count):
        wrong = ids[(ids < 1) | (ids > count)][0]
        raise ValueError(f"`{name}`: there is no minimum {wrong}; ids are 1 to {count}.")
    return np.unique(ids)


def check_flag(values: Any, count: int) -> Shaped[np.ndarray, " points"]:
    """Return the flag of every point, None for an ordinary point.

    **Raises:** `ValueError` for anything but one word for all points or one for each; "" and None stand for
    an ordinary point.
    """
    flags = np.empty(count, dtype=object)
    given = np.asarray(values, dtype=object)
    if given.shape not in ((), (count,)):
        raise ValueError(f"`flag` must be a word or have shape ({count},), got shape {given.shape}.")
    flags[:] = [str(word) if word else None for word in np.broadcast_to(given, (count,))]
    wrong = [word for word in flags if word is not None and not word.isidentifier()]
    if wrong:
        raise ValueError(f"`flag` must hold words such as below_minimum, got {wrong[0]!r}.")
    return flags


def write_points(
    tables: Tables,
    table: str,
    store: KnownPoints,
    x: Float[np.ndarray, "points dim"],
    energy: Float[np.ndarray, " points"],
    columns: dict[str, np.ndarray],
    hits: Int[np.ndarray, " points"],
    run: int | None,
) -> tuple[Int[np.ndarray, " points"], Bool[np.ndarray, " points"]]:
    """Insert new points, and add the hits of known points.

    **Arguments:**

    - `tables`: tables of the atlas, inside a transaction.
    - `table`: `minima` or `transition_states`.
    - `store`: the points of that table; the new ones are added to it.
    - `x`, `energy`: points and energies, as `check_points` returns them.
    - `columns`: the other columns of the table by name, one entry per point.
    - `hits`: number of hits of each point.
    - `run`: id of the run that found the points.

    **Returns:** the id of every point, and whether it is new; shape (points,) each.
    """
    known = len(store)
    x = store.fold(x)
    rows, is_new = store.add(x, energy)
    gained = np.zeros(len(store), dtype=np.int64)
    np.add.at(gained, rows, hits)
    for row in np.unique(rows[(rows < known) & (hits > 0)]).tolist():
        add_hits(tables, table, row + 1, int(gained[row]))
    assert store.symmetry is not None  # an atlas is only extended with its landscape
    orbit_size = store.symmetry.orbit_size
    count = len(store) - known
    values = {
        **dict.fromkeys(COLUMNS[table], [None] * count),
        "id": range(known + 1, len(store) + 1),
        "energy": plain(energy[is_new]),
        "orbit_size": [str(int(orbit_size(point))) for point in x[is_new] / store.units.variables],
        "hits": gained[known:].tolist(),
        "x": [point.tobytes() for point in x[is_new].astype("<f8", copy=False)],
        "run": [run] * count,
        **{name: plain(column[is_new]) for name, column in columns.items()},
    }
    tables.insert(table, list(zip(*(values[name] for name in COLUMNS[table]))))
    return rows + 1, is_new


def add_hits(tables: Tables, table: str, point: int, hits: int) -> None:
    """Add to the hits of a known point."""
    row = tables.row(table, point)
    assert row is not None, "the ids of a table that is right have no gaps"
    tables.update(table, row, hits=row["hits"] + hits)


def plain(column: np.ndarray) -> list[Any]:
    """Return the values of a column as SQLite will return them: None for NaN, 0.0 for -0.0."""
    if column.dtype.kind != "f":
        return column.tolist()
    values = (column + 0.0).tolist()
    for i in np.flatnonzero(np.isnan(column)):
        values[i] = None
    return values
