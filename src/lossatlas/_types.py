"""Shapes used all over the library, in words of the trade."""

from jaxtyping import Array, Bool, Float, Int


Scalar = Float[Array, ""]
Integer = Int[Array, ""]
Flag = Bool[Array, ""]
Point = Float[Array, " dim"]
Points = Float[Array, "starts dim"]
Images = Float[Array, "images dim"]
Matrix = Float[Array, "dim dim"]
Modes = Float[Array, "modes dim"]
