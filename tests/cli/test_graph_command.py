"""`lossatlas graph` with parts of the tree, sets, other axes and pages, on an import."""

import json
import re

import pytest
from command import run

from lossatlas.atlas import import_pathsample


ENERGIES = [0.9, 0.0, 0.5, 0.75, 0.3]
STATES = [(1.0, 1, 2), (1.2, 3, 1), (2.0, 1, 4)]  # minimum 5 is alone


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("graph")
    rows = [f"{energy} {i} 1 1.0 1.0 1.0\n" for i, energy in enumerate(ENERGIES)]
    (folder / "min.data").write_text("".join(rows))
    (folder / "ts.data").write_text("".join(f"{e} 0.5 1 {a} {b} 1.0 1.0 1.0\n" for e, a, b in STATES))
    import_pathsample(folder, folder / "a.atlas")
    return folder / "a.atlas"


@pytest.mark.parametrize(
    "options, ids",
    [
        ("", [1, 2, 3, 4, 5]),
        ("--connected", [1, 2, 3, 4]),
        ("--lowest 2", [2, 5]),
        ("--connected --lowest 2", [2, 3]),
        ("--around 1 --below 1.5", [1, 2, 3]),
        ("--around 5 --below 9", [5]),
        ("--log --levels 3 --order size", [1, 2, 3, 4, 5]),
    ],
)
def test_pages_hold_the_minima_that_were_chosen(capsys, atlas, tmp_path, options, ids):
    page = tmp_path / "graph.html"
    status, out, _ = run(capsys, "graph", atlas, "-o", page, *options.split())
    assert (status, out) == (0, f"page  {page}\n")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"))[1])
    assert data["labels"] == [str(i) for i in ids]
    assert data["scale"] == ("log" if "--log" in options else "linear")
    assert {"log product", "degree"} <= {column["name"] for column in data["columns"]}
    part = f"{len(ids)} of 5 minima" if len(ids) < 5 else "5 minima, 3 transition states"
    assert data["title"].endswith(f": {part}")


def test_page_of_sets(capsys, atlas, tmp_path):
    page = tmp_path / "graph.html"
    run(capsys, "graph", atlas, "-o", page, "--highlight", "low=2,5", "--highlight", "high=1")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"))[1])
    shown = data["columns"][data["colour"]]
    assert (shown["name"], shown["groups"]) == ("highlighted", ["high", "low"])


def test_pictures(capsys, atlas, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("lossatlas.plots.save_picture", lambda figure, path: drawn.append(figure.axes[0]))
    command = ("graph", atlas, "-o", tmp_path / "graph.png", "--connected")
    sets = ("--highlight", "a=1,5", "--highlight", "b=3-4")
    assert run(capsys, *command, "--x", "log_product", "--label", "4", *sets)[0] == 0
    assert run(capsys, *command, "--log", "--labels", "--colour", "degree")[0] == 0
    first, second = drawn
    written = [(text.get_text(), text.xy) for text in first.texts]
    assert written == [("2", (1.0, 0.0)), ("4", (3.0, 0.75))]  # the lowest minimum, and the one asked for
    assert first.get_xlabel() == "log product"
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["a", "b"]
    assert sorted(text.get_text() for text in second.texts) == ["1", "2", "3", "4"]
    assert second.get_ylabel() == "energy above the lowest minimum"
    assert second.get_legend().get_title().get_text() == "degree"


@pytest.mark.parametrize(
    "options, sentence",
    [
        ("-o a.png --around 1", "--around ID and --below ENERGY need each other"),
        ("-o a.png --below 1", "--around ID and --below ENERGY need each other"),
        ("-o a.png --around 6 --below 1", "there is no minimum 6; ids are 1 to 5"),
        ("-o a.png --around 1 --below 0.5", "--below 0.5 lies below minimum 1, at 0.9"),
        ("-o a.png --around 5 --below 1 --connected", "Minimum 5 is not connected to the global minimum"),
        ("-o a.png --lowest 0", "--lowest must be at least 1, got 0"),
        ("-o a.png --label 9", "--label: there is no minimum 9"),
        ("-o a.png --highlight a=1 --highlight 2", "several sets need a name of their own"),
        ("-o a.png --x hue", "no column 'hue'"),
        ("-o a.png --x lowest_eigenvalue", "The column lowest_eigenvalue is not known of minimum 1"),
        ("-o a.html --x degree", "--x and --label are for pictures"),
        ("-o a.html --colour hue", "no column 'hue'"),
        ("-o no/a.html", "folder no of the page a.html does not exist"),
    ],
)
def test_mistakes(capsys, atlas, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys, "graph", atlas, *options.split())
    assert status == 2 and sentence in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())
