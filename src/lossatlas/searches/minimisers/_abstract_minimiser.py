"""The abstract minimiser: a search that goes downhill to a tolerance, within a number of gradients."""

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._checks import check_positive, check_whole
from lossatlas._results import RESULTS
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._search import AbstractSearch


TOLERANCE = 1e-6  # default rms gradient, loss units per parameter unit
MAX_GRADIENTS = 5000  # default number of gradients
NEEDED = ("x", "energy", "gradient", "gradients", "finite")  # fields of a state


class Descended(NamedTuple):
    """The end of a descent. In the result of a batch every field has a leading axis, one row per start.

    - `x`: shape (dim,), parameter units.
    - `energy`: loss units.
    - `gradient`: tangent gradient, shape (dim,), loss units per parameter unit.
    - `gradients`, `hessians`: evaluations spent.
    - `outcome`: a RESULTS code; `converged` where the rms gradient is at most the tolerance.
    """

    x: Point
    energy: Scalar
    gradient: Point
    gradients: Integer
    hessians: Integer
    outcome: Integer


class AbstractMinimiser(AbstractSearch):
    """A search downhill that `minimise`, `descend` and `basin_hopping` take as their `method`.

    A lane is `(x,)`, a start of shape (dim,). One step is one gradient. A subclass defines `init` and
    `step`; `finished` and `result` have defaults. The state of a subclass has at least the fields `x`,
    `energy`, `gradient`, `gradients` (number of gradients spent) and `finite` (False where the energy or
    gradient is not finite, which ends the search).

    - `tolerance`: rms gradient at which the search has converged, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends.

    **Raises:** `ValueError` if `tolerance` is not positive or `max_gradients` is below 1.
    """

    if TYPE_CHECKING:
        # Type checkers take abstract variables for fields that come before the fields of subclasses.
        def __getattr__(self, name: str) -> Any: ...
    else:
        tolerance: eqx.AbstractVar[float]
        max_gradients: eqx.AbstractVar[int]

    def __check_init__(self):
        check_positive("tolerance", self.tolerance)
        check_whole("max_gradients", self.max_gradients)

    def in_units(self, units: Units) -> Self:
        """Return the same minimiser in a landscape's own units."""
        return dataclasses.replace(self, tolerance=self.tolerance / units.slope)

    def finished(self, landscape: AbstractLandscape, state: PyTree) -> Flag:
        """Stop at a small gradient, after `max_gradients`, or where the search is lost."""
        return self.ended(landscape, state) | (state.gradients >= self.max_gradients)

    def ended(self, landscape: AbstractLandscape, state: PyTree) -> Flag:
        """Return whether the search converged, left the region, or met numbers that are not finite."""
        self.check_state(state)
        return _outcome(landscape, state, self.tolerance) != RESULTS.max_steps

    def result(self, landscape: AbstractLandscape, state: PyTree) -> Descended:
        """Return the last point, the outcome and the evaluations spent."""
        return Descended(
            x=state.x,
            energy=state.energy,
            gradient=state.gradient,
            gradients=state.gradients,
            hessians=self.hessians(state),
            outcome=_outcome(landscape, state, self.tolerance),
        )

    def check_state(self, state: PyTree) -> None:
        """Refuse the state of a subclass that lacks a field; costs nothing but when it is traced."""
        missing = [f"`{name}`" for name in NEEDED if not hasattr(state, name)]
        if missing:
            raise ValueError(
                f"The state of a minimiser must have the fields {', '.join(NEEDED)}; that of "
                f"{type(self).__name__}, a {type(state).__name__}, lacks {', '.join(missing)}."
            )

    def hessians(self, state: PyTree) -> Integer:
        """Return the number of Hessians spent: 0 unless a subclass overrides this."""
        return jnp.asarray(0)


def _outcome(landscape: AbstractLandscape, state: PyTree, tolerance: float) -> Integer:
    """Return the outcome of a descent that stops in this state; `max_steps` if it might go on."""
    rms = jnp.linalg.norm(state.gradient) / jnp.sqrt(1.0 * state.gradient.shape[0])
    inside = jnp.max(jnp.abs(state.x)) <= landscape.region
    left_region = jnp.where(inside, RESULTS.max_steps, RESULTS.left_region)
    still = jnp.where(rms <= tolerance, RESULTS.converged, left_region)
    return jnp.where(state.finite & jnp.isfinite(rms), still, RESULTS.nonfinite)
