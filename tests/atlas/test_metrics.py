"""Metrics as columns of an atlas, the recipe that it remembers, and files of the first schema."""

import sqlite3

import numpy as np
import pytest

from lossatlas.atlas import Atlas, AtlasError
from lossatlas.landscapes import xor


def filled(path, count=3):
    atlas = Atlas(path, xor(2))
    x = np.random.default_rng(0).normal(size=(count, 12))
    columns = [np.zeros(count), np.ones(count), np.ones(count)]
    atlas.add_minima(x, np.arange(count) + 0.5, *columns)
    return atlas


def test_metrics_are_columns(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        atlas.set_metrics({"test_auc": [0.7, np.nan, 0.9], "test_loss": [1, 2, 3]})
        assert list(atlas.minima.metrics) == ["test_auc", "test_loss"]
        np.testing.assert_array_equal(atlas.minima["test_auc"], [0.7, np.nan, 0.9])
        assert atlas.minima.keys()[-2:] == ["test_auc", "test_loss"]
        assert atlas.digest() == before  # not what the exploration determined
        atlas.set_metrics({"accuracy": [1.0, 0.5, 0.25]})
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert list(atlas.minima.metrics) == ["accuracy"]
        assert atlas.to_dataframe()["accuracy"].tolist() == [1.0, 0.5, 0.25]
        assert dict(atlas.to_networkx().nodes)[3]["accuracy"] == 0.25
        atlas.check()
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.set_metrics({"accuracy": [1.0, 0.5, 0.25]})


def test_minima_found_later_are_not_evaluated_yet(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_metrics({"test_auc": [0.7, 0.8, 0.9]})
        atlas.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0])
        np.testing.assert_array_equal(atlas.minima["test_auc"], [0.7, 0.8, 0.9, np.nan])


@pytest.mark.parametrize("metrics, sentence", [
    ({"a": [1.0, 2.0]}, r"`a` must have shape \(3,\)"),
    ({"energy": [1.0, 2.0, 3.0]}, "a column 'energy' already"),
])  # fmt: skip
def test_refused_metrics_change_nothing(tmp_path, metrics, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_metrics({"b": [1.0, 2.0, 3.0]})
        with pytest.raises(ValueError, match=sentence):
            atlas.set_metrics(metrics)
        assert list(atlas.minima.metrics) == ["b"]


def test_recipe(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        assert atlas.recipe is None
        atlas.set_recipe({"landscape": "xor", "hidden": [2]})
        assert atlas.digest() == before
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.recipe == {"landscape": "xor", "hidden": [2]}


def test_files_of_the_first_schema_are_brought_up_to_date(tmp_path):
    path = tmp_path / "a.atlas"
    filled(path).close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE metrics")
        db.execute("PRAGMA user_version = 1")
    db.close()
    with Atlas(path, xor(2)) as atlas:
        assert len(atlas.minima) == 3 and atlas.minima.metrics == {}
        atlas.set_metrics({"a": [1.0, 2.0, 3.0]})
