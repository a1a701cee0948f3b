"""The regression landscape against its formula in five parameters, and against its infinite group."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from helpers import derivatives
from lossatlas import minimise
from lossatlas.landscapes import KnownPoints, NonlinearRegression, nonlinear_regression
from lossatlas.searches.global_search import random_starts


TRUE = np.array([0.1, 2.13, 0.0, 1.34, 0.0])
PI = np.pi
GENERATORS = {
    "exchange": lambda q: q[[0, 3, 4, 1, 2]],
    "reflection": lambda q: np.array([q[0], -q[1], PI - q[2], q[3], q[4]]),
    "both by pi": lambda q: q + [0, 0, PI, 0, PI],
    "back by pi": lambda q: q - [0, 0, PI, 0, PI],
    "one by 2 pi": lambda q: q + [0, 0, 2 * PI, 0, 0],
    "back by 2 pi": lambda q: q - [0, 0, 2 * PI, 0, 0],
}


def curve(q, t):
    return jnp.exp(-q[0] * t) * jnp.sin(q[1] * t + q[2]) * jnp.sin(q[3] * t + q[4])


def images(q, length=6):
    """Images of the parameters under all words of up to `length` generators; phases in many cells."""
    found = {tuple(q): q}
    for _ in range(length):
        for image in list(found.values()):
            for generator in GENERATORS.values():
                other = generator(image)
                found.setdefault(tuple(np.round(other, 9)), other)
    return list(found.values())


@pytest.fixture(scope="module")
def landscape():
    return nonlinear_regression()


def test_energy_and_slopes_are_those_in_five_parameters(landscape):
    t, y = landscape.inputs, landscape.targets
    energy = jax.jit(lambda q: jnp.sum((curve(q, t) - y) ** 2))
    gradient_in_five = jax.jit(jax.grad(energy))
    rng = np.random.default_rng(0)
    for q in rng.uniform(-1, 1, (5, 5)) * [0.2, 5, 3, 5, 3]:
        x = landscape.point(q)
        value, gradient, _ = derivatives(landscape, x)
        slopes = np.asarray(gradient_in_five(q))
        assert float(value) == pytest.approx(float(energy(q)), rel=1e-12)
        assert np.linalg.norm(gradient) == pytest.approx(np.linalg.norm(slopes), rel=1e-10)
        np.testing.assert_allclose(landscape.parameters(x), q, rtol=0, atol=1e-14)
        np.testing.assert_allclose(landscape.curve(x, t), curve(q, t), rtol=0, atol=1e-12)


@pytest.mark.slow
def test_spectrum_of_a_minimum_is_that_in_five_parameters(landscape):
    t, y = landscape.inputs, landscape.targets
    best = minimise(landscape, landscape.point(TRUE)[None])
    q = landscape.parameters(best.x[0])
    in_five = jax.jit(jax.hessian(lambda q: jnp.sum((curve(q, t) - y) ** 2)))
    curvatures = np.linalg.eigvalsh(in_five(q))
    spectrum = np.sort(np.linalg.eigvalsh(derivatives(landscape, best.x[0])[2]))
    np.testing.assert_allclose(spectrum[2:], curvatures, rtol=1e-11)
    np.testing.assert_allclose(spectrum[:2], 0, atol=1e-13 * curvatures[-1])  # out of the circles
    assert landscape.modes == 5


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_change_no_curve(name):
    t = np.linspace(0, 10, 50)
    for q in np.random.default_rng(1).uniform(-3, 3, (5, 5)):
        np.testing.assert_allclose(curve(GENERATORS[name](q), t), curve(q, t), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_alignment_is_the_best_of_the_infinite_group(landscape, seed):
    a, b = np.random.default_rng(seed).uniform(-3, 3, (2, 5))
    orbit = np.array([landscape.point(image) for image in images(b)])
    distinct = np.unique(np.round(orbit, 9), axis=0)
    assert len(orbit) > 100 and len(distinct) == landscape.symmetry.order == 16
    aligned = landscape.symmetry.align(landscape.point(a), landscape.point(b))
    best = np.linalg.norm(orbit - landscape.point(a), axis=1).min()
    assert aligned.exact and aligned.distance == pytest.approx(best, rel=1e-12)
    far = GENERATORS["reflection"](GENERATORS["both by pi"](b)) + [0, 0, -8 * PI, 0, 6 * PI]
    assert landscape.symmetry.align(landscape.point(b), landscape.point(far)).distance < 1e-13


@pytest.mark.parametrize("q, size", [
    ([0.1, 2.0, 0.3, 1.0, 0.7], 16),
    ([0.1, 2.0, 0.3, 2.0, 0.3], 8),  # equal sines
    ([0.1, 2.0, 0.3, 0.0, PI / 2], 8),  # one sine is 1, its reflection itself
    ([0.1, 0.0, PI / 2, 0.0, PI / 2], 2),  # both are 1, or both are -1
    ([0.1, 0.0, 0.0, 0.0, 0.0], 4),  # both are 0
])  # fmt: skip
def test_orbit_sizes_against_enumeration(landscape, q, size):
    orbit = np.array([landscape.point(image) for image in images(np.array(q))])
    assert len(np.unique(np.round(orbit, 9) + 0.0, axis=0)) == size
    assert landscape.symmetry.orbit_size(landscape.point(q)) == size


def test_middle_of_antipodes_has_a_slope(landscape):
    x = landscape.point(TRUE) * np.array([1, 1, 0, 0, 1, 1, 1])
    value, gradient = landscape.value_and_gradient(jnp.asarray(x))
    assert np.isfinite(value) and np.isfinite(gradient).all()


@pytest.mark.slow
def test_group_is_complete_since_equal_energies_are_images(landscape):
    found = minimise(landscape, random_starts(landscape, jax.random.key(0), np.arange(300)))
    found = found.where(found.converged)
    nothing = np.empty((0, 7)), np.empty(0), landscape.symmetry
    by_distance, by_energy = KnownPoints(*nothing), KnownPoints(*nothing, by_energy=True)
    by_distance.add(found.x, found.energy)
    by_energy.add(found.x, found.energy)
    assert len(by_distance) == len(by_energy) > 10


@pytest.mark.slow
def test_parameters_come_back_within_the_noise():
    noise, seeds = 0.02, range(30)
    distance, loss = 0.0, 0.0
    slopes_of = jax.jit(jax.jacobian(curve))
    for seed in seeds:
        landscape = nonlinear_regression(seed, noise=noise)
        best = minimise(landscape, landscape.point(TRUE)[None])
        error = landscape.parameters(best.x[0]) - TRUE
        slopes = np.asarray(slopes_of(TRUE, landscape.inputs))
        distance += np.sum((slopes @ error) ** 2) / noise**2
        loss += best.energy[0] / noise**2
    # Linear theory: the estimate is normal with covariance noise^2 (J^T J)^-1, the rest has 95 degrees.
    count = len(seeds)
    for value, degrees in ((distance, 5 * count), (loss, 95 * count)):
        assert chi2.ppf(1e-4, degrees) < value < chi2.ppf(1 - 1e-4, degrees)


@pytest.mark.parametrize("make, sentence", [
    (lambda: nonlinear_regression(items=4), "`items` must be at least 5"),
    (lambda: nonlinear_regression(noise=np.nan), "`noise` must be a finite number of at least 0"),
    (lambda: nonlinear_regression(highest_frequency=1.0), "`highest_frequency` must be finite and above 1"),
    (lambda: NonlinearRegression(np.zeros(4), np.zeros(4)), "five numbers or more"),
    (lambda: NonlinearRegression(np.zeros(6), np.zeros(7)), r"got shapes \(6,\) and \(7,\)"),
    (lambda: NonlinearRegression(np.zeros(6), np.full(6, np.inf)), "must be finite"),
])  # fmt: skip
def test_wrong_data_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
