"""Quasi-Newton descent: what it costs, where it stops, and exact Hessians on curved valleys."""

import collections
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import helpers
from helpers import PROBLEMS, nearest_gap, polynomial_loss, rows, shaped, starts_for, value_and_gradient
from lossatlas.landscapes import AbstractLandscape, Loss, MuellerBrown, Perceptron, spin_glass, xor
from lossatlas.searches import (
    BFGS,
    LBFGS,
    QuasiNewton,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
    toolkit_for,
)
from lossatlas.searches.minimisers._bfgs import SOFTEST


CALLS = collections.Counter()


class Counted(AbstractLandscape):
    """A landscape that counts its evaluations as they happen."""

    inner: AbstractLandscape

    @property
    def dimension(self):
        return self.inner.dimension

    @property
    def geometry(self):
        return self.inner.geometry

    @property
    def length_scale(self):
        return self.inner.length_scale

    @property
    def hessian_cost(self):
        return self.inner.hessian_cost

    def energy(self, x):
        return self.inner.energy(x)

    def sample(self, key):
        return self.inner.sample(key)

    def fingerprint(self):
        return self.inner.fingerprint()

    def value_and_gradient(self, x):
        jax.debug.callback(lambda: CALLS.update(["gradients"]))
        return self.inner.value_and_gradient(x)

    def hessian(self, x):
        jax.debug.callback(lambda: CALLS.update(["hessians"]))
        return self.inner.hessian(x)


def spent(search, *arguments):
    """A result, and the gradients and Hessians that were really evaluated."""
    CALLS.clear()
    result = search(*arguments)
    jax.effects_barrier()
    return result, CALLS["gradients"], CALLS["hessians"]


def quadratic(x, diagonal):
    return 0.5 * jnp.sum(diagonal * x * x)


def bowl(*curvatures) -> Loss:
    return Loss(quadratic, len(curvatures), data=np.array(curvatures, float), confining=True)


def rosenbrock(x):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@functools.cache
def valley() -> Loss:
    """Ten variables; from the usual start the minimum is at the end of a curved valley."""
    return Loss(rosenbrock, 10, confining=True)


SWITCH = 1e-6  # rms gradient
BENT = np.array([[-1.2, 1.0] * 5, [0.0] * 10, [0.5, -0.5] * 5])
LANDSCAPES = {
    "bowl": lambda: bowl(1, 10, 100),
    "valley": valley,
    "xor": lambda: xor(2),
    "sphere": lambda: spin_glass(6),
}
METHODS = {"BFGS()": BFGS(), "BFGS(10)": BFGS(10), "LBFGS(20)": LBFGS(20)}
SLOWER = [pytest.param(name, marks=pytest.mark.slow) for name in ("BFGS()", "LBFGS(20)")]
# Each landscape and each method once; all of their pairs are slow to compile.
ONCE = [("bowl", "BFGS()"), ("valley", "BFGS(10)"), ("xor", "LBFGS(20)"), ("sphere", "BFGS(10)")]
PAIRS = [
    pytest.param(name, method, marks=() if (name, method) in ONCE else pytest.mark.slow)
    for name in LANDSCAPES
    for method in METHODS
]


# Every way to count once: updates, exact Hessians in flat space and on a sphere, the memory of pairs.
@pytest.mark.parametrize(
    ("name", "method"),
    [("valley", "BFGS()"), ("valley", "BFGS(10)"), ("sphere", "BFGS(10)"), ("sphere", "LBFGS(20)")],
)
def test_evaluations_are_counted_as_they_happen(name, method):
    landscape = Counted(LANDSCAPES[name]())
    starts = starts_for(landscape, 3)
    search = QuasiNewton(METHODS[method], 1e-6, 5000)
    found, gradients, hessians = spent(run_batch, search, landscape, starts)
    assert found.gradients.sum() == gradients and found.hessians.sum() == hessians
    assert (hessians > 0) == (method == "BFGS(10)")


@pytest.mark.slow
def test_the_polish_counts_too():
    landscape = Counted(xor(2))
    found, gradients, hessians = spent(minimise, landscape, starts_for(landscape, 3))
    assert found.gradients.sum() == gradients and found.hessians.sum() == hessians


