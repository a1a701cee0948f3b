"""Explorations between bounds and of periodic variables."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize

from lossatlas.analysis import occupation, thermodynamics, transition_network
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import FiniteSymmetry, Loss
from lossatlas.searches import census


def torsion(x):
    """The energy of two coupled torsion angles."""
    a, b = x[0], x[1]
    return 0.3 * jnp.cos(3 * a) + jnp.cos(2 * b) + jnp.cos(a - b) + 0.5 * jnp.cos(a)


def stationary_torsions() -> tuple[np.ndarray, np.ndarray]:
    """Return all stationary points of a cell, by Newton's method from a grid, and their indices."""
    gradient, hessian = jax.jit(jax.grad(torsion)), jax.jit(jax.hessian(torsion))
    found: list[np.ndarray] = []
    for start in itertools.product(np.linspace(0, 2 * np.pi, 25), repeat=2):
        end = scipy.optimize.root(gradient, start, jac=hessian, tol=1e-12)
        x = np.mod(end.x, 2 * np.pi)
        gaps = [np.abs(np.angle(np.exp(1j * (x - other)))).max() for other in found]
        if end.success and np.abs(gradient(x)).max() < 1e-9 and min(gaps, default=1) > 1e-6:
            found.append(x)
    points = np.array(found)
    return points, np.array([np.sum(np.linalg.eigvalsh(hessian(x)) < 0) for x in points])


def gap(x, others):
    """Return the largest distance of a point from the nearest of the others, shifts by periods left out."""
    turns = np.angle(np.exp(1j * (x[:, None] - others)))
    return np.abs(turns).max(axis=2).min(axis=1).max()


@pytest.mark.slow
def test_torsion_angles_have_six_minima_ten_transition_states_and_four_maxima_per_cell(tmp_path):
    points, index = stationary_torsions()
    assert np.bincount(index).tolist() == [6, 10, 4]
    loss = Loss(torsion, 2, periodic=2 * np.pi)
    counted = census(loss, workers=1)
    assert np.bincount(counted.index).tolist() == [6, 10, 4]
    assert gap(points, counted.x) < 1e-8
    with explore(loss, tmp_path / "t.atlas", budget=Budget(searches=500), workers=1) as atlas:
        minima, states = atlas.minima, atlas.transition_states
        assert len(minima) == 6 and len(states) == 10 and len(atlas.components) == 1
        assert gap(points[index == 0], minima.x) < 1e-8 and gap(points[index == 1], states.x) < 1e-8
        for x in (minima.x, states.x):
            assert np.all((x >= 0) & (x < 2 * np.pi))


@pytest.mark.slow
def test_a_minimum_of_a_ring_is_joined_to_itself(tmp_path):
    loss = Loss(lambda x: jnp.cos(x[0]), 1, periodic=2 * np.pi)
    with explore(loss, tmp_path / "r.atlas", budget=Budget(searches=300), workers=1) as atlas:
        np.testing.assert_allclose(atlas.minima.x, [[np.pi]])
        np.testing.assert_allclose(np.cos(atlas.transition_states.x), [[1.0]])
        assert atlas.transition_states.minima.tolist() == [[1, 1]]


@pytest.mark.slow
def test_periods_and_a_group_together(tmp_path):
    """cos(2 x) + cos(2 y), period 2 pi, exchanged and inverted: one minimum of four per cell."""
    swap = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
    group = FiniteSymmetry(swap, np.array([[1, 1], [1, 1], [-1, -1], [-1, -1]]))
    loss = Loss(lambda x: jnp.sum(jnp.cos(2 * x)), 2, periodic=2 * np.pi, symmetry=group)
    counted = census(loss, workers=1)
    assert counted.by_index == {0: 4, 1: 8, 2: 4} and counted.expected == 0


def tilted(x):
    return (x[0] ** 2 - 1) ** 2 + 0.3 * x[0] + (x[1] - 0.5 * x[0]) ** 2


def boltzmann(kt, low, high):
    """Return the integral of exp(-E/kT) over the box between two values of x, by Simpson's rule."""
    x, y = np.linspace(low, high, 801), np.linspace(-0.2, 0.3, 801)
    weights = np.exp(-np.asarray(tilted(np.stack(np.meshgrid(x, y, indexing="ij")))) / kt)
    return scipy.integrate.simpson(scipy.integrate.simpson(weights, x=y), x=x)


def test_minima_on_bounds_are_stored_with_what_thermodynamics_needs(tmp_path):
    """Two minima on bounds, each with one held variable, and a free transition state, by quadrature."""
    loss = Loss(tilted, 2, bounds=((-2.0, -0.2), (2.0, 0.3)))
    with explore(loss, tmp_path / "b.atlas", budget=Budget(searches=250), workers=1) as atlas:
        minima, states = atlas.minima, atlas.transition_states
        network = transition_network(atlas)
    assert minima.flag.tolist() == ["bound", "bound"] and states.flag.tolist() == [""]
    assert minima.held.tolist() == [1, 1] and states.held.tolist() == [0]
    order = np.argsort(minima.x[:, 0])
    assert minima.x[order, 1].tolist() == [-0.2, 0.3]
    # Along the bounds the slope of (x^2 - 1)^2 + 0.3 x + (y - x/2)^2 vanishes.
    for x, y in minima.x:
        assert 4 * x * (x**2 - 1) + 0.3 - (y - 0.5 * x) == pytest.approx(0, abs=1e-12)
    gap, found = states.x[0, 0], []
    for kt in (0.01, 0.005):
        wells = np.array([boltzmann(kt, -2.0, gap), boltzmann(kt, gap, 2.0)])[np.argsort(order)]
        z = np.exp(thermodynamics(network, kt, convention="configurational").log_partition[0])
        found.append([z / wells.sum(), *(occupation(network, kt)[0] / (wells / wells.sum()))])
    errors = np.abs(np.array(found) - 1)
    # What is left are the terms of the next order in kT, which halve with kT.
    assert errors[0].max() < 0.1 and (errors[1] < 0.65 * errors[0] + 1e-6).all(), errors
