"""Quasi-Newton descent without line search, with bounded steps and bounded rises of the energy."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._checks import check_not_negative
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._abstract_direction import AbstractDirection
from ._abstract_minimiser import MAX_GRADIENTS, TOLERANCE, AbstractMinimiser


SHRINK, GROW = 0.5, 1.25  # factors of the longest step after a refused step and after a longest step
FIRST = 5  # gradients before the first exact Hessian: far from a minimum the Hessian helps little


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


class QuasiNewton(AbstractMinimiser):
    """Quasi-Newton minimiser that goes downhill until the rms gradient is at most `tolerance`.

    A step is the quasi-Newton direction, reversed if it points uphill, and shortened to at most the
    landscape's length scale. It is taken if the energy rises by at most `max_rise`, relative to 1 + |E|.
    A refused step also updates the model of the inverse Hessian, and the next step is at most half as long.
    Each step costs one gradient.

    **Arguments:**

    - `direction`: `BFGS(refresh)`, `LBFGS(memory)` or another `AbstractDirection`.
    - `tolerance`: rms gradient at which the search has converged, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends.
    - `max_rise`: largest rise of the energy in a step, relative to 1 + |E|.

    A lane is `(x,)`, or `(x, limit)` with a limit on gradients that replaces `max_gradients`.

    **Raises:** `ValueError` if `direction` is not an `AbstractDirection`, the tolerance is not positive,
    `max_gradients` is below 1, or `max_rise` is negative.

    Source: the L-BFGS of GMIN and OPTIM (see Wales, Energy Landscapes, 2003); the longest step that adapts
    and the exact Hessians of `BFGS` are ours.
    """

    direction: AbstractDirection
    tolerance: float = TOLERANCE
    max_gradients: int = MAX_GRADIENTS
    max_rise: float = 1e-10

    def __check_init__(self):
        if not isinstance(self.direction, AbstractDirection):
            raise ValueError(
                f"`direction` must be BFGS(), LBFGS() or another AbstractDirection, got {self.direction!r}."
            )
        check_not_negative("max_rise", self.max_rise)

    @property
    def shares_passes(self) -> bool:
        """Whether the direction shares passes: the rest of a step is a gradient."""
        return self.direction.shares_passes

    def init(self, landscape: AbstractLandscape, x: Point, limit: Integer | None = None) -> _State:
        """Evaluate the start."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        scale = jnp.asarray(1.0 * landscape.length_scale)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            memory=self.direction.init(x),
            step=_bounded(-gradient, gradient, 0.1 * scale),
            longest=scale,
            cuts=jnp.asarray(0),
            since=jnp.asarray(0),
            gradients=jnp.asarray(1),
            hessians=jnp.asarray(0),
            limit=jnp.asarray(self.max_gradients if limit is None else limit),
            finite=jnp.isfinite(energy),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop at a small gradient, after the limit on gradients, or where the search is lost."""
        return self.ended(landscape, state) | (state.gradients >= state.limit)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Try one step."""
        s = self._refreshed(landscape, state)
        trial = landscape.geometry.retract(s.x + s.step)
        energy, gradient = landscape.value_and_gradient(trial)
        fine = jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
        # After ten refusals the memory is misleading or the energy is at rounding level: take the step.
        accept = fine & ((energy <= s.energy + self.max_rise * (1.0 + jnp.abs(s.energy))) | (s.cuts >= 10))
        memory = self.direction.update(s.memory, trial - s.x, gradient - s.gradient)
        memory = jax.tree.map(lambda a, b: jnp.where(fine, a, b), memory, s.memory)
        gradient = jnp.where(accept, gradient, s.gradient)
        length = jnp.linalg.norm(s.step)
        grown = jnp.where(length > 0.9 * s.longest, GROW, 1.0) * s.longest
        longest = jnp.where(accept, jnp.minimum(grown, landscape.length_scale), SHRINK * length)
        x = jnp.where(accept, trial, s.x)
        direction = landscape.geometry.feasible(x, gradient, self.direction.direction(memory, gradient))
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

    def hessians(self, state: _State) -> Integer:
        """Return the number of Hessians that the direction used."""
        return state.hessians

    def _refreshed(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Return the state with an exact memory if a Hessian is due, else the state itself."""
        if not self.direction.refresh:
            return state

        def exact(s: _State) -> _State:
            memory = self.direction.exact(landscape, s.x)
            direction = self.direction.direction(memory, s.gradient)
            direction = landscape.geometry.feasible(s.x, s.gradient, direction)
            step = _bounded(direction, s.gradient, s.longest)
            return eqx.tree_at(
                lambda s: (s.memory, s.step, s.since, s.hessians),
                s,
                (memory, step, jnp.zeros_like(s.since), s.hessians + 1),
            )

        wait = jnp.where(state.hessians > 0, self.direction.refresh, FIRST)
        due = (state.since >= wait) & (state.cuts == 0)
        return jax.lax.cond(due, exact, lambda s: s, state)


def _bounded(direction: Point, gradient: Point, longest: Scalar) -> Point:
    slope = direction @ gradient
    usable = jnp.isfinite(slope)
    direction = jnp.where(usable, jnp.where(slope > 0, -direction, direction), -gradient)
    return direction * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(direction), 1e-300))
