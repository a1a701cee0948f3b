"""Searches on spheres: spin glasses whose stationary points are known or counted by theory."""

import collections

import jax
import numpy as np
import pytest
from scipy.optimize import brentq

import helpers
from lossatlas.landscapes import SpinGlass, partite_spin_glass, spin_glass
from lossatlas.searches import census, connect, find_saddles, minimise


slow, exhaustive = pytest.mark.slow, pytest.mark.exhaustive


def matrix(landscape: SpinGlass) -> np.ndarray:
    return np.asarray(landscape.coefficients)


@pytest.mark.parametrize("size", [2, pytest.param(5, marks=slow)])
def test_one_spin_has_two_stationary_points(size):
    landscape = spin_glass(size, order=1, seed=size)
    field = matrix(landscape)
    found = census(landscape, starts=100)
    assert found.by_index == {0: 1, size - 1: 1} and found.consistent
    top = np.sqrt(size) * np.linalg.norm(field)
    np.testing.assert_allclose(found.energy, [-top, top], rtol=1e-13)
    unit = np.sqrt(size) * field / np.linalg.norm(field)
    # An rms gradient of 1e-10 against a curvature |x| / sqrt(N).
    np.testing.assert_allclose(found.x, [-unit, unit], rtol=0, atol=1e-8)


@pytest.mark.slow
@pytest.mark.slow
def test_pairs_have_their_stationary_points_at_eigenvectors():
    landscape = spin_glass(10, order=2, seed=1)
    values, vectors = np.linalg.eigh(matrix(landscape))
    found = census(landscape)
    assert found.by_index == dict.fromkeys(range(10), 2)
    np.testing.assert_allclose(found.energy, np.sqrt(10) * values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.abs(found.x @ vectors), np.sqrt(10) * np.eye(10), rtol=0, atol=1e-7)


@pytest.mark.slow
def test_every_eigenvector_of_fifty_spins_has_its_index():
    landscape = spin_glass(50, order=2, seed=1)
    values, vectors = np.linalg.eigh(matrix(landscape))
    found = find_saddles(landscape, helpers.starts_for(landscape, 50), order=np.arange(50))
    assert found.outcomes() == {"converged": 50}
    np.testing.assert_array_equal(found.index, np.arange(50))
    np.testing.assert_allclose(found.energy, np.sqrt(50) * values, rtol=0, atol=1e-11)
    np.testing.assert_allclose(np.abs(found.x @ vectors), np.sqrt(50) * np.eye(50), rtol=0, atol=1e-6)


@slow
def test_census_of_fifty_spins_finds_every_eigenvector_and_nothing_else():
    assert census(spin_glass(50, order=2, seed=1)).by_index == dict.fromkeys(range(50), 2)


@pytest.mark.parametrize(
    "size, order, seeds",
    [
        *(pytest.param(4, p, range(2), marks=slow) for p in (3, 4)),
        *(pytest.param(5, p, range(5), marks=slow) for p in (3, 4)),
        *(pytest.param(n, p, range(20), marks=exhaustive) for n in (6, 7, 8) for p in (3, 4)),
    ],
)
def test_morse_sum_of_random_tensors(size, order, seeds):
    for seed in seeds:
        found = census(spin_glass(size, order=order, seed=seed))
        assert found.expected == 1 + (-1) ** (size - 1) and found.consistent
        # So many eigenvectors has a tensor up to sign, if complex (Cartwright & Sturmfels 2013).
        bound = ((order - 1) ** size - 1) // (order - 2)
        assert sum(found.by_index.values()) <= 2 * bound


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape", [(2, 4), pytest.param((3, 3), marks=slow), pytest.param((5, 3), marks=slow)]
)
def test_two_parts_have_their_stationary_points_at_singular_vectors(shape):
    """4 min(n, m) points; a singular value s_k has index n + m - 1 - k, its negative k - 1."""
    landscape = partite_spin_glass(shape, seed=2)
    values = np.linalg.svd(np.asarray(landscape.coefficients), compute_uv=False)
    known = sorted(
        [(k, -s) for k, s in enumerate(values)] + [(sum(shape) - 2 - k, s) for k, s in enumerate(values)]
    )
    found = census(landscape)
    assert found.orbit_size == [2] * len(known)  # 4 min(n, m) in all
    np.testing.assert_array_equal(found.index, [index for index, _ in known])
    np.testing.assert_allclose(found.energy, [energy for _, energy in known], rtol=0, atol=1e-12)
    assert found.consistent


