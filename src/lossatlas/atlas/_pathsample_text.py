"""Parser for the text files of PATHSAMPLE, as Fortran programs and people write them.

Values in missing columns are not known, and neither are numbers that Fortran could not write: NaN,
Infinity, asterisks in a field that was too narrow. Both become NaN here, or None for a whole number.
Disconnectivity graphs need only column 1 of `min.data` and columns 1, 4 and 5 of `ts.data`.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ._errors import AtlasError


MINIMUM_COLUMNS = (
    "energy, log-product, point-group order, three moments of inertia (the first 1, 2, 3 or 6)"
)
STATE_COLUMNS = (
    "energy, log-product, point-group order, two ids of minima, three moments of inertia (all 8, the first "
    "5, or energy and ids alone)"
)
_LONGEST = 1000  # largest number of digits of a whole number
_SHOWN = 40  # characters of a word that messages show

_COMMENT = re.compile(r"[!#].*")
_SEPARATOR = re.compile(r",(?=\s|$)")  # a comma before a digit may be a decimal comma
_REPEATED = re.compile(r"([0-9]{1,3})\*([^*]+)")  # 3*1.0, as Intel's Fortran writes equal numbers
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eEdD][+-]?[0-9]+)?")
_NO_LETTER = re.compile(
    r"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))([+-][0-9]{3})"
)  # Fortran drops the E of three-digit exponents
_UNKNOWN = re.compile(r"\*+|[+-]?(nan(\(\w*\))?|inf(inity)?)", re.IGNORECASE)


class Line(NamedTuple):
    """One point of a file.

    - `number`: number of the line, from 1.
    - `energy`, `log_product`: NaN if not known.
    - `order`: order of the point group; None if not known.
    - `minima`: ids of the two minima of a transition state; empty for a minimum.
    - `moments`: three moments of inertia; None if not known.
    """

    number: int
    energy: float
    log_product: float
    order: int | None
    minima: list[int]
    moments: list[float] | None


def read_minima(path: Path) -> list[Line]:
    """Read `min.data`.

    **Raises:** `AtlasError` that names file and line, for a malformed line or an unknown energy; and if
    there is no minimum.
    """
    lines = [
        _parse(path, number, words, 0) for number, words in _alike(path, MINIMUM_COLUMNS, _minimum_columns)
    ]
    for line in lines:
        if not math.isfinite(line.energy):
            raise AtlasError(
                f"{path}, line {line.number}: the energy of this minimum is not a finite number."
            )
    if not lines:
        raise AtlasError(f"{path} holds no minimum.")
    return lines


def read_states(path: Path, minima: int) -> list[Line]:
    """Read `ts.data`, whose ids of minima must be 1 to `minima`.

    **Raises:** `AtlasError` that names file and line, for a malformed line or an unknown minimum.
    """
    lines = [
        _parse(path, number, words, 2) for number, words in _alike(path, STATE_COLUMNS, _state_columns)
    ]
    for line in lines:
        for minimum in line.minima:
            if not 1 <= minimum <= minima:
                raise AtlasError(
                    f"{path}, line {line.number}: minimum {minimum} is not in min.data, which has {minima}."
                )
    return lines


def read_set(path: Path, minima: int) -> Int[np.ndarray, " ids"] | None:
    """Read `min.A` or `min.B`, which hold the number of ids and then the ids, on one or several lines.

    **Returns:** the ids, sorted; None if there is no such file.

    **Raises:** `AtlasError` for an empty set, a wrong number of ids, and ids that are not 1 to `minima`.
    """
    if not path.exists():
        return None
    found = [
        _whole(word, f"{path}, line {number}", "id of a minimum")
        for number, words in _lines(path)
        for word in words
    ]
    if found in ([], [0]):
        raise AtlasError(f"{path} names no minimum: mend it or take it away.")
    count, *ids = found
    if len(ids) != count:
        raise AtlasError(
            f"{path} says that it has {count} ids, and has {len(ids)}: mend it or take it away."
        )
    for minimum in ids:
        if not 1 <= minimum <= minima:
            raise AtlasError(f"{path}: minimum {minimum} is not in min.data, which has {minima}.")
    return np.unique(ids)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and words of every line that is not empty; Fortran skips empty lines, too."""
    try:  # comments may be in any encoding, since numbers are ASCII
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise AtlasError(f"{path} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        words = _SEPARATOR.sub(" ", _COMMENT.sub("", line)).split()
        if "*" in line:
            words = [part for word in words for part in _repeated(word)]
        if words:
            yield number, words


def _repeated(word: str) -> list[str]:
    match = _REPEATED.fullmatch(word)
    return [match[2]] * int(match[1]) if match else [word]


def _alike(path: Path, columns: str, kept) -> Iterator[tuple[int, list[str]]]:
    """Yield number and words of the lines, which must all have as many columns, as counted by `kept`.

    A line with fewer columns than the first is refused: a program that was killed may have left it.
    """
    first, width = 0, 0
    for number, words in _lines(path):
        here = kept(words)
        if here == 0:
            raise AtlasError(f"{path}, line {number}: needs the columns {columns}; got {len(words)}.")
        if not first:
            first, width = number, here
        if here != width:
            raise AtlasError(
                f"{path}, line {number}: has {len(words)} columns, other than line {first}: it cannot "
                "be told which are missing."
            )
        yield number, words[:width]


def _minimum_columns(words: list[str]) -> int:
    """Return the number of leading columns of `min.data` that have a meaning; 0 if it cannot be told."""
    return 6 if len(words) >= 6 else len(words) if len(words) <= 3 else 0


def _state_columns(words: list[str]) -> int:
    """Return the number of leading columns of `ts.data` that have a meaning; 0 if it cannot be told."""
    return 8 if len(words) >= 8 else len(words) if len(words) in (3, 5) else 0


def _parse(path: Path, number: int, words: list[str], ends: int) -> Line:
    where = f"{path}, line {number}"
    energy = _real(words[0], where)
    if ends and len(words) == 3:  # energy and ids alone
        ids = [_whole(word, where, "id of a minimum") for word in words[1:]]
        return Line(number, energy, math.nan, None, ids, None)
    log_product = _real(words[1], where) if len(words) > 1 else math.nan
    order = _order(words[2], where) if len(words) > 2 else None
    ids = [_whole(word, where, "id of a minimum") for word in words[3 : 3 + ends]]
    moments = [_real(word, where) for word in words[3 + ends :]]
    return Line(number, energy, log_product, order, ids, moments if len(moments) == 3 else None)


def _real(word: str, where: str) -> float:
    """Return a number; NaN if the word stands for an unknown number."""
    if not _NUMBER.fullmatch(word):
        match = _NO_LETTER.fullmatch(word)
        if _UNKNOWN.fullmatch(word):
            return math.nan
        if not match:
            raise AtlasError(f"{where}: needs a number, got {word[:_SHOWN]!r}.")
        word = f"{match[1]}e{match[2]}"
    value = float(word.replace("D", "E").replace("d", "e"))
    return value if math.isfinite(value) else math.nan


def _order(word: str, where: str) -> int | None:
    """Return the order of a point group; None if it is unknown, which 0 means, too."""
    if _UNKNOWN.fullmatch(word):
        return None
    order = _whole(word, where, "order of a point group")
    if order < 0:
        raise AtlasError(
            f"{where}: the order of a point group is 1 or more, or 0 if not known; got {order}."
        )
    return order or None


def _whole(word: str, where: str, what: str) -> int:
    """Return a whole number, which some programs write as 1.0."""
    if _INTEGER.fullmatch(word) and len(word) <= _LONGEST:
        return int(word)
    if _NUMBER.fullmatch(word):
        value = float(word.replace("D", "E").replace("d", "e"))
        if value.is_integer() and abs(value) < 2**53:
            return int(value)
    raise AtlasError(f"{where}: needs the {what}, a whole number, got {word[:_SHOWN]!r}.")
