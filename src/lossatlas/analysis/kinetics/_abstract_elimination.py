"""What eliminations in any kind of numbers have in common."""

import abc
import dataclasses

import numpy as np

from ._wide import Wide


_MOST_BYTES = 8 * 2**30  # of a dense matrix


@dataclasses.dataclass(frozen=True, eq=False)
class AbstractElimination(abc.ABC):
    """The network of conductances among the states that were kept, and the way back to the others.

    It stands for the equations sum_j C_ij (x_i - x_j) + g_i x_i = s_i, one for every state i, where g_i
    is the conductance to a target, which is one more state with x = 0.

    - `kept`: numbers of the states that were kept, in any order, shape (kept,).
    - `pairs`: pairs of positions in `kept` that are joined now, shape (edges, 2).
    - `conductances`: of these pairs now, shape (edges,).
    - `sources`: the right-hand sides s of the kept states now, shape (kept, sides); the first one is g.
    """

    kept: np.ndarray
    pairs: np.ndarray
    conductances: Wide
    sources: Wide

    @abc.abstractmethod
    def extend(self, x: Wide) -> Wide | None:
        """Return the solutions everywhere from those at the kept states; None where these numbers fail.

        **Arguments:**

        - `x`: the solutions at the kept states, shape (kept, sides).

        **Returns:** the solutions, shape (n, sides).
        """


def check_memory(n: int) -> None:
    """Refuse a dense matrix that memory has no room for.

    **Raises:** `ValueError` that says what to do.
    """
    if 8 * n**2 > _MOST_BYTES:
        raise ValueError(
            f"{n} states are joined too densely for graph transformation: a matrix of them needs "
            f"{8 * n**2 / 2**30:.0f} GiB. Lump states that interconvert quickly first (`regroup`)."
        )


def independent(first: np.ndarray, neighbours: np.ndarray, free: np.ndarray, rng) -> np.ndarray:
    """Choose free states of low degree to leave together, no two of them joined.

    **Arguments:**

    - `first`, `neighbours`: the neighbours of state i are `neighbours[first[i] : first[i + 1]]`.
    - `free`: which states may leave; at least one.
    - `rng`: breaks ties between states of one degree.

    **Returns:** booleans, at least one of them true.
    """
    degree = np.diff(first)
    key = degree + rng.random(len(degree))
    key[~free | (degree > np.median(degree[free]))] = np.inf
    lowest = np.full(len(key), np.inf)
    joined = degree > 0
    lowest[joined] = np.minimum.reduceat(key[neighbours], first[:-1][joined])
    return key < lowest
