"""Graph transformation in numbers of any size (`Wide`): slower than in doubles, but never underflows."""

import dataclasses

import numpy as np

from ._abstract_elimination import AbstractElimination, check_memory, independent
from ._wide import Wide, concatenate, power_of_two


_FULL = 0.1  # fraction of non-zero entries from which a dense matrix is faster than a list of edges
_BLOCK = 24  # rows of a dense matrix that are eliminated before the rows below them are updated
_LEAF = 24  # rows of a dense matrix that are solved one by one
_CACHED = 2**13  # numbers that are updated at once, so that they stay in the cache


@dataclasses.dataclass(frozen=True, eq=False)
class _SparseStep:
    """States eliminated together, no two of them joined, and their conductances to the remaining states.

    - `states`: positions of these states, shape (states,).
    - `rows`, `later`: for every conductance, the position in `states` and the position of the remaining
        state, shape (entries,).
    - `conductances`: shape (entries,).
    - `sources`: right-hand sides, shape (states, sides).
    - `pivots`: sum of the conductances of each state, shape (states,).
    """

    states: np.ndarray
    rows: np.ndarray
    later: np.ndarray
    conductances: Wide
    sources: Wide
    pivots: Wide

    def solve(self, x: Wide, sources: bool) -> None:
        """Write the solutions of these states into `x`, which holds those of the later ones."""
        terms = self.conductances[:, None] * x[self.later]
        total = terms.sum_groups(self.rows, len(self.states))
        x[self.states] = (total + self.sources if sources else total) / self.pivots[:, None]


