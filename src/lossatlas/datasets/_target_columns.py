"""The columns of a table that are to be predicted: one of classes, or one or several of numbers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped

from lossatlas._suggestions import did_you_mean

from ._encoder import Number, PerTarget
from ._labels import as_number, bare, read_labels
from ._raw_table import RawTable
from ._standardise import spreads
from ._table_file import listed


CLASS_LIMIT = 20  # a target of whole numbers with at most so many different values is taken as classes


class Target(NamedTuple):
    """What is to be predicted of the rows of a table.

    - `values`: class numbers or standardised numbers, shape (items,); of several targets (items, targets).
    - `classes`: names of the classes; None for numbers.
    - `note`: what was done to labels, a clause or nothing.
    - `shift`, `scale`: a number of the table is shift + scale * value; arrays of shape (targets,) for
        several targets.
    """

    values: Shaped[np.ndarray, "items *targets"]
    classes: tuple[str, ...] | None
    note: str = ""
    shift: PerTarget = 0.0
    scale: PerTarget = 1.0


def target_columns(raw: RawTable, target: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns to predict, from one name or a list of names.

    **Raises:** `ValueError` for anything else, a name that the table does not have, and one given twice.
    """
    names = (target,) if isinstance(target, str) else target
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"`target` must be the name of a column, or a list of names, got {target!r}.")
    for name in names:
        if name not in raw.columns:
            there, meant = listed([*raw.columns]), did_you_mean(name, raw.columns) or "."
            if any(as_number(known) is not None for known in raw.columns):
                meant = "; its first line must be a header with the names of the columns."
            raise ValueError(f"{raw.name} has no column {name!r}; it has {there}{meant}")
        if names.count(name) > 1:
            raise ValueError(f"`target` names column {name!r} twice; each target is given once.")
    return tuple(names)


def read_target(raw: RawTable, names: tuple[str, ...], task: str) -> Target:
    """Return what is to be predicted of each row, from the columns with these names.

    **Arguments:**

    - `raw`: a table that has the columns.
    - `names`: of the columns.
    - `task`: `classes`, `number` or `auto`, as in `load_table`.

    **Raises:** `ValueError` that names the column, and for what is no number the row.
    """
    if task not in ("auto", "classes", "number"):
        raise ValueError(f"`task` must be auto, classes or number, got {task}.")
    if len(names) != 1:
        _check_numbers(raw, names, task)
        return _numbers(raw, names)
    texts = [bare(text) for text in raw.columns[names[0]]]
    doubtful = names[0] in raw.doubts
    if task == "number" or (task == "auto" and (doubtful or not _looks_like_classes(texts))):
        return _numbers(raw, names)
    return _classes(raw, names[0], texts)


def read_numbers(raw: RawTable, names: Sequence[str]) -> Float[np.ndarray, "items *targets"]:
    """Return columns of numbers in their own units, shape (items,) for one name, else (items, names).

    **Raises:** `ValueError` that names the row and the column of what is missing or not a finite number.
    """
    columns = [Number(name, None, raw.units.get(name, "")) for name in names]
    values = np.concatenate([column.encode(raw) for column in columns], axis=1)
    return values[:, 0] if len(names) == 1 else values


def is_float(text: str) -> bool:
    """Return whether Python reads a text as a number, be it finite or not."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_numbers(raw: RawTable, names: tuple[str, ...], task: str) -> None:
    """Refuse classes among several targets."""
    rule = "several targets must be numbers, and classes are predicted for one target only"
    if task == "classes":
        raise ValueError(f"`task` is classes for the targets {', '.join(names)}, but {rule}.")
    for name in names:
        texts = [bare(text) for text in raw.columns[name]]
        words = [not is_float(text) for text in texts]
        if any(words):
            row = words.index(True)
            raise ValueError(f"{raw.at(row, name)}: {texts[row][:40]!r} is not a number, but {rule}.")
        if task == "auto" and _looks_like_classes(texts):
            raise ValueError(
                f"Column {name} of {raw.name} holds {len(set(texts))} different whole numbers, which look "
                f"like classes, but {rule}; if they are numbers, say so by the task `number`."
            )


def _numbers(raw: RawTable, names: tuple[str, ...]) -> Target:
    """Return standardised numbers."""
    values = read_numbers(raw, names)
    spread, varies = spreads(values.reshape(len(values), -1))
    for name, known, changes in zip(names, np.isfinite(spread), varies):
        if not known:
            raise ValueError(f"{raw.name}, column {name}: the numbers are too large to standardise.")
        if not changes:
            raise ValueError(f"Column {name} of {raw.name} is constant; there is nothing to predict.")
    shift, scale = values.mean(axis=0), spread.reshape(values.shape[1:])
    return Target((values - shift) / scale, None, shift=shift, scale=scale)


def _classes(raw: RawTable, name: str, texts: list[str]) -> Target:
    """Return class numbers."""
    numbers, order, said = read_labels(texts)
    if len(order) > max(2, len(texts) // 2):
        raise ValueError(
            f"Column {name} of {raw.name} has {len(order)} classes for {len(texts)} items; it looks like "
            "a name of the items, not something to predict."
        )
    if len(order) < 2:
        raise ValueError(f"Column {name} of {raw.name} holds one class only, {next(iter(order))!r}.")
    return Target(np.array(numbers), order, said)


def _looks_like_classes(texts: list[str]) -> bool:
    """Return whether labels are words, or few whole numbers; other numbers are there to be predicted."""
    numbers = [as_number(text) for text in texts]
    if None in numbers:
        return not all(is_float(text) for text in texts)  # 1, 2, inf are no words
    whole = all(isinstance(number, int) for number in numbers)
    return whole and len(set(numbers)) <= min(CLASS_LIMIT, max(2, len(numbers) // 2))
