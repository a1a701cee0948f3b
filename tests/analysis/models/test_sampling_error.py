"""Standard errors of metrics against resampling, and paired differences against McNemar's table."""

import numpy as np
import pytest

from lossatlas.analysis import auc, evaluate, paired_differences
from lossatlas.analysis.models._sampling_error import auc_error, fraction_error
from lossatlas.datasets import iris
from lossatlas.landscapes import Perceptron


def test_an_auc_scatters_as_much_as_its_error_says():
    """Exponential scores, for which Hanley and McNeil's formula is exact: A = r / (1 + r)."""
    rng, ratio = np.random.default_rng(0), 3.0
    positive = np.arange(60) < 20
    scores = np.where(positive, ratio, 1.0) * rng.exponential(size=(1500, 60))
    found = np.array([auc(row, positive) for row in scores])
    assert found.mean() == pytest.approx(ratio / (1 + ratio), abs=4 * found.std() / np.sqrt(1500))
    expected = auc_error(np.array([ratio / (1 + ratio)]), 20, 40)[0]
    assert found.std() == pytest.approx(expected, rel=0.1)  # of 1,500 draws it is known to 2 %


def test_an_auc_without_positive_items_has_no_error():
    assert np.isnan(auc_error(np.array([np.nan]), 0, 5)).all()


def test_a_fraction():
    np.testing.assert_allclose(fraction_error(np.array([0.0, 0.5, 0.9]), 100), [0.0, 0.05, 0.03])


def test_paired_differences_are_those_of_mcnemar():
    wrong = np.zeros((3, 20), dtype=bool)
    wrong[0, :6] = True
    wrong[1, 4:7] = True  # misses 1 that minimum 0 gets right, gets 4 right that it misses
    wrong[2] = wrong[0]
    np.testing.assert_allclose(paired_differences(wrong, 0), [0.0, 3 / np.sqrt(5), 0.0])
    np.testing.assert_allclose(paired_differences(wrong, 1), [-3 / np.sqrt(5), 0.0, -3 / np.sqrt(5)])
    with pytest.raises(ValueError, match=r"with a row 3, got \(3, 20\)"):
        paired_differences(wrong, 3)


def test_errors_of_metrics():
    training, test = iris().split(100, seed=0)
    network = Perceptron(training.inputs, training.targets, hidden=[2], l2=1e-3)
    x = np.random.default_rng(1).normal(size=(3, network.dimension))
    found = evaluate(network, x, training, test)
    accuracy = found.columns["test_accuracy"]
    np.testing.assert_allclose(found.errors["test_accuracy"], np.sqrt(accuracy * (1 - accuracy) / 50))
    losses = [-np.log(np.asarray(network.predict(p, test.inputs))[np.arange(50), test.targets]) for p in x]
    np.testing.assert_allclose(found.errors["test_loss"], np.std(losses, axis=1) / np.sqrt(50), rtol=1e-10)
    assert found.errors.keys() == {
        f"{part}_{name}" for part in ("training", "test")
        for name in ("loss", "accuracy", "misclassification", "auc")
    }  # fmt: skip
