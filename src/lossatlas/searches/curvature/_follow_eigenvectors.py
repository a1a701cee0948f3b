"""Newton steps to rounding level, and the full spectrum there: the check of every point that is stored."""

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints

from ._eigenvector_following import EigenvectorFollowing


def follow_eigenvectors(
    landscape: AbstractLandscape,
    x: np.ndarray,
    order: int | np.ndarray,
    *,
    directions: np.ndarray | None = None,
    max_steps: int = 300,
    workers: int | None = None,
) -> StationaryPoints:
    """Follow eigenvectors with exact Hessians from every row of `x`, shape (points, dim).

    **Arguments:**

    - `order`: index wanted, see `EigenvectorFollowing`; one number or one per point.
    - `directions`: shape (points, dim), modes to climb; default the lowest.
    - `max_steps`: Hessians per point.
    """
    orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(x))
    directions = np.zeros_like(x) if directions is None else directions
    search = EigenvectorFollowing(max_steps)
    return StationaryPoints(**run_batch(search, landscape, x, directions, orders, workers=workers))
