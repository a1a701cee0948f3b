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

    Thresholds on gradients, curvatures, distances and energies are plain numbers there, whatever the units
    of the loss and of the variables are.

    **Arguments:**

    - `inner`: the landscape in the units of its user.
    - `unit`: of the variables, parameter units, one number or shape (dim,); powers of two.
    - `energy_unit`: loss units; a power of two.
    - `length`: typical change of a variable between neighbouring minima, in units of `unit`.
    """

    inner: AbstractLandscape
    unit: Float[Array, "..."]
    energy_unit: Scalar
    length: float = eqx.field(static=True)

    def energy(self, x: Point) -> Scalar:
        """Return the energy in units of `energy_unit`."""
        return self.inner.energy(x * self.unit) / self.energy_unit

    def surface_energy(self, x: Point) -> Scalar:
        """Return the energy at the nearest point of the geometry."""
        return self.inner.surface_energy(x * self.unit) / self.energy_unit

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return energy and tangent gradient."""
        energy, gradient = self.inner.value_and_gradient(x * self.unit)
        return energy / self.energy_unit, gradient * self.unit / self.energy_unit

    def shared(self, x: Point) -> Array:
        """Return what lanes share of a pass over the data."""
        return self.inner.shared(x * self.unit)

    def derivatives(self, shared: Array, x: Point) -> tuple[Scalar, Point, Matrix]:
        """Return energy, tangent gradient and Hessian."""
        energy, gradient, hessian = self.inner.derivatives(shared, x * self.unit)
        return energy / self.energy_unit, gradient * self.unit / self.energy_unit, self._scaled(hessian)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian."""
        return self._scaled(self.inner.hessian(x * self.unit))

    def hessian_product(self, x: Point) -> Callable[[Point], Point]:
        """Return the function that multiplies by the Hessian."""
        product = self.inner.hessian_product(x * self.unit)
        return lambda vector: product(vector * self.unit) * self.unit / self.energy_unit

    @property
    def forward_mode(self) -> bool:
        """That of the landscape."""
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
        """Draw a random start."""
        return self.inner.sample(key) / self.unit

    def fingerprint(self) -> dict:
        """Return that of the landscape."""
        return self.inner.fingerprint()

    @property
    def geometry(self) -> AbstractGeometry:
        """That of the landscape, in its units."""
        return self.inner.geometry.in_units(self.unit)

    @property
    def symmetry(self) -> AbstractSymmetry:
        """That of the landscape, in its units."""
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
        """That of the landscape."""
        return self.inner.morse_sum

    @property
    def smoothness(self) -> Smoothness:
        """That of the landscape."""
        return self.inner.smoothness

    @property
    def shares_passes(self) -> bool:
        """That of the landscape."""
        return self.inner.shares_passes

    @property
    def gives_hessian(self) -> bool:
        """That of the landscape."""
        return self.inner.gives_hessian

    @property
    def hessian_cost(self) -> float:
        """That of the landscape."""
        return self.inner.hessian_cost


def dimensionless(landscape: AbstractLandscape) -> AbstractLandscape:
    """Return the landscape as searches see it: in its own units, and within the faces of its box, if any.

    It is the landscape itself where its units are 1 and there are no bounds.

    **Raises:** `ValueError` for units of variables that its geometry does not allow.
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
