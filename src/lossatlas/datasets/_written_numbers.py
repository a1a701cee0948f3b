"""Numbers as people and spreadsheets write them: decimal commas, thousands, percent signs, units."""

import decimal
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from ._texts import is_missing


GROUPS = " '’\u00a0\u2009\u202f"  # between thousands, besides the comma or the point
EXPONENT = r"(?:[eEdD][-+]?\d+)?"  # Fortran writes D
CURRENCIES = "$€£¥₹₽₩"


def _form(mark: str, between: str) -> re.Pattern[str]:
    """Return the form of a number with this decimal mark and these marks between thousands."""
    grouped = rf"[1-9]\d{{0,2}}(?P<between>[{between}])\d{{3}}(?:(?P=between)\d{{3}})*"
    return re.compile(rf"[-+]?(?:(?:{grouped}|\d+)(?:{mark}\d*)?|{mark}\d+){EXPONENT}")


FORMS = {".": _form(r"\.", "," + GROUPS), ",": _form(",", r"\." + GROUPS)}  # by the decimal mark
WITH_UNIT = re.compile(
    rf"(?P<sign>[-+]?)(?P<before>[{CURRENCIES}]|[A-Z]{{2,3}}(?=\s))?\s*"
    rf"(?P<number>[-+]?[\d.,][\d.,{GROUPS}]*?{EXPONENT})\s*"
    rf"(?P<after>[^\W\d_]\S{{0,11}}|[%°{CURRENCIES}]\S{{0,11}})?"
)


class Written(NamedTuple):
    """What the columns of a table are as plain numbers.

    - `columns`: the texts, numbers with a decimal point and nothing else in them; other texts as they were.
    - `units`: what was left out beside the numbers, such as kg or $, by column.
    - `doubts`: why the numbers of a column cannot be read, a sentence without an end, by column.
    - `said`: clauses on how numbers were read.
    """

    columns: dict[str, list[str]]
    units: dict[str, str]
    doubts: dict[str, str]
    said: list[str]


class _Column(NamedTuple):
    """A column in which at least half of the values are numbers in some writing.

    - `numbers`: the number without its unit, by the text; empty where the texts are plain numbers.
    - `unit`: what stands beside every number.
    - `marks`: the decimal marks by which all numbers can be read, a point, a comma, both or none.
    - `used`: which of point and comma stand in the numbers.
    - `doubt`: why they cannot be read.
    """

    numbers: dict[str, str]
    unit: str
    marks: str
    used: str
    doubt: str = ""


def plain_numbers(columns: Mapping[str, Sequence[str]], separator: str) -> Written:
    """Return columns whose numbers are written with a decimal point alone.

    What the point in 1.234 means follows from other numbers of the column, such as 1.5 or 1.234,5; if there
    are none, from other columns; if there are none either, from the separator of values: commas stand
    between values where the decimal mark is a point, semicolons where it may be a comma. Where this leaves
    a doubt, the column is not read.

    **Arguments:**

    - `columns`: texts by name.
    - `separator`: what separates the values in the file; a comma if there is no file.
    """
    found = {name: column for name, texts in columns.items() if (column := _column(texts)) is not None}
    clear = {column.marks for column in found.values() if len(column.marks) == 1 and column.used}
    written = Written({name: [*texts] for name, texts in columns.items()}, {}, {}, [])
    commas, thousands, shares = [], [], []
    for name, column in found.items():
        mark = column.marks if len(column.marks) == 1 else _meant(column.used, clear, separator)
        if column.doubt or mark is None:
            written.doubts[name] = column.doubt or _ambiguous(column)
            continue
        if not column.numbers or (mark == "." and not column.unit and _are_plain(column.numbers)):
            continue
        new = {}
        for text, number in column.numbers.items():
            matched = FORMS[mark].fullmatch(number)
            between = matched["between"] if matched else None
            bare = number.replace(between, "") if between else number
            thousands += [name] if between else []
            commas += [name] if mark in bare and mark == "," else []
            new[text] = re.sub("[dD]", "e", bare.replace(",", "."))
            if column.unit == "%":
                new[text] = str(decimal.Decimal(new[text]).scaleb(-2))
        written.columns[name] = [new.get(text, text) for text in columns[name]]
        if column.unit == "%":
            shares.append(name)
        elif column.unit:
            written.units[name] = column.unit
    written.said.extend(_said(commas, thousands, shares, written.units))
    return written


