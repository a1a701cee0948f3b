"""Eigenvector following with exact Hessians: to minima, transition states or saddles of any index."""

import equinox as eqx
import jax.numpy as jnp

from lossatlas._results import RESULTS
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch

from ._spectrum import (
    count_negative,
    count_zero,
    gradient_tolerance,
    log_product,
    spectrum,
    tangent,
)


NEWTON = -1  # order of a search that keeps the index of where it is: root finding on the gradient


CONVEX_STEPS = 100


class _State(eqx.Module):
    x: Point
    gradient: Point
    eigenvalues: Point
    lowest_vector: Point
    followed: Point
    radius: Scalar
    predicted: Point
    rms: Scalar
    steps: Integer
    outcome: Integer
    done: Flag
    order: Integer


class EigenvectorFollowing(AbstractSearch):
    """Step uphill along some eigenvectors and downhill along all others, within a trust radius.

    In the eigenbasis, with gradient components c_i and eigenvalues mu_i,

        step_i = +- 2 c_i / (|mu_i| + sqrt(mu_i^2 + 4 c_i^2 / L^2)),

    + for the modes that are climbed; near the stationary point this is a Newton step, far away it is
    at most L (the landscape's length scale). Steps longer than the radius are shortened; the radius
    follows how well the quadratic model predicted the gradient.

    **Arguments:**

    - `max_steps`: Hessians per search.

    A lane is `(x, direction, order)`: order 0 goes to a minimum (and steps off saddles), 1 to a
    transition state, following the mode that overlaps most with `direction` (zeros: the lowest mode),
    k > 1 climbs the k lowest modes, and `NEWTON` climbs whatever is negative at the moment.

    Source: Wales, J. Chem. Phys. 101, 3750 (1994), doi:10.1063/1.467559; the length scale L makes its
    step dimensionally sound.
    """

    max_steps: int = 300

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point, order: Integer) -> _State:
        """Start at `x`."""
        return _State(
            x=landscape.geometry.retract(x),
            gradient=jnp.zeros_like(x),
            eigenvalues=jnp.zeros(x.shape[0] - landscape.zero_modes(x).shape[0]),
            lowest_vector=jnp.zeros_like(x),
            followed=direction,
            radius=jnp.asarray(0.3 * landscape.length_scale),
            predicted=jnp.zeros_like(x),
            rms=jnp.asarray(jnp.inf),
            steps=jnp.asarray(0),
            outcome=jnp.asarray(int(RESULTS.max_steps)),
            done=jnp.asarray(False),
            order=jnp.asarray(order),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop at a stationary point, where none will come, or after `max_steps`."""
        return state.done | (state.steps >= self.max_steps)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Make one step, or find that none is needed."""
        return _iterate(landscape, state)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return the fields of `StationaryPoints`."""
        return _describe(landscape, state)


def _iterate(landscape: AbstractLandscape, state: _State) -> _State:
    order = state.order
    gradient = landscape.value_and_gradient(state.x)[1]
    values, vectors = spectrum(landscape, state.x)
    components = vectors.T @ gradient
    rms = jnp.linalg.norm(gradient) / jnp.sqrt(1.0 * gradient.shape[0])
    finite = jnp.isfinite(rms) & jnp.all(jnp.isfinite(values))
    lost = jnp.max(jnp.abs(state.x)) > landscape.region
    stationary = rms <= gradient_tolerance(values, state.x)
    # Settled when Newton steps gain no more, or when the gradient is as good as zero.
    zero = rms <= 1e-16 * jnp.max(jnp.abs(values))
    settled = stationary & ((rms > 0.3 * state.rms) | zero)
    saddle = (order == 0) & (count_negative(values) > 0)
    # Climbing where the penalty dominates never ends: after this many steps a transition state would
    # have shown a negative eigenvalue.
    hopeless = (order == 1) & (state.steps >= CONVEX_STEPS) & (values[0] > 0)
    done = ~finite | lost | hopeless | (settled & ~saddle)
    outcome = jnp.where(lost, int(RESULTS.left_region), int(RESULTS.max_steps))
    outcome = jnp.where(settled, int(RESULTS.converged), outcome)
    outcome = jnp.where(finite, outcome, int(RESULTS.nonfinite))

    scale = landscape.length_scale
    change = jnp.linalg.norm(state.predicted - state.gradient)
    # On a sphere the tangent space turns along the step: compare in the new one.
    missed = gradient - tangent(landscape, state.x, state.predicted)
    error = jnp.linalg.norm(missed) / jnp.maximum(change, 1e-300)
    factor = jnp.where(error > 0.5, 0.5, jnp.where(error < 0.2, 1.5, 1.0))
    factor = jnp.where(state.steps == 0, 1.0, factor)
    radius = jnp.clip(state.radius * factor, 1e-3 * scale, scale)

    climbed, followed = _climbed_modes(values, vectors, state.followed, order)
    length = (
        2.0
        * components
        / (jnp.abs(values) + jnp.sqrt(values**2 + 4.0 * (components / scale) ** 2) + 1e-300)
    )
    step = jnp.where(climbed, length, -length)
    step = step * jnp.minimum(1.0, radius / jnp.maximum(jnp.linalg.norm(step), 1e-300))
    # A minimisation that is stationary on a saddle (by symmetry) steps off along the lowest mode.
    off = jnp.zeros_like(step).at[0].set(0.1 * scale)
    step = jnp.where(saddle & (rms <= 1e-8 * jnp.max(jnp.abs(values))), off, step)
    move = vectors @ step
    return _State(
        x=jnp.where(done, state.x, landscape.geometry.retract(state.x + move)),
        gradient=gradient,
        eigenvalues=values,
        lowest_vector=vectors[:, 0],
        followed=followed,
        radius=radius,
        predicted=gradient + vectors @ (values * step),
        rms=rms,
        steps=state.steps + 1,
        outcome=outcome,
        done=done,
        order=order,
    )


def _climbed_modes(values, vectors, followed: Point, order: Integer):
    """Return which modes are climbed, shape (modes,), and the vector to follow next."""
    number = jnp.arange(values.shape[0])
    mode = jnp.argmax(jnp.abs(followed @ vectors))  # all overlaps zero: argmax is 0, the lowest mode
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
        "energy": landscape.surface_energy(state.x),
        "rms_gradient": state.rms,
        "index": index,
        "zeros": zeros,
        "lowest": state.eigenvalues[0],
        "second": second,
        "log_product": log_product(state.eigenvalues),
        "direction": state.lowest_vector,
        "outcome": outcome,
        "gradients": state.steps,
        "hessians": state.steps,
    }
