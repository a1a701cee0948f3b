"""Standard errors of metrics against resampling, and paired differences against McNemar's table."""

import jax
import numpy as np
import pytest

from lossatlas.analysis import evaluate, paired_differences
from lossatlas.analysis.models._areas import area, areas
from lossatlas.datasets import DataSet, iris
from lossatlas.landscapes import Perceptron


def test_an_auc_scatters_as_much_as_its_error_says():
    """Exponential scores, for which A = r / (1 + r), and Hanley and McNeil's formula is exact."""
    rng, ratio, inside, outside = np.random.default_rng(0), 3.0, 20, 40
    positive = np.arange(60) < inside
    scores = np.where(positive, ratio, 1.0) * rng.exponential(size=(1500, 60))
    found, parts = jax.jit(jax.vmap(area, (0, None)))(scores, positive)
    found, a = np.asarray(found), ratio / (1 + ratio)
    assert np.mean(found) == pytest.approx(a, abs=4 * np.std(found) / np.sqrt(1500))
    spread = (inside - 1) * (a / (2 - a) - a**2) + (outside - 1) * (2 * a**2 / (1 + a) - a**2)
    exact = np.sqrt((a * (1 - a) + spread) / (inside * outside))
    variances = np.sum(np.asarray(parts) ** 2, axis=1)
    assert np.sqrt(variances.mean()) == pytest.approx(exact, rel=0.03)
    assert np.std(found) == pytest.approx(exact, rel=0.1)  # of 1,500 draws it is known to 2 %


def test_a_mean_of_areas_scatters_as_much_as_its_error_says():
    rng, labels = np.random.default_rng(0), np.repeat([0, 1, 2], [15, 20, 25])
    outputs = rng.normal(size=(1000, 3, 60)) + 1.0 * (labels == np.arange(3)[:, None])
    found, parts = jax.jit(jax.vmap(areas, (0, None)))(outputs, labels == np.arange(3)[:, None])
    errors = np.sqrt(np.sum(np.mean(np.asarray(parts), axis=1) ** 2, axis=1))
    assert np.std(np.mean(found, axis=1)) == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.15)


def test_one_item_of_a_class_says_nothing_of_the_error():
    value, parts = jax.jit(area)(np.array([0.1, 0.4, 0.3]), np.array([False, True, False]))
    assert value == 1.0 and np.isnan(np.sum(np.asarray(parts)))


def test_errors_of_numbers_are_those_of_the_bootstrap():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 1))
    shared = 0.4 * rng.standard_t(6, (300, 1))  # so that the errors of the two targets go together
    targets = inputs * [0.9, -0.5] + shared + 0.2 * rng.normal(size=(300, 2))
    data = DataSet("r", inputs, targets, None, ("x",), ("y", "z"), "")
    network = Perceptron(inputs, targets, hidden=0, l2=0.0, loss="squared_error")
    found = evaluate(network, np.array([[0.8, -0.5, 0.1, 0.0]]), data)
    said, drawn = inputs * [0.8, -0.5] + [0.1, 0.0], rng.integers(0, 300, (2000, 300))
    squares = (targets - said)[drawn] ** 2
    rmse = np.sqrt(squares.mean(axis=1))
    r2 = 1 - squares.mean(axis=1) / targets[drawn].var(axis=1)
    for place, name in enumerate("yz"):
        assert found.errors[f"training_rmse_{name}"][0] == pytest.approx(rmse[:, place].std(), rel=0.08)
        assert found.errors[f"training_r2_{name}"][0] == pytest.approx(r2[:, place].std(), rel=0.08)
    assert found.errors["training_macro_r2"][0] == pytest.approx(r2.mean(axis=1).std(), rel=0.08)


def test_paired_differences_are_those_of_mcnemar():
    wrong = np.zeros((3, 20), dtype=bool)
    wrong[0, :6] = True
    wrong[1, 4:7] = True  # misses 1 that minimum 0 gets right, gets 4 right that it misses
    wrong[2] = wrong[0]
    np.testing.assert_allclose(paired_differences(wrong, 0), [0.0, 3 / np.sqrt(5), 0.0])
    np.testing.assert_allclose(paired_differences(wrong, 1), [-3 / np.sqrt(5), 0.0, -3 / np.sqrt(5)])
    with pytest.raises(ValueError, match=r"with a row 3, got \(3, 20\)"):
        paired_differences(wrong, 3)


@pytest.mark.slow
def test_errors_of_metrics():
    training, test = iris().split(100, seed=0)
    network = Perceptron(training.inputs, training.targets, hidden=[2], l2=1e-3)
    x = np.random.default_rng(1).normal(size=(3, network.dimension))
    found = evaluate(network, x, training, test)
    accuracy = found.columns["test_accuracy"]
    np.testing.assert_allclose(found.errors["test_accuracy"], np.sqrt(accuracy * (1 - accuracy) / 50))
    losses = [-np.log(np.asarray(network.predict(p, test.inputs))[np.arange(50), test.targets]) for p in x]
    np.testing.assert_allclose(found.errors["test_loss"], np.std(losses, axis=1) / np.sqrt(50), rtol=1e-10)
    for c in range(3):
        mine, recall = test.targets == c, found.columns[f"test_recall_{test.classes[c]}"]
        expected = np.sqrt(recall * (1 - recall) / mine.sum())
        np.testing.assert_allclose(found.errors[f"test_recall_{test.classes[c]}"], expected, rtol=1e-12)
    recalls = [found.errors[f"test_recall_{name}"] for name in test.classes]
    np.testing.assert_allclose(
        found.errors["test_macro_recall"], np.sqrt(np.sum(np.square(recalls), axis=0)) / 3, rtol=1e-12
    )
    assert found.errors.keys() == found.columns.keys()
