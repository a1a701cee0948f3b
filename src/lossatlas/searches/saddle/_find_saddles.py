"""The entry point for saddle searches."""

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints

from ._eigenvector_following import EigenvectorFollowing


def find_saddles(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    directions: np.ndarray | None = None,
    order: int | np.ndarray = 1,
    max_steps: int = 300,
    workers: int | None = None,
) -> StationaryPoints:
    """Refine every start to a stationary point by eigenvector following with exact Hessians.

    **Arguments:**

    - `landscape`: what is searched.
    - `starts`: shape (starts, dim), parameter units.
    - `directions`: shape (starts, dim); for order 1, climb the mode that overlaps most with it. A row of
        zeros, the default, climbs the lowest mode.
    - `order`: index wanted (0: a minimum, 1: a transition state, ...), or `NEWTON` for any; one number
        or one per start.
    - `max_steps`: Hessians per start.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start.
    """
    starts = np.atleast_2d(starts)
    directions = np.zeros_like(starts) if directions is None else np.atleast_2d(directions)
    orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(starts))
    search = EigenvectorFollowing(max_steps)
    result = run_batch(search, landscape, starts, directions, orders, workers=workers)
    return StationaryPoints(**result)
