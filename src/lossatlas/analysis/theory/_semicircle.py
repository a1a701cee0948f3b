"""Integrals over the semicircle law, the eigenvalue density of a large random symmetric matrix."""

import numpy as np
from numpy.typing import ArrayLike


def edge_cost(c: ArrayLike) -> np.ndarray:
    """Return the cost I of an eigenvalue outside the semicircle, whose probability is exp(-N I).

    I(c) = |c| sqrt(c^2 - 1) - arccosh|c| where the edges of the semicircle are -1 and 1; I is zero between
    them. With c = cosh t it is sinh(2t)/2 - t.
    """
    t = np.arccosh(np.maximum(np.abs(c), 1.0))
    return 0.5 * np.sinh(2 * t) - t


def log_potential(t: ArrayLike) -> np.ndarray:
    """Return int ln|t - x| sqrt(4 - x^2) dx / (2 pi) over -2 < x < 2, which is t^2/4 - 1/2 - I(t/2)."""
    t = np.asarray(t, dtype=float)
    return t**2 / 4 - 0.5 - edge_cost(t / 2)
