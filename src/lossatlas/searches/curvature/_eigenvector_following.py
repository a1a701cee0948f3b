"""Eigenvector following with exact Hessians: to minima, transition states or saddles of any index."""

import dataclasses
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._checks import check_whole
from lossatlas._results import RESULTS
from lossatlas._types import Eigenvalues, Eigenvectors, Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._costs import whole_steps
from lossatlas.searches._records import StationaryPoints

from ._abstract_stationary_search import NEWTON, AbstractVerifier, described
from ._faces import verify_on_faces
from ._small_curvatures import CLOSE, distance_left, refuse_folds, resolve_small_curvatures
from ._spectrum import (
    count_negative,
    count_zero,
    gradient_tolerance,
    log_product,
    spectrum,
)


FAR_STEPS = 100  # steps after which a small gradient is enough, although the Newton step is long
CONVEX_STEPS = 100  # steps after which a climb in a convex region ends
# Longest corrections after a step, relative to the step; each costs a gradient. Their sum is below 1, so
# that they cannot undo the step.
CORRECTIONS = (0.6, 0.3)
SHIFTS = 10  # Newton iterations for the shift that makes a step as long as the trust radius


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    eigenvalues: Eigenvalues
    lowest_vector: Point
    followed: Point
    radius: Scalar
    rms: Scalar
    steps: Integer
    outcome: Integer
    done: Flag
    order: Integer


