"""Migrations of files of older schemas to the present schema."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._checksums import OLDER_COLUMNS, SCHEMA, checksums, key_size, schema_total, seal
from ._errors import damaged, key_text
from ._integrity import check_pages, check_values
from ._quantity_rows import Numbers, pack
from ._schema import HELD, QUANTITIES, SCHEMA_VERSION, SETS, TOTALS, TRANSITION_STATES, add_checksum
from ._settings import IMPORTED


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring an older file up to date, completely or not at all.

    **Raises:** `AtlasError` if the file is damaged, as far as this shows without checksums before schema 3.
    """
    check_pages(db, path)
    db.execute("BEGIN EXCLUSIVE")
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version in OLDER_COLUMNS:
            _check_sums(db, path, OLDER_COLUMNS[version])
        for older in range(version, SCHEMA_VERSION):
            _STEPS[older](db)
        check_values(db, path)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        seal(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _check_sums(db: sqlite3.Connection, path: Path, tables: dict[str, tuple[str, ...]]) -> None:
    """Compare every row and every table of an older file with its checksums."""
    for table, names in {"totals": ("name", "count", "total"), **tables}.items():
        for *row, checksum in db.execute(f"SELECT {', '.join(names)}, checksum FROM {table}"):
            if checksums(table, [tuple(row)]) != [checksum]:
                key = key_text(row[: key_size(table)])
                raise damaged(path, f"row {key} of {table} does not agree with its checksum")
    found = {SCHEMA: schema_total(db)}
    for table in tables:
        query = f"SELECT count(*), coalesce(sum(checksum), 0) FROM {table}"
        found[table] = db.execute(query).fetchone()
    stored = {name: total for name, *total in db.execute("SELECT name, count, total FROM totals")}
    if stored != {name: list(total) for name, total in found.items()}:
        raise damaged(path, "its tables do not hold what was written last")


def _add_metrics(db: sqlite3.Connection) -> None:
    db.execute("""CREATE TABLE metrics (
        name TEXT NOT NULL,                 -- test_auc, ...
        minimum INTEGER NOT NULL REFERENCES minima(id),
        value REAL,                         -- NULL where it is not defined
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID""")


def _add_flags_sets_and_checksums(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE minima ADD COLUMN flag TEXT")
    # SQLite cannot remove NOT NULL from a column of an existing table.
    db.execute("ALTER TABLE transition_states RENAME TO older_transition_states")
    db.execute(TRANSITION_STATES)
    db.execute("INSERT INTO transition_states SELECT *, NULL FROM older_transition_states")
    db.execute("DROP TABLE older_transition_states")
    for statement in (SETS, *map(add_checksum, OLDER_COLUMNS[3]), TOTALS):
        db.execute(statement)


def _turn_metrics_into_quantities(db: sqlite3.Connection) -> None:
    """Keep metrics as quantities of a run at an unknown time.

    Metrics belong to the stored recipe, because another recipe was refused while there were metrics. The
    metrics of an import were columns of the user.
    """
    metrics: dict[str, list[tuple[int, float | None]]] = {}
    for name, minimum, value in db.execute("SELECT name, minimum, value FROM metrics ORDER BY 1, 2"):
        metrics.setdefault(name, []).append((minimum, value))
    db.execute("DROP TABLE metrics")
    for statement in (*QUANTITIES, add_checksum("quantity_runs"), add_checksum("quantities")):
        db.execute(statement)
    if not metrics:
        return
    meta = {key: _loads(text) for key, text in db.execute("SELECT key, value FROM meta")}
    landscape = meta.get("landscape")
    is_import = isinstance(landscape, dict) and landscape.get("kind") == IMPORTED
    settings = {} if is_import or "recipe" not in meta else {"recipe": meta["recipe"]}
    db.execute(
        "INSERT INTO quantity_runs (id, call, settings) VALUES (1, ?, ?)",
        ("import" if is_import else "evaluate", json.dumps(settings)),
    )
    for name, rows in metrics.items():
        points, values = (np.array(column) for column in zip(*rows))
        numbers = Numbers(points, values.astype(float), np.full(len(rows), np.nan))
        query = "INSERT INTO quantities (kind, name, run, part, points, numbers, errors) "
        db.executemany(query + "VALUES (?, ?, ?, ?, ?, ?, ?)", pack("minimum", name, 1, numbers))


def _add_held_variables(db: sqlite3.Connection) -> None:
    for statement in HELD:
        db.execute(statement)


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None  # `check_values` will say so


# _STEPS[v] brings a file from version v to v + 1, inside one transaction over all steps.
_STEPS: dict[int, Callable[[sqlite3.Connection], object]] = {
    1: _add_metrics,
    2: _add_flags_sets_and_checksums,
    3: _turn_metrics_into_quantities,
    4: _add_held_variables,
}
