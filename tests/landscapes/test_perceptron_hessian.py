"""The analytic Hessian of networks, and the default of other landscapes, against autodiff."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import rows, starts_for
from lossatlas.landscapes import AbstractLandscape, Loss, Perceptron, spin_glass, xor
from lossatlas.landscapes import _perceptron_hessian as analytic
from lossatlas.searches import minimise


# Both sides sum the same numbers in another order; the largest entry sets the scale of rounding.
RELATIVE = 1e-13

ITEMS = 7
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(ITEMS, 2))
TARGETS = {
    "cross_entropy": np.array([0, 2, 1, 1, 0, 2, 2]),
    "binary_cross_entropy": np.array([0, 1, 1, 0, 1, 0, 0]),
    "squared_error": RNG.normal(size=(ITEMS, 2)),
}
OUTPUTS = {"cross_entropy": 3, "binary_cross_entropy": 1, "squared_error": 2}


def network(*hidden, items=ITEMS, masked=False, **settings) -> Perceptron:
    """A network on few items; more items are other points with the targets repeated."""
    loss = settings.get("loss", "cross_entropy")
    inputs = INPUTS if items == ITEMS else np.random.default_rng(1).normal(size=(items, 2))
    targets = np.resize(TARGETS[loss], (items, *TARGETS[loss].shape[1:]))
    sizes, rng = (2, *hidden, OUTPUTS[loss]), np.random.default_rng(2)
    mask = [rng.random((o, i)) < 0.67 for i, o in itertools.pairwise(sizes)] if masked else None
    return Perceptron(inputs, targets, hidden=hidden, mask=mask, **({"l2": 1e-2} | settings))


@jax.custom_vjp
def backwards(z):
    return jnp.sin(z)


backwards.defvjp(lambda z: (jnp.sin(z), z), lambda z, g: (g * jnp.cos(z),))


@jax.jit
def autodiff(landscape: AbstractLandscape, x):
    forwards = jax.jacfwd if landscape.forward_mode else jax.jacrev
    return forwards(jax.grad(landscape.surface_energy))(x)


def hessians(landscape: AbstractLandscape, points) -> list[np.ndarray]:
    """The landscape's own, traced anew: constants may have been changed."""
    own = jax.jit(lambda land, x: land.hessian(x))
    return [np.asarray(own(landscape, x)) for x in points]


def check(landscape: AbstractLandscape, points) -> list[np.ndarray]:
    found = hessians(landscape, points)
    for x, ours in zip(points, found):
        theirs = np.asarray(autodiff(landscape, x))
        scale = np.abs(theirs).max()
        assert scale > 0
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=RELATIVE * scale)
        np.testing.assert_allclose(ours, ours.T, rtol=0, atol=RELATIVE * scale)
    return found


def points_for(landscape: AbstractLandscape):
    """A point of middling size, one whose nodes are saturated, and the origin."""
    x = np.random.default_rng(3).normal(size=landscape.dimension)
    return [x, 8.0 * x, np.zeros_like(x)]


NETWORKS = {
    "tanh": network(3),
    "sigmoid": network(3, activation="sigmoid"),
    "softplus": network(3, activation="softplus"),
    "gelu": network(3, activation="gelu"),
    "relu, two layers": network(3, 2, activation="relu"),
    "one node": network(1),
    "two layers": network(3, 2),
    "three layers": network(3, 2, 4),
    "four layers": network(2, 3, 1, 2, activation="softplus"),
    "binary": network(3, loss="binary_cross_entropy"),
    "binary, two layers, sigmoid": network(
        3, 2, loss="binary_cross_entropy", activation="sigmoid", penalise_biases=False
    ),
    "squared error": network(3, loss="squared_error"),
    "squared error, three layers, gelu": network(2, 3, 2, loss="squared_error", activation="gelu"),
    "squared error, no penalty": network(3, 2, loss="squared_error", l2=0.0),
    "masked": network(4, masked=True),
    "masked, two layers": network(3, 4, masked=True),
    "masked, weights only": network(4, masked=True, penalise_biases=False),
    "masked, no penalty": network(4, masked=True, l2=0.0),
    "weights only": network(3, penalise_biases=False),
    "no penalty": network(3, l2=0.0),
    "no penalty, two layers": network(3, 2, l2=0.0),
    "own activation, two layers": network(3, 2, activation=jax.nn.silu),
    "own activation with a rule for reverse alone": network(3, activation=backwards),
    "no hidden layer": network(),
    "no hidden layer, no penalty": network(l2=0.0),
    "no hidden layer, squared error, masked": network(masked=True, loss="squared_error"),
    "no biases, two layers": network(3, 2, biases=False),
    "no biases, masked": network(4, masked=True, biases=False),
    "no biases, no penalty": network(3, biases=False, l2=0.0),
    "weights of items, two layers": network(3, 2, weights=np.arange(7.0)),
    "weights of items, no penalty": network(2, weights=np.arange(7.0), l2=0.0),
    "one item": network(2, items=1, loss="squared_error"),
}


