"""`lossatlas thermo` and `frustration` as a user types them, also on imports without coordinates."""

import csv
import io
import json

import numpy as np
import pytest
from command import run

from lossatlas.analysis import TransitionNetwork, frustration, heat_capacity_peaks, thermodynamics
from lossatlas.atlas import import_pathsample


ENERGIES, PRODUCTS = np.array([0.0, 0.01, 1.0]), np.array([2.0, 2.0, -6.0])


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """An import: three minima, two transition states, no coordinates."""
    folder = tmp_path_factory.mktemp("thermo")
    rows = [f"{e} {p} 1 1.0 1.0 1.0" for e, p in zip(ENERGIES, PRODUCTS)]
    (folder / "min.data").write_text("\n".join(rows) + "\n")
    states = ["1.5 0.0 1 1 2 1.0 1.0 1.0", "1.2 0.0 1 3 1 1.0 1.0 1.0"]
    (folder / "ts.data").write_text("\n".join(states) + "\n")
    import_pathsample(folder, folder / "a.atlas")
    return folder / "a.atlas"


def network(modes=None):
    return TransitionNetwork(ENERGIES, [1.5, 1.2], [[0, 1], [2, 0]], PRODUCTS, modes=modes)


def test_thermo_json(capsys, imported):
    status, out, err = run(capsys, "thermo", imported, "--kt", "0.1,0.2", "--modes", 6, "--json")
    assert (status, err) == (0, "")
    data, expected = json.loads(out), thermodynamics(network(6), [0.1, 0.2])
    for name, values in expected.to_columns().items():
        assert data[name] == pytest.approx(values.tolist(), rel=1e-14), name
    assert np.sum(data["occupation"], axis=1) == pytest.approx([1.0, 1.0], rel=1e-14)
    assert np.shape(data["occupation"]) == (2, 3)
    assert (data["modes"], data["convention"]) == (6, "vibrational")
    first, second = data["peaks"]
    assert (first["gaining"], first["losing"], first["lowest"]) == ([2], [1], 2)
    assert second["gaining"] == [3]
    assert second["kt"] == pytest.approx(heat_capacity_peaks(network())[1].kt, rel=1e-13)


def test_thermo_without_modes_says_so(capsys, imported):
    status, out, _ = run(capsys, "thermo", imported, "--convention", "configurational")
    assert status == 0
    assert "3 minima, configurational convention" in out
    assert "The number of modes is not known" in out and "--modes" in out
    assert out.count("peak at kT") == 2
    _, out, _ = run(capsys, "thermo", imported, "--modes", 6)
    assert "not known" not in out


def test_thermo_csv(capsys, imported):
    status, out, _ = run(capsys, "thermo", imported, "--kt", "0.01:1:5", "--csv")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [float(row["kt"]) for row in rows] == pytest.approx(np.geomspace(0.01, 1, 5).tolist())
    found = [float(row["heat_capacity"]) for row in rows]
    expected = thermodynamics(network(), np.geomspace(0.01, 1, 5)).heat_capacity
    assert found == pytest.approx(expected.tolist(), rel=1e-12)


@pytest.mark.slow
def test_pictures(capsys, imported, tmp_path):
    for options in (("--kt", "0.001:3:20"), ("--kt", "0.1")):
        names = [tmp_path / name for name in ("c.png", "g.png", "f.png")]
        status, _, err = run(
            capsys, "thermo", imported, *options, "--plot", names[0], "--plot-graph", names[1]
        )
        assert status == 0, err
        assert run(capsys, "frustration", imported, *options, "--plot", names[2])[0] == 0
        for name in names:
            assert name.read_bytes().startswith(b"\x89PNG")
            name.unlink()


def test_frustration(capsys, imported):
    status, out, _ = run(capsys, "frustration", imported, "--kt", "0.1,0.5", "--json")
    assert status == 0
    for name, values in frustration(network(), [0.1, 0.5]).to_columns().items():
        assert json.loads(out)[name] == pytest.approx(values.tolist(), rel=1e-14)
    status, out, _ = run(capsys, "frustration", imported)
    assert status == 0 and len(out.splitlines()) == 27
    status, out, _ = run(capsys, "frustration", imported, "--csv")
    assert out.splitlines()[0] == "kt,frustration,normalised,ground,unconnected"


