"""Descents without a polish, which end where training ends, also where minima are degenerate."""

import dataclasses

import numpy as np

from lossatlas._checks import check_positive
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import Descents
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.minimisers import AbstractMinimiser, Recorded

from ._arguments import checked_gradients, method_or_default


@in_own_units(starts="points", method="method", toolkit="method", tolerance="slopes")
def descend(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: AbstractMinimiser | None = None,
    toolkit: Toolkit | None = None,
    tolerance: float | None = None,
    max_gradients: int | None = None,
    workers: int | None = None,
) -> Descents:
    """Go downhill from every start until the rms gradient is at most `tolerance`.

    The ends are not polished and their index is not checked; `minimise` does both. Use `descend` for losses
    without a penalty, whose minima are degenerate so that `minimise` cannot verify them, and for the
    energies that training reaches.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: a minimiser, such as `QuasiNewton(LBFGS(10))`; default the `descent` of the toolkit.
    - `toolkit`: the searches; default `toolkit_for(landscape)`.
    - `tolerance`: rms gradient at which a descent ends, loss units per parameter unit; default the
        tolerance of the minimiser, 1e-6.
    - `max_gradients`: gradients per start; default the limit of the minimiser, 5000.
    - `workers`: threads; default one per core.

    **Returns:** `Descents`, one row per start.

    **Raises:** `ValueError` if the starts do not fit, `method` is not a minimiser, the tolerance is not
    positive, or `max_gradients` is below 1.
    """
    points = as_points(landscape, starts, "starts")
    search = minimiser(landscape, method, toolkit, tolerance=tolerance, max_gradients=max_gradients)
    end, history = run_batch(Recorded(search), landscape, points, workers=workers)
    with np.errstate(over="ignore"):  # the gradient of a lost descent may overflow
        rms = np.linalg.norm(end.gradient, axis=1) / np.sqrt(landscape.dimension)
    return Descents(
        x=end.x,
        energy=end.energy,
        rms_gradient=rms,
        outcome=end.outcome,
        gradients=end.gradients,
        hessians=end.hessians,
        history=history,
    )


def minimiser(
    landscape: AbstractLandscape,
    method: AbstractMinimiser | None,
    toolkit: Toolkit | None,
    *,
    tolerance: float | None = None,
    max_gradients: int | None = None,
) -> AbstractMinimiser:
    """Return the minimiser of `method` or the toolkit, with its limits replaced by those given."""
    descent = toolkit_or_default(toolkit, landscape).descent
    chosen: AbstractMinimiser = method_or_default(method, AbstractMinimiser, descent)
    limits = {
        "tolerance": None if tolerance is None else check_positive("tolerance", tolerance),
        "max_gradients": checked_gradients(max_gradients),
    }
    return dataclasses.replace(
        chosen, **{name: value for name, value in limits.items() if value is not None}
    )
