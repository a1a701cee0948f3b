"""How the rows of a table become inputs of a model, and its outputs what was to be predicted."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from lossatlas._checks import as_numbers

from ._labels import bare, value_of
from ._raw_table import RawTable, read_table
from ._texts import is_missing


Inputs = Float[np.ndarray, "items inputs"]
PerTarget = float | Float[np.ndarray, " targets"]


def missing_at(table: RawTable, row: int, column: str) -> str:
    """Return the sentence on a missing value."""
    mark = table.columns[column][row].strip()
    shown = f" ({mark})" if mark else ""
    return (
        f"{table.at(row, column)}: the value is missing{shown}; fill it in, remove the row, or choose by "
        "`missing` what is done."
    )


@dataclasses.dataclass(frozen=True)
class Number:
    """A column of numbers.

    - `name`: of the column.
    - `fill`: what a missing value counts as; None: it is refused.
    - `unit`: what stood beside the numbers, such as kg; rows with another unit are refused.
    """

    name: str
    fill: float | None = None
    unit: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs that the column becomes."""
        return (self.name,)

    def filled_by(self, table: RawTable) -> "Number":
        """Return the column whose missing values count as the mean of those that a table has."""
        known = table.known(self.name)
        if self.fill is None or not known.any():
            return self
        return dataclasses.replace(self, fill=float(self.encode(table.where(known)).mean()))

    def encode(self, table: RawTable) -> Inputs:
        """Return the numbers, shape (rows, 1); raises `ValueError` for what is not a finite number."""
        if self.name in table.doubts:
            raise ValueError(f"{table.name}, column {self.name}: {table.doubts[self.name]}.")
        unit = table.units.get(self.name, self.unit)
        if unit != self.unit:
            known = f"in {self.unit}" if self.unit else "without a unit"
            raise ValueError(
                f"{table.name}, column {self.name}: the numbers are in {unit}, but the model learnt from "
                f"numbers {known}."
            )
        values = []
        for row, text in enumerate(table.columns[self.name]):
            if is_missing(text):
                if self.fill is None:
                    raise ValueError(missing_at(table, row, self.name))
                values.append(self.fill)
                continue
            try:
                values.append(float(text.replace("_", "x")))  # Python reads 1_0 as 10
            except ValueError:
                said = f"{text.strip()[:40]!r} is not a number"
                raise ValueError(f"{table.at(row, self.name)}: {said}.") from None
            if len(text) > 15 and _loses_digits(text):
                raise ValueError(
                    f"{table.at(row, self.name)}: {text.strip()} has more digits than a number can hold; "
                    "leave the column out by `drop` if it names the items."
                )
            if not np.isfinite(values[-1]):
                raise ValueError(f"{table.at(row, self.name)}: {text.strip()[:40]} is not finite.")
        return np.array(values, dtype=float)[:, None]


