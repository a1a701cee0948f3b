"""Peaks of the heat capacity, and the contributions of the minima to them."""

import dataclasses
import math
from typing import Any

import numpy as np
from scipy.optimize import root_scalar

from lossatlas._abstract_result import AbstractResult, to_json
from lossatlas._checks import check_number, check_positive

from .._transition_network import TransitionNetwork
from ._thermodynamics import (
    Convention,
    Superposition,
    check_temperatures,
    constant_part,
    temperature_range,
)


_STEPS = 200  # points of the first grid
_WITHIN = 0.01  # relative tolerance of height and position within which a partial sum has the peak
_SMOOTH = 1e-3  # error that the trapezium rule may make in one step, relative to the highest value


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class HeatCapacityPeak(AbstractResult):
    """A maximum of the heat capacity.

    - `kt`: temperature of the maximum, loss units.
    - `height`: C_V there, with its constant part, dimensionless.
    - `excess`: C_V there without the constant part, dimensionless.
    - `gain`: g_a = dp_a/dkT of every minimum, shape (minima,), inverse loss units; positive where a minimum
        gains occupation, negative where it loses it.
    - `contribution`: g_a (E_a - <E>), shape (minima,), dimensionless; no entry is negative. Their sum is
        `excess`, but for half the mean number of variables held at bounds.
    - `ids`: ids of the minima, shape (minima,).
    - `lowest`: the smallest number m such that the partial sums over the m lowest minima, and over any
        larger number of them, have this peak within 1 % of its position and of its `excess`.
    """

    kt: float
    height: float
    excess: float
    gain: np.ndarray
    contribution: np.ndarray
    ids: np.ndarray
    lowest: int

    def gaining(self, share: float = 0.99) -> np.ndarray:
        """Return the ids of the minima that gain occupation, largest contribution first.

        **Arguments:**

        - `share`: the fewest minima are returned that make up this share of the contribution of all gaining
            minima; above 0, up to 1.

        **Raises:** `ValueError` for another share.
        """
        return self._largest(self.gain > 0, share)

    def losing(self, share: float = 0.99) -> np.ndarray:
        """Return the ids of the minima that lose occupation; arguments as of `gaining`."""
        return self._largest(self.gain < 0, share)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        return {
            "id": self.ids,
            "gain": self.gain,
            "contribution": self.contribution,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return position and height of the peak, and the ids of the minima that gain and lose there."""
        return to_json(
            {
                "kt": self.kt,
                "heat_capacity": self.height,
                "lowest": self.lowest,
                "gaining": self.gaining(),
                "losing": self.losing(),
            }
        )

    def _largest(self, side: np.ndarray, share: float) -> np.ndarray:
        if not 0 < check_number("share", share) <= 1:
            raise ValueError(f"`share` must be above 0 and up to 1, got {share}.")
        numbers = np.flatnonzero(side)
        numbers = numbers[np.argsort(-self.contribution[numbers], kind="stable")]
        total = np.cumsum(self.contribution[numbers])
        return self.ids[
            numbers[: np.searchsorted(total, share * total[-1]) + 1] if len(numbers) else numbers
        ]


def heat_capacity_peaks(
    network: TransitionNetwork,
    *,
    low: float | None = None,
    high: float | None = None,
    convention: Convention = "vibrational",
) -> list[HeatCapacityPeak]:
    """Find the maxima of the heat capacity, and the contribution of every minimum to each.

    With x = (E - E_lowest)/kT, dC_V/d ln kT = <(x - <x>)^3> - 2 <(x - <x>)^2>; a maximum is where this
    goes through zero downwards. (Where bounds hold h variables, x has h/2 added to it, and the slope has
    the term 3 <(x - <x>) h/2>.) Its sign is taken on a grid that is refined until the trapezium rule
    agrees with the exact rise of <E> over every step, so that no narrow peak falls between two points;
    each root is then refined to rounding level. Shoulders, where C_V bends without a maximum, do not count
    as peaks.

    Because the g_a = dp_a/dkT = p_a (E_a - <E>)/kT^2 add up to zero, C_V - constant = sum_a g_a E_a for
    any zero of energy, but single terms depend on it. Here it is <E>, which makes every term positive:
    p_a (E_a - <E>)^2 / kT^2.

    **Arguments:**

    - `network`: energies, log-products and orbit sizes of the minima; modes or None.
    - `low`, `high`: temperatures to search between, loss units; default `temperature_range`.
    - `convention`: determines the constant part of C_V, as in `thermodynamics`; it moves no peak.

    **Returns:** the peaks by increasing temperature; none if all minima have one energy.

    **Raises:** `ValueError` for limits that are not positive or in the wrong order, and as
    `thermodynamics`.

    Source: D. J. Wales, Phys. Rev. E 95, 030105 (2017), doi:10.1103/PhysRevE.95.030105.
    """
    constant, sums = constant_part(network, convention), Superposition(network)
    given = {"low": low, "high": high}
    given = {name: check_positive(name, kt) for name, kt in given.items() if kt is not None}
    limits = temperature_range(network)
    if limits is None:
        return []
    ends = check_temperatures([given.get("low", limits[0]), given.get("high", limits[1])])
    if not ends[0] < ends[1]:
        raise ValueError(f"`low` must be below `high`, got {ends[0]} and {ends[1]}.")
    log_kt, slope = _grid(sums, *np.log(ends))
    peaks = []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        slope_at = lambda at: float(_slope(sums, np.array([at]))[0])
        root = root_scalar(slope_at, bracket=(log_kt[i], log_kt[i + 1]), xtol=1e-15).root
        peaks.append(_describe(sums, math.exp(root), constant))
    return peaks


def _slope(sums: Superposition, log_kt: np.ndarray) -> np.ndarray:
    """Return dC_V/d ln kT."""
    return sums.moments(np.exp(log_kt)).slope


def _grid(sums: Superposition, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ln kT on a grid that is fine where it has to be, and the slope of C_V there."""
    points = np.empty((4, 0))  # ln kT, <E>, C_V - constant, slope
    new = np.linspace(low, high, _STEPS)
    while new.size:
        moments = sums.moments(np.exp(new))
        found = np.stack([new, np.exp(new) * moments.mean, moments.excess, moments.slope])
        points = np.concatenate([points, found], axis=1)
        points = points[:, np.argsort(points[0])]
        at, energy, excess, _ = points
        widths = np.diff(np.exp(at))
        missed = np.abs(np.diff(energy) - 0.5 * (excess[1:] + excess[:-1]) * widths)
        coarse = (missed > _SMOOTH * excess.max() * widths) & (np.diff(at) > 1e-9)
        new = 0.5 * (at[1:] + at[:-1])[coarse]
    return points[0], points[3]


def _describe(sums: Superposition, kt: float, constant: float) -> HeatCapacityPeak:
    x, _, p, _ = next(sums.blocks(np.array([kt])))
    y = x[0] + sums.half_held
    shift = y - p[0] @ y
    gain = p[0] * shift / kt
    contribution = p[0] * shift**2
    excess = float(contribution.sum() + p[0] @ sums.half_held)
    return HeatCapacityPeak(
        kt=kt,
        height=excess + constant,
        excess=excess,
        gain=gain,
        contribution=contribution,
        ids=sums.ids,
        lowest=_lowest(sums, kt, excess),
    )


def _lowest(sums: Superposition, kt: float, excess: float) -> int:
    """Return the number m of lowest minima from which on all partial sums have the peak."""
    order = np.argsort(sums.energies, kind="stable")
    centre, _ = _partial_sums(sums, order, kt)
    _, before = _partial_sums(sums, order, (1 - _WITHIN) * kt)
    _, after = _partial_sums(sums, order, (1 + _WITHIN) * kt)
    has = (np.abs(centre - excess) <= _WITHIN * excess) & (before > 0) & (after < 0)
    last = int(np.flatnonzero(~has)[-1])  # one minimum alone has no peak
    return min(last + 2, len(order))


def _partial_sums(sums: Superposition, order: np.ndarray, kt: float) -> tuple[np.ndarray, np.ndarray]:
    """Return C_V - constant and its slope for the sums over the lowest 1, 2, 3, ... minima."""
    x, _, p, _ = next(sums.blocks(np.array([kt])))
    y, half = x[0] + sums.half_held, sums.half_held[order]
    y, p = (y - p[0] @ y)[order], p[0][order]  # measured from the mean, or cubes would cancel
    # The sum may underflow to zero, by which nothing can be divided.
    total = np.maximum(np.cumsum(p), np.finfo(float).tiny)
    first, second, third, held, mixed = (
        np.cumsum(p * factor) / total for factor in (y, y**2, y**3, half, y * half)
    )
    variance = second - first**2
    slope = third - 3 * first * second + 2 * first**3 - 2 * variance + 3 * (mixed - first * held)
    return variance + held, slope
