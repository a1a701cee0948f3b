"""A file that holds a table as text: its encoding, what separates its values, its header and its rows."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ._labels import as_number


SEPARATORS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "spaces",
}
FIRST = 50  # records by which the separator is found
SHOWN = 12  # names of columns in a sentence

UNPACK = "unpack it first"
SAVE = "save the table in it as CSV, or read it with pandas and give the data frame"
KINDS = {  # of files, by their first bytes
    b"PAR1": ("a Parquet file", SAVE),
    b"ARROW1": ("an Arrow file", SAVE),
    b"\x89HDF": ("an HDF5 file", SAVE),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", SAVE),
    b"\x93NUMPY": ("an array of numpy", SAVE),
    b"SQLite format 3": ("an SQLite database, such as an atlas", "a table as CSV is needed"),
    b"$FL": ("a file of SPSS", SAVE),
    b"<stata_dta>": ("a file of Stata", SAVE),
    b"%PDF": ("a PDF document", SAVE),
    b"\x1f\x8b": ("compressed by gzip", UNPACK),
    b"BZh": ("compressed by bzip2", UNPACK),
    b"\xfd7zXZ": ("compressed by xz", UNPACK),
    b"version https://git-lfs": ("a pointer of git-lfs, not the data", "run: git lfs pull"),
}
STARTS = {  # of texts that are no CSV, in small letters
    "<": ("a page of HTML or XML", SAVE),
    "{": ("JSON", SAVE),
    "[{": ("JSON", SAVE),
    "@relation": ("an ARFF file", SAVE),
}


class TableFile(NamedTuple):
    """Columns of texts as they stand in a file.

    - `columns`: the texts of each column by its name; the name of row names is empty.
    - `rows`: the number of each row, blank ones counted; the header is row 1 if nothing stands above it.
    - `separator`: what separates the values.
    - `said`: clauses on how the file was read, where that is not plain CSV.
    """

    columns: dict[str, list[str]]
    rows: list[int]
    separator: str
    said: list[str]


def read_file(path: Path) -> TableFile:
    """Read a table; blank rows, comments above the header, and nameless empty columns are passed over.

    **Raises:** `ValueError` in one sentence for a file that is no such table.
    """
    text, said = _text(path)
    lines = list(io.StringIO(text, newline=""))  # as a file: other separators of lines are part of a value
    start, separator = _preamble(lines)
    separator = separator or _separator(lines[start:])
    comments, header = _comments(lines[start:], separator)
    start += comments
    if comments:
        said.append(f"{comments} line{'s' if comments > 1 else ''} of comments passed over")
    if separator != ",":
        said.append(f"values separated by {SEPARATORS.get(separator, repr(separator))}")
    try:
        records = dict(enumerate(_records(lines[start:], separator, strict=True), start + 1))
    except csv.Error as error:
        raise ValueError(
            f"{path} is not a CSV text file: {error}; is a quotation mark not closed or not doubled?"
        ) from None
    if header is not None:
        records = {start: header, **records}
    records = {number: record for number, record in records.items() if any(map(str.strip, record))}
    if len(records) < 2:
        raise ValueError(f"{path.name} needs a header line and at least one row of data.")
    first = min(records)
    names = [" ".join(name.split()) for name in records.pop(first)]
    _cut_empty_ends(names, records)
    if len(names) + 1 == min(map(len, records.values())) and _begin_with_row_names(
        lines[start:], records, separator
    ):
        names = ["", *names]
    _check(path.name, names, records, first)
    columns = {name: [record[i] for record in records.values()] for i, name in enumerate(names)}
    return TableFile(columns, list(records), separator, said)


def listed(names: Sequence[str]) -> str:
    """Return names of columns for a sentence; the last ones are left out if there are many."""
    shown = [name or "(no name)" for name in names]
    return ", ".join(shown if len(shown) <= SHOWN else [*shown[:SHOWN], f"and {len(shown) - SHOWN} more"])


def _text(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file, and the clause on its encoding if that is not UTF-8."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    kind = next((kind for start, kind in KINDS.items() if data.startswith(start)), None)
    if data.startswith(b"PK\x03\x04"):
        kind = ("an Excel workbook", SAVE) if b"xl/" in data else ("compressed by zip", UNPACK)
    if kind is not None:
        raise ValueError(f"{path} is {kind[0]}; {kind[1]}.")
    text, said = None, []
    data = data.rstrip(b"\x1a")  # ends files of DOS
    for encoding, name in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        said = [f"read as {name}"] if name else []
        break
    if text is None or re.search(r"[\x00-\x08\x0e-\x19\x7f]", text):
        raise ValueError(f"{path} is not a CSV text file in UTF-8.")
    begin = text[:1000].lstrip().lower()
    if "@relation" in begin and begin.startswith(("%", "@")):
        begin = "@relation"
    kind = next((kind for start, kind in STARTS.items() if begin.startswith(start)), None)
    if kind is not None:
        raise ValueError(f"{path} is {kind[0]}; {kind[1]}.")
    return text, said


def _encodings(data: bytes) -> list[tuple[str, str]]:
    """Return the encodings to try, and what is said of each."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return [("utf-16", "UTF-16")]
    return [("utf-8-sig", ""), ("cp1252", "Windows-1252, as it is not UTF-8")]


