"""Points on bounds: a point that is stationary within a face counts only if the bounds hold it there."""

import dataclasses

import numpy as np
from jaxtyping import Float

from lossatlas._results import RESULTS
from lossatlas._types import Matrix, Point
from lossatlas.landscapes import AbstractLandscape, WithinFaces
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints

from ._spectrum import ZERO_TOLERANCE


# A bound holds a variable if the slope away from the bound exceeds WEAK * (largest curvature) * (length
# scale).
WEAK = 1e-8


def verify_on_faces(
    landscape: AbstractLandscape, points: StationaryPoints, *, workers: int | None = None
) -> StationaryPoints:
    """Return the points with the curvatures within the face on which each lies.

    A point at bounds is a constrained minimum or saddle if the gradient with respect to the free variables
    vanishes, and if the energy rises away from each bound by more than rounding (the multipliers of Karush,
    Kuhn and Tucker are positive). If it does not rise, the outcome is `degenerate`, because first
    derivatives do not decide whether the bound holds the variable. `lowest`, `second`, `curvatures`,
    `log_product` and `direction` describe the free variables; `lowest` and `second` are infinite where
    there are too few of them. `held` and `log_slopes` describe the others.

    Source: Nocedal & Wright, Numerical Optimization (2006), theorems 12.1 and 12.6.
    """
    if not isinstance(landscape, WithinFaces):
        return points
    at_bound = landscape.box.all_at_bound(points.x)
    rows = np.flatnonzero(points.converged & at_bound.any(axis=1))
    if not len(rows):
        return points
    gradients, hessians = run_batch(_slopes, landscape.inner, points.x[rows], workers=workers)
    checked = {
        name: getattr(points, name).copy()
        for name in ("lowest", "second", "curvatures", "log_product", "direction", "outcome")
    }
    checked |= {"held": points.held.copy(), "log_slopes": points.log_slopes.copy()}
    for row, gradient, hessian in zip(rows, gradients, hessians):
        held = at_bound[row]
        values, vectors = _within(hessian, ~held)
        largest = np.abs(values).max(initial=0.0) or np.abs(hessian).max()
        away = np.where(points.x[row] <= np.asarray(landscape.box.lower), gradient, -gradient)[held]
        if not np.all(away > WEAK * largest * landscape.length_scale):
            checked["outcome"][row] = RESULTS.degenerate
        padded = np.append(values, [np.inf, np.inf])
        checked["lowest"][row], checked["second"][row] = padded[:2]
        positive = values[values > ZERO_TOLERANCE * largest]
        checked["curvatures"][row], checked["log_product"][row] = len(positive), np.log(positive).sum()
        if checked["outcome"][row] == RESULTS.converged:
            checked["held"][row], checked["log_slopes"][row] = held.sum(), np.log(away).sum()
        checked["direction"][row] = vectors[:, 0] if len(values) else 0.0
    return dataclasses.replace(points, **checked, gradients=points.gradients + 1)


def _within(
    hessian: Float[np.ndarray, "dim dim"], free: np.ndarray
) -> tuple[Float[np.ndarray, " free"], Float[np.ndarray, "dim free"]]:
    """Return the curvatures of the free variables, ascending, and their eigenvectors as columns."""
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)])
    full = np.zeros((len(free), len(values)))
    full[free] = vectors
    return values, full


def _slopes(landscape: AbstractLandscape, x: Point) -> tuple[Point, Matrix]:
    return landscape.value_and_gradient(x)[1], landscape.hessian(x)
