"""Checks of the integrity of an atlas, and a hash that tells whether two atlases are the same."""

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

from ._checksums import COLUMNS
from ._columns import read_points
from ._errors import damaged
from ._flags import NO_ENERGY
from ._quantity_rows import TABLES, faults
from ._tables import Tables, page_report


# Columns that an exploration determines. `run` is left out: an interrupted exploration takes more runs.
_DETERMINED = {
    "minima": "id, energy, rms_gradient, lowest_eigenvalue, log_product, orbit_size, "
    "point_group_order, hits, moments, x, flag, held, log_slopes",
    "transition_states": "id, energy, rms_gradient, negative_eigenvalue, log_product, orbit_size, "
    "point_group_order, minimum_a, minimum_b, path_length, hits, moments, x, flag, held, log_slopes",
    "searches": "id, round, kind, a, b, mode, seed, outcome, minimum",
    "failures": "kind, outcome, count",
    "state": "key, value",
}
_JSON = {
    "meta": ["value"],
    "state": ["value"],
    "runs": ["settings", "software", "evaluations"],
    "quantity_runs": ["settings", "software"],
}


def check(db: sqlite3.Connection, path: Path, tables: Tables) -> None:
    """Check pages, references, checksums of all rows, sizes and numbers.

    **Arguments:**

    - `db`: the open atlas.
    - `path`: path of the atlas, for the message.
    - `tables`: tables of the atlas.

    **Raises:** `AtlasError` that says what is damaged.
    """
    with tables.snapshot():
        check_pages(db, path)
        tables.verify_schema()
        for table in COLUMNS:
            tables.read(table)
        check_values(db, path)


def check_pages(db: sqlite3.Connection, path: Path) -> None:
    """Check the pages and indices of a file, and that all rows to which a row refers exist.

    **Raises:** `AtlasError` that says what is damaged.
    """
    report = page_report(db)
    if report is not None:
        raise damaged(path, report)
    broken = db.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise damaged(path, f"row {broken[1]} of {broken[0]} refers to no {broken[2]}")


def check_values(db: sqlite3.Connection, path: Path) -> None:
    """Check the values of a file as far as that is possible without checksums.

    **Raises:** `AtlasError` that says what is damaged.
    """
    for table, names in _JSON.items():
        for row in db.execute(f"SELECT {', '.join(names)} FROM {table}"):
            for name, text in zip(names, row):
                if text is not None and not _is_json(text):
                    raise damaged(path, f"{name} of a row of {table} is no JSON")
    found = db.execute("SELECT value FROM meta WHERE key = 'dimension'").fetchone()
    dimension = json.loads(found[0]) if found else None
    if type(dimension) is not int or dimension < 0:
        raise damaged(path, f"its number of variables is {dimension}")
    for table in TABLES.values():
        _check_points(db, path, table, dimension)
    rows = db.execute(f"SELECT {', '.join(COLUMNS['quantities'])} FROM quantities").fetchall()
    counts = {
        kind: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for kind, table in TABLES.items()
    }
    for fault in faults(rows, counts):
        raise damaged(path, fault)


def _check_points(db: sqlite3.Connection, path: Path, table: str, dimension: int) -> None:
    count, last = db.execute(f"SELECT count(*), coalesce(max(id), 0) FROM {table}").fetchone()
    if count != last:
        raise damaged(path, f"the ids of {table} have gaps")
    sizes = {"x": f"IS NOT {8 * dimension or 'NULL'}", "moments": "<> 24"}  # bytes; all or no points have x
    for name, wrong in sizes.items():
        row = db.execute(f"SELECT id, length({name}) FROM {table} WHERE length({name}) {wrong}").fetchone()
        if row is not None:
            needed = dimension if name == "x" else 3
            raise damaged(
                path, f"{name} of point {row[0]} of {table} has {row[1]} bytes, not {needed} numbers"
            )
    for name in ("orbit_size", "point_group_order"):
        row = db.execute(f"SELECT id FROM {table} WHERE {name} = '' OR {name} GLOB '*[^0-9]*'").fetchone()
        if row is not None:
            raise damaged(path, f"{name} of point {row[0]} of {table} is no whole number")
    rows = db.execute(f"SELECT x, energy FROM {table} ORDER BY id").fetchall()
    x, energy = read_points(tuple(row[0] for row in rows), tuple(row[1] for row in rows), dimension)
    flagged = db.execute(f"SELECT id FROM {table} WHERE energy IS NULL AND flag = ?", (NO_ENERGY,))
    energy[[point - 1 for (point,) in flagged]] = 0.0  # known to be unknown
    finite = np.isfinite(energy) & np.isfinite(x).all(axis=1)
    if not finite.all():
        raise damaged(path, f"point {np.argmin(finite) + 1} of {table} is not finite")


def digest(tables: Tables, meta: dict[str, Any]) -> str:
    """Return the SHA-256 of all that the exploration determined, as hexadecimal digits.

    **Arguments:**

    - `tables`: tables of the atlas.
    - `meta`: values of the table `meta` by key.
    """
    total = hashlib.sha256()
    # Versions of the software and the time at which the file was made are left out.
    for key in ("landscape", "dimension", "identity", "energy_tol", "distance_tol"):
        total.update(json.dumps([key, meta[key]], sort_keys=True).encode())
    for table, names in _DETERMINED.items():
        total.update(table.encode())
        columns = tables.read(table)
        names = names.split(", ")
        for row in zip(*(columns[name] for name in names)):
            for name, value in zip(names, row):
                if name in ("flag", "held", "log_slopes") and value is None:
                    continue  # so that the hash is that of files from before these columns
                # The repr of a float is exact; blobs are used as they are.
                total.update(value if isinstance(value, bytes) else repr(value).encode())
                total.update(b"\n")
    return total.hexdigest()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