# What each of these has stands in another row, too, beside something else.
CONTAINED = {
    "three layers",
    "masked, two layers",
    "no penalty, two layers",
    "sigmoid",
    "softplus",
    "gelu",
    "two layers",
    "binary",
    "squared error",
    "squared error, no penalty",
    "masked",
    "weights only",
    "no penalty",
    "squared error, three layers, gelu",
    "no biases, two layers",
    "no biases, no penalty",
    "no hidden layer, no penalty",
    "masked, no penalty",
    "weights of items, two layers",
    "one node",
}


@pytest.mark.parametrize(
    "landscape",
    [
        pytest.param(land, id=name, marks=[pytest.mark.slow] if name in CONTAINED else [])
        for name, land in NETWORKS.items()
    ],
)
def test_analytic_hessian_matches_autodiff(landscape):
    assert type(landscape).hessian is not AbstractLandscape.hessian
    check(landscape, points_for(landscape))


@pytest.mark.parametrize(
    ("settings", "shifts"),
    [({"penalise_biases": False}, 1), ({"l2": 0.0}, 4)],
    ids=["bias", "all columns"],
)
def test_shifts_of_all_outputs_have_no_curvature(settings, shifts):
    landscape = network(3, **settings)
    x = np.random.default_rng(4).normal(size=landscape.dimension)
    modes = np.asarray(landscape.zero_modes(x))
    assert modes.shape == (shifts, landscape.dimension)
    # Anywhere along a shift the landscape is the same.
    ours, shifted = check(landscape, [x, x + 3.0 * modes.sum(axis=0)])
    assert np.abs(modes @ ours).max() <= RELATIVE * np.abs(ours).max()
    np.testing.assert_allclose(shifted, ours, rtol=0, atol=RELATIVE * np.abs(ours).max())


# Items are cut into blocks of equal size; what fills the last one must not count.
@pytest.mark.parametrize(
    "items", [2048, 2049, *(pytest.param(items, marks=pytest.mark.slow) for items in (4096, 5000))]
)
def test_more_items_than_one_block(items):
    assert analytic.BLOCK == 2048
    landscape = network(2, items=items, activation="softplus")
    check(landscape, points_for(landscape)[:1])


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("masked", 3),
        pytest.param("two layers", 1, marks=pytest.mark.slow),
        pytest.param("squared error, three layers, gelu", 3, marks=pytest.mark.slow),
    ],
)
def test_blocks_of_few_items(name, block, monkeypatch):
    monkeypatch.setattr(analytic, "BLOCK", block)  # 7 items: 7 blocks, or 3 of which the last holds one
    check(NETWORKS[name], points_for(NETWORKS[name])[:1])


@pytest.fixture
def paths(monkeypatch):
    """How many blocks of the Hessian were formed pair by pair."""
    calls = []
    mapped = jax.lax.map

    def count(f, xs, **settings):
        calls.append(xs.shape)
        return mapped(f, xs, **settings)

    monkeypatch.setattr(analytic.jax.lax, "map", count)
    return calls


