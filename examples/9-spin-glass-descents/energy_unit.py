"""The unit that energies of spin glasses are shown in, so that glasses of different size compare."""

import math
from typing import NamedTuple

from lossatlas.analysis import complexity_zeros, threshold_energy


class EnergyUnit(NamedTuple):
    """What energies are divided by.

    - `size`: of the unit.
    - `label`: what the quotient is called.
    - `levels`: energies that theory gives for many spins, in this unit, by name: -E_inf, where minima
        begin, and -E_0, the ground state.
    """

    size: float
    label: str
    levels: dict[str, float]


def energy_unit(p: int, size: int, is_partite: bool) -> EnergyUnit:
    """Return N for a spherical spin glass, sqrt(N) for one of p parts with N variables together.

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

    **Arguments:**

    - `p`: order of the glass, or the number of its parts, at least 2.
    - `size`: spins, or variables of each part.
    - `is_partite`: whether it has parts.
    """
    levels = {"-E_inf": -threshold_energy(p), "-E_0": -float(complexity_zeros(p, 0))}
    if is_partite:
        return EnergyUnit(math.sqrt(p * size), "H/sqrt(N)", levels)
    return EnergyUnit(size, "H/N", levels)
