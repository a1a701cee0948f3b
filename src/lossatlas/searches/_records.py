"""What searches return: frozen records of numpy arrays, one row per search."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows
from lossatlas._results import RESULTS
from lossatlas.landscapes import Units

from ._units import unit_vectors


Ends = TypeVar("Ends", bound="AbstractEnds")


class AbstractOutcomes(AbstractResult):
    """A result that knows how each of its searches ended."""

    outcome: np.ndarray

    @property
    def converged(self) -> np.ndarray:
        """Which searches ended as they should."""
        return self.outcome == RESULTS.converged

    def outcomes(self) -> dict[str, int]:
        """Return how many searches ended how."""
        return count_outcomes(self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """Return everything by name, outcomes as words, and how many searches ended how."""
        return super().to_dict() | {"outcome": outcome_names(self.outcome), "outcomes": self.outcomes()}

    def __repr__(self) -> str:
        """Return the number of searches and how they ended."""
        return f"{type(self).__name__}({self._ended()})"

    def _ended(self) -> str:
        """Return the number of searches and how they ended, as in `3: converged 2, max_steps 1`."""
        ended = ", ".join(f"{name} {count}" for name, count in self.outcomes().items())
        return f"{len(self.outcome)}{ended and ': '}{ended}"


class AbstractEnds(AbstractOutcomes, AbstractRows):
    """Where searches ended: a result with one row per search."""

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the vectors by name, one entry per search; how each ended as a word."""
        return AbstractRows.to_columns(self) | {"outcome": np.array(outcome_names(self.outcome), dtype=str)}

    def __repr__(self) -> str:
        """Return the number of searches and how they ended."""
        return AbstractOutcomes.__repr__(self)

    @classmethod
    def concatenate(cls: type[Ends], parts: Sequence[Ends]) -> Ends:
        """Return the rows of all parts, in order."""
        names = vars(parts[0])
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def replaced(self: Ends, rows: np.ndarray, others: Ends) -> Ends:
        """Return these rows with some of them, given by their positions, replaced by those of others."""
        order = np.arange(len(self))
        order[rows] = len(self) + np.arange(len(rows))
        return self.concatenate([self, others]).rows(order)


def count_outcomes(codes: np.ndarray) -> dict[str, int]:
    """Return how many searches ended how, by name, from RESULTS codes."""
    values, counts = np.unique(codes, return_counts=True)
    return {RESULTS(int(code)).name: int(count) for code, count in zip(values, counts)}


def outcome_names(codes: np.ndarray) -> list[str]:
    """Return the names of RESULTS codes."""
    return [RESULTS(int(code)).name for code in codes]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StationaryPoints(AbstractEnds):
    """Where searches ended, and what was checked there. Axis 0: one row per search.

    - `x`: points, shape (searches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim).
    - `index`: number of negative Hessian eigenvalues.
    - `zeros`: number of zero eigenvalues beyond the forced ones.
    - `lowest`, `second`: the two lowest eigenvalues (forced zero modes left out).
    - `curvatures`: number of positive eigenvalues; `log_product`: sum of their logarithms. (NaN and 0 where
        the spectrum is not known.)
    - `direction`: unit eigenvector of the lowest eigenvalue, shape (searches, dim).
    - `outcome`: RESULTS codes.
    - `gradients`, `hessians`: evaluations spent.
    """

    x: np.ndarray
    energy: np.ndarray
    rms_gradient: np.ndarray
    index: np.ndarray
    zeros: np.ndarray
    lowest: np.ndarray
    second: np.ndarray
    curvatures: np.ndarray
    log_product: np.ndarray
    direction: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray

    def after(self, gradients: np.ndarray | int, hessians: np.ndarray | int) -> "StationaryPoints":
        """Return the same points with the evaluations added that led to them."""
        return dataclasses.replace(
            self, gradients=self.gradients + gradients, hessians=self.hessians + hessians
        )

    def in_units(self, units: Units) -> "StationaryPoints":
        """Return dimensionless points in the units of the caller."""
        positive = np.where(np.isnan(self.log_product), 0, self.curvatures)
        return dataclasses.replace(
            self,
            x=self.x * units.variables,
            energy=self.energy * units.energy,
            rms_gradient=self.rms_gradient * units.slope,
            lowest=self.lowest * units.curvature,
            second=self.second * units.curvature,
            log_product=self.log_product + positive * np.log(units.curvature),
            direction=unit_vectors(self.direction, units),
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Descents(AbstractEnds):
    """Where descents ended; nothing but the gradient was checked there. Axis 0: one row per search.

    - `x`: points, shape (searches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim).
    - `outcome`: RESULTS codes; `converged` where the rms gradient is at most the tolerance.
    - `gradients`, `hessians`: evaluations spent.
    - `history`: energies after 1, 2, 4, 8, ... gradients, shape (searches, levels); from the end of a
        search on, where it ended.
    """

    x: np.ndarray
    energy: np.ndarray
    rms_gradient: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray
    history: np.ndarray

    def in_units(self, units: Units) -> "Descents":
        """Return dimensionless ends in the units of the caller."""
        return _ends_in_units(self, units)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Quenches(AbstractEnds):
    """Where quenches of basin-hopping ended, polished or not. Axis 0: one row per quench.

    - `x`: points, shape (quenches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim).
    - `outcome`: RESULTS codes; `converged` at a verified minimum, without polish where the rms gradient is
        at most the tolerance.
    - `gradients`, `hessians`: evaluations spent.
    - `history`: energies after 1, 2, 4, 8, ... gradients as in `Descents`, shape (quenches, levels); of
        polished quenches, which keep none, there are 0 levels.
    """

    x: np.ndarray
    energy: np.ndarray
    rms_gradient: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray
    history: np.ndarray

    def in_units(self, units: Units) -> "Quenches":
        """Return dimensionless ends in the units of the caller."""
        return _ends_in_units(self, units)


Unverified = TypeVar("Unverified", Descents, Quenches)


def _ends_in_units(ends: Unverified, units: Units) -> Unverified:
    return dataclasses.replace(
        ends,
        x=ends.x * units.variables,
        energy=ends.energy * units.energy,
        rms_gradient=ends.rms_gradient * units.slope,
        history=ends.history * units.energy,
    )
