"""A landscape in its own units, where thresholds are plain numbers."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from lossatlas._types import Array, Matrix, Modes, Point, Scalar

from ._box import Box, WithinFaces
from ._geometry import AbstractGeometry, Euclidean
from ._landscape import AbstractLandscape
from ._smoothness import Smoothness
from ._symmetry import AbstractSymmetry


class Dimensionless(AbstractLandscape):
    """A landscape in its own units: y = x / units.variables, e = E / units.energy.

    Searches use it so that their thresholds on gradients, curvatures, distances and energies are plain
    numbers, whatever the units of the loss and of the variables are.

    **Arguments:**

    - `inner`: the landscape in the units of its user.
    - `unit`: units of the variables, parameter units, one number or shape (dim,).
    - `energy_unit`: unit of the energy, loss units.
    - `length`: typical change of a variable between neighbouring minima, dimensionless.
    """

    inner: AbstractLandscape
    unit: Float[Array, "..."]
    energy_unit: Scalar
    length: float = eqx.field(static=True)

    def energy(self, x: Point) -> Scalar:
        """Return the dimensionless energy e of a dimensionless point."""
        return self.inner.energy(x * self.unit) / self.energy_unit

    def surface_energy(self, x: Point) -> Scalar:
        """Return the dimensionless energy at the nearest point of the geometry."""
        return self.inner.surface_energy(x * self.unit) / self.energy_unit

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return the dimensionless energy and tangent gradient."""
        energy, gradient = self.inner.value_and_gradient(x * self.unit)
        return energy / self.energy_unit, gradient * self.unit / self.energy_unit

    def shared(self, x: Point) -> Array:
        """Return the part of the derivatives that comes from a pass over the data, see `derivatives`."""
        return self.inner.shared(x * self.unit)

    def derivatives(self, shared: Array, x: Point) -> tuple[Scalar, Point, Matrix]:
        """Return the dimensionless energy, tangent gradient and Hessian."""
        energy, gradient, hessian = self.inner.derivatives(shared, x * self.unit)
        return energy / self.energy_unit, gradient * self.unit / self.energy_unit, self._scaled(hessian)

    def hessian(self, x: Point) -> Matrix:
        """Return the dimensionless Hessian."""
        return self._scaled(self.inner.hessian(x * self.unit))

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function v -> H v, with H the dimensionless Hessian."""
        product = self.inner.hessian_product(x * self.unit)
        return lambda vector: product(vector * self.unit) * self.unit / self.energy_unit

    @property
    def forward_mode(self) -> bool:
        """Whether JAX can differentiate the gradient of the inner landscape forwards."""
        return self.inner.forward_mode

    def _scaled(self, hessian: Matrix) -> Matrix:
        unit = jnp.broadcast_to(self.unit, (self.dimension,))
        return hessian * (unit[:, None] * unit[None, :]) / self.energy_unit

    def zero_modes(self, x: Point) -> Modes:
        """Return the forced zero modes."""
        return self.inner.zero_modes(x * self.unit)

    @property
    def dimension(self) -> int:
        """Number of variables."""
        return self.inner.dimension

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a random start, dimensionless."""
        return self.inner.sample(key) / self.unit

    def fingerprint(self) -> dict:
        """Return the fingerprint of the inner landscape."""
        return self.inner.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """Geometry of the inner landscape, in its own units."""
        return self.inner.geometry.in_units(self.unit)

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Symmetry of the inner landscape, in its own units."""
        return self.inner.symmetry.in_units(np.asarray(self.inner.units.variables))

    @property
    def length_scale(self) -> float:
        """Typical change of a variable, dimensionless."""
        return self.length

    @property
    def region(self) -> float:
        """Largest |variable|, dimensionless."""
        return self.inner.region * self.length / self.inner.length_scale

    @property
    def morse_sum(self) -> int | None:
        """Morse sum of the inner landscape."""
        return self.inner.morse_sum

    @property
    def smoothness(self) -> Smoothness:
        """Smoothness of the inner landscape."""
        return self.inner.smoothness

    @property
    def shares_passes(self) -> bool:
        """Whether the inner landscape shares passes over its data."""
        return self.inner.shares_passes

    @property
    def gives_hessian(self) -> bool:
        """Whether a gradient of the inner landscape gives the Hessian, too."""
        return self.inner.gives_hessian

    @property
    def hessian_cost(self) -> float:
        """Cost of a Hessian of the inner landscape, in gradients."""
        return self.inner.hessian_cost


def dimensionless(landscape: AbstractLandscape) -> AbstractLandscape:
    """Return the landscape as searches see it: in its own units, and restricted to the faces of its box.

    A landscape whose units are 1 and that has no bounds is returned as it is.

    **Raises:** `ValueError` if a variable has another unit than 1 and the geometry is neither all of space
    nor a box.
    """
    units = landscape.units
    own = landscape
    if not units.is_one:
        if np.any(np.asarray(units.variables) != 1.0) and not isinstance(
            landscape.geometry, Euclidean | Box
        ):
            raise ValueError("`units` of variables other than 1 need a landscape in all of space or a box.")
        own = Dimensionless(
            landscape,
            jnp.asarray(units.variables, dtype=float),
            jnp.asarray(units.energy, dtype=float),
            landscape.length_scale / units.length,
        )
    if isinstance(own.geometry, Box) and not isinstance(own, WithinFaces):
        return WithinFaces(own)
    return own
