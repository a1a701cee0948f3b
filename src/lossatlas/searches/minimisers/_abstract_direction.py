"""What a quasi-Newton search asks of the rule that gives its directions."""

import abc

import equinox as eqx
from jaxtyping import PyTree

from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape


class AbstractDirection(eqx.Module):
    """A model of the inverse Hessian that learns from steps; pure and traceable.

    The memory is a pytree of arrays, carried by the search.
    """

    @abc.abstractmethod
    def init(self, x: Point) -> PyTree:
        """Return the memory before the first step."""

    @abc.abstractmethod
    def direction(self, memory: PyTree, gradient: Point) -> Point:
        """Return where a step goes, -H g with H the model of the inverse Hessian, shape (dim,)."""

    @abc.abstractmethod
    def update(self, memory: PyTree, step: Point, change: Point) -> PyTree:
        """Return the memory after a step, shape (dim,), and the change of the gradient along it."""

    @property
    def refresh(self) -> int:
        """Gradients between two calls of `exact`; 0 for no such calls."""
        return 0

    def exact(self, landscape: AbstractLandscape, x: Point) -> PyTree:
        """Return a memory made from the Hessian at `x`; asked for only where `refresh` is not 0."""
        return self.init(x)

    @property
    def shares_passes(self) -> bool:
        """Whether a direction costs so little that lanes gain by sharing the passes of their gradients."""
        return False