def _column(texts: Sequence[str]) -> _Column | None:
    """Return what the numbers of a column are; None where fewer than half of the values are numbers."""
    known = dict.fromkeys(text for text in texts if not is_missing(text))
    if _are_plain(known):
        pointed = [text.strip() for text in known if "." in text]
        clear = any(FORMS[","].fullmatch(text) is None for text in pointed)
        numbers = {} if clear or not pointed else {text: text.strip() for text in known}
        return _Column(numbers, "", "." if clear else ".,", "." if pointed else "")
    parts = _parts(known)
    if not parts or 2 * sum(text in parts for text in texts) < sum(text in known for text in texts):
        return None
    numbers = {text: number for text, (number, _) in parts.items()}
    units = sorted({unit for number, unit in parts.values() if unit or number.strip("-+0.,")})
    marks = "".join(mark for mark, form in FORMS.items() if all(map(form.fullmatch, numbers.values())))
    used = "".join(mark for mark in FORMS if any(mark in number for number in numbers.values()))
    doubt = ""
    if len(units) > 1:
        first, second = (next(text for text in parts if parts[text][1] == unit) for unit in units[:2])
        doubt = f"the numbers have different units, such as {first!r} and {second!r}; use one"
    elif not marks:
        first, second = (
            next(text for text, number in numbers.items() if not form.fullmatch(number))
            for form in FORMS.values()
        )
        doubt = f"{first!r} has a decimal comma, {second!r} a decimal point; write all in one way"
    return _Column(numbers, "".join(units[:1]), marks, used, doubt)


def _parts(texts: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return number and unit of each text that is a number, with a unit or without."""
    parts = {}
    for text in texts:
        found = WITH_UNIT.fullmatch(text.strip().replace("\u2212", "-"))
        if found is not None and not (found["before"] and found["after"]):
            number = found["sign"] + found["number"].strip()
            if any(form.fullmatch(number) for form in FORMS.values()):
                parts[text] = (number, found["before"] or found["after"] or "")
    units = {unit for _, unit in parts.values()}
    if len(units) == 1 and len(parts) == len(texts):
        return parts
    # Letters behind some of the numbers are no unit: 1st and 2nd, 3a and 4b.
    return {text: part for text, part in parts.items() if part[1] in ("", "%", *CURRENCIES)}


def _are_plain(texts: Iterable[str]) -> bool:
    """Return whether all texts are numbers as Python writes them."""
    try:
        for text in texts:
            float(text.replace("_", "x"))  # Python reads 1_0 as 10
    except ValueError:
        return False
    return True


def _meant(used: str, clear: set[str], separator: str) -> str | None:
    """Return the decimal mark of numbers such as 1.234 or 1,234 alone; None where that is not clear."""
    if not used:
        return "."
    if len(clear) == 1:
        return next(iter(clear))
    if used == ".":
        return None if separator == ";" else "."
    if clear or used != ",":
        return None
    return {";": ",", ",": "."}.get(separator)


def _ambiguous(column: _Column) -> str:
    text, number = next((t, n) for t, n in column.numbers.items() if set(n) & set(".,"))
    bare = re.sub("[.,]", "", number)
    return (
        f"{text.strip()!r} may be {bare} or {number.replace(',', '.')}; write numbers with a decimal point "
        "and nothing between thousands"
    )


def _said(commas: list[str], thousands: list[str], shares: list[str], units: dict[str, str]) -> list[str]:
    """Return clauses on how numbers were read."""
    left = ", ".join(f"{unit} ({name})" for name, unit in units.items())
    clauses = {
        "decimal commas": commas,
        f"marks between thousands left out: {', '.join(dict.fromkeys(thousands))}": thousands,
        f"percentages as fractions: {', '.join(shares)}": shares,
        f"units left out: {left}": units,
    }
    return [clause for clause, there in clauses.items() if there]
