"""Helpers for columns that are standardised to mean 0 and standard deviation 1."""

import numpy as np
from jaxtyping import Bool, Float


def spreads(
    values: Float[np.ndarray, "items columns"],
) -> tuple[Float[np.ndarray, " columns"], Bool[np.ndarray, " columns"]]:
    """Return the standard deviation of each column, and whether it exceeds rounding error.

    A standard deviation is not finite where the numbers are too large.
    """
    top = np.abs(values).max(axis=0)
    # The squares of numbers below 1e-154 underflow; scaling by a power of two changes no digit.
    powers = np.where(top < 1e-100, -np.frexp(top)[1], 0)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.ldexp(np.ldexp(values, powers).std(axis=0), -powers)
    # Rounding leaves a constant column such as 0.1 with a spread of 1e-17.
    return spread, spread > 1e-12 * top


def left_out(columns: tuple[str, ...], varies: np.ndarray, where: str = "") -> str:
    """Return the clause that names the constant columns; empty if there are none."""
    names = [name for name, kept in zip(columns, varies) if not kept]
    return f"left out, constant{where}: {', '.join(names)}" if names else ""
