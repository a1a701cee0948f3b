"""Newton's method and the check of the index for many variables: Hessian-vector products only."""

import dataclasses
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._checks import check_whole
from lossatlas._results import RESULTS
from lossatlas._types import Flag, Integer, Pairs, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, WithinFaces
from lossatlas.searches._costs import PRODUCT_COST, whole_steps
from lossatlas.searches._records import StationaryPoints

from ._abstract_stationary_search import AbstractStationarySearch
from ._lanczos import lowest_eigenpairs
from ._minres import newton_step
from ._spectrum import count_negative, count_zero, gradient_tolerance


FORCING = 1e-3  # residual of a Newton step relative to the gradient
PRODUCTS = 2000  # per Newton step or eigenvalue run at most
AWAY = 10.0  # a step that multiplies the gradient by this leads away from any stationary point
QUADRATIC = 0.03  # a step that leaves less of the gradient than this says that Newton's method converges


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    rms: Scalar
    before: Scalar
    direction: Point
    values: Pairs
    largest: Scalar
    steps: Integer
    products: Integer
    outcome: Integer
    done: Flag
    order: Integer


class NewtonKrylov(AbstractStationarySearch):
    """From near a stationary point to it, without ever building a Hessian; then check its index.

    Newton steps solved by MINRES bring the gradient to rounding level. They go to the stationary point
    that is near, of whatever index; then the two lowest eigenvalues by Lanczos say whether it is a
    minimum or a transition state. A search ends as `degenerate` if one of them is zero, relative to the
    largest eigenvalue, and as `wrong_index` if their signs are not those of the index that is wanted.

    **Arguments:**

    - `max_steps`: Newton steps per search, each a gradient and at most 2,000 products with the Hessian.

    A lane is `(x, direction, order)`: a point near the stationary one, a guess of its lowest
    eigenvector or zeros, and the index wanted, 0 or 1.

    **Raises:** `ValueError` for not even one step.

    Source: Nocedal & Wright, Numerical Optimization (2006), section 7.1 (inexact Newton methods).
    """

    max_steps: int = 30

    def __check_init__(self):
        check_whole("max_steps", self.max_steps)

    def finds(self, order: int) -> bool:
        """Return whether the index is 0 or 1: two eigenvalues are computed."""
        return order in (0, 1)

    @property
    def from_anywhere(self) -> bool:
        """Newton steps go to the point that is near, whatever it is."""
        return False

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search with a limit in gradients, as if every step took all of its products."""
        cost = 1 + PRODUCT_COST * min(PRODUCTS, landscape.dimension)
        return dataclasses.replace(self, max_steps=whole_steps(max_gradients, cost))

    def refine(
        self,
        landscape: AbstractLandscape,
        x: np.ndarray,
        order: int | np.ndarray,
        *,
        directions: np.ndarray | None = None,
        workers: int | None = None,
    ) -> StationaryPoints:
        """Search from every row of `x`; bounds are refused, because points on them take Hessians."""
        if isinstance(landscape, WithinFaces):
            raise ValueError(
                "Losses with `bounds` are searched with full Hessians; the toolkit, by default that for "
                f"the {landscape.dimension} variables of this landscape, does without."
            )
        return super().refine(landscape, x, order, directions=directions, workers=workers)

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point, order: Integer) -> _State:
        """Start at `x`."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            rms=_rms(gradient),
            before=jnp.asarray(jnp.inf),
            direction=direction,
            values=jnp.full(min(2, x.shape[0] - landscape.zero_modes(x).shape[0]), jnp.nan),
            largest=jnp.asarray(0.0),
            steps=jnp.asarray(0),
            products=jnp.asarray(0),
            outcome=jnp.asarray(int(RESULTS.max_steps)),
            done=jnp.asarray(False),
            order=jnp.asarray(order),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop once the point was checked, where none will come, or after `max_steps`."""
        return state.done | (state.steps >= self.max_steps)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Make a Newton step, or check the point where none is needed."""
        s = state
        stationary = s.rms <= gradient_tolerance(s.largest, s.x)
        # Near a degenerate point a Newton step leaves a third of the gradient: it goes on to the end.
        settled = (s.rms < QUADRATIC * s.before) | (s.rms > 0.3 * s.before)
        settled = (stationary & settled & (s.steps > 0)) | (s.rms <= 1e-16 * s.largest)
        return jax.lax.cond(settled, _checked, _moved, landscape, s)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return the fields of `StationaryPoints`; `index` 2 says two or more."""
        spectrum = jnp.append(state.values, state.largest)  # what thresholds are relative to
        return {
            "x": state.x,
            "energy": state.energy,
            "rms_gradient": state.rms,
            "index": count_negative(spectrum),
            "zeros": count_zero(spectrum),
            "lowest": state.values[0],
            "second": state.values[1] if len(state.values) > 1 else jnp.asarray(jnp.inf),
            "curvatures": jnp.asarray(0),
            "log_product": jnp.asarray(jnp.nan),
            "direction": state.direction,
            "outcome": state.outcome,
            "gradients": 1 + state.steps + PRODUCT_COST * state.products,
            "hessians": jnp.asarray(0),
        }


def _moved(landscape: AbstractLandscape, s: _State) -> _State:
    step, largest, products = newton_step(landscape, s.x, s.gradient, tolerance=FORCING, products=PRODUCTS)
    longest = 0.1 * landscape.length_scale
    step = step * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(step), 1e-300))
    x = landscape.geometry.retract(s.x + step)
    energy, gradient = landscape.value_and_gradient(x)
    rms = _rms(gradient)
    finite = jnp.isfinite(energy) & jnp.isfinite(rms)
    lost = jnp.max(jnp.abs(x)) > landscape.region
    away = rms > AWAY * s.rms
    outcome = jnp.where(lost, int(RESULTS.left_region), s.outcome)
    return _State(
        x,
        energy,
        gradient,
        rms,
        s.rms,
        s.direction,
        s.values,
        jnp.maximum(s.largest, largest),
        s.steps + 1,
        s.products + products,
        jnp.where(finite, outcome, int(RESULTS.nonfinite)),
        ~finite | lost | away,
        s.order,
    )


def _checked(landscape: AbstractLandscape, s: _State) -> _State:
    found = lowest_eigenpairs(landscape, s.x, s.direction, products=PRODUCTS)
    spectrum = jnp.append(found.values, found.largest)
    outcome = jnp.where(count_negative(spectrum) == s.order, RESULTS.converged, RESULTS.wrong_index)
    outcome = jnp.where(count_zero(spectrum) > 0, int(RESULTS.degenerate), outcome)
    outcome = jnp.where(found.converged, outcome, int(RESULTS.max_steps))
    return eqx.tree_at(
        lambda s: (s.direction, s.values, s.largest, s.products, s.outcome, s.done),
        s,
        (
            found.vectors[0],
            found.values,
            found.largest,
            s.products + found.products,
            outcome,
            jnp.asarray(True),
        ),
    )


def _rms(gradient: Point) -> Scalar:
    return jnp.linalg.norm(gradient) / jnp.sqrt(1.0 * gradient.shape[0])
