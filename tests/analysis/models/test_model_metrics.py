"""Metrics of models against scikit-learn, distances against brute force over the group."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from lossatlas.analysis import (
    ModelMetrics,
    auc,
    evaluate,
    misclassification_distances,
    parameter_distances,
)
from lossatlas.datasets import DataSet
from lossatlas.landscapes import Perceptron, xor


# Every length is a program of its own.
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([2, 3, 9, 60]).flatmap(
        lambda n: st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=n, max_size=n)
    )
)
def test_auc_with_ties(items):
    scores = np.array([score for score, _ in items], dtype=float)
    positive = np.array([label for _, label in items])
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="inside and outside the class"):
            auc(scores, positive)
    else:
        assert abs(auc(scores, positive) - roc_auc_score(positive, scores)) < 1e-12


@pytest.mark.parametrize("digits", [1, 2, 16])
def test_auc_of_many_items(digits):
    rng = np.random.default_rng(digits)
    scores, positive = np.round(rng.random(20_000), digits), rng.random(20_000) < 0.2
    assert abs(auc(scores, positive) - roc_auc_score(positive, scores)) < 1e-12


@pytest.mark.parametrize("scores, positive, sentence", [
    ([0.1, np.nan], [True, False], "must not hold NaN"),
    ([0.1, 0.2], [1, 0], "numbers and booleans"),
    ([0.1, 0.2, 0.3], [True, False], r"shapes \(3,\) and \(2,\)"),
])  # fmt: skip
def test_auc_refuses(scores, positive, sentence):
    with pytest.raises(ValueError, match=sentence):
        auc(np.array(scores), np.array(positive))


def data_set(items, classes=4, seed=0, inputs=2):
    rng = np.random.default_rng(seed)
    names = tuple(map(str, range(classes)))
    x, y = rng.normal(size=(items, inputs)), rng.integers(0, classes, items)
    return DataSet("random", x, y, names, tuple(f"x{i}" for i in range(inputs)), "class", "")


def network_on(data, hidden=(5,), **options):
    return Perceptron(
        data.inputs, data.targets, hidden=hidden, l2=1e-3, classes=len(data.classes), **options
    )


def probabilities(network, x, data):
    """Apply the network in plain numpy."""
    signal = data.inputs
    layers = [(np.asarray(w), np.asarray(b)) for w, b in network.layers(x)]
    for number, (weights, biases) in enumerate(layers):
        signal = signal @ weights.T + biases
        signal = np.tanh(signal) if number < len(layers) - 1 else signal
    p = np.exp(signal - signal.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


TWO_LAYERS = pytest.param({"hidden": (3, 4), "neighbours": 2}, marks=pytest.mark.slow)


@pytest.mark.parametrize("options", [{"penalise_biases": False}, TWO_LAYERS])
def test_evaluate_against_scikit_learn(options):
    training, test = data_set(200).mislabel(0.3, seed=1), data_set(300, seed=7)
    network = network_on(training, **options)
    x = np.random.default_rng(3).normal(size=(5, network.dimension))
    found = evaluate(network, x, training, test, reference=2, lowest=1)
    wrong = training.mislabelled
    assert wrong.sum() == 60
    parts = {"training": training, "test": test, "wrong": training[wrong], "correct": training[~wrong]}
    for name, data in parts.items():
        misses = []
        for row, point in enumerate(x):
            p = probabilities(network, point, data)
            miss = p.argmax(axis=1) != data.targets
            misses.append(miss)
            areas = [roc_auc_score(data.targets == c, p[:, c]) for c in range(4)]
            expected = {
                "loss": log_loss(data.targets, p, labels=range(4)),
                "accuracy": 1 - miss.mean(),
                "misclassification": miss.mean(),
                "auc": areas[2],
                "macro_auc": np.mean(areas),
                "misclassification_index": (miss != (probabilities(network, x[1], data).argmax(axis=1)
                                                     != data.targets)).mean(),
            }  # fmt: skip
            for metric, value in expected.items():
                assert abs(found.columns[f"{name}_{metric}"][row] - value) < 1e-12, (name, metric)
        np.testing.assert_array_equal(found.misclassified[name], misses)
    assert set(found.columns) == {f"{part}_{metric}" for part in parts for metric in expected}
    assert found.to_dataframe().shape == (5, 24)


def test_a_class_without_items_has_no_auc():
    training = data_set(50)
    network = network_on(training)
    x = np.zeros((1, network.dimension))
    some = training[training.targets != 3]
    columns = evaluate(network, x, some, reference=3).columns
    assert np.isnan(columns["training_auc"]) and np.isnan(columns["training_macro_auc"])
    assert columns["training_loss"] == pytest.approx(np.log(4))
    ours = evaluate(network, x, training).columns["training_auc"]
    assert ours == 0.5  # all tied


def test_probabilities_that_saturate_keep_their_order():
    training = data_set(40, classes=2)
    network = network_on(training, hidden=(2,))
    x = 300.0 * np.random.default_rng(0).normal(size=(1, network.dimension))
    outputs = np.asarray(network.outputs(x[0], network.inputs))
    expected = roc_auc_score(training.targets == 0, outputs[:, 0] - outputs[:, 1])
    assert evaluate(network, x, training).columns["training_auc"][0] == pytest.approx(expected, abs=1e-12)


def test_a_number_to_predict_has_a_loss_only():
    data = DataSet(
        "r", np.random.default_rng(0).normal(size=(20, 1)), np.linspace(0, 1, 20), None, ("x",), "y", ""
    )
    network = Perceptron(data.inputs, data.targets, hidden=[2], l2=1e-3, loss="squared_error")
    x = np.random.default_rng(1).normal(size=(3, network.dimension))
    found = evaluate(network, x, data, data[:5])
    assert set(found.columns) == {"training_loss", "test_loss"}
    energies = [float(network.energy(point)) - 1e-3 * point @ point for point in x]
    np.testing.assert_allclose(found.columns["training_loss"], energies, rtol=1e-12)


def test_a_network_that_learnt_the_outputs_of_a_classifier():
    data = data_set(60)
    classifier = network_on(data)
    x = np.random.default_rng(1).normal(size=(3, classifier.dimension))
    outputs = np.asarray(classifier.outputs(x[0], data.inputs))
    student = Perceptron(data.inputs, outputs, hidden=classifier.sizes[1:-1], l2=0.0, loss="squared_error")
    said, expected = (evaluate(network, x, data).columns for network in (student, classifier))
    assert said.keys() == expected.keys() and "training_auc" in said
    for name in expected:
        np.testing.assert_array_equal(said[name], expected[name])


def test_binary_cross_entropy():
    data = data_set(60, classes=2)
    one = Perceptron(data.inputs, data.targets, hidden=[3], l2=1e-3, loss="binary_cross_entropy")
    x = np.random.default_rng(1).normal(size=(2, one.dimension))
    found = evaluate(one, x, data).columns
    energies = [float(one.energy(point)) - 1e-3 * point @ point for point in x]
    np.testing.assert_allclose(found["training_loss"], energies, rtol=1e-12)
    p = 1 / (1 + np.exp(-np.asarray(one.outputs(x[0], one.inputs))[:, 0]))
    assert found["training_auc"][0] == pytest.approx(roc_auc_score(data.targets, p), abs=1e-12)


def test_evaluate_refuses():
    training = data_set(20)
    network = network_on(training)
    x = np.zeros((1, network.dimension))
    with pytest.raises(ValueError, match="random has 3 inputs, but the model takes 2"):
        evaluate(network, x, data_set(20, inputs=3))
    with pytest.raises(ValueError, match="`reference` must be a whole number from 0 to 3, got 4"):
        evaluate(network, x, training, reference=4)
    with pytest.raises(ValueError, match="the model has 2 outputs"):
        evaluate(network_on(data_set(20, classes=2)), x[:, :27], training)
    number = DataSet("n", training.inputs, training.inputs[:, 0], None, ("a", "b"), "y", "")
    with pytest.raises(ValueError, match="n has a number to predict, but the model tells 4 classes apart"):
        evaluate(network, x, training, number)


def test_misclassification_distances():
    wrong = np.random.default_rng(0).random((7, 40)) < 0.3
    found = misclassification_distances(wrong)
    expected = [[np.mean(a != b) for b in wrong] for a in wrong]
    np.testing.assert_allclose(found, expected, atol=1e-15)
    f = wrong.mean(axis=1)
    assert np.all(found <= f[:, None] + f[None, :] + 1e-15)
    with pytest.raises(ValueError, match="must be booleans"):
        misclassification_distances(wrong.astype(float))


@pytest.mark.parametrize("hidden", [2, 3])
def test_aligned_distances_against_the_whole_group(hidden):
    network = xor(hidden)
    x = np.random.default_rng(hidden).normal(size=(6, network.dimension))
    found = parameter_distances(network.symmetry, x)
    assert found.exact
    size = network.dimension
    w0, b0, w1 = 2 * hidden, 3 * hidden, 5 * hidden
    for i, j in itertools.combinations(range(6), 2):
        best = np.inf
        for order in itertools.permutations(range(hidden)):
            for signs in itertools.product((1, -1), repeat=hidden):
                for exchange in ((0, 1), (1, 0)):
                    y = x[j]
                    first = (
                        y[:w0].reshape(hidden, 2)[list(order)][:, list(exchange)] * np.array(signs)[:, None]
                    )
                    bias = y[w0:b0][list(order)] * signs
                    last = y[b0:w1].reshape(2, hidden)[:, list(order)] * signs
                    image = np.concatenate([first.ravel(), bias, last.ravel(), y[w1:size]])
                    best = min(best, np.linalg.norm(x[i] - image))
        assert found.aligned[i, j] == pytest.approx(best, abs=1e-12)
        assert found.plain[i, j] == pytest.approx(np.linalg.norm(x[i] - x[j]), abs=1e-12)
    np.testing.assert_array_equal(found.aligned, found.aligned.T)


def test_columns_are_a_table_that_needs_pandas(monkeypatch):
    found = ModelMetrics({"training_loss": np.array([1.0, 2.0])}, {})
    assert found.to_columns()["training_loss"].tolist() == [1.0, 2.0]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_dataframe needs pandas: python -m pip install pandas"):
        found.to_dataframe()
