"""The tables of an atlas; `_migrations.py` brings older files up to date.

History of `SCHEMA_VERSION`:

1. First version.
2. Table `metrics`.
3. Column `flag` of both kinds of points, transition states whose energy is not known, table `sets`;
   column `checksum` of every table, table `totals`.
4. Tables `quantities` and `quantity_runs` in place of `metrics`.
5. Columns `held` and `log_slopes` of both kinds of points.
"""

import sqlite3
from pathlib import Path

from ._checksums import COLUMNS, SCHEMA, schema_total, seal
from ._errors import AtlasError, damaged


SCHEMA_VERSION = 5
FIRST_WITH_CHECKSUMS = 3

APPLICATION_ID = 0x6C617431  # "lat1", which distinguishes an atlas from any other SQLite file

QUANTITIES = [
    """CREATE TABLE quantity_runs (
        id INTEGER PRIMARY KEY,
        call TEXT NOT NULL,                 -- what wrote the quantities: evaluate, ...
        written TEXT,                       -- UTC, ISO 8601; NULL if it is not known
        settings TEXT NOT NULL,             -- JSON
        software TEXT                       -- JSON, versions by package; NULL if it is not known
    ) STRICT""",
    # One row holds the numbers of many points, so that a million of them are read quickly.
    """CREATE TABLE quantities (
        kind TEXT NOT NULL,                 -- minimum, transition_state
        name TEXT NOT NULL,                 -- test_auc, ...
        run INTEGER NOT NULL REFERENCES quantity_runs(id),
        part INTEGER NOT NULL,              -- 0, 1, ...
        points BLOB NOT NULL,               -- ids of the points, increasing, little-endian int64
        numbers BLOB NOT NULL,              -- of each, little-endian float64; NaN where it is not defined
        errors BLOB,                        -- of each, NaN where it is not known; NULL if none is known
        PRIMARY KEY (kind, name, run, part)
    ) STRICT, WITHOUT ROWID""",
]

SETS = """CREATE TABLE sets (
        name TEXT NOT NULL,                 -- A, B, ...
        minimum INTEGER NOT NULL REFERENCES minima(id),
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID"""

TRANSITION_STATES = """CREATE TABLE transition_states (
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

TOTALS = """CREATE TABLE totals (
        name TEXT PRIMARY KEY,              -- of a table; `schema`: of the definitions of all tables
        count INTEGER NOT NULL,             -- of its rows
        total INTEGER NOT NULL,             -- of their checksums
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID"""


# NULL where no variable is held at a bound: the number of those held, and the sum of the logarithms of the
# slopes of the energy away from their bounds.
HELD = [
    f"ALTER TABLE {table} ADD COLUMN {column}"
    for table in ("minima", "transition_states")
    for column in ("held INTEGER", "log_slopes REAL")
]


def add_checksum(table: str) -> str:
    """Return the statement that gives every row of a table a checksum."""
    return f"ALTER TABLE {table} ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0"


# Numbers that are not known (in imports) are NULL. `x` holds `dimension` little-endian float64 numbers.
# Integers that may exceed 64 bits, such as the group order 2^h h!, are decimal text.
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
    TRANSITION_STATES,
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
    *QUANTITIES,
    SETS,
    *map(add_checksum, COLUMNS),
    TOTALS,
    *HELD,
]


def create(db: sqlite3.Connection, meta: dict[str, str]) -> None:
    """Create all tables in one transaction, so that a kill leaves an empty file or a complete atlas.

    **Arguments:**

    - `db`: connection to an empty file, in autocommit mode.
    - `meta`: rows of the table `meta`, JSON texts by key.
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
    """Return whether the file has no tables, as after a kill during creation."""
    tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return tables == 0 and _pragma(db, "application_id") == 0


def check_version(db: sqlite3.Connection, path: Path) -> bool:
    """Check that the file is an atlas that this version can read.

    **Returns:** whether it is up to date; False if it must be migrated first.

    **Raises:** `AtlasError` if it is not an atlas, newer than this lossatlas, or states a wrong version.
    """
    db.execute("SELECT count(*) FROM sqlite_master")  # raises if this is no database at all
    if _pragma(db, "application_id") != APPLICATION_ID:
        raise AtlasError(f"{path} is not an atlas file.")
    version = _pragma(db, "user_version")
    for made_as in range(FIRST_WITH_CHECKSUMS, SCHEMA_VERSION + 1):
        if version != made_as and _is_made_as(db, made_as):
            raise damaged(path, f"it says that it has atlas schema {version}, but it has {made_as}")
    if version > SCHEMA_VERSION:
        raise AtlasError(
            f"{path} has atlas schema {version}, but this lossatlas knows schemas up to "
            f"{SCHEMA_VERSION}: install a newer lossatlas."
        )
    if version < 1:
        raise AtlasError(f"{path} has atlas schema {version}, which no lossatlas ever wrote.")
    return version == SCHEMA_VERSION


def _is_made_as(db: sqlite3.Connection, version: int) -> bool:
    """Return whether the definitions of the tables are those of a given version of the schema."""
    try:
        rows = db.execute("SELECT count, total FROM totals WHERE name = ?", (SCHEMA,)).fetchall()
    except sqlite3.OperationalError:  # an older file has no totals
        return False
    return rows == [schema_total(db, version)]


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return db.execute(f"PRAGMA {name}").fetchone()[0]
