"""Shapes used all over the library, in words of the trade."""

from typing import TYPE_CHECKING

import jax
import jaxtyping
from jax.typing import ArrayLike
from jaxtyping import Bool, Float


if TYPE_CHECKING:
    Array = jax.Array
else:
    Array = ArrayLike  # whoever calls a traceable function by hand may give it arrays of numpy and numbers


Scalar = Float[Array, ""]
Integer = jaxtyping.Integer[Array, ""]  # with or without a sign
Flag = Bool[Array, ""]
Point = Float[Array, " dim"]
Points = Float[Array, "starts dim"]
Images = Float[Array, "images dim"]
Energies = Float[Array, " images"]
Matrix = Float[Array, "dim dim"]
Modes = Float[Array, "modes dim"]
Eigenvalues = Float[Array, " curvatures"]  # also components along the eigenvectors; no forced zero modes
Eigenvectors = Float[Array, "dim curvatures"]
Pairs = Float[Array, " pairs"]  # of step and gradient change, of eigenvalue and eigenvector, of atoms
PairVectors = Float[Array, "pairs dim"]
Levels = Float[Array, " levels"]  # after 1, 2, 4, 8, ... gradients
