"""The entry point for saddle searches."""

import numpy as np

from lossatlas._checks import check_whole
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, as_rows, run_batch, same_rows
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import DENSE, follow_eigenvectors, newton_krylov, refuse_kinks
from lossatlas.searches.minimise import minimise

from ._hybrid import HybridEigenvectorFollowing


MAX_STEPS = 300  # default: Hessians, or cycles of the hybrid method
POLISH = 30  # Hessians after a hybrid search
# Above 1,000 variables. Measured on 52 guesses for MNIST: 16 products a cycle and rms 1e-6, from where
# Newton steps led away from one, cost a tenth less than 30 and 1e-5, where they did from four.
MANY_VARIABLES = {"products": 16, "switch": 1e-6}
EXACT = 300  # variables up to which exact Hessians are the default; above, Hessian-vector products


@in_own_units(starts="points", directions="directions")
def find_saddles(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    directions: np.ndarray | None = None,
    order: int | np.ndarray = 1,
    method: str = "auto",
    max_steps: int | None = None,
    workers: int | None = None,
) -> StationaryPoints:
    """Refine every start to a stationary point by eigenvector following.

    **Arguments:**

    - `landscape`: what is searched.
    - `starts`: shape (starts, dim), parameter units.
    - `directions`: shape (starts, dim); of starts of order 1 alone: climb the mode that overlaps most
        with it, until some curvature is negative, then the lowest. A row of zeros, the default, climbs the
        lowest mode.
    - `order`: index wanted (0: a minimum, 1: a transition state, ...), or `NEWTON` for any; one number
        or one per start.
    - `method`: `exact` (a Hessian and its spectrum every step), `hybrid` (Lanczos on Hessian-vector
        products, for order 1 only; exact Hessians only to verify the result), or `auto`: exact for any
        other order and up to 300 variables. Above 1,000 variables the result is verified by products,
        too, and the order is 1, or 0 for all: then the search is `minimise`.
    - `max_steps`: steps per start, each from one point to the next: with `exact` one Hessian, with
        `hybrid` one Lanczos run and the gradients across its vector, in `minimise` one gradient. Default
        300, in `minimise` 5000. The check of a `hybrid` result has a limit of its own.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start.

    **Raises:** `ValueError` for an unknown method, hybrid with another order than 1, directions where no
    start has order 1, not even one step, or above 1,000 variables an order or method that needs Hessians.
    """
    if max_steps is not None:
        max_steps = check_whole("max_steps", max_steps)
    if method not in ("auto", "exact", "hybrid"):
        raise ValueError(f"`method` must be auto, exact or hybrid, got {method!r}.")
    if np.asarray(order).dtype.kind not in "iu":
        raise ValueError(f"`order` must be a whole number, or one per start, got {order!r}.")
    only_states = bool(np.all(np.asarray(order) == 1))
    if method == "hybrid" and not only_states:
        raise ValueError("The hybrid method finds transition states only: `order` must be 1.")
    starts = as_points(landscape, starts, "starts")
    if directions is None:
        directions = np.zeros_like(starts)
    elif not np.any(np.asarray(order) == 1):
        raise ValueError("`directions` say what to climb to a transition state, but no `order` is 1.")
    directions = as_rows(landscape, directions, "directions")
    same_rows(starts=starts, directions=directions)
    large = landscape.dimension > DENSE
    if large and np.all(np.asarray(order) == 0) and method == "auto":
        return minimise(landscape, starts, max_steps=max_steps, workers=workers)
    if large and not (only_states and method in ("auto", "hybrid")):
        raise ValueError(
            f"Above {DENSE} variables only minima (`order` 0) and transition states (1, hybrid) are found."
        )
    max_steps = MAX_STEPS if max_steps is None else max_steps
    if method == "hybrid" or (method == "auto" and only_states and landscape.dimension > EXACT):
        search = HybridEigenvectorFollowing(max_cycles=max_steps, **(MANY_VARIABLES if large else {}))
        near = run_batch(search, landscape, starts, directions, workers=workers)
        if large:
            result = newton_krylov(landscape, near["x"], 1, directions=near["direction"], workers=workers)
        else:
            result = follow_eigenvectors(
                landscape, near["x"], 1, directions=near["direction"], max_steps=POLISH, workers=workers
            )
        result = result.after(near["gradients"], 0)
    else:
        result = follow_eigenvectors(
            landscape, starts, order, directions=directions, max_steps=max_steps, workers=workers
        )
    return refuse_kinks(landscape, result, workers=workers)
