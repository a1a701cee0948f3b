"""The units that energies of descents are shown in, so that landscapes of different size compare."""

import math
from typing import NamedTuple

from lossatlas.analysis import complexity_zeros, threshold_energy
from lossatlas.landscapes import AbstractLandscape, PartiteSpinGlass, SpinGlass


class EnergyUnit(NamedTuple):
    """What energies are divided by.

    - `size`: loss units.
    - `label`: what the quotient is called.
    - `levels`: energies that theory gives for large landscapes, in this unit, by name.
    """

    size: float
    label: str
    levels: dict[str, float]


def energy_unit(landscape: AbstractLandscape) -> EnergyUnit:
    """Return N for a spherical spin glass, sqrt(N) for one of parts with N variables, 1 for any other.

    The energy of a spin glass is H = N u. In one of p parts with n variables each, N = p n, it is H =
    sqrt(N) u: in both, u has the variance 1/N at a fixed point, and -E_inf and -E_0 of u are the same.
    For the second, by the Kac-Rice formula:

    - At H = sqrt(N) u the Hessian is a symmetric matrix of p x p blocks with independent normal entries,
      of variance 1, off the diagonal and none on it, less H: its eigenvalues are a semicircle of radius
      2 sqrt((p-1) n) around -H, positive if u < -2 sqrt((p-1)/p) = -E_inf.
    - The mean number of minima is the volume of the unit spheres, about (2 pi e/n)^(N/2), times the
      density of a zero gradient with entries of variance 1, (2 pi)^(-N/2), times exp(-N u^2/2), times the
      mean determinant. With the scale of the semicircle taken out of it, ((p-1) n)^(N/2), that is
      (e (p-1))^(N/2) exp(-N u^2/2) and the same integral over the semicircle.
    - For the spherical spin glass it is (2 pi e)^(N/2) (2 pi p)^(-N/2) exp(-N u^2/2) with a scale of
      (p (p-1))^(N/2): the same exponent for every u.

    Parts of different sizes have no levels here.
    """
    if isinstance(landscape, SpinGlass):
        return EnergyUnit(landscape.dimension, "H/N", _levels(landscape.order))
    if isinstance(landscape, PartiteSpinGlass):
        equal = len(set(landscape.sizes)) == 1
        levels = _levels(len(landscape.sizes)) if equal else {}
        return EnergyUnit(math.sqrt(landscape.dimension), "H/sqrt(N)", levels)
    return EnergyUnit(1.0, "loss", {})


def _levels(p: int) -> dict[str, float]:
    """Return -E_inf, where minima begin, and -E_0, the ground state."""
    if p < 2:
        return {}
    return {"-E_inf": -threshold_energy(p), "-E_0": -float(complexity_zeros(p, 0))}
