"""Words for points that are special, and when a transition state lies too low."""

import numpy as np
from jaxtyping import Bool, Float


BELOW_MINIMUM = "below_minimum"  # a transition state that lies below a minimum that it joins
NO_ENERGY = "no_energy"  # a transition state whose energy is not known
ON_KINK = "kink"  # a minimum where the energy has no derivative
ON_BOUND = "bound"  # a point at a bound of a variable, stationary within the face
LEFT_OUT = (BELOW_MINIMUM, NO_ENERGY)  # of analyses

_TOLERANCE = 1e-6  # what databases of other programs, less tightly converged, are off by


def lies_below(
    ts_energies: Float[np.ndarray, " states"], ends: Float[np.ndarray, "states 2"]
) -> Bool[np.ndarray, "states 2"]:
    """Return which minima E a transition state lies below by more than 1e-6 max(1, |E|).

    **Arguments:**

    - `ts_energies`: of the transition states, shape (states,), loss units; NaN lies below nothing.
    - `ends`: energies of the two minima that each one joins, shape (states, 2), loss units.
    """
    with np.errstate(over="ignore"):  # energies near the largest float: nothing lies below minus infinity
        return ts_energies[:, None] < ends - _TOLERANCE * np.maximum(1.0, np.abs(ends))
