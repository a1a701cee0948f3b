"""Searches that a user brings, and which of ours suit which landscape."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import PRNGKeyArray

from helpers import Standing, rows, starts_for
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import AbstractLandscape, DoubleWells, Loss, spin_glass, xor
from lossatlas.searches import (
    BFGS,
    LBFGS,
    RESULTS,
    AbstractDirection,
    AbstractMinimiser,
    Approached,
    ChebyshevDescent,
    EigenvectorFollowing,
    HybridEigenvectorFollowing,
    NewtonKrylov,
    QuasiNewton,
    SteepestDescent,
    TruncatedNewton,
    basin_hopping,
    descend,
    find_pathways,
    find_saddles,
    matrix_free,
    memory_needed,
    minimise,
    toolkit_for,
    with_hessians,
)


# ---- a minimiser of one's own ----------------------------------------------------------------------


class _State(eqx.Module):
    x: jax.Array
    energy: jax.Array
    gradient: jax.Array
    velocity: jax.Array
    gradients: jax.Array
    finite: jax.Array


class Momentum(AbstractMinimiser):
    """The heavy ball, as a user would write it."""

    rate: float
    tolerance: float = 1e-6
    max_gradients: int = 5000

    def init(self, landscape, x):
        energy, gradient = landscape.value_and_gradient(x)
        return _State(x, energy, gradient, jnp.zeros_like(x), jnp.asarray(1), jnp.isfinite(energy))

    def step(self, landscape, state):
        velocity = 0.8 * state.velocity - self.rate * state.gradient
        x = landscape.geometry.retract(state.x + velocity)
        energy, gradient = landscape.value_and_gradient(x)
        return _State(x, energy, gradient, velocity, state.gradients + 1, jnp.isfinite(energy))


class Diagonal(AbstractDirection):
    """A direction of one's own: a secant estimate of the curvature of each variable."""

    def init(self, x):
        return jnp.ones_like(x)

    def direction(self, memory, gradient):
        return -memory * gradient

    def update(self, memory, step, change):
        ratio = step / jnp.where(change == 0, 1.0, change)
        return jnp.where((change != 0) & (ratio > 0) & (ratio < 1e3), ratio, memory)


OWN = {"minimiser": (Momentum(0.02),), "direction": (QuasiNewton(Diagonal()),)}


@pytest.mark.slow
@pytest.mark.parametrize("method", rows(OWN))
def test_a_minimiser_of_ones_own_does_all_that_ours_do(method):
    landscape, starts = DoubleWells(3), starts_for(DoubleWells(3), 4)
    rough = descend(landscape, starts, method=method)
    assert rough.outcomes() == {"converged": 4} and (rough.rms_gradient <= 1e-6).all()
    assert rough.history[0, 0] > rough.history[0, -1] == rough.energy[0]
    assert descend(landscape, starts, method=method, max_gradients=3).outcomes() == {"max_steps": 4}
    for kit in (None, matrix_free(landscape)):
        found = minimise(landscape, starts, method=method, toolkit=kit)
        assert found.outcomes() == {"converged": 4} and (found.index == 0).all()
    hops = basin_hopping(landscape, starts, steps=2, temperature=0.1, key=jax.random.key(0), method=method)
    assert hops.quenches.converged.all()


def test_a_tolerance_is_in_units_of_the_caller():
    """The loss is searched in units of some 1e6 of its own."""
    landscape = Loss(lambda x: 1e6 * ((x**2 - 1.0) ** 2).sum(), 2)
    starts = starts_for(landscape, 4)
    found = descend(landscape, starts, method=dataclasses.replace(OWN["direction"][0], tolerance=1e3))
    assert (1.0 < found.rms_gradient).any() and (found.rms_gradient <= 1e3).all()


# ---- which searches suit which landscape -----------------------------------------------------------


def parabola(x):
    return jnp.sum(x * x)


@pytest.mark.slow
def test_the_default_search_can_be_passed_as_such():
    for landscape in (xor(2), spin_glass(8), Loss(lambda x: 1e6 * ((x**2 - 1.0) ** 2).sum(), 2)):
        kit, starts = toolkit_for(landscape), starts_for(landscape, 3)
        default = minimise(landscape, starts)
        for same in (
            minimise(landscape, starts, method=kit.descent),
            minimise(landscape, starts, toolkit=kit),
        ):
            np.testing.assert_allclose(same.x, default.x, rtol=1e-12, atol=1e-12)


SIZES = {
    "two": (2, BFGS(20), EigenvectorFollowing(), True),
    "300": (300, BFGS(750), EigenvectorFollowing(), True),
    "301": (301, LBFGS(100), HybridEigenvectorFollowing(), True),
    "1000": (1000, LBFGS(100), HybridEigenvectorFollowing(), True),
    "1001": (1001, LBFGS(20), HybridEigenvectorFollowing(NewtonKrylov(), products=16, switch=1e-6), False),
}


@pytest.mark.parametrize(("variables", "direction", "saddle", "hessians"), rows(SIZES))
def test_searches_change_with_the_number_of_variables(variables, direction, saddle, hessians):
    kit = toolkit_for(Loss(parabola, variables, scale=1.0, energy_scale=1.0))
    assert kit.descent == QuasiNewton(direction, 1e-6, 5000) and kit.saddle == saddle
    assert kit.hessians == hessians
    assert kit.polish == (EigenvectorFollowing() if hessians else NewtonKrylov())
    assert kit.pathway == (SteepestDescent() if hessians else ChebyshevDescent())
    assert (kit.hop, kit.mix) == (("variable", "wide") if hessians else ("point", "near"))


