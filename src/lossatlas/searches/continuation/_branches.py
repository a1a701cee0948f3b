"""The result of `follow`: branches of stationary points, and the events along them."""

import dataclasses
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json
from lossatlas._results import RESULTS


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Branch(AbstractRows):
    """A curve of stationary points, in the order in which it was followed. Axis 0: points.

    The curve has the point of each event twice, with the index before and after the event; between events
    the index is constant and the parameter does not turn.

    - `parameter`: values of the number that changes, shape (points,).
    - `x`: shape (points, dim), parameter units.
    - `energy`: loss units, shape (points,).
    - `index`: number of negative eigenvalues, shape (points,).
    - `orbit_size`: number of images of each point, a Python integer; it is constant along a branch except
        at the single points where branches meet.
    - `first`, `last`: rows of the given points at which the branch begins and ends; None for no point.
    - `outcome`: `converged` where the branch ends at an end of the range or at a bifurcation.
    """

    parameter: np.ndarray
    x: np.ndarray
    energy: np.ndarray
    index: np.ndarray
    orbit_size: int
    first: int | None
    last: int | None
    outcome: RESULTS

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.parameter)

    def segments(self) -> list[slice]:
        """Return the rows of each part between two events."""
        if not len(self):
            return []
        same = (np.diff(self.parameter) == 0) & np.all(self.x[1:] == self.x[:-1], axis=1)
        edges = [0, *(np.flatnonzero(same) + 1).tolist(), len(self)]
        return [slice(low, high) for low, high in zip(edges[:-1], edges[1:])]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Event(AbstractResult):
    """A point on a branch where the Hessian is singular.

    - `kind`: `fold`, `bifurcation` or `end`. At a fold two stationary points whose indices differ by one
        meet, and the parameter turns. At a bifurcation other branches meet this one: either eigenvalues
        change sign and the parameter does not turn, or the parameter turns and one eigenvalue touches zero,
        as on the side branch of a pitchfork. An end is a bifurcation of the second sort, where the branch
        goes on as its own image. Where the parameter turns at a bifurcation, the point is located to about
        1e-8 only, since even the bordered system is singular there.
    - `branch`: position of the branch in `Branches.branches`.
    - `parameter`: value of the number that changes.
    - `x`: shape (dim,), parameter units.
    - `energy`: loss units.
    - `indices`: index of the branch before and after the event.
    - `eigenvalues`: number of eigenvalues that change sign.
    - `critical`: the computed eigenvalue of smallest size; its exact value is zero.
    - `points`: rows of the two given points that meet in a fold; None where a side of the branch does not
        lead to a given point without another turn of the parameter.
    - `departures`: number of searches from a bifurcation that found another branch, new or known.
    """

    kind: str
    branch: int
    parameter: float
    x: np.ndarray
    energy: float
    indices: tuple[int, int]
    eigenvalues: int
    critical: float
    points: tuple[int | None, int | None] = (None, None)
    departures: int = 0


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Branches(AbstractResult):
    """The branches that `follow` found, each once up to symmetry, and their events.

    - `start`, `end`: first and last value of the parameter.
    - `logarithmic`: whether steps were taken in the logarithm of the parameter.
    - `branches`, `events`: tuples of `Branch` and of `Event`.
    - `points`: names of the given points, in their order.
    - `merged`: number of curves that were followed and turned out to be known branches.
    """

    start: float
    end: float
    logarithmic: bool
    branches: tuple[Branch, ...]
    events: tuple[Event, ...]
    points: tuple[str, ...]
    merged: int

    def __len__(self) -> int:
        """Return the number of branches."""
        return len(self.branches)

    def __repr__(self) -> str:
        """Return the range of the parameter and the numbers of branches and events."""
        kinds = [event.kind for event in self.events]
        return (
            f"Branches({len(self)} from {self.start:g} to {self.end:g}: {kinds.count('fold')} folds, "
            f"{kinds.count('bifurcation')} bifurcations, {kinds.count('end')} ends)"
        )

    def outcomes(self) -> dict[str, int]:
        """Return the number of branches with each outcome."""
        names = [branch.outcome.name for branch in self.branches]
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def grid(self, count: int = 25) -> np.ndarray:
        """Return `count` values over the range, evenly spaced in the parameter or its logarithm."""
        spaced = np.geomspace if self.logarithmic else np.linspace
        return np.sort(spaced(self.start, self.end, count))

    def counts(self, parameter: np.ndarray, *, images: bool = False) -> np.ndarray:
        """Count the points on the branches at values of the parameter.

        **Arguments:**

        - `parameter`: shape (values,), within the range.
        - `images`: whether all images of a point count, so that sum_k (-1)^k counts_k is the Morse sum.

        **Returns:** Python integers, shape (values, indices); column k counts the points of index k.

        **Raises:** `ValueError` for values outside the range.
        """
        values = np.atleast_1d(np.asarray(parameter, dtype=float))
        lowest, highest = sorted((self.start, self.end))
        outside = values[~((values >= lowest) & (values <= highest))]
        if outside.size:
            raise ValueError(f"`parameter` must be from {lowest:g} to {highest:g}, got {outside[0]:g}.")
        indices = max((int(branch.index.max()) for branch in self.branches if len(branch)), default=0) + 1
        counts = np.zeros((len(values), indices), dtype=object)
        for branch in self.branches:
            for rows in branch.segments():
                low, high = np.sort(branch.parameter[rows][[0, -1]])
                # Half-open intervals: a value where two segments meet belongs to one of them.
                present = ((values > low) | ((values == lowest) & (low == lowest))) & (values <= high)
                counts[present, branch.index[rows][0]] += branch.orbit_size if images else 1
        return counts

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per point of a branch: branch, parameter, energy, index, norm."""
        parts = [part for part in self.branches if len(part)]
        numbers = [np.full(len(part), i) for i, part in enumerate(self.branches) if len(part)]
        columns = {
            name: [getattr(part, name) for part in parts] for name in ("parameter", "energy", "index")
        }
        columns = {"branch": numbers, **columns, "norm": [np.linalg.norm(p.x, axis=1) for p in parts]}
        return {name: np.concatenate(arrays) if arrays else np.zeros(0) for name, arrays in columns.items()}

    def to_dict(self, parameter: np.ndarray | None = None) -> dict[str, Any]:
        """Return everything but the coordinates.

        **Arguments:**

        - `parameter`: values at which points are counted, shape (values,); default `grid()`.
        """
        values = self.grid() if parameter is None else np.asarray(parameter, dtype=float)
        branches = [
            {
                "first": branch.first,
                "last": branch.last,
                "orbit_size": branch.orbit_size,
                "outcome": branch.outcome.name,
                **{name: getattr(branch, name) for name in ("parameter", "energy", "index")},
            }
            for branch in self.branches
        ]
        events = [
            {name: value for name, value in vars(event).items() if name != "x"} for event in self.events
        ]
        counts = {"parameter": values, "points": self.counts(values)}
        counts["images"] = self.counts(values, images=True)
        return to_json(
            {
                "points": self.points,
                "start": self.start,
                "end": self.end,
                "branches": branches,
                **{name: [e for e in events if e["kind"] == kind] for name, kind in _KINDS.items()},
                "counts": counts,
                "outcomes": self.outcomes(),
            }
        )


_KINDS = {"folds": "fold", "bifurcations": "bifurcation", "ends": "end"}