@pytest.mark.slow
def test_saddles_and_pathways_count_too():
    landscape = Counted(MuellerBrown())
    starts = [[-0.8, 0.6], [0.2, 0.3]]
    found, gradients, hessians = spent(find_saddles, landscape, starts)
    assert found.converged.all()
    assert found.gradients.sum() == gradients and found.hessians.sum() == hessians
    paths, gradients, hessians = spent(find_pathways, landscape, found.x, found.direction)
    sides = (paths.forward, paths.backward)
    assert sum(side.gradients.sum() for side in sides) == gradients
    assert sum(side.hessians.sum() for side in sides) == hessians


@pytest.mark.parametrize("name, method", PAIRS)
@pytest.mark.parametrize("tolerance", [pytest.param(1e-3, marks=pytest.mark.slow), 1e-7])
def test_descent_ends_at_its_tolerance(name, method, tolerance):
    landscape = LANDSCAPES[name]()
    starts = starts_for(landscape, 4)
    found = run_batch(QuasiNewton(METHODS[method], tolerance), landscape, starts)
    for x, energy, gradient in zip(found.x, found.energy, found.gradient):
        known = [np.asarray(a) for a in value_and_gradient(landscape, x)]
        # Another program: the last digits of the energy of a stiff landscape differ.
        np.testing.assert_allclose(energy, known[0], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(gradient, known[1], rtol=0, atol=1e-11)
        assert np.linalg.norm(gradient) <= tolerance * np.sqrt(len(x))
    assert (found.gradients < 5000).all()


def test_a_start_at_the_tolerance_costs_one_gradient():
    found = run_batch(QuasiNewton(BFGS(5), 1e-3), bowl(1, 10, 100), np.full((1, 3), 1e-6))
    assert found.gradients == [1] and found.hessians == [0]
    np.testing.assert_array_equal(found.x, np.full((1, 3), 1e-6))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("most", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 30)), 7])
def test_limits_are_gradients(method, most):
    starts = BENT[:1]
    landscape = Counted(valley())
    search = QuasiNewton(METHODS[method], 1e-12, 5000)
    # A limit that comes with the lane goes before `max_gradients`, and does not recompile.
    found, gradients, _ = spent(run_batch, search, landscape, starts, np.array([most]))
    assert found.gradients == [most] == [gradients]


def test_the_limit_of_the_search():
    search = QuasiNewton(BFGS(10), 1e-12, 12)
    found = run_batch(search, valley(), BENT)
    assert (found.gradients == 12).all()
    # 5 gradients before the first Hessian, 10 more before the second.
    assert (found.hessians == 1).all()


@pytest.mark.parametrize(("first", "refresh"), [(5, 10), (5, 25)])
def test_hessians_come_at_their_times(first, refresh):
    """After 5 gradients, then every `refresh`, later only where a step was refused."""
    landscape, x = valley(), BENT[0]
    search = QuasiNewton(BFGS(refresh), 1e-12)
    step = jax.jit(lambda state: search.step(landscape, state))
    state, times = jax.jit(lambda x: search.init(landscape, x))(x), []
    while state.gradients < 70:
        after = step(state)
        if after.hessians > state.hessians:
            times.append(int(state.gradients))
        state = after
    gaps = np.diff([1, *times])
    assert gaps[0] >= first and (gaps[1:] >= refresh).all() and (gaps <= refresh + 10).all()


@pytest.mark.parametrize("name, method", [pair for pair in PAIRS if "bowl" not in pair.values])
def test_no_step_goes_uphill(name, method):
    landscape = LANDSCAPES[name]()
    x = BENT[0] if name == "valley" else starts_for(landscape, 1, seed=3)[0]
    search = QuasiNewton(METHODS[method], SWITCH)
    step = jax.jit(lambda state: search.step(landscape, state))
    finished = jax.jit(lambda state: search.finished(landscape, state))
    state, moves = jax.jit(lambda x: search.init(landscape, x))(x), 0
    while not finished(state):
        after = step(state)
        rise = float(after.energy - state.energy)
        assert rise <= search.max_rise * (1.0 + abs(float(state.energy)))
        length = np.linalg.norm(after.x - state.x)
        # Retraction onto a sphere from a tangent step shortens it.
        assert length <= landscape.length_scale * (1 + 1e-12)
        # A step is either taken, or the next one is at most half as long.
        moved = int(after.cuts) == 0
        assert moved or length == 0
        if not moved:
            bound = 0.5 * np.linalg.norm(state.step) * (1 + 1e-12)
            assert float(after.longest) <= max(bound, float(landscape.length_scale) * 0.5)
            assert int(after.cuts) == int(state.cuts) + 1 < 10
            assert np.linalg.norm(after.step) <= float(after.longest) * (1 + 1e-12)
        moves += moved
        state = after
    assert moves > 3


