"""Graph transformation: states are eliminated one after another; the properties of the others are kept.

A reversible Markov chain is a network of conductances C_ij = C_ji >= 0. When state i is eliminated, the
conductance of every pair (j, k) of its neighbours grows by C_ji C_ik / p_i, where p_i is the sum of the
conductances of i; first-passage times and committors of the other states do not change. The p_i are sums,
never differences, so every number is accurate to rounding however small it is (W. K. Grassmann, M. I.
Taksar & D. P. Heyman, Oper. Res. 33, 1107 (1985), doi:10.1287/opre.33.5.1107). A linear solver in doubles
subtracts, and loses all digits where time scales differ by 1e16. Graph transformation: S. A. Trygubenko &
D. J. Wales, J. Chem. Phys. 124, 234110 (2006), doi:10.1063/1.2198806.
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
    """Eliminate all states but those to be kept, and solve for the values at all states.

    This is done in doubles first. Where underflow could make the result wrong, it is done again in numbers
    with a wider exponent (`Wide`).

    **Arguments:**

    - `pairs`: pairs (i, j) of joined states, i < j, each once, shape (edges, 2).
    - `conductances`: C_ij, shape (edges,).
    - `sources`: right-hand sides s >= 0, shape (n, sides). The first one is the conductance of every
        state to the target.
    - `kept`: whether a state is kept, boolean of shape (n,). Every connected component of the network needs
        a kept state or a conductance to the target.
    - `solve`: function from an elimination to the solutions at the kept states, shape (kept, sides).

    **Returns:** the elimination, and the solutions, shape (n, sides).

    **Raises:** `ValueError` if the remaining states need too large a dense matrix.
    """
    left = eliminate_in_doubles(pairs, conductances, sources, kept)
    x = None if left is None else left.extend(solve(left))
    if left is None or x is None:
        left = eliminate_in_wide_numbers(pairs, conductances, sources, kept)
        x = left.extend(solve(left))
    return left, x
