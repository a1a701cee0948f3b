"""What descents on spin glasses reached: a row per size and method, and exponents of the variances."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from energy_spread import EnergySpread, ExponentFit, energy_spread, expected_best, fit_exponent
from energy_unit import EnergyUnit, energy_unit


# Columns that may differ between the rows of one method; all others say how it was run.
OF_A_ROW = {"size", "draw", "method", "start", "quench", "energy", "rms_gradient", "gradients", "outcome"}


@dataclasses.dataclass(frozen=True, eq=False)
class Reached:
    """What one method reached on the draws of glasses of one size, in their unit.

    - `size`: spins, or variables of each part.
    - `method`: `gradient`, `lbfgs` or `hopping`.
    - `energy`, `draw`: one entry per start that reached an energy; of a chain of hops its lowest one.
    - `best`: lowest energy so far against the number of quenches, shape (draws, quenches): the mean over
        the chains of a draw, and over all choices of so many of its independent starts.
    - `converged`, `descents`: how many descents reached the tolerance, of how many. What did not in as
        many steps as it had counts as reached.
    - `lost`: descents that diverged.
    - `gradients`: mean per start, all hops of a chain included.
    - `unit`: of the energies.
    """

    size: int
    method: str
    energy: np.ndarray
    draw: np.ndarray
    best: np.ndarray
    converged: int
    descents: int
    lost: int
    gradients: float
    unit: EnergyUnit

    @property
    def spread(self) -> EnergySpread | None:
        """Mean and variances; None where nothing was reached."""
        return energy_spread(self.energy, self.draw) if len(self.energy) else None

    def row(self) -> dict[str, Any]:
        """Return a row of the table; what is not known is None."""
        spread = dataclasses.asdict(self.spread) if self.spread else {}
        known = {
            field.name: spread.get(field.name, 0 if field.name in ("draws", "starts") else math.nan)
            for field in dataclasses.fields(EnergySpread)
        }
        row = {
            **{"size": self.size, "method": self.method, "unit": self.unit.label}, **known,
            **{name: getattr(self, name) for name in ("converged", "descents", "gradients")},
        }  # fmt: skip
        return {key: None if value != value else value for key, value in row.items()}


def summarise(rows: Sequence[Mapping[str, str]]) -> list[Reached]:
    """Return what descents reached, by ascending size, then by method in the order of the table.

    **Arguments:**

    - `rows`: of the table that run.py made.

    **Raises:** `ValueError` for no row, and for glasses of another p or runs of other settings beside each
        other: they are different experiments.
    """
    if not rows:
        raise ValueError("The table holds no descent.")
    methods = list(dict.fromkeys(row["method"] for row in rows))
    _check_one(rows, ("p", "partite"))
    for method in methods:
        _check_one([row for row in rows if row["method"] == method], set(rows[0]) - OF_A_ROW)
    reached = []
    for size in sorted({int(row["size"]) for row in rows}):
        unit = energy_unit(int(rows[0]["p"]), size, rows[0]["partite"] == "True")
        for method in methods:
            part = [row for row in rows if (int(row["size"]), row["method"]) == (size, method)]
            if part:
                reached.append(_reached(size, method, part, unit))
    return reached


def exponents(reached: Sequence[Reached]) -> dict[str, ExponentFit]:
    """Return the fit of the variance against the size by method, where errors allow one."""
    fits = {}
    for method in dict.fromkeys(part.method for part in reached):
        points = []
        for part in reached:
            spread = part.spread
            if part.method == method and spread and spread.variance_error > 0 and spread.variance > 0:
                points.append((part.size, spread.variance, spread.variance_error))
        if len(points) > 1:
            fits[method] = fit_exponent(*np.array(points).T)
    return fits


def _check_one(rows: Sequence[Mapping[str, str]], names: Iterable[str]) -> None:
    """Refuse rows of which some column has more than one value."""
    for name in sorted(names):
        values = sorted({row[name] for row in rows})
        if len(values) > 1:
            raise ValueError(
                f"The table holds runs of {name} = {' and '.join(values)}: keep a table for each."
            )


def _reached(size: int, method: str, rows: Sequence[Mapping[str, str]], unit: EnergyUnit) -> Reached:
    """Return what a method reached; `rows` are of one size and that method."""
    energy, gradients = (np.array([float(row[key]) for row in rows]) for key in ("energy", "gradients"))
    draw, start, quench = (np.array([int(row[key]) for row in rows]) for key in ("draw", "start", "quench"))
    outcome = np.array([row["outcome"] for row in rows])
    usable = np.isin(outcome, ("converged", "max_steps")) & np.isfinite(energy)
    energy = np.where(usable, energy / unit.size, np.inf)
    lowest, draws, curves, starts = [], [], [], 0
    for number in np.unique(draw):
        here = draw == number
        # Shape (starts, quenches): hops come quench by quench.
        of_starts = energy[here][np.lexsort((quench[here], start[here]))]
        of_starts = of_starts.reshape(len(np.unique(start[here])), -1)
        starts += len(of_starts)
        so_far = np.minimum.accumulate(of_starts, axis=1)
        reached = so_far[np.isfinite(so_far[:, -1])]
        lowest += reached[:, -1].tolist()
        draws += [number] * len(reached)
        curves.append(expected_best(reached[:, 0]) if method != "hopping" else so_far.mean(axis=0))
    quenches = min(len(curve) for curve in curves)
    return Reached(
        size=size,
        method=method,
        energy=np.array(lowest),
        draw=np.array(draws),
        best=np.array([curve[:quenches] for curve in curves]),
        converged=int(np.sum(outcome == "converged")),
        descents=len(rows),
        lost=int(np.sum(~usable)),
        gradients=float(gradients.sum() / starts),
        unit=unit,
    )