@functools.cache
def overfitted() -> Perceptron:
    """33 variables, noise for targets, a weak penalty: soft curved valleys, as of real networks."""
    rng = np.random.default_rng(0)
    return Perceptron(rng.normal(size=(40, 2)), rng.integers(0, 3, 40), hidden=[5], l2=1e-4)


# How much of the gradients without exact Hessians may remain: measured, 0.7 to 0.85 and 0.2 to 0.4.
@pytest.mark.parametrize(
    ("landscape", "refresh", "share"),
    [
        pytest.param(valley, 10, 0.9, id="valley", marks=pytest.mark.slow),
        pytest.param(overfitted, 25, 0.5, id="network", marks=pytest.mark.slow),
    ],
)
def test_exact_hessians_shorten_the_way_along_a_valley(landscape, refresh, share):
    landscape = landscape()
    starts = BENT if landscape.dimension == 10 else starts_for(landscape, 6)
    plain, exact = (
        run_batch(QuasiNewton(method, SWITCH), landscape, starts) for method in (BFGS(), BFGS(refresh))
    )
    for found in (plain, exact):
        rms = np.linalg.norm(found.gradient, axis=1) / np.sqrt(landscape.dimension)
        assert (rms <= SWITCH).all()
    assert exact.gradients.sum() < share * plain.gradients.sum()
    assert (exact.hessians > 0).all()
    assert ((exact.hessians - 1) * refresh <= exact.gradients).all()


# Once the Hessian is exact, a quadratic bowl takes one full step; how stiff it is plays no part.
@pytest.mark.parametrize("stiffness", [1e2, 1e4, 1e6])
def test_a_bowl_is_one_newton_step(stiffness):
    landscape = bowl(1.0, np.sqrt(stiffness), stiffness)
    start = np.array([[0.3, 0.2, 0.1]])
    found = run_batch(QuasiNewton(BFGS(5), 1e-9), landscape, start)
    assert found.hessians == [1] and found.gradients <= [8]
    # One Newton step leaves rounding: eps times the start.
    np.testing.assert_allclose(found.x, 0, rtol=0, atol=1e-9)


EXACT = {
    "convex": (bowl(1.0, 2.0, 4.0), [1.0, 0.5, 0.25]),
    "saddle": (bowl(-1.0, 2.0, 4.0), 1 / (np.array([1.0, 2.0, 4.0]) + 4 * SOFTEST)),
    "flat": (bowl(0.0, 2.0, 4.0), 1 / (np.array([0.0, 2.0, 4.0]) + 4 * SOFTEST)),
}


