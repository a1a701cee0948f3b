"""Warnings about minimisations that failed: likely causes in the landscape, and remedies."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas.atlas import Atlas
from lossatlas.landscapes import AbstractLandscape, dimensionless
from lossatlas.searches.curvature import spectrum, zero_tolerance

from ._plan import QUENCHES


LOST = (
    "lost"  # key of the atlas' state: counts of lost minimisations by outcome, and the lowest losses there
)
FLAT = "flat"  # key of the atlas' state: the last degenerate point at which a minimisation ended
RUNAWAY = (RESULTS.left_region, RESULTS.nonfinite, RESULTS.max_steps)
BELOW = 1e-6  # a loss is below all minima if it is lower by this part of their losses and range
MANY = 0.1  # share of failed minimisations above which there is a warning
ONE_VARIABLE = 0.9  # a direction with a component of at least this size is that of one variable
UNBOUNDED = (
    "a loss without a lower bound, such as that of a mixture with free variances or of a network without "
    "L2, needs one: bound the variances from below or add a penalty"
)
MANY_KINKS = (
    "where many kinks of the loss meet, minima cannot be verified: those that are stored are a part, "
    "and may lack the lowest"
)
ADVICE = {
    "degenerate": "the loss has directions without curvature: add a penalty or declare the symmetry",
    "kink": "the loss has kinks, and searches ended on them",
    "kink_minimum": "minima on kinks of the loss are stored only with `kinks=True` (--kinks)",
    "left_region": "searches left the region: the loss may not grow at infinity, or `scale` may be too "
    f"small; {UNBOUNDED}",
    "nonfinite": f"the loss became infinite or not a number; {UNBOUNDED}",
    "max_steps": f"searches did not converge: the loss may have kinks, or no minimum; {UNBOUNDED}",
}


def note_lost(atlas: Atlas, outcome: int, energy: float, x: np.ndarray | None) -> None:
    """Store in the atlas the lowest loss of a minimisation that ran away, or a degenerate end.

    **Arguments:**

    - `atlas`: the atlas, in a transaction.
    - `outcome`: outcome of the minimisation.
    - `energy`: the loss at its end.
    - `x`: its end, shape (dim,); None where the spectrum, which shows flat directions, cannot be computed.
    """
    if outcome == RESULTS.degenerate and x is not None:
        atlas.log.set_state(FLAT, np.asarray(x).tolist())
    if outcome not in RUNAWAY:
        return
    lost = atlas.log.get_state(LOST, {})
    row = lost.setdefault(RESULTS(outcome).name, {"searches": 0, "lowest": None})
    row["searches"] += 1
    if not math.isnan(energy) and (row["lowest"] is None or energy < row["lowest"]):
        row["lowest"] = energy
    atlas.log.set_state(LOST, lost)


def why_nothing(atlas: Atlas, landscape: AbstractLandscape) -> str:
    """Return a sentence on why no search ended in a minimum."""
    outcomes: dict[str, int] = {}
    for kind in atlas.log.failures.values():
        for name, count in kind.items():
            outcomes[name] = outcomes.get(name, 0) + count
    most = max(outcomes, key=lambda name: outcomes[name], default="max_steps")
    counts = ", ".join(f"{name} {count}" for name, count in outcomes.items())
    lost = atlas.log.get_state(LOST, {})
    lowest = _lowest(lost)
    fell = f", the loss fell to {lowest:.6g}" if most in lost and lowest < math.inf else ""
    advice = ADVICE.get(most, RESULTS[most].sentence.rstrip("."))
    if most == RESULTS.degenerate.name:
        advice = _flat_direction(atlas, landscape) or advice
    return f"No search ended in a minimum ({counts}){fell}; {advice}."


def why_lost(atlas: Atlas, *, smooth: bool = True) -> str | None:
    """Return a warning if more than a tenth of the minimisations ran away, or one fell below all minima.

    **Arguments:**

    - `atlas`: an atlas that holds minima.
    - `smooth`: whether the loss is smooth; if not, kinks are named as the cause of searches out of steps.

    **Returns:** the sentence, or None.
    """
    lost = atlas.log.get_state(LOST, {})
    minimisations = _minimisations(atlas)
    count = sum(row["searches"] for row in lost.values())
    lowest = _lowest(lost)
    energies = atlas.minima.energy
    below = bool(lowest < energies.min() - BELOW * (abs(energies.min()) + np.ptp(energies)))
    unsettled = lost.get(RESULTS.max_steps.name, {"searches": 0})["searches"]
    on_kinks = not smooth and unsettled > count / 2
    # On a smooth loss a search out of steps ends somewhere on its way; on kinks it ends near a minimum.
    if not below and (count if on_kinks else count - unsettled) <= MANY * minimisations:
        return None
    how = ", ".join(f"{name} {row['searches']}" for name, row in lost.items())
    said = f"{count} of {minimisations} minimisations reached no stationary point ({how})"
    if on_kinks:
        where = ", below all minima that were found" if below else ""
        return f"{said}, at losses down to {lowest:.6g}{where}; {MANY_KINKS}."
    if not below:
        return f"{said}; {ADVICE['left_region' if 'left_region' in lost else 'nonfinite']}."
    return f"{said}, at losses down to {lowest:.6g}, below all minima that were found; {UNBOUNDED}."


def why_on_kinks(atlas: Atlas) -> str | None:
    """Return a warning if more than a tenth of the minimisations ended in minima on kinks, not stored."""
    refused, minimisations = _ended(atlas, RESULTS.kink_minimum), _minimisations(atlas)
    if refused <= MANY * minimisations:
        return None
    return f"{refused} of {minimisations} minimisations are not stored: {ADVICE['kink_minimum']}."


def why_degenerate(atlas: Atlas, landscape: AbstractLandscape) -> str | None:
    """Return a warning if more than a tenth of the minimisations ended in degenerate points."""
    refused, minimisations = _ended(atlas, RESULTS.degenerate), _minimisations(atlas)
    if refused <= MANY * minimisations:
        return None
    advice = _flat_direction(atlas, landscape) or ADVICE[RESULTS.degenerate.name]
    return f"{refused} of {minimisations} minimisations ended in degenerate points: {advice}."


def _flat_direction(atlas: Atlas, landscape: AbstractLandscape) -> str | None:
    """Describe the flattest direction at the last degenerate point and a remedy; None if unknown."""
    x = atlas.log.get_state(FLAT, None)
    if x is None or landscape.smoothness != "smooth":  # on a kink only the curvatures along it matter
        return None
    own = dimensionless(landscape)
    eigenvalues, vectors = spectrum(own, jnp.asarray(x) / landscape.units.variables)
    values, threshold = np.asarray(eigenvalues), float(zero_tolerance(eigenvalues))
    least = int(np.argmin(np.abs(values)))
    if (
        not abs(values[least]) <= threshold
    ):  # the eigenvalue is NaN, or this Hessian is not that of the search
        return None
    direction = np.abs(np.asarray(vectors)[:, least])
    variable = int(np.argmax(direction))
    said = (
        f"at the last one a curvature is {values[least]:.2g}, which float64 cannot tell from zero: the "
        f"largest is {np.abs(values).max():.2g}, and the threshold is {threshold:.2g} "
        "(all in the landscape's units of loss and length)"
    )
    if direction[variable] < ONE_VARIABLE:
        return f"{said}; the flat direction mixes variables: add a penalty or declare the symmetry"
    return (
        f"{said}; the flat direction is variable {variable}: if its values are larger than those of the "
        "others, give it a larger `scale`; else add a penalty on it"
    )


def _minimisations(atlas: Atlas) -> int:
    """Return the number of minimisations that have ended."""
    return sum(atlas.queue.finished(kind) for kind in QUENCHES)


def _ended(atlas: Atlas, outcome: RESULTS) -> int:
    """Return the number of minimisations that failed with this outcome."""
    return sum(atlas.log.failures.get(kind, {}).get(outcome.name, 0) for kind in QUENCHES)


def _lowest(lost: dict[str, dict[str, Any]]) -> float:
    """Return the lowest loss that a lost minimisation reached, infinity where none was."""
    return min((row["lowest"] for row in lost.values() if row["lowest"] is not None), default=math.inf)
