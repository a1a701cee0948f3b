"""Sweeps end to end on small data, resumed; what is stored; tables."""

import csv
import json

import numpy as np
import pytest

from lossatlas.atlas import Atlas, AtlasError
from lossatlas.datasets._parts import two_parts
from lossatlas.landscapes import xor
from lossatlas.recipes import read_recipe
from lossatlas.sweeps import (
    ExploreSettings,
    evaluate_atlas,
    explore_recipe,
    judge_atlas,
    read_config,
    run_sweep,
    summarise,
    to_csv,
    to_markdown,
    unjudged,
)


NAMES = (
    "loss", "accuracy", "misclassification", "auc", "macro_auc", "macro_recall", "macro_precision",
    "misclassification_index",
)  # fmt: skip
CONFIG = """
landscape = "iris"
hidden = 1
items = 100

[explore]
time_limit = "none"
evaluations = 1_500

[sweep]
l2 = [1e-1, 1e-2]
mislabelled = [0.0, 0.2]
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "study.toml").write_text(CONFIG)
    said = []
    paths = run_sweep(read_config(folder / "study.toml"), folder / "out", report=said.append)
    return folder, paths, said


def test_one_atlas_for_every_point(swept):
    folder, paths, said = swept
    names = [f"l2_{l2}-mislabelled_{wrong}.atlas" for l2 in (0.1, 0.01) for wrong in (0.0, 0.2)]
    assert [path.name for path in paths] == names
    for path in paths:
        with Atlas(path, readonly=True) as atlas:
            assert len(atlas.minima) >= 1
            assert np.isfinite(atlas.minima["test_macro_auc"]).all()
            assert ("wrong_accuracy" in atlas.minima.keys()) == ("0.2" in path.name)
            assert atlas.settings["l2"] == (0.01 if "0.01" in path.name else 0.1)
    assert said[0] == "1 of 4: l2_0.1-mislabelled_0.0"


def test_summary(swept):
    folder, paths, _ = swept
    with open(folder / "out" / "summary.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["l2"], row["mislabelled"]) for row in rows] == [
        ("0.1", "0.0"), ("0.1", "0.2"), ("0.01", "0.0"), ("0.01", "0.2")
    ]  # fmt: skip
    for row, path in zip(rows, paths):
        with Atlas(path, readonly=True) as atlas:
            minima = atlas.minima
        lowest = np.argmin(minima.energy)
        assert float(row["loss"]) == minima.energy[lowest]
        assert float(row["test_auc"]) == minima["test_auc"][lowest]
        assert float(row["test_auc_mean"]) == pytest.approx(minima["test_auc"].mean(), rel=1e-12)
        assert float(row["test_auc_sd"]) == pytest.approx(minima["test_auc"].std(), abs=1e-12)
        assert int(row["minima"]) == len(minima)
    text = (folder / "out" / "summary.md").read_text()
    assert text.startswith("| atlas | l2 | mislabelled | variables | minima | TS |")
    assert text.count("\n") == 6


def test_what_is_done_is_not_repeated(swept):
    folder, paths, _ = swept
    before = [path.read_bytes() for path in paths]
    said = []
    run_sweep(read_config(folder / "study.toml"), folder / "out", report=said.append)
    assert all(line.endswith("done before") for line in said)
    assert [path.read_bytes() for path in paths] == before


def test_a_kill_before_the_metrics_is_made_up_for(swept):
    folder, paths, _ = swept
    with Atlas(paths[0], Atlas(paths[0]).landscape) as atlas:
        metrics = atlas.minima.quantities
        atlas.quantities.delete(*atlas.quantities.written_by("evaluate"))
    run_sweep(read_config(folder / "study.toml"), folder / "out")
    with Atlas(paths[0], readonly=True) as atlas:
        assert atlas.minima.quantities.keys() == metrics.keys()


def test_a_missing_run_is_made_up_for(swept):
    folder, paths, _ = swept
    with Atlas(paths[1], readonly=True) as atlas:
        digest = atlas.digest()
    paths[1].unlink()
    run_sweep(read_config(folder / "study.toml"), folder / "out")
    with Atlas(paths[1], readonly=True) as atlas:
        assert atlas.digest() == digest


def test_interruption_ends_the_sweep(swept, tmp_path, monkeypatch):
    from lossatlas.exploration import _explore

    def interrupted(self, batch, given):
        raise KeyboardInterrupt

    monkeypatch.setattr(_explore.Executor, "run", interrupted)
    folder, _, _ = swept
    with pytest.raises(KeyboardInterrupt):
        run_sweep(read_config(folder / "study.toml"), tmp_path / "out")
    assert [path.name for path in sorted((tmp_path / "out").glob("*.atlas"))] == [
        "l2_0.1-mislabelled_0.0.atlas"
    ]
    with Atlas(tmp_path / "out" / "l2_0.1-mislabelled_0.0.atlas", readonly=True) as atlas:
        atlas.check()
        assert atlas.log.runs[-1]["finished"] is not None


@pytest.mark.parametrize("change, sentence", [
    ("mislabelled = [0.0, 2.0]", "mislabelled should be less than"),
    ('seed = ["a"]', "seed takes whole numbers from 0, got 'a'"),
    ("size = [3]", "does not take size"),
    ("seed = [0, true]", "seed takes whole numbers from 0, got True"),
    ('hidden = [1, "1"]', "has .* more than once"),
    ("neighbours = [1, 50]", "neighbours_50: `neighbours` must be 1 to 4"),
    ("items = [100, 1000]", "leaves no test items"),
])  # fmt: skip
def test_mistakes_before_anything_runs(tmp_path, change, sentence):
    (tmp_path / "study.toml").write_text(CONFIG.replace("mislabelled = [0.0, 0.2]", change))
    with pytest.raises(ValueError, match=sentence):
        run_sweep(read_config(tmp_path / "study.toml"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("old, new, sentence", [
    ("items = 100", "items = 90", "was made with items = 100, not 90"),
    ('hidden = 1', 'hidden = 1\nactivation = "sigmoid"', "was made with activation = tanh, not sigmoid"),
    ("[explore]", "[explore]\nseed = 3", "was made with seed = 0, not 3"),
])  # fmt: skip
def test_atlases_of_another_config_are_refused(swept, old, new, sentence):
    folder, paths, _ = swept
    before = [path.read_bytes() for path in paths]
    (folder / "other.toml").write_text(CONFIG.replace(old, new))
    with pytest.raises(ValueError, match=sentence):
        run_sweep(read_config(folder / "other.toml"), folder / "out")
    assert [path.read_bytes() for path in paths] == before


def test_minima_without_metrics_are_not_averaged_over(swept, tmp_path):
    _, paths, _ = swept
    copy = tmp_path / "copy.atlas"
    copy.write_bytes(paths[2].read_bytes())
    with Atlas(copy, Atlas(copy).landscape) as atlas:
        atlas.points.add_minima(np.full((1, atlas.dimension), 9.0), [9.0], [0.0], [1.0], [1.0])
        assert unjudged(atlas).sum() == 1
    assert "test_auc" in summarise(paths[2])
    assert "test_auc" not in summarise(copy)


def test_judging_again_gives_the_same(swept):
    _, paths, _ = swept
    with Atlas(paths[0], readonly=True) as atlas:
        stored = atlas.minima.quantities
    metrics = evaluate_atlas(paths[0], reference=0)
    for name, values in metrics.columns.items():
        np.testing.assert_array_equal(stored[name], values)
    other = judge_atlas(paths[0], reference=1)
    assert not np.array_equal(other.columns["test_auc"], stored["test_auc"])
    assert metrics.misclassified["test"].shape == (len(stored["test_auc"]), 50)


def test_an_atlas_without_a_recipe(tmp_path):
    with Atlas(tmp_path / "a.atlas", xor(2)) as atlas:
        atlas.points.add_minima(np.zeros((1, 12)), [0.7], [0.0], [1.0], [1.0])
    with pytest.raises(AtlasError, match="does not say how its landscape is built"):
        evaluate_atlas(tmp_path / "a.atlas")
    assert summarise(tmp_path / "a.atlas")["minima"] == 1


@pytest.mark.slow
def test_data_that_changed_are_noticed(tmp_path):
    table = tmp_path / "t.csv"
    rows = "".join(f"{i % 7},{i % 3},{i % 2}\n" for i in range(42))
    table.write_text("a,b,y\n" + rows)
    config = 'landscape = "csv"\ntable = "t.csv"\ntarget = "y"\n[explore]\nevaluations = 200\n'
    config += "[sweep]\nhidden = [1]\n"
    (tmp_path / "study.toml").write_text(config)
    path = run_sweep(read_config(tmp_path / "study.toml"), tmp_path / "out")[0]
    with Atlas(path, readonly=True) as atlas:
        assert not any(name.startswith("test_") for name in atlas.minima.quantities)
        assert json.loads(json.dumps(atlas.recipe))["table"] == str(table.resolve())
    table.write_text("a,b,y\n" + rows.replace("6,", "5,"))
    with pytest.raises(AtlasError, match="atlas of another landscape: data is"):
        evaluate_atlas(path)
    table.write_text("a,b,y\n" + rows)
    assert evaluate_atlas(path).columns.keys() == {
        f"training_{name}"
        for name in (*NAMES, *(f"{m}_{c}" for m in ("auc", "recall", "precision") for c in (0, 1)))
    }
    table.unlink()
    with pytest.raises(ValueError, match="There is no file"):
        evaluate_atlas(path)


@pytest.mark.slow
def test_test_data_that_changed_are_noticed(tmp_path):
    table = tmp_path / "t.csv"
    rows = [f"{i % 7},{i % 3},{i % 2}" for i in range(42)]
    table.write_text("\n".join(["a,b,y", *rows]))
    recipe = read_recipe({"landscape": "csv", "table": str(table), "target": "y", "items": 30, "hidden": 1})
    path = tmp_path / "a.atlas"
    explore_recipe(recipe, recipe.build(), path, ExploreSettings(evaluations=200)).close()
    evaluate_atlas(path)
    place = two_parts(42, 30, 0, np.arange(42) % 2)[1][0]  # of a test item, as the recipe draws it
    rows[place] = "9" + rows[place][1:]
    table.write_text("\n".join(["a,b,y", *rows]))
    assert len(recipe.build().test) == 12
    with pytest.raises(AtlasError, match="its test data have changed since it was explored"):
        evaluate_atlas(path)


def test_tables_leave_out_what_no_row_has():
    rows = [{"atlas": "a", "minima": 3}, {"atlas": "b", "minima": 4, "test_auc": 0.5}]
    assert to_markdown(rows).splitlines()[0] == "| atlas | minima | gmin test AUC |"
    assert to_markdown(rows).splitlines()[2] == "| a | 3 |  |"
    assert to_csv(rows) == "atlas,minima,test_auc\na,3,\nb,4,0.5\n"