def _preamble(lines: Sequence[str]) -> tuple[int, str]:
    """Return at which line the table begins, and its separator if a first line sep=; names it."""
    stated = re.fullmatch(r'"?sep=(.)"?[\s,;]*', lines[0], re.IGNORECASE) if lines else None
    return (1, stated[1]) if stated else (0, "")


def _records(lines: Sequence[str], separator: str, *, strict: bool = False):
    """Return an iterator over the values of each record."""
    if separator == " ":  # of any number
        lines = [line.strip(" \r\n") + "\n" for line in lines]
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _separator(lines: Sequence[str]) -> str:
    """Return what separates the values.

    It cuts most of the first records into equally many values, and into most of them.
    """
    best, highest = ",", (0.0, 1)
    for separator in SEPARATORS:
        if separator == " " and highest[1] > 1:
            break  # names and words may have spaces
        counts = []
        try:
            for record in _records(lines[: 4 * FIRST], separator):
                if any(map(str.strip, record)) and not record[0].startswith("#"):
                    counts.append(len(record))
                if len(counts) == FIRST:
                    break
        except csv.Error:
            continue
        count, times = max(Counter(counts).items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        score = (times / max(1, len(counts)), count)
        if count > 1 and score > highest:
            best, highest = separator, score
    return best


def _comments(lines: Sequence[str], separator: str) -> tuple[int, list[str] | None]:
    """Return how many lines of comments stand above the rows, and the header if the last of them is it."""
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    if not count:
        return 0, None
    last = lines[count - 1].lstrip("#").strip()
    names, values = next(_records([last], separator), []), next(_records(lines[count:], separator), [])
    has_numbers = [any(as_number(text.strip()) is not None for text in texts) for texts in (names, values)]
    is_header = len(names) == len(values) and has_numbers == [False, True]
    return (count, names) if is_header else (count, None)


def _cut_empty_ends(names: list[str], records: dict[int, list[str]]) -> None:
    """Remove columns at the end without name and values; separators at the end of lines make them."""
    every = [names, *records.values()]
    while (width := max(map(len, every))) > 1 and not any(
        record[width - 1].strip() for record in every if len(record) == width
    ):
        for record in every:
            del record[width - 1 :]


def _begin_with_row_names(lines: Sequence[str], records: dict[int, list[str]], separator: str) -> bool:
    """Return whether rows, one value longer than the header, begin with row names as R writes them."""
    begins = [record[0] for record in records.values()]
    if all(line.startswith('"') for line in lines[1:] if line.strip()):
        return len(set(begins)) == len(begins)
    return separator in " \t" and begins == [str(i + 1) for i in range(len(begins))]


def _check(name: str, names: list[str], records: dict[int, list[str]], first: int) -> None:
    """Refuse rows of another length than the header, and names of columns that are none."""
    lengths = Counter(map(len, records.values()))
    if len(names) not in lengths:
        remedy = "does the header name every column, and do commas within values stand in quotation marks?"
        if len(names) == 1:
            remedy = "remove what stands above the header line."
        length, _ = lengths.most_common(1)[0]
        raise ValueError(
            f"{name}, row {first}: {_count(len(names), 'name')} for {length} columns; {remedy}"
        )
    for number, record in records.items():
        if len(record) != len(names):
            values = _count(len(record), "value")
            raise ValueError(f"{name}, row {number}: {values} for {_count(len(names), 'column')}.")
    repeated = [text for text, times in Counter(names).items() if times > 1 and text]
    if repeated:
        remedy = "the header line must give each a name of its own"
        raise ValueError(f"{name} has several columns named {repeated[0]!r}; {remedy}.")
    if "" in names[1:]:
        place = names.index("", 1) + 1
        raise ValueError(f"{name}, row {first}: column {place} has no name; the header must name it.")
    numbers = [float(number) for text in names if (number := as_number(text)) is not None]
    # Names such as 400.5 and 401.0, of wavelengths, are in order.
    ordered = numbers in (sorted(numbers), sorted(numbers, reverse=True)) and len(numbers) > 2
    if not ordered and not all(number.is_integer() for number in numbers):
        remedy = f"if row {first} holds values, add a header line with the names of the columns"
        raise ValueError(f"{name}, row {first}: the names {listed(names)} are numbers; {remedy}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
