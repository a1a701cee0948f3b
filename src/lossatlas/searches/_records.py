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
    """A result that records the outcome of each of its searches."""

    outcome: np.ndarray

    @property
    def converged(self) -> np.ndarray:
        """Which searches have the outcome `converged`, booleans, shape (searches,)."""
        return self.outcome == RESULTS.converged

    def outcomes(self) -> dict[str, int]:
        """Return the number of searches with each outcome."""
        return count_outcomes(self.outcome)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, outcomes as words, and the number of searches with each outcome."""
        return super().to_dict() | {"outcome": outcome_names(self.outcome), "outcomes": self.outcomes()}

    def __repr__(self) -> str:
        """Return the number of searches and how they ended."""
        return f"{type(self).__name__}({self._ended()})"

    def _ended(self) -> str:
        """Return the number of searches and how they ended, as in `3: converged 2, max_steps 1`."""
        ended = ", ".join(f"{name} {count}" for name, count in self.outcomes().items())
        return f"{len(self.outcome)}{ended and ': '}{ended}"


class AbstractEnds(AbstractOutcomes, AbstractRows):
    """The end points of searches: a result with one row per search."""

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the vectors by name, one entry per search, with outcomes as words."""
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
        """Return these rows, where the rows at the positions `rows` are replaced by those of `others`."""
        order = np.arange(len(self))
        order[rows] = len(self) + np.arange(len(rows))
        return self.concatenate([self, others]).rows(order)


def count_outcomes(codes: np.ndarray) -> dict[str, int]:
    """Return the number of searches with each outcome, by name, from RESULTS codes."""
    values, counts = np.unique(codes, return_counts=True)
    return {RESULTS(int(code)).name: int(count) for code, count in zip(values, counts)}


def outcome_names(codes: np.ndarray) -> list[str]:
    """Return the names of RESULTS codes."""
    return [RESULTS(int(code)).name for code in codes]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StationaryPoints(AbstractEnds):
    """The ends of searches for stationary points, with their spectra. Axis 0: one row per search.

    Fields without a shape have shape (searches,).

    - `x`: points, shape (searches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim), loss units per parameter unit.
    - `index`: number of negative Hessian eigenvalues.
    - `zeros`: number of zero eigenvalues beyond the forced zero modes.
    - `lowest`, `second`: the two lowest eigenvalues without forced zero modes, loss units per squared
        parameter unit.
    - `curvatures`: number of positive eigenvalues, 0 where the spectrum is not known.
    - `log_product`: sum of the logarithms of the positive eigenvalues, NaN where the spectrum is not known.
        With bounds the eigenvalues are those of the free variables.
    - `held`: number of variables that bounds hold.
    - `log_slopes`: sum over these of ln(slope away from the bound), loss units per parameter unit; 0 for
        none.
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
    held: np.ndarray
    log_slopes: np.ndarray
    direction: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray
    hessians: np.ndarray

    def after(self, gradients: np.ndarray | int, hessians: np.ndarray | int) -> "StationaryPoints":
        """Return the same points, with evaluations of an earlier stage added to those spent."""
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
            log_slopes=self.log_slopes + self.held * np.log(units.slope),
            direction=unit_vectors(self.direction, units),
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Descents(AbstractEnds):
    """The ends of descents, where only the gradient was checked. Axis 0: one row per search.

    Fields without a shape have shape (searches,).

    - `x`: points, shape (searches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim), loss units per parameter unit.
    - `outcome`: RESULTS codes; `converged` where the rms gradient is at most the tolerance.
    - `gradients`, `hessians`: evaluations spent.
    - `history`: energies after 1, 2, 4, 8, ... gradients, shape (searches, levels), loss units; levels
        after the end of a search have its last energy.
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
    """The ends of the minimisations of basin-hopping, its quenches. Axis 0: one row per quench.

    Fields without a shape have shape (quenches,).

    - `x`: points, shape (quenches, dim), parameter units.
    - `energy`: loss units.
    - `rms_gradient`: ||gradient|| / sqrt(dim), loss units per parameter unit.
    - `outcome`: RESULTS codes. `converged` means a verified minimum, or, for quenches without polish, an
        rms gradient of at most the tolerance.
    - `gradients`, `hessians`: evaluations spent.
    - `history`: energies after 1, 2, 4, 8, ... gradients as in `Descents`, shape (quenches, levels), loss
        units; polished quenches have 0 levels.
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