def stationary_values(tensor: np.ndarray) -> np.ndarray:
    """All values > 0 of stationary points of a tensor of shape (2, 2, 2), sorted.

    With the third part at an angle t, M(t) = M_0 cos t + M_1 sin t has singular values (f + g) / 2 and
    (f - g) / 2 (signed by the determinant), f^2, g^2 = ||M||^2 +- 2 det M; they are stationary in t, too.
    """

    def slopes(t):
        inner, turning = [a * np.cos(t) + b * np.sin(t) for a, b in ((m0, m1), (m1, -m0))]
        norm, change = np.sum(inner**2), 2 * np.sum(inner * turning)
        cofactor = np.array([[inner[1, 1], -inner[1, 0]], [-inner[0, 1], inner[0, 0]]])
        both = []
        for sign in (1, -1):
            root = np.sqrt(norm + sign * 2 * np.linalg.det(inner))
            both.append((root, (change + sign * 2 * np.sum(cofactor * turning)) / (2 * root)))
        (f, df), (g, dg) = both
        return np.array([[f + g, df + dg], [f - g, df - dg]]) / 2

    m0, m1 = tensor[:, :, 0], tensor[:, :, 1]
    angles = np.linspace(0.0, np.pi, 2001)
    table = np.array([slopes(t)[:, 1] for t in angles])
    values = []
    for branch in (0, 1):
        for k in np.flatnonzero(table[:-1, branch] * table[1:, branch] < 0):
            root = brentq(lambda t, b=branch: slopes(t)[b, 1], angles[k], angles[k + 1], xtol=1e-14)
            values.append(abs(slopes(root)[branch, 0]))
    return np.sort(values)


@pytest.mark.parametrize("seed", [pytest.param(k, marks=slow) for k in range(10)])
def test_three_parts_against_roots_in_one_angle(seed):
    landscape = partite_spin_glass((2, 2, 2), seed=seed)
    known = stationary_values(np.asarray(landscape.coefficients))
    found = census(landscape)
    assert len(known) in (2, 4, 6)  # at most 6, as the source of the landscape says
    np.testing.assert_allclose(np.sort(found.energy), np.sort([*known, *-known]), rtol=0, atol=1e-10)
    assert found.orbit_size == [4] * (2 * len(known))
    assert found.consistent and found.expected == 0


@slow
@pytest.mark.parametrize("shape", [(3, 3, 3), (3, 5, 3), (2, 2, 2, 2)])
def test_morse_sum_of_parts_is_the_product_of_those_of_spheres(shape):
    landscape = partite_spin_glass(shape, seed=1)
    found = census(landscape)
    counts = collections.Counter(found.by_index)
    assert found.expected == np.prod([1 + (-1) ** (n - 1) for n in shape]) and found.consistent
    for index in counts:  # one sign: E -> -E
        assert counts[index] == counts[landscape.modes - index]


GLASSES = [
    pytest.param(lambda: spin_glass(8, seed=2), id="p = 3", marks=slow),
    pytest.param(lambda: spin_glass(8, order=4, seed=2), id="p = 4", marks=slow),
    pytest.param(lambda: partite_spin_glass((4, 5, 4)), id="three parts", marks=slow),
]


@pytest.mark.parametrize("make", GLASSES)
def test_everything_stays_on_the_spheres(make):
    """Minima, bands between them, transition states and the pathways down again."""
    landscape = make()
    minima = minimise(landscape, helpers.starts_for(landscape, 24))
    assert minima.converged.all()
    order = np.argsort(minima.energy)
    best, other = minima.x[order[0]], minima.x[order[-1]]
    assert minima.energy[order[-1]] > minima.energy[order[0]] + 0.01
    found = connect(landscape, best[None], other[None])
    assert found.connected.all()
    ends = (found.pathways.forward, found.pathways.backward)
    for x in (minima.x, found.states.x, *(end.x for end in ends)):
        landscape.geometry.check(x, "x")
        gradients = jax.vmap(landscape.value_and_gradient)(x)[1]
        # Converged to an rms gradient of 1e-10, which is 1e-9 for up to 13 variables with margin.
        assert np.linalg.norm(gradients, axis=1).max() <= 1e-9


OFF = {
    "a sphere": (lambda: spin_glass(6), np.ones(6) / np.sqrt(6), "radius 2.44949, but row 0 has length 1"),
    "the centre": (lambda: spin_glass(6), np.zeros(6), "row 0 has length 0"),
    "no number": (lambda: spin_glass(6), np.full(6, np.nan), "row 0 has length nan"),
    "a part": (
        lambda: partite_spin_glass((2, 2)),
        np.array([1.0, 0, 0, 2]),
        "^Part 2 of `starts` must lie",
    ),
}


@pytest.mark.parametrize(("make", "start", "message"), helpers.rows(OFF))
@pytest.mark.parametrize("search", [minimise, find_saddles])
def test_starts_off_the_sphere_are_refused(search, make, start, message):
    with pytest.raises(ValueError, match=message):
        search(make(), start)
