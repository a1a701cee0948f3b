"""Truncated Newton descent against plain numpy, quasi-Newton descent, and what it promises of its steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import nearest_gap, starts_for, value_and_gradient
from lossatlas.landscapes import Loss, MuellerBrown, partite_spin_glass, spin_glass, xor
from lossatlas.searches import BFGS, QuasiNewton, TruncatedNewton, minimise, run_batch, toolkit_for
from lossatlas.searches.curvature import projected
from lossatlas.searches.minimisers._truncated_newton import FORCING, REACH, _conjugate_gradients


def bowl(curvatures):
    return Loss(lambda x: 0.5 * jnp.sum(jnp.asarray(curvatures) * x * x), len(curvatures))


LANDSCAPES = {
    "bowl": lambda: bowl([1.0, 10.0, 100.0]),
    "Mueller-Brown": MuellerBrown,
    "xor": lambda: xor(2),
    "p=3": lambda: spin_glass(12),
    "p=4": lambda: spin_glass(8, order=4),
    "parts": lambda: partite_spin_glass((3, 4, 5)),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name == "p=4" else ()) for name in LANDSCAPES]
)
@pytest.mark.parametrize("tolerance", [pytest.param(1e-3, marks=pytest.mark.slow), 1e-9])
def test_it_ends_downhill_at_its_tolerance(name, tolerance):
    landscape = LANDSCAPES[name]()
    starts = starts_for(landscape, 6)
    found = run_batch(TruncatedNewton(tolerance), landscape, starts)
    for start, x, energy, gradient in zip(starts, found.x, found.energy, found.gradient):
        known = [np.asarray(a) for a in value_and_gradient(landscape, x)]
        # Another program: rounding of energies and gradients of order 1 to 100.
        np.testing.assert_allclose(energy, known[0], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(gradient, known[1], rtol=0, atol=1e-11)
        assert np.linalg.norm(gradient) <= tolerance * np.sqrt(len(x))
        assert energy < float(value_and_gradient(landscape, start)[0])
        np.testing.assert_allclose(landscape.geometry.retract(x), x, rtol=1e-14)
    assert np.array_equal(found.gradients, found.hessians) and (found.gradients > 1).all()


@pytest.mark.parametrize("most", [1, pytest.param(2, marks=pytest.mark.slow), 5])
def test_limits_are_gradients(most):
    landscape, starts = spin_glass(12), starts_for(spin_glass(12), 4)
    by_search = run_batch(TruncatedNewton(1e-12, most), landscape, starts)
    assert (by_search.gradients == most).all()
    if most == 1:
        np.testing.assert_allclose(by_search.x, starts, rtol=1e-15)
        known = [float(value_and_gradient(landscape, x)[0]) for x in starts]
        np.testing.assert_allclose(by_search.energy, known, rtol=1e-13)


def test_a_start_at_the_tolerance_costs_one_gradient():
    found = run_batch(TruncatedNewton(1e-3), bowl([1.0, 2.0, 3.0]), np.full((1, 3), 1e-6))
    assert found.gradients == [1]
    np.testing.assert_array_equal(found.x, np.full((1, 3), 1e-6))


def test_a_loss_that_is_not_finite_ends_the_search():
    logarithm = Loss(lambda x: jnp.sum(jnp.log(x)), 2)
    found = run_batch(TruncatedNewton(1e-6), logarithm, np.array([[-1.0, 1.0]]))
    assert found.gradients == [1] and not np.isfinite(found.energy).any()


@pytest.mark.slow
@pytest.mark.parametrize("size", [6, 12])
def test_the_same_minima_as_quasi_newton_descent(size):
    landscape = spin_glass(size)
    newton = minimise(landscape, starts_for(landscape, 16))
    other = minimise(landscape, starts_for(landscape, 64, seed=1), method=QuasiNewton(BFGS()))
    assert newton.outcomes() == {"converged": 16} and (newton.index == 0).all()
    assert nearest_gap(newton.energy, other.energy[other.converged]).max() <= 1e-11


def test_it_takes_fewer_gradients_than_quasi_newton_descent():
    landscape = spin_glass(40)
    starts = starts_for(landscape, 8)
    newton = run_batch(TruncatedNewton(1e-6), landscape, starts)
    quasi = run_batch(QuasiNewton(BFGS(), 1e-6), landscape, starts)
    assert 2 * newton.gradients.mean() < quasi.gradients.mean()


def random_model(seed, curvatures):
    """A quadratic model: Hessian and gradient across one forced zero mode."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(len(curvatures) + 1,) * 2))[0]
    inside, mode = basis[:, :-1], basis[:, -1:].T
    across = rng.normal(size=(len(basis), 1)) @ mode  # as a Hessian on a sphere has beside its tangent part
    hessian = (inside * curvatures) @ inside.T + across + across.T
    return hessian, inside @ rng.normal(size=len(curvatures)), mode


