"""A landscape as it is seen by a search that may not move along one vector."""

from collections.abc import Callable
from typing import Any

from jaxtyping import PRNGKeyArray

from lossatlas._types import Modes, Point, Scalar
from lossatlas.landscapes import AbstractGeometry, AbstractLandscape


class Across(AbstractLandscape):
    """A landscape whose gradients and products with the Hessian have no component along a vector.

    **Arguments:**

    - `landscape`: the landscape.
    - `vector`: unit vector, shape (dim,); right only near where it was found.
    - `reach`: how far that is, in length scales of the landscape.
    """

    landscape: AbstractLandscape
    vector: Point
    reach: float

    def energy(self, x: Point) -> Scalar:
        """Return that of the landscape."""
        return self.landscape.energy(x)

    @property
    def dimension(self) -> int:
        """That of the landscape."""
        return self.landscape.dimension

    def sample(self, key: PRNGKeyArray) -> Point:
        """Return that of the landscape."""
        return self.landscape.sample(key)

    def fingerprint(self) -> dict[str, Any]:
        """Return that of the landscape."""
        return self.landscape.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """That of the landscape."""
        return self.landscape.geometry

    @property
    def length_scale(self) -> float:
        """The reach, in parameter units."""
        return self.reach * self.landscape.length_scale

    @property
    def region(self) -> float:
        """That of the landscape."""
        return self.landscape.region

    def zero_modes(self, x: Point) -> Modes:
        """Return those of the landscape."""
        return self.landscape.zero_modes(x)

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return the energy, and the gradient across the vector."""
        energy, gradient = self.landscape.value_and_gradient(x)
        return energy, self._across(gradient)

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function v -> P H P v, with P the projection across the vector."""
        product = self.landscape.hessian_product(x)
        return lambda v: self._across(product(self._across(v)))

    def _across(self, v: Point) -> Point:
        return v - self.vector * (self.vector @ v)
