"""Gradient descent with a constant learning rate, the simplest form of training."""

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
    """Gradient descent with steps x <- retract(x - rate * gradient), until the gradient is small.

    Energies may rise. A point that is not finite, or outside the landscape's region, ends the search.

    **Arguments:**

    - `rate`: learning rate, parameter units squared per loss unit. Above 2 / (largest curvature) the search
        oscillates or diverges; the rate is not adapted, and the outcome shows it.
    - `tolerance`: rms gradient at which the search has converged, loss units per parameter unit.
    - `max_gradients`: gradients after which it ends.

    **Raises:** `ValueError` if the rate or the tolerance is not positive, or `max_gradients` is below 1.

    Source: the protocol of Sagun, Guney, Ben Arous & LeCun (2014), arXiv:1412.6615.
    """

    rate: float
    tolerance: float = TOLERANCE
    max_gradients: int = MAX_GRADIENTS

    def __check_init__(self):
        check_positive("rate", self.rate)

    @property
    def shares_passes(self) -> bool:
        """True: a step is a gradient and nothing else."""
        return True

    def in_units(self, units: Units) -> Self:
        """Return the same minimiser in a landscape's own units.

        Its steps are the same if all variables have one unit; otherwise they follow the gradient of the
        dimensionless landscape.
        """
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
        """Take one step, or stay and end the search if it leads to a point that is not finite."""
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
