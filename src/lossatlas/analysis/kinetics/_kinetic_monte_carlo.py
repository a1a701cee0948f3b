"""Kinetic Monte Carlo: random trajectories through a rate network."""

import dataclasses

import numpy as np

from lossatlas._abstract_result import AbstractRows

from ._rate_network import RateNetwork, check_rates, check_sets, exponential


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Trajectories(AbstractRows):
    """First passages of random trajectories from a source to a target.

    Times are in parameter units / sqrt(loss units) for unit masses.

    - `log_times`, `times`: first-passage times, shape (trajectories,); NaN where a trajectory did not
        arrive within the allowed number of steps. `times` is infinite where it exceeds the range of floats.
    - `arrived`: whether the target was reached, shape (trajectories,).
    - `ends`: id of the last state of each trajectory, shape (trajectories,).
    - `steps`: number of jumps, shape (trajectories,).
    - `log_mfpt`, `mfpt`: mean of the times; NaN if any trajectory did not arrive, since the mean of the
        others would be too low.
    - `relative_error`, `standard_error`: standard error of `mfpt`, relative and absolute.
    """

    log_times: np.ndarray
    arrived: np.ndarray
    ends: np.ndarray
    steps: np.ndarray

    @property
    def times(self) -> np.ndarray:
        """First-passage times."""
        return exponential(self.log_times)

    @property
    def log_mfpt(self) -> float:
        """Natural logarithm of the mean of the times."""
        top = self.log_times.max()
        return float(top + np.log(np.exp(self.log_times - top).mean()))

    @property
    def mfpt(self) -> float:
        """Mean of the times."""
        return float(exponential(self.log_mfpt))

    @property
    def relative_error(self) -> float:
        """Standard error of the mean time, divided by the mean time."""
        ratios = np.exp(self.log_times - self.log_mfpt)
        return float(ratios.std(ddof=1) / np.sqrt(len(ratios)))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean time."""
        return self.mfpt * self.relative_error

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per trajectory."""
        return {
            "time": self.times,
            "log_time": self.log_times,
            "arrived": self.arrived,
            "end": self.ends,
        } | {"steps": self.steps}


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

    In state a a trajectory waits for an exponentially distributed time of mean 1 / sum_c k_ac, then jumps
    to b with probability k_ab / sum_c k_ac. All trajectories advance together. At low temperature they
    move to and fro within a funnel and hardly ever leave it; use `first_passage` there.

    **Arguments:**

    - `network`: the rates.
    - `source`, `target`: two sets of states without common members, as ids.
    - `trajectories`: number of trajectories, at least 2.
    - `max_steps`: number of jumps after which a trajectory is given up, at least 1.
    - `seed`: seed of the random numbers.

    **Returns:** `Trajectories`.

    **Raises:** `ValueError` for bad sets, fewer than 2 trajectories or no step, and a source that has a
    state from which no path leads to the target.

    Source: A. B. Bortz, M. H. Kalos & J. L. Lebowitz, J. Comput. Phys. 17, 10 (1975),
    doi:10.1016/0021-9991(75)90060-1; D. T. Gillespie, J. Comput. Phys. 22, 403 (1976),
    doi:10.1016/0021-9991(76)90041-3.
    """
    check_rates(network)
    if trajectories < 2 or max_steps < 1:
        raise ValueError("`trajectories` must be at least 2 and `max_steps` at least 1.")
    source, target = check_sets(source, target, network.ids)
    stranded = source[~np.isin(network.component[source], network.component[target])]
    if stranded.size:
        raise ValueError(
            f"No path leads from minimum {network.ids[stranded[0]]} of the source to the target."
        )
    rng = np.random.default_rng(seed)
    start, neighbours, log_probabilities, log_total = network.branching()
    rows = np.searchsorted(start, np.arange(len(network) + 1))
    # One increasing list for all states: those of state a hold a + its cumulative probabilities.
    cumulative = np.cumsum(exponential(log_probabilities))
    first = np.concatenate([[0.0], cumulative])[rows]
    weights = network.equilibrium(network.ids[source])[source]
    at = rng.choice(source, size=trajectories, p=weights / weights.sum())
    log_times, steps = np.full(trajectories, -np.inf), np.zeros(trajectories, dtype=np.int64)
    is_target = np.zeros(len(network), dtype=bool)
    is_target[target] = True
    going = np.arange(trajectories)
    for _ in range(max_steps):
        states = at[going]
        waits = np.log(rng.exponential(size=len(going))) - log_total[states]
        log_times[going] = np.logaddexp(log_times[going], waits)
        steps[going] += 1
        low, high = first[states], first[states + 1]
        jump = np.searchsorted(cumulative, low + rng.random(len(going)) * (high - low), side="right")
        jump = np.clip(jump, rows[states], rows[states + 1] - 1)  # against the rounding of the sum
        at[going] = neighbours[jump]
        going = going[~is_target[at[going]]]
        if not going.size:
            break
    log_times[going] = np.nan
    return Trajectories(log_times, is_target[at], network.ids[at], steps)
