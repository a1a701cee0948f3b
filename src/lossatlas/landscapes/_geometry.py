"""Where the variables live: all of space, a sphere, or space without a direction that changes nothing."""

import abc

import equinox as eqx
import jax.numpy as jnp

from lossatlas._types import Modes, Point


class AbstractGeometry(eqx.Module):
    """A subset of space with a projection onto it."""

    @abc.abstractmethod
    def retract(self, x: Point) -> Point:
        """Return the point of the geometry nearest to `x`."""

    @abc.abstractmethod
    def normals(self, x: Point) -> Modes:
        """Return orthonormal directions at `x` that leave the geometry, shape (modes, dim)."""


class Euclidean(AbstractGeometry):
    """All of space."""

    def retract(self, x: Point) -> Point:
        """Return `x` itself."""
        return x

    def normals(self, x: Point) -> Modes:
        """Return no direction, shape (0, dim)."""
        return jnp.zeros((0, x.shape[0]))


class Sphere(AbstractGeometry):
    """The sphere ||x|| = radius; the radial direction is a forced zero mode."""

    radius: float = eqx.field(static=True)

    def retract(self, x: Point) -> Point:
        """Scale `x` to the radius."""
        return x * (self.radius / jnp.linalg.norm(x))

    def normals(self, x: Point) -> Modes:
        """Return the radial direction, shape (1, dim)."""
        return (x / jnp.linalg.norm(x))[None, :]


class Gauge(AbstractGeometry):
    """Space without fixed directions along which the energy is constant.

    **Arguments:**

    - `directions`: orthonormal, shape (modes, dim); points have no component along them.
    """

    directions: Modes

    def retract(self, x: Point) -> Point:
        """Remove the components along the directions."""
        return x - self.directions.T @ (self.directions @ x)

    def normals(self, x: Point) -> Modes:
        """Return the directions."""
        return self.directions
