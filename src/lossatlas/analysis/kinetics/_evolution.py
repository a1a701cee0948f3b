"""How occupation probabilities change with time."""

import dataclasses
import math

import numpy as np
from scipy.sparse import csr_array, diags_array

from lossatlas._abstract_result import AbstractResult

from .._ids import positions_of_set
from ._rate_network import RateNetwork, check_rates, exponential
from ._wide import Wide, concatenate, stack
from ._wide_elimination import WideElimination, eliminate_in_wide_numbers


# A step is the time 1 / (the highest total rate of any state).
_STEP = 0.5  # time of one matrix power series, in steps
_CHUNK = 32.0  # time of one power series that acts on a vector, in steps
_FEW_STEPS = 3000.0  # up to so many steps, series on vectors are faster than powers of matrices
_FAST = 1e20  # a state that is left so many times is in a steady state with its neighbours
_LONGEST = 1e60  # most steps that are taken before fast states are eliminated anew
_LEAST = 1e-300  # smaller matrix entries are dropped: even 1e60 steps do not raise them above 1e-240
_FARTHEST = 1e15  # largest logarithm of a weight or conductance; its rounding error is 0.1
_MOST_STATES = 3000  # largest size of a dense matrix
_MOST_PRODUCTS = 5e10  # most multiplications with a sparse matrix, which take minutes


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Evolution(AbstractResult):
    """Occupation probabilities of all states at several times.

    - `times`: shape (times,), in parameter units / sqrt(loss units) for unit masses; infinite where the
        time exceeds the range of floats.
    - `log_times`: natural logarithms of the times, shape (times,).
    - `occupation`: occupation probabilities, shape (times, n); probabilities below 1e-240 may be 0.
    - `ids`: ids of the states, shape (n,).
    """

    times: np.ndarray
    log_times: np.ndarray
    occupation: np.ndarray
    ids: np.ndarray

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per time, with a column for each state, named by its id."""
        return {"time": self.times} | dict(zip(map(str, self.ids), self.occupation.T))

    def of_set(self, states) -> np.ndarray:
        """Return the total occupation of a set of states at every time, shape (times,).

        **Arguments:**

        - `states`: ids of the states.

        **Raises:** `ValueError` for an empty set and ids that no state has.
        """
        return self.occupation[:, positions_of_set(states, self.ids, "states")].sum(axis=1)


def evolve(
    network: RateNetwork,
    initial: np.ndarray,
    times: np.ndarray | None = None,
    *,
    log_times: np.ndarray | None = None,
) -> Evolution:
    """Solve the master equation dp_b/dt = sum_a (p_a k_ab - p_b k_ba) from given initial probabilities.

    p(t) = p(0) exp(Q t), with Q the rate matrix, is written as a power series in a matrix without negative
    entries (uniformisation), so that small probabilities keep their digits. For up to 3,000 steps of the
    fastest state the series acts on the vector. For longer times the matrix exp(Q h) is squared again and
    again, and its rows are normalised to sum to 1 each time; a time 1e20 times as long takes 66 more
    squarings, and slow rates stay accurate.

    States that a trajectory would leave 1e20 times by the time asked for are eliminated first: by then they
    are in a steady state with the others, within 1e-20 of their occupation. So time scales may differ by
    factors such as 1e100000.

    **Arguments:**

    - `network`: the rates.
    - `initial`: probabilities at time 0, shape (n,); they must sum to 1 within 1e-9.
    - `times`: times, not negative, shape (times,), in parameter units / sqrt(loss units) for unit masses.
    - `log_times`: natural logarithms of the times, in place of `times`, where times exceed the range of
        floats.

    **Returns:** `Evolution`.

    **Raises:** `ValueError` for bad probabilities or times, energies beyond 1e15 kT, and more than 3,000
    states with times so long that this would take hours.

    Source: A. Jensen, Scand. Actuar. J. 1953, 87 (1953), doi:10.1080/03461238.1953.10419459.
    """
    check_rates(network)
    n, p = len(network), np.asarray(initial, dtype=float)
    if p.shape != (n,) or not np.all(p >= 0) or not abs(p.sum() - 1) <= 1e-9:
        raise ValueError(f"`initial` must hold {n} probabilities that sum to 1, got shape {p.shape}.")
    times, logs, exact = _check_times(times, log_times)
    largest = max(np.abs(v).max(initial=0.0) for v in (network.log_weights, network.log_conductances))
    if largest > _FARTHEST:
        raise ValueError(
            f"Energies over kT reach {largest:.1e}; above {_FARTHEST:.0e} their rounding decides what "
            "happens at any time."
        )
    occupation, order = np.empty((len(logs), n)), np.argsort(logs, kind="stable")
    done = np.count_nonzero(logs == -np.inf)
    occupation[order[:done]] = p
    while done < len(order):
        left = _steady(network, p, float(logs[order[done]]))
        fastest, step = _step(left)
        reduced = (exact[order[done:]] * fastest).floats(0.0)
        reduced = reduced[: max(1, np.searchsorted(reduced, _LONGEST, side="right"))]
        now = order[done : done + len(reduced)]
        occupation[now] = _back(left, _follow(left, step, reduced), network.log_weights)
        done += len(now)
    return Evolution(times, logs, occupation, network.ids)


def _check_times(times, log_times) -> tuple[np.ndarray, np.ndarray, Wide]:
    """Return times as floats, as logarithms and as `Wide`; raises `ValueError` where they are wrong."""
    if (times is None) == (log_times is None):
        raise ValueError("Give either `times` or `log_times`.")
    if times is None:
        logs = np.asarray(log_times, dtype=float)
        if logs.ndim != 1 or not np.all(logs < np.inf):
            raise ValueError("`log_times` must be a vector of numbers below infinity.")
        return exponential(logs), logs, Wide.from_log(logs)
    times = np.asarray(times, dtype=float)
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(times < 0):
        raise ValueError("`times` must be a vector of finite numbers that are not negative.")
    with np.errstate(divide="ignore"):
        return times, np.log(times), Wide.from_floats(times)


def _steady(network: RateNetwork, p: np.ndarray, log_time: float) -> WideElimination:
    """Eliminate the states that are in a steady state at a time; the right-hand sides are 0, Z and p."""
    n = len(network)
    sources = stack([Wide.zeros(n), Wide.from_log(network.log_weights), Wide.from_floats(p)])
    conductances, slowest = Wide.from_log(network.log_conductances), math.log(_FAST) - log_time
    start, _, log_rates = network.directed()
    if np.max(log_rates, initial=-np.inf) + math.log(n) < slowest:  # no state is
        return WideElimination(np.arange(n), network.pairs, conductances, sources, [])
    return eliminate_in_wide_numbers(
        network.pairs, conductances, sources, np.zeros(n, dtype=bool), log_slowest=slowest
    )


def _step(left: WideElimination) -> tuple[Wide, csr_array]:
    """Return the highest total rate k, and the transition matrix of uniformisation, 1 + Q / k."""
    n = len(left.kept)
    start, end = np.concatenate([left.pairs, left.pairs[:, ::-1]]).T
    rates = concatenate([left.conductances] * 2) / left.sources[start, 1]
    total = rates.sum_groups(start, n)
    fastest = total[int(np.argmax(total.log()))]
    if not fastest.fractions > 0:
        return fastest, csr_array((n, n))
    floats = (rates / fastest).floats(0.0)
    seen = floats > 0
    step = csr_array((floats[seen], (start[seen], end[seen])), shape=(n, n))
    return fastest, csr_array(step + diags_array(1.0 - step.sum(axis=1)))


def _follow(left: WideElimination, step: csr_array, reduced: np.ndarray) -> np.ndarray:
    """Return the occupation of the kept states; times in units of 1 / the highest total rate."""
    n, p = len(left.kept), left.sources[:, 2].floats(0.0)
    steps = reduced.max()
    if steps == 0:
        return np.tile(p, (len(reduced), 1))
    if steps <= _FEW_STEPS or n > _MOST_STATES and steps * step.nnz <= _MOST_PRODUCTS:
        return _by_vectors(step, p, reduced)
    if n <= _MOST_STATES:
        return _by_squaring(step, p, reduced)
    raise ValueError(
        f"{steps:.1e} steps of the fastest of {n} states take too long; lump states that "
        f"interconvert quickly first, by `regroup` in Python, to {_MOST_STATES} or fewer."
    )


def _back(left: WideElimination, p: np.ndarray, log_weights: np.ndarray) -> np.ndarray:
    """Return the occupation of all states, shape (times, n), from that of the kept states."""
    x = Wide.from_floats(p.T) / left.sources[:, 1, None]
    weights = Wide.from_log(log_weights)
    found = (left.extend(x, sources=False) * weights[:, None]).floats(0.0).T
    found[:, left.kept] = p * (weights[left.kept] / left.sources[:, 1]).floats(
        0.0
    )  # a factor of 1 if no eliminated state was added
    return found


def _by_vectors(step: csr_array, p: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """Return p at increasing times, each from the one before, in units of 1 / the highest total rate."""
    backwards, found, now = step.T.tocsr(), np.empty((len(reduced), len(p))), 0.0
    for i, time in enumerate(reduced):
        parts = max(int(np.ceil((time - now) / _CHUNK)), 1)
        for _ in range(parts):
            p = _series(backwards, p, (time - now) / parts)
        found[i], now = p, time
    return found


def _series(backwards, p: np.ndarray, time: float) -> np.ndarray:
    """Return p exp(Q t) = exp(-t) sum_k t^k / k! p B^k, normalised to the sum of p."""
    term, total, k = p, p.copy(), 0
    while k < time or np.any(term > 1e-17 * total) and term.max() > _LEAST:
        k += 1
        term = (backwards @ term) * (time / k)
        total += term
    return total * (p.sum() / total.sum())


def _by_squaring(step: csr_array, p: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """Return p at all times, as products with the powers exp(Q h 2^j) that make up each time."""
    steps = [int(time / _STEP) for time in reduced]
    rest = [time - count * _STEP for time, count in zip(reduced, steps)]
    backwards = step.T.tocsr()
    found = np.array([_series(backwards, p, max(time, 0.0)) for time in rest])
    power = _exponential(step, len(p))
    for j in range(max(steps).bit_length()):
        power = power if j == 0 else _normalised(power @ power)
        due = [i for i, count in enumerate(steps) if count >> j & 1]
        found[due] = found[due] @ power
    return found / found.sum(axis=1, keepdims=True)


def _exponential(step: csr_array, n: int) -> np.ndarray:
    """Return exp(Q h) for one step h."""
    terms = 18  # 0.5^18 / 18! is 6e-22
    identity = np.eye(n)
    power = identity
    for k in range(terms, 0, -1):
        power = identity + (_STEP / k) * (step @ power)
    return _normalised(power)


def _normalised(power: np.ndarray) -> np.ndarray:
    """Normalise rows to sum to 1, and set negligible entries to 0, which saves time."""
    power[power < _LEAST] = 0.0
    return power / power.sum(axis=1, keepdims=True)