@dataclasses.dataclass(frozen=True)
class Categories:
    """A column of words: one input of 0 or 1 for each word; of two words one input, 1 for the second.

    - `name`: of the column.
    - `words`: the words that there are, in order.
    - `fill`: the word that a missing value counts as; None: it is refused.
    """

    name: str
    words: tuple[str, ...]
    fill: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs that the column becomes, such as colour=red."""
        shown = self.words[1:] if len(self.words) == 2 else self.words
        return tuple(f"{self.name}={word}" for word in shown)

    def filled_by(self, table: RawTable) -> "Categories":
        """Return the column whose missing values count as the most frequent word of a table."""
        known = Counter(value_of(text) for text in table.columns[self.name] if not is_missing(text))
        if self.fill is None or not known:
            return self
        return dataclasses.replace(self, fill=max(self.words, key=lambda word: known[value_of(word)]))

    def encode(self, table: RawTable) -> Inputs:
        """Return zeros and ones, shape (rows, inputs); raises `ValueError` for another word."""
        places = {value_of(word): place for place, word in enumerate(self.words)}
        found = np.zeros((len(table.rows), len(self.words)))
        for row, text in enumerate(table.columns[self.name]):
            missing = is_missing(text)
            word = self.fill if missing else text
            if word is None:
                raise ValueError(missing_at(table, row, self.name))
            if value_of(word) not in places:
                raise ValueError(
                    f"{table.at(row, self.name)}: {bare(word)[:40]!r} is none of the words of this column, "
                    f"{', '.join(self.words)}."
                )
            found[row, places[value_of(word)]] = 1.0
        return found[:, 1:] if len(self.words) == 2 else found


@dataclasses.dataclass(frozen=True, eq=False)
class Scale:
    """Columns shifted, scaled, and some of them left out: (z - shift)[kept] / scale[kept].

    - `shift`, `scale`: shape (columns,).
    - `kept`: numbers of the columns that stay.
    """

    shift: np.ndarray
    scale: np.ndarray
    kept: tuple[int, ...]

    def __call__(self, z: Inputs) -> Inputs:
        """Return the scaled columns."""
        kept = list(self.kept)
        return (z - self.shift)[:, kept] / self.scale[kept]


@dataclasses.dataclass(frozen=True, eq=False)
class Rotation:
    """Columns mapped to others: (z - mean) @ directions.

    - `mean`: shape (columns,).
    - `directions`: shape (columns, inputs).
    """

    mean: np.ndarray
    directions: np.ndarray

    def __call__(self, z: Inputs) -> Inputs:
        """Return the mapped columns."""
        return (z - self.mean) @ self.directions


Column = Number | Categories
Step = Scale | Rotation


@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """How raw rows become inputs, and outputs become what was to be predicted.

    - `columns`: the columns of the raw table that are used, in order.
    - `steps`: what is done to the encoded columns, one after the other.
    - `target_shift`, `target_scale`: a number to predict is target_shift + target_scale * output, in the
        units of the raw table; numbers, or for several targets arrays of shape (targets,).
    """

    columns: tuple[Column, ...]
    steps: tuple[Step, ...] = ()
    target_shift: PerTarget = 0.0
    target_scale: PerTarget = 1.0

    def __post_init__(self):
        """Turn a single number of any type into a float, and several, such as a list, into an array."""
        for name in ("target_shift", "target_scale"):
            value = np.asarray(getattr(self, name), dtype=float)
            object.__setattr__(self, name, value if value.ndim else float(value))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the raw columns that are needed."""
        return tuple(column.name for column in self.columns)

    def then(self, step: Step) -> "Encoder":
        """Return the encoder that takes one more step."""
        return dataclasses.replace(self, steps=(*self.steps, step))

    def inputs(self, rows: Any) -> Inputs:
        """Return the inputs of raw rows, shape (items, inputs).

        **Arguments:**

        - `rows`: what `read_table` takes, with all columns that are needed, in any order; others are passed
            over. Or an array of numbers, shape (items, columns), with the columns in order.

        **Raises:** `ValueError` that names the row and the column of what is missing or does not fit.
        """
        return self.encode(self.table(rows))

    def encode(self, table: RawTable) -> Inputs:
        """Return the inputs of a table that has all columns, shape (rows, inputs)."""
        z = np.concatenate([column.encode(table) for column in self.columns], axis=1)
        for step in self.steps:
            z = step(z)
        return z

    def table(self, rows: Any) -> RawTable:
        """Return the table of raw rows; arguments and errors as of `inputs`."""
        if hasattr(rows, "__array__") and not hasattr(rows, "columns"):  # an array or a tensor
            rows = as_numbers("rows", rows) if not isinstance(rows, np.ndarray) else rows
        if isinstance(rows, np.ndarray) or (
            isinstance(rows, Sequence)
            and not isinstance(rows, str | RawTable)
            and rows
            and not isinstance(rows[0], Mapping)
        ):
            values = np.asarray(rows)
            if values.ndim != 2 or values.shape[1] != len(self.columns):
                raise ValueError(
                    f"Rows must have shape (items, {len(self.columns)}), with the columns "
                    f"{', '.join(self.names)}; got {values.shape}."
                )
            rows = {name: values[:, i] for i, name in enumerate(self.names)}
        table = read_table(rows)
        lacking = [name for name in self.names if name not in table.columns]
        if lacking:
            raise ValueError(
                f"{table.name} has no column {lacking[0]!r}; needed are {', '.join(self.names)}."
            )
        return table

    def in_target_units(self, outputs: ArrayLike) -> np.ndarray:
        """Return outputs of a model in the units of the columns to predict, of the same shape.

        **Arguments:**

        - `outputs`: shape (items,), or for several targets (items, targets).
        """
        return self.target_shift + self.target_scale * np.asarray(outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it; `from_dict` reads it."""
        columns = [{"kind": type(c).__name__, **dataclasses.asdict(c)} for c in self.columns]
        steps = [
            {
                "kind": type(step).__name__,
                **{name: np.asarray(value).tolist() for name, value in vars(step).items()},
            }
            for step in self.steps
        ]
        target = {
            name: np.asarray(getattr(self, name)).tolist() for name in ("target_shift", "target_scale")
        }
        return {"columns": columns, "steps": steps, **target}

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> "Encoder":
        """Return the encoder that `to_dict` wrote."""
        columns = []
        for entry in known["columns"]:
            if entry["kind"] == "Number":
                columns.append(Number(entry["name"], entry["fill"], entry["unit"]))
            else:
                columns.append(Categories(entry["name"], tuple(entry["words"]), entry["fill"]))
        steps = []
        for entry in known["steps"]:
            if entry["kind"] == "Scale":
                kept = tuple(entry["kept"])
                steps.append(Scale(np.array(entry["shift"]), np.array(entry["scale"]), kept))
            else:
                steps.append(Rotation(np.array(entry["mean"]), np.array(entry["directions"])))
        return cls(tuple(columns), tuple(steps), known["target_shift"], known["target_scale"])


def _loses_digits(text: str) -> bool:
    """Return whether a whole number is too long for floating point, as identifiers of items may be."""
    digits = text.strip().lstrip("+-")
    return digits.isdecimal() and int(float(digits)) != int(digits)
