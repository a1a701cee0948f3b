"""Models: what landscapes predict, and users' losses as models from metrics to pictures."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.special

from lossatlas import plots
from lossatlas.analysis import evaluate, misclassification_distances
from lossatlas.datasets import DataSet
from lossatlas.landscapes import (
    AbstractModel,
    Loss,
    MuellerBrown,
    Perceptron,
    check_model,
    nonlinear_regression,
    xor,
)
from lossatlas.landscapes._predictions import check_predictions


RNG = np.random.default_rng(0)
INPUTS, CLASSES = RNG.normal(size=(30, 2)), np.arange(30) % 3
VALUES = RNG.normal(size=30)


def labelled(inputs=INPUTS, targets=CLASSES, classes=("a", "b", "c")):
    names = tuple("pqrs"[: inputs.shape[1]])
    return DataSet("table", inputs, targets, classes, names, "kind", "made here")


def network(**settings):
    arguments = {"hidden": [3], "l2": 1e-3, "targets": CLASSES} | settings
    return Perceptron(INPUTS, arguments.pop("targets"), **arguments)


def signals(parameters, inputs):
    return jnp.tanh(inputs @ parameters["first"]) @ parameters["last"]


def own_classifier(**settings):
    """A network without biases, written by hand: parameters as matrices that multiply rows."""

    def probabilities(parameters, inputs):
        return jax.nn.softmax(signals(parameters, inputs), axis=1)

    def energy(parameters, data):
        inputs, classes = data
        p = probabilities(parameters, inputs)
        penalty = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(parameters))
        return -jnp.mean(jnp.log(p[jnp.arange(len(classes)), classes])) + 1e-3 * penalty

    arguments = {"predict": probabilities, "features": 2, "classes": 3} | settings
    example = {"first": np.zeros((2, 3)), "last": np.zeros((3, 3))}
    return Loss(energy, example, data=(INPUTS, CLASSES), **arguments)


def own_line(**settings):
    def energy(p, data):
        return jnp.mean((p[0] * data[0] + p[1] - data[1]) ** 2)

    arguments = {"predict": lambda p, inputs: p[0] * inputs[:, 0] + p[1], "features": 1} | settings
    return Loss(energy, 2, data=(INPUTS[:, 0], VALUES), **arguments)


def test_predictions_of_networks_are_those_of_numpy():
    x = np.random.default_rng(1).normal(size=21)
    (first, b), (last, c) = [(np.asarray(w), np.asarray(b)) for w, b in network().layers(x)]
    y = np.tanh(INPUTS @ first.T + b) @ last.T + c
    net = network()
    assert (net.features, net.classes) == (2, 3)
    np.testing.assert_allclose(net.outputs(x, INPUTS), y, rtol=1e-13)
    np.testing.assert_allclose(net.predict(x, INPUTS), scipy.special.softmax(y, axis=1), rtol=1e-12)
    np.testing.assert_allclose(
        net.item_losses(x, INPUTS, CLASSES),
        -scipy.special.log_softmax(y, axis=1)[np.arange(30), CLASSES],
        rtol=1e-12,
    )
    binary = network(targets=CLASSES // 2, loss="binary_cross_entropy")
    z = np.asarray(binary.outputs(x[:13], INPUTS))[:, 0]
    p = scipy.special.expit(z)
    assert binary.classes == 2
    np.testing.assert_allclose(binary.predict(x[:13], INPUTS), np.stack([1 - p, p], axis=1), rtol=1e-12)
    losses = -np.log(np.where(CLASSES // 2, p, 1 - p))
    np.testing.assert_allclose(binary.item_losses(x[:13], INPUTS, CLASSES // 2), losses, rtol=1e-12)
    values = network(targets=VALUES, loss="squared_error")
    assert values.classes is None and values.predict(x[:13], INPUTS).shape == (30, 1)
    errors = (np.asarray(values.outputs(x[:13], INPUTS))[:, 0] - VALUES) ** 2
    np.testing.assert_allclose(values.item_losses(x[:13], INPUTS, VALUES), errors, rtol=1e-12)


@pytest.mark.parametrize(
    "net",
    [
        network(),
        network(targets=CLASSES // 2, loss="binary_cross_entropy"),
        network(targets=VALUES, loss="squared_error"),
        network(targets=INPUTS[:, :2], loss="squared_error"),
        network(weights=np.arange(30.0)),
    ],
    ids=["softmax", "binary", "values", "several values", "weights"],
)
def test_item_losses_are_what_the_energy_averages(net):
    x = np.random.default_rng(2).normal(size=net.dimension)
    losses = np.asarray(net.item_losses(x, *net.training))
    default = np.asarray(AbstractModel.item_losses(net, x, *net.training))
    np.testing.assert_allclose(losses, default, rtol=1e-12)
    weights = None if net.shares is None else np.arange(30.0)
    mean = np.average(losses, weights=weights)
    assert float(net.energy(x)) == pytest.approx(mean + 1e-3 * x @ x, rel=1e-13)


def test_losses_of_one_s_own_may_be_those_of_several_outputs():
    model = SimpleNamespace(
        dimension=2,
        features=2,
        classes=None,
        predict=lambda x, inputs: inputs * x[None, :],
        item_losses=lambda x, inputs, targets: jnp.sum(jnp.abs(inputs * x[None, :] - targets), axis=1),
    )
    check_predictions(model, own_losses=True)


def test_a_regression_of_sines_is_a_model():
    landscape = nonlinear_regression(items=20)
    x = landscape.point(np.array([0.1, 2.0, 0.3, 1.0, 0.2]))
    inputs, targets = landscape.training
    assert inputs.shape == (20, 1) and landscape.features == 1 and landscape.classes is None
    np.testing.assert_array_equal(landscape.predict(x, inputs)[:, 0], landscape.curve(x, inputs[:, 0]))
    total = float(np.sum(landscape.item_losses(x, inputs, targets)))
    assert float(landscape.energy(x)) == pytest.approx(total, rel=1e-14)
    assert landscape.describe(-x) == "decay \N{MINUS SIGN}0.10, frequencies 2.00, 1.00"


@pytest.mark.slow
@pytest.mark.parametrize("own_losses", [False, True])
def test_an_own_classifier_is_judged_as_the_same_network_is(own_losses):
    judge = None
    if own_losses:
        judge = lambda p, inputs, t: -jax.nn.log_softmax(signals(p, inputs))[jnp.arange(len(t)), t]
    loss, net = own_classifier(item_losses=judge), network(biases=False)
    rng = np.random.default_rng(3)
    first, last = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 3, 3))
    ours = np.concatenate([first.reshape(4, -1), last.reshape(4, -1)], axis=1)
    theirs = np.concatenate(
        [first.transpose(0, 2, 1).reshape(4, -1), last.transpose(0, 2, 1).reshape(4, -1)], axis=1
    )
    assert float(loss.energy(ours[0])) == pytest.approx(float(net.energy(theirs[0])), rel=1e-12)
    test = labelled(rng.normal(size=(50, 2)), rng.integers(0, 3, 50))
    found = evaluate(loss, ours, labelled(), test, reference=1, lowest=0)
    expected = evaluate(net, theirs, labelled(), test, reference=1, lowest=0)
    assert found.columns.keys() == expected.columns.keys() and "test_macro_auc" in found.columns
    for name, values in expected.columns.items():
        np.testing.assert_allclose(found.columns[name], values, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(found.misclassified["test"], expected.misclassified["test"])
    ax = plots.misclassification(misclassification_distances(found.misclassified["test"]))
    assert ax.images[0].get_array().shape == (4, 4)
    plt.close(ax.figure)


def test_an_own_regression_is_judged_and_drawn():
    line = own_line()
    data = labelled(INPUTS[:, :1], VALUES, None)
    points = np.array([[0.5, 0.1], [0.0, 1.0]])
    found = evaluate(line, points, data)
    assert set(found.columns) == {"training_loss", "training_rmse", "training_r2"}
    assert not found.misclassified
    errors = [np.mean((a * INPUTS[:, 0] + b - VALUES) ** 2) for a, b in points]
    np.testing.assert_allclose(found.columns["training_loss"], errors, rtol=1e-13)
    axes = plots.fits(line, points, np.array(errors), data=data)
    curve = axes[0].get_lines()[1]
    np.testing.assert_allclose(curve.get_ydata(), 0.5 * curve.get_xdata() + 0.1, rtol=1e-13)
    assert axes[0].figure._supxlabel.get_text() == "p" and axes[0].figure._supylabel.get_text() == "kind"
    plt.close(axes[0].figure)
    with pytest.raises(
        ValueError, match="does not know the items that it learnt from: give them as `data`"
    ):
        plots.fits(line, points, np.array(errors))


def test_names_of_inputs_and_classes_stand_on_maps():
    data = labelled(classes=("low", "middle", "high"))
    net = network()
    points = np.random.default_rng(4).normal(size=(1, net.dimension))
    axes = plots.networks(net, points, [0.5], data=data, shown_class=2, step=0.1)
    assert (axes[1, 0].get_xlabel(), axes[1, 0].get_ylabel()) == ("p", "q")
    figure = axes[0, 0].figure
    assert figure.axes[-1].get_ylabel() == "probability of class high"
    assert [text.get_text() for text in figure.legends[0].get_texts()][-3:] == [
        "class low",
        "class middle",
        "class high",
    ]
    plt.close(figure)


def test_predictions_do_not_recompile_for_new_items_of_the_same_number():
    traced = []

    def predict(p, inputs):
        traced.append(1)
        return p[0] * inputs[:, 0] + p[1]

    line = own_line(predict=predict)
    points = np.ones((1, 2))
    evaluate(line, points, labelled(INPUTS[:, :1], VALUES, None))
    before = len(traced)
    evaluate(line, points, labelled(2 * INPUTS[:, :1], -VALUES, None))
    assert len(traced) == before + 2  # to see how many outputs there are; no program is traced again


MISTAKES = {
    "features missing": (lambda: own_line(features=None), "`predict` needs `features`"),
    "features without predict": (
        lambda: own_line(predict=None),
        "`features` is for a loss that predicts: give `predict` as well",
    ),
    "classes without predict": (
        lambda: Loss(lambda x: jnp.sum(x**2), 2, classes=3),
        "`classes` is for a loss that predicts",
    ),
    "no function": (lambda: own_line(predict=3), "`predict` must be a function, got 3"),
    "one class": (lambda: own_classifier(classes=1), "`classes` must be a whole number of at least 2"),
    "other classes": (
        lambda: own_classifier(classes=4),
        r"`predict` must return shape \(items, 4\); for 3 items it returned \(3, 3\)",
    ),
    "one output for all": (
        lambda: own_line(predict=lambda p, inputs: jnp.sum(inputs)),
        r"`predict` must return shape \(items,\) or \(items, outputs\)",
    ),
    "other features": (lambda: own_classifier(features=5), "`predict` cannot be computed: TypeError"),
    "one loss for all": (
        lambda: own_line(item_losses=lambda p, inputs, t: jnp.sum(t)),
        r"`item_losses` must return shape \(items,\); for 3 items it returned \(\)",
    ),
    "surface": (lambda: check_model(MuellerBrown()), "must be a model.*MuellerBrown predicts nothing"),
    "loss that does not predict": (
        lambda: evaluate(Loss(lambda x: jnp.sum(x**2), 2), np.zeros((1, 2)), labelled()),
        "this Loss was not told how: give it `predict` and `features`",
    ),
    "asked all the same": (
        lambda: Loss(lambda x: jnp.sum(x**2), 2).predict(np.zeros(2), INPUTS),
        "was not told how its points predict",
    ),
    "number for a classifier": (
        lambda: evaluate(own_classifier(), np.zeros((1, 15)), labelled(targets=VALUES, classes=None)),
        "table has a number to predict, but the model tells 3 classes apart",
    ),
    "classes for a line": (
        lambda: evaluate(own_line(), np.zeros((1, 2)), labelled(INPUTS[:, :1])),
        "table has classes, but the model predicts one number",
    ),
    "no layers": (
        lambda: plots.networks(own_classifier(), np.zeros((1, 15)), [0.0]),
        "Loss is not made of layers of weights, so it cannot be drawn as a network",
    ),
    "no curve": (
        lambda: plots.fits(own_classifier(), np.zeros((1, 15)), np.zeros(1)),
        "must be a regression of one input, whose fit is a curve; this is a classifier of 2",
    ),
    "several inputs": (
        lambda: plots.fits(network(targets=VALUES, loss="squared_error"), np.zeros((1, 13)), np.zeros(1)),
        "this is a regression of 2",
    ),
    "several columns": (
        lambda: plots.fits(own_line(), np.zeros((1, 2)), np.zeros(1), data=labelled(INPUTS, VALUES, None)),
        r"`data` must have one input and one number to predict, got inputs of shape \(30, 2\)",
    ),
    "maps of other data": (
        lambda: plots.networks(
            xor(2), np.zeros((1, 12)), [0.0], data=labelled(targets=VALUES, classes=None)
        ),
        "`data` must have two inputs and classes for the maps; table has not",
    ),
}


@pytest.mark.wrong_shapes
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_sentence(name):
    make, sentence = MISTAKES[name]
    before = plt.get_fignums()  # another test may have left one open
    with pytest.raises(ValueError, match=sentence):
        make()
    assert plt.get_fignums() == before
