"""Rates from one set of minima to another at several temperatures."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractResult, to_json
from lossatlas._checks import check_whole

from .._transition_network import TransitionNetwork, check_network
from ..equilibrium import at_each
from ..equilibrium._thermodynamics import read_temperatures
from ._fastest_paths import FastestPath, fastest_paths
from ._first_passage import NUMBERS, FirstPassage, first_passage
from ._kinetic_monte_carlo import Trajectories, kinetic_monte_carlo
from ._rate_network import RateNetwork, check_sets, rate_network


_LISTS = ("committor", "log_committor", "shares", "log_shares")  # arrays, which only `to_dict` returns
_DRAWN = {  # attributes of `Trajectories`, and their names in a row
    "mfpt": "monte_carlo_mfpt",
    "standard_error": "monte_carlo_error",
    "log_mfpt": "log_monte_carlo_mfpt",
    "relative_error": "monte_carlo_relative_error",
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RatesAt(AbstractResult):
    """Rates between two sets of minima at one temperature.

    - `rates`: the rates between neighbouring minima.
    - `passage`: first-passage times, committors and rate constants by graph transformation.
    - `paths`: the fastest paths, most probable first.
    - `trajectories`: kinetic Monte Carlo trajectories, an independent check; None where none were asked
        for, or where a minimum of the source has no path to the target.
    """

    rates: RateNetwork
    passage: FirstPassage
    paths: list[FastestPath]
    trajectories: Trajectories | None

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row: the temperature and the rates between the two sets."""
        numbers = _row(self)
        return {name: np.array([value]) for name, value in numbers.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the rates between the two sets, the numbers of every minimum, and the paths, by name."""
        lists = {"unconnected": self.passage.unconnected}
        lists |= {name: getattr(self.passage, name) for name in _LISTS}
        paths = [{"minima": path.states, "log_probability": path.log_probability} for path in self.paths]
        return to_json({**_row(self), **lists, "paths": paths})


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RateScan(AbstractResult):
    """Rates between two sets of minima at several temperatures.

    - `kt`: the temperatures, loss units, shape (temperatures,).
    - `source`, `target`: ids of the two sets.
    - `at`: the rates at each temperature, None where they could not be computed.
    - `errors`: for each temperature the reason why it could not be computed, None where it could.
    """

    kt: np.ndarray
    source: np.ndarray
    target: np.ndarray
    at: list[RatesAt | None]
    errors: list[str | None]

    def __len__(self) -> int:
        """Return the number of temperatures."""
        return len(self.kt)

    @property
    def computed(self) -> list[RatesAt]:
        """The rates at those temperatures that could be computed."""
        return [one for one in self.at if one is not None]

    def numbers(self, name: str) -> np.ndarray:
        """Return an attribute of `FirstPassage` at every temperature, NaN where it is missing."""
        return np.array([np.nan if one is None else getattr(one.passage, name) for one in self.at])

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per temperature, with the rates between the two sets."""
        rows = [{} if one is None else _row(one) for one in self.at]
        names = dict.fromkeys(name for row in rows for name in row if name != "kt")
        columns: dict[str, np.ndarray] = {"kt": self.kt}
        columns |= {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
        return columns | {"error": np.array(self.errors, dtype=object)}

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name; for several temperatures, each is a list over the temperatures."""
        found = [{} if one is None else one.to_dict() for one in self.at]
        names = dict.fromkeys(name for one in found for name in one)
        rows = [
            {**dict.fromkeys(names), **one, "kt": kt, "error": error}
            for kt, one, error in zip(self.kt.tolist(), found, self.errors)
        ]
        return rows[0] if len(rows) == 1 else {name: [row[name] for row in rows] for name in rows[0]}


def rate_scan(
    network: TransitionNetwork,
    kt: ArrayLike,
    source: ArrayLike,
    target: ArrayLike,
    *,
    paths: int = 0,
    trajectories: int = 0,
) -> RateScan:
    """Compute the rates from one set of minima to another at every temperature.

    If the computation fails at one temperature, the reason is kept in `errors`, and the others are still
    computed.

    **Arguments:**

    - `network`: the minima and transition states.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number.
    - `source`, `target`: two sets of minima without common members, as ids.
    - `paths`: number of fastest paths to find at each temperature; 0 for none.
    - `trajectories`: number of kinetic Monte Carlo trajectories at each temperature, an independent check;
        0 for none.

    **Returns:** `RateScan`.

    **Raises:** `ValueError` for bad sets, negative numbers of paths or trajectories, and if no temperature
    can be computed; see `rate_network`, `first_passage`, `fastest_paths` and `kinetic_monte_carlo`.
    """
    check_network(network)
    kt = np.atleast_1d(read_temperatures(kt))
    paths, drawn = check_whole("paths", paths, least=0), check_whole("trajectories", trajectories, least=0)
    sets = [network.ids[places] for places in check_sets(source, target, network.ids)]

    def compute(temperature: float) -> RatesAt:
        rates = rate_network(network, temperature)
        passage = first_passage(rates, *sets)
        connected = drawn and not len(passage.unconnected)
        return RatesAt(
            rates=rates,
            passage=passage,
            trajectories=kinetic_monte_carlo(rates, *sets, trajectories=drawn) if connected else None,
            paths=fastest_paths(rates, *sets, count=paths) if paths else [],
        )

    found, errors = at_each(kt, compute)
    return RateScan(kt, sets[0], sets[1], found, errors)


def _row(one: RatesAt) -> dict[str, float]:
    """Return the temperature and the rates between the two sets, by name."""
    row = {"kt": one.rates.kt}
    for name in NUMBERS:
        row |= {name: getattr(one.passage, name), f"log_{name}": getattr(one.passage, f"log_{name}")}
    if one.trajectories is not None:
        row |= {called: getattr(one.trajectories, name) for name, called in _DRAWN.items()}
    return row
