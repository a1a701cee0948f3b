"""Recipes: what they build, and every mistake as one sentence that names the key."""

import json
from pathlib import Path

import numpy as np
import pytest

from lossatlas import datasets
from lossatlas.landscapes import Perceptron
from lossatlas.recipes import (
    RECIPES,
    RecipeError,
    data_card,
    read_recipe,
    rebuild,
    rebuild_for_predictions,
    remembered,
    settings_of,
    to_settings,
)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    rows = "".join(f"{a},{b},{'yes' if a > b else 'no'}\n" for a, b in rng.normal(size=(40, 2)))
    path = tmp_path / "table.csv"
    path.write_text("a,b,kind\n" + rows)
    return path


def test_ljat3_as_published():
    problem = read_recipe({"landscape": "ljat3", "test_items": 50}).build()
    network = problem.landscape
    assert isinstance(network, Perceptron)
    assert (network.sizes, network.dimension, float(network.l2)) == ((2, 10, 4), 74, 1e-4)
    assert (len(problem.training), len(problem.test)) == (1000, 50)
    every = datasets.ljat3("D1", items=1050)
    np.testing.assert_array_equal(np.asarray(network.inputs), every.inputs[:1000])
    np.testing.assert_array_equal(problem.test.inputs, every.inputs[1000:])


@pytest.mark.parametrize("settings, dimension", [
    ({"landscape": "xor"}, 12),
    ({"landscape": "xor", "hidden": np.int64(2)}, 12),
    ({"landscape": "xor", "hidden": 3, "regularise": "weights"}, 17),
    ({"landscape": "xor", "biases": False}, 8),
    ({"landscape": "iris", "hidden": 0}, 15),
    ({"landscape": "iris", "hidden": "0", "biases": False}, 12),
    ({"landscape": "ljat3", "items": 20, "test_items": 5, "hidden": "5,5"}, 69),
    ({"landscape": "ljat3", "items": 20, "test_items": 5, "hidden": [4, 4, 4], "inputs": 3}, 76),
    ({"landscape": "ljat3", "items": 20, "test_items": 5, "neighbours": 2}, 54),
    ({"landscape": "ljat3", "items": 20, "test_items": 5, "cube": 2.5, "steps_before": 3}, 74),
    ({"landscape": "mnist", "items": 20, "test_items": 5}, 7960),
    ({"landscape": "digits", "items": 100, "hidden": 2}, 64 * 2 + 2 + 30),
    ({"landscape": "iris", "items": 100}, 27),
    ({"landscape": "yacht", "items": 200}, 6 * 3 + 3 + 4),
    ({"landscape": "spin-glass", "size": 4}, 4),
    ({"landscape": "spin-glass", "size": 4, "p": 2, "partite": True}, 8),
    ({"landscape": "mueller-brown"}, 2),
    ({"landscape": "nonlinear-regression", "items": 30, "noise": 0.1, "highest_frequency": 5}, 7),
])  # fmt: skip
def test_built_again_from_what_an_atlas_remembers(settings, dimension):
    recipe = read_recipe(settings)
    problem = recipe.build()
    assert problem.landscape.dimension == dimension
    again = read_recipe(json.loads(json.dumps(to_settings(recipe)))).build()
    assert again.landscape.fingerprint() == problem.landscape.fingerprint()


@pytest.mark.parametrize("landscape", RECIPES)
def test_every_setting_has_a_help_a_default_and_a_kind_that_is_read(landscape):
    for key, setting in settings_of(RECIPES[landscape]).items():
        assert setting.help.text.endswith("."), key
        assert setting.kind in (int, float, bool, Path, str)
        assert (setting.default is None) == (key in ("table", "target"))


