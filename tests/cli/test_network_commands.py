"""`lossatlas network` and `funnels` as a user types them, on an import without coordinates."""

import csv
import io
import json
import sys

import pytest
from command import run

from lossatlas.atlas import import_pathsample


ENERGIES = [0.9, 0.0, 0.5, 0.75, 0.3]
STATES = [(1.0, 1, 2), (1.0, 3, 1), (2.0, 1, 4), (3.0, 4, 1), (2.5, 1, 1)]


def imported(folder, states):
    minima = "".join(f"{energy} 1.0 1 1.0 1.0 1.0\n" for energy in ENERGIES)
    (folder / "min.data").write_text(minima)
    (folder / "ts.data").write_text("".join(f"{e} 0.5 1 {a} {b} 1.0 1.0 1.0\n" for e, a, b in states))
    import_pathsample(folder, folder / "a.atlas")
    return folder / "a.atlas"


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """Minima 2, 3, 4 are the bottoms below 1; 5 is alone; loops and repeats do not count."""
    return imported(tmp_path_factory.mktemp("star"), STATES)


@pytest.fixture(scope="module")
def unconnected(tmp_path_factory):
    return imported(tmp_path_factory.mktemp("points"), [])


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_network_json(capsys, atlas):
    status, out, err = run(capsys, "network", atlas, "--communities", "--json")
    assert (status, err) == (0, "")
    data = json.loads(out)
    assert (data["minima"], data["transition_states"], data["edges"], data["components"]) == (5, 5, 3, 2)
    assert data["mean_degree"] == pytest.approx(1.2)
    assert (data["average_clustering"], data["transitivity"], data["assortativity"]) == (0.0, 0.0, -1.0)
    assert data["paths"] == {
        "mean": pytest.approx(1.5), "mean_error": 0.0, "diameter": 2,
        "sources": 4, "nodes": 4, "exact": True,
    }  # fmt: skip
    assert data["hubs"][:2] == [
        {"id": 1, "degree": 3, "energy": 0.9},
        {"id": 2, "degree": 1, "energy": 0.0},
    ]
    assert data["random_graphs"].keys() == {"same_size", "same_degrees"}
    assert data["power_law"]["verdict"].startswith("Too few to judge")
    assert sum(data["communities"]["sizes"]) == 5


def test_network_csv(capsys, atlas):
    _, out, _ = run(capsys, "network", atlas, "--csv")
    found = rows(out)
    assert [row["id"] for row in found] == ["1", "2", "3", "4", "5"]
    assert [row["degree"] for row in found] == ["3", "1", "1", "1", "0"]
    assert [row["component"] for row in found] == ["0", "0", "0", "0", "1"]
    assert [row["basin"] for row in found] == ["2", "2", "3", "4", "5"]
    _, out, _ = run(capsys, "network", atlas, "--csv", "--communities")
    assert "community" in rows(out)[0]


def test_network_table_and_picture(capsys, atlas, tmp_path):
    status, out, err = run(capsys, "network", atlas, "--communities", "--plot", tmp_path / "a.png")
    assert status == 0
    assert "5 minima, 5 transition states: 3 edges, mean degree 1.2" in out
    assert "components          2, the largest with 4 minima" in out
    assert "diameter            2" in out
    assert "a.png" in err
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_funnels_json(capsys, atlas):
    status, out, _ = run(capsys, "funnels", atlas, "--json")
    assert status == 0
    data = json.loads(out)
    assert data["funnels"] == {
        "bottom": [2, 5, 4, 3],
        "energy": [0.0, 0.3, 0.75, 0.5],
        "merge_energy": [None, None, 2.0, 1.0],
        "depth": [None, None, 1.25, 0.5],
        "size": [2, 1, 1, 1],
        "superbasin": [4, 1, 1, 1],
    }
    assert data["drainage"] == {
        "next": [2, 2, 3, 4, 5],
        "bottom": [2, 2, 3, 4, 5],
        "steps": [1, 0, 0, 0, 0],
    }


def test_funnels_csv_table_and_picture(capsys, atlas, tmp_path):
    picture = tmp_path / "a.svg"
    _, out, _ = run(
        capsys, "funnels", atlas, "--min-depth", 1, "--via", "lowest_ts", "--csv", "--plot", picture
    )
    assert [row["bottom"] for row in rows(out)] == ["2", "5", "4"]
    assert rows(out)[0]["depth"] == ""  # no end
    assert picture.exists()
    _, out, _ = run(capsys, "funnels", atlas)
    assert "4 funnels" in out
    assert "superbasin" in out


def test_without_transition_states(capsys, unconnected):
    status, out, _ = run(capsys, "network", unconnected)
    assert status == 0
    assert "components          5" in out
    assert "not tried" in out
    status, out, _ = run(capsys, "funnels", unconnected, "--csv")
    assert status == 0
    assert len(rows(out)) == 5


@pytest.mark.parametrize("arguments, sentence", [
    ("network none.atlas", "none.atlas"),
    ("network atlas --json --csv", "one of --json and --csv"),
    ("network unconnected --plot a.png", "no edge"),
    ("network atlas --communities", "scikit-network"),
    ("funnels atlas --min-depth -1", "`min_depth`"),
    ("funnels atlas --via top", "--via"),
    ("funnels atlas --plot a.gif", ".gif"),
])  # fmt: skip
def test_mistakes(capsys, tmp_path, monkeypatch, atlas, unconnected, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "sknetwork.clustering", None)
    files = {"atlas": atlas, "unconnected": unconnected}
    status, _, err = run(capsys, *(files.get(word, word) for word in arguments.split()))
    assert status == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
