"""Rate constants between neighbouring minima of a transition network at one temperature."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_is
from lossatlas._graph import Graph

from .._ids import check_ids, positions_of_set
from .._transition_network import TransitionNetwork, check_network
from ..equilibrium._thermodynamics import check_temperatures, read_temperatures


_FARTHEST = 1e300  # largest energy difference over kT


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RateNetwork(AbstractResult):
    """Rates at one temperature, as a reversible Markov chain in continuous time: the input of kinetics.

    The rate from state a to b is k_ab = C_ab / Z_a. The equilibrium weight Z_a is the occupation
    probability of a up to a common factor, and C_ab = C_ba is the conductance of the pair. Both are stored
    as logarithms, because at low temperature they leave the range of floats.

    - `kt`: temperature, loss units.
    - `base`: energy that is the zero of energy in weights and conductances, loss units.
    - `log_weights`: ln Z_a, shape (n,).
    - `pairs`: positions (a, b) of joined states with a < b, sorted, each once, shape (edges, 2).
    - `log_conductances`: ln C_ab, shape (edges,); rates are in sqrt(loss units) / parameter units.
    - `ids`: ids of the states, those of the minima; default their positions; shape (n,).
    """

    kt: float
    base: float
    log_weights: np.ndarray
    pairs: np.ndarray
    log_conductances: np.ndarray
    ids: np.ndarray = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self):
        object.__setattr__(self, "ids", check_ids(self.ids, len(self.log_weights)))

    def __len__(self) -> int:
        """Return the number of states."""
        return len(self.log_weights)

    @functools.cached_property
    def component(self) -> np.ndarray:
        """Number of the connected component of every state, 0, 1, ..., shape (n,)."""
        return Graph(len(self), self.pairs, self.log_conductances).components

    def equilibrium(self, states) -> np.ndarray:
        """Return equilibrium probabilities within a set of states (ids), 0 outside it, shape (n,)."""
        return exponential(self.log_equilibrium(states))

    def log_equilibrium(self, states) -> np.ndarray:
        """Return ln of the probabilities of `equilibrium`, -inf outside the set, shape (n,)."""
        states = positions_of_set(states, self.ids, "states")
        logs = np.full(len(self), -np.inf)
        weights = self.log_weights[states] - self.log_weights[states].max()
        logs[states] = weights - np.log(exponential(weights).sum())
        return logs

    @property
    def occupation(self) -> np.ndarray:
        """Equilibrium occupation probabilities of all states, shape (n,)."""
        return self.equilibrium(self.ids)

    def directed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, for every rate, the positions from and to, and ln k, sorted; shape (2 edges,) each."""
        start, end = np.concatenate([self.pairs, self.pairs[:, ::-1]]).T
        log_rates = np.tile(self.log_conductances, 2) - self.log_weights[start]
        order = np.lexsort((end, start))
        return start[order], end[order], log_rates[order]

    def branching(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the branching probabilities of all jumps, and the total rates out of the states.

        **Returns:** positions from, positions to and ln of the branching probability, shape (2 edges,)
        each, sorted by from and to; ln of the total rate out of every state, shape (n,).
        """
        start, end, log_rates = self.directed()
        log_total = np.full(len(self), -np.inf)
        np.logaddexp.at(log_total, start, log_rates)
        return start, end, np.minimum(log_rates - log_total[start], 0.0), log_total

    def rates(self) -> csr_array:
        """Return k_ab from state a (row) to b (column), shape (n, n); 0 on the diagonal.

        Rates beyond the range of doubles are 0 or infinite here; `directed` has their logarithms.
        """
        start, end, log_rates = self.directed()
        return csr_array((exponential(log_rates), (start, end)), shape=(len(self), len(self)))

    @property
    def raised(self) -> np.ndarray:
        """Ids of the states whose free energy exceeds that of one of their transition states.

        Transition state theory excludes this, but its harmonic form does not; the harmonic approximation
        does not hold there.
        """
        states, heights = self.free_energies()
        above = [side[heights < states[side]] for side in self.pairs.T]
        return self.ids[np.unique(np.concatenate(above))]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per state."""
        columns = {"id": self.ids, "log_weight": self.log_weights, "free_energy": self.free_energies()[0]}
        return columns | {"component": self.component}

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name; `pairs` holds ids."""
        return super().to_dict() | {"pairs": self.ids[self.pairs].tolist()}

    def free_energies(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the free energies of the states, and of the transition states of every pair.

        F_a = -kT ln Z_a and F_ab = -kT ln(C_ab / kT), so that k_ab = kT exp(-(F_ab - F_a) / kT) with
        Planck's constant 1, as in transition state theory. The constant common to all, -kT modes
        ln(2 pi kT), is left out.

        **Returns:** shapes (n,) and (edges,), loss units.
        """
        states = self.base - self.kt * self.log_weights
        return states, self.base + self.kt * (math.log(self.kt) - self.log_conductances)


def rate_network(network: TransitionNetwork, kt: float) -> RateNetwork:
    """Return the rates of harmonic transition state theory, for unit masses.

    Through one transition state, with orbit sizes n and eigenvalues mu,

        k_ab = n_ts / n_a 1/(2 pi) prod sqrt(mu_a) / prod sqrt(mu_ts, positive) exp(-(E_ts - E_a) / kT);

    The rates through several transition states of one pair add up; a transition state that joins a minimum
    to itself, or to an image of itself, gives no rate. Written as C_ab / Z_a with
    Z_a = n_a exp(-E_a / kT) / prod sqrt(mu_a), the conductance C_ab = C_ba depends on the transition states
    alone. A variable that a bound holds against a slope g has mu = 2 pi g^2 / kT, see
    `TransitionNetwork.log_products_at`: this is transition state theory with walls that reflect.

    **Arguments:**

    - `network`: the minima and transition states.
    - `kt`: temperature, loss units.

    **Returns:** `RateNetwork`, whose states are the minima, with their ids.

    **Raises:** `ValueError` for a temperature that is not positive, a network without a transition
    state between different minima, and log-products or orbit sizes that are not known.

    Source: D. J. Wales, Energy Landscapes (Cambridge University Press, 2003), section 7.2.
    """
    check_network(network)
    kt = check_temperature(kt)
    network.check_harmonic(transition_states=True)
    if np.all(network.ts_minima[:, 0] == network.ts_minima[:, 1]):
        raise ValueError("No transition state joins two different minima, so there are no rates.")
    with np.errstate(over="ignore"):
        largest = np.abs([np.ptp(network.energies), np.ptp(network.ts_energies)]).max() / kt
    if not largest < _FARTHEST:
        raise ValueError(
            "Energy differences over kT are beyond the range of floats, so there are no rates."
        )
    base = network.energies.min()  # without it, E / kT would lose the digits that matter
    log_weights = network.log_orbit_sizes - (network.energies - base) / kt
    log_weights -= 0.5 * network.log_products_at(kt)
    log_conductances = (
        network.ts_log_orbit_sizes
        - (network.ts_energies - base) / kt
        - 0.5 * network.log_products_at(kt, transition_states=True)
        - math.log(2 * math.pi)
    )
    return combine(kt, base, log_weights, network.ts_minima, log_conductances, network.ids)


def combine(kt: float, base: float, log_weights, pairs, log_conductances, ids: Any = None) -> RateNetwork:
    """Return a network with the conductances of equal pairs added up, without pairs of one state."""
    low, high = np.sort(pairs, axis=1).T.astype(np.int64)
    apart = low != high
    keys = (low * len(log_weights) + high)[apart]
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], log_conductances[apart][order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    summed = np.logaddexp.reduceat(values, first) if first.size else values
    pairs = np.stack(np.divmod(keys[first], len(log_weights)), axis=1)
    return RateNetwork(kt, float(base), log_weights, pairs, summed, ids)


def exponential(values) -> np.ndarray:
    """Return exp(values), which is infinite or 0 beyond the range of doubles."""
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(values)


def check_rates(network: Any) -> None:
    """Raise `ValueError` for anything but a `RateNetwork`."""
    check_is("network", network, RateNetwork, "a RateNetwork, as rate_network(network, kt) returns")


def check_temperature(kt: float) -> float:
    """Return one temperature as a float; raises `ValueError` unless it is a positive number."""
    value = read_temperatures(kt)
    if value.shape != () or not np.isfinite(value) or value <= 0:
        raise ValueError(f"`kt` must be a positive number, got {kt}.")
    return float(check_temperatures(value)[0])


def check_sets(source, target, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of two sets of states; raises `ValueError` if they are empty or overlap."""
    source, target = (
        positions_of_set(states, ids, name) for name, states in (("source", source), ("target", target))
    )
    common = np.intersect1d(source, target)
    if common.size:
        raise ValueError(f"`source` and `target` must not overlap; both name minimum {ids[common[0]]}.")
    return source, target
