"""The shipped tables with a number to predict."""

import hashlib

import numpy as np
import pytest

from lossatlas.datasets import regression
from lossatlas.datasets._regression import SOURCES
from lossatlas.datasets._shipped import shipped


# First and last column, target, and a hash of inputs and targets as they came.
KNOWN = {
    "boston": ((506, 13), "crim", "lstat", "medv", "a452688f7de3e21b"),
    "concrete": ((1030, 8), "cement", "age", "compressive_strength", "95cb952ae1ade7d5"),
    "energy": (
        (768, 8),
        "relative_compactness",
        "glazing_area_distribution",
        "heating_load",
        "e4e5aa01d223560a",
    ),
    "power": ((9568, 4), "AT", "RH", "PE", "0e03496b0bb2b04e"),
    "wine_red": ((1599, 11), "fixed_acidity", "alcohol", "quality", "ab3b807dc4b7b8ef"),
    "yacht": (
        (308, 6),
        "longitudinal_position",
        "froude_number",
        "residuary_resistance",
        "2c3a6ae76cfa9078",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_shipped(name):
    shape, first, last, target, known = KNOWN[name]
    data = regression(name)
    assert data.inputs.shape == shape and data.name == name and data.target == target
    assert (data.columns[0], data.columns[-1]) == (first, last)
    assert all(isinstance(column, str) for column in data.columns)
    assert data.classes is None and data.loss == "squared_error" and data.standardised
    np.testing.assert_allclose(data.inputs.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(data.inputs.std(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose([data.targets.mean(), data.targets.std()], [0.0, 1.0], atol=1e-12)
    assert f"{shape[0]} items, {shape[1]} inputs (standardised), predicting {target}, a number" in str(data)
    inputs, targets = shipped(name, "inputs", "targets")
    assert np.corrcoef(targets, data.targets)[0, 1] > 1 - 1e-12
    assert hashlib.sha256(inputs.tobytes() + targets.tobytes()).hexdigest()[:16] == known


def test_every_set_is_known():
    assert list(KNOWN) == list(SOURCES)
    assert "cooling_load" in regression("energy").note


@pytest.mark.parametrize("name", ["wine", "Boston", "", None, 3, ["yacht"]])
def test_unknown(name):
    with pytest.raises(
        ValueError, match="must be one of boston, concrete, energy, power, wine_red, yacht, got"
    ):
        regression(name)
