"""The tables of an atlas, and how older files become newer ones.

History of `SCHEMA_VERSION`:

1. First version.
2. Table `metrics`.
3. Column `flag` of both kinds of points, transition states whose energy is not known, table `sets`;
   column `checksum` of every table, table `totals`.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from ._checksums import COLUMNS, SCHEMA, schema_total, seal
from ._errors import AtlasError, damaged
from ._integrity import check_pages, check_values


SCHEMA_VERSION = 3

APPLICATION_ID = 0x6C617431  # "lat1": tells an atlas from any other SQLite file

_METRICS = """CREATE TABLE metrics (
        name TEXT NOT NULL,                 -- test_auc, ...
        minimum INTEGER NOT NULL REFERENCES minima(id),
        value REAL,                         -- NULL where it is not defined
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID"""

_SETS = """CREATE TABLE sets (
        name TEXT NOT NULL,                 -- A, B, ...
        minimum INTEGER NOT NULL REFERENCES minima(id),
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID"""

_TRANSITION_STATES = """CREATE TABLE transition_states (
        id INTEGER PRIMARY KEY,
        energy REAL,                        -- NULL for some of an import, with the flag no_energy
        rms_gradient REAL,
        negative_eigenvalue REAL,
        log_product REAL,                   -- of the positive eigenvalues
        orbit_size TEXT,
        point_group_order TEXT,
        moments BLOB,
        minimum_a INTEGER NOT NULL REFERENCES minima(id),
        minimum_b INTEGER NOT NULL REFERENCES minima(id),   -- may be the same minimum
        path_length REAL,                   -- arc length from a over the transition state to b
        hits INTEGER NOT NULL,              -- searches that ended here
        x BLOB,
        run INTEGER REFERENCES runs(id),
        flag TEXT                           -- NULL for an ordinary point, else what is special about it
    ) STRICT"""

_CHECKSUMS = [
    *(f"ALTER TABLE {table} ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0" for table in COLUMNS),
    """CREATE TABLE totals (
        name TEXT PRIMARY KEY,              -- of a table; `schema`: of the definitions of all tables
        count INTEGER NOT NULL,             -- of its rows
        total INTEGER NOT NULL,             -- of their checksums
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
]

# Numbers that are not known (imports) are NULL. `x` is little-endian float64, `dimension` of them.
# Integers that outgrow 64 bits, such as |group| = 2^h h!, are decimal text.
INIT_STATEMENTS = [
    """CREATE TABLE meta (
        key TEXT PRIMARY KEY,               -- landscape, identity, energy_tol, dimension, ...
        value TEXT NOT NULL                 -- JSON
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE state (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL                 -- JSON; where the exploration is
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        started TEXT NOT NULL,              -- UTC, ISO 8601
        finished TEXT,                      -- NULL if killed or still running
        settings TEXT NOT NULL,             -- JSON
        seed INTEGER NOT NULL,
        software TEXT NOT NULL,             -- JSON, versions by package
        seconds REAL,
        evaluations TEXT                    -- JSON, a number or numbers by kind
    ) STRICT""",
    """CREATE TABLE minima (
        id INTEGER PRIMARY KEY,             -- 1, 2, 3, ... without gaps
        energy REAL NOT NULL,
        rms_gradient REAL,                  -- ||g|| / sqrt(dimension)
        lowest_eigenvalue REAL,             -- of the Hessian, zero modes left out
        log_product REAL,                   -- sum of ln(eigenvalue), zero modes left out
        orbit_size TEXT,                    -- number of distinct images under the symmetry group
        point_group_order TEXT,             -- of imports: size of the stabiliser
        moments BLOB,                       -- of imports: three moments of inertia
        hits INTEGER NOT NULL,              -- independent random starts that ended here
        x BLOB,                             -- NULL for imports without coordinates
        run INTEGER REFERENCES runs(id),
        flag TEXT                           -- NULL for an ordinary point, else what is special about it
    ) STRICT""",
    _TRANSITION_STATES,
    """CREATE TABLE searches (
        id INTEGER PRIMARY KEY,             -- in the order in which they were planned
        round INTEGER NOT NULL,
        kind TEXT NOT NULL,                 -- sample, hop, pair, climb, ...
        a INTEGER REFERENCES minima(id),    -- where it starts
        b INTEGER REFERENCES minima(id),    -- the other end of a pair
        mode INTEGER,                       -- which eigenvector, image or attempt
        seed INTEGER NOT NULL,
        outcome INTEGER,                    -- NULL while pending, else a member of RESULTS
        minimum INTEGER REFERENCES minima(id)               -- where a minimisation ended
    ) STRICT""",
    "CREATE INDEX searches_pending ON searches(id) WHERE outcome IS NULL",
    "CREATE INDEX searches_finished ON searches(kind, a, b) WHERE outcome IS NOT NULL",
    """CREATE VIEW tried_pairs AS
        SELECT min(a, b) AS a, max(a, b) AS b, count(*) AS count FROM searches
        WHERE kind = 'pair' AND outcome IS NOT NULL GROUP BY min(a, b), max(a, b)""",
    """CREATE TABLE failures (
        kind TEXT NOT NULL,                 -- of the search
        outcome TEXT NOT NULL,              -- name of a member of RESULTS
        count INTEGER NOT NULL,
        PRIMARY KEY (kind, outcome)
    ) STRICT, WITHOUT ROWID""",
    _METRICS,
    _SETS,
    *_CHECKSUMS,
]

# MIGRATIONS[v] brings a file from version v to v + 1, inside one transaction over all steps.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], object]] = {
    1: lambda db: db.execute(_METRICS),
    2: lambda db: _add_flags_sets_and_checksums(db),
}


def create(db: sqlite3.Connection, meta: dict[str, str]) -> None:
    """Create all tables in one transaction: a kill leaves an empty file or a whole atlas.

    **Arguments:**

    - `db`: connection to an empty file, in autocommit mode.
    - `meta`: rows of the table `meta`, JSON texts.
    """
    db.execute("BEGIN EXCLUSIVE")
    try:
        for statement in INIT_STATEMENTS:
            db.execute(statement)
        db.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", meta.items())
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        seal(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def is_empty(db: sqlite3.Connection) -> bool:
    """Return whether the file holds nothing yet, as after a kill during creation."""
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return tables == 0 and _pragma(db, "application_id") == 0


def check_version(db: sqlite3.Connection, path: Path) -> bool:
    """Check that the file is an atlas that this version can read.

    **Returns:** whether it is up to date; False if it must be migrated first.

    **Raises:** `AtlasError` if it is no atlas, newer than this lossatlas, or says a wrong version.
    """
    db.execute("SELECT count(*) FROM sqlite_master")  # raises if this is no database at all
    if _pragma(db, "application_id") != APPLICATION_ID:
        raise AtlasError(f"{path} is not an atlas file.")
    version = _pragma(db, "user_version")
    if version != SCHEMA_VERSION and _is_made_as(db, SCHEMA_VERSION):
        raise damaged(path, f"it says that it has atlas schema {version}, but it has {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION:
        raise AtlasError(
            f"{path} has atlas schema {version}, but this lossatlas knows schemas up to "
            f"{SCHEMA_VERSION}: install a newer lossatlas."
        )
    if not all(v in MIGRATIONS for v in range(version, SCHEMA_VERSION)):
        raise AtlasError(f"{path} has atlas schema {version}, which no lossatlas ever wrote.")
    return version == SCHEMA_VERSION


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring an older file up to date, all or nothing.

    **Raises:** `AtlasError` if it is damaged, as far as that can be told without checksums.
    """
    check_pages(db, path)
    db.execute("BEGIN EXCLUSIVE")
    try:
        for version in range(_pragma(db, "user_version"), SCHEMA_VERSION):
            MIGRATIONS[version](db)
        check_values(db, path)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        seal(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _add_flags_sets_and_checksums(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE minima ADD COLUMN flag TEXT")
    # SQLite cannot take NOT NULL from a column of a table that is there.
    db.execute("ALTER TABLE transition_states RENAME TO older_transition_states")
    db.execute(_TRANSITION_STATES)
    db.execute("INSERT INTO transition_states SELECT *, NULL FROM older_transition_states")
    db.execute("DROP TABLE older_transition_states")
    for statement in (_SETS, *_CHECKSUMS):
        db.execute(statement)


def _is_made_as(db: sqlite3.Connection, version: int) -> bool:
    """Return whether the definitions of the tables are those that a file of that version has."""
    try:
        rows = db.execute("SELECT count, total FROM totals WHERE name = ?", (SCHEMA,)).fetchall()
    except sqlite3.OperationalError:  # an older file has no totals
        return False
    return rows == [schema_total(db, version)]


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
