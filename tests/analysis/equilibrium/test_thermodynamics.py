"""Superposition thermodynamics against closed forms, 60-digit arithmetic and automatic derivatives."""

import dataclasses

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.special import logsumexp

from lossatlas.analysis import (
    TransitionNetwork,
    occupation,
    temperature_range,
    thermodynamics,
)
from lossatlas.analysis.equilibrium import _thermodynamics


def minima(energies, log_products=None, log_orbit_sizes=None, modes=None):
    return TransitionNetwork(
        energies, [], np.zeros((0, 2), int), log_products, None, log_orbit_sizes, None, modes
    )


def random_minima(n, seed=0, modes=7):
    rng = np.random.default_rng(seed)
    return minima(rng.normal(size=n) - 3.0, rng.normal(0, 3, n), rng.normal(0, 1, n), modes)


def by_mpmath(network, kt, constant):
    """ln Z from its definition, and the rest by numerical differentiation of it with 60 digits."""
    with mpmath.workdps(60):

        def log_z(t):
            terms = [
                mpmath.exp(mpmath.mpf(n) - mpmath.mpf(product) / 2 - mpmath.mpf(energy) / t)
                for energy, product, n in zip(
                    network.energies, network.log_products, network.log_orbit_sizes
                )
            ]
            return mpmath.log(mpmath.fsum(terms)) + constant * mpmath.log(2 * mpmath.pi * t)

        t = mpmath.mpf(float(kt))
        energy = lambda t: t**2 * mpmath.diff(log_z, t, h=t * mpmath.mpf(10) ** -15)
        capacity = mpmath.diff(energy, t, h=t * mpmath.mpf(10) ** -12)
        return [float(v) for v in (log_z(t), -t * log_z(t), energy(t), log_z(t) + energy(t) / t, capacity)]


@pytest.mark.parametrize("convention, part", [("vibrational", 1.0), ("configurational", 0.5)])
def test_two_states(convention, part):
    gap, ratio, kt = 0.3, 2.5, np.geomspace(0.005, 50.0, 40)
    network = minima([-1.0, -1.0 + gap], [3.0, 3.0], np.log([2.0, 2.0 * ratio]), modes=5)
    x = gap / kt
    excited = ratio * np.exp(-x) / (1 + ratio * np.exp(-x))
    found = thermodynamics(network, kt, convention=convention)
    c = 5 * part
    np.testing.assert_allclose(found.heat_capacity, c + x**2 * excited * (1 - excited), rtol=1e-12)
    np.testing.assert_allclose(found.mean_energy, -1.0 + gap * excited + c * kt, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(occupation(network, kt), np.stack([1 - excited, excited], 1), rtol=1e-12)
    log_z = np.log(2 * (1 + ratio * np.exp(-x))) - 1.5 + c * np.log(2 * np.pi * kt)
    np.testing.assert_allclose(found.free_energy, -1.0 - kt * log_z, rtol=1e-12, atol=1e-12)
    assert (found.lowest, found.modes, found.convention) == (2, 5, convention)


@pytest.mark.parametrize("kt", [2e-3, 0.1, 1.0, 1e6])
def test_three_states_with_sixty_digits(kt):
    """At the lowest kT the excited states hold 1e-40 of the occupation, at the highest all is noise."""
    network = minima([-1000.0, -999.8, -999.0], [1.0, -3.0, 0.5], [0.7, 0.0, 2.0], modes=4)
    found = thermodynamics(network, kt)
    exact = by_mpmath(network, kt, 4)
    names = ("log_partition", "free_energy", "mean_energy", "entropy", "heat_capacity")
    for name, value in zip(names, exact):
        # Differences of given energies of -1000 are known to 1e-13 only.
        assert getattr(found, name)[0] == pytest.approx(value, rel=1e-12, abs=1e-12), name
    alone = dataclasses.replace(network, modes=None)
    excess = by_mpmath(alone, kt, 0)[-1]
    assert thermodynamics(alone, kt).heat_capacity[0] == pytest.approx(excess, rel=2e-10)


@pytest.mark.parametrize("convention", ["vibrational", "configurational"])
def test_derivatives_are_those_of_the_free_energy(convention):
    network, kt = random_minima(60), np.array([0.05, 0.3, 2.0, 40.0])
    c = 7 * (1.0 if convention == "vibrational" else 0.5)
    weights = network.log_orbit_sizes - network.log_products / 2

    def free_energy(t):
        log_sum = jax.scipy.special.logsumexp(weights - network.energies / t)
        return -t * (log_sum + c * jnp.log(2 * jnp.pi * t))

    entropy = jax.vmap(lambda t: -jax.grad(free_energy)(t))(kt)
    capacity = jax.vmap(lambda t: -t * jax.grad(jax.grad(free_energy))(t))(kt)
    found = thermodynamics(network, kt, convention=convention)
    np.testing.assert_allclose(found.free_energy, jax.vmap(free_energy)(kt), rtol=1e-12)
    np.testing.assert_allclose(found.entropy, entropy, rtol=1e-11)
    np.testing.assert_allclose(found.mean_energy, found.free_energy + kt * entropy, rtol=1e-11)
    np.testing.assert_allclose(found.heat_capacity, capacity, rtol=1e-10)


def test_occupation_and_shannon_entropy():
    network, kt = random_minima(30, seed=1), np.array([0.1, 1.0])
    logs = network.log_orbit_sizes - network.log_products / 2 - network.energies / kt[:, None]
    p = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    np.testing.assert_allclose(occupation(network, kt), p, rtol=1e-12)
    shannon = thermodynamics(network, kt).shannon_entropy
    np.testing.assert_allclose(shannon, -(p * np.log(p)).sum(axis=1), rtol=1e-12)
    equal = minima(np.zeros(9))
    np.testing.assert_allclose(thermodynamics(equal, 1.0).shannon_entropy, [np.log(9)], rtol=1e-14)


def test_partial_sums_are_those_of_the_lowest_minima():
    network, kt = random_minima(20), np.array([0.2, 1.0])
    chosen = np.argsort(network.energies)[:6]
    part = minima(
        network.energies[chosen], network.log_products[chosen], network.log_orbit_sizes[chosen], modes=7
    )
    found, expected = (
        thermodynamics(net, kt, **options).to_columns()
        for net, options in ((network, {"lowest": 6}), (part, {}))
    )
    for name in found:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-14)
    every = thermodynamics(network, kt, lowest=20).heat_capacity
    np.testing.assert_allclose(every, thermodynamics(network, kt).heat_capacity, rtol=1e-13)


