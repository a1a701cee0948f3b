"""The open file of an atlas: its tables, its transactions, and the table `meta` of settings."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ._connection import close_writer, open_reader, open_writer
from ._errors import AtlasError, sentences
from ._tables import Tables


class AtlasFile:
    """The open file of an atlas, which points, quantities, queue and log share.

    - `path`, `db`, `tables`: path, connection and tables of the file.
    - `is_writer`: whether the file may be written.
    - `undone`: functions that are called when a transaction is rolled back, to forget values in memory.

    **Arguments:**

    - `path`: path of the atlas.
    - `writes`: whether to open it for writing.
    - `meta`: rows of the table `meta` for a new atlas, JSON texts by key; None if the atlas must exist.
    """

    def __init__(self, path: Path, *, writes: bool, meta: dict[str, str] | None):
        self.path, self.is_writer = path, writes
        self._lock = None
        if writes:
            self.db, self._lock = open_writer(path, meta)
        else:
            self.db = open_reader(path)
        self.tables = Tables(self.db, path, is_writer=writes)
        self.undone: list[Callable[[], None]] = []
        self._depth, self._is_doomed = 0, False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all writes inside take effect together, or none of them.

        Inner transactions join the outermost one; if one of them fails, all of it is undone.
        """
        if not self.is_writer:
            raise AtlasError(
                f"{self.path} is open for reading; open it with its landscape to extend it, or with "
                "readonly=False to add quantities and sets."
            )
        with sentences(self.path):
            self._depth += 1
            try:
                if self._depth == 1:
                    self.db.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    if self._is_doomed:
                        raise AtlasError(f"A step inside this transaction on {self.path} failed.")
                    self.tables.flush()
                    self.db.execute("COMMIT")
            except BaseException:
                self._is_doomed = True
                if self._depth == 1:
                    self._undo()
                raise
            finally:
                self._depth -= 1
                self._is_doomed = self._is_doomed and self._depth > 0

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read a consistent state of the file inside; errors of SQLite become `AtlasError`."""
        with sentences(self.path), self.tables.snapshot():
            yield

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return all rows of a table in the order of the key."""
        with sentences(self.path):
            return self.tables.rows(table)

    def meta(self) -> dict[str, Any]:
        """Return the values of the table `meta` by key."""
        return {key: json.loads(text) for key, text in self.rows("meta")}

    def set_meta(self, key: str, value: Any) -> None:
        """Store a JSON-able value in the table `meta`."""
        with self.transaction():
            self.tables.put("meta", (key, json.dumps(value)))

    def close(self) -> None:
        """Close the file and let others write."""
        if self._lock is None:
            self.db.close()
        else:
            close_writer(self.db, self._lock)

    def _undo(self) -> None:
        for forget in self.undone:
            forget()
        self.tables.forget()
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
