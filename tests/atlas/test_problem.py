"""The landscape, the data and the models of an atlas, had back from the file alone."""

import shutil

import numpy as np
import pytest

from lossatlas.atlas import Atlas, AtlasError
from lossatlas.datasets import load_table
from lossatlas.exploration import Budget, explore
from lossatlas.landscapes import DoubleWells, xor
from lossatlas.recipes import read_recipe
from lossatlas.sweeps import ExploreSettings, fit_recipe


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A table, and an atlas of a small network on it."""
    folder = tmp_path_factory.mktemp("problem")
    rng = np.random.default_rng(0)
    a, b = rng.normal(5.0, 2.0, 60), rng.choice(["x", "y"], 60)
    kind = np.where(a + (b == "x") > 5.0, "yes", "no")
    table = folder / "t.csv"
    table.write_text("a,b,kind\n" + "".join(f"{i!r},{j},{k}\n" for i, j, k in zip(a.tolist(), b, kind)))
    settings = {
        "landscape": "csv",
        "table": str(table),
        "target": "kind",
        "hidden": 1,
        "l2": 1e-2,
        "items": 40,
    }
    recipe = read_recipe(settings)
    atlas = fit_recipe(
        recipe, recipe.build(), folder / "t.atlas", ExploreSettings(time_limit=None), starts=20
    )
    atlas.close()
    return table, folder / "t.atlas"


def test_landscape_and_data_come_back(fitted):
    table, file = fitted
    with Atlas(file) as atlas:
        minima, problem = atlas.minima, atlas.problem
        energies = [float(atlas.landscape.energy(x)) for x in minima.x]
        np.testing.assert_allclose(energies, minima.energy, rtol=1e-14)
        assert (len(problem.training), len(problem.test)) == (40, 20)
        assert atlas.settings == atlas.landscape.fingerprint() | {
            "sizes": [2, 1, 2],
            "input_symmetries": [],
        }
        assert atlas.settings["l2"] == 1e-2


def test_the_best_model_predicts_for_rows_of_the_table(fitted):
    table, file = fitted
    with Atlas(file) as atlas:
        model, data = atlas.model(), load_table(table, "kind")
        assert model.minimum == int(atlas.minima.id[np.argmin(atlas.minima.energy)])
        assert model.classes == ("no", "yes") and len(model.predict(table)) == len(data)
        assert 0.9 < model.score(table) <= 1.0
        assert atlas.model(1).minimum == 1
        with pytest.raises(ValueError, match="There is no minimum 99"):
            atlas.model(99)
        with pytest.raises(ValueError, match="`minimum` must be best or the id of a minimum, got 'first'"):
            atlas.model("first")


def test_without_the_table_the_model_still_predicts_but_the_landscape_is_refused(fitted):
    table, file = fitted
    moved = table.with_name("moved.csv")
    with Atlas(file) as atlas:
        known = atlas.model().predict_proba(table)
    table.rename(moved)
    try:
        with Atlas(file) as atlas:
            np.testing.assert_allclose(atlas.model().predict_proba(moved), known, rtol=1e-13)
            with pytest.raises(AtlasError, match="t.atlas: There is no file .*t.csv"):
                _ = atlas.landscape
        moved.rename(table)
        text = table.read_text()
        table.write_text(text.replace("yes", "no", 1))
        with (
            Atlas(file) as atlas,
            pytest.raises(AtlasError, match="an atlas of another landscape: data is"),
        ):
            _ = atlas.landscape
        table.write_text(text)
    finally:
        if moved.exists():
            moved.rename(table)


def test_a_table_is_found_beside_an_atlas_that_moved_with_it_if_it_is_the_same(fitted, tmp_path):
    table, file = fitted
    away = table.with_name("away.csv")
    new = shutil.copy(file, tmp_path / "t.atlas")
    text = table.read_text()
    (tmp_path / "t.csv").write_text(text)
    table.rename(away)
    try:
        with Atlas(new) as atlas:
            energies = [float(atlas.landscape.energy(x)) for x in atlas.minima.x]
            np.testing.assert_allclose(energies, atlas.minima.energy, rtol=1e-14)
        with Atlas(file) as atlas:
            assert len(atlas.problem_from(tmp_path).training) == 40  # a folder
            assert len(atlas.problem_from(tmp_path / "t.csv").test) == 20
            for wrong in (away, tmp_path / "none.csv", tmp_path / "nowhere"):
                with pytest.raises(AtlasError, match="`data` must be the folder or the path of t.csv, got"):
                    atlas.problem_from(wrong)
        (tmp_path / "t.csv").write_text(text.replace("yes", "no", 1))
        with Atlas(new) as atlas, pytest.raises(AtlasError, match="atlas of another landscape: data is"):
            _ = atlas.landscape
    finally:
        away.rename(table)


def test_the_landscape_that_was_given_is_the_landscape(tmp_path):
    wells = DoubleWells(2, 4.0, 0.1)
    explore(wells, tmp_path / "w.atlas", budget=Budget(searches=20), network=False).close()
    with Atlas(tmp_path / "w.atlas", wells) as atlas:
        assert atlas.landscape is wells
        with pytest.raises(ValueError, match="w.atlas: `landscape` must be a model"):
            atlas.model()
    with Atlas(tmp_path / "w.atlas") as atlas:
        with pytest.raises(AtlasError, match="does not say how its landscape is built: open it with"):
            _ = atlas.landscape
        with pytest.raises(AtlasError, match="does not say how its landscape is built"):
            atlas.model()


@pytest.mark.slow
def test_a_fit_is_the_first_part_of_an_exploration(tmp_path):
    file = tmp_path / "x.atlas"
    with explore(xor(1), file, budget=Budget(searches=40), network=False) as atlas:
        assert len(atlas.minima) and not len(atlas.transition_states)
        before = len(atlas.minima), atlas.queue.finished()
    with explore(xor(1), file, budget=Budget(transition_states=1)) as atlas:
        assert len(atlas.transition_states) >= 1
        assert len(atlas.minima) >= before[0] and atlas.queue.finished() > before[1]
