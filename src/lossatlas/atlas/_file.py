"""Opening an atlas file: is it one, is it ours to write, is it of this landscape?"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import _schema


try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock still keeps a second writer from spoiling the file
    fcntl = None


class AtlasError(ValueError):
    """An atlas cannot be opened, read or written; the message says why and what is needed."""


@contextlib.contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        reason = str(error)
        if "full" in reason or "disk I/O" in reason:
            said = f"The disk is full or cannot be written: {path} keeps what was stored before."
        elif "not a database" in reason:
            said = f"{path} is not an atlas file."
        elif "malformed" in reason or "corrupt" in reason:
            said = f"{path} is damaged ({reason}); restore it from a copy."
        elif "locked" in reason or "busy" in reason:
            said = f"{path} is in use by another process."
        elif "readonly" in reason or "unable to open" in reason:
            said = f"{path} cannot be opened for this: check that it exists and may be written."
        else:
            said = f"{path}: {reason}."
        raise AtlasError(said) from error


class WriteLock:
    """Keeps a second writer out; the operating system drops it when the process dies.

    It sits on a file of its own: closing a second descriptor of the database itself would drop
    SQLite's POSIX locks.
    """

    def __init__(self, path: Path):
        self.path = Path(f"{path}-lock")
        self.file = None
        if fcntl is None:
            return
        while True:
            file = open(self.path, "w")  # noqa: SIM115 - held until release
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                raise AtlasError(f"{path} is being written by another process.") from None
            # A writer that ended between open and flock has removed the file: lock the new one.
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(file.fileno()).st_ino == os.stat(self.path).st_ino:
                    self.file = file
                    return
            file.close()

    def release(self) -> None:
        """Let the next writer in."""
        if self.file is not None:
            self.path.unlink(missing_ok=True)
            self.file.close()
            self.file = None


def create_file(path: Path, meta: dict[str, Any]) -> None:
    """Make an atlas under a temporary name and move it into place, so that a kill leaves no half."""
    if not path.parent.is_dir():
        raise AtlasError(f"The directory {path.parent} does not exist; make it first.")
    new = Path(f"{path}-new")
    new.unlink(missing_ok=True)
    try:
        with clear_errors(path), contextlib.closing(sqlite3.connect(new, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            _schema.create(db)
            rows = [(key, json.dumps(value)) for key, value in meta.items()]
            db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
            db.execute("COMMIT")
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
        Path(f"{new}-journal").unlink(missing_ok=True)


def connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    """Open an existing atlas and check that it is one, of a schema that this version knows."""
    if not path.is_file():
        raise AtlasError(f"There is no atlas {path}.")
    with clear_errors(path):
        connection = _open_readonly(path) if readonly else sqlite3.connect(path, isolation_level=None)
        try:
            _check(path, connection)
            if not readonly:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # a kill loses nothing in WAL mode
                connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def _open_readonly(path: Path) -> sqlite3.Connection:
    address = path.resolve().as_uri()
    connection = sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA user_version")
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        # A log file beside it on a medium that cannot be written: read the file as it is.
        connection.close()
        connection = sqlite3.connect(f"{address}?immutable=1", uri=True, isolation_level=None)
    return connection


def _check(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _schema.APPLICATION_ID:
        raise AtlasError(f"{path} is not an atlas file.")
    if version > _schema.SCHEMA_VERSION:
        raise AtlasError(
            f"{path} has schema version {version}, but this lossatlas knows versions up to "
            f"{_schema.SCHEMA_VERSION}; install a newer lossatlas."
        )
    if version < _schema.SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        _schema.migrate(connection, version)
        connection.execute("COMMIT")


def compare_landscapes(path: Path, stored: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a landscape that is not the stored one, naming what differs."""
    given = json.loads(json.dumps(given))
    differences = [
        f"{key} is {stored.get(key)!r} there and {given.get(key)!r} here"
        for key in sorted(stored.keys() | given.keys())
        if stored.get(key) != given.get(key)
    ]
    if differences:
        raise AtlasError(
            f"{path} is the atlas of another landscape: {'; '.join(differences)}. "
            "Choose another file or the same settings."
        )
