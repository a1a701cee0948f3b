"""Thermodynamics of a landscape from its minima: the harmonic superposition approximation."""

import copy
import dataclasses
import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import root_scalar

from lossatlas._abstract_result import AbstractRows
from lossatlas._checks import as_numbers

from .._transition_network import TransitionNetwork, check_network


Convention = Literal["vibrational", "configurational"]
SAME_LEVEL = 1e-9  # tolerance within which two points count as equal in energy
_COLDEST, _HOTTEST = 1e-300, 1e300  # temperatures beyond these lead out of the range of floats
_BLOCK = 2**21  # numbers in one array over temperatures and minima: 16 MiB
_FARTHEST = 1e150  # E/kT is cut here: such a minimum is empty, and the square is still a float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Thermodynamics(AbstractRows):
    """Thermodynamic functions at several temperatures; all energies in loss units, k_B = 1.

    - `kt`: the temperatures; this and all columns below have shape (temperatures,).
    - `log_partition`: ln Z, dimensionless.
    - `free_energy`: F = -kT ln Z.
    - `mean_energy`: U.
    - `entropy`: S = (U - F) / kT, dimensionless.
    - `heat_capacity`: C_V = dU/dkT, dimensionless.
    - `shannon_entropy`: -sum_a p_a ln p_a over the minima, dimensionless.
    - `convention`: `vibrational` or `configurational`.
    - `modes`: kappa, the number of non-zero eigenvalues at a minimum. None if it is not known; everything
        is then computed with kappa = 0, so that U and C_V lack their constant parts (c kT and c in
        `thermodynamics`).
    - `lowest`: number of minima in the sum.
    """

    kt: np.ndarray
    log_partition: np.ndarray
    free_energy: np.ndarray
    mean_energy: np.ndarray
    entropy: np.ndarray
    heat_capacity: np.ndarray
    shannon_entropy: np.ndarray
    convention: Convention
    modes: int | None
    lowest: int


def thermodynamics(
    network: TransitionNetwork,
    kt: ArrayLike,
    *,
    convention: Convention = "vibrational",
    lowest: int | None = None,
) -> Thermodynamics:
    """Compute thermodynamic functions by harmonic superposition of the minima.

    With n_a the orbit size of minimum a, E_a its energy, kappa = `network.modes` and mu its non-zero
    eigenvalues, Z = sum_a n_a exp(-E_a/kT) (2 pi kT)^c / prod sqrt(mu), where c = kappa with the
    vibrational convention (kinetic and potential part, h = 1) and kappa/2 with the configurational one.
    From p_a = Z_a / Z follow U = c kT + <E> and C_V = c + <(E - <E>)^2> / kT^2, where <> is the average
    over p_a. A variable that a bound holds against a slope g has the factor kT/g in place of
    sqrt(2 pi kT / mu). With h_a such variables, E_a + h_a kT/2 takes the place of E_a in U and in the
    fluctuations, and C_V also has the term <h>/2. Everything is computed in logarithms and from energies
    above the lowest one, so that no digits are lost at low kT.

    The occupations p_a, one for every temperature and minimum, come from `occupation`.

    **Arguments:**

    - `network`: energies, log-products and orbit sizes of the minima; modes or None.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number.
    - `convention`: `vibrational` or `configurational`.
    - `lowest`: number m of minima in a partial sum over the m minima of lowest energy; default all.

    **Returns:** `Thermodynamics`.

    **Raises:** `ValueError` for temperatures that are not positive, an unknown convention, m outside 1 to
    the number of minima, and minima whose log-product or orbit size is not known.

    Source: F. H. Stillinger & T. A. Weber, Phys. Rev. A 25, 978 (1982), doi:10.1103/PhysRevA.25.978; D. J.
    Wales, Energy Landscapes, Cambridge University Press (2003), doi:10.1017/CBO9780511721724.
    """
    kt, constant = check_temperatures(kt), constant_part(network, convention)
    sums = Superposition(network, lowest)
    moments = sums.moments(kt)
    log_sum = constant * np.log(2 * math.pi * kt) + moments.log_sum
    return Thermodynamics(
        kt=kt,
        log_partition=log_sum - sums.offset / kt,
        free_energy=sums.offset - kt * log_sum,
        mean_energy=sums.offset + kt * (moments.mean + constant),
        entropy=log_sum + moments.mean + constant,
        heat_capacity=moments.excess + constant,
        shannon_entropy=moments.shannon,
        convention=convention,
        modes=network.modes,
        lowest=len(sums.chosen),
    )


