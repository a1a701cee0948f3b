"""Open, create and lock the file of an atlas. One process writes, any number read."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from ._errors import AtlasError, sentences
from ._schema import check_version, create, is_empty, migrate


try:
    import fcntl
except ImportError:  # Windows, where SQLite's own locks have to do
    fcntl = None


SMALLEST_DATABASE = 512  # bytes; SQLite takes a file of one byte for an empty database
PATIENCE = 10.0  # seconds to wait for a reader or writer that holds the file for a moment


class WriterLock:
    """The right to write an atlas, held as an advisory lock on the file `<path>-lock`.

    Not on the atlas itself: closing a second descriptor of that file would drop SQLite's own locks.
    The kernel releases it when a process is killed.

    **Arguments:**

    - `path`: of the atlas.

    **Raises:** `AtlasError` if another process, or this one, writes the atlas already.
    """

    def __init__(self, path: Path):
        self.path = path.with_name(path.name + "-lock")
        self._descriptor: int | None = None
        while fcntl is not None and self._descriptor is None:
            try:
                descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o644)
            except OSError as error:
                raise AtlasError(
                    f"{path} cannot be written: {error.strerror} for its lock {self.path}."
                ) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    raise AtlasError(
                        f"{path} is being written by another exploration; wait until it ends, or "
                        "it can be read meanwhile, not written."
                    ) from error
                return  # some network file systems know no locks
            if self._is_current(descriptor):
                self._descriptor = descriptor
            else:  # its last owner removed the file between our open and our lock
                os.close(descriptor)

    def release(self) -> None:
        """Let others write, and remove the file of the lock."""
        if self._descriptor is not None:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False


def open_writer(path: Path, meta: dict[str, str]) -> tuple[sqlite3.Connection, WriterLock]:
    """Open an atlas for writing; create it if the file is missing or empty.

    **Arguments:**

    - `path`: of the atlas.
    - `meta`: rows of the table `meta` if the atlas is new, JSON texts by key.

    **Returns:** the connection and the lock, to be handed to `close_writer`.

    **Raises:** `AtlasError`; a file that was there is left as it was, and none is left behind.
    """
    if not path.parent.is_dir():
        raise AtlasError(f"There is no directory {path.parent} to put the atlas {path.name} in.")
    _check_is_file(path)
    lock = WriterLock(path)
    is_new = not path.exists()
    db = None
    try:
        with sentences(path):
            db = _connect(path, "rwc")
            # Reading the schema first makes SQLite undo what a killed creation left half done.
            if is_empty(db):
                create(db, meta)
            elif not check_version(db, path):
                migrate(db)
            with contextlib.suppress(sqlite3.OperationalError):  # not on network file systems
                db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
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


def open_reader(path: Path, *, may_migrate: bool) -> sqlite3.Connection:
    """Open an atlas for reading.

    **Arguments:**

    - `path`: of the atlas.
    - `may_migrate`: whether an older schema may be brought up to date, which writes to the file.

    **Raises:** `AtlasError` if there is no atlas that can be read.
    """
    if not path.exists():
        raise AtlasError(f"There is no atlas {path}.")
    _check_is_file(path)
    with sentences(path):
        db, is_current = _connect_reader(path)
        if not is_current:
            db.close()
            if not may_migrate:
                raise AtlasError(
                    f"{path} has an older atlas schema; open it once without readonly=True to "
                    "bring it up to date."
                )
            close_writer(*open_writer(path, {}))
            db, _ = _connect_reader(path)
    return db


def remove(path: Path) -> None:
    """Remove an atlas with all that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)


def _connect_reader(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Return a connection that cannot write, and whether the schema is up to date."""
    try:
        return _checked(path, "ro")
    except sqlite3.OperationalError:
        # WAL needs a file beside the atlas, which a read-only medium cannot take.
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
