"""Push off a transition state, then minimise: fast, but the minimum may be another one."""

import dataclasses
from typing import Self

import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._checks import check_positive
from lossatlas._types import Flag, Point
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches.minimisers import AbstractMinimiser

from ._abstract_pathway import AbstractPathway, HalfPathway
from ._push import PUSH, push_off


class PushedDescent(AbstractPathway):
    """Push off along the unstable mode and minimise: no path is followed, and there is no length.

    **Arguments:**

    - `minimiser`: what goes downhill; its limit on gradients is that of a side.
    - `push`: displacement from the transition state along the unstable mode, in length scales, at most.

    A lane is `(x, direction)`: the transition state and the signed unstable mode.

    **Raises:** `ValueError` for a push that is not positive.
    """

    minimiser: AbstractMinimiser
    push: float = PUSH

    def __check_init__(self):
        check_positive("push", self.push)

    def keeping(self, points: int) -> Self:
        """Refuse to keep points: there are none."""
        if points:
            raise ValueError("`keep` is of steepest descent only: a pushed descent follows no path.")
        return self

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search with a limit in gradients."""
        minimiser = dataclasses.replace(self.minimiser, max_gradients=max_gradients)
        return dataclasses.replace(self, minimiser=minimiser)

    def in_units(self, units: Units) -> Self:
        """Return the same search in a landscape's own units."""
        return dataclasses.replace(self, minimiser=self.minimiser.in_units(units))

    @property
    def shares_passes(self) -> bool:
        """As the minimiser."""
        return self.minimiser.shares_passes

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point) -> PyTree:
        """Push off, and evaluate the start of the descent."""
        return self.minimiser.init(landscape, push_off(landscape, x, direction, self.push)[0])

    def step(self, landscape: AbstractLandscape, state: PyTree) -> PyTree:
        """Make a step of the minimiser."""
        return self.minimiser.step(landscape, state)

    def finished(self, landscape: AbstractLandscape, state: PyTree) -> Flag:
        """Stop as the minimiser does."""
        return self.minimiser.finished(landscape, state)

    def result(self, landscape: AbstractLandscape, state: PyTree) -> HalfPathway:
        """Return the end and the evaluations spent."""
        end = self.minimiser.result(landscape, state)
        return HalfPathway(
            x=end.x,
            length=jnp.asarray(jnp.nan),
            points=jnp.zeros((0, end.x.shape[0])),
            kept=jnp.asarray(0),
            gradients=end.gradients,
            hessians=end.hessians,
        )
