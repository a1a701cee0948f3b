"""Base class and helpers of the eliminations, in doubles or in numbers with a wider exponent."""

import abc
import dataclasses

import numpy as np

from ._wide import Wide


_MOST_BYTES = 8 * 2**30  # largest size of a dense matrix


@dataclasses.dataclass(frozen=True, eq=False)
class AbstractElimination(abc.ABC):
    """A network reduced to the states that were kept, and the back substitution for the eliminated ones.

    It solves the equations sum_j C_ij (x_i - x_j) + g_i x_i = s_i, one for every state i, where g_i is the
    conductance to a target, which is one more state with x = 0.

    - `kept`: positions of the states that were kept, in any order, shape (kept,).
    - `pairs`: pairs of positions in `kept` that are joined after the elimination, shape (edges, 2).
    - `conductances`: conductances of these pairs after the elimination, shape (edges,).
    - `sources`: right-hand sides s of the kept states after the elimination, shape (kept, sides); the first
        one is g.
    """

    kept: np.ndarray
    pairs: np.ndarray
    conductances: Wide
    sources: Wide

    @abc.abstractmethod
    def extend(self, x: Wide) -> Wide | None:
        """Return the solutions at all states, given those at the kept states.

        **Arguments:**

        - `x`: the solutions at the kept states, shape (kept, sides).

        **Returns:** the solutions, shape (n, sides); None where underflow could have made them wrong.
        """


def check_memory(n: int) -> None:
    """Check the size of a dense matrix of n states.

    **Raises:** `ValueError` if it needs more than 8 GiB; the message says what to do.
    """
    if 8 * n**2 > _MOST_BYTES:
        raise ValueError(
            f"{n} states are joined too densely for graph transformation: a matrix of them needs "
            f"{8 * n**2 / 2**30:.0f} GiB. Lump states that interconvert quickly first (`regroup`)."
        )


def independent(first: np.ndarray, neighbours: np.ndarray, free: np.ndarray, rng) -> np.ndarray:
    """Choose states of low degree to eliminate together, no two of them joined.

    **Arguments:**

    - `first`, `neighbours`: the neighbours of state i are `neighbours[first[i] : first[i + 1]]`.
    - `free`: whether a state may be eliminated, at least one.
    - `rng`: breaks ties between states of equal degree.

    **Returns:** whether a state is chosen, at least one.
    """
    degree = np.diff(first)
    key = degree + rng.random(len(degree))
    key[~free | (degree > np.median(degree[free]))] = np.inf
    lowest = np.full(len(key), np.inf)
    joined = degree > 0
    lowest[joined] = np.minimum.reduceat(key[neighbours], first[:-1][joined])
    return key < lowest
