"""`lossatlas descend` as a user types it."""

import csv
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import typer
from command import run

from helpers import rows
from lossatlas.analysis import complexity_zeros, energy_spread


EXAMPLE = Path(__file__).parents[2] / "examples" / "9-spin-glass-descents"
SMALL = ("--starts", 4, "--draws", 3, "--chains", 2, "--hops", 2, "--workers", 1)


@pytest.mark.slow
def test_a_sweep_of_sizes(capsys, tmp_path):
    file, picture = tmp_path / "runs.csv", tmp_path / "runs.png"
    command = ("spin-glass", "--vary", "size=4,5", *SMALL, "--out", file)
    status, out, err = run(capsys, "descend", *command, "--plot", picture)
    assert status == 0 and err == f"picture  {picture}\n", err
    assert "energies reached" in out and "variance, lbfgs: size^(" in out
    assert "-E_inf = -1.6330, -E_0 = -1.6570" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    found = json.loads(run(capsys, "descend", *command, "--json")[1])
    assert found["rows"]["size"] == ["4"] * 3 + ["5"] * 3
    assert found["levels"]["4"]["-E_0"] == pytest.approx(-complexity_zeros(3, 0))
    lines = file.read_text().splitlines()[1:]
    kept = [row for row in csv.DictReader(lines) if (row["value"], row["method"]) == ("4", "gradient")]
    energy = np.array([float(row["energy"]) for row in kept]) / 4
    spread = energy_spread(energy, np.array([int(row["draw"]) for row in kept]))
    assert found["rows"]["variance"][0] == pytest.approx(spread.variance, rel=1e-12)
    table = list(csv.DictReader(io.StringIO(run(capsys, "descend", *command, "--csv")[1])))
    assert [float(row["best"]) for row in table] == found["rows"]["best"]


def test_networks(capsys, tmp_path):
    picture = tmp_path / "xor.png"
    options = ("--starts", 4, "--methods", "lbfgs,gradient", "--workers", 1, "--max-steps", 50)
    status, out, _ = run(capsys, "descend", "xor", "--vary", "hidden=1;2", *options, "--plot", picture)
    assert status == 0 and "theory" not in out
    assert picture.exists()
    status, out, _ = run(capsys, "descend", "xor", *options, "--plot", picture, "--json")
    assert status == 0 and json.loads(out)["rows"]["draws"] == [1, 1]


MISTAKES = {
    "method": ("spin-glass --methods adam", "--methods should be 'gradient', 'lbfgs' or 'hopping'"),
    "no method": ("spin-glass --methods ,", "--methods should be"),
    "key": ("spin-glass --vary hidden=3", "--vary: The landscape spin-glass does not take hidden."),
    "value": ("spin-glass --vary size=ten", "--vary: size should be a valid integer"),
    "values": ("spin-glass --vary size", "such as size=10,20,50; got 'size'"),
    "step": ("spin-glass --step 0", "--step should be greater than 0, got 0.0"),
    "hops": ("spin-glass --hops -1", "--hops should be greater than or equal to 0"),
    "size": ("spin-glass --vary size=2,10", "at least as many spins as p"),
    "draws": ("xor --draws 3", "Nothing in this xor is drawn at random"),
    "landscape": ("nothing", "There is no landscape 'nothing'"),
    "toml": ("a.toml", "A config is for explore and sweep only"),
    "picture": ("spin-glass --plot a.gif", "A picture ends in"),
    "file": ("spin-glass --out nowhere/runs.csv", "must be a file in a folder that is there"),
    "twice": ("spin-glass --methods lbfgs,lbfgs", "--methods should name each method once"),
    "alias": ("spin-glass --vary order=3,4", "--vary: The landscape spin-glass does not take order."),
    "huge": ("spin-glass --max-steps 100000000000000000000", "--max-steps should be less than"),
    "tolerance": ("spin-glass --tolerance inf", "--tolerance should be a finite number"),
    "both": ("spin-glass --json --csv", "Choose one of --json and --csv"),
    "large": ("spin-glass --p 9 --size 9", "too many to make symmetric"),
    "memory": ("spin-glass --p 20 --size 20", "more than 8 GiB"),
    "parts": ("spin-glass --partite --p 40 --size 2", "more than 8 GiB"),
}


@pytest.mark.parametrize(("command", "sentence"), rows(MISTAKES))
def test_a_mistake_is_one_sentence(capsys, tmp_path, monkeypatch, command, sentence):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "descend", *command.split())
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert sentence in err and err.startswith("lossatlas: ")


def test_theory_is_that_of_every_p(capsys, tmp_path):
    picture = tmp_path / "p.png"
    out = run(capsys, "descend", "spin-glass", "--vary", "p=3,4", "--size", 5, *SMALL, "--plot", picture)[1]
    assert "theory of large ones, p 3: -E_inf = -1.6330, -E_0 = -1.6570" in out
    assert "theory of large ones, p 4: -E_inf = -1.7321" in out


def test_what_diverges_is_said(capsys):
    out = run(
        capsys, "descend", "iris", "--methods", "gradient", "--step", 1e9, "--starts", 3, "--workers", 1
    )[1]
    assert "gradient: 3 of 3 descents diverged and are left out; try a smaller --step" in out


def test_a_refused_command_leaves_no_file(capsys, tmp_path):
    file = tmp_path / "runs.csv"
    assert run(capsys, "descend", "spin-glass", "--size", 1, "--out", file)[0] == 2 and not file.exists()


def test_other_coefficients_of_the_same_name_are_refused(capsys, tmp_path):
    tensor, file = tmp_path / "x.npy", tmp_path / "runs.csv"
    command = ("spin-glass", "--coefficients", tensor, "--methods", "lbfgs", "--starts", 2, "--out", file)
    for number in (1, 2):
        np.save(tensor, np.random.default_rng(number).normal(size=(4, 4, 4)))
        status, _, err = run(capsys, "descend", *command, "--workers", 1)
        assert status == (0 if number == 1 else 2), err
    assert "was made with coefficients_sha256 = " in err


def test_a_file_of_other_settings(capsys, tmp_path):
    file = tmp_path / "runs.csv"
    command = ("spin-glass", "--size", 4, "--methods", "lbfgs", *SMALL, "--out", file)
    assert run(capsys, "descend", *command)[0] == 0
    status, _, err = run(capsys, "descend", *command, "--seed", 1)
    assert status == 2 and "was made with seed = 0, not 1" in err
    file.write_text("something else\n")
    status, _, err = run(capsys, "descend", *command)
    assert status == 2 and "is not a file of descents" in err and file.read_text() == "something else\n"


README = (EXAMPLE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", [line for line in README.splitlines() if line.startswith("lossatlas ")])
def test_commands_of_the_example_parse(line):
    from lossatlas.cli._main import app

    name, *arguments = shlex.split(line.split(" > ")[0])[1:]
    typer.main.get_command(app).commands[name].make_context(name, arguments)


def test_tables_of_the_example_are_in_its_text():
    tables = sorted(EXAMPLE.glob("*.csv"))
    assert len(tables) >= 3
    for table in tables:
        assert f"({table.name})" in README
        with open(table, newline="") as file:
            found = list(csv.DictReader(file))
        assert found and all(int(row["converged"]) > 0.99 * int(row["descents"]) for row in found)
    pictures = sorted(EXAMPLE.glob("*.png"))
    assert pictures and all(f"({picture.name})" in README for picture in pictures)
