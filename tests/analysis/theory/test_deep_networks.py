"""Depth theory against the formulas as printed, covariances by differentiation, limits, random matrices."""

import math

import mpmath
import numpy as np
import pytest

from lossatlas.analysis import (
    clustering_bound,
    complexity,
    hessian_entropy,
    log_critical_pairs,
    most_critical_pairs,
    nodes_per_layer,
    threshold_energy,
)
from lossatlas.analysis.theory import _semicircle


OVERLAPS = [-0.7, -0.2, 0.1, 0.5, 0.9, 0.999]


def quadratic_form(r, layers, pair):
    """Return that of the inverse covariance of the energies of two points whose slopes vanish."""
    with mpmath.workdps(40):
        angle = mpmath.acos(mpmath.mpf(r))
        slopes = [
            [mpmath.diff(lambda t: mpmath.cos(t) ** layers, x, n) for n in (0, 1, 2)] for x in (0, angle)
        ]
        (here, _, bend), (there, slope, cross) = slopes
        energies = mpmath.matrix([[here, there], [there, here]])
        mixed = mpmath.matrix([[0, slope], [-slope, 0]])  # rows: energies, columns: slopes at both points
        gradients = mpmath.matrix([[-bend, -cross], [-cross, -bend]])
        covariance = energies - mixed * gradients**-1 * mixed.T
        return float((mpmath.matrix([pair]) * covariance**-1 * mpmath.matrix(pair))[0])


def test_nodes_fill_the_network():
    layers, parameters = np.array([1, 2, 3, 6, 40]), np.array([[10.0], [1e3], [1e6]])
    n = nodes_per_layer(parameters, layers)
    np.testing.assert_allclose((layers - 1) * n**2 + n, np.broadcast_to(parameters, n.shape), rtol=1e-14)
    assert np.all(n > 0)
    np.testing.assert_array_equal(nodes_per_layer(12, 2), 3.0)


@pytest.mark.parametrize("layers", [2, 3, 7])
@pytest.mark.parametrize("nodes", [1, 2, 22])
def test_number_of_critical_points(layers, nodes):
    expected = math.log(most_critical_pairs(layers, nodes))
    assert log_critical_pairs(layers, nodes) == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_two_layers_are_a_limit():
    near = log_critical_pairs(np.nextafter(2, 3) + 1e-6, 8.5)
    assert near >= log_critical_pairs(2, 8.5) == math.log(8.5)


