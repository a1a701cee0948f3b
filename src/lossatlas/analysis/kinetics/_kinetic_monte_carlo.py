"""Kinetic Monte Carlo: trajectories through a network, drawn at random."""

import dataclasses

import numpy as np

from .._result import AbstractResult
from ._rate_network import RateNetwork, check_sets


@dataclasses.dataclass(frozen=True, eq=False)
class Trajectories(AbstractResult):
    """First passages of trajectories from a source to a target.

    - `times`: of the first passage, shape (trajectories,); NaN where a trajectory had not arrived after
        the steps it was allowed.
    - `ends`: state of the target that was reached, shape (trajectories,); -1 where none was.
    - `steps`: jumps made, shape (trajectories,).
    - `mfpt`: mean of the times, NaN if a trajectory did not arrive: the mean of the others is too low.
    - `standard_error`: of `mfpt`.
    """

    times: np.ndarray
    ends: np.ndarray
    steps: np.ndarray
    mfpt: float
    standard_error: float

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per trajectory."""
        return {"time": self.times, "end": self.ends, "steps": self.steps}


def kinetic_monte_carlo(
    network: RateNetwork,
    source,
    target,
    *,
    trajectories: int = 1000,
    max_steps: int = 10_000,
    seed: int = 0,
) -> Trajectories:
    """Draw first passages from a source at equilibrium to a target: an independent check of rates.

    In state a a trajectory waits an exponential time of mean 1 / sum_c k_ac, then jumps to b with
    probability k_ab / sum_c k_ac. All trajectories go side by side. At low temperature they go to and
    fro within a funnel and never leave it: there `first_passage` is the way.

    **Arguments:**

    - `network`: the rates.
    - `source`, `target`: two sets of states without common members.
    - `trajectories`: how many.
    - `max_steps`: jumps after which a trajectory is given up.
    - `seed`: of the random numbers.

    **Raises:** `ValueError` for bad sets, fewer than 2 trajectories or no step, and a source from which
    no path leads to the target.

    Source: A. B. Bortz, M. H. Kalos & J. L. Lebowitz, J. Comput. Phys. 17, 10 (1975),
    doi:10.1016/0021-9991(75)90060-1; D. T. Gillespie, J. Comput. Phys. 22, 403 (1976),
    doi:10.1016/0021-9991(76)90041-3.
    """
    if trajectories < 2 or max_steps < 1:
        raise ValueError("`trajectories` must be at least 2 and `max_steps` at least 1.")
    source, target = check_sets(source, target, len(network))
    stranded = source[~np.isin(network.component[source], network.component[target])]
    if stranded.size:
        raise ValueError(f"No path leads from state {stranded[0]} of the source to the target.")
    rng = np.random.default_rng(seed)
    rates = network.rates()
    total = rates.sum(axis=1)
    # One increasing list for all rows: row a holds a + cumulative probabilities.
    probabilities = rates.data / total[np.repeat(np.arange(len(network)), np.diff(rates.indptr))]
    cumulative = np.cumsum(probabilities)
    first = np.concatenate([[0.0], cumulative])[rates.indptr]
    weights = network.log_weights[source]
    weights = np.exp(weights - np.logaddexp.reduce(weights))
    at = rng.choice(source, size=trajectories, p=weights / weights.sum())
    times, steps = np.zeros(trajectories), np.zeros(trajectories, dtype=np.int64)
    is_target = np.zeros(len(network), dtype=bool)
    is_target[target] = True
    going = np.arange(trajectories)
    for _ in range(max_steps):
        states = at[going]
        times[going] += rng.exponential(size=len(going)) / total[states]
        steps[going] += 1
        low, high = first[states], first[states + 1]
        jump = np.searchsorted(cumulative, low + rng.random(len(going)) * (high - low), side="right")
        jump = np.clip(jump, rates.indptr[states], rates.indptr[states + 1] - 1)  # rounding of the sum
        at[going] = rates.indices[jump]
        going = going[~is_target[at[going]]]
        if not going.size:
            break
    times[going] = np.nan
    ends = np.where(is_target[at], at, -1)
    error = float(times.std(ddof=1) / np.sqrt(trajectories))
    return Trajectories(times, ends, steps, float(times.mean()), error)