# With 4 hidden layers 5 square blocks and 10 mixed ones.
@pytest.mark.parametrize(
    ("name", "blocks"),
    rows(
        {
            "one layer": ("tanh", 3),
            "two layers": pytest.param("two layers", 6, marks=pytest.mark.slow),
            "four layers": pytest.param("four layers", 15, marks=pytest.mark.slow),
            "binary": pytest.param("binary", 3, marks=pytest.mark.slow),
        }
    ),
)
def test_pair_by_pair_is_the_same(name, blocks, monkeypatch, paths):
    landscape = NETWORKS[name]
    points = points_for(landscape)[:2]
    at_once = hessians(landscape, points)
    assert not paths
    monkeypatch.setattr(analytic, "PRODUCTS", 0)
    by_pairs = check(landscape, points)
    assert len(paths) == blocks
    for one, other in zip(by_pairs, at_once):
        np.testing.assert_allclose(one, other, rtol=0, atol=RELATIVE * np.abs(other).max())


def test_some_blocks_pair_by_pair(monkeypatch, paths):
    """One limit between the sizes of the blocks: each way to form one beside the other."""
    landscape = network(2, 6, items=11)
    monkeypatch.setattr(analytic, "PRODUCTS", 400)
    check(landscape, points_for(landscape)[:1])
    assert 0 < len(paths) < 6


@pytest.mark.slow
def test_pair_by_pair_in_blocks_of_items(monkeypatch, paths):
    monkeypatch.setattr(analytic, "PRODUCTS", 0)
    monkeypatch.setattr(analytic, "BLOCK", 3)
    check(NETWORKS["three layers"], points_for(NETWORKS["three layers"])[:1])
    assert paths


@pytest.mark.parametrize("name", ["two layers", "no penalty"])
def test_many_points_together(name):
    """As an accelerator does it."""
    landscape = NETWORKS[name]
    points = np.random.default_rng(5).normal(size=(3, landscape.dimension))
    together = np.asarray(jax.jit(jax.vmap(landscape.hessian))(points))
    for hessian, x in zip(together, points):
        theirs = np.asarray(autodiff(landscape, x))
        np.testing.assert_allclose(hessian, theirs, rtol=0, atol=RELATIVE * np.abs(theirs).max())


def quartic(x, coupling):
    return jnp.sum((x * x - 1.0) ** 2) + jnp.sum(jnp.sin(coupling @ x))


def quartic_loss(variables):
    return Loss(quartic, variables, data=np.random.default_rng(6).normal(size=(5, variables)))


# COLUMNS = 128 of them at a time.
AUTOMATIC = {
    "one variable": (lambda: quartic_loss(1),),
    "one below": pytest.param(lambda: quartic_loss(127), marks=pytest.mark.slow),
    "one chunk": (lambda: quartic_loss(128),),
    "one more": (lambda: quartic_loss(129),),
    "two chunks and some": (lambda: quartic_loss(300),),
    "sphere": (lambda: spin_glass(140, order=2),),
    "relu": (lambda: network(30, activation="relu"),),
    "relu, no penalty": pytest.param(
        lambda: network(30, activation="relu", l2=0.0), marks=pytest.mark.slow
    ),
}


@pytest.mark.parametrize("make", rows(AUTOMATIC))
def test_automatic_hessian_in_columns(make):
    landscape = make()
    x = np.random.default_rng(7).normal(size=landscape.dimension)
    check(landscape, [x])


@functools.cache
def minima_of_xor():
    landscape = xor(2)
    found = minimise(landscape, starts_for(landscape, 8))
    assert found.converged.all()
    return landscape, found


@pytest.mark.slow
def test_log_products_are_the_determinants_of_autodiff():
    landscape, found = minima_of_xor()
    assert len(np.unique(found.energy.round(6))) > 1
    for x, known in zip(found.x, found.log_product):
        sign, value = np.linalg.slogdet(np.asarray(autodiff(landscape, x)))
        # ln det changes by the trace of the inverse times an error: 12 / 2e-3 times 1e-15.
        assert sign == 1 and value == pytest.approx(known, abs=1e-10)


@pytest.mark.parametrize(
    ("landscape", "cost"),
    rows(
        {
            "network": (network(3), 10.0),
            "network, four layers": (NETWORKS["four layers"], 10.0),
            "relu": (network(3, activation="relu"), 21.0),
            "loss": (quartic_loss(40), 40.0),
            "spins": (spin_glass(6), 8.0),
        }
    ),
)
def test_what_a_hessian_costs(landscape, cost):
    assert landscape.hessian_cost == cost
