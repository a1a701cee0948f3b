"""The small surfaces at the points where they are known."""

import numpy as np
import pytest

import helpers
from lossatlas.landscapes import DoubleWells, MuellerBrown, SixHumpCamel


def test_camel_is_stationary_where_the_polynomial_says():
    points, energies, indices = helpers.camel_points()
    landscape = SixHumpCamel()
    assert sorted(indices.tolist()) == [0] * 6 + [1] * 7 + [2] * 2
    assert energies.min() == pytest.approx(-1.0316284534898774, rel=1e-14)
    for x, known, index in zip(points, energies, indices):
        energy, gradient, hessian = helpers.derivatives(landscape, x)
        assert float(energy) == pytest.approx(known, abs=1e-12)
        # Roots of a polynomial of degree 15 keep about 10 digits; second derivatives are near 100.
        np.testing.assert_allclose(gradient, 0, atol=1e-8)
        assert (np.linalg.eigvalsh(hessian) < 0).sum() == index


@pytest.mark.parametrize("stiffness", [1.0, 4.0])
def test_double_wells_are_stationary_on_a_lattice(stiffness):
    landscape = DoubleWells(3, stiffness)
    k = np.geomspace(1, stiffness, 3)
    for x in helpers.double_well_points()[0]:
        energy, gradient, hessian = helpers.derivatives(landscape, x)
        assert float(energy) == pytest.approx(np.sum(0.25 * k * (x == 0)), rel=1e-14)
        np.testing.assert_allclose(gradient, 0, atol=1e-15)
        known = np.diag(np.where(x == 0, -k, 2 * k))
        np.testing.assert_allclose(hessian, known, atol=1e-14)


def test_tilt_adds_a_slope():
    plain, tilted = DoubleWells(3, 4.0), DoubleWells(3, 4.0, 0.3)
    x = np.array([0.4, -1.2, 0.7])
    slope = 0.3 / np.array([1.0, 2.0, 3.0])
    assert float(tilted.energy(x)) == pytest.approx(float(plain.energy(x)) + slope @ x, rel=1e-14)
    assert (plain.symmetry.order, tilted.symmetry.order) == (2, 1)


def test_mueller_brown_is_stationary_at_the_known_points():
    points, energies, indices = helpers.mueller_brown_points()
    # As printed in the literature, three decimals.
    printed = [-146.700, -108.167, -80.768, -72.249, -40.665]
    np.testing.assert_allclose(energies, printed, rtol=0, atol=5.1e-4)
    assert indices.tolist() == [0, 0, 0, 1, 1]
    for x, known, index in zip(points, energies, indices):
        energy, gradient, hessian = helpers.derivatives(MuellerBrown(), x)
        assert float(energy) == pytest.approx(known, rel=1e-14)
        np.testing.assert_allclose(gradient, 0, atol=1e-11)  # curvatures near 1e3
        assert (np.linalg.eigvalsh(hessian) < 0).sum() == index
