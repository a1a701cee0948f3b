"""Spin glasses of several parts against plain numpy and automatic derivatives."""

import jax
import numpy as np
import pytest

import helpers
from lossatlas.landscapes import PartiteSpinGlass, partite_spin_glass


SHAPES = [(2, 3), (3, 2, 4), (2, 2, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
def test_energy_matches_numpy(shape):
    landscape = partite_spin_glass(shape, seed=7)
    coefficients = np.random.default_rng(7).standard_normal(shape)
    letters = "abcd"[: len(shape)]
    for seed in range(3):
        x = np.asarray(landscape.sample(jax.random.key(seed)))
        parts = np.split(x, np.cumsum(shape)[:-1])
        np.testing.assert_allclose([part @ part for part in parts], 1.0, rtol=1e-14)
        known = np.einsum(",".join([letters, *letters]), coefficients, *parts)
        assert float(landscape.energy(x)) == pytest.approx(known, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_match_autodiff(shape):
    landscape = partite_spin_glass(shape, seed=3)
    automatic = jax.jit(helpers.automatic(landscape))
    for x in np.random.default_rng(1).normal(size=(3, sum(shape))):  # off the spheres, too
        for found, known in zip(helpers.derivatives(landscape, x), automatic(x)):
            np.testing.assert_allclose(found, known, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_odd_number_of_signs_turns_the_energy_over(shape):
    landscape = partite_spin_glass(shape)
    x = np.asarray(landscape.sample(jax.random.key(0)))
    turned = np.where(np.arange(len(x)) < shape[0], -x, x)
    assert float(landscape.energy(turned)) == -float(landscape.energy(x))
    symmetry = landscape.symmetry
    assert symmetry.order == 2 ** (len(shape) - 1)
    for image in symmetry.images(x):
        assert float(landscape.energy(image)) == float(landscape.energy(x))
    assert symmetry.align(x, turned).distance == pytest.approx(2.0, rel=1e-14)  # one part stays turned


@pytest.mark.parametrize(
    ("coefficients", "message"),
    [
        (np.ones(3), r"`coefficients`.*two axes.*\(3,\)"),
        (np.ones((3, 1)), r"`coefficients`.*at least 2.*\(3, 1\)"),
        (np.full((2, 3), np.inf), "`coefficients`.*not finite"),
        (np.zeros((2, 3)), "`coefficients`.*zero"),
        ([["a", "b"], ["c", "d"]], "`coefficients`.*real"),
    ],
)
def test_wrong_coefficients_are_refused(coefficients, message):
    with pytest.raises(ValueError, match=message):
        PartiteSpinGlass(coefficients)


@pytest.mark.parametrize("sizes", [(), (4,), (4, 1)])
def test_wrong_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 2 parts of at least 2 variables"):
        partite_spin_glass(sizes)
