"""Metrics of models against scikit-learn, distances against brute force over the group."""

import dataclasses
import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    balanced_accuracy_score,
    log_loss,
    precision_recall_fscore_support,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from lossatlas.analysis import (
    ModelMetrics,
    auc,
    evaluate,
    is_detail,
    misclassification_distances,
    paired_differences,
    parameter_distances,
)
from lossatlas.analysis.models._metric_names import name_words
from lossatlas.datasets import DataSet, load_table
from lossatlas.landscapes import Perceptron, xor


# Every length is a program of its own.
@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([3, 60]).flatmap(
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
    known = set()
    for name, data in parts.items():
        misses = []
        for row, point in enumerate(x):
            p = probabilities(network, point, data)
            miss = p.argmax(axis=1) != data.targets
            misses.append(miss)
            areas = [roc_auc_score(data.targets == c, p[:, c]) for c in range(4)]
            said = p.argmax(axis=1)
            precisions, recalls, _, _ = precision_recall_fscore_support(
                data.targets, said, labels=range(4), zero_division=np.nan
            )
            expected = {
                "loss": log_loss(data.targets, p, labels=range(4)),
                "accuracy": 1 - miss.mean(),
                "misclassification": miss.mean(),
                "auc": areas[2],
                "macro_auc": np.mean(areas),
                "macro_recall": balanced_accuracy_score(data.targets, said),
                "macro_precision": np.nan_to_num(precisions).mean(),
                "misclassification_index": (miss != (probabilities(network, x[1], data).argmax(axis=1)
                                                     != data.targets)).mean(),
            }  # fmt: skip
            if name in ("training", "test"):
                for c in range(4):
                    expected[f"auc_{c}"] = areas[c]
                    expected |= {f"recall_{c}": recalls[c], f"precision_{c}": precisions[c]}
            for metric, value in expected.items():
                ours = found.columns[f"{name}_{metric}"][row]
                np.testing.assert_allclose(ours, value, rtol=0, atol=1e-12, err_msg=f"{name} {metric}")
            known |= {f"{name}_{metric}" for metric in expected}
        np.testing.assert_array_equal(found.misclassified[name], misses)
    assert set(found.columns) == known
    assert found.to_dataframe().shape == (5, 4 * 8 + 2 * 12)


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


def test_numbers_are_judged_in_their_units():
    rng, names = np.random.default_rng(0), ("mass", "a width")
    x, y = rng.normal(size=(2, 40))
    rows = {"x": x, "mass": 20.0 + 5.0 * (x + y), "a width": 0.01 * np.tanh(x) + 0.02 * y}
    training, test = load_table(rows, names).split(20, seed=1)
    settings = {"hidden": [2], "l2": 1e-3, "loss": "squared_error"}
    network = Perceptron(training.inputs, training.targets, **settings)
    x = np.random.default_rng(1).normal(size=(3, network.dimension))
    x[2] = x[0]
    found = evaluate(network, x, training, test, lowest=0)
    each = {f"{metric}_{word}" for metric in ("rmse", "r2") for word in ("mass", "a_width")}
    assert (
        set(found.columns)
        == set(found.errors)
        == {f"{part}_{metric}" for part in ("training", "test") for metric in each | {"loss", "macro_r2"}}
    )
    assert is_detail("test_r2_a_width") and not is_detail("test_macro_r2")
    assert found.differences["test_loss"][0] == found.differences["test_loss"][2] == 0
    energies = [float(network.energy(point)) - 1e-3 * point @ point for point in x]
    np.testing.assert_allclose(found.columns["training_loss"], energies, rtol=1e-12)
    known = test.encoder.in_target_units(test.targets)
    for row, point in enumerate(x):
        said = test.encoder.in_target_units(network.predict(point, test.inputs))
        rmse = root_mean_squared_error(known, said, multioutput="raw_values")
        r2 = r2_score(known, said, multioutput="raw_values")
        for place, word in enumerate(("mass", "a_width")):
            assert found.columns[f"test_rmse_{word}"][row] == pytest.approx(rmse[place], rel=1e-12)
            assert found.columns[f"test_r2_{word}"][row] == pytest.approx(r2[place], rel=1e-12)
        assert found.columns["test_macro_r2"][row] == pytest.approx(r2.mean(), rel=1e-12)
    # Each target is judged as that of a network which has only its output.
    for place, word in enumerate(("mass", "a_width")):
        kept = np.r_[0:4, 4 + 2 * place : 6 + 2 * place, 8 + place]
        scale = test.encoder.target_scale[place]
        encoder = dataclasses.replace(test.encoder, target_scale=scale, target_shift=0.0)
        alone = dataclasses.replace(
            test, targets=test.targets[:, place], target=names[place], encoder=encoder
        )
        one = Perceptron(alone.inputs, alone.targets, **settings)
        single = evaluate(one, x[:, kept], alone)
        assert set(single.columns) == {"training_loss", "training_rmse", "training_r2"}
        for metric in ("rmse", "r2"):
            for ours, theirs in ((found.columns, single.columns), (found.errors, single.errors)):
                np.testing.assert_allclose(
                    ours[f"test_{metric}_{word}"], theirs[f"training_{metric}"], rtol=1e-12
                )
    with pytest.raises(ValueError, match="table has one number to predict, but the model has 2 outputs"):
        evaluate(network, x, alone)
    with pytest.raises(ValueError, match="table has 2 numbers to predict, but the model has 1 outputs"):
        evaluate(one, x[:, kept], training)


def test_a_constant_number_has_no_r2():
    data = DataSet("r", np.arange(6.0)[:, None], np.ones(6), None, ("x",), "y", "")
    network = Perceptron(data.inputs, data.inputs[:, 0], hidden=0, l2=0.1, loss="squared_error")
    found = evaluate(network, np.ones((1, 2)), data)
    assert np.isnan(found.columns["training_r2"]) and np.isnan(found.errors["training_r2"])
    assert found.columns["training_rmse"][0] == pytest.approx(np.sqrt(55 / 6), rel=1e-14)


def test_a_class_that_nothing_is_taken_for_and_one_without_items():
    data = data_set(30, classes=3)
    some = data[data.targets != 2]
    network = network_on(data, hidden=0)
    x = np.zeros((1, network.dimension))
    x[0, -3:] = (1.0, 0.0, 0.0)  # biases: every item is taken for class 0
    columns = evaluate(network, x, some).columns
    share = np.mean(some.targets == 0)
    assert columns["training_recall_0"] == 1 and columns["training_recall_1"] == 0
    assert np.isnan(columns["training_recall_2"]) and np.isnan(columns["training_precision_1"])
    assert columns["training_precision_0"][0] == pytest.approx(share, rel=1e-15)
    assert columns["training_macro_recall"] == 0.5
    assert columns["training_macro_precision"][0] == pytest.approx(share / 2, rel=1e-15)


def test_differences_from_the_lowest_minimum_are_paired():
    data = data_set(80)
    network = network_on(data)
    x = np.random.default_rng(1).normal(size=(4, network.dimension))
    x[3] = x[2]
    found = evaluate(network, x, data, lowest=2)
    rows = np.arange(80)
    losses = np.array([-np.log(probabilities(network, p, data)[rows, data.targets]) for p in x])
    better = losses[2] - losses[:2]
    expected = better.mean(axis=1) / (better.std(axis=1) / np.sqrt(80))
    np.testing.assert_allclose(found.differences["training_loss"], [*expected, 0, 0], rtol=1e-10)
    np.testing.assert_allclose(
        found.differences["training_accuracy"], paired_differences(found.misclassified["training"], 2)
    )
    assert evaluate(network, x, data).differences == {}


def test_words_of_classes_make_columns():
    names = ("type 1", "type-1", "error", "3.5", "", "Ähre")
    assert name_words(names) == ("type_1_0", "type_1_1", "error_2", "3_5", "name", "Ähre")
    assert name_words(("a", "a", "a_0", "y", "y_error")) == ("a_0", "a_1", "a_0_2", "y_3", "y_error_4")
    assert all(f"test_auc_{word}".isidentifier() for word in name_words(names))
    shown = ("test_auc", "test_loss", "test_macro_recall", "test_rmse", "orbit_size")
    assert not any(map(is_detail, shown))
    assert all(map(is_detail, ("test_recall_setosa", "test_auc_error", "training_precision_type_1")))


def test_a_network_that_learnt_the_outputs_of_a_classifier():
    data = data_set(60)
    classifier = network_on(data)
    x = np.random.default_rng(1).normal(size=(3, classifier.dimension))
    outputs = np.asarray(classifier.outputs(x[0], data.inputs))
    student = Perceptron(data.inputs, outputs, hidden=classifier.sizes[1:-1], l2=0.0, loss="squared_error")
    said, expected = (evaluate(network, x, data).columns for network in (student, classifier))
    assert said.keys() == expected.keys() and "training_auc" in said
    for name in expected:
        # The losses are the same sums, taken in another order.
        np.testing.assert_allclose(said[name], expected[name], rtol=1e-14 if "loss" in name else 0)


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
