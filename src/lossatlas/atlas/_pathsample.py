"""PATHSAMPLE databases: min.data and ts.data, with or without points.min, points.ts, min.A and min.B.

Each line is a point, `energy log-product order [minimum minimum] moment moment moment`. The order is that
of the point group; PATHSAMPLE uses 1 / order in place of the orbit size. The points files hold
little-endian float64 numbers, one record of `dim` numbers per point, in the same order. `min.A` and `min.B`
define the two sets of minima between which rates are wanted: the number of ids, then the ids.
"""

import contextlib
import json
import math
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lossatlas._checks import check_is, check_path

from ._atlas import Atlas
from ._checksums import COLUMNS, seal
from ._columns import Minima, TransitionStates
from ._connection import remove
from ._errors import AtlasError, sentences
from ._flags import BELOW_MINIMUM, NO_ENERGY, lies_below
from ._own_columns import read_own_columns
from ._pathsample_text import Line, read_minima, read_set, read_states
from ._quantity_checks import check_name
from ._quantity_rows import MINIMUM, Row, pack
from ._schema import create
from ._settings import IMPORTED, Wanted, new_meta
from ._software import now, software_versions


def export_pathsample(atlas: Atlas, directory: str | os.PathLike) -> None:
    """Write an atlas as a PATHSAMPLE database.

    The files are `min.data` and `ts.data`; `points.min` and `points.ts` if there are coordinates; `min.A`
    and `min.B` with the sets A and B of the atlas. PATHSAMPLE needs both sets, so a set that the atlas
    lacks is written as the lowest minimum that is not in the other set, to be edited. Ids are those of the
    atlas.
    The order of the point group is that of the stabiliser, |group| / orbit size, or 1 if it is not known.
    Unknown moments of inertia are written as 1, unknown log-products and energies as NaN; so are the
    log-products of points on bounds, because the format has no place for the slopes there.

    **Arguments:**

    - `atlas`: the open atlas.
    - `directory`: directory to write to, made if it is missing; existing files are not overwritten.

    **Raises:** `AtlasError` if a file exists already or cannot be written.
    """
    check_is("atlas", atlas, Atlas, "an open Atlas, such as Atlas(path)")
    directory = check_path("directory", directory, "the database")
    minima, states = atlas.minima, atlas.transition_states
    files = {
        "min.data": _text(minima, None, atlas.symmetry_order).encode(),
        "ts.data": _text(states, states.minima, atlas.symmetry_order).encode(),
    }
    if minima.x.shape[1]:
        files["points.min"] = minima.x.astype("<f8", copy=False).tobytes()
        files["points.ts"] = states.x.astype("<f8", copy=False).tobytes()
    for name, ids in _two_sets(atlas).items():
        files[f"min.{name}"] = "".join(f"{number}\n" for number in (len(ids), *ids)).encode()
    taken = [name for name in files if (directory / name).exists()]
    if taken:
        raise AtlasError(f"{directory} already holds {', '.join(taken)}: choose another directory.")
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            written.append(directory / name)
            written[-1].write_bytes(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise AtlasError(f"{directory} cannot be written: {error.strerror}.") from error


def import_pathsample(
    directory: str | os.PathLike,
    out: str | os.PathLike,
    *,
    dimension: int | None = None,
    columns: str | os.PathLike | None = None,
) -> None:
    """Make an atlas from a PATHSAMPLE database; the atlas can be analysed, not extended.

    Points are taken as they are, without a search for duplicates. Ids count the lines that hold a point.
    Values in missing columns, and numbers such as NaN and ****, are not known. A transition state gets a
    flag if its energy is not known or if it lies below a minimum that it joins; analyses leave it out.

    **Arguments:**

    - `directory`: directory with `min.data`; with `ts.data`, unless there are only minima; with both points
      files or neither; optionally with `min.A` and `min.B`, which become the sets A and B of the atlas.
    - `out`: path of the atlas to make.
    - `dimension`: number of variables, against which the points files are checked if it is given.
    - `columns`: a CSV file with the header `id` and names, whose numbers become quantities of the minima;
      see `Quantities.read_csv`.

    **Raises:** `AtlasError` that names file and line of a malformed entry, or if `out` exists; no file is
    left behind then.
    """
    directory = check_path("directory", directory, "the database")
    out = check_path("out", out, "the atlas")
    if out.exists():
        raise AtlasError(f"{out} exists already: choose another name for the atlas.")
    if not out.parent.is_dir():
        raise AtlasError(f"There is no directory {out.parent} to put the atlas {out.name} in.")
    minima = read_minima(directory / "min.data")
    has_states = (directory / "ts.data").exists()
    states = read_states(directory / "ts.data", len(minima)) if has_states else []
    minima_x, states_x = _read_points(
        directory, len(minima), len(states) if has_states else None, dimension
    )
    sets = {name: read_set(directory / f"min.{name}", len(minima)) for name in ("A", "B")}
    own = [] if columns is None else _own_rows(columns, len(minima))
    size = 0 if minima_x is None else minima_x.shape[1]
    fingerprint = {"kind": IMPORTED, "directory": directory.absolute().name}
    meta = new_meta(Wanted(fingerprint, size, None, None, None, None, None))
    partial = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        with sentences(out), _database(partial) as db:
            create(db, meta)
            db.execute("BEGIN")
            _insert(db, "minima", minima, minima_x, [None] * len(minima))
            _insert(db, "transition_states", states, states_x, _flags(minima, states))
            rows = [(name, int(i)) for name, ids in sets.items() if ids is not None for i in ids]
            db.executemany("INSERT INTO sets (name, minimum) VALUES (?, ?)", rows)
            _insert_quantities(db, own, columns)
            seal(db)
            db.execute("COMMIT")
        os.replace(partial, out)
    except OSError as error:
        raise AtlasError(f"{out} cannot be written: {error.strerror}.") from error
    finally:
        remove(partial)


@contextlib.contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        yield db
    finally:
        db.close()


def _text(points: Minima | TransitionStates, ends: np.ndarray | None, symmetry_order: int | None) -> str:
    lines = []
    for i in range(len(points)):
        order = points.point_group_order[i]
        if order is None:
            size = points.orbit_size_exact[i]
            order = 1 if size is None or symmetry_order is None else symmetry_order // size
        moments = points.moments[i] if np.isfinite(points.moments[i]).all() else np.ones(3)
        log_product = math.nan if points.held[i] else points.log_product[i]
        words = [_digits(points.energy[i]), _digits(log_product), str(order)]
        words += [] if ends is None else [str(minimum) for minimum in ends[i]]
        words += [_digits(moment) for moment in moments]
        lines.append(" ".join(words) + "\n")
    return "".join(lines)


def _digits(value: float) -> str:
    """Return the shortest digits that read back as the same number."""
    return repr(float(value)) if math.isfinite(value) else "NaN"


def _two_sets(atlas: Atlas) -> dict[str, list[int]]:
    """Return ids of minima for A and B; B is missing if there are not enough minima."""
    found = {name: ids.tolist() for name, ids in atlas.sets.items() if name in ("A", "B")}
    by_energy = atlas.minima.id[np.argsort(atlas.minima.energy, kind="stable")].tolist()
    for name, other in (("A", "B"), ("B", "A")):
        taken = set(found.get(other, []))
        left = [minimum for minimum in by_energy if minimum not in taken]
        if name not in found and left:
            found[name] = left[:1]
    return found


def _flags(minima: list[Line], states: list[Line]) -> list[str | None]:
    """Return the flag of every transition state, None for an ordinary one."""
    energies = np.array([line.energy for line in minima])
    ts_energies = np.array([line.energy for line in states])
    ends = np.array([line.minima for line in states], dtype=int).reshape(-1, 2) - 1
    below = lies_below(ts_energies, energies[ends])
    return [
        NO_ENERGY if unknown else BELOW_MINIMUM if low.any() else None
        for unknown, low in zip(np.isnan(ts_energies), below)
    ]


def _own_rows(path: str | os.PathLike, minima: int) -> list[Row]:
    """Return the rows of the table `quantities` for the columns of a CSV file of the user."""
    rows: list[Row] = []
    for name, numbers in read_own_columns(path, minima, MINIMUM).items():
        rows += pack(MINIMUM, name, 1, numbers)
        try:
            check_name(name, MINIMUM, rows)
        except ValueError as error:
            raise AtlasError(f"{path}, line 1: {error}") from None
    return rows


def _insert_quantities(db: sqlite3.Connection, rows: list[Row], path: str | os.PathLike | None) -> None:
    if path is None:
        return
    run = "import", now(), json.dumps({"file": os.path.basename(path)}), json.dumps(software_versions())
    db.execute(
        "INSERT INTO quantity_runs (id, call, written, settings, software) VALUES (1, ?, ?, ?, ?)", run
    )
    names = COLUMNS["quantities"]
    query = f"INSERT INTO quantities ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    db.executemany(query, rows)


def _read_points(
    directory: Path, minima: int, states: int | None, dimension: int | None
) -> tuple[Float[np.ndarray, "minima dim"] | None, Float[np.ndarray, "states dim"] | None]:
    paths, counts = [directory / "points.min", directory / "points.ts"], [minima, states]
    there = [path.exists() for path in paths]
    if not any(there):
        return None, None
    if states is None:  # no ts.data
        if there[1]:
            raise AtlasError(f"{paths[1]} is there, but {directory / 'ts.data'} is not.")
        paths, there, counts = paths[:1], there[:1], counts[:1]
    if not all(there):
        missing = paths[there.index(False)]
        raise AtlasError(f"{missing} is missing: give both points files or neither.")
    size = paths[0].stat().st_size
    if dimension is None:
        dimension = size // (8 * minima) if minima else 0
    for path, count in zip(paths, counts):
        if path.stat().st_size != 8 * dimension * count or (count and dimension == 0):
            raise AtlasError(
                f"{path} has {path.stat().st_size} bytes; {count} points of {dimension} variables "
                f"need {8 * dimension * count}."
            )
    arrays = [np.fromfile(path, dtype="<f8").reshape(-1, max(dimension, 1)) for path in paths]
    for path, x in zip(paths, arrays):
        finite = np.isfinite(x).all(axis=1)
        if not finite.all():
            raise AtlasError(f"{path}, point {np.argmin(finite) + 1}: needs finite numbers.")
    states_x = arrays[1] if len(arrays) == 2 else np.empty((0, dimension))
    return (arrays[0], states_x) if minima else (None, None)


def _insert(
    db: sqlite3.Connection,
    table: str,
    lines: list[Line],
    x: Float[np.ndarray, "n dim"] | None,
    flags: list[str | None],
) -> None:
    # NaN becomes NULL in SQLite.
    names = ["id", "energy", "log_product", "point_group_order", "moments", "hits", "x", "flag"]
    names += ["minimum_a", "minimum_b"] if table == "transition_states" else []
    rows = (
        (
            i + 1,
            line.energy,
            line.log_product,
            None if line.order is None else str(line.order),
            None if line.moments is None else np.array(line.moments, dtype="<f8").tobytes(),
            0,
            None if x is None else x[i].tobytes(),
            flags[i],
            *line.minima,
        )
        for i, line in enumerate(lines)
    )
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)
