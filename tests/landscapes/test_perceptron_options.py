"""Networks without hidden layers or biases, own activations, weights of items, soft labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers import derivatives, starts_for
from lossatlas.landscapes import Loss, Perceptron, xor
from lossatlas.searches import census, minimise


RNG = np.random.default_rng(0)
ITEMS = 40
INPUTS, CLASSES = RNG.normal(size=(ITEMS, 3)), RNG.integers(0, 3, ITEMS)
VALUES = INPUTS @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * RNG.normal(size=ITEMS)
WEIGHTS = RNG.integers(0, 4, ITEMS).astype(float)


def network(**settings):
    arguments = {"targets": CLASSES, "hidden": 2, "l2": 1e-2} | settings
    return Perceptron(INPUTS, arguments.pop("targets"), **arguments)


PLAIN_LATER = [
    pytest.param(None, id="plain", marks=pytest.mark.slow),
    pytest.param(WEIGHTS, id="weighted", marks=pytest.mark.slow),
]


def only_minimum(landscape, starts=4):
    found = minimise(landscape, starts_for(landscape, starts))
    assert found.converged.all()
    np.testing.assert_allclose(found.x - found.x[0], 0.0, atol=1e-9)
    return found.x[0]


@pytest.mark.parametrize("weights", PLAIN_LATER)
def test_no_hidden_layer_is_logistic_regression(weights):
    l2 = 1e-2
    net = network(hidden=0, l2=l2, penalise_biases=False, weights=weights)
    assert net.dimension == 12 and net.symmetry.order == 1
    total = ITEMS if weights is None else weights.sum()
    # scikit-learn minimises C sum_d w_d loss_d + ||w||^2 / 2.
    known = LogisticRegression(C=1 / (2 * l2 * total), tol=1e-12, max_iter=10_000)
    known.fit(INPUTS, CLASSES, sample_weight=weights)
    x = only_minimum(net)
    (slopes, biases), *rest = net.layers(x)
    assert not rest
    np.testing.assert_allclose(slopes, known.coef_, atol=1e-5)  # scikit-learn's own tolerance
    np.testing.assert_allclose(biases, known.intercept_ - known.intercept_.mean(), atol=1e-5)
    np.testing.assert_allclose(net.predict(x, INPUTS), known.predict_proba(INPUTS), atol=1e-5)


@pytest.mark.parametrize("hidden", [0, (), [0]], ids=str)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("biases", [True, False])
def test_no_hidden_layer_is_ridge_regression(hidden, weights, biases):
    l2 = 1e-2
    settings = {"loss": "squared_error", "targets": VALUES, "l2": l2, "weights": weights}
    net = network(hidden=hidden, biases=biases, **settings)
    assert net.sizes == (3, 1) and net.morse_sum == 1
    columns = np.hstack([INPUTS, np.ones((ITEMS, 1))]) if biases else INPUTS
    shares = np.full(ITEMS, 1 / ITEMS) if weights is None else weights / weights.sum()
    gram = columns.T @ (shares[:, None] * columns) + l2 * np.eye(columns.shape[1])
    known = np.linalg.solve(gram, columns.T @ (shares * VALUES))
    # The loss is quadratic: from anywhere one Newton step leads to its minimum.
    start = np.arange(1.0, net.dimension + 1)
    _, gradient, hessian = derivatives(net, start)
    np.testing.assert_allclose(start - np.linalg.solve(hessian, gradient), known, rtol=1e-11)
    np.testing.assert_allclose(hessian, 2 * gram, rtol=1e-13)


@pytest.mark.slow
def test_a_convex_network_has_one_stationary_point():
    found = census(network(hidden=0), starts=20)
    assert found.by_index == {0: 1} and found.consistent


def test_a_network_without_biases_is_one_whose_biases_are_zero():
    net, full = network(hidden=(2, 3), biases=False), network(hidden=(2, 3))
    assert net.dimension == full.dimension - 8 and net.symmetry.order == full.symmetry.order
    x = np.random.default_rng(1).normal(size=net.dimension)
    padded = np.concatenate([np.concatenate([w.ravel(), np.zeros(len(w))]) for w, _ in net.layers(x)])
    assert all(not np.any(biases) for _, biases in net.layers(x))
    assert float(net.energy(x)) == float(full.energy(padded))
    assert net.morse_sum == 1 and network(biases=False, penalise_biases=False).morse_sum == 1


@pytest.mark.parametrize(
    ("settings", "modes"),
    [
        ({}, 0),
        ({"penalise_biases": False}, 0),
        ({"l2": 0.0}, 2),
        ({"l2": 0.0, "hidden": 0}, 3),
        ({"l2": 0.0, "targets": VALUES, "loss": "squared_error"}, 0),
    ],
)
def test_zero_modes_without_biases(settings, modes):
    net = network(**{"biases": False, **settings})
    x = np.asarray(net.sample(jax.random.key(0)))
    found = np.asarray(net.zero_modes(x))
    assert found.shape == (modes, net.dimension)
    moved = x + 3.0 * found.sum(axis=0)
    assert float(net.energy(moved)) == pytest.approx(float(net.energy(x)), rel=1e-13)
    values = np.linalg.eigvalsh(derivatives(net, x)[2])
    assert (np.abs(values) < 1e-13 * np.abs(values).max()).sum() == modes


def plain_xor():
    """XOR without biases as a bare function of eight numbers, whose images are told apart."""
    inputs = jnp.array([[0.0, 0, 1, 1], [0, 1, 0, 1]])

    def loss(x):
        y = x[4:].reshape(2, 2) @ jnp.tanh(x[:4].reshape(2, 2) @ inputs)
        right = jnp.array([[1.0, 0, 0, 1], [0, 1, 1, 0]])
        return jnp.mean(jax.nn.logsumexp(y, axis=0) - jnp.sum(right * y, axis=0)) + 1e-3 * x @ x

    return Loss(loss, 8, scale=2.0, confining=True)


@pytest.mark.slow
def test_images_of_xor_without_biases_are_all_found_one_by_one():
    """Counts by index from orbit sizes, and by finding every image of every point."""
    ours = census(xor(2, biases=False), starts=600)
    theirs = census(plain_xor(), starts=6000)
    assert ours.consistent and theirs.consistent and ours.morse_sum == 1
    assert ours.by_index == theirs.by_index
    lowest = theirs.energy[theirs.index == 0]
    np.testing.assert_allclose(np.unique(lowest.round(9)), np.unique(ours.energy[ours.index == 0].round(9)))


@pytest.mark.parametrize("hidden", [0, 2, (2, 2)], ids=str)
@pytest.mark.parametrize("loss", ["cross_entropy", pytest.param("squared_error", marks=pytest.mark.slow)])
def test_a_whole_weight_is_a_repeated_item(hidden, loss):
    targets = CLASSES if loss == "cross_entropy" else VALUES
    weighted = network(hidden=hidden, targets=targets, loss=loss, weights=3.7 * WEIGHTS)
    often = np.repeat(np.arange(ITEMS), WEIGHTS.astype(int))
    repeated = Perceptron(INPUTS[often], targets[often], hidden=hidden, l2=1e-2, loss=loss)
    x = np.random.default_rng(2).normal(size=weighted.dimension)
    for ours, theirs in zip(derivatives(weighted, x), derivatives(repeated, x)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * np.abs(theirs).max())
    assert weighted.units.energy == repeated.units.energy


def test_exchanged_inputs_must_keep_the_weights():
    items = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    settings = {"hidden": 2, "l2": 1e-3, "input_symmetries": [(1, 0)]}
    assert Perceptron(items, [0, 1, 1, 0], weights=[1, 2, 2, 3], **settings).symmetry.order == 16
    with pytest.raises(ValueError, match="changes the data set"):
        Perceptron(items, [0, 1, 1, 0], weights=[1, 2, 1, 3], **settings)


@pytest.mark.parametrize("weights", PLAIN_LATER)
def test_a_soft_label_is_a_mean_over_classes(weights):
    soft = np.random.default_rng(3).dirichlet(np.ones(3), ITEMS)
    net = network(targets=soft, weights=weights)
    # Each item once with every class, weighted by its probability.
    times = np.ones(ITEMS) if weights is None else weights
    spread = Perceptron(
        np.repeat(INPUTS, 3, axis=0),
        np.tile(np.arange(3), ITEMS),
        hidden=2,
        l2=1e-2,
        weights=(times[:, None] * soft).ravel(),
    )
    x = np.random.default_rng(4).normal(size=net.dimension)
    for ours, theirs in zip(derivatives(net, x), derivatives(spread, x)):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13 * np.abs(theirs).max())


def test_certain_soft_labels_are_class_numbers():
    certain = network(targets=np.eye(3)[CLASSES])
    assert certain.fingerprint() == network().fingerprint()
    binary = np.stack([1.0 - CLASSES // 2, CLASSES // 2], axis=1)
    one = network(targets=binary, loss="binary_cross_entropy")
    assert one.fingerprint() == network(targets=CLASSES // 2, loss="binary_cross_entropy").fingerprint()


def test_a_class_of_no_probability_is_named():
    with pytest.warns(UserWarning, match="No item has class 1 of the 3"):
        network(targets=np.tile([0.5, 0.0, 0.5], (ITEMS, 1)))


ACTIVATIONS = {
    "sine": (jnp.sin, True, "smooth"),
    "softsign": (jax.nn.soft_sign, True, "piecewise"),
    "cubic": (lambda z: z - z**3 / 30, True, "smooth"),
    "shifted": (lambda z: jnp.tanh(z) + 1e-9, False, "smooth"),
    "even": (lambda z: jnp.exp(-z * z), False, "smooth"),
    "silu": (jax.nn.silu, False, "smooth"),
    "elu": (jax.nn.elu, False, "piecewise"),
    "leaky": (jax.nn.leaky_relu, False, "piecewise"),
    "hard tanh": (jax.nn.hard_tanh, True, "piecewise"),
    "tanh by name": (jnp.tanh, True, "smooth"),
    "relu by name": (jax.nn.relu, False, "piecewise"),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_signs_and_smoothness_of_own_activations(name):
    function, odd, smoothness = ACTIVATIONS[name]
    net = network(activation=function)
    assert net.symmetry.order == 2 * (4 if odd else 1)
    assert net.smoothness == smoothness
    x = np.random.default_rng(5).normal(size=net.dimension)
    flipped = x.copy()
    flipped[[0, 1, 2, 6, 8, 10, 12]] *= -1  # the first node: what comes in, its bias, what goes out
    assert (abs(float(net.energy(flipped)) - float(net.energy(x))) < 1e-13) == odd
    (first, b), (last, c) = net.layers(x)
    y = last @ function(first @ INPUTS.T + b[:, None]) + c[:, None]
    np.testing.assert_allclose(net.outputs(x, INPUTS), y.T, rtol=1e-13)


def test_known_functions_are_their_names():
    for name, function in {"tanh": jnp.tanh, "softplus": jax.nn.softplus, "relu": jax.nn.relu}.items():
        assert network(activation=function).fingerprint() == network(activation=name).fingerprint()
    own = network(activation=lambda z: jnp.tanh(z))
    assert own.fingerprint()["activation"].startswith("function of values -9.95054754e-01, ")
    x = np.random.default_rng(6).normal(size=own.dimension)
    np.testing.assert_allclose(derivatives(own, x)[2], derivatives(network(), x)[2], rtol=0, atol=1e-14)
