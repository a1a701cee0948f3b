"""First passage from one set of states to another: mean times, committors and rate constants."""

import dataclasses
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult, to_json

from ._abstract_elimination import AbstractElimination
from ._elimination import eliminate
from ._rate_network import RateNetwork, check_rates, check_sets, exponential
from ._wide import Wide, stack


NUMBERS = ("rate", "mfpt", "mean_rate", "steady_state_rate", "non_steady_state_rate")
_NONE = (-np.inf, -np.inf, -np.inf, -np.inf)  # ln of the four rate constants where nothing arrives


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FirstPassage(AbstractResult):
    """First-passage times, committors and rate constants from a set of states, the source, to a target.

    Every number is stored as its natural logarithm, `log_...`, because at low temperature it may leave the
    range of doubles; the properties without `log_` are doubles, which are then 0 or infinite. Times are in
    parameter units / sqrt(loss units), rates in the inverse unit, for unit masses.

    In a network of several connected components, averages include only the source states that are connected
    to the target; the others are listed in `unconnected`. Below, p_a is the equilibrium probability of
    state a within these source states, and T_a the mean first-passage time from it to the target.

    - `ids`: ids of all states, shape (n,), in the order of the arrays with one entry per state.
    - `source`, `target`: ids of the two sets, in the order of their positions in the network.
    - `log_times`, `times`: mean first-passage time to the target from every state, shape (n,); 0 in the
        target, infinite where no path leads to it.
    - `log_committor`, `committor`: probability to reach the target before the source, shape (n,); 1 in
        the target, 0 in the source, NaN where no path leads to either.
    - `log_shares`, `shares`: fraction of the first passages from the source at equilibrium that end in
        each state of the target, shape (target,).
    - `log_mfpt`, `mfpt`: mean first-passage time from the source at equilibrium, sum_a p_a T_a.
    - `log_rate`, `rate`: 1 / mfpt, the rate constant from source to target; 0 if no path leads there.
    - `log_mean_rate`, `mean_rate`: sum_a p_a / T_a, Wales' k.
    - `log_steady_state_rate`, `steady_state_rate`: rate of trajectories that leave the source and reach the
        target before they return, with the source states in equilibrium throughout; Wales' k^SS.
    - `log_non_steady_state_rate`, `non_steady_state_rate`: the same without that equilibrium; Wales' k^NSS.
    - `unconnected`: ids of the states of the source from which no path leads to the target.

    For a source of one state, `rate`, `mean_rate` and `non_steady_state_rate` are equal;
    `steady_state_rate` is no smaller, because it leaves out the time of excursions back to the source.
    """

    ids: np.ndarray
    source: np.ndarray
    target: np.ndarray
    log_times: np.ndarray
    log_committor: np.ndarray
    log_shares: np.ndarray
    log_rate: float
    log_mean_rate: float
    log_steady_state_rate: float
    log_non_steady_state_rate: float
    unconnected: np.ndarray

    @property
    def times(self) -> np.ndarray:
        """Mean first-passage time from every state."""
        return exponential(self.log_times)

    @property
    def committor(self) -> np.ndarray:
        """Probability to reach the target before the source."""
        return exponential(self.log_committor)

    @property
    def shares(self) -> np.ndarray:
        """Fraction of the first passages that end in each state of the target."""
        return exponential(self.log_shares)

    @property
    def log_mfpt(self) -> float:
        """Logarithm of the mean first-passage time from the source."""
        return -self.log_rate

    @property
    def mfpt(self) -> float:
        """Mean first-passage time from the source."""
        return float(exponential(self.log_mfpt))

    @property
    def rate(self) -> float:
        """Rate constant from source to target."""
        return float(exponential(self.log_rate))

    @property
    def mean_rate(self) -> float:
        """Mean of the rates from the states of the source."""
        return float(exponential(self.log_mean_rate))

    @property
    def steady_state_rate(self) -> float:
        """Rate constant with the source in equilibrium throughout."""
        return float(exponential(self.log_steady_state_rate))

    @property
    def non_steady_state_rate(self) -> float:
        """Rate constant without the assumption that the source stays in equilibrium."""
        return float(exponential(self.log_non_steady_state_rate))

    def to_dict(self) -> dict[str, Any]:
        """Return the rates, and the numbers of every state, by name, both as they are and as logarithms."""
        numbers = {}
        for name in NUMBERS:
            numbers |= {name: getattr(self, name), f"log_{name}": getattr(self, f"log_{name}")}
        lists = {name: getattr(self, name) for name in ("ids", "source", "target", "unconnected")}
        for name in ("times", "committor", "shares"):
            lists |= {name: getattr(self, name), f"log_{name}": getattr(self, f"log_{name}")}
        return to_json(numbers | lists)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per state; `mfpt` is the mean first-passage time from it to the target."""
        return {
            "id": self.ids,
            "mfpt": self.times,
            "log_mfpt": self.log_times,
            "committor": self.committor,
            "log_committor": self.log_committor,
        }


def first_passage(network: RateNetwork, source, target) -> FirstPassage:
    """Compute mean first-passage times, committors and rate constants by graph transformation.

    With C the conductances and Z the weights, mean first-passage times T and committors q solve

        sum_j C_ij (T_i - T_j) = Z_i,   T = 0 in the target,
        sum_j C_ij (q_i - q_j) = 0,     q = 1 in the target, 0 in the source.

    All states outside both sets are eliminated first, which gives q, k^SS and k^NSS; then those of the
    source, which gives T. Nothing is ever subtracted, so the relative error is a few units of rounding
    times the number of states at any temperature, in addition to the rounding of the logarithms of weights
    and conductances, which are of size E / kT.

    **Arguments:**

    - `network`: the rates.
    - `source`, `target`: two sets of states without common members, as ids.

    **Returns:** `FirstPassage`.

    **Raises:** `ValueError` for sets that are empty, overlap or name states that do not exist.

    Source: D. J. Wales, J. Chem. Phys. 130, 204111 (2009), doi:10.1063/1.3133782; D. J. Wales, Int. Rev.
    Phys. Chem. 25, 237 (2006), doi:10.1080/01442350600676921.
    """
    check_rates(network)
    n = len(network)
    source, target = check_sets(source, target, network.ids)
    component = network.component
    connected = np.isin(component, component[target])
    unconnected = source[~connected[source]]
    log_times, log_committor = np.full(n, np.inf), np.full(n, np.nan)
    log_committor[np.isin(component, component[source])] = -np.inf
    log_committor[connected] = 0.0
    log_times[target] = -np.inf
    free = connected.copy()
    free[target] = False
    starts = np.setdiff1d(source, unconnected)
    log_shares, averages = np.full(len(target), -np.inf), _NONE
    if free.any():
        passage = _passage(network, np.flatnonzero(free), starts, target)
        log_times[free], log_committor[free], log_shares, averages = passage
    ids = network.ids
    return FirstPassage(
        ids,
        ids[source],
        ids[target],
        log_times,
        log_committor,
        log_shares,
        *averages,
        ids[unconnected],
    )


def _passage(network: RateNetwork, free, starts, target):
    """Return ln T and ln q of the free states, ln of the shares of the target, and ln of the rates."""
    number = np.full(len(network), -1)
    number[free] = np.arange(len(free))
    low, high = number[network.pairs].T
    inside = (low >= 0) & (high >= 0)
    pairs = np.stack([low, high], axis=1)[inside]
    conductances = Wide.from_log(network.log_conductances[inside])
    states, ends, exits = _to_target(network, number, target)
    weights = Wide.from_log(network.log_weights[free])
    kept = np.zeros(len(free), dtype=bool)
    kept[number[starts]] = True
    start = Wide.zeros(len(free))
    if kept.any():
        start[kept] = weights[kept] / weights[kept].sum(axis=0)
    sources = stack([exits.sum_groups(states, len(free)), weights, start])
    around, found = eliminate(pairs, conductances, sources, kept, _solve)
    committor, times, visits = (found[:, side] for side in range(3))
    log_committor = np.minimum(committor.log(), 0.0)  # rounding may lift the sum above 1
    if not len(starts):
        return times.log(), log_committor, np.full(len(target), -np.inf), _NONE
    shares = (exits * visits[states]).sum_groups(ends, len(target))
    log_shares = (shares / shares.sum(axis=0)).log()  # the sum is 1 but for rounding
    averages = _averages(around, weights[around.kept], start[around.kept], times[around.kept])
    return times.log(), log_committor, log_shares, averages


def _averages(around: AbstractElimination, weights, p, times) -> tuple[float, float, float, float]:
    """Return ln of the four rate constants, given the kept states, which are those of the source."""
    out, waits = around.sources[:, 0], around.sources[:, 1]
    return (
        -float((p * times).sum(axis=0).log()),
        float((p / times).sum(axis=0).log()),
        float((out.sum(axis=0) / weights.sum(axis=0)).log()),
        float((p * out / waits).sum(axis=0).log()),
    )


def _solve(around: AbstractElimination) -> Wide:
    """Return the solutions at the kept states, by eliminating them in their turn."""
    n, sides = around.sources.shape
    if not n:
        return Wide.zeros((0, sides))
    nothing = lambda left: Wide.zeros((0, sides))
    alone = np.zeros(n, dtype=bool)
    _, found = eliminate(around.pairs, around.conductances, around.sources, alone, nothing)
    found[:, 0] = Wide.zeros(n)  # the committor is 0 in the source
    return found


def _to_target(network: RateNetwork, number, target):
    """Return the edges from free states to the target: free state, position in the target, conductance."""
    start, end = np.concatenate([network.pairs, network.pairs[:, ::-1]]).T
    values = np.tile(network.log_conductances, 2)
    leaving = (number[start] >= 0) & np.isin(end, target)
    return number[start[leaving]], np.searchsorted(target, end[leaving]), Wide.from_log(values[leaving])