@pytest.mark.parametrize("arguments, sentence", [
    ("thermo FILE --kt 0", "--kt needs positive numbers"),
    ("thermo FILE --kt warm", "--kt needs positive numbers"),
    ("thermo FILE --modes 0", "`modes` must be a whole number of at least 1"),
    ("thermo FILE --kt 0.1:0.01:5", "--kt needs temperatures LOW:HIGH:N with LOW below HIGH"),
    ("thermo FILE --kt 0.1:1:1", "and N of at least 2, got '0.1:1:1'"),
    ("thermo FILE --kt 0.1:1:100000000", "with N of at most 100,000, got 100,000,000"),
    ("thermo FILE --kt 0.1:1:5:6", "--kt needs positive numbers"),
    ("graph FILE -o a.png --levels 100000000", "at most 10000, got 100000000"),
    ("graph FILE -o a.png --kt 0.1 --regroup -1", "--regroup must be a finite number of at least 0"),
    ("thermo FILE --convention other", "other"),
    ("thermo FILE --json --csv", "Choose one of --json and --csv"),
    ("thermo FILE --plot a.gif", "A picture ends in"),
    ("frustration FILE --kt -1", "--kt needs positive numbers"),
    ("thermo none.atlas", "none.atlas"),
])  # fmt: skip
def test_mistakes(capsys, imported, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    words = [str(imported) if word == "FILE" else word for word in arguments.split()]
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert sentence in err and err.count("\n") == 1


def test_atlas_with_one_energy_or_no_transition_state(capsys, tmp_path):
    (tmp_path / "min.data").write_text("1.0 2.0 1 1.0 1.0 1.0\n" * 2)
    (tmp_path / "ts.data").write_text("")
    import_pathsample(tmp_path, tmp_path / "a.atlas")
    file = tmp_path / "a.atlas"
    for command, options, sentence in (
        ("thermo", (), "give two temperatures or more"),
        ("thermo", ("--kt", "1", "--plot-graph", tmp_path / "a.png"), "has no peak"),
        ("thermo", ("--kt", "1", "--plot", tmp_path / "a.png"), "give two temperatures or more"),
        ("frustration", ("--kt", "1"), "Frustration needs transition states"),
    ):
        status, _, err = run(capsys, command, file, *options)
        assert status == 2 and sentence in err and err.count("\n") == 1
    assert run(capsys, "thermo", file, "--kt", "1")[0] == 0


def test_a_temperature_that_fails_fails_alone(capsys, imported):
    command = ("thermo", imported, "--kt", "0.1,1e-310,0.2")
    expected = thermodynamics(network(), [0.1, 0.2])
    status, out, err = run(capsys, *command)
    assert (status, err) == (0, "")
    assert "kT 1e-310 failed: `kt` must be from 1e-300 to 1e+300, got 1e-310." in out
    assert f"{expected.heat_capacity[1]:.6g}" in out
    data = json.loads(run(capsys, *command, "--json")[1])
    first, failed, last = data["heat_capacity"]
    assert failed is None and [first, last] == pytest.approx(expected.heat_capacity.tolist(), rel=1e-14)
    assert data["kt"] == [0.1, 1e-310, 0.2] and data["error"][0] is None and "1e-310" in data["error"][1]
    assert np.sum(data["occupation"][2]) == pytest.approx(1.0) and data["occupation"][1] == [None] * 3
    rows = list(csv.DictReader(io.StringIO(run(capsys, *command, "--csv")[1])))
    assert rows[0]["error"] == "" and "must be from" in rows[1]["error"]
    status, out, err = run(capsys, "thermo", imported, "--kt", "1e-310")
    assert (status, out) == (2, "") and "got 1e-310" in err
