"""Graph transformation: states leave a network one after another, and the rest does not notice.

A reversible chain is a network of conductances C_ij = C_ji >= 0. When state i leaves, every pair of its
neighbours gains C_ji C_ik / p_i with p_i the sum of its conductances; first-passage times and committors
of the others stay what they were. The p_i are added up, never found as a difference, so every number
stays good to rounding however small it is (W. K. Grassmann, M. I. Taksar & D. P. Heyman, Oper. Res. 33,
1107 (1985), doi:10.1287/opre.33.5.1107). A linear solver in doubles subtracts, and finds nothing right
where time scales lie 1e16 apart. Graph transformation: S. A. Trygubenko & D. J. Wales, J. Chem. Phys. 124,
234110 (2006), doi:10.1063/1.2198806.
"""

import abc
import dataclasses

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array, diags_array


_FEW = 400  # states that are left to a dense matrix
_FULL = 0.1  # filled part from which a dense matrix is faster than a sparse one
_LEAF = 24  # rows of a dense matrix that leave one by one
_TINY = 1e-290  # doubles below have lost digits, or are about to
_MOST_BYTES = 8 * 2**30  # of a dense matrix


@dataclasses.dataclass(frozen=True, eq=False)
class Elimination:
    """The network of conductances among the states that were kept, and the way back to the others.

    It stands for the equations sum_j C_ij (x_i - x_j) + g_i x_i = s_i, one for every state i, where g_i
    is the conductance to a target, which is one more state with x = 0.

    - `kept`: numbers of the states that were kept, shape (kept,).
    - `log_conductances`: ln of their conductances now, -inf on the diagonal, shape (kept, kept).
    - `log_sources`: ln of their right-hand sides s now, shape (kept, sides); the first one is g.
    """

    kept: np.ndarray
    log_conductances: np.ndarray
    log_sources: np.ndarray
    _steps: list["_AbstractStep"]
    _log_units: np.ndarray  # of the solutions

    def extend(self, log_x: np.ndarray) -> np.ndarray:
        """Return the solutions everywhere from those at the kept states.

        **Arguments:**

        - `log_x`: ln of the solutions at the kept states, shape (kept, sides).

        **Returns:** ln of the solutions, shape (n, sides).
        """
        n = len(self.kept) + sum(len(step.states) for step in self._steps)
        x = np.empty((n, log_x.shape[1]))
        x[self.kept] = log_x - self._log_units
        logarithms = bool(self._steps) and isinstance(self._steps[0], _LogarithmStep)
        if not logarithms:
            x[self.kept] = np.exp(x[self.kept])
        for step in reversed(self._steps):
            step.solve(x)
        if not logarithms:
            x = _log(x)
        return x + self._log_units


def eliminate(
    pairs: np.ndarray, log_conductances: np.ndarray, log_sources: np.ndarray, kept: np.ndarray
) -> Elimination:
    """Eliminate all states but those to be kept; every state must be connected to the target.

    Sparse networks lose sets of states of low degree at a time, no two of them joined, then a dense
    matrix takes over, in blocks. Where numbers leave the range of doubles, logarithms do the same with one
    state at a time, the one with fewest neighbours first.

    **Arguments:**

    - `pairs`: pairs (i, j) of joined states, i < j, each once, shape (edges, 2).
    - `log_conductances`: ln C_ij, shape (edges,).
    - `log_sources`: ln of right-hand sides s >= 0, shape (n, sides), -inf for 0. The first one is the
        conductance of every state to the target.
    - `kept`: whether a state is kept, boolean of shape (n,).

    **Raises:** `ValueError` when what is left is too large for a dense matrix.
    """
    log_unit = max(log_conductances.max(initial=-np.inf), log_sources[:, 0].max())
    units = np.concatenate([[log_unit], log_sources[:, 1:].max(axis=0)])
    units = np.where(np.isfinite(units), units, 0.0)
    values, sources = log_conductances - log_unit, log_sources - units
    found = None
    if np.min(sources[np.isfinite(sources)], initial=0.0) >= np.log(_TINY):
        with np.errstate(all="ignore"):  # what leaves the range of doubles is done again in logarithms
            found = _in_doubles(pairs, np.exp(values), np.exp(sources), kept)
    if found is None:
        found = _in_logarithms(pairs, values, sources, kept)
    steps, states, left, sources = found
    return Elimination(states, left + log_unit, sources + units, steps, units - log_unit)


