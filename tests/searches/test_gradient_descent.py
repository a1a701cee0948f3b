"""Descents without polish: constant steps as a plain loop takes them, and what is kept on the way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import rows, starts_for
from lossatlas._results import RESULTS
from lossatlas.landscapes import Loss, partite_spin_glass, spin_glass, xor
from lossatlas.searches import (
    BFGS,
    LBFGS,
    GradientDescent,
    QuasiNewton,
    basin_hopping,
    compilations,
    descend,
    minimise,
)


def plain_loop(coefficients, x, step, gradients):
    """Constant steps on the sphere of a 3-spin glass, in numpy, from the tensor as it was drawn."""
    size, energies = len(x), []
    for number in range(gradients):
        pulls = (
            np.einsum("ijk,j,k->i", coefficients, x, x)
            + np.einsum("ijk,i,k->j", coefficients, x, x)
            + np.einsum("ijk,i,j->k", coefficients, x, x)
        ) / size
        energies.append(np.einsum("ijk,i,j,k", coefficients, x, x, x) / size)
        tangent = pulls - (pulls @ x) * x / size
        if number < gradients - 1:
            x = x - step * tangent
            x = x * np.sqrt(size) / np.linalg.norm(x)
    return x, np.array(energies), tangent


def test_constant_steps_are_those_of_a_plain_loop():
    size, seed = 7, 3
    coefficients = np.random.default_rng(seed).standard_normal((size,) * 3)
    landscape = spin_glass(size, seed=seed)
    starts = starts_for(landscape, 3)
    found = descend(landscape, starts, method=GradientDescent(0.05), max_gradients=37, workers=1)
    assert found.outcomes() == {"max_steps": 3} and (found.gradients == 37).all()
    for row, start in enumerate(starts):
        x, energies, gradient = plain_loop(coefficients, start, 0.05, 37)
        # 37 steps of rounding, 1e-16 of the size of the numbers each, which downhill do not grow.
        np.testing.assert_allclose(found.x[row], x, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.energy[row], energies[-1], rtol=1e-12)
        np.testing.assert_allclose(found.rms_gradient[row], np.sqrt(np.mean(gradient**2)), rtol=1e-10)
        # After 1, 2, 4, 8, 16, 32 gradients and at the end.
        kept = energies[[0, 1, 3, 7, 15, 31, 36]]
        np.testing.assert_allclose(found.history[row], kept, rtol=1e-12)


def test_a_bowl_shrinks_by_its_factor():
    """x <- (1 - step k) x along the axis of curvature k."""
    curvatures, step = np.array([1.0, 2.0, 3.0]), 0.1
    bowl = Loss(lambda x, k: 0.5 * jnp.sum(k * x * x), 3, data=curvatures, confining=True)
    found = descend(bowl, np.ones((1, 3)), method=GradientDescent(step), tolerance=1e-3)
    taken = found.gradients[0] - 1
    np.testing.assert_allclose(found.x[0], (1 - step * curvatures) ** taken, rtol=1e-12)
    rms = lambda n: np.sqrt(np.mean((curvatures * (1 - step * curvatures) ** n) ** 2))
    assert found.converged.all() and rms(taken) <= 1e-3 < rms(taken - 1)


@pytest.mark.parametrize(
    ("landscape", "step"),
    [
        pytest.param(spin_glass(8), 0.1, id="sphere", marks=pytest.mark.slow),
        pytest.param(partite_spin_glass((4, 4, 4)), 0.05, id="spheres", marks=pytest.mark.slow),
    ],
)
def test_all_methods_end_at_verified_minima(landscape, step):
    """Points of a descent are minima but for the polish, of which the energy knows nothing."""
    starts = starts_for(landscape, 8)
    for method in (GradientDescent(step), QuasiNewton(LBFGS(10)), QuasiNewton(BFGS()), None):
        rough = descend(landscape, starts, method=method, tolerance=1e-7, max_gradients=20_000)
        polished = minimise(landscape, starts, method=method, max_gradients=20_000)
        assert rough.outcomes() == polished.outcomes() == {"converged": 8}
        assert (rough.rms_gradient <= 1e-7).all()
        # The error is gradient^2 / (2 curvature): 1e-14 * 12 variables / curvature.
        error = 1e-13 / polished.lowest
        assert (np.abs(rough.energy - polished.energy) <= 1e-12 + error).all()


def quartic(x):
    return jnp.sum(x**4) - jnp.sum(x**2)


def test_a_step_that_is_too_long_is_reported():
    landscape = Loss(quartic, 2, confining=True)
    starts = np.array([[0.5, 0.5], [4.0, 0.0], [1e30, 0.0], [1e200, 0.0]])
    found = descend(landscape, starts, method=GradientDescent(0.2), max_gradients=200)
    # Near the minima 0.2 is less than 2 / curvature = 1/2; from 4 a step goes to -45, and then to 1e5.
    names = [RESULTS(int(code)).name for code in found.outcome]
    assert names == ["converged", "left_region", "left_region", "nonfinite"]
    assert found.gradients[1] < 10 and found.gradients[3] == 1
    assert np.isfinite(found.x).all()
    polished = minimise(landscape, starts[:2], method=GradientDescent(0.2), max_gradients=200)
    assert polished.converged[0]


def test_on_a_sphere_it_runs_out_of_steps():
    landscape = spin_glass(10)
    found = descend(landscape, starts_for(landscape, 4), method=GradientDescent(3.0), max_gradients=100)
    assert found.outcomes() == {"max_steps": 4} and (found.gradients == 100).all()
    np.testing.assert_allclose(np.linalg.norm(found.x, axis=1), np.sqrt(10), rtol=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize(
    "method", [GradientDescent(0.3), QuasiNewton(LBFGS(20)), QuasiNewton(BFGS(10))], ids=repr
)
def test_history_is_that_of_shorter_descents(method):
    landscape = xor(2)
    starts = starts_for(landscape, 4)
    full = descend(landscape, starts, method=method, max_gradients=40)
    assert full.history.shape == (4, 7)  # 1, 2, 4, 8, 16, 32, and 40 in the place of 64
    np.testing.assert_array_equal(full.history[:, -1], full.energy)
    for level, gradients in ((0, 1), (3, 8), (5, 32)):
        short = descend(landscape, starts, method=method, max_gradients=gradients)
        # Another program: the last digits may differ.
        np.testing.assert_allclose(full.history[:, level], short.energy, rtol=1e-12)


def test_same_answers_however_they_are_run():
    landscape = spin_glass(12)
    starts = starts_for(landscape, 5)
    one, two = (descend(landscape, starts, method=GradientDescent(0.1), workers=w) for w in (1, 2))
    np.testing.assert_array_equal(one.x, two.x)
    before = compilations()
    other = descend(spin_glass(12, seed=1), starts[:2], method=GradientDescent(0.1))
    assert compilations() == before and len(other) == 2


@pytest.mark.slow
def test_basin_hopping_without_polish():
    """A flat valley has no verified minimum; hops go down it all the same."""
    valley = Loss(lambda x: 0.5 * x[0] ** 2 + 0.1 * jnp.cos(3 * x[0]), 2, scale=1.0)
    starts = np.array([[3.0, 1.0], [-4.0, 0.0]])
    common = {"steps": 20, "temperature": 0.05, "key": jax.random.key(0), "method": QuasiNewton(LBFGS(5))}
    refused = basin_hopping(valley, starts, **common)
    assert np.isinf(refused.energy).all() and not refused.accepted.any()
    hops = basin_hopping(valley, starts, polish=False, tolerance=1e-8, **common)
    assert (hops.quenches.rms_gradient <= 1e-8).all() and len(hops.quenches) == 42
    grid = np.linspace(-3, 3, 100_001)
    lowest = np.min(0.5 * grid**2 + 0.1 * np.cos(3 * grid))
    # The grid has the minimum to (3e-5)^2 / 2; a barrier between the minima is 0.1 high at most.
    np.testing.assert_allclose(hops.quenches.energy.min(), lowest, rtol=0, atol=1e-8)
    # What runs out of steps is accepted, too.
    short = basin_hopping(valley, starts, polish=False, tolerance=1e-12, max_gradients=2, **common)
    assert "max_steps" in short.quenches.outcomes() and short.accepted[0].all()


BAD = {
    "zero": (lambda: GradientDescent(0.0), "`rate` must be a positive number, got 0.0"),
    "negative": (lambda: GradientDescent(-1), "`rate` must be a positive number, got -1"),
    "infinite": (lambda: GradientDescent(np.inf), "`rate` must be"),
    "word": (lambda: GradientDescent("long"), "`rate` must be a positive number, got 'long'"),  # pyright: ignore
    "tolerance": (lambda: descend(xor(2), np.zeros((1, 12)), tolerance=0.0), "`tolerance` must be"),
    "steps": (
        lambda: descend(xor(2), np.zeros((1, 12)), max_gradients=0),
        "`max_gradients` must be a whole number of at least 1",
    ),
    "starts": (lambda: descend(xor(2), np.zeros((1, 3))), "`starts` must have shape"),
    "off": (lambda: descend(spin_glass(6), np.ones((1, 6)) * 2), "must lie on the sphere"),
}


@pytest.mark.parametrize(("call", "sentence"), rows(BAD))
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        call()