def test_settings_say_their_own_defaults():
    def defaults(landscape):
        return {key: setting.default for key, setting in settings_of(RECIPES[landscape]).items()}

    assert defaults("xor") == {
        "hidden": "2", "l2": "0.001", "activation": "tanh", "neighbours": "all", "regularise": "all",
        "biases": "yes",
    }  # fmt: skip
    assert defaults("digits")["hidden"] == "10" and defaults("digits")["l2"] == "0.01"
    assert defaults("nonlinear-regression")["highest_frequency"] == "10"
    assert defaults("spin-glass")["partite"] == "no"
    assert settings_of(RECIPES["ljat3"])["inputs"].kind is int
    assert settings_of(RECIPES["ljat3"])["cube"].kind is str


def test_weights_of_a_table(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("a,b,kind,count\n1,2,x,3\n4,1,y,1\n0,5,x,2\n7,3,y,0\n2,2,y,4\n")
    settings = {"landscape": "csv", "table": str(table), "target": "kind", "weights": "count"}
    problem = read_recipe(settings | {"items": 4, "data_seed": 1}).build()
    assert problem.training.columns == ("a", "b")
    whole = {(3, 0), (1, 1), (2, 0), (0, 1), (4, 1)}  # weight and class
    there = [*zip(problem.training.weights, problem.training.targets)]
    assert set(there) | {(problem.test.weights[0], problem.test.targets[0])} == whole
    shares = problem.training.weights / problem.training.weights.sum()
    np.testing.assert_allclose(problem.landscape.shares, shares, rtol=1e-15)
    with pytest.raises(ValueError, match="without `weights`; give one of them"):
        read_recipe(settings | {"teacher": 2}).build()
    unweighted = read_recipe({key: value for key, value in settings.items() if key != "weights"}).build()
    assert unweighted.training.columns == ("a", "b", "count") and unweighted.landscape.shares is None


def test_several_targets_of_a_table(tmp_path):
    rows = "".join(f"{i},{i % 7 + 0.5},{-i / 3},{i**0.5}\n" for i in range(60))
    (tmp_path / "t.csv").write_text('a,y,z,"p,q"\n' + rows)
    settings = {"landscape": "csv", "table": str(tmp_path / "t.csv"), "hidden": 2}
    for target, names in (
        ("y,z", ("y", "z")),
        (["z", "p,q"], ("z", "p,q")),
        ("p,q", ("p,q",)),  # the whole is the name of a column
    ):
        recipe = read_recipe({**settings, "target": target, "drop": ["z"] if len(names) == 1 else None})
        problem = recipe.build()
        assert problem.training.target_names == problem.test.target_names == names
        assert problem.landscape.sizes == (2, 2, len(names))
        memory, card = json.loads(json.dumps([remembered(recipe, problem), data_card(problem.training)]))
        again = rebuild(memory, folder=tmp_path)
        assert again.landscape.fingerprint() == problem.landscape.fingerprint()
        assert again.test.target_names == names
        blind = rebuild_for_predictions(memory, card)
        assert blind.landscape.sizes == problem.landscape.sizes
        assert blind.training.target == problem.training.target
        units = [
            part.encoder.in_target_units(problem.test.targets) for part in (blind.training, problem.test)
        ]
        np.testing.assert_array_equal(*units)
    with pytest.raises(ValueError, match="`target` names column 'y' twice"):
        read_recipe({**settings, "target": "y,y"}).build()


def test_the_data_of_a_nonlinear_regression_are_there_to_judge_it_on():
    problem = read_recipe({"landscape": "nonlinear-regression", "items": 30}).build()
    assert problem.training.columns == ("t",) and problem.training.classes is None
    np.testing.assert_array_equal(problem.training.inputs[:, 0], problem.landscape.inputs)
    np.testing.assert_array_equal(problem.training.targets, problem.landscape.targets)


def test_mislabelled_training_data_only():
    clean = read_recipe({"landscape": "ljat3", "items": 200, "test_items": 100}).build()
    problem = read_recipe(
        {"landscape": "ljat3", "items": 200, "test_items": 100, "mislabelled": 0.1}
    ).build()
    assert problem.training.mislabelled.sum() == 20
    np.testing.assert_array_equal(problem.test.targets, clean.test.targets)
    assert problem.landscape.fingerprint()["data"] != clean.landscape.fingerprint()["data"]


def test_a_table_with_a_test_part(table):
    recipe = read_recipe({"landscape": "csv", "table": str(table), "target": "kind", "items": 30})
    problem = recipe.build()
    assert (len(problem.training), len(problem.test)) == (30, 10)
    np.testing.assert_allclose(problem.training.inputs.mean(axis=0), 0.0, atol=1e-14)
    other = read_recipe({**to_settings(recipe), "data_seed": 1}).build()
    assert other.landscape.fingerprint()["data"] != problem.landscape.fingerprint()["data"]


@pytest.mark.parametrize("settings, key, sentence", [
    ({}, "landscape", "The landscape is missing; choose one of xor, ljat3"),
    ({"landscape": "xnor"}, "landscape", "The landscape 'xnor' is not known; did you mean xor?"),
    ({"landscape": "xor", "items": 3}, "items", "take `items`; ljat3, mnist, digits and 9 others do."),
    ({"landscape": "csv", "table": "t.csv"}, "target", "The landscape csv needs `target`."),
    ({"landscape": "ljat3", "mislabelled": 1.5}, "mislabelled", "should be less than or equal to 1"),
    ({"landscape": "ljat3", "cube": "D4"}, "cube", "should be D1, D2, D3 or the length of a side"),
    ({"landscape": "ljat3", "inputs": 4}, "inputs", "`inputs` should be 2 or 3, got 4"),
    ({"landscape": "xor", "hidden": "two"}, "hidden", "takes whole numbers such as 3 or 5,5, got 'two'"),
    ({"landscape": "xor", "regularise": "biases"}, "regularise", "should be 'all' or 'weights'"),
    ({"landscape": "iris", "items": 0}, "items", "should be greater than 0, got 0"),
    ({"landscape": "xor", "l2": "much"}, "l2", "`l2` should be a number, got 'much'"),
])  # fmt: skip
def test_mistakes(settings, key, sentence):
    with pytest.raises(RecipeError) as caught:
        read_recipe(settings)
    assert caught.value.key == key
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings, sentence", [
    ({"landscape": "iris", "items": 150}, "leaves no test items"),
    ({"landscape": "iris", "test_items": 5}, "`test_items` needs `items`"),
    ({"landscape": "iris", "items": 100, "test_items": 60}, "there are 50 test items, not 60"),
    ({"landscape": "mnist", "items": 1001}, "There are 1000 training images, not 1001; name the full set"),
    ({"landscape": "yacht", "mislabelled": 0.1}, "number"),
    ({"landscape": "ljat3", "items": 20, "neighbours": 5}, "`neighbours` must be 1 to 4"),
    ({"landscape": "csv", "table": "none.csv", "target": "y"}, "There is no file"),
    ({"landscape": "nonlinear-regression", "items": 4}, "`items` must be at least 5"),
    ({"landscape": "nonlinear-regression", "noise": -0.1}, "`noise` must be a finite number of at least 0"),
    ({"landscape": "nonlinear-regression", "highest_frequency": 1}, "`highest_frequency` must be finite"),
])  # fmt: skip
def test_mistakes_that_building_finds(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_recipe(settings).build()


def test_every_recipe_knows_its_name():
    for name, kind in RECIPES.items():
        needed = {"csv": {"table": "t.csv", "target": "y"}}.get(name, {})
        assert read_recipe({"landscape": name, **needed}).landscape == name
        assert type(read_recipe({"landscape": name, **needed})) is kind


@pytest.fixture
def long_table(tmp_path):
    """Sixty rows: a number, a word, a class with a rare third kind, and a number to predict."""
    rng = np.random.default_rng(0)
    kinds = ["a"] * 30 + ["b"] * 26 + ["c"] * 4
    rows = [
        f"{x:.3f},{'uv'[i % 2]},{kind},{3 + x:.3f}"
        for i, (x, kind) in enumerate(zip(rng.random(60), kinds))
    ]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["x,word,kind,mass", *rows]) + "\n")
    return path


