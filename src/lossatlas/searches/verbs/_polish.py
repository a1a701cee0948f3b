"""The polish of points near minima, with the checks of the index and of kinks."""

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape, WithinFaces
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._toolkit import Toolkit
from lossatlas.searches.curvature import refuse_kinks
from lossatlas.searches.minimisers import minimise_on_kinks

from ._verified import search_and_verify


def polish(
    landscape: AbstractLandscape, x: np.ndarray, toolkit: Toolkit, *, workers: int | None = None
) -> StationaryPoints:
    """Bring points near minima to rounding level by Newton steps, and check their index.

    Where the landscape may have kinks, Newton steps use the derivatives of one smooth piece. The points at
    which they converge are tested for kinks; from points on kinks, and where Newton steps do not converge,
    a minimum on a kink is searched for if the toolkit has Hessians.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `x`: shape (points, dim), dimensionless.
    - `toolkit`: the searches, in the same units.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per point.
    """
    points = search_and_verify(toolkit.polish, landscape, x, 0, toolkit, workers=workers)
    if landscape.smoothness == "smooth":
        return points
    points = refuse_kinks(landscape, points, hessians=toolkit.hessians, workers=workers)
    if isinstance(landscape, WithinFaces):  # minima on kinks and on bounds at once are not looked for
        return points
    rows = np.flatnonzero(np.isin(points.outcome, (RESULTS.kink, RESULTS.max_steps)))
    if not (toolkit.hessians and len(rows)):
        return points
    near = np.where((points.outcome == RESULTS.kink)[rows, None], points.x[rows], x[rows])
    found = minimise_on_kinks(landscape, near, workers=workers)
    found = found.after(points.gradients[rows], points.hessians[rows])
    return points.replaced(rows, found)
