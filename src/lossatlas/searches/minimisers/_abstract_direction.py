"""The abstract rule for the directions of a quasi-Newton search."""

import abc

import equinox as eqx
from jaxtyping import PyTree

from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape


class AbstractDirection(eqx.Module):
    """A model of the inverse Hessian that is updated from steps; pure and traceable.

    `QuasiNewton` takes it as its `direction`. Its memory is a pytree of arrays, carried by the search.
    """

    @abc.abstractmethod
    def init(self, x: Point) -> PyTree:
        """Return the memory before the first step."""

    @abc.abstractmethod
    def direction(self, memory: PyTree, gradient: Point) -> Point:
        """Return the quasi-Newton step -H g with H the model of the inverse Hessian, shape (dim,)."""

    @abc.abstractmethod
    def update(self, memory: PyTree, step: Point, change: Point) -> PyTree:
        """Return the memory updated by a step and the change of the gradient over it, shape (dim,) both."""

    @property
    def refresh(self) -> int:
        """Number of gradients between two calls of `exact`; 0 if `exact` is not called."""
        return 0

    def exact(self, landscape: AbstractLandscape, x: Point) -> PyTree:
        """Return a memory made from the Hessian at `x`; called only if `refresh` is not 0."""
        return self.init(x)

    @property
    def shares_passes(self) -> bool:
        """Whether a direction costs so little that lanes gain if their gradients share passes over data."""
        return False
