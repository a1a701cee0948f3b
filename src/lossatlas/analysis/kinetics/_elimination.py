"""Graph transformation: states leave a network one after another, and the rest does not notice.

A reversible chain is a network of conductances C_ij = C_ji >= 0. When state i leaves, every pair of its
neighbours gains C_ji C_ik / p_i with p_i the sum of its conductances; first-passage times and committors
of the others stay what they were. The p_i are added up, never found as a difference, so every number
stays good to rounding however small it is (W. K. Grassmann, M. I. Taksar & D. P. Heyman, Oper. Res. 33,
1107 (1985), doi:10.1287/opre.33.5.1107). A linear solver in doubles subtracts, and finds nothing right
where time scales lie 1e16 apart. Graph transformation: S. A. Trygubenko & D. J. Wales, J. Chem. Phys. 124,
234110 (2006), doi:10.1063/1.2198806.
"""

from collections.abc import Callable

import numpy as np

from ._abstract_elimination import AbstractElimination
from ._double_elimination import eliminate_in_doubles
from ._wide import Wide
from ._wide_elimination import eliminate_in_wide_numbers


def eliminate(
    pairs: np.ndarray, conductances: Wide, sources: Wide, kept: np.ndarray, solve: Callable
) -> tuple[AbstractElimination, Wide]:
    """Eliminate all states but those to be kept, and return the elimination and the solutions everywhere.

    This is done in doubles; where that could miss what underflows, it is done again in numbers that have an
    exponent of their own.

    **Arguments:**

    - `pairs`: pairs (i, j) of joined states, i < j, each once, shape (edges, 2).
    - `conductances`: C_ij, shape (edges,).
    - `sources`: right-hand sides s >= 0, shape (n, sides). The first one is the conductance of every
        state to the target.
    - `kept`: whether a state is kept, boolean of shape (n,). Every part of the network needs one, or a
        conductance to the target.
    - `solve`: from an elimination to the solutions at the states that were kept, shape (kept, sides).

    **Raises:** `ValueError` when what is left is too large for a dense matrix.
    """
    left = eliminate_in_doubles(pairs, conductances, sources, kept)
    x = None if left is None else left.extend(solve(left))
    if left is None or x is None:
        left = eliminate_in_wide_numbers(pairs, conductances, sources, kept)
        x = left.extend(solve(left))
    return left, x