class _AbstractStep(abc.ABC):
    """States that left together, and what joined them to those that left later, or not at all."""

    states: np.ndarray

    @abc.abstractmethod
    def solve(self, x: np.ndarray) -> None:
        """Write the solutions of these states into `x`, which holds those of the later ones."""


@dataclasses.dataclass(frozen=True, eq=False)
class _SparseStep(_AbstractStep):
    """States none of which were joined."""

    states: np.ndarray
    later: np.ndarray
    rows: csr_array  # conductances to the later states
    sources: np.ndarray
    pivots: np.ndarray

    def solve(self, x):
        x[self.states] = (self.sources + self.rows @ x[self.later]) / self.pivots[:, None]


@dataclasses.dataclass(frozen=True, eq=False)
class _DenseStep(_AbstractStep):
    """States that left one after another; the upper triangle of `rows` is what joined them then."""

    states: np.ndarray
    later: np.ndarray
    rows: np.ndarray
    sources: np.ndarray
    pivots: np.ndarray

    def solve(self, x):
        n = len(self.states)
        own = -np.triu(self.rows[:, :n], 1)  # all that is subtracted is negative: nothing cancels
        np.fill_diagonal(own, self.pivots)
        x[self.states] = solve_triangular(own, self.sources + self.rows[:, n:] @ x[self.later])


@dataclasses.dataclass(frozen=True, eq=False)
class _LogarithmStep(_AbstractStep):
    """One state; all numbers are logarithms."""

    states: np.ndarray
    later: np.ndarray
    rows: np.ndarray
    sources: np.ndarray
    pivots: np.ndarray

    def solve(self, x):
        terms = np.concatenate([self.sources, self.rows[:, None] + x[self.later]])
        x[self.states] = np.logaddexp.reduce(terms, axis=0) - self.pivots


def _in_doubles(pairs, conductances, sources, kept):
    """Return steps, kept states, their conductances and sources (as logarithms); None if doubles fail."""
    n = len(kept)
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    matrix = csr_array((np.tile(conductances, 2), (rows, columns)), shape=(n, n))
    steps, active = [], np.arange(n)
    rng = np.random.default_rng(0)  # breaks ties between states of one degree
    while (size := len(active)) - kept.sum() > _FEW and matrix.nnz < _FULL * size**2:
        chosen = _independent(matrix, kept, rng)
        step, matrix, sources = _leave(matrix, sources, active, chosen)
        steps.append(step)
        active, kept = active[~chosen], kept[~chosen]
    _check_memory(len(active))
    order = np.argsort(kept, kind="stable")
    free = int(np.count_nonzero(~kept))
    dense, sources = matrix.toarray()[np.ix_(order, order)], sources[order]
    pivots = np.empty(free)
    _leave_dense(dense, sources, pivots, 0, free)
    active = active[order]
    if free:
        top = dense[:free]
        scaled = top[:, free:] / pivots[:, None]
        dense[free:, free:] += scaled.T @ top[:, free:]
        sources[free:] += scaled.T @ sources[:free]
        steps.append(_DenseStep(active[:free], active[free:], top, sources[:free], pivots))
    if any(not np.all(step.pivots > _TINY) for step in steps):
        return None
    left = np.triu(dense[free:, free:], 1)
    return steps, active[free:], _log(left + left.T), _log(sources[free:])


