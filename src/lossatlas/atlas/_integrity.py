"""Whether an atlas is whole, and a hash to tell whether two are the same."""

import hashlib
import json
import sqlite3
from pathlib import Path

import numpy as np

from ._columns import read_points
from ._errors import AtlasError
from ._flags import NO_ENERGY


# What an exploration determines; `run` is left out, since an interrupted one takes more runs.
_DETERMINED = {
    "minima": "id, energy, rms_gradient, lowest_eigenvalue, log_product, orbit_size, "
    "point_group_order, hits, moments, flag, x",
    "transition_states": "id, energy, rms_gradient, negative_eigenvalue, log_product, orbit_size, "
    "point_group_order, minimum_a, minimum_b, path_length, hits, moments, flag, x",
    "searches": "id, round, kind, a, b, mode, seed, outcome, minimum",
    "failures": "kind, outcome, count",
    "state": "key, value",
}


def check(db: sqlite3.Connection, path: Path, dimension: int) -> None:
    """Check pages, references, sizes and numbers.

    **Arguments:**

    - `db`: the open atlas.
    - `path`: named in the sentence.
    - `dimension`: number of variables, 0 without coordinates.

    **Raises:** `AtlasError` that says what is damaged.
    """
    report = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if report != "ok":
        raise AtlasError(f"{path} is damaged: {report}.")
    broken = db.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise AtlasError(f"{path} is damaged: row {broken[1]} of {broken[0]} refers to no {broken[2]}.")
    for table in ("minima", "transition_states"):
        count, last = db.execute(f"SELECT count(*), coalesce(max(id), 0) FROM {table}").fetchone()
        if count != last:
            raise AtlasError(f"{path} is damaged: the ids of {table} have gaps.")
        size = 8 * dimension or None
        wrong = db.execute(f"SELECT id FROM {table} WHERE length(x) IS NOT ?", (size,)).fetchone()
        if wrong is not None:
            raise AtlasError(
                f"{path} is damaged: point {wrong[0]} of {table} is not {dimension} numbers long."
            )
        x, energy = read_points(db, table, dimension)
        flagged = db.execute(f"SELECT id FROM {table} WHERE energy IS NULL AND flag = ?", (NO_ENERGY,))
        energy[[point - 1 for (point,) in flagged]] = 0.0  # known to be unknown
        finite = np.isfinite(energy) & np.isfinite(x).all(axis=1)
        if not finite.all():
            raise AtlasError(f"{path} is damaged: point {np.argmin(finite) + 1} of {table} is not finite.")


def digest(db: sqlite3.Connection) -> str:
    """Return the SHA-256 of all that the exploration determined, as hexadecimal digits."""
    total = hashlib.sha256()
    # Not the software's versions nor when the file was made.
    for key in ("landscape", "dimension", "identity", "energy_tol", "distance_tol"):
        value = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0]
        total.update(json.dumps([key, json.loads(value)], sort_keys=True).encode())
    for table, names in _DETERMINED.items():
        total.update(table.encode())
        for row in db.execute(f"SELECT {names} FROM {table} ORDER BY 1, 2"):
            for value in row:
                # repr of a float is exact; blobs would only grow by it.
                total.update(value if isinstance(value, bytes) else repr(value).encode())
                total.update(b"\n")
    return total.hexdigest()
