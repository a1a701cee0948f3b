"""Labels of classes as people write them, and which of them mean the same class."""

import decimal
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ._texts import as_text


QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’"}
TRUTH = ("true", "false", "yes", "no")
SHOWN = 5  # largest number of groups of labels that a note lists


def read_labels(texts: Sequence[str]) -> tuple[list[int], tuple[str, ...], str]:
    """Return the class number of every item, the names of the classes, and a note on joined labels.

    Two labels are one class if they have the same value: equal numbers (0, 0.0, +0, 0e0, 00), or one truth
    value in any case (true, True, TRUE; yes, Yes). Quotes around a label and the amount of white space are
    ignored. Other words that differ only in case are different classes, since A and a may well be two; the
    note names them.

    **Arguments:**

    - `texts`: a label for every item.

    **Returns:** class numbers, one per item; names of the classes in their shortest form, numbers in
    ascending order before words in alphabetical order; and the note, which may be empty.
    """
    labels = [bare(text) for text in texts]
    keys = [value_of(label) for label in labels]
    writings: dict[float | str, Counter[str]] = {}
    for key, label in zip(keys, labels):
        writings.setdefault(key, Counter())[label] += 1
    order = sorted(writings, key=lambda key: (isinstance(key, str), key))
    number = {key: i for i, key in enumerate(order)}
    groups = [_shortest_first(writings[key]) for key in order]
    names = tuple(group[0] for group in groups)
    return [number[key] for key in keys], names, "; ".join(filter(None, (_joined(groups), _apart(names))))


def bare(text: str) -> str:
    """Return a value without quotes around it, with single spaces and normalised accents (NFC)."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text


def as_number(text: str) -> float | int | None:
    """Return a finite number (an integer if it is whole); None for anything else, such as 1_0 or nan."""
    try:
        exact = decimal.Decimal(text) if "_" not in text else decimal.Decimal("nan")
    except decimal.InvalidOperation:
        return None
    if not exact.is_finite() or not math.isfinite(float(exact)):
        return None
    # Two long whole numbers, such as identifiers, could be equal as floats.
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def value_of(text: str) -> float | int | str:
    """Return the value that all writings of one label or word share."""
    label = bare(text)
    number = as_number(label)
    if number is not None:
        return number
    return label.lower() if label.lower() in TRUTH else label


def _shortest_first(writings: Counter[str]) -> list[str]:
    return sorted(writings, key=lambda label: (len(label), -writings[label], label))


def _joined(groups: list[list[str]]) -> str:
    """Return a clause that names the labels that were joined, or an empty text."""
    several = [f"{', '.join(group[1:])} as {group[0]}" for group in groups if len(group) > 1]
    if not several:
        return ""
    more = f" and {len(several) - SHOWN} more alike" if len(several) > SHOWN else ""
    return f"labels of one value joined: {', '.join(several[:SHOWN])}{more}"


def _apart(names: tuple[str, ...]) -> str:
    """Return a clause that names the classes that differ only in case, or an empty text."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold(), []).append(name)
    several = [" and ".join(group) for group in alike.values() if len(group) > 1]
    if not several:
        return ""
    more = f" and {len(several) - SHOWN} more" if len(several) > SHOWN else ""
    return f"kept apart although only their case differs: {', '.join(several[:SHOWN])}{more}"


def as_labels(
    values: Iterable[Any], classes: Sequence[str], at: Callable[[int], str] | None = None
) -> np.ndarray:
    """Return the class number of each value, shape (items,).

    **Arguments:**

    - `values`: labels.
    - `classes`: names of the classes.
    - `at`: returns the place of a row, which counts from 0, in words; default its number from 1.

    **Raises:** `ValueError` for a value that is none of the classes.
    """
    places = {value_of(name): place for place, name in enumerate(classes)}
    numbers = []
    for row, value in enumerate(values):
        key = value_of(as_text(value))
        if key not in places:
            where = f"Row {row + 1}" if at is None else at(row)
            raise ValueError(f"{where} has the class {as_text(value)!r}; there is {', '.join(classes)}.")
        numbers.append(places[key])
    return np.array(numbers, dtype=int)
