"""Metrics, flags and sets of an atlas, the recipe that it remembers, and files of older schemas."""

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


def to_second_schema(path):
    """Make an atlas what lossatlas wrote before points had flags."""
    with sqlite3.connect(path) as db:
        states = db.execute("SELECT sql FROM sqlite_master WHERE name = 'transition_states'").fetchone()[0]
        db.execute("ALTER TABLE transition_states RENAME TO newer")
        db.execute(
            states.replace(",\n        flag TEXT", "").replace("energy REAL,", "energy REAL NOT NULL,")
        )
        db.execute("ALTER TABLE newer DROP COLUMN flag")
        db.execute("INSERT INTO transition_states SELECT * FROM newer")
        db.execute("DROP TABLE newer")
        db.execute("ALTER TABLE minima DROP COLUMN flag")
        db.execute("DROP TABLE sets")
        db.execute("PRAGMA user_version = 2")
    db.close()


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
    to_second_schema(path)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE metrics")
        db.execute("PRAGMA user_version = 1")
    db.close()
    with Atlas(path, xor(2)) as atlas:
        assert len(atlas.minima) == 3 and atlas.minima.metrics == {}
        atlas.set_metrics({"a": [1.0, 2.0, 3.0]})


def test_files_of_the_second_schema_are_brought_up_to_date(tmp_path):
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.add_transition_states(
            np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]], path_length=[4.0]
        )
        atlas.set_metrics({"a": [1.0, 2.0, 3.0]})
        before, columns = atlas.digest(), atlas.transition_states
    to_second_schema(path)
    with pytest.raises(AtlasError, match="older atlas schema"):
        Atlas(path, readonly=True)
    with Atlas(path, xor(2)) as atlas:
        atlas.check()
        assert atlas.digest() == before and atlas.sets == {}
        assert atlas.minima.flag.tolist() == ["", "", ""] and atlas.transition_states.flag.tolist() == [""]
        assert atlas.transition_states.path_length.tolist() == columns.path_length.tolist() == [4.0]
        atlas.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], flag="kink")
        atlas.set_sets({"A": [1]})


def test_flags_are_columns_of_both_kinds_of_points(tmp_path):
    point = lambda value: np.full((1, 12), value)
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        x, ones = np.concatenate([point(3.0), point(4.0)]), np.ones(2)
        atlas.add_minima(x, [8.0, 9.0], 0 * ones, ones, ones, flag=["", "kink"])
        atlas.add_transition_states(
            x, [11.0, 12.0], ones, -ones, ones, [[1, 2], [2, 3]], flag="below_minimum"
        )
        # A point that is known stays as it is.
        ids, is_new = atlas.add_minima(point(3.0), [8.0], [0.0], [1.0], [1.0], flag="kink")
        assert ids.tolist() == [4] and not is_new.any()
        flagged = atlas.digest()
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.minima.flag.tolist() == ["", "", "", "", "kink"]
        assert atlas.transition_states["flag"].tolist() == ["below_minimum"] * 2
        assert atlas.to_dataframe()["flag"].tolist() == atlas.minima.flag.tolist()
        assert atlas.to_networkx().nodes[5]["flag"] == "kink"
        assert atlas.digest() == flagged != before
        atlas.check()
    with sqlite3.connect(tmp_path / "a.atlas") as db:
        assert db.execute("SELECT flag FROM minima WHERE id > 3").fetchall() == [(None,), ("kink",)]
        db.execute("UPDATE minima SET flag = NULL")
    db.close()
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.digest() not in (flagged, before)


@pytest.mark.parametrize("flag, sentence", [
    (["kink", "kink"], r"`flag` must be a word or have shape \(1,\), got shape \(2,\)"),
    ("on a kink", "`flag` must hold words such as below_minimum, got 'on a kink'"),
])  # fmt: skip
def test_flags_are_words(tmp_path, flag, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(ValueError, match=sentence):
            atlas.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], flag=flag)
        assert len(atlas.minima) == 3


def test_an_energy_that_is_not_known_is_damage_without_its_flag(tmp_path):
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.add_transition_states(np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]])
    for flag, is_whole in (("'no_energy'", True), ("'kink'", False), ("NULL", False)):
        with sqlite3.connect(path) as db:
            db.execute(f"UPDATE transition_states SET energy = NULL, flag = {flag}")
        db.close()
        with Atlas(path, readonly=True) as atlas:
            assert np.isnan(atlas.transition_states.energy).all()
            if is_whole:
                atlas.check()
            else:
                with pytest.raises(AtlasError, match="point 1 of transition_states is not finite"):
                    atlas.check()


def test_named_sets(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        atlas.set_sets({"B": np.array([3, 1, 3]), "A": [2]})
        assert {name: ids.tolist() for name, ids in atlas.sets.items()} == {"A": [2], "B": [1, 3]}
        assert atlas.digest() == before  # not what the exploration determined
        atlas.set_sets({"folded": [1]})
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert list(atlas.sets) == ["folded"]
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.set_sets({"A": [1]})


@pytest.mark.parametrize("sets, sentence", [
    ({"A": []}, r"`sets\['A'\]` must be one or more ids of minima"),
    ({"A": [0.5]}, r"`sets\['A'\]` must be one or more ids of minima"),
    ({"A": [1, 4]}, r"`sets\['A'\]`: there is no minimum 4; ids are 1 to 3"),
    ({"A": [0]}, "there is no minimum 0"),
    ({"1": [1]}, "Names of sets must be words such as A"),
    ({"1-3": [1]}, "Names of sets must be words such as A"),
])  # fmt: skip
def test_refused_sets_change_nothing(tmp_path, sets, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_sets({"B": [1]})
        with pytest.raises(ValueError, match=sentence):
            atlas.set_sets(sets)
        assert list(atlas.sets) == ["B"]
