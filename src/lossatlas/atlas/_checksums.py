"""Checksums of the contents of an atlas: of every row, of every table and of the schema.

SQLite detects some damaged pages, but no damaged number. So each row ends with a checksum of its values,
and the table `totals` holds, for every table, the number of its rows and the sum of their checksums. A row
that was lost, duplicated or copied from another file changes that sum.

The checksum of a row is the CRC-32 of the table's name followed by the values in the order of `COLUMNS`,
written as a tuple in format 2 of `marshal`: "(" and the number of values, then each value as "N" (NULL),
"i" and 4 bytes or "l" and 15-bit digits (integers), "g" and 8 bytes (float64), "u" or "s", the number of
bytes and the bytes (text in UTF-8, blobs); all little-endian. `marshal` is fast and keeps types exactly.
"""

import marshal
import sqlite3
from collections.abc import Iterable
from itertools import repeat
from typing import Any
from zlib import crc32


_POINT = ("id", "energy", "rms_gradient", "log_product", "orbit_size", "point_group_order", "moments")
_POINT += ("hits", "x", "run", "flag")
_HELD = ("held", "log_slopes")

COLUMNS: dict[str, tuple[str, ...]] = {
    "meta": ("key", "value"),
    "state": ("key", "value"),
    "runs": ("id", "started", "finished", "settings", "seed", "software", "seconds", "evaluations"),
    "minima": (*_POINT, "lowest_eigenvalue", *_HELD),
    "transition_states": (*_POINT, "negative_eigenvalue", "minimum_a", "minimum_b", "path_length", *_HELD),
    "searches": ("id", "round", "kind", "a", "b", "mode", "seed", "outcome", "minimum"),
    "failures": ("kind", "outcome", "count"),
    "quantity_runs": ("id", "call", "written", "settings", "software"),
    "quantities": ("kind", "name", "run", "part", "points", "numbers", "errors"),
    "sets": ("name", "minimum"),
}
# Number of columns in the key of a table. The key of all other tables is `id`, which counts without gaps.
KEYS = {"meta": 1, "state": 1, "failures": 2, "quantity_runs": 1, "quantities": 4, "sets": 2, "metrics": 2}
_WITHOUT_HELD = {table: tuple(name for name in COLUMNS[table] if name not in _HELD) for table in COLUMNS}
_WITHOUT_QUANTITIES = {name: _WITHOUT_HELD[name] for name in COLUMNS if not name.startswith("quantit")}
# The tables of those older schemas that had checksums.
OLDER_COLUMNS = {
    3: {**_WITHOUT_QUANTITIES, "metrics": ("name", "minimum", "value")},
    4: _WITHOUT_HELD,
}
SCHEMA = "schema"  # the row of `totals` for the definitions of the tables


def key_columns(table: str) -> tuple[str, ...]:
    """Return the names of the columns that make the key of a table."""
    return COLUMNS[table][: key_size(table)]


def key_size(table: str) -> int:
    """Return the number of columns, the first ones, that make the key of a table."""
    return KEYS.get(table, 1)


def checksums(table: str, rows: Iterable[tuple[Any, ...]]) -> list[int]:
    """Return the checksum of every row.

    **Arguments:**

    - `table`: name of the table.
    - `rows`: values in the order of `COLUMNS`, as SQLite returns them: None, int, float, str or bytes.
    """
    return list(map(crc32, map(marshal.dumps, rows, repeat(2)), repeat(crc32(table.encode()))))


def schema_total(db: sqlite3.Connection, version: int | None = None) -> tuple[int, int]:
    """Return the number of definitions in the file, and the sum of the checksums of these and the version.

    **Arguments:**

    - `db`: the open atlas.
    - `version`: version of the schema; default the one that the file states.
    """
    # SQLite's own tables, such as those of ANALYZE, may be added or removed.
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
    rows = db.execute(query).fetchall()
    if version is None:
        (version,) = db.execute("PRAGMA user_version").fetchone()
    return len(rows), sum(checksums(SCHEMA, [*rows, ("user_version", version)]))


def seal(db: sqlite3.Connection) -> None:
    """Write the checksums of all rows and tables, which declares all stored values to be right.

    **Arguments:**

    - `db`: the atlas, inside a transaction.
    """
    totals = {}
    for table, names in COLUMNS.items():
        keys = key_columns(table)
        found = []
        for row in db.execute(f"SELECT {', '.join(names)} FROM {table}"):
            found.append((*checksums(table, [row]), *row[: len(keys)]))
        where = " AND ".join(f"{key} = ?" for key in keys)
        db.executemany(f"UPDATE {table} SET checksum = ? WHERE {where}", found)
        totals[table] = len(found), sum(checksum for checksum, *_ in found)
    totals[SCHEMA] = schema_total(db)
    rows = [(name, *total) for name, total in totals.items()]
    db.execute("DELETE FROM totals")
    db.executemany(
        "INSERT INTO totals (name, count, total, checksum) VALUES (?, ?, ?, ?)",
        ((*row, checksum) for row, checksum in zip(rows, checksums("totals", rows))),
    )
