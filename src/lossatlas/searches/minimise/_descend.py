"""Quasi-Newton descent of the Cambridge kind: no line search, bounded steps, energy-rise test."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape

from ._bfgs import BFGS
from ._lbfgs import LBFGS


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    memory: PyTree
    step: Point
    cuts: Integer
    evaluations: Integer
    finite: Flag


def descend(
    landscape: AbstractLandscape,
    x: Point,
    method: BFGS | LBFGS,
    *,
    tolerance: float,
    max_steps: int | Integer,
    max_rise: float = 1e-10,
) -> tuple[Point, Integer]:
    """Go downhill until the rms gradient is below `tolerance`; one gradient per iteration.

    A step is the quasi-Newton direction, turned downhill if need be and shortened to the landscape's
    length scale; it is taken if the energy rises by less than `max_rise` (relative to 1 + |E|), else
    cut by ten. Stops on the rms gradient only.

    **Arguments:**

    - `tolerance`: rms gradient, loss units per parameter unit.
    - `max_steps`: gradient evaluations.

    **Returns:** the point, and the evaluations spent.

    Source: the L-BFGS of GMIN and OPTIM (see Wales, Energy Landscapes, 2003).
    """
    x = landscape.geometry.retract(x)
    energy, gradient = landscape.value_and_gradient(x)
    memory = method.init(x, landscape.length_scale)
    initial = _State(
        x, energy, gradient, memory,
        _bounded(landscape, -gradient, gradient, 0.1 * landscape.length_scale),
        jnp.asarray(0), jnp.asarray(1), jnp.isfinite(energy),
    )  # fmt: skip

    def unfinished(s: _State) -> Flag:
        rms = jnp.linalg.norm(s.gradient) / jnp.sqrt(1.0 * s.gradient.shape[0])
        inside = jnp.max(jnp.abs(s.x)) <= landscape.region
        return s.finite & inside & (rms > tolerance) & (s.evaluations < max_steps)

    def iterate(s: _State) -> _State:
        trial = landscape.geometry.retract(s.x + s.step)
        energy, gradient = landscape.value_and_gradient(trial)
        fine = jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
        # After ten cuts the memory is misleading or the energy is at rounding level: take the step.
        accept = fine & ((energy <= s.energy + max_rise * (1.0 + jnp.abs(s.energy))) | (s.cuts >= 10))
        memory = method.update(s.memory, trial - s.x, gradient - s.gradient)
        memory = jax.tree.map(lambda a, b: jnp.where(accept, a, b), memory, s.memory)
        direction = method.direction(memory, gradient)
        step = _bounded(landscape, direction, gradient, landscape.length_scale)
        return _State(
            jnp.where(accept, trial, s.x),
            jnp.where(accept, energy, s.energy),
            jnp.where(accept, gradient, s.gradient),
            memory,
            jnp.where(accept, step, 0.1 * s.step),
            jnp.where(accept, 0, s.cuts + 1),
            s.evaluations + 1,
            fine | (s.cuts < 30),
        )

    final = jax.lax.while_loop(unfinished, iterate, initial)
    return final.x, final.evaluations


def _bounded(landscape: AbstractLandscape, direction: Point, gradient: Point, longest: float) -> Point:
    slope = direction @ gradient
    usable = jnp.isfinite(slope)
    direction = jnp.where(usable, jnp.where(slope > 0, -direction, direction), -gradient)
    return direction * jnp.minimum(1.0, longest / jnp.maximum(jnp.linalg.norm(direction), 1e-300))
