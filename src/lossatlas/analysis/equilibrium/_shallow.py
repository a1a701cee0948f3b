"""Where harmonic numbers are not to be trusted: minima with barriers below kT."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractRows

from .._transition_network import TransitionNetwork, check_network
from ._thermodynamics import check_temperatures, occupation


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Shallow(AbstractRows):
    """Minima whose lowest barrier is below kT; shape (temperatures,) each.

    - `kt`: the temperatures, loss units.
    - `minima`: how many there are.
    - `occupation`: what they hold of the occupation, 0 to 1.
    """

    kt: np.ndarray
    minima: np.ndarray
    occupation: np.ndarray


def shallow(network: TransitionNetwork, kt: ArrayLike) -> Shallow:
    """Say how much of the occupation sits in minima that kT reaches out of.

    The harmonic approximation takes a minimum for a parabola without end, and transition state theory
    takes crossings for rare. Neither holds where the lowest transition state of a minimum, also one to an
    image of itself, lies less than kT above it. Minima without a known transition state do not count.

    **Arguments:**

    - `network`: minima and transition states, log-products and orbit sizes of the minima.
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
