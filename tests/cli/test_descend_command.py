"""`lossatlas descend` as a user types it."""

import csv
import io
import json

import jax
import numpy as np
import pytest
from command import run

from helpers import rows
from lossatlas.landscapes import xor
from lossatlas.searches import LBFGS, QuasiNewton, descend
from lossatlas.searches.global_search import random_starts


XOR = ("xor", "--method", "lbfgs", "--starts", 4, "--seed", 3, "--workers", 1)


@pytest.fixture(scope="module")
def found():
    landscape = xor(2, l2=1e-3)
    starts = random_starts(landscape, jax.random.key(3), np.arange(4), workers=1)
    return descend(landscape, starts, method=QuasiNewton(LBFGS()), workers=1)


def test_the_table_lists_every_end(capsys, tmp_path, found):
    picture = tmp_path / "xor.png"
    status, out, err = run(capsys, "descend", *XOR, "-o", picture)
    assert status == 0 and err == f"picture  {picture}\n"
    assert picture.read_bytes().startswith(b"\x89PNG")
    title, names, *lines = out.splitlines()
    assert names.split() == ["start", "energy", "rms", "gradient", "gradients", "outcome"]
    shown = [line.split() for line in lines[:4]]
    order = np.argsort(found.energy, kind="stable")
    assert [int(line[0]) for line in shown] == order.tolist()
    np.testing.assert_allclose([float(line[1]) for line in shown], found.energy[order], rtol=1e-9)
    assert {line[4] for line in shown} == {"converged"} and lines[4] == "converged 4"
    lowest, highest = lines[5].removeprefix("energies ").split(",")[0].split(" to ")
    assert float(lowest) == pytest.approx(found.energy.min(), rel=1e-9)
    assert float(highest) == pytest.approx(found.energy.max(), rel=1e-9)


def test_json_and_csv_are_the_ends_in_full(capsys, found):
    record = json.loads(run(capsys, "descend", *XOR, "--json")[1])
    assert record["outcomes"] == {"converged": 4}
    table = list(csv.DictReader(io.StringIO(run(capsys, "descend", *XOR, "--csv")[1])))
    for name in ("energy", "rms_gradient", "gradients"):
        np.testing.assert_allclose(record["ends"][name], getattr(found, name), rtol=1e-12)
        assert [float(row[name]) for row in table] == record["ends"][name]
    assert [row["start"] for row in table] == list("0123")


def test_descents_that_diverge_are_listed_and_not_drawn(capsys, tmp_path):
    command = ("descend", "xor", "--method", "GradientDescent(1e9)", "--starts", 2, "--workers", 1)
    status, out, err = run(capsys, *command)
    assert status == 0 and "converged" not in out and "energies" not in out
    status, _, err = run(capsys, *command, "-o", tmp_path / "x.png")
    assert status == 2 and err == "lossatlas: Every descent diverged, so there is nothing to draw.\n"


MISTAKES = {
    "method": ("xor --method adam", "--method: There is no search 'adam'; choose one of ElasticBand"),
    "no minimiser": ("xor --method ElasticBand", "`method` must be a minimiser"),
    "no rate": ("xor --method GradientDescent(0)", "--method: `rate` must be a positive number, got 0"),
    "starts": ("xor --starts 0", "--starts should be greater than or equal to 1, got '0'"),
    "huge": ("xor --max-gradients 100000000000000000000", "--max-gradients should be"),
    "tolerance": ("xor --tolerance inf", "`tolerance` must be a positive number, got inf"),
    "option": ("spin-glass --hidden 3", "The landscape spin-glass does not take --hidden"),
    "landscape": ("nothing", "There is no landscape 'nothing'"),
    "toml": ("a.toml", "A config is for explore and sweep only"),
    "picture": ("xor -o a.gif", "A picture ends in"),
    "both": ("xor --json --csv", "Choose one of --json and --csv"),
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
