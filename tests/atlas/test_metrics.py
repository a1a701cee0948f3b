"""Metrics, flags and sets of an atlas, the recipe that it remembers, and files of older schemas."""

import os

import numpy as np
import pytest
from fakes import damage, rewrite, to_older_schema

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
        # A name that is there gets new numbers, the others stay.
        atlas.set_metrics({"accuracy": [1.0, 0.5, 0.25], "test_loss": [4, 5, 6]})
        assert list(atlas.minima.metrics) == ["accuracy", "test_auc", "test_loss"]
        assert atlas.minima["test_loss"].tolist() == [4, 5, 6]
        with pytest.raises(ValueError, match="no metric 'auc'; there is accuracy, test_auc, test_loss"):
            atlas.delete_metrics("test_auc", "auc")
        assert len(atlas.minima.metrics) == 3
        atlas.delete_metrics("test_auc", "test_loss")
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


def test_another_recipe_does_not_delete_metrics_behind_your_back(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_recipe({"landscape": "xor", "hidden": (2,)})
        atlas.set_metrics({"test_auc": [0.7, 0.8, 0.9]})
        atlas.set_recipe({"landscape": "xor", "hidden": (2,)})  # the same one
        with pytest.raises(
            AtlasError, match=r"metrics that were computed with another recipe; call delete_"
        ):
            atlas.set_recipe({"landscape": "iris"})
        assert list(atlas.minima.metrics) == ["test_auc"] and atlas.recipe["landscape"] == "xor"
        atlas.delete_metrics()
        atlas.set_recipe({"landscape": "iris"})
        assert atlas.minima.metrics == {} and atlas.recipe == {"landscape": "iris"}
        atlas.check()


@pytest.fixture
def older(tmp_path, request):
    """Return a file of an older schema, and the digest that it had."""
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.add_transition_states(
            np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]], path_length=[4.0]
        )
        atlas.plan([(1, "pair", 1, 2, 0, 11)])
        atlas.finish(1, 0)
        if request.param > 1:
            atlas.set_metrics({"a": [1.0, 2.0, 3.0]})
        digest = atlas.digest()
    to_older_schema(path, request.param)
    return path, digest


@pytest.mark.parametrize("older", [1, 2], indirect=True)
def test_files_of_older_schemas_are_brought_up_to_date_by_a_writer(older):
    path, digest = older
    with Atlas(path, xor(2)) as atlas:
        atlas.check()
        assert atlas.digest() == digest and atlas.sets == {}
        assert atlas.minima.flag.tolist() == ["", "", ""] and atlas.transition_states.flag.tolist() == [""]
        assert atlas.transition_states.path_length.tolist() == [4.0]
        assert atlas.tried_pairs() == {(1, 2): 1}
        atlas.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], flag="kink")
        atlas.set_metrics({"b": [1.0, 2.0, 3.0, 4.0]})
        atlas.set_sets({"A": [1]})
    with Atlas(path) as atlas:
        assert atlas.minima["b"].tolist() == [1.0, 2.0, 3.0, 4.0]
        atlas.check()


@pytest.mark.parametrize("older", [1, 2], indirect=True)
@pytest.mark.parametrize("options", [dict(), dict(readonly=True), dict(landscape=xor(2), readonly=True)])
def test_files_of_older_schemas_are_read_and_not_written(older, options):
    path, digest = older
    content = path.read_bytes()
    with Atlas(path, **options) as atlas:
        atlas.check()
        assert atlas.digest() == digest and atlas.tried_pairs() == {(1, 2): 1}
        assert list(atlas.minima.metrics) in ([], ["a"])
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.set_state("key", 1)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("older", [2], indirect=True)
@pytest.mark.parametrize("statement, sentence", [
    ("UPDATE minima SET x = x'00' WHERE id = 2", "x of point 2 of minima has 1 bytes, not 12 numbers"),
    ("UPDATE minima SET moments = x'00' WHERE id = 2", "moments of point 2 of minima has 1 bytes, not 3"),
    ("UPDATE minima SET energy = 9e999 WHERE id = 3", "point 3 of minima is not finite"),
    ("UPDATE minima SET orbit_size = '-1' WHERE id = 3", "orbit_size of point 3 of minima is no whole"),
    ("UPDATE transition_states SET minimum_a = 9 WHERE id = 1", "refers to no minima"),
    ("UPDATE transition_states SET id = 5", "ids of transition_states have gaps"),
    ("UPDATE meta SET value = '{' WHERE key = 'landscape'", "value of a row of meta is no JSON"),
    ("UPDATE meta SET value = '{}' WHERE key = 'dimension'", "its number of variables is {}"),
    ("UPDATE meta SET value = '3' WHERE key = 'landscape'", "settings of the landscape make no sense"),
    ("DELETE FROM meta WHERE key = 'identity'", "settings of the landscape make no sense"),
])  # fmt: skip
@pytest.mark.parametrize("landscape", [None, xor(2)])
def test_damage_in_older_files_is_found_before_they_are_taken_for_right(
    older, statement, sentence, landscape
):
    path, _ = older
    damage(path, statement)
    content = path.read_bytes()
    with pytest.raises(AtlasError, match=sentence):
        Atlas(path, landscape)
    if "make no sense" not in sentence:
        assert path.read_bytes() == content


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
    rewrite(tmp_path / "a.atlas", "UPDATE minima SET flag = NULL")
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
        rewrite(path, f"UPDATE transition_states SET energy = NULL, flag = {flag}")
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