def occupation(network: TransitionNetwork, kt: ArrayLike, *, minima: ArrayLike | None = None) -> np.ndarray:
    """Return the equilibrium occupation p_a = Z_a / Z of the minima, the same in both conventions.

    **Arguments:**

    - `network`, `kt`: as in `thermodynamics`.
    - `minima`: ids of the minima whose occupation is returned; default all.

    **Returns:** p, shape (temperatures, minima); the row of a temperature adds up to 1 over all minima.

    **Raises:** `ValueError` for ids that no minimum has, and as `thermodynamics`.
    """
    kt, sums = check_temperatures(kt), Superposition(network)
    chosen = slice(None) if minima is None else network.positions(minima)
    return np.concatenate([p[:, chosen] for _, _, p, _ in sums.blocks(kt)])


def temperature_range(network: TransitionNetwork) -> tuple[float, float] | None:
    """Return the two temperatures between which the occupation of the minima changes.

    Below the first, the minima above the lowest energy hold less than 1e-4 of the occupation that they
    have at infinite temperature. At the second, the mean energy of the minima has risen 95 % of the way
    from the lowest energy to its value at infinite temperature. Variables held at bounds count as at the
    temperature of the largest energy difference.

    **Arguments:**

    - `network`: energies, log-products and orbit sizes of the minima.

    **Returns:** two temperatures, loss units; None if all minima that are ever occupied have one energy.

    **Raises:** `ValueError` for minima whose log-product or orbit size is not known.
    """
    sums = Superposition(network)
    if sums.energies.any():
        sums = sums.frozen(sums.energies.max())
    excited = sums.energies > SAME_LEVEL * max(1.0, abs(sums.offset))
    weights = np.exp(sums.log_weights - sums.log_weights.max())
    above, mean = weights[excited].sum(), weights @ sums.energies
    if not above * mean > 0:
        return None
    above, mean = above / weights.sum(), mean / weights.sum()

    def held(log_kt: float) -> float:  # negative below the first temperature
        _, _, p, _ = next(sums.blocks(np.exp([log_kt])))
        return float(p[0, excited].sum() - 1e-4 * above)

    def risen(log_kt: float) -> float:  # negative below the second
        _, _, p, _ = next(sums.blocks(np.exp([log_kt])))
        return float(p[0] @ sums.energies - 0.95 * mean)

    start = math.log(sums.energies.max())
    low, high = (_root(function, start) for function in (held, risen))
    return math.exp(low), math.exp(high)


