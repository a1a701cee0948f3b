"""The one way to a stationary point: whoever searched, the point is verified by our own searches."""

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import compile_ahead, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._toolkit import Toolkit, verifier_of
from lossatlas.searches.curvature import AbstractStationarySearch, Approached, lanes_of

from ._arguments import check_result


# A search is believed that it found nothing; not that a point is stationary, nor of which index it is.
FOUND_NOTHING = (RESULTS.max_steps, RESULTS.left_region, RESULTS.nonfinite)


def search_and_verify(
    search: AbstractStationarySearch,
    landscape: AbstractLandscape,
    x: np.ndarray,
    order: int | np.ndarray,
    toolkit: Toolkit,
    *,
    directions: np.ndarray | None = None,
    workers: int | None = None,
) -> StationaryPoints:
    """Search from every row of `x`, and verify the ends.

    Our own searches verify what they find. From where another one ended, the polish of the toolkit goes on,
    with the same order. Of what that search returned nothing but the place and the evaluations is used. If
    the polish is none of ours, either, that of the default toolkit verifies.

    **Arguments:**

    - `x`: shape (points, dim), dimensionless.
    - `order`: index wanted; one number or one per point.
    - `directions`: shape (points, dim), modes to climb; default the lowest.

    **Raises:** `ValueError` for a result that is no `Approached`, and an order that cannot be verified.
    """
    own = verifier_of(search)
    if own is not None:
        return own.refine(landscape, x, order, directions=directions, workers=workers)
    verifier = toolkit.verifier(landscape)
    orders, directions = lanes_of(x, order, directions)
    for wanted in np.unique(orders).tolist():
        if not verifier.finds(wanted):
            raise ValueError(
                f"{type(verifier).__name__}, which verifies what {type(search).__name__} finds, cannot "
                f"tell points of `order` {wanted}."
            )
    ends = run_batch(search, landscape, x, directions, orders, workers=workers)
    nothing = np.isin(_checked(search, ends, x.shape[1]).outcome, FOUND_NOTHING)
    found, lost = np.flatnonzero(~nothing), np.flatnonzero(nothing)
    verified = verifier.refine(landscape, ends.x[found], orders[found], workers=workers)
    failed = _failures(landscape, ends.x[lost], ends.outcome[lost], workers)
    points = StationaryPoints.concatenate([verified, failed]).rows(np.argsort(np.append(found, lost)))
    return points.after(ends.gradients, ends.hessians)


def prepare_to_verify(
    search: AbstractStationarySearch, landscape: AbstractLandscape, x: np.ndarray, order: int | np.ndarray
) -> None:
    """Begin to compile what `search_and_verify` will run on arrays of the same shapes."""
    orders, directions = lanes_of(x, order, None)
    compile_ahead(search, landscape, x, directions, orders)


def _checked(search: AbstractStationarySearch, ends: Approached, dimension: int) -> Approached:
    """Return the ends of a batch if they have the form that they must have."""
    name = type(search).__name__
    check_result(search, ends, Approached, ", ".join(Approached._fields))
    if ends.x.shape[1:] != (dimension,):
        raise ValueError(
            f"`x` in the result of {name} must have shape ({dimension},), got {ends.x.shape[1:]}."
        )
    if not np.isin(ends.outcome, list(RESULTS)).all():
        raise ValueError(f"`outcome` in the result of {name} must be a member of RESULTS.")
    return ends


def _failures(
    landscape: AbstractLandscape, x: np.ndarray, outcome: np.ndarray, workers: int | None
) -> StationaryPoints:
    """Return rows for searches that found nothing: energy and gradient where they ended, no spectrum."""
    energy, gradient = run_batch(_value_and_gradient, landscape, x, workers=workers)
    unknown, none = np.full(len(x), np.nan), np.zeros(len(x), dtype=int)
    return StationaryPoints(
        x=x,
        energy=energy,
        rms_gradient=np.linalg.norm(gradient, axis=1) / np.sqrt(x.shape[1]),
        index=none,
        zeros=none,
        lowest=unknown,
        second=unknown,
        curvatures=none,
        log_product=unknown,
        held=none,
        log_slopes=np.zeros(len(x)),
        direction=np.zeros_like(x),
        outcome=outcome,
        gradients=none + 1,
        hessians=none,
    )


def _value_and_gradient(landscape: AbstractLandscape, x):
    return landscape.value_and_gradient(x)
