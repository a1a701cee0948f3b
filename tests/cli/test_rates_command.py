"""`lossatlas rates`, and `graph` with free energies, on an import without coordinates."""

import csv
import io
import json
import re

import numpy as np
import pytest
from command import run

from lossatlas.analysis import TransitionNetwork, fastest_paths, first_passage, rate_network
from lossatlas.atlas import import_pathsample


ENERGIES, PRODUCTS, ORDERS = np.array([0.0, 0.3, -0.2, 0.6]), np.array([2.0, 1.0, 3.0, 0.0]), [1, 2, 4, 1]
STATES = [(1.0, 1.5, 1, 1, 2), (1.3, 0.5, 2, 3, 2), (1.1, 0.0, 1, 2, 2)]  # minimum 4 is alone


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates")
    rows = [f"{e} {p} {o} 1 1 1\n" for e, p, o in zip(ENERGIES, PRODUCTS, ORDERS)]
    (folder / "min.data").write_text("".join(rows))
    (folder / "ts.data").write_text("".join(f"{e} {p} {o} {a} {b} 1 1 1\n" for e, p, o, a, b in STATES))
    import_pathsample(folder, folder / "a.atlas")
    return folder / "a.atlas"


def rates(kt):
    network = TransitionNetwork(
        ENERGIES,
        [state[0] for state in STATES],
        np.array([state[3:] for state in STATES]) - 1,
        PRODUCTS,
        [state[1] for state in STATES],
        -np.log(ORDERS),
        -np.log([state[2] for state in STATES]),
    )
    return rate_network(network, kt)


def test_json_of_one_temperature(capsys, atlas):
    status, out, err = run(capsys, "rates", atlas, "--from", 1, "--to", 3, "--kt", 0.2, "--json")
    assert (status, err) == (0, "")
    data, expected = json.loads(out), first_passage(rates(0.2), [0], [2])
    for name in ("rate", "mfpt", "mean_rate", "steady_state_rate", "non_steady_state_rate"):
        assert data[name] == pytest.approx(getattr(expected, name), rel=1e-13), name
    assert data["committor"][:3] == pytest.approx(expected.committor[:3].tolist(), rel=1e-13)
    assert data["committor"][3] is None and data["unconnected"] == []
    assert data["kt"] == 0.2 and data["shares"] == [1.0]
    path = fastest_paths(rates(0.2), [0], [2])[0]
    assert data["paths"] == [
        {"minima": [1, 2, 3], "log_probability": pytest.approx(path.log_probability, rel=1e-13)}
    ]


def test_several_temperatures(capsys, atlas):
    command = ("rates", atlas, "--from", "1-2", "--to", 3, "--kt", "0.1:1:4")
    expected = [first_passage(rates(kt), [0, 1], [2]).rate for kt in np.geomspace(0.1, 1, 4)]
    data = json.loads(run(capsys, *command, "--json")[1])
    assert data["rate"] == pytest.approx(expected, rel=1e-13)
    assert len(data["committor"]) == 4
    lines = list(csv.DictReader(io.StringIO(run(capsys, *command, "--csv")[1])))
    assert [float(line["rate"]) for line in lines] == pytest.approx(expected, rel=1e-13)


def test_table_with_monte_carlo_and_paths(capsys, atlas):
    command = ("rates", atlas, "--from", 1, "--to", 3, "--kt", 0.5, "--monte-carlo", 400)
    status, out, _ = run(capsys, *command)
    assert status == 0
    assert re.search(r"path 1 - 2 - 3, ln probability -\d", out)
    drawn = re.search(r"first-passage time of ([\d.e+]+) \+- ([\d.e+]+)", out)
    exact = first_passage(rates(0.5), [0], [2]).mfpt
    assert abs(float(drawn[1]) - exact) < 4 * float(drawn[2])


def test_shallow_minima_are_said(capsys, atlas):
    command = ("rates", atlas, "--from", 1, "--to", 3, "--kt")
    assert "not to be trusted" not in run(capsys, *command, 0.2)[1]
    out = run(capsys, *command, "0.2,2")[1]
    assert re.search(r"not to be trusted: at kT 2, 3 of 4 minima, which hold [\d.]+ %", out)


def test_minima_without_a_path_are_said(capsys, atlas):
    status, out, _ = run(capsys, "rates", atlas, "--from", "1,4", "--to", 3, "--kt", 0.5)
    assert status == 0
    assert "no known path leads from 1 of the first set to the second (first: minimum 4)" in out
    none = run(capsys, "rates", atlas, "--from", 4, "--to", 3, "--kt", 0.5)[1]
    assert "no known path leads from the first set to the second" in none and "others" not in none
    data = json.loads(run(capsys, "rates", atlas, "--from", 4, "--to", 3, "--kt", 1, "--json")[1])
    assert (data["rate"], data["mfpt"], data["unconnected"], data["paths"]) == (0.0, None, [4], [])


