"""Every subcommand as a user types it, and every mistake as one sentence."""

import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command import run

from lossatlas.atlas import Atlas


# As `python -m lossatlas`, but complete after some hundred searches: all is found by then.
IMPATIENT = """
from lossatlas.cli import main
from lossatlas.exploration import _plan
_plan.LEAST_PATIENCE = 300
main()
"""


@pytest.fixture(scope="module")
def atlas_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "xor.atlas"
    command = [sys.executable, "-c", IMPATIENT, "explore", "xor", "--hidden", "1", "--out", str(path)]
    done = subprocess.run([*command, "--quiet"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "4 minima" in done.stdout
    assert "3 transition states" in done.stdout
    assert "\ncomplete: the last " in done.stdout
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    return path


HELP = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv = ["lossatlas", *sys.argv[1:], "--help"]
from lossatlas.cli import main
main()
"""


def test_help_answers_at_once():
    """It imports nothing that takes its time: 0.22 s, of which Python and typer need the most."""
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True)
    assert all(word in done.stdout for word in ("explore", "show", "census", "graph", "export", "import"))
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert not loaded & {"jax", "numpy", "scipy", "matplotlib", "equinox", "pydantic", "sqlite3"}


def test_help_on_a_landscape_does_not_wait_for_jax():
    done = subprocess.run([sys.executable, "-c", HELP, "explore", "iris"], capture_output=True, text=True)
    assert "Settings of iris" in done.stdout and "--hidden" in done.stdout
    loaded = set(done.stderr.split())
    assert "pydantic" in loaded and not loaded & {"jax", "scipy", "matplotlib", "equinox", "sqlite3"}


def test_show(capsys, atlas_file):
    status, out, _ = run(capsys, "show", atlas_file)
    assert status == 0
    assert "0.515569408241" in out
    assert "failed" in out and "  wrong_index: The search converged to a stationary point of another" in out
    rounds = r"last \d+ rounds \(\d+ searches\): 4 new minima, 3 new transition states \(4\+0, .*, 0\+0\)"
    assert re.search(rounds, out)


def test_show_lists_minima(capsys, atlas_file):
    status, out, _ = run(capsys, "show", atlas_file, "--sort", "hits", "--descending", "--top", 2)
    title, header, *rows = out.splitlines()
    assert status == 0 and title == "4 minima, the first 2 by hits"
    assert header.split() == ["id", "energy", "orbit", "size", "hits", "degree"]
    hits = [int(row.split()[-2]) for row in rows]
    status, out, _ = run(capsys, "show", atlas_file, "--csv", "--columns", "energy,hits,orbit_size")
    header, *lines = out.splitlines()
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines])
    assert header == "id,energy,hits,orbit_size" and np.all(np.diff(table[:, 1]) >= 0)
    assert hits == sorted(table[:, 2], reverse=True)[:2]
    for wrong, sentence in (
        (["--sort", "flag"], "--sort needs a column of numbers, and flag is not one"),
        (["--columns", "loss"], "The minima have no column 'loss'; there is id, energy"),
        (["--csv", "--json"], "Choose one of --json and --csv"),
        (["--top", 1, "--json"], "--json has everything"),
    ):
        status, out, err = run(capsys, "show", atlas_file, *wrong)
        assert (status, out) == (2, "") and sentence in err


def test_show_json(capsys, atlas_file):
    status, out, _ = run(capsys, "show", atlas_file, "--json")
    assert status == 0
    data = json.loads(out)
    assert {"landscape", "minima", "transition_states", "components", "coverage", "failures"} <= data.keys()
    assert data["minima"][0].keys() >= {
        "id", "energy", "rms_gradient", "lowest_eigenvalue", "orbit_size", "log_product", "hits", "degree",
        "held", "log_slopes",
    }  # fmt: skip
    assert data["transition_states"][0].keys() >= {
        "id", "energy", "rms_gradient", "minima", "negative_eigenvalue", "orbit_size", "log_product",
        "held", "log_slopes",
    }  # fmt: skip
    assert sorted(m["orbit_size"] for m in data["minima"]) == [1, 2, 2, 4]
    hits = sum(m["hits"] for m in data["minima"])
    assert (data["coverage"]["good_turing"], data["coverage"]["chao1"]) == (1.0, 4.0)
    low, high = data["coverage"]["good_turing_interval"]
    assert 1 - 4 / hits < low < high == 1.0
    assert data["coverage"]["chao1_interval"] == [4.0, pytest.approx(4.0, abs=1e-6)]
    rounds = data["exploration"]["rounds"]
    assert [row["round"] for row in rounds] == list(range(1, len(rounds) + 1))
    # Complete: the last rounds brought nothing new.
    assert all(row["searches"] > 0 for row in rounds)
    assert all(row["minima"] == row["transition_states"] == 0 for row in rounds[-2:])
    assert data["components"] == [sorted(m["id"] for m in data["minima"])]
    for state in data["transition_states"]:
        assert state["negative_eigenvalue"] < 0
        assert len(state["minima"]) == 2


def test_continuing_a_complete_map_changes_nothing(capsys, atlas_file):
    with Atlas(atlas_file, readonly=True) as atlas:
        before = atlas.digest()
    status, out, _ = run(capsys, "explore", "xor", "--hidden", 1, "--out", atlas_file)
    assert status == 0
    with Atlas(atlas_file, readonly=True) as atlas:
        assert atlas.digest() == before


@pytest.mark.parametrize("ending, magic", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_graph(capsys, atlas_file, tmp_path, ending, magic):
    picture = tmp_path / f"a.{ending}"
    status, _, _ = run(capsys, "graph", atlas_file, "-o", picture, "--colour", "degree", "--levels", 20)
    assert status == 0
    assert picture.read_bytes().startswith(magic)


def test_exchange(capsys, atlas_file, tmp_path):
    assert run(capsys, "export", atlas_file, tmp_path / "ps", "--format", "pathsample")[0] == 0
    copy = tmp_path / "copy.atlas"
    status, out, _ = run(capsys, "import", tmp_path / "ps", "--format", "pathsample", "--out", copy)
    assert status == 0
    with Atlas(atlas_file, readonly=True) as ours, Atlas(copy, readonly=True) as theirs:
        np.testing.assert_array_equal(ours.minima.energy, theirs.minima.energy)
        np.testing.assert_array_equal(ours.transition_states.minima, theirs.transition_states.minima)


@pytest.mark.slow
def test_census(capsys):
    status, out, _ = run(capsys, "census", "xor", "--hidden", 1, "--json")
    assert status == 0
    data = json.loads(out)
    assert data["by_index"] == {"0": 9, "1": 8}
    assert (data["morse_sum"], data["expected"], data["consistent"]) == (1, 1, True)
    assert data["points"][0].keys() >= {"energy", "index", "orbit_size"}


@pytest.mark.slow
def test_the_search_of_a_census_has_a_name(capsys):
    status, out, _ = run(
        capsys,
        "census",
        "xor",
        "--hidden",
        1,
        "--starts",
        40,
        "--method",
        "EigenvectorFollowing(150)",
        "--json",
    )
    assert status == 0 and json.loads(out)["searches"] == 40
    status, _, err = run(capsys, "census", "xor", "--hidden", 1, "--method", "ElasticBand")
    assert status == 2 and "`method` must be" in err


def test_census_is_compared_with_an_atlas(capsys, atlas_file, tmp_path):
    assert json.loads(run(capsys, "show", atlas_file, "--json")[1])["census"] is None
    copy = tmp_path / "copy.atlas"
    copy.write_bytes(atlas_file.read_bytes())
    with Atlas(copy, readonly=True) as atlas:
        before = atlas.digest()
    assert run(capsys, "census", "xor", "--hidden", 1, "--atlas", copy)[0] == 0
    with Atlas(copy, readonly=True) as atlas:
        assert atlas.digest() == before  # what was explored is as it was
    _, out, _ = run(capsys, "show", copy)
    assert "census: Morse sum 1, expected 1: consistent; the atlas holds 4 of its 4 minima and 3 of" in out
    found = json.loads(run(capsys, "show", copy, "--json")[1])["census"]
    assert found["by_index"] == {"0": 9, "1": 8}
    assert (found["minima"], found["minima_held"], found["morse_sum"]) == (4, 4, 1)
    status, _, err = run(capsys, "census", "xor", "--hidden", 1, "--l2", 1e-2, "--atlas", copy)
    assert status == 2 and "another landscape" in err
    assert run(capsys, "census", "xor", "--atlas", tmp_path / "none.atlas")[0] == 2
    assert not (tmp_path / "none.atlas").exists()


@pytest.mark.slow
def test_census_of_given_coefficients(capsys, tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(3).standard_normal((3, 3, 3)))
    command = ("census", "spin-glass", "--coefficients", tmp_path / "x.npy")
    status, out, _ = run(capsys, *command)
    assert status == 0
    assert "Morse sum 2, expected 2: consistent" in out
    status, out, _ = run(capsys, *command, "--starts", 10, "--json")
    assert json.loads(out)["searches"] == 10
    status, out, _ = run(capsys, *command, "--partite", "--starts", 200)
    assert status == 0
    assert "Morse sum 8, expected 8: consistent" in out


@pytest.mark.slow
def test_fits_of_a_regression(capsys, tmp_path, atlas_file):
    atlas, picture = tmp_path / "regression.atlas", tmp_path / "fits.png"
    options = "--highest-frequency", 3, "--noise", 0.1, "--evaluations", 500, "--out", atlas
    assert run(capsys, "explore", "nonlinear-regression", *options)[0] == 0
    assert run(capsys, "picture", "fits", atlas, "-o", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    status, _, err = run(capsys, "picture", "fits", atlas_file, "-o", picture)
    assert (
        status == 2
        and "must be a regression of one input, whose fit is a curve; this is a classifier of 2" in err
    )


@pytest.mark.slow
def test_own_table(capsys, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 2))
    rows = [f"{a:.6f},{b:.6f},{'yes' if a * b > 0 else 'no'},1" for a, b in x]
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(["a,b,label,constant", *rows]))
    status, out, err = run(
        capsys, "explore", "csv", table, "--target", "label", "--hidden", 2, "--l2", 1e-2,
        "--evaluations", 1500, "--out", tmp_path / "mine.atlas",
    )  # fmt: skip
    assert status == 0, err
    assert "2 classes of label (no, yes)" in out
    assert "left out, constant: constant" in out
    assert (tmp_path / "mine.png").exists()


@pytest.mark.slow
def test_a_weighted_table_without_hidden_layer_or_biases(capsys, tmp_path):
    rng = np.random.default_rng(0)
    x, counts = rng.normal(size=(30, 2)), rng.integers(1, 4, 30)
    value = 2.0 * x[:, 0] - x[:, 1] + 0.1 * rng.normal(size=30)
    table, file = tmp_path / "mine.csv", tmp_path / "mine.atlas"
    rows = [f"{a:.6f},{b:.6f},{v:.6f},{n}" for (a, b), v, n in zip(x, value, counts)]
    table.write_text("\n".join(["a,b,value,count", *rows]))
    status, out, err = run(
        capsys, "explore", "csv", table, "--target", "value", "--weights", "count", "--hidden", 0,
        "--no-biases", "--l2", 1e-2, "--evaluations", 1500, "--out", file,
    )  # fmt: skip
    assert status == 0, err
    assert "rows weighted by count" in out
    # What numpy solves: standardised columns, rows that count so often.
    a, b, v = (np.round(column, 6) for column in (*x.T, value))
    columns = np.stack([(c - c.mean()) / c.std() for c in (a, b)], axis=1)
    target, shares = (v - v.mean()) / v.std(), counts / counts.sum()
    known = np.linalg.solve(
        columns.T @ (shares[:, None] * columns) + 1e-2 * np.eye(2), columns.T @ (shares * target)
    )
    with Atlas(file, readonly=True) as atlas:
        np.testing.assert_allclose(atlas.minima.x, known[None], rtol=1e-9)
    assert run(capsys, "evaluate", file)[0] == 0


@pytest.mark.parametrize("arguments, sentence", [
    ("explore xor --l2 -1", "`l2` must be a finite number of at least 0"),
    ("explore xor --hidden 3,0", "at least one node"),
    ("explore xor --hidden two", "--hidden takes whole numbers"),
    ("explore nowhere", "no landscape 'nowhere'"),
    ("explore spin-glass --l2 5", "spin-glass does not take --l2"),
    ("explore iris --weights kind", "iris does not take --weights"),
    ("explore spin-glass --no-biases", "spin-glass does not take --no-biases"),
    ("explore xor --teacher 2", "xor does not take --teacher"),
    ("explore iris --teacher two", "--teacher takes whole numbers"),
    ("explore iris --teacher-l2 1", "`teacher_l2` needs `teacher`"),
    ("explore spin-glass --size 1", "at least 2 spins"),
    ("explore spin-glass --size 3 --p 4", "at least as many spins as p, got 3 and p = 4"),
    ("explore spin-glass --p 0", "whole order p of at least 1"),
    ("explore spin-glass --p 1 --partite", "at least 2 parts"),
    ("explore spin-glass --coefficients float.npy", "equal sides"),
    ("explore spin-glass --coefficients cube.npy", "at least as many spins as p, but cube.npy"),
    ("census spin-glass --coefficients nan.npy --partite", "not finite"),
    ("census spin-glass --coefficients float.npy --partite --p 3", "--p 3 does not fit float.npy"),
    ("explore spin-glass --coefficients text.txt", "is not an .npy file"),
    ("explore spin-glass --coefficients none.npy", "no file"),
    ("explore xor --time-limit soon", "--time-limit takes a positive time"),
    ("explore xor --memory lots", "--memory takes a positive size"),
    ("census xor --memory 0", "--memory takes a positive size"),
    ("explore xor --out no/where.atlas", "no directory"),
    ("explore xor --out text.txt", "is not an atlas"),
    ("explore xor --out newer.atlas", "schema"),
    ("explore csv", "needs a table and a target"),
    ("explore csv none.csv --target y", "no file"),
    ("explore csv hole.csv --target y", "row 3, column b: the value is missing"),
    ("explore csv word.csv --target y", "row 2, column a: 'x' is not a number"),
    ("explore csv hole.csv --target z", "no column 'z'; it has a, b, y"),
    ("census xor --starts 0", "`starts` must be a whole number of at least 1"),
    ("show none.atlas", "none.atlas"),
    ("show text.txt", "is not an atlas"),
    ("graph atlas -o a.gif", ".gif"),
    ("graph atlas -o a.png --colour hue", "no column 'hue'"),
    ("graph atlas -o a.png --levels -1", "--levels must be at least 0"),
    ("graph atlas -o a.png --order up", "order"),
    ("export atlas ps --format other", "--format must be pathsample"),
    ("import nowhere --out b.atlas", "min.data"),
])  # fmt: skip
def test_mistakes(capsys, tmp_path, monkeypatch, atlas_file, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    np.save("float.npy", np.ones((2, 3)))
    np.save("cube.npy", np.ones((2, 2, 2)))
    np.save("nan.npy", np.full((2, 3), np.nan))
    (tmp_path / "text.txt").write_text("not an atlas, but somebody's text\n" * 100)
    (tmp_path / "hole.csv").write_text("a,b,y\n1,2,0\n3,,1\n")
    (tmp_path / "word.csv").write_text("a,b,y\nx,2,0\n3,4,1\n")
    (tmp_path / "newer.atlas").write_bytes(_newer(atlas_file))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    words = [str(atlas_file) if word == "atlas" else word for word in arguments.split()]
    status, _, err = run(capsys, *words)
    assert status == 2
    assert sentence in err
    assert err.count("\n") == 1  # one line, no traceback
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def _newer(atlas_file):
    """Return the bytes of an atlas of a schema that nobody has written yet."""
    content = bytearray(atlas_file.read_bytes())
    content[60:64] = (999).to_bytes(4, "big")  # user_version in SQLite's header
    return bytes(content)


def test_another_landscape_is_named(capsys, atlas_file):
    with Atlas(atlas_file, readonly=True) as atlas:
        before = atlas.digest()
    status, _, err = run(capsys, "explore", "xor", "--hidden", 1, "--l2", 1e-2, "--out", atlas_file)
    assert status == 2
    assert "l2" in err and "0.001" in err and "0.01" in err
    with Atlas(atlas_file, readonly=True) as atlas:
        assert atlas.digest() == before


def test_interrupt_ends_cleanly(tmp_path):
    """A glass of 60 spins has more minima than can be found: the run cannot end before the signal."""
    path = tmp_path / "a.atlas"
    options = ["--size", "60", "--time-limit", "none", "--out", str(path)]
    # Started from a script in the background, this test inherits that Ctrl-C is ignored.
    heeded = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    heeded += "runpy.run_module('lossatlas', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", heeded, "explore", "spin-glass", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while not _searched(path):
            assert process.poll() is None
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "not complete: Ctrl-C ended it" in out
    assert "Traceback" not in err
    with Atlas(path, readonly=True) as atlas:
        atlas.check()
        assert atlas.queue.finished() > 0


@pytest.mark.parametrize("steps, status", [(0, 130), (1, 130), (2, 0)])
def test_an_interrupt_at_any_step_leaves_a_whole_atlas(capsys, tmp_path, monkeypatch, steps, status):
    """Step 1 plans the first round, step 2 runs a batch of it; before that there is no minimum."""
    from lossatlas.exploration import _explore

    step, taken = _explore._Loop._step, []

    def interrupted(self, number):
        if len(taken) == steps:
            raise KeyboardInterrupt
        taken.append(number)
        return step(self, number)

    monkeypatch.setattr(_explore._Loop, "_step", interrupted)
    path = tmp_path / "a.atlas"
    ended, out, err = run(capsys, "explore", "xor", "--hidden", 1, "--workers", 1, "--out", path)
    assert ended == status
    assert "not complete: Ctrl-C ended it" in out and "Traceback" not in err
    with Atlas(path, readonly=True) as atlas:
        atlas.check()
        assert len(atlas.log.runs) == 1 and atlas.log.runs[0]["finished"] is not None
        assert (atlas.queue.finished() > 0) == (steps == 2)
    left = {file.name for file in tmp_path.iterdir()} - {"a.png"}
    assert left == {"a.atlas"}  # closed, its lock released


def test_an_interrupt_within_a_garbage_collection_is_not_lost():
    code = """
import gc, signal, time
from lossatlas.cli import _main

def _xla_gc_callback(phase, info):
    gc.callbacks.clear()
    signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, _main._interrupt)
gc.callbacks[:] = [_xla_gc_callback]
try:
    gc.collect()
    time.sleep(30)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def _searched(path):
    if not path.exists():
        return False
    with Atlas(path, readonly=True) as atlas:
        return atlas.queue.finished() > 0


@pytest.mark.slow
def test_full_disk(tmp_path):
    """A file-size limit stands in for a full disk: both end in a failed write."""
    path = tmp_path / "a.atlas"
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
        "from lossatlas.cli import main; main()"
    )
    arguments = ["explore", "xor", "--hidden", "1", "--quiet", "--out", str(path)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("lossatlas: ")
    assert done.stderr.count("\n") == 1
    with Atlas(path, readonly=True) as atlas:
        atlas.check()
