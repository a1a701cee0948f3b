"""Gradient descent with a constant step: what training does in its simplest form."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp

from lossatlas._checks import check_positive
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, Units

from ._abstract_descent import AbstractDescent
from ._quasi_newton import end_of, stopped


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    gradients: Integer
    limit: Integer
    finite: Flag


class GradientDescent(eqx.Module):
    """Steps of constant length per gradient: x <- retract(x - step * gradient).

    **Arguments:**

    - `step`: parameter units squared per loss unit. Above 2 / (largest curvature) it oscillates or
        diverges, which nothing in it prevents: the outcome says so.

    **Raises:** `ValueError` if the step is not a positive number.

    Source: the protocol of Sagun, Guney, Ben Arous & LeCun (2014), arXiv:1412.6615.
    """

    step: float

    def in_units(self, units: Units) -> "GradientDescent":
        """Return the same steps in a landscape's own units, if all variables have one."""
        return GradientDescent(self.step * units.curvature)

    def __check_init__(self):
        check_positive("step", self.step)


class ConstantSteps(AbstractDescent):
    """Take constant steps until the rms gradient is below `tolerance`; one gradient per step.

    Energies may rise. A point that is not finite, or outside the landscape's region, ends the search.

    **Arguments:**

    - `method`: the length of the steps.
    - `tolerance`: rms gradient, loss units per parameter unit.
    - `max_steps`: gradients.

    A lane is `(x,)`, or `(x, limit)` with a limit on gradients that counts instead of `max_steps`.
    """

    method: GradientDescent
    tolerance: float
    max_steps: int = 5000

    @property
    def shares_passes(self) -> bool:
        """A step is a gradient and nothing else."""
        return True

    def in_units(self, units: Units) -> "ConstantSteps":
        """Return the same steps in a landscape's own units, if all variables have one."""
        return dataclasses.replace(super().in_units(units), method=self.method.in_units(units))

    def init(self, landscape: AbstractLandscape, x: Point, limit: Integer | None = None) -> _State:
        """Evaluate the start."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            gradients=jnp.asarray(1),
            limit=jnp.asarray(self.max_steps if limit is None else limit),
            finite=_finite(energy, gradient),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop on the gradient, after too many of them, or where the search is lost."""
        return stopped(landscape, state, self.tolerance)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Take one step; one to a point that is not finite is not taken, and is the last."""
        trial = landscape.geometry.retract(state.x - self.method.step * state.gradient)
        energy, gradient = landscape.value_and_gradient(trial)
        finite = _finite(energy, gradient)
        return _State(
            x=jnp.where(finite, trial, state.x),
            energy=jnp.where(finite, energy, state.energy),
            gradient=jnp.where(finite, gradient, state.gradient),
            gradients=state.gradients + 1,
            limit=state.limit,
            finite=finite,
        )

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return point, energy, gradient, what was spent, and the outcome."""
        return end_of(landscape, state, self.tolerance, jnp.asarray(0))


def _finite(energy: Scalar, gradient: Point) -> Flag:
    return jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
