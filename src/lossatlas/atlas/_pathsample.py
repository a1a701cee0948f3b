"""PATHSAMPLE databases: min.data and ts.data, with or without points.min and points.ts.

One line a point, `energy log-product order [minimum minimum] moment moment moment`: the order is
that of the point group, of which PATHSAMPLE takes 1 / order for the orbit size. The points files
hold little-endian float64, one record of `dim` numbers a point, in the same order.
"""

import contextlib
import math
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ._atlas import Atlas
from ._checksums import seal
from ._columns import Minima, TransitionStates
from ._connection import remove
from ._errors import AtlasError, sentences
from ._schema import create
from ._settings import IMPORTED, Wanted, new_meta


MINIMUM_COLUMNS = "energy, log-product, point-group order, three moments of inertia"
STATE_COLUMNS = "energy, log-product, point-group order, two ids of minima, three moments of inertia"


class _Line(NamedTuple):
    energy: float
    log_product: float
    order: int
    minima: list[int]
    moments: list[float]


def export_pathsample(atlas: Atlas, directory: str | os.PathLike) -> None:
    """Write an atlas as a PATHSAMPLE database.

    `min.data` and `ts.data`; `points.min` and `points.ts` if there are coordinates; `min.A` with
    the global minimum and `min.B` with the next lowest, for PATHSAMPLE wants two sets (edit them).
    Ids are those of the atlas. The order of the point group is that of the stabiliser,
    |group| / orbit size; 1 if the size of the group is not known. Moments that are not known are 1.

    **Arguments:**

    - `atlas`: the open atlas.
    - `directory`: made if it is missing; existing databases in it are not overwritten.

    **Raises:** `AtlasError` if a file is there already or cannot be written, or a log-product is
    not known.
    """
    directory = Path(directory)
    minima, states = atlas.minima, atlas.transition_states
    files = {
        "min.data": _text(minima, None, atlas.symmetry_order).encode(),
        "ts.data": _text(states, states.minima, atlas.symmetry_order).encode(),
    }
    if minima.x.shape[1]:
        files["points.min"] = minima.x.astype("<f8", copy=False).tobytes()
        files["points.ts"] = states.x.astype("<f8", copy=False).tobytes()
    for name, minimum in zip(("min.A", "min.B"), np.argsort(minima.energy, kind="stable")):
        files[name] = f"1\n{minima.id[minimum]}\n".encode()
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
    directory: str | os.PathLike, out: str | os.PathLike, *, dimension: int | None = None
) -> None:
    """Make an atlas of a PATHSAMPLE database; it can be analysed, not extended.

    Points are taken as they are, without asking which are the same.

    **Arguments:**

    - `directory`: holds `min.data` and `ts.data`, and `points.min` and `points.ts` or neither.
    - `out`: the atlas to make.
    - `dimension`: number of variables, if the points files are to be checked against it.

    **Raises:** `AtlasError` that names file and line of what is malformed, or if `out` exists; no
    file is left then.
    """
    directory, out = Path(directory), Path(out)
    if out.exists():
        raise AtlasError(f"{out} exists already: choose another name for the atlas.")
    if not out.parent.is_dir():
        raise AtlasError(f"There is no directory {out.parent} to put the atlas {out.name} in.")
    minima = _parse(directory / "min.data", MINIMUM_COLUMNS, 0, None)
    states = _parse(directory / "ts.data", STATE_COLUMNS, 2, len(minima))
    minima_x, states_x = _read_points(directory, len(minima), len(states), dimension)
    size = 0 if minima_x is None else minima_x.shape[1]
    fingerprint = {"kind": IMPORTED, "directory": directory.absolute().name}
    meta = new_meta(Wanted(fingerprint, size, None, None, None, None, None))
    partial = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        with sentences(out), _database(partial) as db:
            create(db, meta)
            db.execute("BEGIN")
            _insert(db, "minima", minima, minima_x)
            _insert(db, "transition_states", states, states_x)
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
        log_product = float(points.log_product[i])
        if not math.isfinite(log_product):
            raise AtlasError(
                f"The log-product of point {points.id[i]} is not known, but PATHSAMPLE needs it."
            )
        order = points.point_group_order[i]
        if order is None:
            size = points.orbit_size_exact[i]
            order = 1 if size is None or symmetry_order is None else symmetry_order // size
        moments = points.moments[i] if np.isfinite(points.moments[i]).all() else np.ones(3)
        # repr gives the shortest digits that read back as the same number.
        words = [repr(float(points.energy[i])), repr(log_product), str(order)]
        words += [] if ends is None else [str(minimum) for minimum in ends[i]]
        words += [repr(float(moment)) for moment in moments]
        lines.append(" ".join(words) + "\n")
    return "".join(lines)


