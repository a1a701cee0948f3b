"""Complexity of the spherical p-spin glass: growth exponents of its mean numbers of critical points."""

import math
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar

from ._semicircle import edge_cost


def threshold_energy(p: int) -> float:
    """Return E_inf = 2 sqrt((p - 1)/p): below H/N = -E_inf most critical points are minima.

    Below -E_inf the points of index k + 1 are exponentially fewer than those of index k; above it nearly
    all points have an index of order N.

    **Arguments:**

    - `p`: order of the glass, at least 2.

    **Returns:** E_inf, dimensionless (energy per spin).

    **Raises:** `ValueError` for an order below 2.

    Source: as `complexity`.
    """
    check_order(p)
    return 2 * math.sqrt((p - 1) / p)


def complexity(u: ArrayLike, p: int, *, index: int | None = None) -> np.ndarray:
    """Compute Theta(u) = lim ln(mean number of critical points with H <= N u) / N for large N.

    With E_inf = 2 sqrt((p - 1)/p), c = -u/E_inf and I(u) = c sqrt(c^2 - 1) - arccosh(c):

        Theta_k(u) = ln(p-1)/2 - (p-2) u^2 / (4 (p-1)) - (k+1) I(u)    for u <= -E_inf, index k
        Theta_k(u) = ln(p-1)/2 - (p-2)/p                               above

    For all indices together, Theta(u) is the first line with the factor 1 in place of k + 1 below -E_inf,
    ln(p-1)/2 - (p-2) u^2 / (4 (p-1)) from -E_inf to u = 0, and ln(p-1)/2 above. All counts are cumulative,
    so Theta never decreases with u. The means are over standard normal couplings, as in `SpinGlass`.

    At p = 2, where there are 2N points, Theta is 0 above -E_inf.

    **Arguments:**

    - `u`: energies per spin H/N, any shape, dimensionless.
    - `p`: order of the glass, at least 2.
    - `index`: k = 0, 1, ... of the points counted; default all indices.

    **Returns:** Theta, of the shape of `u`, dimensionless.

    **Raises:** `ValueError` for an order below 2 or a negative index.

    Source: A. Auffinger, G. Ben Arous & J. Cerny, Comm. Pure Appl. Math. 66, 165 (2013),
    doi:10.1002/cpa.21422, theorems 2.5 and 2.8.
    """
    lowest = -threshold_energy(p)
    u = np.asarray(u, dtype=float)
    top = 0.0 if index is None else lowest
    factor = 1 if index is None else check_index(index) + 1
    u = np.minimum(u, top)
    return 0.5 * math.log(p - 1) - (p - 2) / (4 * (p - 1)) * u**2 - factor * edge_cost(u / lowest)


def complexity_zeros(p: int, indices: ArrayLike) -> np.ndarray:
    """Find the energies E_k where Theta_k(-E_k) = 0: for large N no point of index k lies below -E_k.

    -E_0 is the energy per spin of the ground state. For p = 2 all E_k are equal to E_inf.

    **Arguments:**

    - `p`: order of the glass, at least 2.
    - `indices`: the indices k = 0, 1, ..., any shape.

    **Returns:** E_k to 1e-12, of the shape of `indices`, dimensionless.

    **Raises:** `ValueError` for an order below 2 or a negative index.

    Source: as `complexity`.
    """
    numbers = np.asarray(indices)
    return np.array([_zero(p, check_index(k)) for k in numbers.ravel().tolist()]).reshape(numbers.shape)


def _zero(p: int, index: int) -> float:
    edge = threshold_energy(p)
    if p == 2:
        return edge
    # At u = -2p Theta is negative: the term in u^2 alone, at least p^2 / 2, exceeds ln(p-1)/2.
    value = lambda energy: float(complexity(-energy, p, index=index))
    return root_scalar(value, bracket=(edge, 2.0 * p), xtol=1e-14).root


def check_order(p: int) -> None:
    """Raise `ValueError` for an order that is not a whole number of at least 2."""
    if not isinstance(p, Integral) or p < 2:
        raise ValueError(f"`p` must be a whole number of at least 2, got {p}.")


def check_index(index: int) -> int:
    """Return an index as an integer; raises `ValueError` unless it is a whole number of at least 0."""
    if not isinstance(index, Integral) or index < 0:
        raise ValueError(f"An index must be a whole number of at least 0, got {index}.")
    return int(index)
