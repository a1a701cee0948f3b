"""What descents reached, in numbers: a row per value and method, and how variances fall with size."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from lossatlas._results import RESULTS
from lossatlas.analysis import (
    AbstractResult,
    EnergySpread,
    ExponentFit,
    energy_spread,
    expected_best,
    fit_exponent,
)

from ._descents import DescentRuns, Family
from ._energy_unit import EnergyUnit, energy_unit


@dataclasses.dataclass(frozen=True, eq=False)
class Reached:
    """What one method reached on the draws of one landscape, in the unit of the landscape.

    - `value`: of the varied key.
    - `method`: `gradient`, `lbfgs` or `hopping`.
    - `energy`, `draw`: one entry per start that reached an energy; of a chain of hops its lowest one.
    - `best`: lowest energy so far against the number of quenches, shape (draws, quenches): the mean over
        the chains of a draw, and over all choices of so many of its independent starts.
    - `converged`, `descents`: how many descents reached the tolerance, of how many. What did not in as
        many steps as it had counts as reached.
    - `lost`: descents that diverged or left the region of the landscape.
    - `gradients`: mean per start, all hops of a chain included.
    - `unit`: of the energies.
    """

    value: str
    method: str
    energy: Float[np.ndarray, " starts"]
    draw: np.ndarray
    best: Float[np.ndarray, "draws quenches"]
    converged: int
    descents: int
    lost: int
    gradients: float
    unit: EnergyUnit

    @property
    def spread(self) -> EnergySpread | None:
        """Mean and variances; None where nothing was reached."""
        return energy_spread(self.energy, self.draw) if len(self.energy) else None


@dataclasses.dataclass(frozen=True, eq=False)
class DescentSummary(AbstractResult):
    """What descents reached.

    - `key`: what was varied.
    - `reached`: by value, then by method.
    """

    key: str
    reached: list[Reached]

    def of(self, method: str) -> list[Reached]:
        """Return what a method reached, by value."""
        return [part for part in self.reached if part.method == method]

    @property
    def methods(self) -> list[str]:
        """The methods, in the order in which they were run."""
        return list(dict.fromkeys(part.method for part in self.reached))

    @property
    def levels(self) -> dict[str, float] | None:
        """The energies that theory gives, by name; None where they are not the same for all values."""
        several = [part.unit.levels for part in self.reached]
        return several[0] if all(levels == several[0] for levels in several) else None

    def exponents(self) -> dict[str, ExponentFit]:
        """Return the fit of variance against `size` by method, where errors allow one.

        Of energies per spin: losses of networks of different width are not measured on one scale.
        """
        fits = {}
        for method in self.methods if self.key == "size" else ():
            points = []
            for part in self.of(method):
                spread, x = part.spread, number_of(part.value)
                if spread is not None and x > 0 and spread.variance_error > 0 and spread.variance > 0:
                    points.append((x, spread.variance, spread.variance_error))
            if len(points) > 1:
                fits[method] = fit_exponent(*np.array(points).T)
        return fits

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return a row per value and method."""
        names = [field.name for field in dataclasses.fields(EnergySpread)]
        columns: dict[str, list] = {
            self.key or "value": [part.value for part in self.reached],
            "method": [part.method for part in self.reached],
            "unit": [part.unit.label for part in self.reached],
        }
        for name in names:
            missing = 0 if name in ("draws", "starts") else math.nan
            columns[name] = [getattr(part.spread, name, missing) for part in self.reached]
        for name in ("converged", "descents", "gradients"):
            columns[name] = [getattr(part, name) for part in self.reached]
        return {name: np.array(column) for name, column in columns.items()}


def number_of(value: str) -> float:
    """Return the number that a value of a key is, not a number where it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def summarise_descents(family: Family, runs: DescentRuns) -> DescentSummary:
    """Return what descents of a family reached, the values of numbers in ascending order.

    **Arguments:**

    - `family`: which landscapes.
    - `runs`: of them, see `run_descents`; other values are left out.

    **Raises:** `ValueError` if there is none.
    """
    there = set(np.unique(runs.value))
    values = [value for value in family.recipes if value in there]
    if not values:
        raise ValueError("There are no descents of these landscapes.")
    if all(math.isfinite(number_of(value)) for value in values):
        values = sorted(values, key=number_of)
    methods = dict.fromkeys(runs.method.tolist())
    reached = []
    for value in values:
        unit = energy_unit(family.recipes[value].build().landscape)
        for method in methods:
            rows = runs[(runs.value == value) & (runs.method == method)]
            if len(rows):
                reached.append(_reached(value, method, rows, unit))
    return DescentSummary(family.key, reached)


def _reached(value: str, method: str, runs: DescentRuns, unit: EnergyUnit) -> Reached:
    """Return what a method reached; `runs` are of one value and that method."""
    usable = np.isin(runs.outcome, (RESULTS.converged, RESULTS.max_steps)) & np.isfinite(runs.energy)
    energy = np.where(usable, runs.energy / unit.size, np.inf)
    lowest, draws, curves, starts = [], [], [], 0
    for draw in np.unique(runs.draw):
        rows = runs.draw == draw
        # Shape (starts, quenches): hops come quench by quench.
        of_starts = energy[rows][np.lexsort((runs.quench[rows], runs.start[rows]))]
        of_starts = of_starts.reshape(len(np.unique(runs.start[rows])), -1)
        starts += len(of_starts)
        so_far = np.minimum.accumulate(of_starts, axis=1)
        reached = so_far[np.isfinite(so_far[:, -1])]
        lowest += reached[:, -1].tolist()
        draws += [draw] * len(reached)
        curves.append(expected_best(reached[:, 0]) if method != "hopping" else so_far.mean(axis=0))
    quenches = min(len(curve) for curve in curves)
    return Reached(
        value=value,
        method=method,
        energy=np.array(lowest),
        draw=np.array(draws),
        best=np.array([curve[:quenches] for curve in curves]),
        converged=int((runs.outcome == RESULTS.converged).sum()),
        descents=len(runs),
        lost=int(np.sum(~usable)),
        gradients=float(runs.gradients.sum() / starts),
        unit=unit,
    )
