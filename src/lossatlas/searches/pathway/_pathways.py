"""The entry point for pathways: what a transition state connects."""

import dataclasses

import equinox as eqx
import numpy as np

from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.minimise import Minimisation, default_method

from ._steepest_descent import SteepestDescent


@dataclasses.dataclass(frozen=True)
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


class FastDescent(eqx.Module):
    """Push off and minimise: cheaper than steepest descent, but it can end in another minimum."""

    minimisation: Minimisation
    push: float = 0.02

    def __call__(self, landscape: AbstractLandscape, x: Point, direction: Point) -> dict:
        """Run one lane; returns the fields of `StationaryPoints`."""
        start = x + self.push * landscape.length_scale * direction
        return self.minimisation(landscape, start)


def find_pathways(
    landscape: AbstractLandscape,
    states: np.ndarray,
    directions: np.ndarray,
    *,
    method: str = "steepest",
    keep: int = 0,
    max_steps: int = 1000,
    workers: int | None = None,
) -> Pathways:
    """Follow the two pathways down from every transition state and polish the minima at their ends.

    **Arguments:**

    - `landscape`: what is searched.
    - `states`: transition states, shape (states, dim), parameter units.
    - `directions`: their unstable eigenvectors, shape (states, dim).
    - `method`: `steepest` (second-order steepest descent, exact) or `fast` (push-off and quasi-Newton
        minimisation, which can reach another minimum).
    - `keep`: points kept per side (steepest descent only).
    - `max_steps`: Hessians (steepest) or gradients (fast) per side.
    - `workers`: threads; default one per core.

    **Returns:** `Pathways`.

    **Raises:** `ValueError` for an unknown method.
    """
    states = as_points(landscape, states, "states")
    directions = as_points(landscape, directions, "directions")
    if method == "steepest":
        search = SteepestDescent(max_steps=max_steps, keep=keep)
    elif method == "fast":
        search = FastDescent(Minimisation(default_method(landscape.dimension), 5 * max_steps))
    else:
        raise ValueError(f"`method` must be steepest or fast, got {method}.")
    starts = np.concatenate([states, states])
    signed = np.concatenate([directions, -directions])
    result = run_batch(search, landscape, starts, signed, workers=workers)
    count = len(states)
    lengths = result.pop("length", np.full(2 * count, np.nan))
    points, kept = result.pop("points", np.zeros((0, 0))), result.pop("kept", np.zeros(0))
    ends = StationaryPoints(**result)
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
        for i in range(count if points.size else 0)
    ]
    return Pathways(forward, backward, lengths[:count] + lengths[count:], paths)
