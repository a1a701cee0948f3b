"""Flags of points, and the test for transition states that lie below a minimum."""

import numpy as np
from jaxtyping import Bool, Float


BELOW_MINIMUM = "below_minimum"  # a transition state below one of the minima that it joins
NO_ENERGY = "no_energy"  # a transition state whose energy is not known
ON_KINK = "kink"  # a minimum where the energy has no derivative
ON_BOUND = "bound"  # a point with a variable at its bound, stationary within the face
LEFT_OUT = (BELOW_MINIMUM, NO_ENERGY)  # transition states that analyses leave out

_TOLERANCE = 1e-6  # error of energies in databases of other programs, which converge less tightly


def lies_below(
    ts_energies: Float[np.ndarray, " states"], ends: Float[np.ndarray, "states 2"]
) -> Bool[np.ndarray, "states 2"]:
    """Return whether a transition state lies below its minima of energy E, by more than 1e-6 max(1, |E|).

    **Arguments:**

    - `ts_energies`: energies of the transition states, shape (states,), loss units; NaN lies below nothing.
    - `ends`: energies of the two minima that each one joins, shape (states, 2), loss units.

    **Returns:** one boolean for each of the two minima, shape (states, 2).
    """
    with np.errstate(over="ignore"):  # energies near the largest float may give minus infinity
        return ts_energies[:, None] < ends - _TOLERANCE * np.maximum(1.0, np.abs(ends))
