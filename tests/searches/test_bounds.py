"""Minima and saddles between bounds: known constrained minima, and what makes a point one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

from lossatlas._results import RESULTS
from lossatlas.landscapes import Box, FiniteSymmetry, Loss, dimensionless, sign_symmetry
from lossatlas.searches import find_pathways, find_saddles, minimise


INF = np.inf


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def sloped(x):
    return x[1] + 1e-5 * (x[1] - x[0]) ** 2


def cubic(x):
    return (x[0] + 1) ** 3 / 3 + x[1]


def wave(x):
    return jnp.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1


def gamma_fit(x):
    share = 0.01 * jnp.arange(1, 100)
    u = 25 + (-50 * jnp.log(share)) ** (2 / 3)
    return jnp.sum((jnp.exp(-((u - x[1]) ** x[2]) / x[0]) - share) ** 2)


def wood(x):
    first = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2 + 90 * (x[3] - x[2] ** 2) ** 2
    second = (1 - x[2]) ** 2 + 10.1 * ((x[1] - 1) ** 2 + (x[3] - 1) ** 2)
    return first + second + 19.8 * (x[1] - 1) * (x[3] - 1)


def product(x):
    return 2 - jnp.prod(x) / 120


def logarithms(x):
    return jnp.sum(jnp.log(x - 2) ** 2 + jnp.log(10 - x) ** 2) - jnp.prod(x) ** 0.2


def camel(x):
    a, b = x[0], x[1]
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2


A = np.sqrt(598 / 1200)
# Function, bounds, where the lowest minimum is, its energy. HS: Hock & Schittkowski, Test Examples for
# Nonlinear Programming Codes (1981), doi:10.1007/978-3-642-48320-2.
KNOWN = {
    "HS 1": (rosenbrock, ((-INF, -1.5), INF), (1, 1), 0),
    "HS 2": (
        rosenbrock,
        ((-INF, 1.5), INF),
        (2 * A * np.cos(np.arccos(1 / (400 * A**3)) / 3), 1.5),
        0.0504261879,
    ),
    "HS 3": (sloped, ((-INF, 0.0), INF), (0, 0), 0),
    "HS 4": (cubic, ((1.0, 0.0), INF), (1, 0), 8 / 3),
    "HS 5": (
        wave,
        ((-1.5, -3.0), (4.0, 3.0)),
        (0.5 - np.pi / 3, -0.5 - np.pi / 3),
        -np.sqrt(3) / 2 - np.pi / 3,
    ),
    "HS 25": (gamma_fit, ((0.1, 0.0, 0.0), (100.0, 25.6, 5.0)), (50, 25, 1.5), 0),
    "HS 38": (wood, (-10.0, 10.0), (1, 1, 1, 1), 0),
    "HS 45": (product, (0.0, (1.0, 2.0, 3.0, 4.0, 5.0)), (1, 2, 3, 4, 5), 1),
    "HS 110": (logarithms, (np.full(10, 2.001), 9.999), np.full(10, 9.35026583), -45.77846971),
    "camel": (camel, ((-1.0, -0.5), (2.0, 0.25)), None, None),
}
QUICK = ("HS 2",)


def loss_and_box(name):
    function, bounds, where, _ = KNOWN[name]
    size = 2 if where is None else len(where)
    lower, upper = (np.broadcast_to(np.asarray(side, float), size) for side in bounds)
    scale = None if np.isfinite(lower).all() else 2.0
    return Loss(function, size, bounds=bounds, scale=scale), lower, upper


def assert_constrained_minima(function, x, lower, upper, tolerance=1e-6):
    """Assert the second-order sufficient conditions by derivatives of the function alone."""
    assert np.all((x >= lower) & (x <= upper))
    derivatives = jax.jit(lambda point: (jax.grad(function)(point), jax.hessian(function)(point)))
    for point in x:
        gradient, hessian = map(np.asarray, derivatives(point))
        low, high = point == lower, point == upper
        free = ~(low | high)
        scale = max(1.0, np.abs(hessian).max())
        assert np.all(np.abs(gradient[free]) <= tolerance * scale)
        assert np.all(gradient[low] > 0) and np.all(gradient[high] < 0)
        assert np.all(np.linalg.eigvalsh(hessian[np.ix_(free, free)]) > 0)


def by_scipy(function, start, lower, upper, method):
    """Return the energy at which a method of SciPy ends; `function` returns energy, gradient, Hessian."""
    settings = {"options": {"ftol": 1e-15, "gtol": 1e-10}}
    if method == "trust-constr":
        settings = {"hess": lambda x: function(x)[2], "options": {"gtol": 1e-10, "xtol": 1e-12}}
    ended = scipy.optimize.minimize(
        lambda x: function(x)[0],
        start,
        jac=lambda x: function(x)[1],
        bounds=list(zip(lower, upper)),
        method=method,
        **settings,
    )
    return ended.fun


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in KNOWN]
)
def test_known_constrained_minima(name):
    function, _, where, energy = KNOWN[name]
    loss, lower, upper = loss_and_box(name)
    starts = np.array([np.asarray(loss.sample(jax.random.key(i))) for i in range(24)])
    assert np.all((starts >= lower) & (starts <= upper))
    found = minimise(loss, starts, workers=1)
    minima = found.where(found.converged)
    assert len(minima) >= 1
    assert_constrained_minima(function, minima.x, lower, upper)
    best = minima.x[minima.energy.argmin()]
    compiled = jax.jit(lambda x: (function(x), jax.grad(function)(x), jax.hessian(function)(x)))
    for method, count, allowed in (("L-BFGS-B", 24, 1e-8), ("trust-constr", 4, 1e-6)):
        theirs = min(by_scipy(compiled, start, lower, upper, method) for start in starts[:count])
        assert minima.energy.min() <= theirs + allowed * max(1, abs(theirs)), method
    if where is not None:
        assert minima.energy.min() == pytest.approx(energy, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(best, where, rtol=1e-6, atol=1e-6)


def wells_on_a_face(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] + 0.3 * x[1] * x[0]


def test_a_transition_state_on_a_face_joins_minima_on_it():
    loss = Loss(wells_on_a_face, 2, bounds=((-2.0, 0.0), 2.0), energy_scale=1.0)
    found = find_saddles(loss, np.array([[0.2, 0.5]]), workers=1)
    assert found.converged.all() and found.index[0] == 1
    np.testing.assert_allclose(found.x, [[0, 0]], atol=1e-12)
    assert found.curvatures[0] == 0 and np.isinf(found.second[0]) and found.log_product[0] == 0.0
    assert found.held[0] == 1
    np.testing.assert_allclose(np.abs(found.direction), [[1, 0]])
    # Curvatures are those of variables in units of the geometric mean of the scales, 1 and 1/2.
    lengths = loss.units.length / np.asarray(loss.units.variables)
    assert found.lowest[0] == pytest.approx(-4.0 / lengths[0] ** 2)
    assert found.log_slopes[0] == pytest.approx(np.log(1.0 / lengths[1]))  # the slope along y is 1
    paths = find_pathways(loss, found.x, found.direction, workers=1)
    ends = np.sort(np.concatenate([paths.forward.x, paths.backward.x])[:, 0])
    assert paths.forward.converged.all() and paths.backward.converged.all()
    np.testing.assert_allclose(ends, [-1, 1], atol=1e-9)


@pytest.mark.slow
def test_a_bound_that_holds_nothing_is_degenerate():
    """The gradient vanishes at the bound: whether it holds the variable, first derivatives do not say."""
    loss = Loss(lambda x: (x[0] - 1) ** 2 + x[1] ** 2, 2, bounds=((-1.0, 0.0), 3.0))
    found = minimise(loss, np.array([[0.5, 0.7], [2.0, 2.0]]), workers=1)
    assert np.all(found.outcome == RESULTS.degenerate)


@pytest.mark.slow
def test_derivatives_within_a_face():
    loss = Loss(lambda x: jnp.sum((x - 2.0) ** 2) + x[0] * x[1], 2, bounds=(-1.0, 1.0), scale=1.0)
    own = dimensionless(loss)
    inside, corner = jnp.array([0.5, -0.5]), jnp.array([1.0, -1.0])
    np.testing.assert_allclose(own.value_and_gradient(inside)[1] * loss.energy_unit, [-3.5, -4.5])
    np.testing.assert_allclose(own.value_and_gradient(corner)[1] * loss.energy_unit, [0.0, -5.0])
    hessian, product = own.hessian(corner), own.hessian_product(corner)
    np.testing.assert_allclose(hessian[1] * loss.energy_unit, [0.0, 2.0])
    assert hessian[0, 0] > hessian[1, 1] and hessian[0, 1] == 0
    np.testing.assert_allclose(product(jnp.array([0.0, 1.0])), hessian[1])
    assert product(jnp.array([1.0, 0.0]))[0] > hessian[1, 1]


def test_the_function_is_never_called_outside_its_bounds():
    loss = Loss(lambda x: jnp.sum(x * jnp.log(x)), 3, bounds=(1e-3, 2.0))
    starts = np.array([np.asarray(loss.sample(jax.random.key(i))) for i in range(8)])
    found = minimise(loss, starts, workers=1)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, np.exp(-1), rtol=1e-9)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"bounds": (1.0, 1.0)}, "those of variable 0 are 1 and 1"),
        ({"bounds": ((0.0, 2.0), (1.0, 1.0))}, "those of variable 1 are 2 and 1"),
        ({"bounds": (0.0,)}, "pair"),
        ({"bounds": 3.0}, "pair"),
        ({"bounds": ((0.0, 0.0, 0.0), 1.0)}, "one for each of 2 variables"),
        ({"bounds": (float("nan"), 1.0)}, "one for each of 2 variables"),
        (
            {"bounds": ((0.0, 0.0), (1.0, 2.0)), "symmetry": sign_symmetry(2)},
            "map the bounds to themselves",
        ),
        ({"periodic": 0.0}, "positive periods"),
        ({"periodic": -1.0}, "positive periods"),
        ({"periodic": (INF, INF)}, "has no finite period"),
        ({"periodic": 2 * np.pi, "bounds": (0.0, 1.0)}, "has a period and a bound"),
        ({"periodic": 3.0}, "3 is no period of variable"),
        ({"periodic": (2 * np.pi, 5.0)}, "is no period of variable 1"),
    ],
)
def test_bad_bounds_and_periods_are_refused_in_a_sentence(given, said):
    with pytest.raises(ValueError, match=said):
        Loss(lambda x: jnp.cos(x[0]) * jnp.cos(x[1]) + jnp.cos(x[1]), 2, **given)


def test_a_symmetry_may_exchange_variables_with_equal_bounds():
    swap = FiniteSymmetry(np.array([[0, 1], [1, 0]]), np.ones((2, 2), int))
    loss = Loss(lambda x: jnp.sum((x**2 - 1) ** 2) + x[0] * x[1], 2, bounds=(-2.0, 0.5), symmetry=swap)
    assert isinstance(loss.geometry, Box)
    with pytest.raises(ValueError, match="map the bounds to themselves"):
        Loss(lambda x: jnp.sum(x**2), 2, bounds=(0.0, (1.0, 2.0)), scale=1.0, symmetry=swap)


def test_starts_outside_are_refused_in_the_words_of_the_caller():
    loss = Loss(lambda x: jnp.sum(x**2), 2, bounds=(1.0, 3.0), scale=0.01)
    with pytest.raises(ValueError, match="`starts` .* variable 1 of row 0 is 5, .* are 1 and 3"):
        minimise(loss, np.array([[2.0, 5.0]]))


@pytest.mark.slow
def test_bounds_of_too_many_variables_are_refused():
    loss = Loss(lambda x: jnp.sum((x - 0.5) ** 2), 1001, bounds=(-1.0, 1.0))
    with pytest.raises(ValueError, match="searched with full Hessians, .* 1001 variables"):
        minimise(loss, np.zeros((1, 1001)), workers=1)


def test_what_is_past_a_bound_is_moved_to_it_exactly():
    rng = np.random.default_rng(0)
    upper = rng.uniform(0.1, 1.0, 200)
    box, far = Box(jnp.full(200, -INF), jnp.asarray(upper)), upper + rng.uniform(1.0, 1e6, 200)
    retracted, jacobian = jax.jit(lambda x: (box.retract(x), jax.jacobian(box.retract)(x)))(far)
    assert np.array_equal(retracted, upper)
    np.testing.assert_array_equal(jacobian, np.eye(200))