@pytest.mark.parametrize(("landscape", "inverse"), rows(EXACT))
def test_exact_inverses(landscape, inverse):
    state = BFGS(1).exact(landscape, jnp.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(state.inverse, np.diag(inverse), rtol=1e-13, atol=1e-13)
    assert not state.fresh


def test_an_exact_inverse_is_definite_on_a_sphere():
    landscape = spin_glass(6)
    for x in starts_for(landscape, 3):
        state = BFGS(1).exact(landscape, jnp.asarray(x))
        values = np.linalg.eigvalsh(state.inverse)
        assert values[0] > 0 and values[-1] / values[0] <= 1.01 / SOFTEST


def test_a_hessian_that_is_not_finite_starts_the_memory_anew():
    landscape = Loss(lambda x: jnp.sum(jnp.abs(x) ** 1.5), 2)
    x = jnp.array([0.0, 1.0])
    assert not np.isfinite(np.asarray(landscape.hessian(x))).all()
    state = BFGS(1).exact(landscape, x)
    assert np.array_equal(state.inverse, np.eye(2)) and state.fresh


@pytest.mark.slow
@pytest.mark.parametrize("size", [6, pytest.param(12, marks=pytest.mark.slow)])
def test_spherical_minima_with_exact_hessians(size):
    landscape = spin_glass(size)
    starts = starts_for(landscape, 16)
    found = minimise(landscape, starts, method=QuasiNewton(BFGS(5)))
    assert found.outcomes() == {"converged": 16} and (found.index == 0).all()
    np.testing.assert_allclose(np.linalg.norm(found.x, axis=1), np.sqrt(size), rtol=1e-14)
    descent = run_batch(QuasiNewton(BFGS(5), SWITCH), landscape, starts)
    assert (descent.hessians > 0).any()
    assert (np.linalg.norm(descent.gradient, axis=1) <= SWITCH * np.sqrt(size)).all()
    # The same list of minima as without Hessians, whichever start leads where.
    other = minimise(landscape, starts_for(landscape, 64, seed=1), method=QuasiNewton(LBFGS(20)))
    assert nearest_gap(found.energy, other.energy[other.converged]).max() <= 1e-11


def test_the_lowest_state_of_pair_interactions():
    known = PROBLEMS["spin glass p=2"]
    landscape = known.landscape()
    found = minimise(landscape, starts_for(landscape, 8), method=QuasiNewton(BFGS(5)))
    assert found.converged.all()
    np.testing.assert_allclose(found.energy, known.energies[0][0], rtol=0, atol=known.tolerance)


def barrier(x):
    """Not a number for a negative first variable; the minimum is at (1, 0)."""
    return x[0] - jnp.log(x[0]) + x[1] ** 2


def beyond(x):
    """Not a number for a negative first variable, but its gradient vanishes at (-1, 0)."""
    return -x[0] - jnp.log(x[0]) + x[1] ** 2


def cliff(x):
    """Leads down to where it is not a number: no minimum."""
    return jnp.sqrt(x[0]) + x[1] ** 2


@pytest.mark.parametrize("method", ["BFGS(10)", *SLOWER])
def test_steps_beyond_the_edge_are_refused(method):
    # A scale so long that the descent does step over.
    landscape = Loss(barrier, 2, scale=3.0)
    starts = np.array([[8.0, 1.0], [1e-3, 0.0], [0.1, -2.0], [np.nan, 0.0]])
    found = minimise(landscape, starts, method=QuasiNewton(METHODS[method]))
    np.testing.assert_allclose(found.x[:3], [[1.0, 0.0]] * 3, rtol=0, atol=1e-9)
    assert found.outcomes() == {"converged": 3, "nonfinite": 1} and not found.converged[3]
    assert found.gradients[3] <= 10


@pytest.mark.parametrize("function", [barrier, beyond], ids=["downhill", "stationary"])
def test_a_point_without_an_energy_is_not_a_minimum(function):
    """JAX has finite derivatives of a logarithm that is not a number."""
    found = minimise(Loss(function, 2), np.array([[-1.2, 0.1]]))
    assert found.outcomes() == {"nonfinite": 1}


@pytest.mark.parametrize("method", ["BFGS(10)", *SLOWER])
def test_ends_of_the_world_are_named(method):
    fallen = minimise(
        Loss(cliff, 2), np.array([[1.0, 0.1], [0.5, -0.2]]), method=QuasiNewton(METHODS[method])
    )
    assert set(fallen.outcomes()) <= {"nonfinite", "max_steps"}
    away = minimise(
        shaped(1, 0, 0, 1, 0), np.array([[1.0, 0.5], [0.3, 0.1]]), method=QuasiNewton(METHODS[method])
    )
    assert away.outcomes() == {"left_region": 2}
    assert (np.abs(away.x).max(axis=1) > polynomial_loss().region).all()


@pytest.mark.parametrize(
    ("landscape", "method"),
    rows(
        {
            "network": (xor(2), BFGS(25)),
            "two variables": (MuellerBrown(), BFGS(20)),
            "forty variables": (Loss(lambda x: jnp.sum(x * x), 40), BFGS(100)),
            "300 variables": (Loss(lambda x: jnp.sum(x * x), 300), BFGS(750)),
            "301 variables": (Loss(lambda x: jnp.sum(x * x), 301), LBFGS(100)),
        }
    ),
)
def test_default_methods(landscape, method):
    assert toolkit_for(landscape).descent.direction == method


def test_known_minima_with_the_default_method():
    known = PROBLEMS["xor 2"]
    landscape = known.landscape()
    found = minimise(landscape, starts_for(landscape, 24))
    assert found.outcomes() == {"converged": 24}
    assert nearest_gap(found.energy, known.energies[0]).max() <= known.tolerance
    energy = [float(helpers.derivatives(landscape, x)[0]) for x in found.x]
    np.testing.assert_allclose(found.energy, energy, rtol=1e-13)
