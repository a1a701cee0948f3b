"""Base classes of results: every result can become JSON, columns or a table."""

import dataclasses
import enum
import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike


Rows = TypeVar("Rows", bound="AbstractRows")

_LONGEST = 160  # characters of a repr; the names that do not fit are only counted


class AbstractResult:
    """Base class of all results: a frozen dataclass that holds what a computation found.

    Two results compare equal only if they are the same object, because comparing arrays gives one answer
    per entry. To compare contents, compare what `to_dict` returns.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, as values that JSON can hold.

        Arrays become lists, minima are named by their ids, numbers that are not finite become None, and
        whole numbers keep all their digits.
        """
        return to_json(self._fields())

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return columns of equal length by name; a result without rows gives one row, of its numbers."""
        return {name: np.array([value]) for name, value in self._fields().items() if _is_plain(value)}

    def to_dataframe(self) -> Any:
        """Return the columns as a `pandas.DataFrame`.

        **Raises:** `ImportError` if pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_dataframe needs pandas: python -m pip install pandas.") from error
        return pandas.DataFrame(self.to_columns())

    def __repr__(self) -> str:
        """Return the class, its numbers, and the names of its arrays, in one line."""
        parts = []
        for name, value in self._fields().items():
            if _is_plain(value):
                parts.append(f"{name}={_short(value)}")
            elif isinstance(value, np.ndarray):
                parts.append(f"{name} {value.shape}")
            elif isinstance(value, Mapping | Sequence):
                parts.append(f"{name} ({len(value)})")
        return f"{type(self).__name__}({_shortened(parts)})"

    def _fields(self) -> dict[str, Any]:
        """Return the fields by name, in their order."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # pyright: ignore[reportArgumentType]


class AbstractRows(AbstractResult):
    """A result that is a table: its arrays have one entry per row along axis 0; rows can be selected."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self._arrays().values())))

    def where(self: Rows, mask: ArrayLike) -> Rows:
        """Return the rows where a mask is true, in their order.

        **Arguments:**

        - `mask`: booleans, shape (rows,).

        **Raises:** `ValueError` if `mask` does not hold one boolean per row.
        """
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self),):
            raise ValueError(
                f"`mask` must be booleans of shape ({len(self)},), got {chosen.dtype} of shape "
                f"{chosen.shape}."
            )
        return self._take(np.flatnonzero(chosen))

    def rows(self: Rows, positions: ArrayLike) -> Rows:
        """Return the rows at given positions, in the order given.

        **Arguments:**

        - `positions`: positions of the rows, counted from 0, shape (n,); a position may repeat.

        **Raises:** `ValueError` for positions that are not whole numbers or do not exist.
        """
        chosen = np.asarray(positions)
        if not chosen.size:
            chosen = chosen.astype(np.int64)
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
            raise ValueError(
                "`positions` must be whole numbers of shape (n,), got "
                f"{chosen.dtype} of shape {chosen.shape}."
            )
        if np.any((chosen < 0) | (chosen >= len(self))):
            raise ValueError(f"`positions` must be 0 to {len(self) - 1}, got {chosen.tolist()}.")
        return self._take(chosen)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the arrays of shape (rows,) by name."""
        return {name: values for name, values in self._arrays().items() if values.ndim == 1}

    def __repr__(self) -> str:
        """Return the number of rows, the numbers that belong to all rows, and the names of the arrays."""
        plain = [f"{name}={_short(value)}" for name, value in self._fields().items() if _is_plain(value)]
        parts = _shortened([*plain, *self._arrays()])
        return f"{type(self).__name__}({len(self)} rows: {parts})"

    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: value for name, value in self._fields().items() if isinstance(value, np.ndarray)}

    def _take(self: Rows, positions: np.ndarray) -> Rows:
        taken = {name: values[positions] for name, values in self._arrays().items()}
        return dataclasses.replace(self, **taken)  # pyright: ignore[reportArgumentType]


def to_json(value: Any) -> Any:
    """Return a value that JSON can hold.

    Arrays become lists, results and mappings become dictionaries, members of enumerations (such as
    `RESULTS`) become their names, and numbers that are not finite become None.
    """
    if isinstance(value, AbstractResult):
        return value.to_dict()
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(key): to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple | range):
        return [to_json(part) for part in value]
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biuU" or value.dtype.kind == "f" and np.isfinite(value).all():
            return value.tolist()
        return to_json(value.tolist())
    if isinstance(value, np.generic):
        return to_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _is_plain(value: Any) -> bool:
    """Return whether a value is a number, a string or None, so that it fits into one cell of a table."""
    return value is None or isinstance(value, numbers.Number | str | np.generic)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _shortened(parts: Sequence[str]) -> str:
    """Join parts by commas; where the text would be too long, end with the number of parts left out."""
    text = ", ".join(parts)
    if len(text) <= _LONGEST:
        return text
    kept = list(parts)
    while len(kept) > 1 and len(", ".join(kept)) > _LONGEST:
        kept.pop()
    return f"{', '.join(kept)}, and {len(parts) - len(kept)} more"