@pytest.mark.parametrize("layers", [3, 4, 6])
@pytest.mark.parametrize("r", OVERLAPS)
def test_clustering_by_covariance(layers, r):
    """All the factors of Kac and Rice's formula one by one, the covariance by differentiation."""
    for energy, other in ((-1.7, -1.7), (-1.6, -1.1), (0.4, -2.2)):
        form = quadratic_form(r, layers, [energy, other])
        shells = 0.5 * math.log(1 - r**2)
        gradients = -0.5 * math.log(layers**2 * (1 - r ** (2 * layers - 2)))
        hessians = [
            0.5 * math.log(layers * (layers - 1))
            + _semicircle.log_potential(math.sqrt(layers / (layers - 1)) * e)
            for e in (energy, other)
        ]
        # Each point brings (1 + ln 2 pi)/2, the sphere's volume, less ln(2 pi)/2, its gradient's density.
        both = 1 + shells + gradients + sum(hessians) - form / 2
        one = 0.5 - 0.5 * math.log(layers) + hessians[0] - energy**2 / 2
        found = clustering_bound(r, energy, layers, other=other)
        assert found == pytest.approx(both - one, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("layers", [3, 4, 6])
def test_clustering_as_printed(layers):
    """With a, b1, b2 of Becker, Zhang & Lee, for equal energies."""
    h, r, e = layers, np.array(OVERLAPS), -1.75
    a = 1 / (h - h * (r**h - (h - 1) * (r ** (h - 2) - r**h)) ** 2)
    b1 = -h + a * h**3 * (r ** (2 * h - 2) - r ** (2 * h))
    b2 = -h * r**h - a * h**3 * r ** (3 * h - 4) * (r**2 + h * (r**2 - 1) ** 2 - 1)
    form = 2 * e**2 / (-(b1 + b2) / h)
    shells = 0.5 * np.log((h - 1) * (1 - r**2) / (1 - r ** (2 * h - 2)))
    printed = 0.5 + e**2 / 2 + shells - form / 2 + _semicircle.log_potential(np.sqrt(h / (h - 1)) * e)
    np.testing.assert_allclose(clustering_bound(r, e, h), printed, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layers", [2, 3, 4, 9])
def test_far_points_are_independent(layers):
    """At overlap 0 it is the complexity of all points at the other energy."""
    v = np.array([-2.0, -1.5, -0.3])
    np.testing.assert_allclose(clustering_bound(0.0, v, layers), complexity(v, layers), rtol=0, atol=1e-13)
    if layers > 2:
        far = clustering_bound(0.0, -1.2, layers, other=v)
        np.testing.assert_allclose(far, complexity(v, layers), rtol=0, atol=1e-13)


@pytest.mark.parametrize("layers", [2, 3, 4, 9])
def test_near_points(layers):
    """Towards overlap 1 it is 0 inside the band of energies, and minus the cost of leaving it outside."""
    e = -threshold_energy(layers) * np.array([0.0, 0.6, 1.0, 1.2])
    expected = -_semicircle.edge_cost(e / threshold_energy(layers))
    for gap in (1e-6, 1e-12):
        np.testing.assert_allclose(
            clustering_bound(1 - gap, e, layers), expected, rtol=0, atol=20 * layers * gap
        )
    if layers > 2:
        assert clustering_bound(1 - 1e-6, -1.5, layers, other=-1.4) < -1e3


def test_two_layers_have_one_point_per_eigenvector():
    np.testing.assert_allclose(clustering_bound(OVERLAPS, -1.0, 2), 0.0, rtol=0, atol=1e-14)


@pytest.mark.parametrize("layers", [3, 4])
def test_symmetries(layers):
    """A pair can be named in either order, and w -> -w turns H into (-1)^layers H."""
    r, e, v = np.array(OVERLAPS), -1.6, -1.1
    forth = clustering_bound(r, e, layers, other=v) + complexity(e, layers)
    back = clustering_bound(r, v, layers, other=e) + complexity(v, layers)
    np.testing.assert_allclose(forth, back, rtol=1e-10, atol=1e-10)
    mirrored = clustering_bound(-r, e, layers, other=(-1) ** layers * v)
    np.testing.assert_allclose(forth - complexity(e, layers), mirrored, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "layers, nodes, energy, active", [(2, 22, -1.0, 1.0), (3, 9.5, -1.9, 0.5), (6, 22, 0.3, 0.1)]
)
def test_hessian_entropy_as_printed(layers, nodes, energy, active):
    place = math.sqrt(layers / (2 * (layers - 1)) * nodes / (nodes - 1)) * energy

    def integrand(angle):  # t = sqrt2 cos(angle)
        return mpmath.log(abs(place - mpmath.sqrt(2) * mpmath.cos(angle))) * 2 * mpmath.sin(angle) ** 2

    singular = [math.acos(place / math.sqrt(2))] if abs(place) < math.sqrt(2) else []
    integral = float(mpmath.quad(integrand, [0, *singular, mpmath.pi]))
    scale = math.log(nodes / (2 * (nodes - 1) * layers * (layers - 1))) / 2 - math.log(active)
    expected = (nodes - 1) * (scale - integral / math.pi)
    assert hessian_entropy(energy, layers, nodes, active=active) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("layers, energy", [(3, -1.9), (6, -1.0)])
def test_hessian_entropy_of_random_hessians(layers, energy):
    """Hessians of the spin glass at energy N e: off-diagonal variance p (p-1)/N, shifted by -p e."""
    size = 100
    matrices = np.random.default_rng(0).standard_normal((100, size - 1, size - 1))
    matrices = (matrices + matrices.swapaxes(1, 2)) / math.sqrt(2)
    hessians = math.sqrt(layers * (layers - 1) / size) * matrices - layers * energy * np.eye(size - 1)
    widths = -np.linalg.slogdet(hessians)[1]
    # Of order 1 out of 100, by the correction for finite size and the error of the mean, 0.2.
    assert widths.mean() == pytest.approx(float(hessian_entropy(energy, layers, size)), abs=1.5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: nodes_per_layer(0, 3), "`parameters` must be positive"),
        (lambda: nodes_per_layer(10, 0), "`layers` must be at least 1"),
        (lambda: log_critical_pairs(1, 3), "`layers` must be at least 2"),
        (lambda: log_critical_pairs(3, 0.5), "`nodes` must be at least 1"),
        (lambda: clustering_bound(1.0, -1.0, 3), "`overlap` must lie between"),
        (lambda: clustering_bound(0.5, -1.0, 2.5), "`layers` must be a whole number"),
        (lambda: clustering_bound(0.5, -1.0, 1), "`layers` must be at least 2"),
        (lambda: clustering_bound(0.5, -1.0, 2, other=-0.9), "`other` must be `energy`"),
        (lambda: hessian_entropy(-1.0, 3, 1), "`nodes` must be more than 1"),
        (lambda: hessian_entropy(-1.0, 3, 9, active=0.0), "`active` must be above 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
