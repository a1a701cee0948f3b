"""Tables of the user, with one column to predict or several; and the shipped iris data."""

import dataclasses
import importlib.resources
import os
import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from lossatlas._checks import check_is

from ._data_set import DataSet
from ._encoder import Categories, Column, Encoder, Number, Scale, missing_at
from ._labels import as_number, bare, read_labels
from ._raw_table import RawTable, read_table
from ._standardise import left_out, spreads
from ._table_file import listed
from ._target_columns import is_float, read_target, target_columns
from ._texts import CODES, is_missing


WORD_LIMIT = 20  # different words of an input; more look like names of the items
# Names of columns that may number or name the items: id, PassengerId, user_id, but not acid.
INDEX_NAME = re.compile(r"|(?i:id|index|row|rownames|unnamed: 0)|.*(?:[^A-Za-z](?i:id)|[a-z](?:Id|ID))")
TOTALS = {"grand total", *"total totals subtotal sum average gesamt summe somme totale".split()}
DATE = re.compile(
    r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?|\d{1,2}:\d{2}(:\d{2}.*)?|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}"
)

Missing = Literal["refuse", "drop", "mean"]


def load_table(
    table: str | os.PathLike | Any,
    target: str | Sequence[str],
    *,
    task: str = "auto",
    weights: str | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    missing: Missing = "refuse",
) -> DataSet:
    """Read a table; its inputs, and each number to predict, are standardised.

    Columns of numbers are inputs as they are. Columns of words, of at most 20 different ones, become an
    input of 0 or 1 for each word, of two words one input. A column without a name, or called id, index or
    such as PassengerId, that numbers or names the rows is left out, and so is one without values.

    **Arguments:**

    - `table`: path of a CSV file with a header line, as `read_table` takes it, a data frame of pandas
        or polars, an Arrow table, a mapping from names to values, or a list of such mappings.
    - `target`: name of the column to predict, or a list of the names of several columns of numbers.
    - `task`: `classes`, `number` or `auto`. With `auto`, text is taken as classes, and so are whole
        numbers with at most 20 different values and at most half as many values as rows; anything else is
        a number to predict. Classes are refused where there are several targets.
    - `weights`: name of a column with the weights of the rows, which must not be negative; it is not used
        as an input.
    - `columns`: names of the inputs; default all other columns.
    - `drop`: names of columns that are no inputs.
    - `missing`: what is done where a value is missing: `refuse` the table, `drop` the row, or take the
        `mean` of the column, of words the most frequent one. Rows without a target or a weight can only be
        dropped.

    Two labels are one class if they have the same value: equal numbers written differently (1, 1.0, 1e0,
    01), or a truth value in different case (true, True). Quotes around labels and white space are ignored.
    Other words that differ only in case are different classes.

    **Returns:** `DataSet`, whose `encoder` turns further rows into inputs. Its note says how the file was
    read, which labels were joined, which differ in case only, what was done about missing values, and which
    columns are constant, carry nothing and are left out.

    **Raises:** `ValueError` that names row (the header of a file is row 1) and column of what is missing or
    does not fit, or the column that is not there, or the target that is named twice or holds classes beside
    others.
    """
    raw = refuse_totals(read_table(table))
    check_is("weights", weights, str | None, "the name of a column")
    drop = drop or ()
    if missing not in ("refuse", "drop", "mean"):
        raise ValueError(f"`missing` must be refuse, drop or mean, got {missing!r}.")
    targets = target_columns(raw, target)
    names, said = _names_of_inputs(raw, targets, weights, columns, drop)
    raw, dropped = _complete_rows(raw, names, targets, weights, missing)
    if len(raw.rows) < 2:
        raise ValueError(f"{raw.name} needs at least two rows of data, got {len(raw.rows)}.")
    counted = None if weights is None else weights_of(raw, weights)
    inputs = [_column(raw, name, missing) for name in names]
    encoder = Encoder(tuple(column for column, _ in inputs))
    values = encoder.encode(raw)
    spread, varies = spreads(values)
    every = tuple(name for column in encoder.columns for name in column.names)
    if not np.all(np.isfinite(spread)):
        column = every[int(np.argmin(np.isfinite(spread)))]
        raise ValueError(f"{raw.name}, column {column}: the numbers are too large to standardise.")
    if not varies.any():
        raise ValueError(f"Every input column of {raw.name} is constant; nothing can be learnt.")
    encoder = encoder.then(Scale(values.mean(axis=0), spread, tuple(np.flatnonzero(varies).tolist())))
    read = read_target(raw, targets, task)
    weighted = "" if weights is None else f"rows weighted by {weights}"
    words = [column.name for column in encoder.columns if isinstance(column, Categories)]
    encoded = f"words as 0 or 1: {listed(words)}" if words else ""
    about = [clause for _, clause in inputs]
    notes = (raw.note, said, dropped, read.note, encoded, *about, left_out(every, varies), weighted)
    return DataSet(
        name=raw.name.rsplit(".", 1)[0],
        inputs=encoder.steps[0](values),
        targets=read.values,
        classes=read.classes,
        columns=tuple(name for name, kept in zip(every, varies) if kept),
        target=targets,
        source=raw.name,
        note="; ".join(filter(None, notes)),
        standardised=True,
        weights=counted,
        encoder=dataclasses.replace(encoder, target_shift=read.shift, target_scale=read.scale),
        raw=raw if missing == "mean" else None,
    )


