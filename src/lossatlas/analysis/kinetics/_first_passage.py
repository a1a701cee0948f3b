"""First passage from one set of states to another: times, committors, rate constants."""

import dataclasses

import numpy as np

from .._result import AbstractResult
from ._elimination import Elimination, eliminate
from ._rate_network import RateNetwork, check_sets


@dataclasses.dataclass(frozen=True, eq=False)
class FirstPassage(AbstractResult):
    """What happens between two sets of states, a source and a target.

    In a network of several parts only source states that are connected to the target count in averages;
    the others, which never arrive, are listed.

    - `source`, `target`: the two sets, numbers of states.
    - `times`: mean first-passage time to the target from every state, shape (n,), in parameter units /
        sqrt(loss units) for unit masses; 0 in the target, infinite where no path leads there (or the
        time is beyond 1e308: `log_times` has it).
    - `log_times`: ln of it.
    - `committor`: probability to reach the target before the source, shape (n,); 1 in the target, 0 in
        the source, NaN where no path leads to either.
    - `shares`: part of first passages from the source, at equilibrium within, that end in each state of
        the target, shape (target,).
    - `mfpt`: mean first-passage time from the source at equilibrium, sum of p_a T_a over p_a.
    - `rate`: 1 / mfpt, the rate constant from source to target.
    - `log_rate`: ln of it, also where doubles underflow; -inf if nothing arrives.
    - `mean_rate`: sum of p_a / T_a over p_a, Wales' k.
    - `steady_state_rate`: from trajectories that leave the source and reach the target before they
        return, source states in equilibrium throughout; Wales' k^SS.
    - `non_steady_state_rate`: the same without that equilibrium; Wales' k^NSS. All four are equal for a
        source of one state, but `steady_state_rate`, which leaves out the time of returns.
    - `unconnected`: states of the source from which no path leads to the target.
    """

    source: np.ndarray
    target: np.ndarray
    times: np.ndarray
    log_times: np.ndarray
    committor: np.ndarray
    shares: np.ndarray
    mfpt: float
    rate: float
    log_rate: float
    mean_rate: float
    steady_state_rate: float
    non_steady_state_rate: float
    unconnected: np.ndarray

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per state."""
        return {
            "state": np.arange(len(self.times)),
            "mfpt": self.times,
            "committor": self.committor,
        }


def first_passage(network: RateNetwork, source, target) -> FirstPassage:
    """Compute mean first-passage times, committors and rate constants by graph transformation.

    With C the conductances and Z the weights, mean first-passage times T and committors q solve

        sum_j C_ij (T_i - T_j) = Z_i,   T = 0 in the target,
        sum_j C_ij (q_i - q_j) = 0,     q = 1 in the target, 0 in the source.

    All states outside both sets are eliminated first, which gives what is needed of q, k^SS and k^NSS;
    then those of the source, which gives T. Nothing is ever subtracted: numbers are good to some units
    of rounding times the number of states whatever the temperature, but that the logarithms of weights
    and conductances, of size E / kT, carry their own rounding.

    **Arguments:**

    - `network`: the rates.
    - `source`, `target`: two sets of states without common members.

    **Raises:** `ValueError` for sets that are empty, overlap or name states that do not exist.

    Source: D. J. Wales, J. Chem. Phys. 130, 204111 (2009), doi:10.1063/1.3133782; D. J. Wales, Int. Rev.
    Phys. Chem. 25, 237 (2006), doi:10.1080/01442350600676921.
    """
    n = len(network)
    source, target = check_sets(source, target, n)
    part = network.component
    connected = np.isin(part, part[target])
    unconnected = source[~connected[source]]
    log_times, log_committor = np.full(n, np.inf), np.full(n, np.nan)
    log_committor[np.isin(part, part[source])] = -np.inf
    log_committor[connected] = 0.0
    log_times[target] = -np.inf
    free = connected.copy()
    free[target] = False
    starts = np.setdiff1d(source, unconnected)
    shares, logs = np.zeros(len(target)), dict.fromkeys(_AVERAGES, -np.inf)
    if free.any():
        passage = _passage(network, np.flatnonzero(free), starts, target)
        log_times[free], log_committor[free], shares, logs = passage
    return FirstPassage(
        source=source,
        target=target,
        times=_exp(log_times),
        log_times=log_times,
        committor=np.minimum(np.exp(log_committor), 1.0),  # sums of rounded terms
        shares=shares,
        mfpt=float(_exp(-logs["rate"])),
        log_rate=float(logs["rate"]),
        **{name: float(_exp(value)) for name, value in logs.items()},
        unconnected=unconnected,
    )


_AVERAGES = ("rate", "mean_rate", "steady_state_rate", "non_steady_state_rate")


def _passage(network: RateNetwork, free, starts, target):
    """Return ln T and ln q of the free states, shares of the target states, ln of the rate constants."""
    number = np.full(len(network), -1)
    number[free] = np.arange(len(free))
    low, high = number[network.pairs].T
    inside = (low >= 0) & (high >= 0)
    pairs, log_conductances = np.stack([low, high], axis=1)[inside], network.log_conductances[inside]
    ground, exits = _to_target(network, number, target, len(free))
    log_weights = network.log_weights[free]
    kept = np.zeros(len(free), dtype=bool)
    kept[number[starts]] = True
    log_start = np.where(kept, log_weights, -np.inf)
    log_start -= np.logaddexp.reduce(log_start) if kept.any() else 0.0
    sources = np.stack([ground, log_weights, log_start], axis=1)
    around = eliminate(pairs, log_conductances, sources, kept)
    kept = around.kept
    solved = _solve_dense(around) if len(kept) else np.empty((0, 3))
    solved[:, 0] = -np.inf  # the committor is 0 in the source
    log_x = around.extend(solved)
    log_times, log_committor, log_visits = log_x[:, 1], log_x[:, 0], log_x[:, 2]
    shares = np.array([np.exp(np.logaddexp.reduce(c + log_visits[i])) for i, c in exits])
    if not len(kept):
        return log_times, log_committor, np.zeros(len(target)), dict.fromkeys(_AVERAGES, -np.inf)
    log_p = log_start[kept]
    out, weights = around.log_sources[:, 0], around.log_sources[:, 1]
    logs = {
        "rate": -np.logaddexp.reduce(log_p + log_times[kept]),
        "mean_rate": np.logaddexp.reduce(log_p - log_times[kept]),
        "steady_state_rate": np.logaddexp.reduce(out) - np.logaddexp.reduce(log_weights[kept]),
        "non_steady_state_rate": np.logaddexp.reduce(log_p + out - weights),
    }
    return log_times, log_committor, shares, logs


def _solve_dense(around: Elimination) -> np.ndarray:
    """Return the solutions at the states that were kept, a network of their own; as logarithms."""
    n = len(around.kept)
    a, b = np.triu_indices(n, 1)
    joined = around.log_conductances[a, b] > -np.inf
    pairs, log_conductances = np.stack([a, b], axis=1)[joined], around.log_conductances[a, b][joined]
    alone = eliminate(pairs, log_conductances, around.log_sources, np.zeros(n, dtype=bool))
    return alone.extend(np.empty((0, 3)))


def _to_target(network: RateNetwork, number, target, n: int):
    """Return ln of the conductance of every free state to the target, and the exits to each of its states.

    **Returns:** shape (n,), and for every target state the free states joined to it with ln C.
    """
    start, end, log_rates = network.directed()
    leaving = (number[start] >= 0) & np.isin(end, target)
    states, ends = number[start[leaving]], np.searchsorted(target, end[leaving])
    values = log_rates[leaving] + network.log_weights[start[leaving]]
    ground = np.full(n, -np.inf)
    np.logaddexp.at(ground, states, values)
    exits = [(states[ends == i], values[ends == i]) for i in range(len(target))]
    return ground, exits


def _exp(values):
    with np.errstate(over="ignore"):  # infinite is what it is then
        return np.exp(values)
