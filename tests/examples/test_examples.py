"""Every study in examples/ runs, made small; its committed table is of the grid that its config says."""

import csv
import itertools
import shlex
from pathlib import Path

import pytest
import typer
from run_table import read_rows

from lossatlas.analysis import mean_critical_points, most_critical_pairs
from lossatlas.atlas import Atlas
from lossatlas.cli._main import app
from lossatlas.sweeps import read_config, run_sweep
from lossatlas.sweeps._sweep import cells


EXAMPLES = Path(__file__).parents[2] / "examples"
STUDIES = sorted(EXAMPLES.glob("*/*.toml"))


def test_there_are_studies():
    assert len(STUDIES) >= 7


@pytest.mark.slow
@pytest.mark.parametrize("path", STUDIES, ids=[path.stem for path in STUDIES])
def test_small_version_runs(path, tmp_path):
    config = read_config(path)
    landscape = config.settings["landscape"]
    small = {"xor": {}, "spin-glass": {}, "nonlinear-regression": {"highest_frequency": 3.0}}.get(
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
        assert (
            landscape in ("nonlinear-regression", "spin-glass") or "training_auc" in found.minima.quantities
        )
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


SPIN_GLASSES = EXAMPLES / "12-spin-glass-graphs"


def table(file):
    """Return the rows of a CSV file of numbers."""
    with open(file, newline="", encoding="utf-8") as opened:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(opened)]


@pytest.mark.slow
def test_spin_glasses_against_theory_runs(script, tmp_path):
    study = script("12-spin-glass-graphs/against_theory.py")
    study.census(2, tmp_path, sizes={3: [3]}, drawn=[3, 4])
    study.explore(2, tmp_path, sizes=[3])
    landscape = study.la.landscapes.spin_glass(3)
    study.la.explore(landscape, tmp_path / "size_3.atlas", budget=study.la.Budget(searches=300)).close()
    study.graphs(tmp_path, tmp_path, sizes=[3])
    for name in ("census.csv", "explored.csv", "barriers.csv"):
        assert table(tmp_path / name)[0].keys() == table(SPIN_GLASSES / name)[0].keys()
    assert (tmp_path / "energies.png").exists() and (tmp_path / "graphs.png").exists()


def test_committed_counts_of_spin_glasses():
    """No exact mean is off by more than 4 standard errors, and no glass is above the bound."""
    for row in table(SPIN_GLASSES / "census.csv"):
        p, size = int(row["p"]), int(row["N"])
        assert row["points_exact"] == pytest.approx(
            mean_critical_points(p, size).sum(), rel=1e-5
        )  # 6 digits
        assert abs(row["points"] - row["points_exact"]) < 4 * row["points_error"]
        assert row["most"] <= row["bound"] == 2 * most_critical_pairs(p, size)
        assert row["morse_sum_met"] == row["glasses"] >= 20
    for row in table(SPIN_GLASSES / "explored.csv"):
        for name, exact in zip(("minima", "transition_states"), mean_critical_points(3, int(row["N"]))):
            assert row[f"{name}_exact"] == pytest.approx(exact, rel=1e-5)
            assert abs(row[name] - exact) < 4 * row[f"{name}_error"]


STUDENTS = EXAMPLES / "10-student-teacher"


@pytest.mark.slow
def test_students_and_teachers_run(run_script, tmp_path):
    file, given = tmp_path / "iris.csv", ("--teacher", 2, "--gradients", 16, "--starts", 2)
    for sizes in ("1", "1,3"):  # the second run goes on where the first one stopped
        run_script("10-student-teacher/run.py", "iris", sizes, *given, "--out", file)
    run_script("10-student-teacher/draw.py", file)
    rows, committed = read_rows(file), read_rows(STUDENTS / "digits.csv")
    settings = [name for name in committed[0] if not name.startswith("loss_")]
    assert [name for name in rows[0] if not name.startswith("loss_")] == settings
    methods = ("gradient", "lbfgs", "hopping")
    ran = [(int(row["hidden"]), row["method"], int(row["start"])) for row in rows]
    assert ran == list(itertools.product((1, 3), methods, (0, 1)))
    for row in rows:
        assert row["loss_1"] == rows[3 * 2 * (row["hidden"] == "3") + int(row["start"])]["loss_1"]
        used = {"gradient": ("step",), "lbfgs": (), "hopping": ("hop", "chains")}[row["method"]]
        assert [name for name in ("step", "hop", "chains") if row[name]] == list(used)
        assert float(row["loss_16"]) > float(row["bound"])
    assert (tmp_path / "iris-training.png").exists() and (tmp_path / "iris-final.png").exists()


@pytest.mark.parametrize("name", ["digits.csv", "mnist.csv"])
def test_committed_students_are_above_their_bound(name):
    rows = read_rows(STUDENTS / name)
    assert {"5", "10", "20"} <= {row["hidden"] for row in rows}
    for row in rows:
        assert f"{row['data']}.csv" == name and f"loss_{row['budget']}" == list(row)[-1]
        losses = [float(value) for key, value in row.items() if key.startswith("loss_")]
        assert min(losses) >= float(row["bound"]) and min(losses) > 0
    text = (STUDENTS / "README.md").read_text(encoding="utf-8")
    assert all(f"({picture.name})" in text for picture in STUDENTS.glob("*.png"))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=line)
        for page in EXAMPLES.glob("*/README.md")
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.startswith("lossatlas ")
    ],
)
def test_commands_of_the_studies_parse(line):
    name, *arguments = shlex.split(line)[1:]
    typer.main.get_command(app).commands[name].make_context(name, arguments)


@pytest.mark.parametrize("folder", ["9-spin-glass-descents", "10-student-teacher", "11-depth"])
def test_scripts_take_the_options_of_their_pages(folder, script, monkeypatch):
    """Every line `python ...` of the page is understood by its script, which then finds nothing to do."""
    lines = (EXAMPLES / folder / "README.md").read_text(encoding="utf-8").splitlines()
    lines = [shlex.split(line)[1:] for line in lines if line.startswith("python ")]
    assert {name for name, *_ in lines} == {"run.py", "draw.py"}
    for name, *arguments in lines:
        module = script(f"{folder}/{name}")
        for what in ("run", "RunTable", "read_rows", "read", "Cell"):
            if hasattr(module, what):
                monkeypatch.setattr(module, what, understood)
        monkeypatch.setattr("sys.argv", [name, *arguments])
        with pytest.raises(Understood):
            module.main()


class Understood(Exception):
    """A script has read its command line."""


def understood(*given, **named):
    raise Understood
