"""Minima with barriers below kT, where the harmonic approximation does not hold."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractRows

from .._transition_network import TransitionNetwork, check_network
from ._thermodynamics import check_temperatures, occupation


_TRUSTED = 0.1  # occupation of minima with barriers below kT from which the approximation fails


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Shallow(AbstractRows):
    """Number and occupation of the minima whose lowest barrier is below kT; shape (temperatures,) each.

    - `kt`: the temperatures, loss units.
    - `minima`: number of these minima.
    - `occupation`: the sum of their equilibrium occupations, 0 to 1.
    """

    kt: np.ndarray
    minima: np.ndarray
    occupation: np.ndarray

    @property
    def trusted(self) -> np.ndarray:
        """Whether less than a tenth of the occupation is in such minima, shape (temperatures,)."""
        return self.occupation < _TRUSTED


def shallow(network: TransitionNetwork, kt: ArrayLike) -> Shallow:
    """Compute the occupation of the minima whose lowest barrier is below kT.

    The harmonic approximation continues the parabola at a minimum to infinity, and transition state theory
    assumes that crossings are rare. Neither holds where the lowest transition state of a minimum (also one
    that leads to an image of the same minimum) lies less than kT above it. Minima without a known
    transition state are not counted.

    **Arguments:**

    - `network`: the minima and transition states, with log-products and orbit sizes of the minima.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number.

    **Returns:** `Shallow`.

    **Raises:** `ValueError` as `thermodynamics`.
    """
    check_network(network)
    kt = check_temperatures(kt)
    barriers = np.full(len(network), np.inf)
    for side in network.ts_minima.T:
        np.minimum.at(barriers, side, network.ts_energies - network.energies[side])
    p = np.array([occupation(network, t)[0] @ (barriers < t) for t in kt])
    return Shallow(kt, np.searchsorted(np.sort(barriers), kt), p)
