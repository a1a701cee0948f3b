"""Minima and transition states on bounds: thermodynamics and rates against integrals of exp(-E/kT)."""

import numpy as np
import pytest
import scipy.integrate
from test_thermodynamics import random_minima

from lossatlas.analysis import (
    TransitionNetwork,
    heat_capacity_peaks,
    occupation,
    rate_network,
    temperature_range,
    thermodynamics,
)


def line(x):
    """E = x (x - 2)^2 for x >= 0: a minimum at the bound with slope 4, another one of curvature 4 at 2."""
    return x * (x - 2) ** 2


LINE = TransitionNetwork(
    energies=[0.0, 0.0],
    ts_energies=[32 / 27],
    ts_minima=[[0, 1]],
    log_products=[0.0, np.log(4)],
    ts_log_products=[0.0],
    held=[1, 0],
    log_slopes=[np.log(4), 0.0],
    modes=1,
)


def face(x, y):
    """E = (x^2 - 1)^2 + x/4 + (1 + 0.3 x) y + y^2 for y >= 0, with all its stationary points at y = 0."""
    return (x**2 - 1) ** 2 + 0.25 * x + (1 + 0.3 * x) * y + y**2


X = np.sort(np.roots([4.0, 0.0, -4.0, 0.25]).real)  # where the slope along the face vanishes
CURVATURES, SLOPES = 12 * X**2 - 4, 1 + 0.3 * X
FACE = TransitionNetwork(
    energies=face(X[[0, 2]], 0.0),
    ts_energies=face(X[[1]], 0.0),
    ts_minima=[[0, 1]],
    log_products=np.log(CURVATURES[[0, 2]]),
    ts_log_products=[0.0],
    held=[1, 1],
    ts_held=[1],
    log_slopes=np.log(SLOPES[[0, 2]]),
    ts_log_slopes=np.log(SLOPES[[1]]),
    modes=2,
)


def integral(values, *grids):
    for grid in reversed(grids):
        values = scipy.integrate.simpson(values, x=grid)
    return values


def of_line(kt):
    """Return the integral over each well, and over the line that divides them (here a point)."""
    wells = [np.linspace(low, high, 20001) for low, high in ((0.0, 2 / 3), (2 / 3, 4.0))]
    return [integral(np.exp(-line(x) / kt), x) for x in wells], np.exp(-32 / 27 / kt)


def of_face(kt):
    y = np.linspace(0.0, 1.0, 2001)
    wells = [np.linspace(low, high, 1001) for low, high in ((-2.0, X[1]), (X[1], 2.0))]
    areas = [integral(np.exp(-face(x[:, None], y) / kt), x, y) for x in wells]
    return areas, integral(np.exp(-face(X[1], y) / kt), y)


@pytest.mark.parametrize("network, exact", [(LINE, of_line), (FACE, of_face)], ids=["line", "face"])
def test_partition_functions_occupations_and_rates_are_integrals(network, exact):
    """All errors are of the next order in kT, so that they halve with kT."""
    errors = []
    for kt in (0.01, 0.005):
        wells, crossing = exact(kt)
        z = np.exp(thermodynamics(network, kt, convention="configurational").log_partition[0])
        rates = np.sqrt(kt / (2 * np.pi)) * crossing / np.array(wells)
        ours = rate_network(network, kt).rates()
        ratios = [z / np.sum(wells), *(occupation(network, kt)[0] / (wells / np.sum(wells)))]
        ratios += [ours[0, 1] / rates[0], ours[1, 0] / rates[1]]
        errors.append(np.abs(np.array(ratios) - 1))
    assert errors[0].max() < 0.06 and (errors[1] < 0.6 * errors[0] + 1e-9).all(), errors


def test_energies_and_heat_capacities_are_derivatives_of_the_partition_function():
    network = random_minima(12, seed=3)
    held = np.arange(12) % 4
    slopes = np.random.default_rng(0).normal(size=12) * held
    network = TransitionNetwork(**{**vars(network), "held": held, "log_slopes": slopes})
    ends = temperature_range(network)
    assert ends is not None
    kt = np.geomspace(*ends, 40001)
    for convention in ("vibrational", "configurational"):
        found = thermodynamics(network, kt, convention=convention)
        by = lambda values: np.gradient(values, kt)[1:-1]
        np.testing.assert_allclose(
            (kt**2)[1:-1] * by(found.log_partition), found.mean_energy[1:-1], rtol=1e-5, atol=1e-6
        )
        np.testing.assert_allclose(by(found.mean_energy), found.heat_capacity[1:-1], rtol=1e-5)
        np.testing.assert_allclose(
            found.free_energy, found.mean_energy - kt * found.entropy, rtol=1e-9, atol=1e-9
        )
        rises = np.diff(found.heat_capacity) > 0
        tops = kt[1:-1][rises[:-1] & ~rises[1:]]
        peaks = heat_capacity_peaks(network, convention=convention)
        np.testing.assert_allclose([peak.kt for peak in peaks], tops, rtol=1e-3)
        for peak in peaks:
            at = thermodynamics(network, peak.kt, convention=convention).heat_capacity[0]
            assert peak.height == pytest.approx(at, rel=1e-9)
            p = occupation(network, peak.kt)[0]
            assert peak.contribution.sum() + p @ held / 2 == pytest.approx(peak.excess, rel=1e-9)


@pytest.mark.parametrize("changes, sentence", [
    ({"held": [1]}, r"`held` must have shape \(2,\)"),
    ({"held": [-1, 0]}, "`held` must not be negative"),
    ({"log_slopes": [0.0]}, r"`log_slopes` must have shape \(2,\)"),
])  # fmt: skip
def test_numbers_of_held_variables_that_are_none(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        TransitionNetwork(**{**vars(LINE), **changes})


def test_a_slope_that_is_not_known_is_refused():
    network = TransitionNetwork(**{**vars(LINE), "log_slopes": [np.nan, 0.0]})
    with pytest.raises(ValueError, match="The slope at its bounds is not known .* for 1 of 2 minima"):
        thermodynamics(network, 0.1)