def _parse(path: Path, columns: str, ends: int, minima: int | None) -> list[_Line]:
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise AtlasError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AtlasError(f"{path} is no text: it must have one line a point, {columns}.") from error
    # An empty line at the end is common; in between it would shift the ids that follow.
    lines = text.rstrip().split("\n") if text.strip() else []
    return [_parse_line(path, i + 1, line, columns, ends, minima) for i, line in enumerate(lines)]


def _parse_line(path: Path, number: int, line: str, columns: str, ends: int, minima: int | None) -> _Line:
    where = f"{path}, line {number}"
    words = line.split()
    if len(words) != 6 + ends:
        raise AtlasError(f"{where}: needs {6 + ends} columns, {columns}; got {len(words)}.")
    integers = [_integer(word, where) for word in words[2 : 3 + ends]]
    reals = [_real(word, where) for word in (*words[:2], *words[3 + ends :])]
    if integers[0] < 1:
        raise AtlasError(f"{where}: the point-group order must be at least 1, got {integers[0]}.")
    for minimum in integers[1:]:
        if minima is not None and not 1 <= minimum <= minima:
            raise AtlasError(f"{where}: minimum {minimum} is not in min.data, which has {minima}.")
    return _Line(reals[0], reals[1], integers[0], integers[1:], reals[2:])


def _integer(word: str, where: str) -> int:
    # Underscores are digits' neighbours to Python alone.
    if not word.removeprefix("-").removeprefix("+").isdigit() or len(word) > 1000:
        raise AtlasError(f"{where}: needs a whole number, got {word!r}.")
    return int(word)


def _real(word: str, where: str) -> float:
    try:
        # Fortran writes exponents with D.
        value = float(word.replace("D", "E").replace("d", "e")) if "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise AtlasError(f"{where}: needs a finite number, got {word!r}.")
    return value


def _read_points(
    directory: Path, minima: int, states: int, dimension: int | None
) -> tuple[Float[np.ndarray, "minima dim"] | None, Float[np.ndarray, "states dim"] | None]:
    paths = directory / "points.min", directory / "points.ts"
    there = [path.exists() for path in paths]
    if not any(there):
        return None, None
    if not all(there):
        missing = paths[there.index(False)]
        raise AtlasError(f"{missing} is missing: give both points files or neither.")
    size = paths[0].stat().st_size
    if dimension is None:
        dimension = size // (8 * minima) if minima else 0
    for path, count in zip(paths, (minima, states)):
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
    return (arrays[0], arrays[1]) if minima else (None, None)


def _insert(
    db: sqlite3.Connection, table: str, lines: list[_Line], x: Float[np.ndarray, "n dim"] | None
) -> None:
    names = ["id", "energy", "log_product", "point_group_order", "moments", "hits", "x"]
    names += ["minimum_a", "minimum_b"] if table == "transition_states" else []
    rows = (
        (
            i + 1,
            line.energy,
            line.log_product,
            str(line.order),
            np.array(line.moments, dtype="<f8").tobytes(),
            0,
            None if x is None else x[i].tobytes(),
            *line.minima,
        )
        for i, line in enumerate(lines)
    )
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)
