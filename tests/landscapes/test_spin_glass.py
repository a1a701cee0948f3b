"""Spin glasses against plain numpy and linear algebra."""

import itertools

import jax
import numpy as np
import pytest

import helpers
from lossatlas.landscapes import SpinGlass, spin_glass


LETTERS = "abcde"


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [2, 4])
def test_energy_matches_numpy(size, order):
    landscape = spin_glass(size, order=order, seed=7)
    coefficients = np.random.default_rng(7).standard_normal((size,) * order)
    turned = [np.transpose(coefficients, axes) for axes in itertools.permutations(range(order))]
    np.testing.assert_allclose(landscape.coefficients, np.mean(turned, axis=0), rtol=0, atol=1e-14)
    assert (landscape.dimension, landscape.order) == (size, order)
    for seed in range(5):
        w = np.asarray(landscape.sample(jax.random.key(seed)))
        assert w @ w == pytest.approx(size, rel=1e-14)
        terms = ",".join([LETTERS[:order], *LETTERS[:order]])
        known = size ** (-(order - 1) / 2) * np.einsum(terms, coefficients, *[w] * order)
        assert float(landscape.energy(w)) == pytest.approx(known, rel=1e-13, abs=1e-13)
        sign = (-1) ** order
        assert float(landscape.energy(-w)) == pytest.approx(sign * known, rel=1e-13, abs=1e-13)
    assert landscape.symmetry.order == (2 if order % 2 == 0 else 1)


@pytest.mark.parametrize(("size", "sum_"), [(2, 0), (3, 2), (4, 0), (5, 2)])
def test_morse_sum_is_the_euler_characteristic_of_the_sphere(size, sum_):
    assert spin_glass(size).morse_sum == sum_


def test_hessian_on_the_sphere_is_the_riemannian_one():
    landscape = spin_glass(helpers.SPINS, order=2)
    values, vectors = np.linalg.eigh(helpers.spin_matrix())
    for k in range(helpers.SPINS):
        w = np.sqrt(helpers.SPINS) * vectors[:, k]
        found = np.linalg.eigvalsh(helpers.derivatives(landscape, w)[2])
        radial = np.argmin(np.abs(found))
        known = helpers.spin_spectrum(k)
        np.testing.assert_allclose(np.delete(found, radial), known, rtol=0, atol=1e-13)
        assert found[radial] == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_from_one_pass_are_those_of_the_energy(order):
    landscape = spin_glass(5, order=order, seed=2)
    points = np.random.default_rng(3).normal(size=(4, 5))  # off the sphere
    of_lanes = jax.jit(jax.vmap(lambda x: landscape.derivatives(landscape.shared(x), x)))(points)
    energy, gradient, hessian = jax.jit(jax.vmap(helpers.automatic(landscape)))(points)
    for found, known in zip(of_lanes, (energy, gradient, hessian)):
        # Rounding, where the points closest to the centre have curvatures of some ten.
        np.testing.assert_allclose(found, known, rtol=0, atol=1e-12)
    lanes = jax.jit(jax.vmap(landscape.value_and_gradient))(points)
    np.testing.assert_allclose(lanes[0], energy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(lanes[1], gradient, rtol=0, atol=1e-12)
    assert landscape.gives_hessian == (order >= 3)


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (np.ones((2, 3)), r"`coefficients`.*equal sides.*\(2, 3\)"),
        (np.ones((3, 3, 2)), r"`coefficients`.*\(3, 3, 2\)"),
        (np.ones((1, 1)), r"`coefficients`.*N >= 2.*\(1, 1\)"),
        (np.float64(1), r"`coefficients`.*\(\)"),
        (np.full((2, 2), np.nan), "`coefficients`.*not finite"),
        (np.zeros((2, 2)), "`coefficients`.*zero"),
        (np.ones((2, 2), complex), "`coefficients`.*real.*complex"),
        ([["a", "b"], ["c", "d"]], "`coefficients`.*real"),
    ],
)
def test_wrong_coefficients_are_refused(coefficients, message):
    with pytest.raises(ValueError, match=message):
        SpinGlass(coefficients)


@pytest.mark.parametrize(("settings", "message"), [({"size": 1}, "1"), ({"size": 3, "order": 0}, "0")])
def test_wrong_sizes_are_refused(settings, message):
    with pytest.raises(ValueError, match=f"spin.*got {message}"):
        spin_glass(**settings)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_match_autodiff(order):
    landscape = spin_glass(5, order=order, seed=3)
    automatic = jax.jit(helpers.automatic(landscape))
    for x in np.random.default_rng(order).normal(size=(3, 5)):  # off the sphere, too
        for found, known, tolerance in zip(
            helpers.derivatives(landscape, x), automatic(x), (1e-13, 1e-13, 1e-12)
        ):
            np.testing.assert_allclose(found, known, rtol=0, atol=tolerance)
