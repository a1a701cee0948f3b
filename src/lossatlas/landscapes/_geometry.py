"""Geometries, the sets on which the variables live: all of space, spheres, space without flat directions.

Boxes are in `_box.py`.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array, Eigenvectors, Modes, Point, Scalar


ON_SPHERE = 1e-6  # allowed relative error of the length of a start, above the rounding of 32-bit numbers


class AbstractGeometry(eqx.Module):
    """The set on which the variables of a landscape live, with a projection onto it.

    A landscape returns one as its `geometry`. A subclass defines `retract` and `normals`.
    """

    @abc.abstractmethod
    def retract(self, x: Point) -> Point:
        """Return the point of the geometry nearest to `x`."""

    @abc.abstractmethod
    def normals(self, x: Point) -> Modes:
        """Return orthonormal directions at `x` that are normal to the geometry, shape (modes, dim)."""

    def between(self, a: Point, b: Point, fraction: Scalar) -> Point:
        """Return the point at a fraction, 0 to 1, of the shortest way from `a` to `b` on the geometry."""
        return self.retract(a + fraction * (b - a))

    def feasible(
        self, x: Point, gradient: Point, direction: Array, basis: Eigenvectors | None = None
    ) -> Array:
        """Return the part of a direction along which a search at `x` may move; by default all of it.

        **Arguments:**

        - `x`: a point of the geometry, shape (dim,).
        - `gradient`: the tangent gradient at `x`, shape (dim,).
        - `direction`: shape (dim,), or components along the columns of `basis`.
        - `basis`: orthonormal columns, shape (dim, modes), or None.

        **Returns:** of the shape of `direction`.
        """
        return direction

    def in_units(self, unit: Float[Array, "..."]) -> "AbstractGeometry":
        """Return the same set in other units of the variables, one number or shape (dim,).

        By default the set itself. Only boxes depend on the unit: geometries other than boxes and all of
        space allow no unit but 1 (`dimensionless`).
        """
        return self

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Raise `ValueError` if one of the points is not in the set; by default all points are allowed."""


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

    A tangent step of length s, followed by `retract`, moves a point by radius * arctan(s / radius) along a
    great circle. That is never longer than the step, so limits on steps hold on the sphere, too.

    **Arguments:**

    - `radius`: parameter units.
    """

    radius: float = eqx.field(static=True)

    def retract(self, x: Point) -> Point:
        """Scale `x` to the radius."""
        return x * (self.radius / jnp.linalg.norm(x))

    def normals(self, x: Point) -> Modes:
        """Return the radial direction, shape (1, dim)."""
        return (x / jnp.linalg.norm(x))[None, :]

    def between(self, a: Point, b: Point, fraction: Scalar) -> Point:
        """Return the point at a fraction, 0 to 1, of the great circle from `a` to `b`.

        Between antipodes all great circles have the same length; the one through the axis farthest from
        both is taken.
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
        """Refuse points that are not on the sphere; raises `ValueError`."""
        lengths = np.linalg.norm(points, axis=1)
        off = np.flatnonzero(~(np.abs(lengths / self.radius - 1.0) <= ON_SPHERE))
        if len(off):
            raise ValueError(
                f"{name} must lie on the sphere of radius {self.radius:.6g}, but row {off[0]} has "
                f"length {lengths[off[0]]:.6g}."
            )


class ProductOfSpheres(AbstractGeometry):
    """A product of spheres, one for each part of the variables, with one forced zero mode per part.

    **Arguments:**

    - `sizes`: number of variables of each part, in the order of the parts in a point.
    - `radius`: radius of all spheres, parameter units.
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
        """Refuse points with a part that is not on its sphere; raises `ValueError`."""
        parts = np.split(points, np.cumsum(self.sizes)[:-1], axis=1)
        for number, part in enumerate(parts, start=1):
            Sphere(self.radius).check(part, f"Part {number} of {name}")


class Gauge(AbstractGeometry):
    """The subspace orthogonal to fixed directions along which the energy is constant.

    **Arguments:**

    - `directions`: orthonormal directions, shape (modes, dim); points have no component along them.
    """

    directions: Modes

    def retract(self, x: Point) -> Point:
        """Remove the components along the directions."""
        return x - self.directions.T @ (self.directions @ x)

    def normals(self, x: Point) -> Modes:
        """Return the directions."""
        return self.directions
