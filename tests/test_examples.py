"""Every study in examples/ runs, made small; its committed table is of the grid that its config says."""

import csv
from pathlib import Path

import pytest

from lossatlas.atlas import Atlas
from lossatlas.studies import read_config, run_sweep
from lossatlas.studies._sweep import cells


STUDIES = sorted((Path(__file__).parents[1] / "examples").glob("*/*.toml"))


def test_there_are_studies():
    assert len(STUDIES) >= 7


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_small_version_runs(path, tmp_path):
    config = read_config(path)
    landscape = config.settings["landscape"]
    small = {"xor": {}, "nonlinear-regression": {"highest_frequency": 3.0}}.get(
        landscape, {"items": 60, "test_items": 100}
    )
    if landscape == "mnist":
        small["hidden"] = 2  # still 1,600 variables
    config = config._replace(
        settings={**config.settings, **small},
        explore=config.explore.model_copy(update={"time_limit": None, "evaluations": 2000}),
        sweep={key: values[-1:] for key, values in config.sweep.items() if key not in small},
    )
    (atlas,) = run_sweep(config, tmp_path / "out")
    with Atlas(atlas, readonly=True) as found:
        assert len(found.minima) > 0
        assert landscape == "nonlinear-regression" or "training_auc" in found.minima.metrics
    assert (tmp_path / "out" / "summary.md").exists()


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_committed_table_is_of_this_config(path):
    with open(path.parent / "summary.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["atlas"] for row in rows] == [cell.name for cell in cells(read_config(path))]
    assert all(int(row["minima"]) > 0 for row in rows)
    pictures = [name for name in path.parent.iterdir() if name.suffix == ".png"]
    text = (path.parent / "README.md").read_text(encoding="utf-8")
    assert pictures and all(f"({picture.name})" in text for picture in pictures)
