"""A box: variables between bounds, and a landscape as it is within the faces of one."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._types import Array, Eigenvectors, Matrix, Modes, Point, Scalar

from ._geometry import AbstractGeometry
from ._landscape import AbstractLandscape
from ._smoothness import Smoothness
from ._symmetry import AbstractSymmetry


# The curvature of held variables, in norms of the product of the Hessian with a random sign vector.
STIFFER = 10.0


class Box(AbstractGeometry):
    """All points with lower <= x <= upper, variable by variable; a bound may be infinite.

    **Arguments:**

    - `lower`, `upper`: shape (dim,), parameter units.
    """

    lower: Point
    upper: Point

    def retract(self, x: Point) -> Point:
        """Move every variable that is past a bound to it.

        For derivatives this is the identity: at a bound they are those of the energy inside.
        """
        # The second term is zero; adding the distance to the bound instead would miss it by rounding.
        return jax.lax.stop_gradient(jnp.clip(x, self.lower, self.upper)) + (x - jax.lax.stop_gradient(x))

    def normals(self, x: Point) -> Modes:
        """Return no direction: which variables are held depends on the energy, not on the box alone."""
        return jnp.zeros((0, x.shape[0]))

    def feasible(
        self, x: Point, gradient: Point, direction: Array, basis: Eigenvectors | None = None
    ) -> Array:
        """Return the direction without the variables that are held at a bound.

        **Arguments:**

        - `x`: of the box.
        - `gradient`: within the face that `x` lies on: zero along variables that are held.
        - `direction`: shape (dim,), or components along the columns of `basis`.
        - `basis`: orthonormal columns, or None.
        """
        held = self.at_bound(x) & (gradient == 0.0)
        if basis is None:
            return jnp.where(held, 0.0, direction)
        return basis.T @ jnp.where(held, 0.0, basis @ direction)

    def in_units(self, unit: Float[Array, "..."]) -> "Box":
        """Return the same box in other units."""
        return Box(self.lower / unit, self.upper / unit)

    def at_bound(self, x: Point) -> Bool[Array, " dim"]:
        """Return which variables are at a bound."""
        return (x <= self.lower) | (x >= self.upper)

    def all_at_bound(self, x: Float[np.ndarray, "points dim"]) -> Bool[np.ndarray, "points dim"]:
        """Return which variables of which points are at a bound."""
        return (x <= np.asarray(self.lower)) | (x >= np.asarray(self.upper))

    def held(self, x: Point, gradient: Point) -> Bool[Array, " dim"]:
        """Return which variables are at a bound towards which the energy falls, or is level."""
        low, high = x <= self.lower, x >= self.upper
        return (low & (gradient >= 0.0)) | (high & (gradient <= 0.0))

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Refuse points outside the box."""
        lower, upper = np.asarray(self.lower), np.asarray(self.upper)
        rows, variables = np.nonzero(~((points >= lower) & (points <= upper)))
        if len(rows):
            row, i = rows[0], variables[0]
            raise ValueError(
                f"{name} must lie within the bounds, but variable {i} of row {row} is "
                f"{points[row, i]:.6g}, and its bounds are {lower[i]:.6g} and {upper[i]:.6g}."
            )


class WithinFaces(AbstractLandscape):
    """A landscape in a box as searches see it: at every point, within the face that the point lies on.

    A variable is held where it is at a bound and the energy falls towards it. Gradients have no component
    along held variables. Hessians are those of the others, and have a large curvature along held variables,
    which no search follows and no index counts. Where the gradient vanishes, the point is stationary in the
    sense of Karush, Kuhn and Tucker; the number of negative curvatures is that within the face.

    **Arguments:**

    - `inner`: a landscape whose geometry is a `Box`.
    """

    inner: AbstractLandscape

    @property
    def box(self) -> Box:
        """The geometry of the landscape."""
        geometry = self.inner.geometry
        assert isinstance(geometry, Box)
        return geometry

    def energy(self, x: Point) -> Scalar:
        """Return the energy of a point of the box."""
        return self.inner.energy(x)

    def surface_energy(self, x: Point) -> Scalar:
        """Return the energy of the nearest point of the box."""
        return self.inner.surface_energy(x)

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return energy and the gradient within the face."""
        energy, gradient = self.inner.value_and_gradient(x)
        return energy, jnp.where(self.box.held(x, gradient), 0.0, gradient)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian within the face, with twice its norm along held variables."""
        held = self.box.held(x, self.inner.value_and_gradient(x)[1])
        hessian = jnp.where(held[:, None] | held[None, :], 0.0, self.inner.hessian(x))
        size = jnp.linalg.norm(hessian)
        return hessian + jnp.diag(jnp.where(held, jnp.where(size > 0, 2.0 * size, 1.0), 0.0))

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function that multiplies by the Hessian."""
        held = self.box.held(x, self.inner.value_and_gradient(x)[1])
        product = self.inner.hessian_product(x)

        def within(vector: Point) -> Point:
            return jnp.where(held, 0.0, product(jnp.where(held, 0.0, vector)))

        probe = within(jax.random.rademacher(jax.random.key(0), x.shape, float))
        size = jnp.linalg.norm(probe)
        stiff = jnp.where(size > 0, STIFFER * size, 1.0)
        return lambda vector: within(vector) + jnp.where(held, stiff * vector, 0.0)

    def zero_modes(self, x: Point) -> Modes:
        """Return no direction."""
        return self.inner.zero_modes(x)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.inner.dimension

    def sample(self, key) -> Point:
        """Draw a random start."""
        return self.inner.sample(key)

    def fingerprint(self) -> dict:
        """Return that of the landscape."""
        return self.inner.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """The box."""
        return self.inner.geometry

    @property
    def symmetry(self) -> AbstractSymmetry:
        """That of the landscape."""
        return self.inner.symmetry

    @property
    def length_scale(self) -> float:
        """That of the landscape."""
        return self.inner.length_scale

    @property
    def region(self) -> float:
        """That of the landscape."""
        return self.inner.region

    @property
    def smoothness(self) -> Smoothness:
        """That of the landscape."""
        return self.inner.smoothness

    @property
    def forward_mode(self) -> bool:
        """That of the landscape."""
        return self.inner.forward_mode

    @property
    def hessian_cost(self) -> float:
        """A gradient, which says what is held, and the Hessian."""
        return 1.0 + self.inner.hessian_cost