@pytest.mark.parametrize("modes", [0, 1, 3])
def test_projection_without_products_of_matrices(modes):
    rng = np.random.default_rng(modes)
    hessian, basis = rng.normal(size=(7, 7)), np.linalg.qr(rng.normal(size=(7, 7)))[0][:modes]
    hessian, inside = hessian + hessian.T, np.eye(7) - basis.T @ basis
    np.testing.assert_allclose(projected(hessian, basis), inside @ hessian @ inside, rtol=0, atol=1e-13)


def model(hessian, gradient, step):
    return gradient @ step + 0.5 * step @ hessian @ step


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_newton_steps_where_all_curvatures_are_positive(seed):
    hessian, gradient, mode = random_model(seed, np.linspace(1.0, 100.0, 9))
    step = np.asarray(_conjugate_gradients(hessian, mode, gradient, 1e3))
    np.testing.assert_allclose(mode @ step, 0.0, atol=1e-12)  # rounding of nine products
    inside = np.eye(len(step)) - mode.T @ mode
    residual = np.linalg.norm(inside @ hessian @ step + gradient)
    # The residual that is carried along and the real one differ by rounding.
    assert residual <= FORCING * (1 + 1e-9) * np.linalg.norm(gradient)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lowest", [-10.0, -0.1, 1.0])
@pytest.mark.parametrize("longest", [1e-3, 0.05])
def test_steps_beyond_the_radius_end_on_it(seed, lowest, longest):
    hessian, gradient, mode = random_model(seed, np.linspace(lowest, 5.0, 9))
    step = np.asarray(_conjugate_gradients(hessian, mode, gradient, longest))
    assert np.linalg.norm(step) == pytest.approx(longest, rel=1e-12)
    # Never worse than the steepest descent to the radius or to the minimum along it.
    curvature = gradient @ hessian @ gradient / (gradient @ gradient)
    length = longest if curvature <= 0 else min(longest, np.linalg.norm(gradient) / curvature)
    cauchy = -length * gradient / np.linalg.norm(gradient)
    lower = model(hessian, gradient, cauchy)
    assert model(hessian, gradient, step) <= lower + 1e-12 * abs(lower)


def test_no_step_is_longer_than_the_reach():
    landscape = spin_glass(30)
    search = TruncatedNewton(1e-6)
    state = search.init(landscape, landscape.sample(jax.random.key(0)))
    step = jax.jit(search.step)
    for _ in range(12):
        state = step(landscape, state)
        assert np.linalg.norm(state.step) <= REACH * landscape.length_scale * (1 + 1e-12)


@pytest.mark.parametrize(
    ("landscape", "kind"),
    [
        (spin_glass(6), TruncatedNewton),
        (spin_glass(5, order=4), TruncatedNewton),
        (spin_glass(6, order=2), QuasiNewton),
        (spin_glass(6, order=1), QuasiNewton),
        (partite_spin_glass((3, 3, 3)), QuasiNewton),
        (MuellerBrown(), QuasiNewton),
    ],
    ids=["p=3", "p=4", "p=2", "p=1", "parts", "surface"],
)
def test_where_it_is_the_default(landscape, kind):
    assert isinstance(toolkit_for(landscape).descent, kind)
