"""Local minimisation to rounding level, with the index checked from the spectrum."""

import dataclasses

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import DENSE, newton_krylov, refuse_kinks

from ._abstract_descent import AbstractDescent
from ._descend import TOLERANCE, Method, descent_by
from ._polish import polish


SWITCH = TOLERANCE  # rms gradient at which Newton steps take over, loss units per parameter unit
OFF = 0.1  # step off a saddle along its lowest mode, in length scales
DESCENTS = 3  # more, one after the other, from saddles or where Newton steps lead away
TIGHTER = 1e-3  # the gradient that those end at, relative to the first


@in_own_units(starts="points", method="method")
def minimise(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: Method | None = None,
    max_steps: int | None = None,
    workers: int | None = None,
) -> StationaryPoints:
    """Minimise from every start: a descent, then Newton steps to rounding level.

    Above 1,000 variables the steps and the check of the index need Hessian-vector products only, and a
    search that ends on a saddle, by symmetry, steps off it and descends again.

    **Arguments:**

    - `landscape`: what is minimised.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: `BFGS(refresh)`, `LBFGS(memory)` or `GradientDescent(step)`; or a descent with limits of
        its own, such as `TruncatedNewton(tolerance)`, at whose tolerance Newton steps take over (rms
        gradient 1e-6 for the others); default by landscape (`default_descent`).
    - `max_steps`: gradients of the descent per start, default 5000; the Newton polish after it has a limit
        of its own.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start; rows whose `outcome` is `converged` are minima
    with a gradient at rounding level and only positive eigenvalues.

    **Raises:** `ValueError` for starts that do not fit, another method, not even one step, and for
    `max_steps` beside a descent that has its own.
    """
    points = as_points(landscape, starts, "starts")
    descent = descent_by(landscape, method, max_steps=max_steps)
    if landscape.dimension > DENSE:
        return _by_products(landscape, descent, points, workers)
    end = run_batch(descent, landscape, points, workers=workers)
    return polish(landscape, end["x"], workers=workers).after(end["gradients"], end["hessians"])


def _by_products(
    landscape: AbstractLandscape,
    descent: AbstractDescent,
    starts: np.ndarray,
    workers: int | None,
) -> StationaryPoints:
    """Minimise without Hessians, and again from beside the saddles where that ends.

    Where a soft valley bends, Newton steps can lead away from a point that is not near enough: there the
    descent goes on to a smaller gradient.
    """
    end = run_batch(descent, landscape, starts, workers=workers)
    near, tighter = end["x"].copy(), dataclasses.replace(descent, tolerance=TIGHTER * descent.tolerance)
    points = newton_krylov(landscape, near, 0, workers=workers).after(end["gradients"], 0)
    stalled = np.linalg.norm(end["gradient"], axis=1) > descent.tolerance * np.sqrt(landscape.dimension)
    for _ in range(DESCENTS):
        saddle = points.outcome == RESULTS.wrong_index
        rows = np.flatnonzero(saddle | ((points.outcome == RESULTS.max_steps) & ~stalled))
        if not len(rows):
            break
        beside = points.x[rows] + OFF * landscape.length_scale * points.direction[rows]
        beside = np.where(saddle[rows, None], beside, near[rows])
        end = run_batch(tighter, landscape, beside, workers=workers)
        near[rows] = end["x"]
        again = newton_krylov(landscape, end["x"], 0, workers=workers)
        again = again.after(points.gradients[rows] + end["gradients"], 0)
        points = points.replaced(rows, again)
    return refuse_kinks(landscape, points, workers=workers)
