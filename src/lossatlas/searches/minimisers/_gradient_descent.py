"""Gradient descent with a constant step: what training does in its simplest form."""

import dataclasses
from typing import Self

import equinox as eqx
import jax.numpy as jnp

from lossatlas._checks import check_positive
from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, Units

from ._abstract_minimiser import MAX_GRADIENTS, TOLERANCE, AbstractMinimiser


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    gradients: Integer
    finite: Flag


class GradientDescent(AbstractMinimiser):
    """Take steps that are a constant times the gradient, x <- retract(x - rate * gradient), to a tolerance.

    Energies may rise. A point that is not finite, or outside the landscape's region, ends the search.

    **Arguments:**

    - `rate`: of learning, parameter units squared per loss unit. Above 2 / (largest curvature) it
        oscillates or diverges, which nothing in it prevents: the outcome says so.
    - `tolerance`: rms gradient, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends.

    **Raises:** `ValueError` for a rate or tolerance that is not a positive number, and not even one
    gradient.

    Source: the protocol of Sagun, Guney, Ben Arous & LeCun (2014), arXiv:1412.6615.
    """

    rate: float
    tolerance: float = TOLERANCE
    max_gradients: int = MAX_GRADIENTS

    def __check_init__(self):
        check_positive("rate", self.rate)

    @property
    def shares_passes(self) -> bool:
        """A step is a gradient and nothing else."""
        return True

    def in_units(self, units: Units) -> Self:
        """Return the same steps in a landscape's own units, if all variables have one."""
        return dataclasses.replace(super().in_units(units), rate=self.rate * units.curvature)

    def init(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Evaluate the start."""
        x = landscape.geometry.retract(x)
        energy, gradient = landscape.value_and_gradient(x)
        return _State(
            x=x,
            energy=energy,
            gradient=gradient,
            gradients=jnp.asarray(1),
            finite=_finite(energy, gradient),
        )

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Take one step; one to a point that is not finite is not taken, and is the last."""
        trial = landscape.geometry.retract(state.x - self.rate * state.gradient)
        energy, gradient = landscape.value_and_gradient(trial)
        finite = _finite(energy, gradient)
        return _State(
            x=jnp.where(finite, trial, state.x),
            energy=jnp.where(finite, energy, state.energy),
            gradient=jnp.where(finite, gradient, state.gradient),
            gradients=state.gradients + 1,
            finite=finite,
        )


def _finite(energy: Scalar, gradient: Point) -> Flag:
    return jnp.isfinite(energy) & jnp.all(jnp.isfinite(gradient))
