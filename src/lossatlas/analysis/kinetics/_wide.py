"""Non-negative numbers of any size, f 2^e, stored as a fraction f and an exponent e.

Doubles end at 1e-308, but a conductance over a barrier of 1e6 kT is 1e-434294. Its logarithm is a double,
but a logarithm of size 1e6 is rounded by 1e-10, anew in every step of a calculation. A fraction with its
own exponent has only the rounding error of the fraction.
"""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike


_ZERO = -1e307  # exponent of zero, below that of any other number
_HIGH = 0.6931471824645996  # ln 2 with 24 bits: its product with an exponent below 2^29 is exact
_LOW = -1.904654299957768e-09  # the rest of ln 2


@dataclasses.dataclass(frozen=True, eq=False)
class Wide:
    """An array of numbers f 2^e; fractions and exponents are floats of one shape, exponents integers."""

    fractions: np.ndarray
    exponents: np.ndarray

    @staticmethod
    def from_log(values: np.ndarray) -> "Wide":
        """Return the numbers whose natural logarithms are given; -inf is zero."""
        seen = values > -np.inf
        logs = np.where(seen, values, 0.0)
        exponents = np.rint(logs / (_HIGH + _LOW))
        rest = (logs - exponents * _HIGH) - exponents * _LOW
        fractions = np.exp(np.clip(rest, -1.0, 1.0))  # beyond 2^53 the logarithm does not say the fraction
        return _normal(np.where(seen, fractions, 0.0), exponents)

    @staticmethod
    def from_floats(values: ArrayLike) -> "Wide":
        """Return the numbers given as floats, none of them negative."""
        return _normal(np.asarray(values, dtype=float), np.zeros(np.shape(values)))

    @staticmethod
    def zeros(shape) -> "Wide":
        """Return zeros."""
        return Wide(np.zeros(shape), np.full(shape, _ZERO))

    def log(self) -> np.ndarray:
        """Return natural logarithms, -inf for zero."""
        with np.errstate(divide="ignore"):
            rest = np.log(self.fractions)
        exponents = np.where(self.fractions > 0, self.exponents, 0.0)
        return exponents * _HIGH + (exponents * _LOW + rest)

    def floats(self, unit) -> np.ndarray:
        """Return floats in units of 2^unit; numbers too small become 0, numbers too large infinite."""
        shift = np.clip(self.exponents - unit, -5000, 5000).astype(np.int64)
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(self.fractions, shift)

    def scaled(self, unit) -> "Wide":
        """Return the numbers times 2^unit."""
        return Wide(self.fractions, np.maximum(self.exponents + unit, _ZERO))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.fractions.shape

    def normal(self) -> "Wide":
        """Return the same numbers with fractions from 0.5 to 1."""
        return _normal(self.fractions, self.exponents)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self.fractions)

    def __getitem__(self, index) -> "Wide":
        """Return a part of the array."""
        return Wide(self.fractions[index], self.exponents[index])

    def __setitem__(self, index, values: "Wide") -> None:
        """Write a part of the array in place."""
        self.fractions[index], self.exponents[index] = values.fractions, values.exponents

    def __mul__(self, other: "Wide") -> "Wide":
        """Return the products."""
        return Wide(self.fractions * other.fractions, np.maximum(self.exponents + other.exponents, _ZERO))

    def __truediv__(self, other: "Wide") -> "Wide":
        """Return the quotients; no divisor may be zero."""
        return Wide(self.fractions / other.fractions, np.maximum(self.exponents - other.exponents, _ZERO))

    def __add__(self, other: "Wide") -> "Wide":
        """Return the sums."""
        top = np.maximum(self.exponents, other.exponents)
        one, two = (n.fractions * power_of_two(n.exponents - top) for n in (self, other))
        return _normal(one + two, top)

    def sum(self, axis: int) -> "Wide":
        """Return the sums along an axis that is not empty."""
        top = self.exponents.max(axis=axis, keepdims=True)
        total = (self.fractions * power_of_two(self.exponents - top)).sum(axis=axis)
        return _normal(total, np.squeeze(top, axis))

    def sum_groups(self, groups: np.ndarray, count: int) -> "Wide":
        """Return the sum of the rows of each group, shape (count, ...); zero for a group without rows.

        **Arguments:**

        - `groups`: number of the group of every row, 0 to count - 1.
        - `count`: number of groups.
        """
        result = Wide.zeros((count, *self.fractions.shape[1:]))
        if not len(groups):
            return result
        order = np.argsort(groups, kind="stable")
        groups, rows = groups[order], self[order]
        first = np.flatnonzero(np.diff(groups, prepend=-1))
        top = np.maximum.reduceat(rows.exponents, first, axis=0)
        shift = rows.exponents - np.repeat(top, np.diff(first, append=len(groups)), axis=0)
        total = np.add.reduceat(rows.fractions * power_of_two(shift), first, axis=0)
        result[groups[first]] = _normal(total, top)
        return result


def concatenate(parts: list[Wide]) -> Wide:
    """Join arrays along the first axis."""
    return Wide(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("fractions", "exponents")))


def stack(columns: list[Wide]) -> Wide:
    """Join vectors as the columns of a matrix."""
    return Wide(
        *(np.stack([getattr(c, name) for c in columns], axis=1) for name in ("fractions", "exponents"))
    )


def power_of_two(exponents: np.ndarray) -> np.ndarray:
    """Return 2^exponents for integers up to 1023, 0 below -1022; several times as fast as `ldexp`.

    The lowest bits of the float 2^52 + 1023 + e are 1023 + e, which is the exponent field of the float 2^e.
    """
    bits = np.maximum(exponents, -1023.0) + (2.0**52 + 1023.0)
    return (bits.view(np.int64) << 52).view(np.float64)


def _normal(fractions: np.ndarray, exponents: np.ndarray) -> Wide:
    """Return f 2^e with f from 0.5 to 1, and every zero with the exponent of zero."""
    fractions, shift = np.frexp(fractions)
    moved = exponents + shift
    lost = shift - (moved - exponents)  # an exponent beyond 2^53 does not change by 1
    if lost.any():
        fractions = np.ldexp(fractions, lost.astype(np.int64))
    return Wide(fractions, np.where(fractions > 0, moved, _ZERO))
