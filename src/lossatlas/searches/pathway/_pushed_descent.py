"""Push off a transition state, then minimise: fast, but it may reach another minimum than the pathway."""

import dataclasses
from typing import Self

import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._checks import check_is, check_positive
from lossatlas._types import Flag, Point
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches.minimisers import AbstractMinimiser

from ._abstract_pathway import AbstractPathway, HalfPathway
from ._push import PUSH, push_off


class PushedDescent(AbstractPathway):
    """Push off along the unstable mode and minimise, in place of following the path of steepest descent.

    This is fast, but the minimum need not be the one to which the pathway leads, and there is no length.

    **Arguments:**

    - `minimiser`: the minimiser; its `max_gradients` holds for each side.
    - `push`: displacement from the transition state along the unstable mode, in length scales, at most.

    A lane is `(x, direction)`: the transition state and its unit unstable mode, whose sign is the side.

    **Raises:** `ValueError` if `minimiser` is not a minimiser, or `push` is not positive.
    """

    minimiser: AbstractMinimiser
    push: float = PUSH

    def __check_init__(self):
        check_is(
            "minimiser", self.minimiser, AbstractMinimiser, "a minimiser, such as QuasiNewton(LBFGS())"
        )
        check_positive("push", self.push)

    def keeping(self, points: int) -> Self:
        """Return the search itself.

        **Raises:** `ValueError` if `points` is not 0, since a pushed descent follows no path.
        """
        if points:
            raise ValueError("`keep` needs a path of steepest descent; a PushedDescent follows none.")
        return self

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search with `max_gradients` as the limit of the minimiser."""
        minimiser = dataclasses.replace(self.minimiser, max_gradients=max_gradients)
        return dataclasses.replace(self, minimiser=minimiser)

    def in_units(self, units: Units) -> Self:
        """Return the same search in a landscape's own units."""
        return dataclasses.replace(self, minimiser=self.minimiser.in_units(units))

    @property
    def shares_passes(self) -> bool:
        """Whether the minimiser shares passes."""
        return self.minimiser.shares_passes

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point) -> PyTree:
        """Push off, and return the first state of the minimiser."""
        return self.minimiser.init(landscape, push_off(landscape, x, direction, self.push)[0])

    def step(self, landscape: AbstractLandscape, state: PyTree) -> PyTree:
        """Make a step of the minimiser."""
        return self.minimiser.step(landscape, state)

    def finished(self, landscape: AbstractLandscape, state: PyTree) -> Flag:
        """Stop where the minimiser stops."""
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
