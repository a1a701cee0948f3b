"""Tables of the user: CSV files with one column to predict; and the shipped iris data."""

import csv
import dataclasses
import importlib.resources
import os
from pathlib import Path

import numpy as np

from ._data_set import DataSet
from ._labels import as_number, bare, read_labels
from ._standardise import left_out, spreads


CLASS_LIMIT = 20  # a target of whole numbers with at most so many different values is taken as classes


def load_table(
    path: str | os.PathLike, target: str, *, task: str = "auto", weights: str | None = None
) -> DataSet:
    """Read a CSV file with a header line; inputs, and a number to predict, are standardised.

    **Arguments:**

    - `path`: path of the file; every column but the target must hold numbers.
    - `target`: name of the column to predict.
    - `task`: `classes`, `number` or `auto`. With `auto`, text is taken as classes, and so are whole
        numbers with at most 20 different values and at most half as many values as rows; anything else is
        a number to predict.
    - `weights`: name of a column with the weights of the rows, which must not be negative; it is not used
        as an input.

    Two labels are one class if they have the same value: equal numbers written differently (1, 1.0, 1e0,
    01), or a truth value in different case (true, True). Quotes around labels and white space are ignored.
    Other words that differ only in case are different classes.

    **Returns:** `DataSet`; its note names the labels that were joined, those that differ only in case, and
    constant columns, which are left out.

    **Raises:** `ValueError` that names row (the header is row 1) and column of a value that is missing or
    not a number, or the column that does not exist; also for a table without inputs, a constant target, a
    single class, or more classes than half the rows.
    """
    path = Path(path)
    header, rows = _read(path)
    if target not in header:
        hint = " Columns must be separated by commas." if ";" in header[0] or "\t" in header[0] else ""
        raise ValueError(f"{path.name} has no column {target!r}; it has {', '.join(header)}.{hint}")
    for name in header:
        if header.count(name) > 1 or not name:
            raise ValueError(f"{path.name} has several columns named {name!r}, or one without a name.")
    if len(header) < 2:
        raise ValueError(f"{path.name} has no column besides {target!r} to predict it from.")
    for number, row in rows.items():
        if len(row) != len(header):
            raise ValueError(f"{path.name}, row {number}: {len(row)} values for {len(header)} columns.")
        for name, value in zip(header, row):
            if value.strip(" \t'\"").lower() in ("", "na", "nan", "null", "none", "?"):
                raise ValueError(
                    f"{path.name}, row {number}, column {name}: the value is missing; fill it in or "
                    "remove the row."
                )
    place = header.index(target)
    names = [name for name in header if name not in (target, weights)]
    if weights is not None and (weights not in header or weights == target or not names):
        raise ValueError(
            f"`weights` must name a column of {path.name} besides {target!r} and at least one input, "
            f"got {weights!r}."
        )
    column_of = {
        name: _numbers(path, name, {number: row[i] for number, row in rows.items()})
        for i, name in enumerate(header)
        if i != place
    }
    counted = None if weights is None else _weights(path, weights, rows, column_of[weights])
    columns = [column_of[name] for name in names]
    values = np.stack(columns, axis=1)
    spread, varies = spreads(values)
    if not np.all(np.isfinite(spread)):
        column = names[int(np.argmin(np.isfinite(spread)))]
        raise ValueError(f"{path.name}, column {column}: the numbers are too large to standardise.")
    if not varies.any():
        raise ValueError(f"Every input column of {path.name} is constant; nothing can be learnt.")
    targets, classes, said = _target(
        path, target, {number: bare(row[place]) for number, row in rows.items()}, task
    )
    kept = values[:, varies]
    weighted = "" if weights is None else f"rows weighted by {weights}"
    return DataSet(
        name=path.stem,
        inputs=(kept - kept.mean(axis=0)) / spread[varies],
        targets=targets,
        classes=classes,
        columns=tuple(name for name, kept in zip(names, varies) if kept),
        target=target,
        source=path.name,
        note="; ".join(filter(None, (said, left_out(tuple(names), varies), weighted))),
        standardised=True,
        weights=counted,
    )


def iris() -> DataSet:
    """Return the iris data of Fisher: 150 flowers, 4 lengths (standardised) and 3 species.

    Source: Fisher, Annals of Eugenics 7, 179 (1936), doi:10.1111/j.1469-1809.1936.tb02137.x.
    """
    with importlib.resources.as_file(importlib.resources.files("lossatlas.datasets") / "iris.csv") as path:
        data = load_table(path, "species")
    return dataclasses.replace(data, source="Fisher, Annals of Eugenics 7, 179 (1936)")


def _read(path: Path) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header, and the rows by their line numbers in the file; empty lines are skipped."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = dict((reader.line_num, row) for row in reader if row)
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV text file in UTF-8: {error}.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    if len(rows) < 3:
        raise ValueError(f"{path.name} needs a header line and at least two rows of data.")
    first = min(rows)
    return [name.strip() for name in rows.pop(first)], rows


def _numbers(path: Path, column: str, texts: dict[int, str]) -> np.ndarray:
    values = []
    for number, text in texts.items():
        try:
            values.append(float(text.replace("_", "x")))  # because Python reads 1_0 as 10
        except ValueError:
            raise ValueError(
                f"{path.name}, row {number}, column {column}: {text.strip()[:40]!r} is not a number."
            ) from None
        if not np.isfinite(values[-1]):
            raise ValueError(
                f"{path.name}, row {number}, column {column}: {text.strip()[:40]} is not finite."
            )
    return np.array(values)


def _weights(path: Path, column: str, rows: dict[int, list[str]], values: np.ndarray) -> np.ndarray:
    """Return the weights of the rows; raises `ValueError` that names the first negative one."""
    for number, value in zip(rows, values):
        if value < 0:
            raise ValueError(
                f"{path.name}, row {number}, column {column}: the weight {value:g} is negative."
            )
    if not values.any():
        raise ValueError(f"Every weight in column {column} of {path.name} is zero.")
    return values


def _target(path: Path, name: str, rows: dict[int, str], task: str):
    if task not in ("auto", "classes", "number"):
        raise ValueError(f"`task` must be auto, classes or number, got {task}.")
    texts = list(rows.values())
    if task == "number" or (task == "auto" and not _looks_like_classes(texts)):
        values = _numbers(path, name, rows)
        spread, varies = spreads(values[:, None])
        if not np.all(np.isfinite(spread)):
            raise ValueError(f"{path.name}, column {name}: the numbers are too large to standardise.")
        if not varies.all():
            raise ValueError(f"Column {name} of {path.name} is constant; there is nothing to predict.")
        return (values - values.mean()) / spread, None, ""
    numbers_of_classes, order, said = read_labels(texts)
    if len(order) > max(2, len(texts) // 2):
        raise ValueError(
            f"Column {name} of {path.name} has {len(order)} classes for {len(texts)} items; it looks like "
            "a name of the items, not something to predict."
        )
    if len(order) < 2:
        raise ValueError(f"Column {name} of {path.name} holds one class only, {next(iter(order))!r}.")
    return np.array(numbers_of_classes), order, said


def _looks_like_classes(texts: list[str]) -> bool:
    """Return whether labels are words, or few different whole numbers."""
    numbers = [as_number(text) for text in texts]
    if None in numbers:
        return not all(_is_float(text) for text in texts)  # 1, 2, inf are numbers, not words
    whole = all(isinstance(number, int) for number in numbers)
    return whole and len(set(numbers)) <= min(CLASS_LIMIT, max(2, len(numbers) // 2))


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
