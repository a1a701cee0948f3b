"""What following returns: branches of stationary points, and what happens along them."""

import dataclasses
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json
from lossatlas._results import RESULTS


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Branch(AbstractRows):
    """A curve of stationary points, in the order in which it was followed. Axis 0: points.

    Where something happens the curve has the point twice, with the index before and after it; between,
    the index is constant and the parameter does not turn.

    - `parameter`: shape (points,).
    - `x`: shape (points, dim), parameter units; `energy`: loss units; `index`.
    - `orbit_size`: number of images of each point, a Python integer; it is constant along a branch, but
        for the single points where branches meet.
    - `first`, `last`: rows of the given points that the branch begins and ends at; None for none.
    - `outcome`: `converged` at an end of the range or at a bifurcation.
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
        """Return the rows of the parts between events."""
        if not len(self):
            return []
        same = (np.diff(self.parameter) == 0) & np.all(self.x[1:] == self.x[:-1], axis=1)
        edges = [0, *(np.flatnonzero(same) + 1).tolist(), len(self)]
        return [slice(low, high) for low, high in zip(edges[:-1], edges[1:])]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Event(AbstractResult):
    """A place on a branch where the Hessian is singular.

    - `kind`: `fold`: two points whose indices differ by one meet, and the parameter turns. `bifurcation`:
        eigenvalues change sign while the parameter goes on, or one touches zero where the parameter turns,
        which is a pitchfork met from the side: other branches meet this one. `end`: such a place where the
        branch meets an image of itself, on a branch of more symmetry. Where the parameter turns at other
        branches the place is located to some 1e-8 only, since even the bordered system is singular there.
    - `branch`: number of the branch.
    - `parameter`, `energy`; `x`: shape (dim,).
    - `indices`: before and after, in the order of the branch.
    - `eigenvalues`: how many change sign.
    - `critical`: the smallest eigenvalue by its size, as computed there; exactly, it is zero.
    - `points`: rows of the given points that meet in a fold, None for a side that does not lead straight to
        one.
    - `departures`: searches for other branches at a bifurcation that found one, maybe a known one.
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
    """Branches of stationary points up to symmetry, each once.

    - `start`, `end`: range of the parameter.
    - `logarithmic`: whether steps were taken in its logarithm.
    - `branches`, `events`: tuples of `Branch` and of `Event`.
    - `points`: names of the given points, in their order.
    - `merged`: curves that were followed and turned out to be known ones.
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
        """Return how much there is."""
        kinds = [event.kind for event in self.events]
        return (
            f"Branches({len(self)} from {self.start:g} to {self.end:g}: {kinds.count('fold')} folds, "
            f"{kinds.count('bifurcation')} bifurcations, {kinds.count('end')} ends)"
        )

    def outcomes(self) -> dict[str, int]:
        """Return how many branches ended how."""
        names = [branch.outcome.name for branch in self.branches]
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def grid(self, count: int = 25) -> np.ndarray:
        """Return values of the parameter over the range, spaced as the steps, shape (count,)."""
        spaced = np.geomspace if self.logarithmic else np.linspace
        return np.sort(spaced(self.start, self.end, count))

    def counts(self, parameter: np.ndarray, *, images: bool = False) -> np.ndarray:
        """Count the points on the branches at values of the parameter.

        **Arguments:**

        - `parameter`: shape (values,), within the range.
        - `images`: count the images of every point, so that sum_k (-1)^k counts_k is the Morse sum.

        **Returns:** Python integers, shape (values, indices): column k has the points of index k.

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
                # Half open: where one segment goes over into the next, one of them counts.
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

        - `parameter`: where points are counted; default `grid()`.
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