def test_unknown_modes_leave_the_constant_part_out():
    kt = np.array([0.1, 3.0])
    known, unknown = (thermodynamics(random_minima(5, modes=modes), kt) for modes in (7, None))
    assert unknown.modes is None
    np.testing.assert_allclose(known.heat_capacity - unknown.heat_capacity, 7.0, rtol=1e-12)
    np.testing.assert_allclose(known.mean_energy - unknown.mean_energy, 7 * kt, rtol=1e-12)
    difference = known.log_partition - unknown.log_partition
    np.testing.assert_allclose(difference, 7 * np.log(2 * np.pi * kt), rtol=1e-12)


def test_coldest_and_hottest():
    """Below the smallest float of E/kT only the lowest minimum is left; there are no warnings."""
    network = minima([1.0, 2.0, 2.5], modes=1)
    found = thermodynamics(network, [1e-300, 1e300])
    np.testing.assert_allclose(found.heat_capacity, 1.0, rtol=1e-15)
    np.testing.assert_allclose(found.shannon_entropy, [0.0, np.log(3)], rtol=1e-14)
    np.testing.assert_array_equal(occupation(network, 1e-300), [[1.0, 0.0, 0.0]])


def test_blocks_change_nothing(monkeypatch):
    network, kt = random_minima(10), np.geomspace(0.01, 10, 23)
    whole, p = thermodynamics(network, kt).to_columns(), occupation(network, kt)
    monkeypatch.setattr(_thermodynamics, "_BLOCK", 40)
    for name, values in thermodynamics(network, kt).to_columns().items():
        np.testing.assert_array_equal(values, whole[name])
    np.testing.assert_array_equal(occupation(network, kt), p)


def test_dataframe_has_a_row_per_temperature():
    frame = thermodynamics(random_minima(3), [0.1, 0.2]).to_dataframe()
    assert frame.shape == (2, 7)
    assert frame["kt"].tolist() == [0.1, 0.2]


def test_temperature_range_holds_what_happens():
    network = random_minima(40, seed=2)
    found = temperature_range(network)
    assert found is not None
    low, high = found
    weights = np.exp(network.log_orbit_sizes - network.log_products / 2)
    weights, ground = weights / weights.sum(), np.argmin(network.energies)
    excited = 1 - occupation(network, low)[0, ground]
    assert excited == pytest.approx(1e-4 * (1 - weights[ground]), rel=1e-3)
    above = network.energies - network.energies.min()
    assert occupation(network, high)[0] @ above == pytest.approx(0.95 * weights @ above, rel=1e-5)
    assert temperature_range(minima([1.0, 1.0 + 1e-12])) is None
    assert temperature_range(minima([1.0, 2.0], [0.0, 5000.0])) is None


@pytest.mark.parametrize(
    "kt, options, message",
    [
        (0.0, {}, "`kt` must be positive and finite, got 0.0"),
        ([1.0, -1.0], {}, "`kt` must be positive and finite, got -1.0"),
        ([np.nan], {}, "`kt` must be positive"),
        ([], {}, "`kt` must be a vector of at least one"),
        ([[1.0]], {}, "`kt` must be a vector"),
        (1.0, {"convention": "quantum"}, "`convention` must be vibrational or configurational"),
        (1.0, {"lowest": 0}, "`lowest` must be 1 to 3"),
        (1.0, {"lowest": 4}, "`lowest` must be 1 to 3"),
    ],
)
def test_mistakes(kt, options, message):
    with pytest.raises(ValueError, match=message):
        thermodynamics(random_minima(3), kt, **options)


def test_degenerate_minimum_is_refused():
    with pytest.raises(ValueError, match="log-product .* not known .* number 1"):
        thermodynamics(minima([0.0, 1.0], [0.0, -np.inf]), 1.0)


@pytest.mark.slow
def test_two_hundred_thousand_minima():
    network = random_minima(193_036)
    found = thermodynamics(network, np.geomspace(0.01, 10, 200))
    assert np.isfinite(found.heat_capacity).all()
