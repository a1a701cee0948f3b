"""Truncated Newton descent: for landscapes whose Hessian comes almost free with the gradient."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._lanes import one_by_one
from lossatlas._types import Array, Flag, Integer, Matrix, Modes, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._abstract_minimiser import MAX_GRADIENTS, TOLERANCE, AbstractMinimiser


REACH = 4.0  # the longest step, in length scales: where curvature is known exactly a step may be long
FORCING = 0.05  # residual of a Newton step relative to the gradient at which it is good enough
SHRINK, GROW = 0.5, 2.0  # of the longest step, after a step that was refused or as long as that
MAX_RISE = 1e-10  # of the energy in a step, relative to 1 + |E|
PATIENCE = 10  # refusals in a row after which the energy is at rounding level: take the step


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    step: Point
    longest: Scalar
    cuts: Integer
    gradients: Integer
    finite: Flag


class TruncatedNewton(AbstractMinimiser):
    """Go downhill by Newton steps until the rms gradient is below `tolerance`.

    A step minimises the quadratic model by conjugate gradients, until their residual is 5 % of the
    gradient, the step is as long as the trust radius, or a direction shows negative curvature, which is
    followed to the trust radius. It is taken if the energy does not rise; a refused one is halved. One
    energy, gradient and Hessian per iteration: a method for landscapes where the three share one pass
    over large data.

    **Arguments:**

    - `tolerance`: rms gradient, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends, each with its Hessian.

    **Raises:** `ValueError` for a tolerance that is not a positive number, and not even one gradient.

    Source: Steihaug, SIAM J. Numer. Anal. 20, 626 (1983), doi:10.1137/0720042.
    """

    tolerance: float = TOLERANCE
    max_gradients: int = MAX_GRADIENTS

    @property
    def shares_passes(self) -> bool:
        """Lanes share the pass over the data; each finds its own step from what came of it."""
        return True

    def init(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Leave the evaluation of the start to the first step: a lane that is refilled costs nothing."""
        return _State(
            x=landscape.geometry.retract(x),
            energy=jnp.asarray(jnp.inf),
            gradient=jnp.full_like(x, jnp.inf),
            step=jnp.zeros_like(x),
            longest=jnp.asarray(REACH * landscape.length_scale),
            cuts=jnp.asarray(0),
            gradients=jnp.asarray(0),
            finite=jnp.asarray(True),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop on the gradient, after too many of them, or where the search is lost."""
        return (state.gradients > 0) & super().finished(landscape, state)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Try one step, and find the next."""
        trial = landscape.geometry.retract(state.x + state.step)
        advance = one_by_one(lambda *lane: self._advance(landscape, *lane))
        return advance(state, trial, landscape.shared(trial))

    def _advance(self, landscape: AbstractLandscape, s: _State, trial: Point, shared: Array) -> _State:
        energy, gradient, hessian = landscape.derivatives(shared, trial)
        fine = jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
        low = energy <= s.energy + MAX_RISE * (1.0 + jnp.abs(s.energy))
        accept = fine & (low | (s.cuts >= PATIENCE))
        length = jnp.linalg.norm(s.step)
        grown = jnp.where(length > 0.9 * s.longest, GROW, 1.0) * s.longest
        longest = jnp.where(accept, jnp.minimum(grown, REACH * landscape.length_scale), SHRINK * length)
        new = _State(
            x=jnp.where(accept, trial, s.x),
            energy=jnp.where(accept, energy, s.energy),
            gradient=jnp.where(accept, gradient, s.gradient),
            step=SHRINK * s.step,
            longest=longest,
            cuts=jnp.where(accept, 0, s.cuts + 1),
            gradients=s.gradients + 1,
            finite=fine | (jnp.isfinite(s.energy) & (s.cuts < 30)),
        )
        step = jax.lax.cond(
            accept & ~self.finished(landscape, new),
            lambda: _conjugate_gradients(hessian, landscape.zero_modes(trial), gradient, longest),
            lambda: new.step,
        )
        return eqx.tree_at(lambda s: s.step, new, step)

    def hessians(self, state: _State) -> Integer:
        """Return one per gradient."""
        return state.gradients


def _conjugate_gradients(hessian: Matrix, modes: Modes, gradient: Point, longest: Scalar) -> Point:
    """Return s that minimises g.s + s.H s / 2 for |s| <= longest, about; across the modes."""
    enough = (FORCING * FORCING) * (gradient @ gradient)

    def running(carry):
        _, _, _, square, inside, count = carry
        return inside & (square > enough) & (count < 2 * gradient.shape[0])

    def iterate(carry):
        step, residual, direction, square, _, count = carry
        image = hessian @ direction
        image = image - modes.T @ (modes @ image)
        curvature = direction @ image
        length = square / curvature
        farther = step + length * direction
        inside = (curvature > 0) & (farther @ farther < longest * longest)
        left = residual + length * image
        left_square = left @ left
        new = (farther, left, (left_square / square) * direction - left, left_square)
        kept = jax.tree.map(lambda a, b: jnp.where(inside, a, b), new, carry[:4])
        return (*kept, inside, count + 1)

    start = (jnp.zeros_like(gradient), gradient, -gradient, gradient @ gradient, jnp.asarray(True), 0)
    step, _, direction, _, inside, _ = jax.lax.while_loop(running, iterate, start)
    a, b, c = direction @ direction, step @ direction, step @ step - longest * longest
    onward = (jnp.sqrt(jnp.maximum(b * b - a * c, 0.0)) - b) / jnp.maximum(a, 1e-300)
    return step + jnp.where(inside, 0.0, onward) * direction
