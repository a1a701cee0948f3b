"""How occupation probabilities change with time."""

import dataclasses

import numpy as np
from scipy.sparse import csr_array, diags_array

from .._result import AbstractResult
from ._rate_network import RateNetwork


_STEP = 0.5  # of a matrix power series, in units of 1 / the highest total rate
_CHUNK = 32.0  # the same for a series that acts on a vector
_FEW_STEPS = 3000.0  # up to which vectors are faster than matrices
_LONGEST = 1e250  # steps: a rate so low that it never acts cannot be told from none
_MOST_STATES = 3000  # of a dense matrix
_MOST_PRODUCTS = 5e10  # multiplications with a sparse matrix: minutes


@dataclasses.dataclass(frozen=True, eq=False)
class Evolution(AbstractResult):
    """Occupation probabilities at some times.

    - `times`: shape (times,), in parameter units / sqrt(loss units) for unit masses.
    - `occupation`: shape (times, n).
    """

    times: np.ndarray
    occupation: np.ndarray

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per time, and one column per state by its number."""
        return {"time": self.times} | {str(i): p for i, p in enumerate(self.occupation.T)}


def evolve(network: RateNetwork, initial: np.ndarray, times: np.ndarray) -> Evolution:
    """Follow occupation probabilities, dp_b/dt = sum_a p_a k_ab - p_b k_ba, from some beginning.

    p(t) = p(0) exp(Q t) is a power series in a matrix without negative entries (uniformisation), so
    that small probabilities keep their digits. Up to some thousand steps of the fastest state the
    series acts on the vector; beyond, the matrix exp(Q h) is squared, its rows made to sum to 1 each
    time, so that a time 1e20 times as long takes 66 squarings more, and slow rates stay right.

    **Arguments:**

    - `network`: the rates.
    - `initial`: probabilities at time 0, shape (n,); they sum to 1.
    - `times`: not negative, shape (times,).

    **Raises:** `ValueError` for bad probabilities and times, and where times are so long for so many
    states (over 3,000) that this would take hours.

    Source: A. Jensen, Scand. Actuar. J. 1953, 87 (1953), doi:10.1080/03461238.1953.10419459.
    """
    n = len(network)
    p, times = np.asarray(initial, dtype=float), np.asarray(times, dtype=float)
    if p.shape != (n,) or not np.all(p >= 0) or abs(p.sum() - 1) > 1e-9:
        raise ValueError(f"`initial` must hold {n} probabilities that sum to 1, got shape {p.shape}.")
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(times < 0):
        raise ValueError("`times` must be a vector of finite numbers that are not negative.")
    rates = network.rates()
    total = rates.sum(axis=1)
    fastest = float(total.max())
    # One step of the chain that moves at the pace of the fastest state: no entry is negative.
    step = (rates + diags_array(fastest - total)) / fastest
    occupation = np.empty((len(times), n))
    order = np.argsort(times, kind="stable")
    with np.errstate(over="ignore"):
        reduced = np.minimum(times[order] * fastest, _LONGEST)
    steps = reduced.max(initial=0.0)
    if steps <= _FEW_STEPS or n > _MOST_STATES and steps * rates.nnz <= _MOST_PRODUCTS:
        occupation[order] = _by_vectors(step, p, reduced)
    elif n <= _MOST_STATES:
        occupation[order] = _by_squaring(step, p, reduced)
    else:
        raise ValueError(
            f"{steps:.1e} steps of the fastest of {n} states take too long; lump states that "
            f"interconvert quickly first, by `regroup` in Python, to {_MOST_STATES} or fewer."
        )
    return Evolution(times, occupation)


def _by_vectors(step: csr_array, p: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """Go from each time to the next; times in units of 1 / the highest total rate, increasing."""
    backwards, found, now = step.T.tocsr(), np.empty((len(reduced), len(p))), 0.0
    for i, time in enumerate(reduced):
        parts = max(int(np.ceil((time - now) / _CHUNK)), 1)
        for _ in range(parts):
            p = _series(backwards, p, (time - now) / parts)
        found[i], now = p, time
    return found


def _series(backwards, p: np.ndarray, time: float) -> np.ndarray:
    """Return p exp(Q t) = exp(-t) sum_k t^k / k! p B^k, made to sum to what p does."""
    term, total, k = p, p.copy(), 0
    while k < time or term.sum() > 1e-17 * total.sum():
        k += 1
        term = (backwards @ term) * (time / k)
        total += term
    return total * (p.sum() / total.sum())


def _by_squaring(step: csr_array, p: np.ndarray, reduced: np.ndarray) -> np.ndarray:
    """Multiply each vector with those powers exp(Q h 2^j) that make up its time."""
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
    """Make rows sum to 1; what even the longest time does not bring above 1e-40 is dropped, for speed."""
    power[power < 1e-40 / _LONGEST] = 0.0
    return power / power.sum(axis=1, keepdims=True)
