"""The entry point for searches for transition states and saddles."""

from typing import NamedTuple

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, as_rows, same_rows
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import AbstractStationarySearch, refuse_kinks

from ._arguments import checked_gradients, limited, method_or_default
from ._minimise import minimise
from ._verified import search_and_verify


@in_own_units(starts="points", directions="directions", method="method", toolkit="method")
def find_saddles(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    directions: np.ndarray | None = None,
    order: int | np.ndarray = 1,
    method: AbstractStationarySearch | None = None,
    toolkit: Toolkit | None = None,
    max_gradients: int | None = None,
    workers: int | None = None,
) -> StationaryPoints:
    """Search from every start for a stationary point of a given index by eigenvector following.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `starts`: shape (starts, dim), parameter units.
    - `directions`: modes to climb, shape (starts, dim), used for starts of order 1 only. The search climbs
        the mode that overlaps most with the direction until some curvature is negative, then the lowest
        mode. A row of zeros, the default, stands for the lowest mode.
    - `order`: index wanted (0: a minimum, 1: a transition state, ...), or `NEWTON` for any; one number
        or one per start.
    - `method`: the search for all starts: `EigenvectorFollowing()` (a Hessian and its spectrum every step)
        or `HybridEigenvectorFollowing()` (Lanczos on Hessian-vector products, for order 1 only; its `check`
        verifies the result). From the end of any other search, such as your own, the `polish` of the
        toolkit goes on to rounding level and verifies the point. Default: the `saddle` search of the
        toolkit for the orders that it finds, and the `polish` for others; if the polish needs starts near
        a minimum, `minimise` for order 0. Without Hessians (the default above 1,000 variables) only orders
        0 and 1 are possible.
    - `toolkit`: the searches; default `toolkit_for(landscape)`.
    - `max_gradients`: gradients per start after which no step begins, where a Hessian counts as
        `landscape.hessian_cost` gradients; default the limit of the search. The check of the hybrid method
        and the polish, of `minimise` or after your own search, have their own limits.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start.

    **Raises:** `ValueError` if the arrays do not fit, `method` is not a search for stationary points, the
    search cannot find an `order`, `directions` are given but no start has order 1, or `max_gradients` is
    below 1.
    """
    max_gradients = checked_gradients(max_gradients)
    if np.asarray(order).dtype.kind not in "iu":
        raise ValueError(f"`order` must be a whole number, or one per start, got {order!r}.")
    starts = as_points(landscape, starts, "starts")
    if np.max(order, initial=0) > landscape.dimension:
        raise ValueError(
            f"`order` must be at most {landscape.dimension}, the number of variables, got {order!r}."
        )
    if directions is None:
        directions = np.zeros_like(starts)
    elif not np.any(np.asarray(order) == 1):
        raise ValueError("`directions` are modes to climb to a transition state, but no `order` is 1.")
    directions = as_rows(landscape, directions, "directions")
    same_rows(starts=starts, directions=directions)
    toolkit = toolkit_or_default(toolkit, landscape)
    orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(starts))
    lanes = _Lanes(landscape, starts, directions, orders, max_gradients, workers)
    if method is None:
        return _by_toolkit(toolkit, lanes)
    return _refined(method_or_default(method, AbstractStationarySearch, toolkit.saddle), lanes, toolkit)


class _Lanes(NamedTuple):
    """The landscape and the starts of one call, one row per start, with its limit and number of threads."""

    landscape: AbstractLandscape
    starts: np.ndarray
    directions: np.ndarray
    orders: np.ndarray
    limit: int | None
    workers: int | None

    def rows(self, rows: np.ndarray) -> "_Lanes":
        """Return some of the lanes."""
        return self._replace(
            starts=self.starts[rows], directions=self.directions[rows], orders=self.orders[rows]
        )


def _by_toolkit(toolkit: Toolkit, lanes: _Lanes) -> StationaryPoints:
    """Search with the search of the toolkit that finds the order of each lane."""
    climbs = np.array([toolkit.saddle.finds(order) for order in lanes.orders.tolist()], dtype=bool)
    if climbs.all():
        return _refined(toolkit.saddle, lanes, toolkit)
    others = lanes.rows(~climbs)
    if toolkit.polish.from_anywhere:
        found = _refined(toolkit.polish, others, toolkit)
    elif np.all(others.orders == 0):
        found = minimise(
            lanes.landscape,
            others.starts,
            toolkit=toolkit,
            max_gradients=lanes.limit,
            workers=lanes.workers,
        )
    else:
        raise ValueError(
            "Without Hessians only minima (`order` 0) and transition states (1) are found; that is the "
            f"default for the {lanes.landscape.dimension} variables of this landscape."
        )
    points = StationaryPoints.concatenate([_refined(toolkit.saddle, lanes.rows(climbs), toolkit), found])
    return points.rows(np.argsort(np.concatenate([np.flatnonzero(climbs), np.flatnonzero(~climbs)])))


def _refined(search: AbstractStationarySearch, lanes: _Lanes, toolkit: Toolkit) -> StationaryPoints:
    """Run one search from all lanes, and test the points found for kinks."""
    landscape, starts, directions, orders, limit, workers = lanes
    for order in np.unique(orders).tolist():
        if not search.finds(order):
            raise ValueError(f"{type(search).__name__} finds no points of `order` {order}.")
    search = limited(search, landscape, limit)
    points = search_and_verify(
        search, landscape, starts, orders, toolkit, directions=directions, workers=workers
    )
    return refuse_kinks(landscape, points, hessians=toolkit.hessians, workers=workers)
