"""`lossatlas depth` as a user types it, and its mistakes as one sentence each."""

import csv
import io
import json

import numpy as np
import pytest
from command import run


TINY = ("--layers", "2,3", "--nodes", 2, "--items", 20, "--project", 2, "--l2", 1e-2, "--workers", 1)


def test_depth(capsys, tmp_path):
    out, picture, widths = tmp_path / "points", tmp_path / "d.png", tmp_path / "e.svg"
    command = ("depth", "yacht", *TINY, "--activations", "tanh", "--starts", 3, "--out", out)
    status, text, err = run(capsys, *command, "--plot", picture, "--plot-entropy", widths)
    assert status == 0
    assert "3 of 3" in text and "aligned" in text and "rank correlation" in text
    assert "tanh aligned, 3 less 2 layers: " in text
    assert "1 of 2: yacht-tanh-2.npz, 0 of 3 starts done" in err
    assert picture.read_bytes().startswith(b"\x89PNG") and widths.read_bytes().startswith(b"<?xml")
    # Again, from the files that are there.
    status, text, err = run(capsys, *command, "--json")
    assert status == 0 and "1 of 2: yacht-tanh-2.npz, 3 of 3 starts done" in err
    data = json.loads(text)
    shallow, deep = data["networks"]
    assert (shallow["layers"], deep["layers"]) == (2, 3)
    assert (shallow["variables"], deep["variables"]) == (15, 21)
    compared = data["compared"]["tanh aligned"]
    assert compared["mean"] == pytest.approx(deep["aligned"] - shallow["aligned"])
    with np.load(out / "yacht-tanh-2.npz") as file:
        assert shallow["loss"] == pytest.approx(file["energy"].mean())
    status, text, _ = run(capsys, *command, "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert status == 0 and [float(row["aligned"]) for row in rows] == [shallow["aligned"], deep["aligned"]]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("moon",), "The landscape 'moon' is not known"),
        (("xor",), "xor is no shipped data set"),
        (("spin-glass",), "spin-glass is no shipped data set"),
        (("yacht", "yacht"), "`sets` must name one or more, each once"),
        (("yacht", "--layers", "2,x"), "--layers takes whole numbers such as 2,6, got '2,x'"),
        (("yacht", "--l2", "0"), "`l2` must be above zero"),
        (("yacht", "--activations", "sine"), "`activation` must be one of"),
        (("yacht", "--items", "1000"), "`training` = 1000 of 308 items leaves no test items"),
        (("yacht", "--project", "-3"), "--project should be greater than 0, got -3"),
        (("yacht", "--starts", "1"), "`starts` must be a whole number of at least 2, got 1"),
        (("yacht", "--max-steps", "10" * 12), "`max_steps` must be a whole number of at most 2147483647"),
        (("yacht", "--project", "1000000"), "must be at most 10000, got 1000000"),
        (("yacht", "--json", "--csv"), "Choose one of --json and --csv"),
        (("yacht", "--plot", "a.doc"), "A picture ends in .png, .svg, .pdf, got '.doc'"),
        (("yacht", "--memory", "much"), "--memory takes a positive size"),
    ],
)
def test_mistakes(capsys, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "depth", *arguments)
    assert (status, out) == (2, "") and err.startswith("lossatlas: ") and err.count("\n") == 1
    assert sentence in err
    assert not list(tmp_path.iterdir())


def test_a_file_where_the_folder_should_be(capsys, tmp_path):
    (tmp_path / "points").write_text("")
    status, _, err = run(capsys, "depth", "yacht", "--out", tmp_path / "points")
    assert status == 2 and "--out names a folder, but" in err
