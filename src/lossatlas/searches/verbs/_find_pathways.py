"""The entry point for pathways, which find the two minima that a transition state connects."""

import dataclasses

import numpy as np

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_whole
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._driver import as_points, as_rows, run_batch, same_rows
from lossatlas.searches._records import StationaryPoints, count_outcomes
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.pathway import AbstractPathway, HalfPathway

from ._arguments import (
    check_result,
    checked_gradients,
    limited,
    method_or_default,
)
from ._minimise import minimise
from ._polish import polish


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Pathways(AbstractResult):
    """The pathways of transition states, with the two minima that each of them connects.

    - `forward`, `backward`: ends of the pathways along and against the given direction, `StationaryPoints`
        with one row per transition state.
    - `length`: arc length from the backward end to the forward end, shape (states,), parameter units;
        NaN where no path was followed (`PushedDescent`).
    - `points`: for each transition state the points of its pathway from the backward to the forward end,
        shape (points, dim), parameter units; the list is empty unless points were kept.
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

    def outcomes(self) -> dict[str, int]:
        """Return the number of pathway ends, two per transition state, with each outcome."""
        return count_outcomes(np.concatenate([self.forward.outcome, self.backward.outcome]))

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return energy and outcome of both ends and the length, one row per transition state."""
        columns: dict[str, np.ndarray] = {}
        for side, ends in (("forward", self.forward), ("backward", self.backward)):
            own = ends.to_columns()
            columns |= {f"{side}_{name}": own[name] for name in ("energy", "outcome")}
        return columns | {"length": self.length}

    def __repr__(self) -> str:
        """Return the number of transition states and the outcomes of both sides."""
        return f"Pathways({len(self.length)}: forward {self.forward!r}, backward {self.backward!r})"


@in_own_units(states="points", directions="directions", method="method", toolkit="method")
def find_pathways(
    landscape: AbstractLandscape,
    states: np.ndarray,
    directions: np.ndarray,
    *,
    method: AbstractPathway | None = None,
    toolkit: Toolkit | None = None,
    keep: int | None = None,
    max_gradients: int | None = None,
    workers: int | None = None,
) -> Pathways:
    """Follow both sides of the pathway down from every transition state, and polish the minima at the ends.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `states`: transition states, shape (states, dim), parameter units.
    - `directions`: unit unstable eigenvectors of the transition states, shape (states, dim).
    - `method`: `SteepestDescent()`, which uses Hessians, `ChebyshevDescent()`, which uses gradients, or
        `PushedDescent(minimiser)`, which is fast but can reach another minimum; default the `pathway` of
        the toolkit.
    - `toolkit`: the searches, of which `pathway`, `polish` and, without Hessians, `descent` are used;
        default `toolkit_for(landscape)`.
    - `keep`: points kept per side; default as in the method, none. A `PushedDescent` can keep none.
    - `max_gradients`: gradients per side after which no step begins, where a Hessian counts as
        `landscape.hessian_cost` gradients; default the limit of the search. The polish has its own limit.
    - `workers`: threads; default one per core.

    **Returns:** `Pathways`.

    **Raises:** `ValueError` if the arrays do not fit, `method` is not a search for pathways,
    `max_gradients` is below 1, `keep` is negative, or points are to be kept by a `PushedDescent`.
    """
    limit = checked_gradients(max_gradients)
    keep = None if keep is None else check_whole("keep", keep, least=0)
    states = as_points(landscape, states, "states")
    directions = as_rows(landscape, directions, "directions")
    same_rows(states=states, directions=directions)
    toolkit = toolkit_or_default(toolkit, landscape)
    search: AbstractPathway = method_or_default(method, AbstractPathway, toolkit.pathway)
    search = search if keep is None else search.keeping(keep)
    search = limited(search, landscape, limit)
    starts, signed = np.concatenate([states, states]), np.concatenate([directions, -directions])
    way = run_batch(search, landscape, starts, signed, workers=workers)
    check_result(search, way, HalfPathway, ", ".join(HalfPathway._fields))
    if toolkit.polish.from_anywhere:
        ends = polish(landscape, way.x, toolkit, workers=workers)
    else:
        ends = minimise(landscape, way.x, toolkit=toolkit, workers=workers)
    ends = ends.after(way.gradients, way.hessians)
    count, lengths = len(states), way.length + np.linalg.norm(ends.x - way.x, axis=1)
    forward, backward = ends.rows(np.arange(count)), ends.rows(np.arange(count, 2 * count))
    paths = [
        np.concatenate(
            [
                backward.x[i : i + 1],
                way.points[count + i, : way.kept[count + i] + 1][::-1],
                states[i : i + 1],
                way.points[i, : way.kept[i] + 1],
                forward.x[i : i + 1],
            ]
        )
        for i in range(count if way.points.shape[1] else 0)
    ]
    return Pathways(forward, backward, lengths[:count] + lengths[count:], paths)
