"""A box, in which variables lie between bounds, and a landscape restricted to the faces of its box."""

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


# Curvature given to held variables, relative to the norm of the product of the Hessian with random signs.
STIFFER = 10.0


class Box(AbstractGeometry):
    """The set of points with lower <= x <= upper, variable by variable; a bound may be infinite.

    **Arguments:**

    - `lower`, `upper`: shape (dim,), parameter units.
    """

    lower: Point
    upper: Point

    def retract(self, x: Point) -> Point:
        """Move every variable that is past a bound to the bound.

        Its derivative is defined as the identity, so that derivatives at a bound are those of the energy.
        """
        # The second term is zero. Adding the distance to the bound to x would miss the bound by rounding.
        return jax.lax.stop_gradient(jnp.clip(x, self.lower, self.upper)) + (x - jax.lax.stop_gradient(x))

    def normals(self, x: Point) -> Modes:
        """Return no direction, shape (0, dim): which variables are held depends on the energy, too."""
        return jnp.zeros((0, x.shape[0]))

    def feasible(
        self, x: Point, gradient: Point, direction: Array, basis: Eigenvectors | None = None
    ) -> Array:
        """Return the direction with zero for the variables that are held at a bound.

        **Arguments:**

        - `x`: a point of the box, shape (dim,).
        - `gradient`: gradient within the face on which `x` lies, zero along held variables, shape (dim,).
        - `direction`: shape (dim,), or components along the columns of `basis`.
        - `basis`: orthonormal columns, shape (dim, modes), or None.
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
        """Return which variables of each point are at a bound, shape (points, dim)."""
        return (x <= np.asarray(self.lower)) | (x >= np.asarray(self.upper))

    def held(self, x: Point, gradient: Point) -> Bool[Array, " dim"]:
        """Return which variables are at a bound towards which the energy does not rise."""
        low, high = x <= self.lower, x >= self.upper
        return (low & (gradient >= 0.0)) | (high & (gradient <= 0.0))

    def check(self, points: Float[np.ndarray, "points dim"], name: str) -> None:
        """Refuse points outside the box; raises `ValueError`."""
        lower, upper = np.asarray(self.lower), np.asarray(self.upper)
        rows, variables = np.nonzero(~((points >= lower) & (points <= upper)))
        if len(rows):
            row, i = rows[0], variables[0]
            raise ValueError(
                f"{name} must lie within the bounds, but variable {i} of row {row} is "
                f"{points[row, i]:.6g}, and its bounds are {lower[i]:.6g} and {upper[i]:.6g}."
            )


class WithinFaces(AbstractLandscape):
    """A landscape in a box as searches see it: at every point restricted to the face of the point.

    A variable is held if it is at a bound and the energy does not rise towards the bound. Gradients have no
    component along held variables. Hessians are those of the free variables, with a large positive
    curvature along held variables, which no search follows and no index counts. A point where this gradient
    vanishes is stationary in the sense of Karush, Kuhn and Tucker, and its index counts the negative
    curvatures within the face.

    **Arguments:**

    - `inner`: a landscape whose geometry is a `Box`.
    """

    inner: AbstractLandscape

    @property
    def box(self) -> Box:
        """Geometry of the landscape."""
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
        """Return the energy and the gradient within the face, shape (dim,)."""
        energy, gradient = self.inner.value_and_gradient(x)
        return energy, jnp.where(self.box.held(x, gradient), 0.0, gradient)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian within the face, with twice its norm as curvature along held variables."""
        held = self.box.held(x, self.inner.value_and_gradient(x)[1])
        hessian = jnp.where(held[:, None] | held[None, :], 0.0, self.inner.hessian(x))
        size = jnp.linalg.norm(hessian)
        return hessian + jnp.diag(jnp.where(held, jnp.where(size > 0, 2.0 * size, 1.0), 0.0))

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function v -> H v, with H the Hessian within the face, stiff along held variables."""
        held = self.box.held(x, self.inner.value_and_gradient(x)[1])
        product = self.inner.hessian_product(x)

        def within(vector: Point) -> Point:
            return jnp.where(held, 0.0, product(jnp.where(held, 0.0, vector)))

        probe = within(jax.random.rademacher(jax.random.key(0), x.shape, float))
        size = jnp.linalg.norm(probe)
        stiff = jnp.where(size > 0, STIFFER * size, 1.0)
        return lambda vector: within(vector) + jnp.where(held, stiff * vector, 0.0)

    def zero_modes(self, x: Point) -> Modes:
        """Return the forced zero modes of the inner landscape; a box itself forces none."""
        return self.inner.zero_modes(x)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.inner.dimension

    def sample(self, key) -> Point:
        """Draw a random start."""
        return self.inner.sample(key)

    def fingerprint(self) -> dict:
        """Return the fingerprint of the inner landscape."""
        return self.inner.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """Box of the inner landscape."""
        return self.inner.geometry

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Symmetry of the inner landscape."""
        return self.inner.symmetry

    @property
    def length_scale(self) -> float:
        """Length scale of the inner landscape."""
        return self.inner.length_scale

    @property
    def region(self) -> float:
        """Region of the inner landscape."""
        return self.inner.region

    @property
    def smoothness(self) -> Smoothness:
        """Smoothness of the inner landscape."""
        return self.inner.smoothness

    @property
    def forward_mode(self) -> bool:
        """Whether JAX can differentiate the gradient of the inner landscape forwards."""
        return self.inner.forward_mode

    @property
    def hessian_cost(self) -> float:
        """Cost of a Hessian and of the gradient that shows which variables are held, in gradients."""
        return 1.0 + self.inner.hessian_cost
