"""Exact mean numbers of critical points of a spherical p-spin glass of N spins, by index and energy."""

import math
from functools import lru_cache
from numbers import Integral

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike
from scipy.special import gammaln

from ._p_spin_complexity import check_order


_LARGEST = 30  # most spins for all indices (a second); rounding errors grow with the number of points
_LARGEST_LOW = 120  # most spins for low indices alone (a minute)
_HIGHEST_LOW = 4  # the highest of the low indices
_RADIUS, _ROOTS = 0.05, 16  # circle of z for low indices: index k has errors of 1e-16 / 0.05^k and 0.05^16
_BLOCK = 128  # energies treated at once: matrices of 30 MB for 120 spins
_MARGIN = 7.0  # integrals end this far beyond the semicircle, at densities below 1e-20 of the largest


def most_critical_pairs(p: int, size: int) -> int:
    """Return the bound ((p-1)^N - 1)/(p-2) on the pairs {w, -w} of critical points of one spin glass.

    Critical points on the sphere come in pairs, since w -> -w turns H into (-1)^p H, so the number of
    critical points is at most twice the bound. The bound is the number of complex eigenvectors of a general
    symmetric tensor. It is 1 for p = 1 and N for p = 2 (the eigenvectors of a matrix); there every glass
    without degenerate points reaches it.

    **Arguments:**

    - `p`: order of the glass, at least 1.
    - `size`: number of spins N, at least 1.

    **Returns:** the bound, a whole number.

    **Raises:** `ValueError` for an order or a size below 1.

    Source: D. Cartwright & B. Sturmfels, Linear Algebra Appl. 438, 942 (2013),
    doi:10.1016/j.laa.2011.05.040, theorem 1.2.
    """
    for name, number in (("p", p), ("size", size)):
        if not isinstance(number, Integral) or number < 1:
            raise ValueError(f"`{name}` must be a whole number of at least 1, got {number}.")
    return sum(int(p - 1) ** power for power in range(int(size)))


def mean_critical_points(
    p: int, size: int, *, below: ArrayLike = np.inf, highest: int | None = None
) -> np.ndarray:
    """Compute the mean number of critical points of each index for N spins, averaged over the couplings.

    The couplings are independent standard normal numbers, as in `SpinGlass`. With y_0 <= ... <= y_(N-1) the
    eigenvalues of a random symmetric N x N matrix of density exp(-tr M^2 / 2), the mean number of critical
    points of index k with H <= N u is

        2 sqrt(2/p) (p-1)^(N/2) E[exp(-(p-2) y_k^2 / (2p)); y_k <= u sqrt(N p / (2 (p-1)))].

    The density of y_k at y is the coefficient of z^k in a Pfaffian (de Bruijn), in which each of the N - 1
    other eigenvalues has the weight |y - y_i| exp(-y_i^2 / 2), times z if it lies below y. Everything is
    integrated to rounding level, about 1e-12 of the sum over the indices. Low indices alone are computed at
    small z, where the many points of higher index have little weight, so they are accurate for more spins.

    **Arguments:**

    - `p`: order of the glass, at least 2.
    - `size`: number of spins N, 2 to 30; with `highest` 2 to 120 (100 spins take a minute per energy).
    - `below`: energies per spin u, any shape, dimensionless; default infinity, which counts all points.
    - `highest`: the highest index that is computed, 0 to 4 and below N; default N - 1, without that limit.

    **Returns:** the means, of the shape of `below` with a last axis for the indices 0 to N - 1 (or
    `highest`).

    **Raises:** `ValueError` for an order below 2, another size or index, and NaN energies.

    Source: A. Auffinger, G. Ben Arous & J. Cerny, Comm. Pure Appl. Math. 66, 165 (2013),
    doi:10.1002/cpa.21422, theorem 2.1.
    """
    check_order(p)
    largest = _LARGEST if highest is None else _LARGEST_LOW
    if not isinstance(size, Integral) or not 2 <= size <= largest:
        raise ValueError(f"`size` must be a whole number from 2 to {largest}, got {size}.")
    most = min(size - 1, _HIGHEST_LOW)
    if highest is not None and not (isinstance(highest, Integral) and 0 <= highest <= most):
        raise ValueError(f"`highest` must be a whole number from 0 to {most}, got {highest}.")
    energies = np.asarray(below, dtype=float)
    if np.isnan(energies).any():
        raise ValueError("`below` must hold numbers, got NaN.")
    far = math.sqrt(2 * size) + _MARGIN
    nodes, weights = legendre.leggauss(8 * size + 100)
    means = np.empty((energies.size, size if highest is None else highest + 1))
    for number, end in enumerate(energies.ravel() * math.sqrt(size * p / (2 * (p - 1)))):
        half = (np.clip(end, -far, far) + far) / 2
        y = half * (nodes + 1) - far
        blocks = np.array_split(y, math.ceil(len(y) / _BLOCK))
        densities = np.concatenate([_ordered_densities(block, size, highest) for block in blocks])
        means[number] = half * weights * np.exp(-(p - 2) / (2 * p) * y**2) @ densities
    means *= 2 * math.sqrt(2 / p) * (p - 1) ** (size / 2)
    return np.maximum(means, 0.0).reshape(*energies.shape, means.shape[1])


