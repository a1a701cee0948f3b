"""Quasi-Newton descent of the Cambridge kind: no line search, bounded steps, energy-rise test."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._results import RESULTS
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._abstract_descent import AbstractDescent
from ._bfgs import BFGS
from ._lbfgs import LBFGS


SHRINK, GROW = 0.5, 1.25  # of the longest step allowed, after a step that was refused or as long as that
FIRST = 5  # gradients before the first exact Hessian: far from a minimum it says little


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    memory: PyTree
    step: Point
    longest: Scalar
    cuts: Integer
    since: Integer
    gradients: Integer
    hessians: Integer
    limit: Integer
    finite: Flag


class Descent(AbstractDescent):
    """Go downhill until the rms gradient is below `tolerance`; one gradient per iteration.

    A step is the quasi-Newton direction, turned downhill if need be, and shortened to at most the
    landscape's length scale; it is taken if the energy rises by less than `max_rise` (relative to
    1 + |E|). A refused step teaches the memory, too, and the next one is at most half as long. Stops on
    the rms gradient only.

    **Arguments:**

    - `method`: `BFGS()` or `LBFGS(memory)`.
    - `tolerance`: rms gradient, loss units per parameter unit.
    - `max_steps`: gradients.
    - `max_rise`: relative to 1 + |E|.

    A lane is `(x,)`, or `(x, limit)` with a limit on gradients that counts instead of `max_steps`.

    Source: the L-BFGS of GMIN and OPTIM (see Wales, Energy Landscapes, 2003); the trust in longer steps
    and the exact Hessians of `BFGS` are ours.
    """

    method: BFGS | LBFGS
    tolerance: float
    max_steps: int = 5000
    max_rise: float = 1e-10

    @property
    def shares_passes(self) -> bool:
        """L-BFGS does: it takes a gradient a step."""
        return isinstance(self.method, LBFGS)

    def init(self, landscape: AbstractLandscape, x: Point, limit: Integer | None = None) -> _State:
        """Evaluate the start."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        scale = jnp.asarray(1.0 * landscape.length_scale)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            memory=self.method.init(x),
            step=_bounded(-gradient, gradient, 0.1 * scale),
            longest=scale,
            cuts=jnp.asarray(0),
            since=jnp.asarray(self.method.refresh - FIRST if isinstance(self.method, BFGS) else 0),
            gradients=jnp.asarray(1),
            hessians=jnp.asarray(0),
            limit=jnp.asarray(self.max_steps if limit is None else limit),
            finite=jnp.isfinite(energy),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop on the gradient, after too many of them, or where the search is lost."""
        return stopped(landscape, state, self.tolerance)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Try one step."""
        s = _refreshed(landscape, self.method, state) if isinstance(self.method, BFGS) else state
        trial = landscape.geometry.retract(s.x + s.step)
        energy, gradient = landscape.value_and_gradient(trial)
        fine = jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
        # After ten cuts the memory is misleading or the energy is at rounding level: take the step.
        accept = fine & ((energy <= s.energy + self.max_rise * (1.0 + jnp.abs(s.energy))) | (s.cuts >= 10))
        memory = self.method.update(s.memory, trial - s.x, gradient - s.gradient)
        memory = jax.tree.map(lambda a, b: jnp.where(fine, a, b), memory, s.memory)
        gradient = jnp.where(accept, gradient, s.gradient)
        length = jnp.linalg.norm(s.step)
        grown = jnp.where(length > 0.9 * s.longest, GROW, 1.0) * s.longest
        longest = jnp.where(accept, jnp.minimum(grown, landscape.length_scale), SHRINK * length)
        x = jnp.where(accept, trial, s.x)
        direction = landscape.geometry.feasible(x, gradient, self.method.direction(memory, gradient))
        return _State(
            x=x,
            energy=jnp.where(accept, energy, s.energy),
            gradient=gradient,
            memory=memory,
            step=_bounded(direction, gradient, longest),
            longest=longest,
            cuts=jnp.where(accept, 0, s.cuts + 1),
            since=s.since + 1,
            gradients=s.gradients + 1,
            hessians=s.hessians,
            limit=s.limit,
            finite=fine | (s.cuts < 30),
        )

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return point, energy, gradient, what was spent, and the outcome."""
        return end_of(landscape, state, self.tolerance, state.hessians)


def stopped(landscape: AbstractLandscape, state: PyTree, tolerance: float) -> Flag:
    """Return whether a descent is over: `converged`, lost, or at its limit of gradients."""
    ended = outcome_of(landscape, state, tolerance) != RESULTS.max_steps
    return ended | (state.gradients >= state.limit)


def end_of(landscape: AbstractLandscape, state: PyTree, tolerance: float, hessians: Integer) -> dict:
    """Return what every descent does: where it ended, how, and what it spent."""
    return {
        "x": state.x,
        "energy": state.energy,
        "gradient": state.gradient,
        "gradients": state.gradients,
        "hessians": hessians,
        "outcome": outcome_of(landscape, state, tolerance),
    }


def outcome_of(landscape: AbstractLandscape, state: PyTree, tolerance: float) -> Integer:
    """Return how a descent ends that stops here; `max_steps` where nothing else does."""
    rms = jnp.linalg.norm(state.gradient) / jnp.sqrt(1.0 * state.gradient.shape[0])
    inside = jnp.max(jnp.abs(state.x)) <= landscape.region
    left_region = jnp.where(inside, RESULTS.max_steps, RESULTS.left_region)
    still = jnp.where(rms <= tolerance, RESULTS.converged, left_region)
    return jnp.where(state.finite & jnp.isfinite(rms), still, RESULTS.nonfinite)


def _refreshed(landscape: AbstractLandscape, method: BFGS, state: _State) -> _State:
    """Replace the memory by the exact inverse where that is due."""
    if not method.refresh:
        return state

    def exact(s: _State) -> _State:
        memory = method.exact(landscape, s.x)
        direction = landscape.geometry.feasible(s.x, s.gradient, method.direction(memory, s.gradient))
        step = _bounded(direction, s.gradient, s.longest)
        return eqx.tree_at(
            lambda s: (s.memory, s.step, s.since, s.hessians),
            s,
            (memory, step, jnp.zeros_like(s.since), s.hessians + 1),
        )

    due = (state.since >= method.refresh) & (state.cuts == 0)
    return jax.lax.cond(due, exact, lambda s: s, state)


def _bounded(direction: Point, gradient: Point, longest: Scalar) -> Point:
    slope = direction @ gradient
    usable = jnp.isfinite(slope)
    direction = jnp.where(usable, jnp.where(slope > 0, -direction, direction), -gradient)
    return direction * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(direction), 1e-300))