@pytest.mark.parametrize("kt", ["0.2", "0.05:0.5:6"])
def test_pictures(capsys, atlas, tmp_path, kt):
    picture = tmp_path / "rates.png"
    status, _, err = run(capsys, "rates", atlas, "--from", 1, "--to", "2,3", "--kt", kt, "--plot", picture)
    assert (status, err) == (0, f"picture  {picture}\n")
    assert picture.stat().st_size > 5000


@pytest.mark.parametrize("options, sentence", [
    ("--from 1 --to 1 --kt 1", "--from and --to must not overlap; both name minimum 1."),
    ("--from 1 --to 9 --kt 1", "--to: there is no minimum 9; ids are 1 to 4."),
    ("--from x --to 1 --kt 1", "--from needs ids of minima such as 1,2,7-9, got 'x'; the atlas has no"),
    ("--from 1 --to 2 --kt 0", "--kt needs positive numbers"),
    ("--from 1 --to 2 --kt 1 --paths -1", "--paths and --monte-carlo must not be negative."),
    ("--from 1 --to 2 --kt 1 --json --csv", "Choose one of --json and --csv."),
    ("--from 1-99999999999999 --to 2 --kt 1", "--from: there is no minimum 99999999999999"),
    ("--from 1 --to 2 --kt 1e-310", "`kt` must be from 1e-300 to 1e+300, got 1e-310."),
    ("--from 1 --to 2 --kt 1 --paths 1000000000", "`count` must be 1 to 10000"),
    ("--from 1 --to 2 --kt 1 --plot no.gif", "A picture ends in .png, .svg, .pdf"),
])  # fmt: skip
def test_mistakes(capsys, atlas, options, sentence):
    status, out, err = run(capsys, "rates", atlas, *options.split())
    assert (status, out) == (2, "")
    assert sentence in err and err.count("\n") == 1


def test_numbers_are_printed_where_a_picture_cannot_be_drawn(capsys, atlas, tmp_path):
    command = ("rates", atlas, "--from", 4, "--to", 2, "--kt", 1, "--json", "--plot", tmp_path / "no.png")
    status, out, err = run(capsys, *command)
    assert status == 2 and json.loads(out)["rate"] == 0.0
    assert err == "lossatlas: The rate is zero, so there is nothing to draw.\n"


def test_point_groups_beyond_floats(capsys, tmp_path):
    order = 10**400
    (tmp_path / "min.data").write_text(f"0 1 {order} 1 1 1\n0.5 1 {order} 1 1 1\n")
    (tmp_path / "ts.data").write_text(f"0.8 1 {order} 1 2 1 1 1\n")
    import_pathsample(tmp_path, tmp_path / "big.atlas")
    command = ("rates", tmp_path / "big.atlas", "--from", 1, "--to", 2, "--kt", 0.5, "--json")
    data = json.loads(run(capsys, *command)[1])
    # The orders cancel, but for their logarithms' rounding: ln(10^400) is 921.
    assert data["rate"] == pytest.approx(np.exp(-0.8 / 0.5) / (2 * np.pi), rel=1e-12)


def test_no_transition_state(capsys, tmp_path):
    (tmp_path / "min.data").write_text("0 1 1 1 1 1\n1 1 1 1 1 1\n")
    (tmp_path / "ts.data").write_text("")
    import_pathsample(tmp_path, tmp_path / "b.atlas")
    status, _, err = run(capsys, "rates", tmp_path / "b.atlas", "--from", 1, "--to", 2, "--kt", 1)
    assert status == 2 and "No transition state joins two different minima" in err


def test_graph_of_free_energies(capsys, atlas, tmp_path):
    page = tmp_path / "graph.html"
    read = lambda: json.loads(re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"))[1])
    assert run(capsys, "graph", atlas, "-o", page, "--kt", 0.2)[0] == 0
    assert read()["labels"] == ["1", "2", "3", "4"]
    assert run(capsys, "graph", atlas, "-o", page, "--kt", 0.2, "--regroup", 1.0, "--highlight", 2)[0] == 0
    data = read()
    # 1 and 2 are one group, drawn as 1; it stands for 2 where that is to be highlighted.
    assert sorted(data["labels"]) == ["1", "3", "4"]
    assert data["title"].endswith("3 groups of minima")
    picture = tmp_path / "graph.png"
    options = ("--kt", 0.2, "--regroup", 1.0, "--around", 2, "--below", 9, "--label", "2", "--connected")
    assert run(capsys, "graph", atlas, "-o", picture, *options)[0] == 0
    for options, sentence in (
        (("--regroup", 1), "--regroup needs a temperature, --kt."),
        (("--kt", -1), "--kt must be a positive number, got -1.0."),
    ):
        status, _, err = run(capsys, "graph", atlas, "-o", picture, *options)
        assert status == 2 and sentence in err
