"""The entry point for pathways: what a transition state connects."""

import dataclasses

import numpy as np

from lossatlas._checks import check_whole
from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._driver import as_points, as_rows, run_batch, same_rows
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import DENSE
from lossatlas.searches.minimise import SWITCH, Descent, default_method, minimise, polish

from ._chebyshev_descent import ChebyshevDescent
from ._push import PUSH, push_off
from ._steepest_descent import SteepestDescent


STEPS = {"steepest": 1000, "fast": 5000}  # default of each method: steps of the latter are shorter


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Pathways:
    """Both sides of each transition state.

    - `forward`, `backward`: the two ends, `StationaryPoints` with one row per transition state.
    - `length`: arc length from the backward end to the forward end, shape (states,), parameter units;
        NaN where the fast method was used.
    - `points`: for each state, the path from the backward to the forward end through the state, shape
        (points, dim); empty unless points were kept.
    """

    forward: StationaryPoints
    backward: StationaryPoints
    length: np.ndarray
    points: list[np.ndarray]

    def in_units(self, units: Units) -> "Pathways":
        """Return dimensionless pathways in the units of the caller."""
        return Pathways(
            self.forward.in_units(units),
            self.backward.in_units(units),
            self.length * units.length,
            [path * units.variables for path in self.points],
        )

    def __repr__(self) -> str:
        """Return the number of transition states and how the two sides of them ended."""
        return f"Pathways({len(self.length)}: forward {self.forward!r}, backward {self.backward!r})"


@in_own_units(states="points", directions="directions")
def find_pathways(
    landscape: AbstractLandscape,
    states: np.ndarray,
    directions: np.ndarray,
    *,
    method: str = "steepest",
    keep: int = 0,
    max_steps: int | None = None,
    workers: int | None = None,
) -> Pathways:
    """Follow the two pathways down from every transition state and polish the minima at their ends.

    **Arguments:**

    - `landscape`: what is searched.
    - `states`: transition states, shape (states, dim), parameter units.
    - `directions`: their unstable eigenvectors, shape (states, dim).
    - `method`: `steepest` (second-order steepest descent, exact; above 1,000 variables by gradients
        alone) or `fast` (push-off and quasi-Newton minimisation, which can reach another minimum).
    - `keep`: points kept per side (steepest descent only).
    - `max_steps`: steps per side, each from one point of the way down to the next: a Hessian and two
        gradients (steepest), some ten gradients (steepest, above 1,000 variables) or one (fast). Default
        1000 and, for the fast method, 5000.
    - `workers`: threads; default one per core.

    **Returns:** `Pathways`.

    **Raises:** `ValueError` for an unknown method, not even one step, a negative number of points to keep,
    or points to keep of the fast method.
    """
    if method not in STEPS:
        raise ValueError(f"`method` must be steepest or fast, got {method!r}.")
    max_steps = STEPS[method] if max_steps is None else check_whole("max_steps", max_steps)
    keep = check_whole("keep", keep, least=0)
    if keep and method == "fast":
        raise ValueError("`keep` is of steepest descent only: the fast method follows no path.")
    states = as_points(landscape, states, "states")
    directions = as_rows(landscape, directions, "directions")
    same_rows(states=states, directions=directions)
    starts = np.concatenate([states, states])
    signed = np.concatenate([directions, -directions])
    count, lengths = len(states), np.full(2 * len(states), np.nan)
    points, kept = np.zeros((0, 0)), np.zeros(0)
    large = landscape.dimension > DENSE
    if method == "steepest":
        integrator = ChebyshevDescent if large else SteepestDescent
        search = integrator(max_steps=max_steps, keep=keep)
        descent = run_batch(search, landscape, starts, signed, workers=workers)
        points, kept = descent["points"], descent["kept"]
    else:
        search = Descent(default_method(landscape), SWITCH, max_steps)
        pushed = run_batch(_pushed, landscape, starts, signed, workers=workers)
        descent = run_batch(search, landscape, pushed, workers=workers)
    if large:
        ends = minimise(landscape, descent["x"], workers=workers)
    else:
        ends = polish(landscape, descent["x"], workers=workers)
    ends = ends.after(descent["gradients"], descent["hessians"])
    if method == "steepest":
        lengths = descent["length"] + np.linalg.norm(ends.x - descent["x"], axis=1)
    forward, backward = ends[np.arange(count)], ends[np.arange(count, 2 * count)]
    paths = [
        np.concatenate(
            [
                backward.x[i : i + 1],
                points[count + i, : kept[count + i] + 1][::-1],
                states[i : i + 1],
                points[i, : kept[i] + 1],
                forward.x[i : i + 1],
            ]
        )
        for i in range(count if keep and points.size else 0)
    ]
    return Pathways(forward, backward, lengths[:count] + lengths[count:], paths)


def _pushed(landscape: AbstractLandscape, x: Point, direction: Point) -> Point:
    return push_off(landscape, x, direction, PUSH)[0]
