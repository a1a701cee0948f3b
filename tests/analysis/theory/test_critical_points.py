"""Mean numbers of critical points against closed forms, random matrices, and random spin glasses."""

import math

import numpy as np
import pytest
from scipy import integrate, linalg

from lossatlas.analysis import mean_critical_points, most_critical_pairs
from lossatlas.analysis.theory import _critical_points
from lossatlas.landscapes import spin_glass
from lossatlas.searches import census


@pytest.mark.parametrize("size", [2, 3, 4, 9, 20])
def test_two_of_every_index_for_matrices(size):
    np.testing.assert_allclose(mean_critical_points(2, size), 2.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize("p", [2, 3, 4, 10])
def test_circle(p):
    """On a circle, covariance cos^p, Rice's formula gives 2 sqrt(3p - 2) points, half of them minima."""
    np.testing.assert_allclose(mean_critical_points(p, 2), math.sqrt(3 * p - 2), rtol=1e-12)


@pytest.mark.parametrize("size", [3, 4, 7, 12])
def test_morse_sum(size):
    signs = (-1.0) ** np.arange(size)
    for p in (3, 5):
        means = mean_critical_points(p, size)
        assert signs @ means == pytest.approx(1 + (-1) ** (size - 1), abs=1e-12 * means.sum())


@pytest.mark.parametrize("size", [4, 5, *(pytest.param(n, marks=pytest.mark.slow) for n in (12, 13))])
def test_all_indices_from_the_density_of_eigenvalues(size):
    """The one-point function of the Gaussian orthogonal ensemble (Mehta), integrated from the left."""
    p, u = 3, -0.8

    def density(y):
        functions = _critical_points._oscillators(np.atleast_1d(y), size + 1)[:, 0]
        left = integrate.quad(
            lambda t: _critical_points._oscillators(np.array([t]), size + 1)[-1, 0], -12, y
        )
        last = functions[size - 1]
        all_of_it = lambda n: integrate.quad(
            lambda t: _critical_points._oscillators(np.array([t]), size + 1)[n, 0], -12, 12, limit=200
        )[0]
        value = np.sum(functions[:size] ** 2)
        value += math.sqrt(size / 2) * last * (left[0] - 0.5 * all_of_it(size))
        return value + (last / all_of_it(size - 1) if size % 2 else 0.0)

    edge = u * math.sqrt(size * p / (2 * (p - 1)))
    nodes, weights = np.polynomial.legendre.leggauss(80)
    low = -math.sqrt(2 * size) - 6
    places = (low + edge) / 2 + (edge - low) / 2 * nodes
    values = [density(y) * math.exp(-(p - 2) / (2 * p) * y**2) for y in places]
    total = 2 * math.sqrt(2 / p) * (p - 1) ** (size / 2) * (edge - low) / 2 * np.dot(weights, values)
    assert mean_critical_points(p, size, below=u).sum() == pytest.approx(total, rel=1e-8)


@pytest.mark.parametrize("p, size", [(3, 6), (4, 5)])
def test_random_matrices(p, size):
    """The average over sampled matrices that the formula stands for, at two energies."""
    matrices = np.random.default_rng(0).standard_normal((40_000, size, size))
    y = np.linalg.eigvalsh((matrices + matrices.swapaxes(1, 2)) / 2)
    below = np.array([-0.6, np.inf])
    weights = np.exp(-(p - 2) / (2 * p) * y**2) * 2 * math.sqrt(2 / p) * (p - 1) ** (size / 2)
    counted = weights * (y <= below[:, None, None] * math.sqrt(size * p / (2 * (p - 1))))
    error = counted.std(axis=1) / math.sqrt(len(y))
    found = mean_critical_points(p, size, below=below)
    assert np.all(np.abs(found - counted.mean(axis=1)) < 4.5 * error + 1e-3)


@pytest.mark.parametrize("p", [3, 4])
def test_random_circles(p):
    """Critical points of 2000 glasses of two spins, all found as roots of a polynomial."""
    u, counts = -0.5, []
    for seed in range(2000):
        tensor = np.random.default_rng(seed).standard_normal((2,) * p)
        ones = np.indices((2,) * p).sum(axis=0)
        form = np.bincount(ones.ravel(), tensor.ravel(), minlength=p + 1)  # sum form_m c^(p-m) s^m
        powers = np.arange(p + 1)
        # With t = s/c, dH/dangle = c^p [sum m form_m t^(m-1) - sum (p-m) form_m t^(m+1)].
        slope = np.append((powers * form)[1:], 0.0) - np.concatenate([[0.0], ((p - powers) * form)[:-1]])
        t = np.roots(slope[::-1])
        t = t[np.abs(t.imag) < 1e-9].real
        c = np.concatenate([1 / np.sqrt(1 + t**2), -1 / np.sqrt(1 + t**2)])
        s = c * np.tile(t, 2)
        energy = (
            2**0.5 * sum(form[m] * c ** (p - m) * s**m for m in powers) / 2
        )  # per spin, on radius sqrt2
        counts.append([np.sum(energy < u), len(energy)])
    counts = np.array(counts)
    error = counts.std(axis=0) / math.sqrt(len(counts))
    expected = mean_critical_points(p, 2, below=[u, np.inf]).sum(axis=-1)
    assert np.all(np.abs(counts.mean(axis=0) - expected) < 4 * error)
    assert counts.max() <= 2 * most_critical_pairs(p, 2)


def test_energies_mirror():
    """H and -H are alike: points of index k below u are as many as of index N - 1 - k above -u."""
    low, high, everything = mean_critical_points(3, 5, below=[-0.7, 0.7, np.inf])
    np.testing.assert_allclose(low, (everything - high)[::-1], rtol=0, atol=1e-12)
    assert mean_critical_points(3, 5, below=-20.0).max() < 1e-12
    assert mean_critical_points(3, 5, below=[]).shape == (0, 5)


@pytest.mark.parametrize("p, size", [(3, 2), (3, 3), (4, 13), (3, 24)])
def test_low_indices_are_those_of_all(p, size):
    """On another circle of the transform, which costs 0.05^-k in rounding and skips the other indices."""
    highest, below = min(size - 1, 4), [-1.5, np.inf]
    low = mean_critical_points(p, size, below=below, highest=highest)
    everything = mean_critical_points(p, size, below=below)
    assert low.shape == (2, highest + 1)
    # Both have absolute errors: 1e-12 of the sum over indices, and 1e-15 / 0.05^k of the lowest mean.
    error = (
        1e-12 * everything.sum(axis=-1, keepdims=True) + 1e-15 * 20.0 ** np.arange(highest + 1) * low[1, 0]
    )
    assert np.all(np.abs(low - everything[:, : highest + 1]) < error)


@pytest.mark.slow
def test_low_indices_of_large_matrices():
    """Two of each index at p = 2, exactly."""
    np.testing.assert_allclose(mean_critical_points(2, 40, highest=2), 2.0, rtol=0, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("size", [31, 44])
def test_large_tridiagonal_matrices(size):
    """The average over lowest eigenvalues of tridiagonal matrices with the same eigenvalues.

    Dumitriu & Edelman (2002): normal numbers on the diagonal, chi of N - 1, ..., 1 degrees beside it.
    """
    rng, p = np.random.default_rng(size), 3
    y = np.array([
        linalg.eigvalsh_tridiagonal(
            rng.standard_normal(size), np.sqrt(rng.chisquare(np.arange(size - 1, 0, -1)) / 2),
            select="i", select_range=(0, 1),
        )
        for _ in range(3000)
    ])  # fmt: skip
    weights = np.exp(-(p - 2) / (2 * p) * y**2) * 2 * math.sqrt(2 / p) * (p - 1) ** (size / 2)
    error = weights.std(axis=0) / math.sqrt(len(y))
    found = mean_critical_points(p, size, highest=1)
    assert np.all(error < 0.05 * found)
    assert np.all(np.abs(found - weights.mean(axis=0)) < 4 * error)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_pfaffian(size):
    """Its square is the determinant, and its sign that of a product of blocks [[0, x], [-x, 0]]."""
    rng = np.random.default_rng(size)
    values = rng.standard_normal((5, size // 2))
    blocks = np.zeros((5, size, size), dtype=complex)
    blocks[:, 0::2, 1::2] = values[:, :, None] * np.eye(size // 2)
    blocks -= blocks.swapaxes(1, 2)
    turn = np.linalg.qr(rng.standard_normal((size, size)))[0]
    expected = values.prod(axis=1) * np.linalg.det(turn)  # Pf(B A B^T) = det(B) Pf(A)
    np.testing.assert_allclose(_critical_points._pfaffian(turn @ blocks @ turn.T), expected, rtol=1e-10)


def test_bound():
    assert [most_critical_pairs(1, n) for n in (1, 2, 9)] == [1, 1, 1]
    assert [most_critical_pairs(2, n) for n in (1, 2, 9)] == [1, 2, 9]
    for p, n in ((3, 6), (4, 5), (10, 40)):
        assert most_critical_pairs(p, n) == ((p - 1) ** n - 1) // (p - 2)
        if n <= 30:
            assert mean_critical_points(p, n).sum() < 2 * most_critical_pairs(p, n)


@pytest.mark.exhaustive
@pytest.mark.parametrize("size", [3, 4, 5])
def test_census_of_random_spin_glasses(size):
    """Mean numbers by index of 30 glasses; each has as many pairs as the bound, less an even number."""
    counts = []
    for seed in range(30):
        found = census(spin_glass(size, order=3, seed=seed))
        assert found.morse_sum == found.expected
        counts.append(np.bincount(found.index, minlength=size))
    pairs, most = np.sum(counts, axis=1) / 2, most_critical_pairs(3, size)
    assert np.all((pairs <= most) & ((most - pairs) % 2 == 0))
    error = np.std(counts, axis=0) / math.sqrt(len(counts))
    assert np.all(np.abs(np.mean(counts, axis=0) - mean_critical_points(3, size)) < 4 * error)


@pytest.mark.parametrize("p, size", [(1, 3), (3, 1), (3, 31), (3, 2.5)])
def test_mistakes(p, size):
    with pytest.raises(ValueError, match="must be a whole number"):
        mean_critical_points(p, size)


@pytest.mark.parametrize(
    "size, highest, message",
    [(4, 4, "from 0 to 3"), (60, 5, "from 0 to 4"), (60, -1, "from 0"), (121, 0, "from 2 to 120")],
)
def test_mistakes_of_low_indices(size, highest, message):
    with pytest.raises(ValueError, match=message):
        mean_critical_points(3, size, highest=highest)


def test_no_energy():
    with pytest.raises(ValueError, match="`below` must hold numbers"):
        mean_critical_points(3, 4, below=[0.0, np.nan])


@pytest.mark.parametrize("p, size", [(0, 3), (3, 0), (1.5, 3)])
def test_mistakes_of_the_bound(p, size):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        most_critical_pairs(p, size)
