"""`lossatlas follow` as a user types it."""

import csv
import io
import json

import numpy as np
import pytest
from command import run

from lossatlas.atlas import Atlas, export_pathsample, import_pathsample
from lossatlas.landscapes import MuellerBrown, xor
from lossatlas.searches import census


@pytest.fixture(scope="module")
def atlas_file(tmp_path_factory):
    """XOR with one hidden node, its points from a census, its pathways made up."""
    path, landscape = tmp_path_factory.mktemp("follow") / "xor.atlas", xor(1)
    points = census(landscape, starts=600)
    minima, states = points.index == 0, points.index == 1
    with Atlas(path, landscape) as atlas:
        atlas.set_recipe({"landscape": "xor", "hidden": [1]})
        for kind, add in ((minima, atlas.points.add_minima), (states, atlas.points.add_transition_states)):
            ends = [] if kind is minima else [np.ones((states.sum(), 2), dtype=int)]
            checks = (points.rms_gradient[kind], points.lowest[kind], np.zeros(kind.sum()))
            add(points.x[kind], points.energy[kind], *checks, *ends)
    return path


@pytest.mark.slow
def test_json_and_picture(capsys, atlas_file):
    picture = atlas_file.with_name("folds.png")
    status, out, err = run(capsys, "follow", atlas_file, "--to", 0.1, "--json", "--plot", picture)
    assert status == 0, err
    data = json.loads(out)
    assert data["points"][0] == "minimum 1" and data["points"][-1] == "transition state 3"
    assert (data["start"], data["end"]) == (1e-3, 0.1)
    assert sorted(round(fold["parameter"], 10) for fold in data["folds"]) == [
        0.0107997171, 0.0188019698, 0.0228433108,
    ]  # fmt: skip
    for fold in data["folds"]:
        kinds = sorted(data["points"][row].split()[0] for row in fold["points"])
        assert kinds == ["minimum", "transition"] and abs(fold["critical"]) < 1e-8
    assert data["counts"]["points"][0] == [4, 3] and data["counts"]["images"][-1] == [1, 0]
    assert {"parameter", "energy", "index", "outcome"} <= data["branches"][0].keys()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_table_and_csv(capsys, atlas_file):
    status, out, _ = run(capsys, "follow", atlas_file, "--to", 0.1, "--points", "1,2")
    assert status == 0
    assert "branches from L2 0.001 to 0.1" in out and "folds" in out and "converged" in out
    status, out, _ = run(capsys, "follow", atlas_file, "--to", 1e-2, "--points", "ts", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and set(rows[0]) == {"branch", "parameter", "energy", "index", "norm"}
    assert {row["index"] for row in rows} == {"1"}
    with Atlas(atlas_file, readonly=True) as atlas:
        first = float(rows[0]["energy"])
        np.testing.assert_allclose(first, atlas.transition_states.energy[0], rtol=1e-12)


@pytest.mark.parametrize("arguments, sentence", [
    ("xor.atlas --to 0.001", "`to` must be a number other than 0.001"),
    ("xor.atlas --to 0.1 --points 9", "there is no minimum 9; ids are 1 to 4"),
    ("xor.atlas --to 0.1 --points some", "--points needs ids"),
    ("xor.atlas --to 0.1 --json --csv", "one of --json and --csv"),
    ("xor.atlas --to 0.1 --plot a.gif", ".gif"),
    ("copy.atlas --to 0.1", "does not say how its landscape is built"),
    ("surface.atlas --to 0.1", "has no L2 to follow"),
    ("none.atlas --to 0.1", "none.atlas"),
])  # fmt: skip
def test_mistakes(capsys, tmp_path, monkeypatch, atlas_file, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xor.atlas").write_bytes(atlas_file.read_bytes())
    with Atlas(atlas_file, readonly=True) as atlas:
        export_pathsample(atlas, tmp_path / "ps")
    import_pathsample(tmp_path / "ps", tmp_path / "copy.atlas")
    with Atlas(tmp_path / "surface.atlas", MuellerBrown()) as atlas:
        atlas.set_recipe({"landscape": "mueller-brown"})
    status, _, err = run(capsys, "follow", *arguments.split())
    assert status == 2 and sentence in err
    assert err.count("\n") == 1
