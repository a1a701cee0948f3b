"""Thermodynamics, occupation of the minima and peaks of the heat capacity over a range of temperatures."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractResult, to_json

from .._transition_network import TransitionNetwork, check_network
from ._heat_capacity_peaks import HeatCapacityPeak, heat_capacity_peaks
from ._shallow import shallow
from ._temperatures import at_each, temperature_grid
from ._thermodynamics import Convention, Thermodynamics, occupation, read_temperatures, thermodynamics


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TemperatureScan(AbstractResult):
    """Thermodynamics over temperatures, and the peaks of the heat capacity.

    - `thermodynamics`: one row per temperature; NaN where a temperature could not be computed.
    - `shallow`: occupation of the minima with barriers below kT, 0 to 1, shape (temperatures,); where it is
        large, the harmonic approximation does not hold.
    - `occupation`: equilibrium occupation of every minimum, shape (temperatures, n).
    - `ids`: ids of the minima, shape (n,).
    - `peaks`: all peaks of the heat capacity by increasing temperature, also those outside the range of the
        temperatures.
    - `errors`: for each temperature the reason why it could not be computed, None where it could.
    """

    thermodynamics: Thermodynamics
    shallow: np.ndarray
    occupation: np.ndarray
    ids: np.ndarray
    peaks: list[HeatCapacityPeak]
    errors: list[str | None]

    def __len__(self) -> int:
        """Return the number of temperatures."""
        return len(self.thermodynamics)

    @property
    def kt(self) -> np.ndarray:
        """The temperatures, loss units, shape (temperatures,)."""
        return self.thermodynamics.kt

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per temperature."""
        own = {"shallow": self.shallow, "error": np.array(self.errors, dtype=object)}
        return self.thermodynamics.to_columns() | own

    def to_dict(self) -> dict[str, Any]:
        """Return the columns, the occupation of every minimum, and the peaks, by name."""
        return to_json(
            {
                **self.to_columns(),
                "occupation": self.occupation,
                "convention": self.thermodynamics.convention,
                "modes": self.thermodynamics.modes,
                "peaks": self.peaks,
            }
        )


def temperature_scan(
    network: TransitionNetwork, kt: ArrayLike | None = None, *, convention: Convention = "vibrational"
) -> TemperatureScan:
    """Compute thermodynamics and occupation over temperatures, and the peaks of the heat capacity.

    A temperature at which nothing can be computed has a row of NaN, and its reason in `errors`.

    **Arguments:**

    - `network`: energies, log-products and orbit sizes of the minima; modes or None.
    - `kt`: temperatures, loss units, shape (temperatures,) or one number; default the 25 temperatures of
        `temperature_grid`, over which the occupation of the minima changes.
    - `convention`: as for `thermodynamics`.

    **Returns:** `TemperatureScan`.

    **Raises:** `ValueError` if no temperature can be computed, and as `thermodynamics`.
    """
    check_network(network)
    kt = temperature_grid(network) if kt is None else np.atleast_1d(read_temperatures(kt))
    _, errors = at_each(kt, lambda t: thermodynamics(network, t, convention=convention))
    good = np.array([error is None for error in errors])
    found = thermodynamics(network, kt[good], convention=convention)
    arrays = {name: _spread(values, good) for name, values in found.to_columns().items()}
    return TemperatureScan(
        thermodynamics=dataclasses.replace(found, **arrays | {"kt": kt}),
        shallow=_spread(shallow(network, kt[good]).occupation, good),
        occupation=_spread(occupation(network, kt[good]), good),
        ids=network.ids,
        peaks=heat_capacity_peaks(network, convention=convention),
        errors=errors,
    )


def _spread(values: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Return rows for all temperatures, given those of the good ones; the others are NaN."""
    spread = np.full((len(good), *values.shape[1:]), np.nan)
    spread[good] = values
    return spread
