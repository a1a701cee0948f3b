"""Names for the array shapes that are used all over the library."""

from typing import TYPE_CHECKING

import jax
import jaxtyping
from jax.typing import ArrayLike
from jaxtyping import Bool, Float


if TYPE_CHECKING:
    Array = jax.Array
else:
    Array = ArrayLike  # users may call a traceable function with NumPy arrays and numbers, too


Scalar = Float[Array, ""]
Integer = jaxtyping.Integer[Array, ""]  # with or without a sign
Flag = Bool[Array, ""]
Point = Float[Array, " dim"]
Points = Float[Array, "starts dim"]
Images = Float[Array, "images dim"]
Energies = Float[Array, " images"]
Matrix = Float[Array, "dim dim"]
Modes = Float[Array, "modes dim"]
Eigenvalues = Float[Array, " curvatures"]  # also components along the eigenvectors; zero modes are left out
Eigenvectors = Float[Array, "dim curvatures"]
Pairs = Float[Array, " pairs"]  # pairs of steps and gradient changes, of eigenvalues and -vectors, of atoms
PairVectors = Float[Array, "pairs dim"]
Levels = Float[Array, " levels"]  # recorded after 1, 2, 4, 8, ... gradients
