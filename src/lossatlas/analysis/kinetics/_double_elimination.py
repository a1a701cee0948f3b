"""Graph transformation in doubles: fast, and given up where underflow could make the result wrong.

Terms smaller than 1e-308 of the largest number are lost. Such an error in a conductance C_ij does not
grow later, since it is multiplied by no more than C_ki / p_k <= 1. So the sum of all errors is below a
bound, and the result is right if the bound is negligible in every sum that it enters: the p_i, the
conductances of the kept states, and the terms p_i x_i of the back substitution, where an error is
multiplied by the largest x. All three are checked.
"""

import dataclasses

import numpy as np
from scipy.linalg import solve_triangular
from scipy.sparse import csgraph, csr_array, diags_array

from ._abstract_elimination import AbstractElimination, check_memory, independent
from ._wide import Wide


_FEW = 400  # so many free states are left to a dense matrix
_FULL = 0.1  # fraction of non-zero entries from which a dense matrix is faster than a sparse one
_LEAF = 24  # rows of a dense matrix that are eliminated one by one
_LEAST = 1e-286  # smallest safe number: 1e-17 times it exceeds all losses, 5e-324 in each of 1e11 products


@dataclasses.dataclass(frozen=True, eq=False)
class _SparseStep:
    """States eliminated together, no two of them joined, and their conductances to the remaining states."""

    states: np.ndarray
    later: np.ndarray
    rows: csr_array
    sources: np.ndarray
    pivots: np.ndarray

    def solve(self, x: np.ndarray) -> None:
        """Write the solutions of these states into `x`, which holds those of the later ones."""
        x[self.states] = (self.sources + self.rows @ x[self.later]) / self.pivots[:, None]


@dataclasses.dataclass(frozen=True, eq=False)
class _DenseStep:
    """States eliminated in turn; right of its diagonal, `rows` holds their conductances at that time."""

    states: np.ndarray
    later: np.ndarray
    rows: np.ndarray
    sources: np.ndarray
    pivots: np.ndarray

    def solve(self, x: np.ndarray) -> None:
        """Write the solutions of these states into `x`, which holds those of the later ones."""
        n = len(self.states)
        own = -np.triu(self.rows[:, :n], 1)  # all entries are negative, so nothing cancels
        np.fill_diagonal(own, self.pivots)
        x[self.states] = solve_triangular(
            own, self.sources + self.rows[:, n:] @ x[self.later], check_finite=False
        )


@dataclasses.dataclass(frozen=True, eq=False)
class DoubleElimination(AbstractElimination):
    """An elimination in doubles; conductances and each right-hand side are scaled by a unit 2^unit."""

    steps: list[_SparseStep | _DenseStep]
    units: np.ndarray
    part: np.ndarray  # number of the part of each state, connected without passing through a kept state
    touching: np.ndarray  # joined pairs of an eliminated and a kept state
    sided: np.ndarray  # whether any state of a part has a right-hand side above 0, shape (parts, sides)

    def extend(self, x):
        units = self.units - self.units[0]
        units[0] = 0.0
        found = np.zeros((len(self.part), x.shape[1]))
        found[self.kept] = x.floats(units)
        with np.errstate(under="ignore", over="ignore", invalid="ignore"):
            for step in reversed(self.steps):
                step.solve(found)
        return Wide.from_floats(found).scaled(units) if self._is_right(found) else None

    def _is_right(self, x: np.ndarray) -> bool:
        """Return whether underflow has not made the solutions wrong."""
        positive = self.sided.copy()
        out, kept = self.touching.T
        np.logical_or.at(positive, self.part[out], x[kept] > 0)
        least = _LEAST * np.maximum(1.0, x.max(axis=0))
        if not np.all(np.isfinite(least)):
            return False
        return not any(
            np.any((step.pivots[:, None] * x[step.states] < least)[positive[self.part[step.states]]])
            for step in self.steps
        )