class EigenvectorFollowing(AbstractVerifier):
    """Eigenvector following: steps uphill along some eigenvectors and downhill along all others.

    In the eigenbasis, with gradient components c_i and eigenvalues mu_i,

        step_i = +- 2 c_i / (|mu_i| + sqrt(mu_i^2 + 4 c_i^2 / L^2)),

    + for the modes that are climbed. Near the stationary point this is a Newton step; far away each
    component is at most L, the landscape's length scale. If the step is longer than the trust radius, one
    number is added to all d_i = (|mu_i| + sqrt(mu_i^2 + 4 c_i^2 / L^2)) / 2, so that stiff modes keep
    nearly their full step and mainly soft modes are shortened. After the step, the difference m_i between
    the gradient and its quadratic model corrects the point by -m_i / d_i along the modes that are not
    climbed, which returns it to the floor of a curved valley; two such corrections use the same Hessian.
    The trust radius follows the length of the first correction relative to the step. (The usual measure,
    the error of the gradient, is dominated by stiff modes: on networks with curvatures from 1e-4 to 50 it
    reduced the radius to nothing.)

    **Arguments:**

    - `max_steps`: steps per search, each a Hessian and three gradients.

    A lane is `(x, direction, order)`. Order 0 goes to a minimum, and steps off saddles. Order 1 goes to a
    transition state: it climbs the mode that overlaps most with `direction` (zeros: the lowest mode) until
    some curvature is negative, then the lowest mode. Order k > 1 climbs the k lowest modes. `NEWTON` climbs
    all modes whose curvature is negative at the current point.

    **Raises:** `ValueError` if `max_steps` is below 1.

    Source: Wales, J. Chem. Phys. 101, 3750 (1994), doi:10.1063/1.467559. The length scale L, which makes
    the step dimensionally consistent, the shift and the corrections are ours.
    """

    max_steps: int = 300

    def __check_init__(self):
        check_whole("max_steps", self.max_steps)

    def finds(self, order: int) -> bool:
        """Return True for every index."""
        return order >= NEWTON

    @property
    def from_anywhere(self) -> bool:
        """True: the search steps off saddles of another index."""
        return True

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent."""
        cost = landscape.hessian_cost + 1 + len(CORRECTIONS)
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
        """Search from every row of `x`, then test degenerate ends and ends on bounds once more."""
        points = described(self, landscape, x, order, directions, workers)
        orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(x))
        points = resolve_small_curvatures(landscape, points, orders, NEWTON, workers)
        points = refuse_folds(landscape, points, workers)
        return verify_on_faces(landscape, points, workers=workers)

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point, order: Integer) -> _State:
        """Start at `x`."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            eigenvalues=jnp.zeros(x.shape[0] - landscape.zero_modes(x).shape[0]),
            lowest_vector=jnp.zeros_like(x),
            followed=direction,
            radius=jnp.asarray(0.3 * landscape.length_scale),
            rms=jnp.asarray(jnp.inf),
            steps=jnp.asarray(0),
            outcome=jnp.asarray(int(RESULTS.max_steps)),
            done=jnp.asarray(False),
            order=jnp.asarray(order),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop at a stationary point, where the search is lost or hopeless, or after `max_steps`."""
        return state.done | (state.steps >= self.max_steps)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Make one step, or find that none is needed."""
        return _iterate(landscape, state)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return the fields of `StationaryPoints`."""
        return _describe(landscape, state)


def _iterate(landscape: AbstractLandscape, state: _State) -> _State:
    gradient, order, scale = state.gradient, state.order, landscape.length_scale
    values, vectors = spectrum(landscape, state.x)
    components = vectors.T @ gradient
    rms = jnp.linalg.norm(gradient) / jnp.sqrt(1.0 * gradient.shape[0])
    # Where a loss is NaN its derivatives may still be numbers, such as those of a logarithm.
    finite = jnp.isfinite(state.energy) & jnp.isfinite(rms) & jnp.all(jnp.isfinite(values))
    lost = jnp.max(jnp.abs(state.x)) > landscape.region
    stationary = rms <= gradient_tolerance(values, state.x)
    # Where curvatures differ by many orders, a point with a small gradient may be far from a zero of it.
    stationary &= (distance_left(values, components) <= CLOSE * scale) | (state.steps >= FAR_STEPS)
    # Settled when a Newton step no longer reduces the gradient, or when the gradient is zero to rounding.
    zero = rms <= 1e-16 * jnp.max(jnp.abs(values))
    # Each Newton step halves an eigenvalue that vanishes at the limit: go on while the lowest one changes.
    changed = jnp.abs(values[0] - state.eigenvalues[0]) > 0.3 * jnp.abs(values[0])
    unsure = changed & (count_zero(values) == 0)
    settled = stationary & ((rms > 0.3 * state.rms) | zero) & ~unsure
    saddle = (order == 0) & (count_negative(values) > 0)
    # Where the penalty dominates, a climb never ends: near a transition state a negative eigenvalue would
    # have appeared within this many steps.
    hopeless = (order == 1) & (state.steps >= CONVEX_STEPS) & (values[0] > 0)
    done = ~finite | lost | hopeless | (settled & ~saddle)
    outcome = jnp.where(lost, int(RESULTS.left_region), int(RESULTS.max_steps))
    outcome = jnp.where(settled, int(RESULTS.converged), outcome)
    outcome = jnp.where(finite, outcome, int(RESULTS.nonfinite))

    climbed, followed = _climbed_modes(values, vectors, state.followed, order)
    stiffness = _stiffness(values, components, state.radius, scale)
    step = jnp.where(climbed, components, -components) / stiffness
    # A minimisation that reached a saddle by symmetry steps off along the lowest mode.
    off = jnp.zeros_like(step).at[0].set(0.1 * scale)
    step = jnp.where(saddle & (rms <= 1e-8 * jnp.max(jnp.abs(values))), off, step)
    length = jnp.maximum(jnp.linalg.norm(step), 1e-300)
    step = step * jnp.minimum(1.0, scale / length)
    predicted = components + values * step
    x = landscape.geometry.retract(state.x + vectors @ step)
    energy, following = landscape.value_and_gradient(x)
    missed = landscape.geometry.feasible(x, following, vectors.T @ following - predicted, vectors)
    error = jnp.linalg.norm(missed / stiffness) / length
    for longest in CORRECTIONS:
        correction = jnp.where(climbed, 0.0, -missed / stiffness)
        size = jnp.maximum(jnp.linalg.norm(correction), 1e-300)
        correction = correction * jnp.minimum(1.0, longest * length / size)
        x = landscape.geometry.retract(x + vectors @ correction)
        energy, following = landscape.value_and_gradient(x)
        missed = landscape.geometry.feasible(x, following, vectors.T @ following - predicted, vectors)
    factor = jnp.where(error > 1.0, 0.5, jnp.where(error < 0.5, 2.0, 1.0))
    return _State(
        x=jnp.where(done, state.x, x),
        energy=jnp.where(done, state.energy, energy),
        gradient=jnp.where(done, gradient, following),
        eigenvalues=values,
        lowest_vector=vectors[:, 0],
        followed=followed,
        radius=jnp.clip(state.radius * factor, 1e-3 * scale, scale),
        rms=rms,
        steps=state.steps + 1,
        outcome=outcome,
        done=done,
        order=order,
    )


def _stiffness(values: Eigenvalues, components: Eigenvalues, radius: Scalar, scale: float) -> Eigenvalues:
    """Return the divisors of the gradient components, shifted so that the step fits in the radius."""
    stiffness = 0.5 * (jnp.abs(values) + jnp.sqrt(values**2 + 4.0 * (components / scale) ** 2)) + 1e-300

    def closer(_, shift: Scalar) -> Scalar:
        step = components / (stiffness + shift)
        length = jnp.linalg.norm(step) + 1e-300
        slope = jnp.sum(step * step / (stiffness + shift)) / length
        # Newton's method on 1/length - 1/radius, as usual in trust-region methods.
        return jnp.maximum(shift + (length / radius - 1.0) * length / (slope + 1e-300), 0.0)

    outside = jnp.linalg.norm(components / stiffness) > radius
    shift = jax.lax.fori_loop(0, SHIFTS, closer, jnp.zeros(()))
    return stiffness + jnp.where(outside, shift, 0.0)


def _climbed_modes(values: Eigenvalues, vectors: Eigenvectors, followed: Point, order: Integer):
    """Return which modes are climbed, shape (modes,), and the vector to follow next."""
    number = jnp.arange(values.shape[0])
    # If all overlaps are zero, argmax is 0: the lowest mode.
    mode = jnp.where(values[0] < 0, 0, jnp.argmax(jnp.abs(followed @ vectors)))
    alone = (order == 1) & (number == mode)
    climbed = jnp.where(order == NEWTON, values < 0, number < order)
    vector = jnp.where(jnp.any(followed != 0), vectors[:, mode], followed)
    return jnp.where(order == 1, alone, climbed), vector


def _describe(landscape: AbstractLandscape, state: _State) -> dict:
    order = state.order
    index = count_negative(state.eigenvalues)
    zeros = count_zero(state.eigenvalues)
    wrong = (order != NEWTON) & (index != order)
    outcome = jnp.where(
        zeros > 0,
        int(RESULTS.degenerate),
        jnp.where(wrong, int(RESULTS.wrong_index), state.outcome),
    )
    outcome = jnp.where(state.outcome == int(RESULTS.converged), outcome, state.outcome)
    second = state.eigenvalues[1] if state.eigenvalues.shape[0] > 1 else jnp.asarray(jnp.inf)
    return {
        "x": state.x,
        "energy": state.energy,
        "rms_gradient": state.rms,
        "index": index,
        "zeros": zeros,
        "lowest": state.eigenvalues[0],
        "second": second,
        "curvatures": state.eigenvalues.shape[0] - index - zeros,
        "log_product": log_product(state.eigenvalues),
        "direction": state.lowest_vector,
        "outcome": outcome,
        "gradients": 1 + (1 + len(CORRECTIONS)) * state.steps,
        "hessians": state.steps,
    }
