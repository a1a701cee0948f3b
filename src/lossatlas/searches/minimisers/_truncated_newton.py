"""Truncated Newton descent, for landscapes whose Hessian costs little beside the gradient."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._lanes import one_by_one
from lossatlas._types import Array, Flag, Integer, Matrix, Modes, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._abstract_minimiser import MAX_GRADIENTS, TOLERANCE, AbstractMinimiser


REACH = 4.0  # longest step, in length scales: with exact curvatures a step may be long
FORCING = 0.05  # residual of a Newton step, relative to the gradient, at which it is good enough
SHRINK, GROW = 0.5, 2.0  # factors of the trust radius after a refused step and after a longest step
MAX_RISE = 1e-10  # largest rise of the energy in a step, relative to 1 + |E|
PATIENCE = 10  # refusals in a row after which a step is taken, since the energy is at rounding level


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
    """Truncated Newton minimiser that goes downhill until the rms gradient is at most `tolerance`.

    A step minimises the quadratic model by conjugate gradients. They end when the residual is 5 % of the
    gradient, when the step is as long as the trust radius, or at a direction of negative curvature, which
    is followed to the trust radius. The step is taken if the energy does not rise, otherwise it is halved.
    Each step needs one energy, gradient and Hessian, so the method suits landscapes where the three share
    one pass over large data.

    **Arguments:**

    - `tolerance`: rms gradient at which the search has converged, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends, each with its Hessian.

    **Raises:** `ValueError` if the tolerance is not positive or `max_gradients` is below 1.

    Source: Steihaug, SIAM J. Numer. Anal. 20, 626 (1983), doi:10.1137/0720042.
    """

    tolerance: float = TOLERANCE
    max_gradients: int = MAX_GRADIENTS

    @property
    def shares_passes(self) -> bool:
        """True: lanes share the pass over the data, after which each finds its own step."""
        return True

    def init(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Return a state without derivatives: the first step computes them, refilling a lane is cheap."""
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
        """Stop at a small gradient, after `max_gradients`, or where the search is lost."""
        return (state.gradients > 0) & super().finished(landscape, state)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Evaluate the trial point, accept or refuse it, and find the next step."""
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
        """Return the number of Hessians spent: one per gradient."""
        return state.gradients


def _conjugate_gradients(hessian: Matrix, modes: Modes, gradient: Point, longest: Scalar) -> Point:
    """Return an approximate minimiser s of g.s + s.H s / 2 with |s| <= longest, orthogonal to the modes."""
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
