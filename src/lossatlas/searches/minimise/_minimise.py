"""Local minimisation to rounding level, with the index checked from the spectrum."""

import math

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.curvature import follow_eigenvectors

from ._bfgs import BFGS
from ._descent import Descent
from ._lbfgs import LBFGS


SWITCH = 1e-6  # rms gradient at which Newton steps take over, loss units per parameter unit
MATRIX = 300  # variables up to which the inverse Hessian is kept as a matrix


def default_method(landscape: AbstractLandscape) -> BFGS | LBFGS:
    """Return BFGS with exact Hessians now and then up to 300 variables, above L-BFGS with 100 pairs.

    A Hessian is asked for when the gradients since the last one cost 2.5 times as much.
    """
    if landscape.dimension > MATRIX:
        return LBFGS(100)
    return BFGS(refresh=max(20, math.ceil(2.5 * landscape.hessian_cost)))


def minimise(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: BFGS | LBFGS | None = None,
    max_steps: int = 5000,
    workers: int | None = None,
) -> StationaryPoints:
    """Minimise from every start: quasi-Newton descent, then Newton steps to rounding level.

    **Arguments:**

    - `landscape`: what is minimised.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: `BFGS(refresh)` or `LBFGS(memory)`; default by dimension.
    - `max_steps`: gradients of the descent per start; the Newton polish after it has a limit of its own.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start; rows whose `outcome` is `converged` are minima
    with a gradient at rounding level and only positive eigenvalues.
    """
    descent = Descent(method or default_method(landscape), SWITCH, max_steps)
    points = as_points(landscape, starts, "starts")
    end = run_batch(descent, landscape, points, workers=workers)
    polished = follow_eigenvectors(landscape, end["x"], 0, workers=workers)
    return polished.after(end["gradients"], end["hessians"])
