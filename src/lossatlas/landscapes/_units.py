"""The units in which a landscape is searched."""

import dataclasses

import numpy as np
from jaxtyping import Float


@dataclasses.dataclass(frozen=True, eq=False)
class Units:
    """The units in which a landscape is searched, powers of two where possible, which cause no rounding.

    Curvatures, slopes and path lengths are measured in the variables x_i L / variables_i, where L is the
    geometric mean of `variables`. If all variables have one unit, these are the variables themselves.
    Whatever the units, the product of all curvatures is that of the eigenvalues of the Hessian.

    **Arguments:**

    - `variables`: unit of the variables in parameter units, one number for all or shape (dim,).
    - `energy`: unit of the energy, in loss units.
    """

    variables: float | Float[np.ndarray, " dim"] = 1.0
    energy: float = 1.0

    @property
    def is_one(self) -> bool:
        """Whether all units are 1, so that nothing is converted."""
        return self.energy == 1.0 and bool(np.all(np.asarray(self.variables) == 1.0))

    @property
    def length(self) -> float:
        """Geometric mean of the units of the variables, parameter units."""
        return float(np.exp2(np.mean(np.log2(self.variables))))

    @property
    def slope(self) -> float:
        """Unit of slopes, loss units per parameter unit."""
        return self.energy / self.length

    @property
    def curvature(self) -> float:
        """Unit of curvatures, loss units per squared parameter unit."""
        return self.energy / self.length**2


ONE = Units()


def power_of_two(values: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "..."] | np.float64:
    """Return the power of two nearest to each positive number, on a logarithmic scale."""
    return np.exp2(np.round(np.log2(values)))
