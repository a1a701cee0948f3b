"""Reading and writing the tables of an atlas, with a checksum for every row."""

import contextlib
import operator
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from ._checksums import COLUMNS, KEYS, SCHEMA, checksums, key_columns, schema_total
from ._errors import damaged, key_text


CHUNK = 10_000  # rows that are verified at a time
_VALUES, _CHECKSUM = operator.itemgetter(slice(0, -1)), operator.itemgetter(-1)  # parts of a stored row


class Tables:
    """The tables of an open atlas; rows that differ from those written raise an `AtlasError`.

    **Arguments:**

    - `db`: the open atlas.
    - `path`: path of the atlas, for messages.
    - `is_writer`: whether this process holds the lock, so that no other one can change the file.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, *, is_writer: bool):
        self._db, self._path, self._is_writer = db, path, is_writer
        self._changes: dict[str, tuple[int, int]] = {}  # changes of `totals` that are not yet written
        self._trusted: dict[str, int] = {}  # version of the file in which a table was verified

    # ---- reading -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read one state of the file inside, because another process may be writing."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:
                self._db.execute("COMMIT")

    def read(self, table: str) -> dict[str, tuple[Any, ...]]:
        """Return all columns of a table by name, in the order of the key."""
        with self.snapshot():
            chunks = list(self._verified(table))
        names = COLUMNS[table]
        return {
            name: tuple(chain.from_iterable(chunk[i] for chunk in chunks)) for i, name in enumerate(names)
        }

    def read_trusted(self, table: str, *, leave_out: str) -> dict[str, tuple[Any, ...]]:
        """Return all columns of a table but one; the table is verified unless that was done before."""
        names = [name for name in COLUMNS[table] if name != leave_out]
        order = ", ".join(key_columns(table))
        rows = self.select(table, f"SELECT {', '.join(names)} FROM {table} ORDER BY {order}")
        return dict(zip(names, zip(*rows) if rows else [()] * len(names)))

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """Return all rows of a table in the order of the key, with values in the order of `COLUMNS`."""
        return list(zip(*self.read(table).values()))

    def select(self, table: str, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query, after verifying the whole table that it reads."""
        with self.snapshot():
            self.trust(table)
            return self._db.execute(query, values).fetchall()

    def count(self, table: str) -> int:
        """Return the number of rows."""
        return self._expected(table)[0]

    def trust(self, table: str) -> None:
        """Verify a table and its indices, unless that was done and the file has not changed since."""
        if self._trusted.get(table) == self._version():
            return
        for _ in self._verified(table):
            pass

    def verify_schema(self) -> None:
        """Verify the totals and the definitions of all tables."""
        known = {name for (name,) in self._db.execute("SELECT name FROM totals")}
        for name in (*COLUMNS, SCHEMA):
            self._expected(name)
        if known != {*COLUMNS, SCHEMA} or schema_total(self._db) != self._expected(SCHEMA):
            raise damaged(self._path, "its tables are not defined as they were")

    # ---- writing, inside a transaction ---------------------------------------------------------

    def insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Append rows with new keys, values in the order of `COLUMNS`."""
        self.trust(table)
        if not rows:
            return
        found = checksums(table, rows)
        columns = dict(zip(COLUMNS[table], zip(*rows)))
        # Columns without any value are left out: SQLite fills in NULL in half the time.
        given = {name: values for name, values in columns.items() if values.count(None) < len(rows)}
        names, places = ", ".join((*given, "checksum")), ", ".join("?" * (len(given) + 1))
        query = f"INSERT INTO {table} ({names}) VALUES ({places})"
        self._db.executemany(query, zip(*given.values(), found))
        self._note(table, len(rows), sum(found))

    def row(self, table: str, row_id: int) -> dict[str, Any] | None:
        """Return the values of a row by name, `checksum` included; None if no row has that id."""
        self.trust(table)
        names = (*COLUMNS[table], "checksum")
        query = f"SELECT {', '.join(names)} FROM {table} WHERE id = ?"
        found = self._db.execute(query, (row_id,)).fetchone()
        if found is None:
            return None
        self._compare(table, [found])
        return dict(zip(names, found))

    def update(self, table: str, row: dict[str, Any], **changes: Any) -> None:
        """Change values of a row that `row` returned."""
        changed = row | changes
        (new,) = checksums(table, [tuple(changed[name] for name in COLUMNS[table])])
        sets = ", ".join(f"{name} = ?" for name in (*changes, "checksum"))
        values = (*changes.values(), new, row["id"])
        self._db.execute(f"UPDATE {table} SET {sets} WHERE id = ?", values)
        self._note(table, 0, new - row["checksum"])

    def put(self, table: str, row: tuple[Any, ...]) -> None:
        """Write one row, in place of an older one with its key; only for tables to which no row refers."""
        self.trust(table)
        self.delete(table, *row[: len(key_columns(table))])
        self.insert(table, [row])

    def delete(self, table: str, *key: Any) -> None:
        """Delete the rows whose key begins with the given values; all rows if no value is given."""
        self.trust(table)
        where = " AND ".join(f"{name} = ?" for name in key_columns(table)[: len(key)]) or "true"
        count, total = self._db.execute(
            f"SELECT count(*), coalesce(sum(checksum), 0) FROM {table} WHERE {where}", key
        ).fetchone()
        self._db.execute(f"DELETE FROM {table} WHERE {where}", key)
        self._note(table, -count, -total)

    def flush(self) -> None:
        """Write the changed totals, as the last step of a transaction."""
        for table in self._changes:
            row = (table, *self._expected(table))
            self._db.execute(
                "UPDATE totals SET count = ?, total = ?, checksum = ? WHERE name = ?",
                (*row[1:], *checksums("totals", [row]), table),
            )
        self._changes = {}

    def forget(self) -> None:
        """Discard the changes of the totals after a rollback."""
        self._changes = {}

    # ---- inside --------------------------------------------------------------------------------

    def _note(self, table: str, count: int, total: int) -> None:
        before = self._changes.get(table, (0, 0))
        self._changes[table] = before[0] + count, before[1] + total

    def _version(self) -> int:
        # Only a reader needs it: the number changes when another connection commits.
        return 0 if self._is_writer else self._db.execute("PRAGMA data_version").fetchone()[0]

    def _expected(self, table: str) -> tuple[int, int]:
        """Return the number of rows and the sum of their checksums according to `totals`."""
        rows = self._db.execute("SELECT * FROM totals WHERE name = ?", (table,)).fetchall()
        if len(rows) != 1:
            raise damaged(self._path, f"the number of rows of {table} is lost")
        self._compare("totals", rows)
        count, total = self._changes.get(table, (0, 0))
        return rows[0][1] + count, rows[0][2] + total

    def _verified(self, table: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the columns of all rows in chunks; they are verified once the iteration has ended."""
        expected, count, total, last = self._expected(table), 0, 0, ()
        keys = key_columns(table)
        cursor = self._db.execute(
            f"SELECT {', '.join(COLUMNS[table])}, checksum FROM {table} ORDER BY {', '.join(keys)}"
        )
        while rows := cursor.fetchmany(CHUNK):
            self._compare(table, rows)
            *columns, stored = zip(*rows)
            found = [last, *zip(*columns[: len(keys)])]
            if found != sorted(found):
                raise damaged(self._path, f"the rows of {table} are not in order")
            count, total, last = count + len(rows), total + sum(stored), found[-1]
            yield columns
        if count != expected[0]:
            raise damaged(self._path, f"{table} has {count} rows instead of {expected[0]}")
        if total != expected[1]:
            raise damaged(self._path, f"the rows of {table} are not those that were written last")
        if table not in KEYS and count and last != (count,):
            raise damaged(self._path, f"the ids of {table} have gaps")
        if table == "searches":  # the only table that is read through an index
            report = page_report(self._db, table)
            if report is not None:
                raise damaged(self._path, report)
        self._trusted[table] = self._version()

    def _compare(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Compare the checksums at the ends of rows with those of their values."""
        found, stored = checksums(table, map(_VALUES, rows)), list(map(_CHECKSUM, rows))
        if found == stored:
            return
        row = next(row for row, checksum in zip(rows, found) if row[-1] != checksum)
        key = key_text(row[: KEYS.get(table, 1)])
        raise damaged(self._path, f"row {key} of {table} does not agree with its checksum")


def page_report(db: sqlite3.Connection, table: str | int = 1) -> str | None:
    """Return the faults that SQLite finds in pages and indices of a table, or of the file; None if none."""
    report = db.execute(f"PRAGMA integrity_check({table})").fetchone()[0]
    return None if report == "ok" else " ".join(report.replace("*** in database main ***", "").split())
