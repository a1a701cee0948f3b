"""Open, create and lock the file of an atlas, which one process writes and any number may read."""

import contextlib
import sqlite3
from pathlib import Path

from ._errors import AtlasError, sentences
from ._file_system import is_network
from ._integrity import check_pages
from ._lock import WriterLock
from ._migrations import migrate
from ._schema import check_version, create, is_empty
from ._tables import Tables


SMALLEST_DATABASE = 512  # bytes; SQLite itself would take a file of one byte for an empty database
PATIENCE = 10.0  # seconds to wait for a reader or writer that holds the file for a moment


def open_writer(path: Path, meta: dict[str, str] | None) -> tuple[sqlite3.Connection, WriterLock]:
    """Open an atlas for writing; create it if the file is missing or empty.

    **Arguments:**

    - `path`: path of the atlas.
    - `meta`: rows of the table `meta` for a new atlas, JSON texts by key; None if the atlas must exist.

    **Returns:** the connection and the lock, to be passed to `close_writer`.

    **Raises:** `AtlasError`; an existing file is then left unchanged, and no new file is left behind.
    """
    if not path.parent.is_dir():
        raise AtlasError(f"There is no directory {path.parent} to put the atlas {path.name} in.")
    _check_is_file(path)
    if meta is None and not path.exists():
        raise AtlasError(f"There is no atlas {path}.")
    lock = WriterLock(path)
    is_new = not path.exists()
    db = None
    try:
        with sentences(path):
            db = _connect(path, "rwc")
            # Reading the schema first makes SQLite roll back a creation that was interrupted by a kill.
            if meta is not None and is_empty(db):
                create(db, meta)
            elif check_version(db, path):
                check_pages(db, path)  # a damaged list of free pages would make writing destroy others
                _verify(db, path)
            else:
                migrate(db, path)
            _set_journal(db, path)
            db.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        if db is not None:
            db.close()
        if is_new:
            remove(path)
        lock.release()
        raise
    return db, lock


def close_writer(db: sqlite3.Connection, lock: WriterLock) -> None:
    """Close the connection, leave a single file behind, and release the lock."""
    # In WAL mode every later reader would leave -wal and -shm files beside the atlas.
    with contextlib.suppress(sqlite3.Error):
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    lock.release()


def open_reader(path: Path) -> sqlite3.Connection:
    """Open an atlas for reading; a file of an older schema is read through a copy in memory.

    **Raises:** `AtlasError` if there is no atlas that can be read.
    """
    if not path.exists():
        raise AtlasError(f"There is no atlas {path}.")
    _check_is_file(path)
    with sentences(path):
        db, is_current = _connect_reader(path)
        if not is_current:
            return _copy_up_to_date(db, path)
        try:
            _verify(db, path)
        except BaseException:
            db.close()
            raise
        return db


def _copy_up_to_date(old: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    """Return a copy in memory of an older atlas, migrated to the present schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        old.backup(db)
        migrate(db, path)
        db.execute("PRAGMA query_only = ON")
    except BaseException:
        db.close()
        raise
    finally:
        old.close()
    return db


def remove(path: Path) -> None:
    """Remove an atlas and the files that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
    db.execute("PRAGMA cell_size_check = ON")  # detects a damaged page before it is used
    return db


def _set_journal(db: sqlite3.Connection, path: Path) -> None:
    """Choose the journal: WAL, with which others can read meanwhile, except on network disks."""
    # On a network disk another machine would not see the shared memory of WAL, and would read old and new
    # pages mixed.
    wanted = "DELETE" if is_network(path) else "WAL"
    with contextlib.suppress(sqlite3.OperationalError):  # a disk without shared memory stays as it is
        db.execute(f"PRAGMA journal_mode = {wanted}")
    (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    # Without WAL, a power failure can destroy the file with NORMAL.
    db.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")


def _verify(db: sqlite3.Connection, path: Path) -> None:
    tables = Tables(db, path, is_writer=False)
    with tables.snapshot():
        tables.verify_schema()


def _connect_reader(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Return a connection that cannot write, and whether the schema is up to date."""
    try:
        return _checked(path, "ro")
    except sqlite3.OperationalError as error:
        if not any(part in str(error) for part in ("unable to open", "readonly")):
            raise
        # WAL needs a file beside the atlas, which cannot be made on a read-only medium.
        if any(_size(path, suffix) for suffix in ("-wal", "-journal")):
            raise AtlasError(
                f"{path} was left by a killed process and cannot be read where it is; copy it "
                "together with the files whose names begin with its name to a writable directory."
            ) from None
        return _checked(path, "ro&immutable=1")


def _checked(path: Path, mode: str) -> tuple[sqlite3.Connection, bool]:
    db = _connect(path, mode)
    try:
        return db, check_version(db, path)
    except BaseException:
        db.close()
        raise


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise AtlasError(f"{path} is a directory, not an atlas file.")
    if 0 < _size(path, "") < SMALLEST_DATABASE:
        raise AtlasError(f"{path} is not an atlas file.")


def _size(path: Path, suffix: str) -> int:
    try:
        return path.with_name(path.name + suffix).stat().st_size
    except FileNotFoundError:
        return 0
