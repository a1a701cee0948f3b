"""Quantities, named sets and the recipe of an atlas, and how rows of its columns are chosen."""

import os

import numpy as np
import pytest

from lossatlas.atlas import Atlas, AtlasError, _quantity_rows
from lossatlas.landscapes import xor


def filled(path, count=3):
    atlas = Atlas(path, xor(2))
    x = np.random.default_rng(0).normal(size=(count, 12))
    columns = [np.zeros(count), np.ones(count), np.ones(count)]
    atlas.points.add_minima(x, np.arange(count) + 0.5, *columns)
    return atlas


def test_a_quantity_is_a_column_with_errors_and_knows_what_wrote_it(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        atlas.set_quantity("test_auc", [0.7, np.nan, 0.9], run="evaluate", settings={"reference": 1})
        atlas.set_quantity("volume", [5.0, 3.0], ids=[3, 1], error=[0.5, np.nan], run="mbar")
        assert atlas.digest() == before  # not what the exploration determined
        np.testing.assert_array_equal(atlas.minima["test_auc"], [0.7, np.nan, 0.9])
        np.testing.assert_array_equal(atlas.minima["volume"], [3.0, np.nan, 5.0])
        np.testing.assert_array_equal(atlas.minima["volume_error"], [np.nan, np.nan, 0.5])
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.minima.keys()[-3:] == ["test_auc", "volume", "volume_error"]
        assert atlas.to_dataframe()["volume"].tolist()[::2] == [3.0, 5.0]
        assert dict(atlas.to_networkx().nodes)[3]["test_auc"] == 0.9
        auc, volume = atlas.quantities
        assert repr(atlas.quantities) == (
            "Quantities(Quantity(test_auc of 3 minima, by evaluate), Quantity(volume of 2 minima, by mbar))"
        )
        # Where it is not defined it was determined, too.
        assert auc.ids.tolist() == [1, 2, 3] and np.isnan(auc.values[1]) and np.isnan(auc.errors).all()
        assert volume.ids.tolist() == [1, 3] and volume.values.tolist() == [3.0, 5.0]
        assert auc.runs[0].call == "evaluate" and auc.runs[0].settings == {"reference": 1}
        assert auc.runs[0].written.startswith("20") and "numpy" in (auc.runs[0].software or {})
        atlas.check()
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.set_quantity("volume", [1.0, 2.0, 3.0])


def test_writing_again_replaces_these_ids_alone_and_other_quantities_stay(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_quantity("a", [1.0, 2.0, 3.0], error=0.5, run="first")
        atlas.set_quantity("b", [4.0, 5.0, 6.0], run="first")
        atlas.set_quantity("a", [9.0], ids=[2], run="second")
        quantity = atlas.quantities.get("a")
        assert quantity.values.tolist() == [1.0, 9.0, 3.0]
        assert [quantity.runs[run].call for run in quantity.run] == ["first", "second", "first"]
        np.testing.assert_array_equal(quantity.errors, [0.5, np.nan, 0.5])
        assert atlas.minima["b"].tolist() == [4.0, 5.0, 6.0]
        atlas.set_quantity("a", [7.0, 8.0, 9.0], run="third")  # all of them
        assert [run.call for run in atlas.quantities.get("a").runs] == ["third"]
        assert "a_error" not in atlas.minima.keys()
        with pytest.raises(ValueError, match="no quantity 'c' of kind minimum; there is a, b"):
            atlas.quantities.delete("a", "c")
        assert len(atlas.quantities) == 2
        atlas.quantities.delete("a", "b")
        assert list(atlas.quantities) == [] and atlas.minima.quantities == {}
        assert atlas._file.rows("quantity_runs") == []  # no run is left of which nothing is left
        atlas.check()


def test_many_points_stand_in_several_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(_quantity_rows, "POINTS_IN_A_ROW", 4)
    rng = np.random.default_rng(0)
    with filled(tmp_path / "a.atlas", 50) as atlas:
        expected = np.full(50, np.nan)
        for turn in range(12):
            ids = 1 + rng.choice(50, size=rng.integers(1, 20), replace=False)
            values = rng.random(len(ids))
            atlas.set_quantity("a", values, ids=ids, run=f"run {turn % 3}")
            expected[ids - 1] = values
            np.testing.assert_array_equal(atlas.minima["a"], expected)
            atlas.check()


def test_quantities_of_transition_states_are_apart(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        ones = np.ones(2)
        x = np.stack([np.full(12, 5.0), np.full(12, 6.0)])
        atlas.points.add_transition_states(x, [9.0, 10.0], ones, -ones, ones, [[1, 3], [1, 2]])
        atlas.set_quantity("a", [1.0, 2.0, 3.0])
        atlas.set_quantity("a", [4.0, 5.0], kind="transition_state", error=[0.1, 0.2])
        assert atlas.transition_states["a"].tolist() == [4.0, 5.0]
        assert atlas.transition_states["a_error"].tolist() == [0.1, 0.2]
        assert "a_error" not in atlas.minima.keys()
        assert atlas.to_dataframe("transition_states")["a"].tolist() == [4.0, 5.0]
        atlas.quantities.delete("a", kind="transition_state")
        assert [quantity.kind for quantity in atlas.quantities] == ["minimum"]


def test_points_found_later_are_not_known_yet(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_quantity("test_auc", [0.7, 0.8, 0.9])
        atlas.points.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0])
        np.testing.assert_array_equal(atlas.minima["test_auc"], [0.7, 0.8, 0.9, np.nan])


def test_an_undone_transaction_leaves_no_quantity(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(KeyboardInterrupt):
            with atlas.transaction():
                atlas.set_quantity("a", [1.0, 2.0, 3.0])
                raise KeyboardInterrupt
        assert list(atlas.quantities) == [] and atlas.minima.quantities == {}


@pytest.mark.parametrize("arguments, options, sentence", [
    (("a", [1.0, 2.0]), {}, r"`values` must have shape \(3,\), got \(2,\)"),
    (("a", [1.0, np.inf, 2.0]), {}, "`values` must be finite, or NaN where it is not defined"),
    (("a", ["1", "2", "x"]), {}, "`values` must be numbers, got <U1"),
    (("a", [1.0, None, 2.0]), {}, "`values` must be numbers, got object"),
    (("a", [1.0, 2.0], [1, 4]), {}, "`ids`: there is no minimum 4; ids are 1 to 3"),
    (("a", [1.0, 2.0], [0, 1]), {}, "`ids`: there is no minimum 0; ids are 1 to 3"),
    (("a", [1.0, 2.0], [2, 2]), {}, "`ids` must name each minimum once, but 2 stands there twice"),
    (("a", [1.0, 2.0], [1.0, 2.0]), {}, "`ids` must be integers"),
    (("a", [1.0, 2.0, 3.0]), {"error": [1.0, 2.0]}, r"`error` must have shape \(3,\)"),
    (("a", [1.0, 2.0, 3.0]), {"error": -1.0}, "`error` must not be negative, got -1.0"),
    (("a", [1.0, 2.0, 3.0]), {"error": np.inf}, "`error` must be finite, or NaN where it is not known"),
    (("a", [1.0, 2.0, 3.0]), {"kind": "saddle"}, "`kind` must be minimum or transition_state"),
    (("a", [1.0, 2.0, 3.0]), {"settings": {1: {2}}}, "`settings` must be JSON-able"),
    (("a", [1.0, 2.0, 3.0]), {"run": ""}, "`run` must say in words what wrote the numbers"),
    (("energy", [1.0, 2.0, 3.0]), {}, "a column 'energy' already"),
    (("rows", [1.0, 2.0, 3.0]), {}, "a column 'rows' already"),
    (("b_error", [1.0, 2.0, 3.0]), {}, "a column 'b_error' already"),
    (("c", [1.0, 2.0, 3.0]), {"error": 0.5}, "a column 'c_error' already"),
    (("a b", [1.0, 2.0, 3.0]), {}, "Names of quantities must be words such as volume, got 'a b'"),
])  # fmt: skip
def test_refused_quantities_change_nothing(tmp_path, arguments, options, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_quantity("b", [1.0, 2.0, 3.0], error=0.5)
        atlas.set_quantity("c_error", [1.0, 2.0, 3.0])
        before = atlas.minima.quantities.keys()
        with pytest.raises(ValueError, match=sentence):
            atlas.set_quantity(*arguments, **options)
        assert atlas.minima.quantities.keys() == before and len(atlas.quantities) == 2


def test_quantities_and_sets_are_written_without_the_landscape(tmp_path):
    path = tmp_path / "a.atlas"
    with pytest.raises(AtlasError, match="There is no atlas"):
        Atlas(path, readonly=False)
    assert os.listdir(tmp_path) == []
    filled(path).close()
    with Atlas(path, readonly=False) as atlas:
        atlas.set_quantity("a", [1.0, 2.0, 3.0])
        atlas.sets["A"] = [1]
        with pytest.raises(AtlasError, match="open it with its landscape to extend it"):
            atlas.points.add_minima(np.ones((1, 12)), [9.0], [0.0], [1.0], [1.0])
    with Atlas(path) as atlas:
        assert atlas.minima["a"].tolist() == [1.0, 2.0, 3.0] and list(atlas.sets) == ["A"]


def test_columns_of_a_file_become_quantities(tmp_path):
    (tmp_path / "own.csv").write_text("id,volume,volume_error,depth_error\n3,5,0.5,1\n1,4,,\n2,,,\n")
    with filled(tmp_path / "a.atlas") as atlas:
        assert atlas.quantities.read_csv(tmp_path / "own.csv") == ["volume", "depth_error"]
        volume = atlas.quantities.get("volume")
        assert volume.ids.tolist() == [1, 3] and volume.values.tolist() == [4.0, 5.0]
        np.testing.assert_array_equal(volume.errors, [np.nan, 0.5])
        assert volume.runs[0].call == "import" and volume.runs[0].settings == {"file": "own.csv"}
        assert atlas.quantities.get("depth_error").ids.tolist() == [3]


@pytest.mark.parametrize("text, sentence", [
    ("id,a\n1,2\n1,3\n", "line 3: minimum 1 had a line already"),
    ("id,a\n4,2\n", "line 2: there is no minimum 4; ids are 1 to 3"),
    ("id,a\n1,x\n", "line 2: needs a number, got 'x'"),
    ("id,a\n1,inf\n", "line 2: needs a finite number, got 'inf'"),
    ("id,a,a_error\n1,2,-3\n", "line 2: needs an error that is not negative, got '-3'"),
    ("id,a,a\n1,2,3\n", "line 1: 'a' is not a word, or stands there twice"),
    ("id,b,hits\n1,2,3\n", "line 1: There is a column 'hits' already"),
    ("a\n1\n", "line 1: needs a header such as id,radius"),
])  # fmt: skip
def test_files_that_are_refused_change_nothing(tmp_path, text, sentence):
    (tmp_path / "own.csv").write_text(text)
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(AtlasError, match=sentence):
            atlas.quantities.read_csv(tmp_path / "own.csv")
        assert len(atlas.quantities) == 0


def test_rows_are_chosen_with_all_their_columns(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.points.add_transition_states(np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]])
        atlas.set_quantity("volume", [1.0, 2.0, 3.0], error=0.5)
        minima, states = atlas.minima, atlas.transition_states
    some = minima.where(minima["volume"] > 1.5)
    assert type(some) is type(minima) and some.keys() == minima.keys()
    assert some.id.tolist() == [2, 3] and some["volume"].tolist() == [2.0, 3.0]
    np.testing.assert_array_equal(some.x, minima.x[1:])
    assert some.orbit_size_exact == minima.orbit_size_exact[1:] and some.degree.tolist() == [0, 1]
    turned = minima.rows([3, 1])
    assert turned.energy.tolist() == [2.5, 0.5] and turned["volume_error"].tolist() == [0.5, 0.5]
    assert some.rows([3]).energy.tolist() == [2.5]  # ids are labels, not places
    assert len(states.where(states.energy > 10.0)) == 0 and states.rows([1]).minima.tolist() == [[1, 3]]
    for chosen, sentence in (
        (lambda: minima.where([1, 2]), r"`mask` must be booleans of shape \(3,\), got int64"),
        (
            lambda: minima.where([True]),
            r"shape \(3,\), got bool of shape \(1,\)",
        ),
        (lambda: some.rows([1]), "`ids`: there is no point 1 among these 2"),
        (lambda: minima.rows([1, 1]), "`ids` must name each point once"),
        (lambda: minima.rows([True, False]), "`ids` must be integers of shape"),
    ):
        with pytest.raises(ValueError, match=sentence):
            chosen()


def test_recipe(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        assert atlas.recipe is None
        atlas.set_recipe({"landscape": "xor", "hidden": [2]})
        assert atlas.digest() == before
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.recipe == {"landscape": "xor", "hidden": [2]}


def test_another_recipe_is_refused_while_there_are_quantities_of_the_old_one(tmp_path):
    older = {"landscape": "xor", "hidden": [2]}
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.set_recipe({"landscape": "xor", "hidden": (2,)})
        atlas.set_quantity("test_auc", [0.7, 0.8, 0.9], run="evaluate", settings={"recipe": older})
        atlas.set_quantity("volume", [1.0, 2.0, 3.0])  # which does not depend on a recipe
        atlas.set_recipe(older)  # the same one
        with pytest.raises(AtlasError, match=r"holds test_auc, computed with another recipe"):
            atlas.set_recipe({"landscape": "iris"})
        assert atlas.recipe == older and len(atlas.quantities) == 2
        atlas.quantities.delete("test_auc")
        atlas.set_recipe({"landscape": "iris"})
        assert atlas.recipe == {"landscape": "iris"} and [q.name for q in atlas.quantities] == ["volume"]
        atlas.check()


def test_named_sets(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        atlas.sets.update({"B": np.array([3, 1, 3]), "A": [2]})
        assert {name: ids.tolist() for name, ids in atlas.sets.items()} == {"A": [2], "B": [1, 3]}
        assert atlas.digest() == before  # not what the exploration determined
        atlas.sets["A"] = [1]
        del atlas.sets["B"]
        with pytest.raises(KeyError, match="There is no set 'B'; there is A"):
            del atlas.sets["B"]
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert list(atlas.sets) == ["A"] and repr(atlas.sets) == "NamedSets(A: 1)"
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.sets["A"] = [1]


@pytest.mark.parametrize("name, ids, sentence", [
    ("A", [], r"`sets\['A'\]` must be one or more ids of minima"),
    ("A", [0.5], r"`sets\['A'\]` must be one or more ids of minima"),
    ("A", [1, 4], r"`sets\['A'\]`: there is no minimum 4; ids are 1 to 3"),
    ("A", [0], "there is no minimum 0"),
    ("1", [1], "Names of sets must be words such as A"),
    ("1-3", [1], "Names of sets must be words such as A"),
])  # fmt: skip
def test_refused_sets_change_nothing(tmp_path, name, ids, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        atlas.sets["B"] = [1]
        with pytest.raises(ValueError, match=sentence):
            atlas.sets[name] = ids
        assert list(atlas.sets) == ["B"]
