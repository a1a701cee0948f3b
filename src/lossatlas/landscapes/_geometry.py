"""Where the variables live: all of space, spheres, or space without a direction that changes nothing.

Boxes are in `_box.py`.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array, Eigenvectors, Modes, Point, Scalar


ON_SPHERE = 1e-6  # relative error of the length of a start: more than rounding, even of 32-bit numbers


class AbstractGeometry(eqx.Module):
    """A subset of space with a projection onto it."""

    @abc.abstractmethod
    def retract(self, x: Point) -> Point:
        """Return the point of the geometry nearest to `x`."""

    @abc.abstractmethod
    def normals(self, x: Point) -> Modes:
        """Return orthonormal directions at `x` that leave the geometry, shape (modes, dim)."""

    def between(self, a: Point, b: Point, fraction: Scalar) -> Point:
        """Return the point at a fraction of the shortest way from `a` to `b`, both of the geometry."""
        return self.retract(a + fraction * (b - a))

    def feasible(
        self, x: Point, gradient: Point, direction: Array, basis: Eigenvectors | None = None
    ) -> Array:
        """Return the part of a direction that a search at `x` may take; here, all of it.

        **Arguments:**

        - `x`: of the geometry.
        - `gradient`: its tangent gradient.
        - `direction`: shape (dim,), or components along the columns of `basis`.
        - `basis`: orthonormal columns, or None.
        """
        return direction

    def in_units(self, unit: Float[Array, "..."]) -> "AbstractGeometry":
        """Return the same set in other units of the variables, one number or shape (dim,).

        That is the set itself, unless it has bounds: others allow no unit but 1.
        """
        return self

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Raise `ValueError` if a search may not start at one of the points; nothing is refused here."""


class Euclidean(AbstractGeometry):
    """All of space."""

    def retract(self, x: Point) -> Point:
        """Return `x` itself."""
        return x

    def normals(self, x: Point) -> Modes:
        """Return no direction, shape (0, dim)."""
        return jnp.zeros((0, x.shape[0]))


class Sphere(AbstractGeometry):
    """The sphere ||x|| = radius; the radial direction is a forced zero mode.

    A tangent step of length s, retracted, is a way of radius * arctan(s / radius) along a great circle:
    never longer than the step, so limits on steps hold on the sphere, too.
    """

    radius: float = eqx.field(static=True)

    def retract(self, x: Point) -> Point:
        """Scale `x` to the radius."""
        return x * (self.radius / jnp.linalg.norm(x))

    def normals(self, x: Point) -> Modes:
        """Return the radial direction, shape (1, dim)."""
        return (x / jnp.linalg.norm(x))[None, :]

    def between(self, a: Point, b: Point, fraction: Scalar) -> Point:
        """Follow the great circle, with evenly spaced fractions evenly spaced.

        Between antipodes all are as short, and it is the one through the axis farthest from both.
        """
        normal, end = a / jnp.linalg.norm(a), b / jnp.linalg.norm(b)
        across = end - (normal @ end) * normal
        angle = fraction * jnp.arctan2(jnp.linalg.norm(across), normal @ end)
        axis = jnp.zeros_like(normal).at[jnp.argmin(jnp.abs(normal))].set(1.0)
        antipodes = jnp.linalg.norm(normal + end) <= ON_SPHERE
        across = jnp.where(antipodes, axis - (normal @ axis) * normal, across)
        width = jnp.linalg.norm(across)
        turned = jnp.cos(angle) * normal + jnp.sin(angle) * across / jnp.where(width > 0, width, 1.0)
        return self.radius * turned

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Refuse points off the sphere."""
        lengths = np.linalg.norm(points, axis=1)
        off = np.flatnonzero(~(np.abs(lengths / self.radius - 1.0) <= ON_SPHERE))
        if len(off):
            raise ValueError(
                f"{name} must lie on the sphere of radius {self.radius:.6g}, but row {off[0]} has "
                f"length {lengths[off[0]]:.6g}."
            )


class ProductOfSpheres(AbstractGeometry):
    """A sphere for each part of the variables; one forced zero mode per part.

    **Arguments:**

    - `sizes`: number of variables of each part, in the order in which they stand in a point.
    - `radius`: of all the spheres, parameter units.
    """

    sizes: tuple[int, ...] = eqx.field(static=True)
    radius: float = eqx.field(static=True, default=1.0)

    def split(self, x: Point) -> list[Array]:
        """Return the parts of `x`."""
        return jnp.split(x, np.cumsum(self.sizes)[:-1])

    def retract(self, x: Point) -> Point:
        """Scale every part to the radius."""
        return jnp.concatenate([Sphere(self.radius).retract(part) for part in self.split(x)])

    def normals(self, x: Point) -> Modes:
        """Return the radial directions of the parts, shape (parts, dim)."""
        number = np.repeat(np.arange(len(self.sizes)), self.sizes)
        lengths = jnp.stack([jnp.linalg.norm(part) for part in self.split(x)])
        return jnp.where(number == np.arange(len(self.sizes))[:, None], x / lengths[number], 0.0)

    def between(self, a: Point, b: Point, fraction: Scalar) -> Point:
        """Follow a great circle in every part, all of them at once: a geodesic of the product."""
        sphere = Sphere(self.radius)
        pairs = zip(self.split(a), self.split(b))
        return jnp.concatenate([sphere.between(p, q, fraction) for p, q in pairs])

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Refuse points of which a part is off its sphere."""
        parts = np.split(points, np.cumsum(self.sizes)[:-1], axis=1)
        for number, part in enumerate(parts, start=1):
            Sphere(self.radius).check(part, f"Part {number} of {name}")


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