def iris() -> DataSet:
    """Return the iris data of Fisher: 150 flowers, 4 lengths (standardised) and 3 species.

    Source: Fisher, Annals of Eugenics 7, 179 (1936), doi:10.1111/j.1469-1809.1936.tb02137.x.
    """
    with importlib.resources.as_file(importlib.resources.files("lossatlas.datasets") / "iris.csv") as path:
        data = load_table(path, "species")
    return dataclasses.replace(data, source="Fisher, Annals of Eugenics 7, 179 (1936)")


def _names_of_inputs(
    raw: RawTable,
    targets: tuple[str, ...],
    weights: str | None,
    columns: Sequence[str] | None,
    drop: Sequence[str],
) -> tuple[list[str], str]:
    """Return the names of the columns that are inputs, and clauses on those that are left out."""
    there = listed([*raw.columns])
    for what, names in (("columns", columns), ("drop", drop)):
        if isinstance(names, str) or not isinstance(names, Sequence | None):
            raise ValueError(f"`{what}` must be a list of names of columns, got {names!r}.")
    for what, names in (("columns", columns or ()), ("drop", drop)):
        for name in names:
            if name not in raw.columns:
                raise ValueError(
                    f"`{what}` names {name!r}, which {raw.name} does not have; it has {there}."
                )
    others = [name for name in raw.columns if name not in (*targets, weights)]
    counts = names_items = empty = ""
    if columns is None:
        kinds = {name: _index_kind(raw, name) for name in others if name not in drop}
        names = [name for name, kind in kinds.items() if not kind]
        counts, names_items, empty = (
            listed([name or "without a name" for name, kind in kinds.items() if kind == wanted])
            for wanted in ("counts", "names", "empty")
        )
        if not names:
            names, counts, names_items = [*kinds], "", ""
    else:
        names = [name for name in columns if name in others and name not in drop]
    if "" in names:
        raise ValueError(f"The first column of {raw.name} has no name; name it, or leave it out by `drop`.")
    predicted = " and ".join(map(repr, targets))
    if not names and weights is None:
        raise ValueError(f"{raw.name} has no column besides {predicted} to predict from.")
    if weights is not None and (weights not in raw.columns or weights in targets or not names):
        raise ValueError(
            f"`weights` must name a column of {raw.name} besides {predicted} and at least one input, "
            f"got {weights!r}."
        )
    said = {
        f"left out, a column that numbers the rows: {counts}": counts,
        f"left out, a column that names the rows: {names_items}": names_items,
        f"left out, without values: {empty}": empty,
    }
    return names, "; ".join(clause for clause, named in said.items() if named)