def test_a_fifth_of_a_table_is_held_out_unless_told_otherwise(long_table, table):
    settings = {"landscape": "csv", "table": str(long_table), "target": "kind"}

    def sizes(**more):
        problem = read_recipe(settings | more).build()
        return len(problem.training), len(problem.test or ())

    problem = read_recipe(settings).build()
    np.testing.assert_array_equal(np.bincount(problem.test.targets), [6, 5, 1])
    np.testing.assert_array_equal(np.bincount(problem.training.targets), [24, 21, 3])
    np.testing.assert_allclose(problem.training.inputs.mean(axis=0), 0, atol=1e-14)
    assert read_recipe(settings).tests_by_default
    assert sizes(test=0) == (60, 0) and sizes(test=0.5) == (30, 30) and sizes(items=40) == (40, 20)
    assert not any(read_recipe(settings | more).tests_by_default for more in ({"test": 0}, {"items": 40}))
    assert sizes(data_seed=1) == (48, 12)
    other = read_recipe(settings | {"data_seed": 1}).build()
    assert not np.array_equal(other.test.inputs, problem.test.inputs)
    few = read_recipe({"landscape": "csv", "table": str(table), "target": "kind"}).build()
    assert (len(few.training), few.test) == (40, None)
    iris = read_recipe({"landscape": "iris"}).build()
    assert (len(iris.training), iris.test) == (150, None)


