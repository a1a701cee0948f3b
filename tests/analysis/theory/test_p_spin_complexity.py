"""Complexities against mpmath, quadrature, the formulas as published, and exact means for finite N."""

import mpmath
import numpy as np
import pytest

from lossatlas.analysis import complexity, complexity_zeros, mean_critical_points, threshold_energy
from lossatlas.analysis.theory import _semicircle


def published(u, p, k):
    """Theta_k for u <= -E_inf as Auffinger, Ben Arous & Cerny print it, in mpmath."""
    u, edge = mpmath.mpf(u), 2 * mpmath.sqrt(mpmath.mpf(p - 1) / p)
    root = mpmath.sqrt(u**2 - edge**2)
    cost = -u / edge**2 * root - mpmath.log(-u + root) + mpmath.log(edge)
    return mpmath.log(p - 1) / 2 - mpmath.mpf(p - 2) / (4 * (p - 1)) * u**2 - (k + 1) * cost


@pytest.mark.parametrize("c", [0.3, 1.0, 1.0001, 1.7, 30.0])
def test_cost_of_an_eigenvalue_outside(c):
    """It is the work 2 int_1^c sqrt(z^2 - 1) dz."""
    work = 2 * mpmath.quad(lambda z: mpmath.sqrt(z**2 - 1), [1, max(c, 1)])
    for sign in (1, -1):
        assert float(_semicircle.edge_cost(sign * c)) == pytest.approx(float(work), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("t", [0.0, -1.3, 1.999, 2.001, -5.0])
def test_log_potential_by_quadrature(t):
    def density(angle):  # x = 2 cos(angle)
        return mpmath.log(abs(t - 2 * mpmath.cos(angle))) * 2 * mpmath.sin(angle) ** 2 / mpmath.pi

    singular = [mpmath.acos(t / 2)] if abs(t) < 2 else []
    found = mpmath.quad(density, [0, *singular, mpmath.pi])
    assert float(_semicircle.log_potential(t)) == pytest.approx(float(found), abs=1e-12)


@pytest.mark.parametrize("p", [2, 3, 4, 10])
@pytest.mark.parametrize("index", [0, 1, 7])
def test_published_formula(p, index):
    edge = threshold_energy(p)
    u = -edge * np.array([1.0, 1.0001, 1.1, 3.0])
    expected = [float(published(energy, p, index)) for energy in u]
    np.testing.assert_allclose(complexity(u, p, index=index), expected, rtol=1e-12, atol=1e-14)
    plateau = 0.5 * np.log(p - 1) - (p - 2) / p
    for energy in (-edge, -edge + 1e-9, 0.0, 5.0):
        assert complexity(energy, p, index=index) == pytest.approx(plateau, abs=1e-8)


@pytest.mark.parametrize("p", [2, 3, 4, 10])
def test_all_indices_by_quadrature(p):
    """The Kac-Rice exponent 1/2 + ln(p-1)/2 - u^2/2 + int ln|sqrt(p/(p-1)) u - x| rho(x) dx up to u = 0."""
    u = np.array([-2.5, -1.7, -1.0, -0.2, 0.0])
    kac_rice = 0.5 + 0.5 * np.log(p - 1) - u**2 / 2 + _semicircle.log_potential(np.sqrt(p / (p - 1)) * u)
    np.testing.assert_allclose(complexity(u, p), kac_rice, rtol=0, atol=1e-13)
    assert complexity(3.0, p) == complexity(0.0, p) == pytest.approx(0.5 * np.log(p - 1))


@pytest.mark.parametrize("p", [3, 5])
def test_curves_never_fall_and_are_ordered(p):
    u = np.linspace(-4.0, 1.0, 2001)
    curves = [complexity(u, p), *(complexity(u, p, index=k) for k in range(4))]
    for curve in curves:
        assert np.all(np.diff(curve) >= 0)
    below = u < -threshold_energy(p)
    np.testing.assert_array_equal(curves[0][below], curves[1][below])
    for lower, higher in zip(curves[1:], curves[2:]):
        assert np.all(lower[below] > higher[below])


@pytest.mark.parametrize("p", [3, 4, 10, 200])
def test_zeros(p):
    """Against roots of the published formula with 30 digits."""
    zeros = complexity_zeros(p, np.arange(11))
    with mpmath.workdps(30):
        for k, zero in enumerate(zeros):
            root = mpmath.findroot(lambda e, k=k: published(-e, p, k), zero)
            assert abs(zero - root) < 1e-12
    assert np.all(np.diff(zeros) < 0) and zeros[-1] > threshold_energy(p)


def test_literature_values():
    assert round(float(complexity_zeros(3, 0)), 3) == 1.657
    assert threshold_energy(3) == pytest.approx(2 * np.sqrt(2 / 3))
    np.testing.assert_array_equal(complexity_zeros(2, [[0, 3]]), [[np.sqrt(2), np.sqrt(2)]])


@pytest.mark.parametrize("p", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_exact_means_approach_the_complexity(p):
    """Between N and N + 2 the logarithm grows by 2 Theta, and as a power of N.

    The mean over all energies has the power N^(1/2), well below -E_inf N^(-1/2) (Auffinger et al., theorem
    2.17); what is left is of order 1/N^2.
    """
    size, u = 24, -1.2 * threshold_energy(p)
    energies = [u, np.inf]
    few, many = (np.log(mean_critical_points(p, n, below=energies).sum(axis=-1)) for n in (size, size + 2))
    powers = np.array([-0.5, 0.5]) * np.log((size + 2) / size)
    np.testing.assert_allclose((many - few - powers) / 2, complexity(energies, p), rtol=0, atol=4 / size**2)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((1, 0), "`p` must be"),
        ((2.5, 0), "`p` must be"),
        ((3, -1), "An index must be"),
        ((3, 0.5), "got 0.5"),
    ],
)
def test_errors(arguments, message):
    p, index = arguments
    with pytest.raises(ValueError, match=message):
        complexity(-1.7, p, index=index)
    with pytest.raises(ValueError, match=message):
        complexity_zeros(p, [index])