def test_searches_change_with_what_a_gradient_costs_and_with_kinks():
    assert toolkit_for(spin_glass(8)).descent == TruncatedNewton()
    assert matrix_free(spin_glass(8)).descent == QuasiNewton(LBFGS(20))
    kinked = toolkit_for(Loss(lambda x: jnp.sum(jnp.abs(x)), 3))
    assert kinked.polish.max_steps < kinked.saddle.max_steps == 300


def test_a_toolkit_is_a_key():
    one, other = with_hessians(xor(2)), with_hessians(xor(2))
    assert one == other and hash(one) == hash(other)
    assert dataclasses.replace(one, descent=TruncatedNewton()) != one


class Elsewhere(Standing):
    def result(self, landscape, state):
        return Approached(state, RESULTS.converged, 0)


@pytest.mark.parametrize("kit", [with_hessians, matrix_free])
def test_the_searches_that_need_memory_include_the_one_that_verifies(kit):
    landscape = xor(1)
    ours = kit(landscape)
    foreign = dataclasses.replace(ours, polish=Elsewhere(), saddle=Elsewhere())
    assert ours.verifier(landscape) == ours.polish
    assert foreign.verifier(landscape) == toolkit_for(landscape).polish
    for toolkit in (ours, foreign):
        found = [search for search, _ in toolkit.searches(landscape)]
        assert found.count(toolkit.verifier(landscape)) == 1 and toolkit.polish in found


@pytest.mark.slow
def test_memory_is_that_of_the_toolkit():
    landscape = Loss(parabola, 150)
    needed = [
        memory_needed(landscape, toolkit=kit(landscape), workers=1) for kit in (with_hessians, matrix_free)
    ]
    assert needed[0] > 3 * 8 * 150**2


@pytest.mark.slow
@pytest.mark.parametrize("kit", [with_hessians, matrix_free])
def test_an_exploration_uses_its_toolkit(kit, tmp_path):
    landscape = xor(1)
    budget = Budget(searches=200)
    with explore(landscape, tmp_path / "a.atlas", budget=budget, toolkit=kit(landscape)) as atlas:
        assert atlas.count("minima") and atlas.count("transition_states")
        known = np.isnan(atlas.minima.log_product)
        assert known.all() if kit is matrix_free else not known.any()  # without Hessians nobody knows it


# ---- one source of derivatives ---------------------------------------------------------------------


class Foreign(AbstractLandscape):
    """Double wells with a small tilt, in numpy: JAX cannot differentiate the energy."""

    @property
    def dimension(self) -> int:
        return 4

    def sample(self, key: PRNGKeyArray):
        return 2.0 * jax.random.normal(key, (4,))

    def fingerprint(self):
        return {"landscape": "foreign"}

    @property
    def region(self) -> float:
        return 100.0

    @property
    def smoothness(self):
        return "smooth"

    def energy(self, x):
        return _numpy(lambda x: np.sum((x**2 - 1) ** 2 + 0.1 * x, axis=-1), (), x)

    def value_and_gradient(self, x):
        return self.energy(x), _numpy(lambda x: 4 * x * (x**2 - 1) + 0.1, (4,), x)

    def hessian_product(self, x):
        return lambda v: _numpy(lambda x, v: (12 * x**2 - 4) * v, (4,), x, v)

    def hessian(self, x):
        return _numpy(lambda x: (12 * x**2 - 4)[..., None] * np.eye(4), (4, 4), x)


def _numpy(function, shape, *arguments):
    result = jax.ShapeDtypeStruct(shape, jnp.float64)
    return jax.pure_callback(
        lambda *a: np.asarray(function(*map(np.asarray, a))),
        result,
        *arguments,
        vmap_method="broadcast_all",
    )


@pytest.mark.parametrize("kit", [with_hessians, pytest.param(matrix_free, marks=pytest.mark.slow)])
def test_searches_take_derivatives_from_the_landscape_alone(kit):
    landscape = Foreign()
    with pytest.raises(ValueError, match="callback"):
        jax.grad(landscape.energy)(jnp.ones(4))
    low, top, high = np.sort(np.roots([4.0, 0, -4.0, 0.1]).real)
    toolkit = kit(landscape)
    minima = minimise(landscape, starts_for(landscape, 4), toolkit=toolkit, workers=1)
    assert minima.outcomes() == {"converged": 4}
    near = np.abs(minima.x[..., None] - [low, high]).min(axis=-1)
    np.testing.assert_allclose(near, 0.0, atol=1e-9)
    start = np.array([[low, top + 0.05, high, low]])
    state = find_saddles(landscape, start, directions=np.eye(4)[[1]], toolkit=toolkit, workers=1)
    np.testing.assert_allclose(state.x, [[low, top, high, low]], atol=1e-9)
    paths = find_pathways(landscape, state.x, state.direction, toolkit=toolkit, workers=1)
    ends = np.sort([paths.forward.x[0, 1], paths.backward.x[0, 1]])
    np.testing.assert_allclose(ends, [low, high], atol=1e-9)
