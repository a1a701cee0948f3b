"""Newton's method and the check of the index for many variables, by Hessian-vector products only."""

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

from ._abstract_stationary_search import AbstractVerifier, described
from ._lanczos import lowest_eigenpairs
from ._minres import newton_step
from ._spectrum import count_negative, count_zero, gradient_tolerance


FORCING = 1e-3  # residual of a Newton step relative to the gradient
PRODUCTS = 2000  # products per Newton step or Lanczos run at most
AWAY = 10.0  # a step that multiplies the gradient by more than this leads away: the search ends
QUADRATIC = 0.03  # a step that multiplies the gradient by less than this shows quadratic convergence


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


class NewtonKrylov(AbstractVerifier):
    """Newton's method with a check of the index, for starts near a stationary point; builds no Hessian.

    Newton steps, solved by MINRES, bring the gradient to rounding level. They go to the nearby stationary
    point, whatever its index. The two lowest eigenvalues, from the Lanczos method, then show whether it is
    a minimum or a transition state. The outcome is `degenerate` if one of the two is zero relative to the
    largest eigenvalue, and `wrong_index` if their signs do not fit the index wanted.

    **Arguments:**

    - `max_steps`: Newton steps per search, each a gradient and at most 2,000 products with the Hessian.

    A lane is `(x, direction, order)`: a point near a stationary point, a guess of its lowest eigenvector or
    zeros, and the index wanted, 0 or 1.

    **Raises:** `ValueError` if `max_steps` is below 1.

    Source: Nocedal & Wright, Numerical Optimization (2006), section 7.1 (inexact Newton methods).
    """

    max_steps: int = 30

    def __check_init__(self):
        check_whole("max_steps", self.max_steps)

    def finds(self, order: int) -> bool:
        """Return whether the index is 0 or 1, which two eigenvalues can decide."""
        return order in (0, 1)

    @property
    def from_anywhere(self) -> bool:
        """False: Newton steps go to the nearby stationary point, whatever its index."""
        return False

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent.

        A step counts as if it took all the products that it may take.
        """
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
        """Search from every row of `x`.

        **Raises:** `ValueError` for a landscape with bounds, since points on bounds need Hessians.
        """
        if isinstance(landscape, WithinFaces):
            raise ValueError(
                "Losses with `bounds` are searched with full Hessians, but the toolkit has none: by "
                f"default it is the one for the {landscape.dimension} variables of this landscape."
            )
        return described(self, landscape, x, order, directions, workers)

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
        """Stop once the index was checked, where the search is lost, or after `max_steps`."""
        return state.done | (state.steps >= self.max_steps)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Make a Newton step, or check the point where none is needed."""
        s = state
        stationary = s.rms <= gradient_tolerance(s.largest, s.x)
        # Near a degenerate point a Newton step leaves about a third of the gradient: steps go on there.
        settled = (s.rms < QUADRATIC * s.before) | (s.rms > 0.3 * s.before)
        settled = (stationary & settled & (s.steps > 0)) | (s.rms <= 1e-16 * s.largest)
        return jax.lax.cond(settled, _checked, _moved, landscape, s)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return the fields of `StationaryPoints`; an `index` of 2 stands for 2 or more."""
        spectrum = jnp.append(state.values, state.largest)  # thresholds are relative to the largest
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