@dataclasses.dataclass(frozen=True, eq=False)
class _DenseStep:
    """States eliminated one after another.

    - `states`: positions of these states in the order of their elimination, shape (states,).
    - `later`: positions of the remaining states, shape (later,).
    - `rows`: conductances of each state, at the time of its elimination, to the `states` and to the `later`
        ones; only entries right of the diagonal are used. Shape (states, states + later).
    - `sources`, `pivots`: as in `_SparseStep`.
    """

    states: np.ndarray
    later: np.ndarray
    rows: Wide
    sources: Wide
    pivots: Wide

    def solve(self, x: Wide, sources: bool) -> None:
        """Write the solutions of these states into `x`, which holds those of the later ones."""
        n = len(self.states)
        found = x[np.concatenate([self.states, self.later])]
        for low in range((n - 1) // _LEAF * _LEAF, -1, -_LEAF):
            high = min(low + _LEAF, n)
            rest = self.rows[low:high, high:, None] * found[None, high:]
            total = rest.sum(axis=1) if high < len(found) else Wide.zeros((high - low, found.shape[1]))
            total = total + self.sources[low:high] if sources else total
            for i in range(high - 1, low - 1, -1):
                found[i] = total[i - low] / self.pivots[i, None]
                if i > low:
                    total = total[: i - low] + self.rows[low:i, i, None] * found[None, i]
        x[self.states] = found[:n]


@dataclasses.dataclass(frozen=True, eq=False)
class WideElimination(AbstractElimination):
    """An elimination in numbers of any size (`Wide`)."""

    steps: list[_SparseStep | _DenseStep]

    def extend(self, x, *, sources: bool = True):
        """Return the solutions at all states; without `sources`, all right-hand sides are 0."""
        n = len(self.kept) + sum(len(step.states) for step in self.steps)
        found = Wide.zeros((n, x.shape[1]))
        found[self.kept] = x
        for step in reversed(self.steps):
            step.solve(found, sources)
        return found


def eliminate_in_wide_numbers(
    pairs, conductances: Wide, sources: Wide, kept, log_slowest: float | None = None
) -> WideElimination:
    """Eliminate all states but those to be kept.

    Sets of states of low degree, no two of them joined, are eliminated at a time; the rest is eliminated
    one by one in a dense matrix.

    **Arguments:** as of `eliminate`, and

    - `log_slowest`: if given, a state is eliminated only while ln of its rate p_i / s_i, where s is the
        second right-hand side, is above this number. Rates fall as other states are eliminated, so a state
        that is too slow once is kept.

    **Returns:** the elimination.

    **Raises:** `ValueError` if the remaining states need too large a dense matrix.
    """
    steps, active = [], np.arange(len(kept))
    rng = np.random.default_rng(0)  # breaks ties between states of equal degree
    kept = kept.copy()
    while 2 * len(pairs) < _FULL * len(active) ** 2:
        start, end, both, pivots = _directed(pairs, conductances, sources)
        kept |= ~_fast(pivots, sources, log_slowest)
        if kept.all():
            return WideElimination(active, pairs, conductances, sources, steps)
        first = np.searchsorted(start, np.arange(len(active) + 1))
        chosen = independent(first, end, ~kept, rng)
        out = chosen[start]
        row = (np.cumsum(chosen) - 1)[start[out]]
        parts = both[out], sources[chosen], pivots[chosen]
        step = _SparseStep(active[chosen], row, active[end[out]], *parts)
        steps.append(step)
        pairs, conductances, sources = _leave(pairs, conductances, sources, chosen, end[out], step)
        active, kept = active[~chosen], kept[~chosen]
    return _finish_dense(steps, active, pairs, conductances, sources, kept, log_slowest)


def _directed(pairs, conductances, sources):
    """Return start, end and conductance of every edge in both directions, sorted; and sums per start."""
    start, end = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((end, start))
    start, end, both = start[order], end[order], concatenate([conductances, conductances])[order]
    return start, end, both, both.sum_groups(start, len(sources)) + sources[:, 0]


def _fast(pivots: Wide, sources: Wide, log_slowest) -> np.ndarray:
    """Return which states have a rate above the threshold, so that they may be eliminated."""
    if log_slowest is None:
        return np.ones(pivots.shape, dtype=bool)
    return pivots.log() - sources[..., 1].log() > log_slowest


def _leave(pairs, conductances, sources, chosen, end, step):
    """Eliminate states, no two of them joined; return pairs, conductances and sources of the others."""
    scaled = step.conductances / step.pivots[step.rows]
    sources = concatenate([sources, scaled[:, None] * step.sources[step.rows]])
    sources = sources.sum_groups(np.concatenate([np.arange(len(chosen)), end]), len(chosen))[~chosen]
    # All pairs of neighbours of one state: each entry of a row with all later entries of the same row.
    after = np.searchsorted(step.rows, step.rows, side="right") - np.arange(len(end)) - 1
    a = np.repeat(np.arange(len(end)), after)
    b = a + 1 + np.arange(len(a)) - np.repeat(np.cumsum(after) - after, after)
    between = np.sort(np.stack([end[a], end[b]], axis=1), axis=1)
    old = ~chosen[pairs].any(axis=1)
    pairs = np.concatenate([pairs[old], between])
    values = concatenate([conductances[old], scaled[a] * step.conductances[b]])
    number = np.cumsum(~chosen) - 1
    n = int(number[-1]) + 1
    low, high = number[pairs].T
    keys, group = np.unique(low * n + high, return_inverse=True)
    return np.stack(np.divmod(keys, n), axis=1), values.sum_groups(group, len(keys)), sources


def _finish_dense(steps, active, pairs, conductances, sources, kept, log_slowest):
    """Eliminate the remaining states in a dense matrix, whose last columns are the right-hand sides."""
    n = len(active)
    check_memory(n)
    order = np.lexsort((np.bincount(pairs.ravel(), minlength=n), kept))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    matrix = Wide.zeros((n, n + sources.shape[1]))
    for low, high in (place[pairs].T, place[pairs].T[::-1]):
        matrix[low, high] = conductances
    matrix[:, n:] = sources[order]
    free, pivots = _eliminate_dense(matrix, order, int(np.count_nonzero(~kept)), log_slowest)
    active = active[order]
    if free:
        top, right = matrix[:free, :n], matrix[:free, n:]
        steps.append(_DenseStep(active[:free], active[free:], top, right, pivots[:free]))
    pairs = np.argwhere(np.triu(matrix.fractions[free:, free:n] > 0, 1))
    values = matrix[free + pairs[:, 0], free + pairs[:, 1]]
    return WideElimination(active[free:], pairs, values, matrix[free:, n:], steps)


def _eliminate_dense(matrix: Wide, order: np.ndarray, free: int, log_slowest) -> tuple[int, Wide]:
    """Eliminate the first `free` rows in place, except for slow states, which are moved behind the others.

    Only entries right of the diagonal are used. Rows are eliminated in blocks; the rows below are updated
    after each block.

    **Returns:** the number of rows eliminated, and their sums of conductances.
    """
    n, pivots = len(matrix), Wide.zeros(len(matrix))
    first = i = 0
    end = min(_BLOCK, free)
    while i < free:
        row = matrix[i, i + 1 :]
        pivot = row[: n - i].sum(axis=0)  # to the later states and to the target
        fast = bool(_fast(pivot, matrix[i, n:], log_slowest))
        if fast:
            pivots[i] = pivot
            _add_products(matrix[i + 1 : end, i + 1 :], (row / pivot)[None], row[None])
            i += 1
        if i == end or not fast:
            rows = matrix[first:i, end:]
            _add_products(matrix[end:, end:], rows / pivots[first:i, None], rows)
            if not fast:
                free -= 1
                _exchange(matrix, order, i, free)
            first, end = i, min(i + _BLOCK, free)
    return free, pivots


def _exchange(matrix: Wide, order: np.ndarray, i: int, j: int) -> None:
    """Exchange the positions i <= j of two states; only entries right of the diagonal are used."""
    order[[i, j]] = order[[j, i]]
    for values in (matrix.fractions, matrix.exponents):
        for one, other in (
            (values[:i, i], values[:i, j]),
            (values[i, i + 1 : j], values[i + 1 : j, j]),
            (values[i, j + 1 :], values[j, j + 1 :]),
        ):
            one[:], other[:] = other.copy(), one.copy()


def _add_products(matrix: Wide, part: Wide, rows: Wide) -> None:
    """Add sum_k part_kj rows_kl to every entry jl right of the diagonal of a matrix, in place."""
    count, width = matrix.shape
    low = 0
    while low < count and len(rows):
        high = min(count, low + max(1, _CACHED // (width - low)))
        lines, columns = slice(low, high), slice(low, None)
        old = matrix[lines, columns]
        top, term = old.exponents.copy(), np.empty(old.shape)
        for k in range(len(rows)):
            np.add(part.exponents[k, lines, None], rows.exponents[k, columns], out=term)
            np.maximum(top, term, out=top)
        total = old.fractions * power_of_two(old.exponents - top)
        for k in range(len(rows)):
            np.add(part.exponents[k, lines, None], rows.exponents[k, columns], out=term)
            term -= top
            product = power_of_two(term)
            product *= rows.fractions[k, columns]
            product *= part.fractions[k, lines, None]
            total += product
        matrix[lines, columns] = Wide(total, top).normal()
        low = high