def eliminate_in_doubles(pairs, conductances: Wide, sources: Wide, kept) -> DoubleElimination | None:
    """Eliminate all states but those to be kept.

    Sets of states of low degree, no two of them joined, are eliminated at a time; the rest is eliminated in
    blocks of a dense matrix.

    **Arguments:** as of `eliminate`.

    **Returns:** the elimination; None if underflow could make it wrong. Underflow in the back substitution
    is checked by `extend`.

    **Raises:** `ValueError` if the remaining states need too large a dense matrix.
    """
    units = sources.exponents.max(axis=0)
    units[0] = max(units[0], conductances.exponents.max(initial=units[0]))
    units = np.maximum(units, -1e300)  # where all numbers are zero
    with np.errstate(under="ignore", over="ignore", divide="ignore", invalid="ignore"):
        values, right = conductances.floats(units[0]), sources.floats(units)
        steps, states, dense = _eliminate(pairs, values, right, kept)
    part, touching = _parts(pairs, kept)
    sided = np.zeros((part.max(initial=-1) + 1, sources.shape[1]), dtype=bool)
    np.logical_or.at(sided, part[~kept], sources.fractions[~kept] > 0)
    expected = _expected(pairs, sources, kept, part, touching, sided)
    lost = (dense < _LEAST) & expected
    if lost.any() or not all(np.all(step.pivots >= _LEAST) for step in steps):
        return None
    count = len(states)
    a, b = np.nonzero(expected[:, :count])
    return DoubleElimination(
        kept=states,
        pairs=np.stack([a, b], axis=1),
        conductances=Wide.from_floats(dense[a, b]).scaled(units[0]),
        sources=Wide.from_floats(dense[:, count:]).scaled(units),
        steps=steps,
        units=units,
        part=part,
        touching=touching,
        sided=sided,
    )


def _parts(pairs, kept) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts connected without passing a kept state, and joined pairs (eliminated, kept)."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    touching = both[~kept[both[:, 0]] & kept[both[:, 1]]]
    inside = pairs[~kept[pairs].any(axis=1)]
    links = csr_array((np.ones(len(inside)), tuple(inside.T)), shape=(len(kept),) * 2)
    return csgraph.connected_components(links, directed=False)[1], touching


def _expected(pairs, sources: Wide, kept, part, touching, sided) -> np.ndarray:
    """Return which results must be positive: conductances of kept states a < b, and right-hand sides."""
    number, count = np.cumsum(kept) - 1, int(np.count_nonzero(kept))
    places = number[touching[:, 1]], part[touching[:, 0]]
    touch = csr_array((np.ones(len(touching)), places), shape=(count, len(sided)))
    joined = (touch @ touch.T).toarray() > 0
    inside = number[pairs[kept[pairs].all(axis=1)]]
    joined[inside[:, 0], inside[:, 1]] = True
    right = (touch @ sided.astype(float) > 0) | (sources.fractions[kept] > 0)
    return np.concatenate([np.triu(joined, 1), right], axis=1)


def _eliminate(pairs, conductances, sources, kept):
    n = len(kept)
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    matrix = csr_array((np.tile(conductances, 2), (rows, columns)), shape=(n, n))
    steps, active = [], np.arange(n)
    rng = np.random.default_rng(0)  # breaks ties between states of equal degree
    while (size := len(active)) - kept.sum() > _FEW and matrix.nnz < _FULL * size**2:
        chosen = independent(matrix.indptr, matrix.indices, ~kept, rng)
        step, matrix, sources = _leave(matrix, sources, active, chosen)
        steps.append(step)
        active, kept = active[~chosen], kept[~chosen]
    check_memory(len(active))
    order = np.argsort(kept, kind="stable")
    free = int(np.count_nonzero(~kept))
    dense = np.concatenate([matrix.toarray()[np.ix_(order, order)], sources[order]], axis=1)
    pivots = np.empty(free)
    _leave_dense(dense, pivots, 0, free, len(order))
    active = active[order]
    if free:
        dense[free:, free:] += (dense[:free, free : len(order)] / pivots[:, None]).T @ dense[:free, free:]
        top, right = dense[:free, : len(order)], dense[:free, len(order) :]
        steps.append(_DenseStep(active[:free], active[free:], top, right, pivots))
    return steps, active[free:], dense[free:, free:]


def _leave(matrix, sources, active, chosen):
    """Eliminate states, no two of them joined, from a sparse matrix."""
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


def _leave_dense(matrix, pivots, low: int, high: int, states: int) -> None:
    """Eliminate rows `low` to `high` in place, by halves; only entries right of the diagonal are used.

    The first `states` columns are states, the next one is the target, the others are right-hand sides.
    """
    if high - low <= _LEAF:
        for i in range(low, high):
            pivots[i] = matrix[i, i + 1 : states + 1].sum()
            part = (matrix[i, i + 1 : high] / pivots[i])[:, None]
            matrix[i + 1 : high, i + 1 :] += part * matrix[i, i + 1 :]
        return
    middle = (low + high) // 2
    _leave_dense(matrix, pivots, low, middle, states)
    rows = matrix[low:middle, middle:]
    scaled = (rows[:, : high - middle] / pivots[low:middle, None]).T
    matrix[middle:high, middle:] += scaled @ rows
    _leave_dense(matrix, pivots, middle, high, states)
