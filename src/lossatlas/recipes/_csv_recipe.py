"""The recipe of networks on a table of the user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

import lossatlas as la  # not its rooms: they import JAX, and settings are read for the help of commands

from ._network_recipes import AbstractTableRecipe
from ._recipe import Help


if TYPE_CHECKING:
    from lossatlas.datasets import DataSet


TEST_FRACTION = 0.2  # of the rows of a table of the user that are held out for tests unless told otherwise
LEAST_ROWS = 50  # a table of fewer rows is not split unless told: 10 test items would say little


def _names(value: Any) -> Any:
    """Read names of columns from "a,b" or ["a", "b"]."""
    return [name.strip() for name in value.split(",")] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_names)]


class CsvRecipe(AbstractTableRecipe, frozen=True):
    """A perceptron on a CSV file of the user."""

    landscape: Literal["csv"]
    table_file: Annotated[
        Path, Field(alias="table"), Help("A table with a header line.", argument="TABLE.csv")
    ]
    target: Annotated[
        str | list[str], Help("Column of the table to predict, or several columns of numbers: a,b.")
    ]
    task: Annotated[str, Help("Kind of the target: classes, number, or auto (recognised).")] = "auto"
    weights: Annotated[
        str | None, Help("Column of the table with the weight of each row in the loss.", unset="none")
    ] = None
    columns: Annotated[Names | None, Help("Columns that are inputs: a,b.", unset="all others")] = None
    drop: Annotated[Names | None, Help("Columns that are not inputs: a,b.", unset="none")] = None
    missing: Annotated[
        Literal["refuse", "drop", "mean"],
        Help("Rows with missing values: refuse the table, drop them, or take the mean of the column."),
    ] = "refuse"
    test: Annotated[
        Annotated[float, Field(ge=0, lt=1)] | None,
        Help(
            "Fraction of the rows held out for tests; 0 for none.",
            unset=f"{TEST_FRACTION:g} of {LEAST_ROWS} rows or more",
        ),
    ] = None
    test_data: Annotated[
        Path | None,
        Help("A table of test items with the same columns.", unset="rows of the table itself"),
    ] = None

    @property
    def stratified(self) -> bool:
        """True: a rare class of a table of the user should stand in every part."""
        return True

    @property
    def tests_by_default(self) -> bool:
        """Whether no setting says which items are for tests."""
        return self.items is None and self.test is None and self.test_data is None

    def parts(self) -> tuple[DataSet, DataSet | None]:
        """Return training and test items: of two tables, or of one that is split at random."""
        if self.items is not None or self.test_items is not None:
            if self.test is not None or self.test_data is not None:
                raise ValueError(
                    "Give the number of `items`, or `test`, or `test_data`, not several of them."
                )
            return super().parts()
        data = self.everything()
        if self.test_data is not None:
            if self.test is not None:
                raise ValueError("Give `test` or `test_data`, not both.")
            return data, la.datasets.load_test_table(
                self.test_data, data, weights=self.weights, missing=self.missing
            )
        fraction = self.test
        if fraction is None:
            fraction = TEST_FRACTION if len(data) >= LEAST_ROWS else 0.0
        if fraction == 0:
            return data, None
        count = len(data) - max(1, round(fraction * len(data)))
        return data.split(count, seed=self.data_seed, stratified=True)

    def everything(self) -> DataSet:
        """Read the file."""
        if self.weights is not None and self.teacher is not None:
            raise ValueError(
                "A student learns the outputs of a `teacher` without `weights`; give one of them."
            )
        table = la.datasets.read_table(self.table_file)
        # A name with a comma in it is one name.
        whole = not isinstance(self.target, str) or self.target in table.columns
        return la.datasets.load_table(
            table,
            self.target if whole else _names(self.target),
            task=self.task,
            weights=self.weights,
            columns=self.columns,
            drop=self.drop or (),
            missing=self.missing,
        )
