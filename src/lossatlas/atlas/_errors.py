"""Errors of atlas files, each one sentence."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class AtlasError(ValueError):
    """An atlas cannot be opened, read or written; the message says why and what is needed."""


def key_text(values: Iterable[Any]) -> str:
    """Return the key of a row for a message, shortened, because a damaged key may have any length."""
    texts = (str(value) for value in values)
    return ", ".join(text if len(text) <= 40 else f"{text[:40]}..." for text in texts)


def damaged(path: Path, what: str) -> AtlasError:
    """Return the error for a damaged file, with what is wrong."""
    return AtlasError(f"{path} is damaged: {what}; restore it from a copy.")


_SENTENCES = {  # part of the message of SQLite -> sentence of lossatlas
    "disk is full": "The disk is full, so nothing of this step was written to {path}; "
    "the file is unharmed: free some space and run again.",
    "disk i/o error": "The disk refused to read or write {path}; the last committed batch is safe.",
    "database is locked": "{path} is locked by another process; wait until that has finished.",
    "not a database": "{path} is not an atlas file.",
    "malformed": "{path} is damaged: SQLite finds a malformed page; restore it from a copy.",
    "could not decode": "{path} is damaged: a text is no UTF-8; restore it from a copy.",
    "no such": "{path} is damaged: a table or column is missing; restore it from a copy.",
    "readonly database": "{path} may not be written; check the permissions of file and directory.",
    "unable to open": "{path} cannot be opened; check the permissions of file and directory.",
    "closed database": "The atlas {path} is closed; open it again.",
}


@contextlib.contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into `AtlasError`.

    **Arguments:**

    - `path`: path of the atlas, for the message.

    **Raises:** `AtlasError` in place of any `sqlite3.Error`.
    """
    try:
        yield
    except sqlite3.Error as error:
        message = str(error).lower()
        for part, sentence in _SENTENCES.items():
            if part in message:
                raise AtlasError(sentence.format(path=path)) from error
        raise AtlasError(f"SQLite cannot work with {path}: {' '.join(str(error).split())}.") from error
    except UnicodeDecodeError as error:
        raise AtlasError(_SENTENCES["could not decode"].format(path=path)) from error
