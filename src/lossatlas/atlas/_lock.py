"""The lock with which one process at a time may write an atlas."""

import errno
import os
import sys
from pathlib import Path

from ._errors import AtlasError
from ._file_system import unsafe_option


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


HELD = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)  # the lock is held, here or by another process


class WriterLock:
    """The right to write an atlas, held as an advisory lock on the file `<path>-lock`.

    The lock is not on the atlas itself, because closing a second descriptor of that file would drop the
    locks of SQLite. The kernel releases the lock when the process is killed.

    **Arguments:**

    - `path`: path of the atlas.

    **Raises:** `AtlasError` if another process, or this one, writes the atlas already, or if the file
    system has no locks that would exclude other processes.
    """

    def __init__(self, path: Path):
        self.path = path.with_name(path.name + "-lock")
        self._descriptor: int | None = None
        option = unsafe_option(self.path.parent)
        if option is not None:
            raise _no_lock(path, f"is mounted with {option}, so other machines do not see its locks")
        while self._descriptor is None:
            try:
                descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o644)
            except OSError as error:
                raise AtlasError(
                    f"{path} cannot be written: {error.strerror} for its lock {self.path}."
                ) from error
            try:
                _take(descriptor)
            except OSError as error:
                os.close(descriptor)
                if error.errno in HELD:
                    raise AtlasError(
                        f"{path} is being written by another exploration; wait until that has ended, "
                        "or open it with readonly=True."
                    ) from error
                self.path.unlink(missing_ok=True)
                raise _no_lock(path, f"gives no lock for {self.path.name} ({error.strerror})") from error
            if self._is_current(descriptor):
                self._descriptor = descriptor
            else:  # its last owner removed the file between our open and our lock
                os.close(descriptor)

    def release(self) -> None:
        """Release the lock, and remove its file."""
        if self._descriptor is None:
            return
        if sys.platform == "win32":  # where an open file cannot be removed
            os.close(self._descriptor)
            try:
                self.path.unlink(missing_ok=True)
            except PermissionError:
                pass  # the next writer has opened it already
        else:
            self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
        self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False


def _no_lock(path: Path, why: str) -> AtlasError:
    return AtlasError(
        f"{path} cannot be written: its file system {why}, and without a lock two explorations could "
        "write it at once; explore into a file on a local disk, and copy it when it is done."
    )