def test_a_table_of_test_items(long_table, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("mass;word;x\n3,5;v;0,5\n4,0;u;1,0\n")
    settings = {"landscape": "csv", "table": str(long_table), "target": "mass", "drop": "kind"}
    recipe = read_recipe(settings | {"test_data": str(new)})
    problem = recipe.build()
    assert (len(problem.training), len(problem.test)) == (60, 2)
    np.testing.assert_allclose(
        problem.test.encoder.in_target_units(problem.test.targets), [3.5, 4.0], rtol=1e-14
    )
    held = read_recipe(settings | {"test_data": str(new), "validation": 0.25}).build()
    assert (len(held.training), len(held.validation), len(held.test)) == (45, 15, 2)
    np.testing.assert_allclose(held.test.encoder.in_target_units(held.test.targets), [3.5, 4.0], rtol=1e-14)
    assert to_settings(recipe)["test_data"] == str(new.resolve())
    for more in ({"test": 0.2}, {"items": 30}):
        with pytest.raises(ValueError, match="Give .*`test_data`"):
            read_recipe(settings | {"test_data": str(new)} | more).build()
    new.write_text("mass,x\n3.5,0.5\n")
    with pytest.raises(ValueError, match="new.csv has no column 'word'; needed are x, word"):
        recipe.build()


def test_folds_are_validation_parts_that_make_up_the_training_items(long_table):
    settings = {"landscape": "csv", "table": str(long_table), "target": "kind"}
    problems = [read_recipe(settings | {"fold": k, "folds": 4}).build() for k in range(4)]
    assert [len(p.validation) for p in problems] == [12] * 4 and {len(p.test) for p in problems} == {12}
    raw = [p.validation.encoder.columns for p in problems]
    assert all(columns == raw[0] for columns in raw)
    rare = [np.bincount(p.validation.targets, minlength=3)[2] for p in problems]
    assert sorted(rare) == [0, 1, 1, 1]
    assert len(read_recipe({"landscape": "iris", "fold": 4}).build().validation) == 30


@pytest.mark.parametrize("settings, sentence", [
    ({"fold": 1, "validation": 0.2}, "`fold` and `validation` both hold items out; give one of them"),
    ({"folds": 4}, "`folds` needs `fold`, the number of the fold"),
    ({"fold": 5}, "`fold` must be 0 to 4 for 5 folds, got 5"),
])  # fmt: skip
def test_mistakes_about_folds(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_recipe({"landscape": "iris", **settings}).build()
