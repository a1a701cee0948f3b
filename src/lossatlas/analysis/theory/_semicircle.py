"""Integrals over the semicircle, the density of the eigenvalues of a large random symmetric matrix."""

import numpy as np
from numpy.typing import ArrayLike


def edge_cost(c: ArrayLike) -> np.ndarray:
    """Return I, the cost of an eigenvalue outside the semicircle: exp(-N I) is its probability.

    I(c) = |c| sqrt(c^2 - 1) - arccosh|c|, with the edges of the semicircle at -1 and 1; zero inside. With
    c = cosh t it is sinh(2t)/2 - t.
    """
    t = np.arccosh(np.maximum(np.abs(c), 1.0))
    return 0.5 * np.sinh(2 * t) - t


def log_potential(t: ArrayLike) -> np.ndarray:
    """Return int ln|t - x| sqrt(4 - x^2) dx / (2 pi) over -2 < x < 2, which is t^2/4 - 1/2 - I(t/2)."""
    t = np.asarray(t, dtype=float)
    return t**2 / 4 - 0.5 - edge_cost(t / 2)
