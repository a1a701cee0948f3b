"""Tables brought to a number of inputs: isometry, and principal components by another route."""

import numpy as np
import pytest

from lossatlas.datasets import DataSet, project, regression


def table(rows, columns, seed=0):
    inputs = np.random.default_rng(seed).normal(size=(rows, columns)) @ np.diag(np.arange(columns, 0, -1.0))
    names = tuple(f"c{i}" for i in range(columns))
    return DataSet("made up", inputs + 3.0, np.arange(rows, dtype=float), None, names, "y", "")


def apart(x):
    return np.linalg.norm(x[:, None] - x[None], axis=2)


def test_fewer_columns_are_embedded_isometrically():
    data = table(30, 4)
    moved, rest = project(data[:20], 10, test=data[20:], seed=3)
    both = np.concatenate([moved.inputs, rest.inputs])
    np.testing.assert_allclose(apart(both), apart(data.inputs), rtol=1e-12)
    assert np.linalg.matrix_rank(both) == 4
    assert moved.columns == tuple(f"z{i}" for i in range(1, 11)) and not moved.standardised
    assert "4 inputs turned into 10 dimensions, seed 3" in str(moved)
    again, _ = project(data[:20], 10, seed=3)
    np.testing.assert_array_equal(again.inputs, moved.inputs)
    other, none = project(data[:20], 10, seed=4)
    assert none is None and np.abs(other.inputs - moved.inputs).max() > 0.1


def test_embeddings_have_no_preferred_direction():
    # A uniform map has the mean 0: of 300 draws the mean of an entry is within 5 / sqrt(300) of it. A
    # factor of QR without the signs of R has its diagonal on one side.
    data = DataSet("one", np.ones((1, 1)), np.zeros(1), None, ("c",), "y", "")
    draws = np.array([project(data, 2, seed=seed)[0].inputs[0] for seed in range(300)])
    np.testing.assert_allclose(np.linalg.norm(draws, axis=1), 1.0, rtol=1e-12)
    assert np.abs(draws.mean(axis=0)).max() < 5 / np.sqrt(300 * 2)


def test_more_columns_give_principal_components():
    data = table(50, 6)
    moved, rest = project(data[:40], 3, test=data[40:])
    values, vectors = np.linalg.eigh(np.cov(data.inputs[:40].T))  # ascending
    covariance = np.cov(moved.inputs.T)
    np.testing.assert_allclose(np.diag(covariance), values[::-1][:3], rtol=1e-10)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0.0, atol=1e-10 * values[-1])
    leading = vectors[:, ::-1][:, :3]
    leading = leading * np.sign(leading[np.abs(leading).argmax(axis=0), range(3)])
    # The test part is measured from the mean of the training part.
    mean = data.inputs[:40].mean(axis=0)
    np.testing.assert_allclose(rest.inputs, (data.inputs[40:] - mean) @ leading, atol=1e-9)
    assert "3 leading principal components" in moved.note


def test_as_many_columns_stay():
    data = table(5, 3)
    assert project(data, 3) == (data, None)


@pytest.mark.parametrize("name, columns", [("boston", 13), ("power", 4)])
def test_regression_sets(name, columns):
    data = regression(name)
    moved, _ = project(data, 10)
    kept = np.linalg.svd(data.inputs, compute_uv=False)[:10] ** 2
    assert len(data.columns) == columns and moved.inputs.shape == (len(data), 10)
    np.testing.assert_allclose(np.sum(moved.inputs**2), kept.sum(), rtol=1e-10)
    np.testing.assert_array_equal(moved.targets, data.targets)


def test_bad_input():
    for inputs in (0, -1, 2.5, True, "3"):
        with pytest.raises(ValueError, match="`inputs` must be a whole number of at least 1, got"):
            project(table(5, 3), inputs)
    with pytest.raises(ValueError, match="made up: 4 principal components need as many items, got 3"):
        project(table(3, 6), 4)