def _ordered_densities(y: np.ndarray, size: int, highest: int | None) -> np.ndarray:
    """Return the densities of the eigenvalues of a matrix, lowest first, shape (len(y), indices).

    Let f_i be the first N - 1 oscillator functions times |y - a|, L_i and R_i their integrals below and
    above y, and L and R the double integrals of products of two of them. The matrix of de Bruijn's Pfaffian
    is R + z (L_i R_j - R_i L_j) + z^2 L; for an odd number of functions it has another row and column
    R_i + z L_i. The Pfaffian is a polynomial of degree N - 1 in z, whose coefficients follow by a discrete
    Fourier transform of its values on a circle.
    """
    others = size - 1
    far = math.sqrt(2 * size) + _MARGIN
    below, above = _half_line(y, -far, others), _half_line(y, far, others)
    mixed = below[0][:, :, None] * above[0][:, None, :]
    mixed = mixed - mixed.swapaxes(1, 2)
    radius, count = (1.0, size) if highest is None else (_RADIUS, _ROOTS)
    roots = radius * np.exp(2j * np.pi * np.arange(count // 2 + 1) / count)  # the others are conjugates
    pfaffians = np.empty((len(y), len(roots)), dtype=complex)
    for number, z in enumerate(roots):
        matrix = above[1] + z * mixed + z**2 * below[1]
        if others % 2:
            border = above[0] + z * below[0]
            matrix = np.pad(matrix, ((0, 0), (0, 1), (0, 1)))
            matrix[:, :-1, -1], matrix[:, -1, :-1] = border, -border
        pfaffians[:, number] = _pfaffian(matrix)
    powers = radius ** np.arange(count if highest is None else highest + 1)
    coefficients = np.fft.hfft(pfaffians, count, axis=1)[:, : len(powers)] / (count * powers)
    return np.exp(-(y**2) / 2 + _log_norm(size))[:, None] * coefficients


def _half_line(y: np.ndarray, end: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the integrals of f_i, and of sgn(b - a) f_i(a) f_j(b), between y and an end of the axis."""
    nodes, weights, order = _quadrature(3 * count + 60)
    half = np.abs(end - y) / 2
    places = (y[:, None] + end) / 2 + half[:, None] * nodes
    functions = np.abs(y[:, None] - places) * _oscillators(places, count)
    single = np.moveaxis(functions @ weights * half, 0, -1)
    rows = np.moveaxis(functions, 0, 1)
    return single, half[:, None, None] ** 2 * (rows @ order @ rows.swapaxes(1, 2))


@lru_cache(maxsize=1)
def _quadrature(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Gauss's nodes and weights on [-1, 1], and the matrix of int int sgn(b - a) f(a) g(b).

    The functions are interpolated by Legendre series; the integral of P_j from -1 is (P_(j+1) - P_(j-1))
    / (2j + 1).
    """
    nodes, weights = legendre.leggauss(count)
    values = legendre.legvander(nodes, count)
    integrals = np.empty((count, count))
    integrals[:, 0] = nodes + 1
    integrals[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * np.arange(1, count) + 1)
    until = integrals @ ((np.arange(count) + 0.5)[:, None] * values[:, :-1].T) * weights
    order = weights[:, None] * (weights - 2 * until)
    return nodes, weights, (order - order.T) / 2


def _oscillators(x: np.ndarray, count: int) -> np.ndarray:
    """Return the orthonormal functions H_i(x) exp(-x^2 / 2), i = 0, ..., count - 1, along a first axis."""
    functions = np.empty((count, *x.shape))
    functions[0] = math.pi**-0.25 * np.exp(-(x**2) / 2)
    if count > 1:
        functions[1] = math.sqrt(2) * x * functions[0]
    for i in range(2, count):
        functions[i] = math.sqrt(2 / i) * x * functions[i - 1] - math.sqrt((i - 1) / i) * functions[i - 2]
    return functions


def _log_norm(size: int) -> float:
    """Return ln of the norm of the density: the leading coefficients divided by Mehta's integral."""
    i = np.arange(size - 1)
    leading = np.sum(0.25 * math.log(math.pi) + 0.5 * gammaln(i + 1) - 0.5 * i * math.log(2))
    j = np.arange(1, size + 1)
    mehta = size / 2 * math.log(2 * math.pi) + np.sum(gammaln(1 + j / 2) - gammaln(1.5))
    return float(leading + gammaln(size + 1) - mehta)


def _pfaffian(matrices: np.ndarray) -> np.ndarray:
    """Return the Pfaffians of antisymmetric matrices of even size, shape (batch, n, n), by elimination."""
    batch = np.arange(len(matrices))
    value = np.ones(len(matrices), dtype=matrices.dtype)
    while matrices.shape[1]:
        pivot = np.abs(matrices[:, 0, 1:]).argmax(axis=1) + 1
        order = np.tile(np.arange(matrices.shape[1]), (len(matrices), 1))
        order[batch, pivot], order[:, 1] = 1, pivot
        matrices = matrices[batch[:, None, None], order[:, :, None], order[:, None, :]]
        corner = matrices[:, 0, 1]
        value *= np.where(pivot == 1, corner, -corner)
        first, second = matrices[:, 0, 2:], matrices[:, 1, 2:]
        update = (second[:, :, None] / corner[:, None, None]) * first[:, None, :]
        matrices = matrices[:, 2:, 2:] + update - update.swapaxes(1, 2)
    return value