def _independent(matrix, kept, rng) -> np.ndarray:
    """Choose states of low degree to leave together, no two of them joined; boolean."""
    degree = np.diff(matrix.indptr)
    key = degree + rng.random(len(degree))
    key[kept | (degree > np.median(degree[~kept]))] = np.inf
    lowest = np.full(len(key), np.inf)
    joined = degree > 0
    lowest[joined] = np.minimum.reduceat(key[matrix.indices], matrix.indptr[:-1][joined])
    return key < lowest


def _leave(matrix, sources, active, chosen):
    """Eliminate states of a sparse matrix no two of which are joined."""
    rest = np.flatnonzero(~chosen)
    rows = matrix[np.flatnonzero(chosen)][:, rest]
    own = sources[chosen]
    pivots = rows.sum(axis=1) + own[:, 0]
    scaled = (diags_array(1.0 / pivots) @ rows).T.tocsr()
    matrix = (matrix[rest][:, rest] + scaled @ rows).tocoo()
    apart = matrix.row != matrix.col
    entries = matrix.data[apart], (matrix.row[apart], matrix.col[apart])
    step = _SparseStep(active[chosen], active[rest], rows, own, pivots)
    return step, csr_array(entries, shape=matrix.shape), sources[rest] + scaled @ own


def _leave_dense(matrix, sources, pivots, low: int, high: int) -> None:
    """Eliminate rows `low` to `high` in place, by halves; only what is right of the diagonal counts."""
    if high - low <= _LEAF:
        for i in range(low, high):
            row = matrix[i, i + 1 :]
            pivots[i] = sources[i, 0] + row.sum()
            part = (row[: high - i - 1] / pivots[i])[:, None]
            matrix[i + 1 : high, i + 1 :] += part * row
            sources[i + 1 : high] += part * sources[i]
        return
    middle = (low + high) // 2
    _leave_dense(matrix, sources, pivots, low, middle)
    rows = matrix[low:middle, middle:]
    scaled = (rows[:, : high - middle] / pivots[low:middle, None]).T
    matrix[middle:high, middle:] += scaled @ rows
    sources[middle:high] += scaled @ sources[low:middle]
    _leave_dense(matrix, sources, pivots, middle, high)


def _in_logarithms(pairs, log_conductances, log_sources, kept):
    """Do as `_in_doubles`, with logarithms throughout."""
    n = len(kept)
    _check_memory(n)
    matrix, sources = np.full((n, n), -np.inf), log_sources.copy()
    matrix[tuple(pairs.T)] = matrix[tuple(pairs[:, ::-1].T)] = log_conductances
    degree = np.where(kept, n + 1, np.count_nonzero(matrix > -np.inf, axis=1))
    steps = []
    for _ in range(n - np.count_nonzero(kept)):
        i = int(np.argmin(degree))
        later = np.flatnonzero(matrix[i] > -np.inf)
        row = matrix[i, later]
        pivot = np.logaddexp.reduce(row, initial=sources[i, 0])
        steps.append(_LogarithmStep(np.array([i]), later, row, sources[[i]], pivot))
        block = np.ix_(later, later)
        matrix[block] = np.logaddexp(matrix[block], row[:, None] + (row - pivot))
        sources[later] = np.logaddexp(sources[later], (row - pivot)[:, None] + sources[i])
        matrix[later, later] = matrix[later, i] = -np.inf
        degree[i] = n + 2
        free = later[degree[later] < n + 1]
        degree[free] = np.count_nonzero(matrix[free] > -np.inf, axis=1)
    states = np.flatnonzero(kept)
    return steps, states, matrix[np.ix_(states, states)], sources[states]


def _check_memory(n: int) -> None:
    if 8 * n**2 > _MOST_BYTES:
        raise ValueError(
            f"{n} states are joined too densely for graph transformation: a matrix of them needs "
            f"{8 * n**2 / 2**30:.0f} GiB. Lump states that interconvert quickly first (`regroup`)."
        )


def _log(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(values)
