"""Deep networks as spherical spin glasses: number, clustering and width of critical points by depth."""

import math
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from ._semicircle import log_potential


def nodes_per_layer(parameters: ArrayLike, layers: ArrayLike) -> np.ndarray:
    """Return the number n of nodes per layer of a network with given numbers of parameters and layers.

    n is the positive root of N_e = (H - 1) n^2 + n, that is n = (sqrt(1 + 4 (H-1) N_e) - 1) / (2 (H-1)):
    H - 1 square matrices, and one vector for a single output. The spin glass that stands for the network
    has Lambda = n spins.

    **Arguments:**

    - `parameters`: number of parameters N_e, positive; any shape.
    - `layers`: number of layers H, at least 1; broadcast with `parameters`.

    **Returns:** n, not rounded, dimensionless.

    **Raises:** `ValueError` for numbers of parameters that are not positive, or of layers below 1.

    Source: S. Becker, Y. Zhang & A. A. Lee, Phys. Rev. Lett. 124, 108301 (2020),
    doi:10.1103/PhysRevLett.124.108301, whose printed root has the wrong sign.
    """
    parameters, layers = np.asarray(parameters, dtype=float), np.asarray(layers, dtype=float)
    if not np.all(np.isfinite(parameters) & (parameters > 0)):
        raise ValueError("`parameters` must be positive and finite.")
    if not np.all(np.isfinite(layers) & (layers >= 1)):
        raise ValueError("`layers` must be at least 1 and finite.")
    # This form of the root also holds for one layer, where it is N_e.
    return 2 * parameters / (1 + np.sqrt(1 + 4 * (layers - 1) * parameters))


def log_critical_pairs(layers: ArrayLike, nodes: ArrayLike) -> np.ndarray:
    """Return ln of the bound ((H-1)^Lambda - 1)/(H-2) on the pairs of critical points of a deep network.

    For a whole number of nodes the bound itself is `most_critical_pairs(H, Lambda)`. At H = 2 it is Lambda.

    **Arguments:**

    - `layers`: number of layers H, at least 2; any shape.
    - `nodes`: number of nodes per layer Lambda, at least 1, not necessarily whole; broadcast with `layers`.

    **Returns:** the logarithm, dimensionless.

    **Raises:** `ValueError` for fewer than two layers or less than one node.

    Source: as `nodes_per_layer`.
    """
    layers, nodes = np.broadcast_arrays(_check_layers(layers), np.asarray(nodes, dtype=float))
    if not np.all(np.isfinite(nodes) & (nodes >= 1)):
        raise ValueError("`nodes` must be at least 1 and finite.")
    many = np.maximum(layers, 3.0)
    growth = nodes * np.log(many - 1)
    return np.where(layers == 2, np.log(nodes), growth + np.log(-np.expm1(-growth)) - np.log(many - 2))


def clustering_bound(
    overlap: ArrayLike, energy: ArrayLike, layers: int, *, other: ArrayLike | None = None
) -> np.ndarray:
    """Compute Psi(r, v, e), the exponent of the number of critical points around a critical point.

    For large Lambda, exp(Lambda Psi) is the mean number of pairs of critical points at overlap r with
    energies e and v, divided by the mean number of points of energy e. Where Psi < 0, it is also an upper
    bound on the fraction of points of energy e that have such a neighbour:

        Psi = 1/2 + e^2/2 + ln[(H-1) (1 - r^2) / (1 - r^(2H-2))] / 2 - (e, v) S^-1 (e, v)^T / 2
              + int ln|sqrt(H/(H-1)) v - x| sqrt(4 - x^2) dx / (2 pi)

    S is the covariance matrix of the two energies, conditioned on both gradients vanishing. Along the great
    circle through both points the energy has the covariance cos^H of the angle. From it follow the
    eigenvalues of S for the eigenvectors (1, 1) and (1, -1),

        S_+- = (1 - r^2) T_+- / (1 -+ g),    T_+- = sum_(j=0)^(H-2) (r^j +- r^(H-2-j))^2 / 2,

    with g = r^H - (H-1) r^(H-2) (1 - r^2), so the quadratic form is (e+v)^2 / (2 S_+) + (e-v)^2 / (2 S_-).
    This S equals the published one, in a form without cancellation. The published quadratic form has (v, v)
    in place of (e, v), which agrees with this one only for v = e. At r = 0 the two points are independent,
    so Psi must not depend on e; here Psi(0, v, e) is the complexity of all points of energy v. For r -> 1
    and v = e, Psi tends to 0 where |e| < E_inf, and beyond to minus the cost I(e) of `complexity`.

    **Arguments:**

    - `overlap`: r = w . w' / Lambda, between -1 and 1, both excluded; any shape.
    - `energy`: energy per spin e, that is the loss divided by the fraction p_act of active paths;
        dimensionless, broadcast with `overlap`.
    - `layers`: number of layers H, a whole number of at least 2.
    - `other`: energy per spin v of the other points; default `energy`. For two layers no other value is
        allowed, since points of different energy have overlap 0.

    **Returns:** Psi, dimensionless.

    **Raises:** `ValueError` for an overlap outside (-1, 1), fewer than two layers, and an `other` that
    differs from `energy` with two layers.

    Source: as `nodes_per_layer`; E. Subag, Ann. Probab. 45, 3385 (2017), doi:10.1214/16-AOP1139, for the
    number of pairs.
    """
    if not isinstance(layers, Integral):
        raise ValueError(f"`layers` must be a whole number, got {layers}.")
    _check_layers(layers)
    r, energy = np.asarray(overlap, dtype=float), np.asarray(energy, dtype=float)
    if not np.all(np.abs(r) < 1):
        raise ValueError("`overlap` must lie between -1 and 1, both excluded.")
    other = energy if other is None else np.asarray(other, dtype=float)
    form = (energy + other) ** 2 / (2 * _joint_variance(r, layers))
    if np.any(other != energy):
        if layers == 2:
            raise ValueError("`other` must be `energy` for two layers: other points have overlap 0.")
        form = form + (energy - other) ** 2 / (2 * _difference_variance(r, layers))
    shells = 0.5 * np.log((layers - 1) / _powers(r**2, layers - 1).sum(axis=0))
    determinant = log_potential(math.sqrt(layers / (layers - 1)) * other)
    return 0.5 + energy**2 / 2 + shells - form / 2 + determinant


