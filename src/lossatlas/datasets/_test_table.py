"""A second table with test items, read as the first table was."""

import os
from typing import Any

import numpy as np

from ._data_set import DataSet
from ._labels import as_labels
from ._raw_table import RawTable, read_table
from ._table import Missing, refuse_totals, weights_of
from ._table_file import listed
from ._target_columns import read_numbers


def load_test_table(
    table: str | os.PathLike | Any,
    training: DataSet,
    *,
    weights: str | None = None,
    missing: Missing = "refuse",
) -> DataSet:
    """Read a table of test items in the columns, words, classes and scale of the training data.

    **Arguments:**

    - `table`: what `load_table` takes, with the columns that are inputs of the training data and those of
        all targets, in any order; other columns are passed over.
    - `training`: training data with an encoder, such as `load_table` returns.
    - `weights`: name of the column with the weights of the rows.
    - `missing`: as in `load_table`, where the mean is that of the training data.

    **Returns:** `DataSet` of the same inputs and classes.

    **Raises:** `ValueError` for training data without an encoder, a column that is not there, and a value
    that is missing, not a number, or none of the words or classes of the training data.
    """
    if training.encoder is None:
        raise ValueError(
            f"`training` must have an encoder, as tables have; {training.name} takes inputs as they are."
        )
    raw = read_table(table)
    needed = [*training.target_names, *([] if weights is None else [weights])]
    for name in needed:
        if name not in raw.columns:
            there = listed([*raw.columns])
            raise ValueError(f"{raw.name} has no column {name!r}, which test items need; it has {there}.")
    raw = refuse_totals(training.encoder.table(raw))
    dropped = 0
    if missing == "drop":
        names = (*needed, *training.encoder.names)
        known = np.all([raw.known(name) for name in names], axis=0)
        raw, dropped = raw.where(known), int(np.sum(~known))
    if not raw.rows:
        raise ValueError(f"{raw.name} has no row of data that can be used.")
    said = f"{dropped} rows with missing values dropped" if dropped else ""
    return DataSet(
        name=raw.name.rsplit(".", 1)[0],
        inputs=training.encoder.encode(raw),
        targets=_targets(raw, training),
        classes=training.classes,
        columns=training.columns,
        target=training.target,
        source=raw.name,
        note="; ".join(filter(None, (raw.note, said))),
        standardised=training.standardised,
        weights=None if weights is None else weights_of(raw, weights),
        encoder=training.encoder,
        raw=None if training.raw is None else raw,
    )


def _targets(raw: RawTable, training: DataSet) -> np.ndarray:
    """Return class numbers, or numbers in the scale of the training data."""
    names, encoder = training.target_names, training.encoder
    assert encoder is not None
    if training.classes is not None:
        (name,) = names
        return as_labels(raw.columns[name], training.classes, lambda row: raw.at(row, name))
    return (read_numbers(raw, names) - encoder.target_shift) / encoder.target_scale
