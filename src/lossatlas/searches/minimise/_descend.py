"""Descents as they are, without a polish: where training ends, also where minima are degenerate."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from lossatlas._checks import check_positive, check_whole
from lossatlas._types import Flag, Levels, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import Descents
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import DENSE

from ._abstract_descent import AbstractDescent
from ._bfgs import BFGS
from ._gradient_descent import ConstantSteps, GradientDescent
from ._lbfgs import LBFGS
from ._quasi_newton import Descent
from ._truncated_newton import TruncatedNewton


MATRIX = 300  # variables up to which the inverse Hessian is kept as a matrix
FEW_PAIRS = 10  # of L-BFGS where lanes share passes

TOLERANCE = 1e-6  # default of descents, rms gradient, loss units per parameter unit
MAX_STEPS = 5000  # default of descents, gradients

Method = BFGS | LBFGS | GradientDescent | AbstractDescent


def default_method(landscape: AbstractLandscape) -> BFGS | LBFGS:
    """Return BFGS with exact Hessians now and then up to 300 variables, above L-BFGS.

    A Hessian is asked for when the gradients since the last one cost 2.5 times as much. L-BFGS has 100
    pairs, and 20 above 1,000 variables, where the recursion would cost more than it saves. Where lanes
    share passes over large data a gradient is cheap: L-BFGS with few pairs.
    """
    if landscape.shares_passes:
        return LBFGS(FEW_PAIRS)
    if landscape.dimension > MATRIX:
        return LBFGS(100 if landscape.dimension <= DENSE else 20)
    return BFGS(refresh=max(20, math.ceil(2.5 * landscape.hessian_cost)))


def default_descent(
    landscape: AbstractLandscape, tolerance: float = TOLERANCE, max_steps: int = MAX_STEPS
) -> Descent | TruncatedNewton:
    """Return `TruncatedNewton` where a gradient gives the Hessian, else `Descent` by the default method.

    3-spin glasses to rms gradient 1e-6: 18 passes over the coefficients where L-BFGS takes 82 (N = 100), 14
    where BFGS takes 40 (N = 40).
    """
    if landscape.gives_hessian and landscape.dimension <= DENSE:
        return TruncatedNewton(tolerance, max_steps)
    return Descent(default_method(landscape), tolerance, max_steps)


def descent_by(
    landscape: AbstractLandscape,
    method: Any,
    *,
    tolerance: float | None = None,
    max_steps: int | None = None,
) -> AbstractDescent:
    """Return the search that goes downhill by a method, by default that of the landscape.

    **Arguments:**

    - `landscape`: what is descended.
    - `method`: `BFGS`, `LBFGS` or `GradientDescent`; or an `AbstractDescent`, which is returned as it is;
        None for the default.
    - `tolerance`, `max_steps`: of the search; default 1e-6 and 5000.

    **Raises:** `ValueError` for another method, a tolerance or number of steps that is none, and for
    either of them beside a search, which has its own.
    """
    limits = {"tolerance": tolerance, "max_steps": max_steps}
    given = [f"`{name}`" for name, value in limits.items() if value is not None]
    if isinstance(method, AbstractDescent):
        if given:
            raise ValueError(
                f"The search given as `method` has a tolerance and a number of steps of its own: leave out "
                f"{' and '.join(given)}."
            )
        check_positive("tolerance", method.tolerance)
        check_whole("max_steps", method.max_steps)
        return method
    tolerance = TOLERANCE if tolerance is None else check_positive("tolerance", tolerance)
    max_steps = MAX_STEPS if max_steps is None else check_whole("max_steps", max_steps)
    if method is None:
        return default_descent(landscape, tolerance, max_steps)
    if isinstance(method, GradientDescent):
        return ConstantSteps(method, tolerance, max_steps)
    if isinstance(method, BFGS | LBFGS):
        return Descent(method, tolerance, max_steps)
    raise ValueError(
        "`method` must be BFGS(), LBFGS(), GradientDescent(step), or a descent with its own limits such as "
        f"TruncatedNewton(tolerance), got {method!r}."
    )


@in_own_units(starts="points", method="method", tolerance="slopes")
def descend(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: Method | None = None,
    tolerance: float | None = None,
    max_steps: int | None = None,
    workers: int | None = None,
) -> Descents:
    """Go downhill from every start until the rms gradient is at most `tolerance`.

    Nothing is polished and no index is checked; `minimise` does both. Losses without a penalty have
    degenerate minima, which it cannot verify, and of training the energies reached are asked for.

    **Arguments:**

    - `landscape`: what is descended.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: `BFGS(refresh)`, `LBFGS(memory)` or `GradientDescent(step)`; or a descent with limits of
        its own, such as `TruncatedNewton(tolerance)`; default by landscape (`default_descent`).
    - `tolerance`: rms gradient, loss units per parameter unit; default 1e-6.
    - `max_steps`: gradients per start; default 5000.
    - `workers`: threads; default one per core.

    **Returns:** `Descents`, one row per start.

    **Raises:** `ValueError` for another method, a tolerance that is not a positive number, not even one
    step, and for limits beside a descent that has its own.
    """
    points = as_points(landscape, starts, "starts")
    search = Recorded(descent_by(landscape, method, tolerance=tolerance, max_steps=max_steps))
    end = run_batch(search, landscape, points, workers=workers)
    gradient = end.pop("gradient")
    with np.errstate(over="ignore"):  # of a descent that was lost
        rms = np.linalg.norm(gradient, axis=1) / np.sqrt(landscape.dimension)
    return Descents(rms_gradient=rms, **end)


class _State(eqx.Module):
    inner: PyTree
    history: Levels


class Recorded(AbstractSearch):
    """A descent that also keeps its energies after 1, 2, 4, 8, ... gradients.

    **Arguments:**

    - `search`: the descent; every step of it is one gradient.
    """

    search: AbstractDescent

    @property
    def shares_passes(self) -> bool:
        """As the descent."""
        return self.search.shares_passes

    def init(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Evaluate the start."""
        inner = self.search.init(landscape, x)
        levels = (self.search.max_steps - 1).bit_length() + 1
        return _State(inner, jnp.full(levels, inner.energy))

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """As the descent."""
        return self.search.finished(landscape, state.inner)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Take a step; its energy stands for all gradient counts to come until another does."""
        inner = self.search.step(landscape, state.inner)
        counts = 2 ** jnp.arange(state.history.shape[0])
        return _State(inner, jnp.where(counts >= inner.gradients, inner.energy, state.history))

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return what the descent does, and the energies."""
        return {**self.search.result(landscape, state.inner), "history": state.history}