def _root(function, start: float) -> float:
    """Return where an increasing function, negative at the left and positive at the right, is zero."""
    low = high = start
    while function(low) >= 0:
        low -= 2.0
    while function(high) <= 0:
        high += 2.0
    return root_scalar(function, bracket=(low, high), xtol=1e-6).root


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Averages over the minima, without the constant part c; shape (temperatures,) each.

    - `log_sum`: ln of the sum of the Boltzmann weights, with energies above the lowest one.
    - `mean`: mean of y = (E - E_lowest) / kT + h/2, with h variables held at bounds.
    - `excess`: C_V, <(y - <y>)^2> + <h>/2.
    - `slope`: dC_V / d ln kT.
    - `shannon`: -sum p ln p.
    """

    log_sum: np.ndarray
    mean: np.ndarray
    excess: np.ndarray
    slope: np.ndarray
    shannon: np.ndarray


class Superposition:
    """The minima as states with Boltzmann weights n_a / prod sqrt(mu) exp(-E_a / kT).

    A variable held at a bound with slope g has the factor sqrt(kT / 2 pi) / g in place of 1 / sqrt(mu).

    - `chosen`: positions of the minima in the sum; a partial sum has them by increasing energy.
    - `ids`: ids of these minima.
    - `offset`: the lowest energy, loss units.
    - `energies`: energies of the minima above the lowest one, shape (minima,), loss units.
    - `log_weights`: ln(n_a / (prod sqrt(mu) prod g)), shape (minima,).
    - `half_held`: half the number of variables held at bounds, shape (minima,).
    """

    def __init__(self, network: TransitionNetwork, lowest: int | None = None):
        check_network(network)
        network.check_harmonic()
        n = len(network)
        if lowest is not None and not 1 <= lowest <= n:
            raise ValueError(f"`lowest` must be 1 to {n}, the number of minima, got {lowest}.")
        order = np.argsort(network.energies, kind="stable")
        self.chosen = np.arange(n) if lowest is None else order[:lowest]
        self.ids = network.ids[self.chosen]
        self.offset = float(network.energies[order[0]])
        self.energies = network.energies[self.chosen] - self.offset
        weights = network.log_orbit_sizes - 0.5 * network.log_products - network.log_slopes
        self.log_weights, self.half_held = weights[self.chosen], 0.5 * network.held[self.chosen]

    def frozen(self, kt: float) -> "Superposition":
        """Return the same sum with the factors of held variables as at one temperature."""
        other = copy.copy(self)
        other.log_weights = self.log_weights + self.half_held * math.log(kt / (2 * math.pi))
        other.half_held = np.zeros_like(self.half_held)
        return other

    def blocks(self, kt: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield (E - E_lowest)/kT, ln p, p and ln of the sum for one block of temperatures at a time."""
        size = max(1, _BLOCK // len(self.energies))
        for part in np.split(kt, range(size, len(kt), size)):
            with np.errstate(over="ignore"):
                x = np.minimum(self.energies / part[:, None], _FARTHEST)
            log_p = self.log_weights - x + self.half_held * np.log(part / (2 * math.pi))[:, None]
            top = log_p.max(axis=1, keepdims=True)
            log_p -= top
            p = np.exp(log_p)
            total = p.sum(axis=1, keepdims=True)
            yield x, log_p - np.log(total), p / total, (top + np.log(total))[:, 0]

    def moments(self, kt: np.ndarray) -> Moments:
        """Return the averages at temperatures `kt`, shape (temperatures,)."""
        rows, half = [], self.half_held
        for x, log_p, p, log_sum in self.blocks(kt):
            y = x + half
            mean = (p * y).sum(axis=1)
            y -= mean[:, None]
            squares = p * y * y
            variance, third = squares.sum(axis=1), (squares * y).sum(axis=1)
            slope = third - 2 * variance + 3 * (p * y) @ half
            rows.append((log_sum, mean, variance + p @ half, slope, -(p * log_p).sum(axis=1)))
        return Moments(*(np.concatenate(column) for column in zip(*rows)))


def constant_part(network: TransitionNetwork, convention: str) -> float:
    """Return c of (2 pi kT)^c: the part of C_V that is the same for all minima."""
    check_network(network)
    if convention not in ("vibrational", "configurational"):
        raise ValueError(f"`convention` must be vibrational or configurational, got {convention!r}.")
    return (network.modes or 0) * (1.0 if convention == "vibrational" else 0.5)


def read_temperatures(kt: ArrayLike) -> np.ndarray:
    """Return temperatures as an array of floats; raises `ValueError` for what is not numbers."""
    return as_numbers("kt", kt)


def check_temperatures(kt: ArrayLike) -> np.ndarray:
    """Return temperatures as a vector of floats; raises `ValueError` unless all are positive and finite."""
    values = np.atleast_1d(read_temperatures(kt))
    if values.ndim != 1 or not values.size:
        raise ValueError(f"`kt` must be a vector of at least one temperature, got shape {values.shape}.")
    bad = values[~(np.isfinite(values) & (values > 0))]
    if bad.size:
        raise ValueError(f"`kt` must be positive and finite, got {bad[0]}.")
    bad = values[(values < _COLDEST) | (values > _HOTTEST)]
    if bad.size:
        raise ValueError(f"`kt` must be from {_COLDEST:g} to {_HOTTEST:g}, got {bad[0]}.")
    return values
