"""The network against plain numpy, its counts of variables, and the arguments it refuses."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from helpers import derivatives
from lossatlas.landscapes import Perceptron, xor


RNG = np.random.default_rng(0)
ITEMS = 7
INPUTS = RNG.normal(size=(ITEMS, 2))
TARGETS = {
    "cross_entropy": np.array([0, 2, 1, 1, 0, 2, 2]),
    "binary_cross_entropy": np.array([0, 1, 1, 0, 1, 0, 0]),
    "squared_error": RNG.normal(size=(ITEMS, 2)),
}
ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": scipy.special.expit,
    "softplus": lambda x: np.logaddexp(0, x),
    "gelu": lambda x: 0.5 * x * (1 + scipy.special.erf(x / np.sqrt(2))),
    "relu": lambda x: np.maximum(x, 0),
}
OUTPUTS = {"cross_entropy": 3, "binary_cross_entropy": 1, "squared_error": 2}


def item_loss(loss, y, target):
    if loss == "cross_entropy":
        return -scipy.special.log_softmax(y)[target]
    if loss == "binary_cross_entropy":
        return -scipy.special.log_expit(y[0] if target else -y[0])
    return ((y - target) ** 2).sum()


def numpy_energy(x, sizes, activation, loss, l2, penalise_biases, mask):
    """Node by node, item by item; W_0 row by row without frozen links, b_0, W_1, ..."""
    numbers = iter(x)
    layers, penalty = [], 0.0
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weights = np.zeros((outputs, inputs))
        for to, origin in itertools.product(range(outputs), range(inputs)):
            if mask is None or mask[layer][to, origin]:
                weights[to, origin] = next(numbers)
        biases = np.array([next(numbers) for _ in range(outputs)])
        penalty += (weights**2).sum() + (biases**2).sum() * penalise_biases
        layers.append((weights, biases))
    assert next(numbers, None) is None
    total = 0.0
    for signal, target in zip(INPUTS, TARGETS[loss]):
        for weights, biases in layers[:-1]:
            signal = np.array([ACTIVATIONS[activation](w @ signal + b) for w, b in zip(weights, biases)])
        weights, biases = layers[-1]
        total += item_loss(loss, weights @ signal + biases, target)
    return total / len(INPUTS) + l2 * penalty


def mask_for(sizes):
    """A third of the links frozen."""
    rng = np.random.default_rng(1)
    return [rng.random((outputs, inputs)) < 0.67 for inputs, outputs in itertools.pairwise(sizes)]


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(3,), (3, 2), (3, 2, 3)], ids=str)
def test_energy_matches_numpy(hidden, activation, loss):
    sizes = (2, *hidden, OUTPUTS[loss])
    rng = np.random.default_rng(2)
    for penalise_biases, mask in itertools.product((True, False), (None, mask_for(sizes))):
        network = Perceptron(
            INPUTS,
            TARGETS[loss],
            hidden=hidden,
            l2=0.01,
            activation=activation,
            loss=loss,
            penalise_biases=penalise_biases,
            mask=mask,
        )
        for scale in (1.0, 20.0):  # saturated nodes too: log-sum-exp must not overflow
            x = scale * rng.normal(size=network.dimension)
            known = numpy_energy(x, sizes, activation, loss, 0.01, penalise_biases, mask)
            assert float(network.energy(jnp.asarray(x))) == pytest.approx(known, rel=1e-12)


def test_very_wrong_answers_do_not_overflow():
    network = Perceptron([[1.0], [-1.0]], [0, 1], hidden=[1], l2=0.0)
    # y = (0, 1e4 tanh(1e4) ): the loss is 1e4 to rounding, and its gradient finite
    x = jnp.array([1e4, 0.0, 0.0, 1e4, 0.0, 0.0])
    energy, gradient, _ = derivatives(network, x)
    assert float(energy) == pytest.approx(1e4, rel=1e-15)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("hidden", [(4,), (4, 3)], ids=str)
def test_frozen_links_are_zero(hidden):
    sizes = (2, *hidden, 3)
    mask = mask_for(sizes)
    network = Perceptron(INPUTS, TARGETS["cross_entropy"], hidden=hidden, l2=1e-3, mask=mask)
    frozen = sum((~links).sum() for links in mask)
    full = Perceptron(INPUTS, TARGETS["cross_entropy"], hidden=hidden, l2=1e-3)
    assert frozen > 3
    assert network.dimension == full.dimension - frozen
    x = jnp.arange(1.0, network.dimension + 1)
    for links, (weights, biases) in zip(mask, network.layers(x), strict=True):
        assert np.array_equal(np.asarray(weights) != 0, links)
        assert (np.asarray(biases) != 0).all()
    # The same network with all links, the frozen ones at zero.
    padded = np.concatenate([np.concatenate([w.ravel(), b]) for w, b in network.layers(x)])
    assert float(full.energy(jnp.asarray(padded))) == pytest.approx(float(network.energy(x)))


@pytest.mark.parametrize(
    ("inputs", "hidden", "outputs", "variables"),
    [(2, [10], 4, 74), (784, [10], 10, 7960), (2, [5, 5], 4, 69), (2, [4, 4, 4], 4, 72)],
)
def test_number_of_variables(inputs, hidden, outputs, variables):
    network = Perceptron(
        np.zeros((outputs, inputs)),
        np.arange(outputs),
        hidden=hidden,
        l2=1e-4,
        loss="cross_entropy",
    )
    assert network.dimension == variables
    assert network.sample(jax.random.key(0)).shape == (variables,)


@pytest.mark.parametrize("masked", [False, True])
def test_weights_only_penalty_leaves_the_common_shift_of_output_biases(masked):
    network = Perceptron(
        INPUTS,
        TARGETS["cross_entropy"],
        hidden=[3],
        l2=0.01,
        penalise_biases=False,
        mask=mask_for((2, 3, 3)) if masked else None,
    )
    x = np.asarray(network.sample(jax.random.key(0)))
    modes = np.asarray(network.zero_modes(x))
    shift = np.zeros(network.dimension)
    shift[-3:] = 1 / np.sqrt(3)
    assert modes.shape == (1, network.dimension)
    np.testing.assert_allclose(np.abs(modes[0]), shift, rtol=1e-15)
    assert x[-3:].sum() == pytest.approx(0, abs=1e-14)
    moved = np.asarray(x + 100.0 * shift)
    assert float(network.energy(moved)) == pytest.approx(float(network.energy(x)), rel=1e-13)
    np.testing.assert_allclose(network.geometry.retract(moved), x, rtol=0, atol=1e-12)
    assert network.morse_sum is None
    values = np.linalg.eigvalsh(derivatives(network, x)[2])
    # One zero eigenvalue and no more: at a random point all others are far from rounding.
    assert (np.abs(values) < 1e-13 * np.abs(values).max()).sum() == 1


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy"])
def test_other_losses_have_no_zero_mode(loss):
    network = Perceptron(INPUTS, TARGETS[loss], hidden=[3], l2=0.01, loss=loss, penalise_biases=False)
    assert network.zero_modes(jnp.zeros(network.dimension)).shape == (0, network.dimension)


@pytest.mark.parametrize(
    ("settings", "morse_sum"),
    [
        ({}, 1),
        ({"l2": 0.0}, None),
        ({"penalise_biases": False}, None),
        ({"activation": "relu"}, None),
        ({"activation": "gelu"}, 1),
    ],
)
def test_morse_sum_is_promised_only_where_the_penalty_confines_a_smooth_network(settings, morse_sum):
    arguments = {"hidden": [2], "l2": 1e-3} | settings
    assert Perceptron(INPUTS, TARGETS["cross_entropy"], **arguments).morse_sum == morse_sum


@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_node_signs_flip_only_under_odd_activations(activation):
    network = Perceptron(INPUTS, TARGETS["cross_entropy"], hidden=[3], l2=0.01, activation=activation)
    assert network.symmetry.order == (2**3 if activation == "tanh" else 1) * 6


def test_xor_is_the_loss_of_the_specification():
    network = xor(2, l2=1e-2)
    x = np.random.default_rng(3).normal(size=12)
    first, b, second, c = x[:4].reshape(2, 2), x[4:6], x[6:10].reshape(2, 2), x[10:]
    loss = 0.0
    for item, target in (((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)):
        y = second @ np.tanh(first @ np.array(item) + b) + c
        loss -= np.log(np.exp(y[target]) / np.exp(y).sum()) / 4
    assert float(network.energy(x)) == pytest.approx(loss + 1e-2 * x @ x, rel=1e-14)
    assert network.symmetry.order == 2 * 2**2 * 2
    assert float(xor(2).energy(jnp.zeros(12))) == pytest.approx(np.log(2), rel=1e-15)
    assert xor([2, 2]).dimension == 18


@pytest.mark.parametrize("hidden", [2, np.int64(2), [2], (2,), np.array([2]), np.array(2)], ids=repr)
def test_one_hidden_layer_may_be_given_as_a_number(hidden):
    assert xor(hidden).sizes == (2, 2, 2)
    assert Perceptron(INPUTS, TARGETS["cross_entropy"], hidden=hidden, l2=1e-3).sizes == (2, 2, 3)


GOOD = {"inputs": INPUTS, "targets": TARGETS["cross_entropy"], "hidden": [3], "l2": 1e-3}
INFINITE = np.where(np.arange(14).reshape(7, 2) == 3, np.inf, INPUTS)
REFUSED = {
    "inputs of one axis": ({"inputs": INPUTS[:, 0]}, r"`inputs`.*\(7,\)"),
    "no item": ({"inputs": INPUTS[:0], "targets": []}, r"`inputs`.*\(0, 2\)"),
    "infinite inputs": ({"inputs": INFINITE}, "`inputs`.*not finite"),
    "infinite targets": ({"targets": [0, 1, np.nan, 0, 0, 0, 0]}, "`targets`.*not finite"),
    "too few targets": ({"targets": [0, 1]}, r"`targets`.*7 items.*\(2,\)"),
    "negative class": ({"targets": [0, 1, -1, 0, 0, 0, 0]}, "`targets`.*class numbers"),
    "half a class": ({"targets": [0, 1, 0.5, 0, 0, 0, 0]}, "`targets`.*class numbers"),
    "rows that are no probabilities": ({"targets": np.ones((7, 2))}, "`targets`.*class numbers.*sum of 1"),
    "negative probabilities": ({"targets": np.tile([1.5, -0.5], (7, 1))}, "`targets`.*not negative"),
    "one column": ({"targets": np.ones((7, 1))}, r"one column for each of two or more classes.*\(7, 1\)"),
    "other columns": ({"targets": np.eye(7), "classes": 3}, r"one column for each of 3 classes.*\(7, 7\)"),
    "three columns for two": (
        {"targets": np.eye(7)[:, :7], "loss": "binary_cross_entropy"},
        r"one column for each of 2 classes.*\(7, 7\)",
    ),
    "one certain class": ({"targets": np.tile([0.0, 1.0], (7, 1))}, "hold one class only, 1"),
    "weights of another shape": ({"weights": np.ones(6)}, r"`weights`.*each of 7 items.*\(6,\)"),
    "negative weights": ({"weights": -np.ones(7)}, "`weights` must not be negative"),
    "no weight": ({"weights": np.zeros(7)}, "`weights`.*at least one must be positive"),
    "neighbours without nodes": ({"hidden": 0, "neighbours": 1}, "`neighbours`.*no hidden layer"),
    "nothing left": (
        {"hidden": 0, "biases": False, "mask": [np.zeros((3, 2))]},
        "`mask` freezes every link.*no variable",
    ),
    "activation of numpy": ({"activation": np.tanh}, "`activation`.*jax.numpy"),
    "activation of the whole": (
        {"activation": lambda z: z / jnp.sum(jnp.abs(z))},
        "`activation` must work element by element",
    ),
    "activation that sums": ({"activation": jnp.sum}, r"`activation`.*same shape.*shape \(\)"),
    "activation in float32": (
        {"activation": lambda z: z.astype(jnp.float32)},
        "`activation`.*float64.*float32",
    ),
    "activation that is not finite": ({"activation": jnp.log}, "`activation` is not finite"),
    "three axes": (
        {"targets": np.zeros((7, 2, 2)), "loss": "squared_error"},
        r"`targets`.*\(7, 2, 2\)",
    ),
    "binary with three classes": ({"loss": "binary_cross_entropy"}, "binary_cross_entropy.*3"),
    "empty hidden layer": ({"hidden": [3, 0]}, r"hidden.*got 3, 0"),
    "half a node": ({"hidden": [2.5]}, r"hidden.*2\.5"),
    "negative l2": ({"l2": -1e-3}, r"`l2`.*-0\.001"),
    "l2 not a number": ({"l2": np.nan}, "`l2`.*nan"),
    "activation": ({"activation": "elu"}, "`activation`.*tanh.*elu"),
    "loss": ({"loss": "hinge"}, "`loss`.*cross_entropy.*hinge"),
    "mask layers": ({"mask": [np.ones((3, 2))]}, "`mask`.*2, got 1"),
    "mask shape": (
        {"mask": [np.ones((2, 3)), np.ones((3, 3))]},
        r"[mM]ask.*\(3, 2\).*\(2, 3\)",
    ),
    "input symmetry": ({"input_symmetries": [(0, 2)]}, r"input.symmetr.*2 inputs.*\(0, 2\)"),
}
WRONG_ERROR = {
    "hidden is no whole number": ({"hidden": 2.5}, r"`hidden` must be a whole number of nodes.*got 2\.5"),
    "hidden is text": ({"hidden": "2"}, "`hidden` must be a whole number of nodes.*got '2'"),
    "hidden is true": ({"hidden": True}, "`hidden` must be a whole number of nodes.*got True"),
    "hidden is negative": ({"hidden": -1}, "`hidden`: every layer needs at least one node, got -1"),
    "mask is a number": ({"mask": 3}, "mask"),
    "l2 is text": ({"l2": "small"}, "l2"),
    "inputs are text": ({"inputs": [["a", "b"]] * 7}, "inputs"),
    "complex inputs": ({"inputs": INPUTS + 1j}, "inputs"),
    "exchange against the data": ({"input_symmetries": [(1, 0)]}, "input_symmetries"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_arguments_are_refused_by_name(name):
    wrong, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        Perceptron(**(GOOD | wrong))


@pytest.mark.parametrize("name", WRONG_ERROR)
def test_more_wrong_arguments_are_refused_by_name(name):
    wrong, message = WRONG_ERROR[name]
    with pytest.raises(ValueError, match=message):
        Perceptron(**(GOOD | wrong))
