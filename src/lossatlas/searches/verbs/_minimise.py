"""The entry point for local minimisation to rounding level, with the index checked from the spectrum."""

import dataclasses

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import refuse_kinks
from lossatlas.searches.minimisers import AbstractMinimiser

from ._descend import minimiser
from ._polish import polish
from ._verified import prepare_to_verify, search_and_verify


OFF = 0.1  # step off a saddle along its lowest mode, in length scales
DESCENTS = 3  # further descents, one after the other, from saddles or where Newton steps lead away
TIGHTER = 1e-3  # tolerance of the further descents, relative to that of the first


@in_own_units(starts="points", method="method", toolkit="method")
def minimise(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: AbstractMinimiser | None = None,
    toolkit: Toolkit | None = None,
    max_gradients: int | None = None,
    workers: int | None = None,
) -> StationaryPoints:
    """Minimise from every start: a descent, then Newton steps to rounding level.

    The polish of a matrix-free toolkit (the default above 1,000 variables) uses products with the Hessian
    only, and goes to a stationary point near by. If that is a saddle, the search steps off it and goes
    downhill again.

    **Arguments:**

    - `landscape`: the landscape that is minimised.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: a minimiser, such as `QuasiNewton(LBFGS(10))`; Newton steps begin at its tolerance. Default
        the `descent` of the toolkit.
    - `toolkit`: the searches, of which the `descent` and the `polish` are used; default
        `toolkit_for(landscape)`.
    - `max_gradients`: gradients of the descent per start; default the limit of the minimiser, 5000. The
        polish after it has its own limit.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start. Rows whose `outcome` is `converged` are minima with
    a gradient at rounding level and only positive eigenvalues; minima on kinks are `kink_minimum`.

    **Raises:** `ValueError` if the starts do not fit, `method` is not a minimiser, or `max_gradients` is
    below 1.
    """
    points = as_points(landscape, starts, "starts")
    toolkit = toolkit_or_default(toolkit, landscape)
    descent = minimiser(landscape, method, toolkit, max_gradients=max_gradients)
    if not toolkit.polish.from_anywhere:
        return _off_saddles(landscape, descent, toolkit, points, workers)
    prepare_to_verify(toolkit.polish, landscape, points, 0)
    end = run_batch(descent, landscape, points, workers=workers)
    return polish(landscape, end.x, toolkit, workers=workers).after(end.gradients, end.hessians)


def _off_saddles(
    landscape: AbstractLandscape,
    descent: AbstractMinimiser,
    toolkit: Toolkit,
    starts: np.ndarray,
    workers: int | None,
) -> StationaryPoints:
    """Minimise with a polish that needs starts near a minimum; descend again from beside saddles.

    Where a soft valley bends, Newton steps can lead away from a point that is not near enough to a minimum;
    then the descent goes on to a smaller gradient.
    """
    end = run_batch(descent, landscape, starts, workers=workers)
    near, tighter = end.x.copy(), dataclasses.replace(descent, tolerance=TIGHTER * descent.tolerance)
    points = search_and_verify(toolkit.polish, landscape, near, 0, toolkit, workers=workers)
    points = points.after(end.gradients, end.hessians)
    stalled = np.linalg.norm(end.gradient, axis=1) > descent.tolerance * np.sqrt(landscape.dimension)
    for _ in range(DESCENTS):
        saddle = points.outcome == RESULTS.wrong_index
        rows = np.flatnonzero(saddle | ((points.outcome == RESULTS.max_steps) & ~stalled))
        if not len(rows):
            break
        beside = points.x[rows] + OFF * landscape.length_scale * points.direction[rows]
        beside = np.where(saddle[rows, None], beside, near[rows])
        end = run_batch(tighter, landscape, beside, workers=workers)
        near[rows] = end.x
        again = search_and_verify(toolkit.polish, landscape, end.x, 0, toolkit, workers=workers)
        again = again.after(points.gradients[rows] + end.gradients, points.hessians[rows] + end.hessians)
        points = points.replaced(rows, again)
    return refuse_kinks(landscape, points, hessians=False, workers=workers)