def _joint_variance(r: np.ndarray, layers: int) -> np.ndarray:
    """Return S_+, with (1 - g)/(1 - r) written as a sum, so that nothing cancels as r -> 1."""
    powers = _powers(r, layers)
    sums = 0.5 * np.sum((powers[:-1] + powers[-2::-1]) ** 2, axis=0)
    return (1 + r) * sums / (powers.sum(axis=0) + (layers - 1) * powers[layers - 2] * (1 + r))


def _difference_variance(r: np.ndarray, layers: int) -> np.ndarray:
    """Return S_-, for three or more layers."""
    powers = _powers(r, layers)
    sums = 0.5 * np.sum((powers[:-1] - powers[-2::-1]) ** 2, axis=0)
    slope = r**layers - (layers - 1) * powers[layers - 2] * (1 - r**2)
    return (1 - r**2) * sums / (1 + slope)


def _powers(r: np.ndarray, count: int) -> np.ndarray:
    """Return r^0, ..., r^(count - 1) along a first axis."""
    return np.stack([r**j for j in range(count)])


def hessian_entropy(
    energy: ArrayLike, layers: ArrayLike, nodes: ArrayLike, *, active: float = 1.0
) -> np.ndarray:
    """Compute the expected -ln|det Hessian| at an energy, which is larger for wider minima.

    At a critical point of energy e the Hessian of the loss on the sphere is p_act sqrt(2 H (H-1)
    (L-1)/L) (M - s), with s = sigma sqrt(L/(L-1)) e, sigma = sqrt(H/(2 (H-1))), and M a random symmetric
    matrix of L - 1 rows whose eigenvalues fill the semicircle on [-sqrt2, sqrt2] for large L. So

        S = -(L-1) ln p_act + (L-1)/2 ln(L / (2 (L-1) H (H-1)))
            - (L-1)/pi int_(-sqrt2)^(sqrt2) ln|s - t| sqrt(2 - t^2) dt,

    and the integral over pi is F(sqrt2 s) - ln(2)/2, F(x) = x^2/4 - 1/2 up to |x| = 2. Corrections for
    finite L are of order 1.

    **Arguments:**

    - `energy`: energy per spin e, that is the loss divided by p_act; dimensionless, any shape.
    - `layers`: number of layers H, at least 2; broadcast with `energy`.
    - `nodes`: number of nodes per layer L = Lambda, more than 1; broadcast with `energy`.
    - `active`: p_act, the fraction of active paths through the network, above 0 and up to 1.

    **Returns:** S, dimensionless.

    **Raises:** `ValueError` for fewer than two layers, one node or fewer, or another fraction.

    Source: as `nodes_per_layer`.
    """
    layers, nodes = _check_layers(layers), np.asarray(nodes, dtype=float)
    if not np.all(np.isfinite(nodes) & (nodes > 1)):
        raise ValueError("`nodes` must be more than 1 and finite.")
    if not 0 < active <= 1:
        raise ValueError(f"`active` must be above 0 and up to 1, got {active}.")
    grown = nodes / (nodes - 1)
    place = np.sqrt(layers / (layers - 1) * grown) * np.asarray(energy, dtype=float)
    scale = -math.log(active) + 0.5 * np.log(grown / (layers * (layers - 1)))
    return (nodes - 1) * (scale - log_potential(place))


def _check_layers(layers: ArrayLike) -> np.ndarray:
    """Return numbers of layers as floats; raises `ValueError` for any below 2."""
    layers = np.asarray(layers, dtype=float)
    if not np.all(np.isfinite(layers) & (layers >= 2)):
        raise ValueError("`layers` must be at least 2 and finite.")
    return layers