def _index_kind(raw: RawTable, name: str) -> str:
    """Return whether a column counts the rows, names them, or is empty; nothing for an input."""
    texts = raw.columns[name]
    if all(map(is_missing, texts)):
        return "empty"
    if not INDEX_NAME.fullmatch(name) or len(set(texts)) < len(texts):
        return ""
    numbers = [as_number(text.strip()) for text in texts]
    if numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1))):
        return "counts"
    return "" if any(isinstance(number, float) for number in numbers) else "names"


def refuse_totals(raw: RawTable) -> RawTable:
    """Return a table; raises `ValueError` if its last row holds totals."""
    for name, texts in raw.columns.items():
        last = bare(texts[-1]).rstrip(":").lower() if texts else ""
        if last in TOTALS and texts.count(texts[-1]) == 1:
            where = raw.at(len(texts) - 1, name)
            raise ValueError(f"{where}: {bare(texts[-1])!r} makes the row one of totals; remove the row.")
    return raw


def _complete_rows(
    raw: RawTable, names: list[str], targets: tuple[str, ...], weights: str | None, missing: Missing
) -> tuple[RawTable, str]:
    """Return the rows that can be used, and what was done about missing values, a clause or nothing."""
    needed = [*targets, *([] if weights is None else [weights])]
    gaps = {name: ~raw.known(name) for name in (*needed, *names)}
    for name in needed if missing == "mean" else gaps if missing == "refuse" else ():
        if gaps[name].any():
            row = int(np.argmax(gaps[name]))
            raise ValueError(missing_at(raw, row, name))
    if missing == "mean":
        filled = [name for name in names if gaps[name].any()]
        return raw, f"missing values filled in: {', '.join(filled)}" if filled else ""
    lost = np.any(list(gaps.values()), axis=0)
    if not lost.any():
        return raw, ""
    return raw.where(~lost), f"{int(lost.sum())} rows with missing values dropped"


def _column(raw: RawTable, name: str, missing: Missing) -> tuple[Column, str]:
    """Return what kind of input a column is, and a clause on it or nothing.

    A column of which half are numbers is one of numbers.
    """
    known = [text for text in raw.columns[name] if not is_missing(text)]
    if not known:
        raise ValueError(f"{raw.name}, column {name}: every value is missing.")
    if name in raw.doubts or 2 * sum(is_float(text) for text in known) >= len(known):
        number = Number(name, 0.0 if missing == "mean" else None, raw.units.get(name, ""))
        return number.filled_by(raw), _doubtful(name, known)
    _, words, said = read_labels(known)
    if len(words) > WORD_LIMIT or (len(words) > 2 and 2 * len(words) > len(known)):
        example = bare(known[0])[:40]
        looks = f"{len(words)} different words for {len(known)} items look like names of the items"
        if DATE.fullmatch(example):
            looks = "a date or a time must be given as a number, such as days or hours"
        raise ValueError(
            f"{raw.name}, column {name}: {example!r} is not a number, and {looks}; leave the column out by "
            "`drop`."
        )
    words = Categories(name, words, "" if missing == "mean" else None).filled_by(raw)
    return words, f"in {name}, {said}" if said else ""


def _doubtful(name: str, texts: list[str]) -> str:
    """Return a clause on numbers that may be no quantities, or nothing."""
    lengths = {len(text) for text in texts}
    if lengths.isdisjoint((0, 1, 2)) and len(lengths) == 1 and all(text.isdecimal() for text in texts):
        if any(text.startswith("0") for text in texts):
            return f"{name} read as numbers in spite of leading zeros"
    negative = [text for text in texts if text.lstrip()[:1] == "-"]
    if len(set(negative)) == 1 and (code := as_number(negative[0].strip())) in CODES:
        what = "which may stand for missing values; leave them empty if so"
        return f"{name} is {code} in {len(negative)} rows, {what}"
    return ""


def weights_of(raw: RawTable, column: str) -> np.ndarray:
    """Return the weights of the rows; raises `ValueError` that names the first row without one."""
    values = Number(column, None, raw.units.get(column, "")).encode(raw)[:, 0]
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        raise ValueError(f"{raw.at(row, column)}: the weight {values[row]:g} is negative.")
    if not values.any():
        raise ValueError(f"Every weight in column {column} of {raw.name} is zero.")
    return values
