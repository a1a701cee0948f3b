"""A landscape for minimisations that may not move along one vector."""

from collections.abc import Callable
from typing import Any

from jaxtyping import PRNGKeyArray

from lossatlas._types import Modes, Point, Scalar
from lossatlas.landscapes import AbstractGeometry, AbstractLandscape


class Across(AbstractLandscape):
    """A landscape whose gradients and products with the Hessian have no component along a vector.

    Hybrid eigenvector following minimises it, to go downhill orthogonal to the lowest eigenvector.

    **Arguments:**

    - `landscape`: the landscape.
    - `vector`: unit vector, shape (dim,).
    - `reach`: distance within which the vector is a good approximation of the lowest eigenvector, in length
        scales of the landscape; it becomes the length scale, and so the longest step.
    """

    landscape: AbstractLandscape
    vector: Point
    reach: float

    def energy(self, x: Point) -> Scalar:
        """Return the energy of the landscape."""
        return self.landscape.energy(x)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.landscape.dimension

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a random start of the landscape."""
        return self.landscape.sample(key)

    def fingerprint(self) -> dict[str, Any]:
        """Return the fingerprint of the landscape."""
        return self.landscape.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """Geometry of the landscape."""
        return self.landscape.geometry

    @property
    def length_scale(self) -> float:
        """The reach, in the units of the variables."""
        return self.reach * self.landscape.length_scale

    @property
    def region(self) -> float:
        """Region of the landscape."""
        return self.landscape.region

    def zero_modes(self, x: Point) -> Modes:
        """Return the forced zero modes of the landscape."""
        return self.landscape.zero_modes(x)

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return the energy, and the gradient without its component along the vector."""
        energy, gradient = self.landscape.value_and_gradient(x)
        return energy, self._across(gradient)

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function v -> P H P v, where P removes the component along the vector."""
        product = self.landscape.hessian_product(x)
        return lambda v: self._across(product(self._across(v)))

    def _across(self, v: Point) -> Point:
        return v - self.vector * (self.vector @ v)
