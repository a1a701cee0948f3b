"""Descents on spin glasses: what is run and kept in the table, and what is made of it."""

import csv
import dataclasses
import itertools
from pathlib import Path

import jax
import numpy as np
import pytest
from descent_pictures import draw
from descent_summary import exponents, summarise
from energy_spread import energy_spread
from energy_unit import energy_unit
from run_table import RunTable, read_rows

from lossatlas.analysis import complexity_zeros
from lossatlas.landscapes import partite_spin_glass, spin_glass
from lossatlas.searches import LBFGS, GradientDescent, QuasiNewton, census, descend


FOLDER = "9-spin-glass-descents"
EXAMPLE = Path(__file__).parents[2] / "examples" / FOLDER
METHODS = ("gradient", "lbfgs", "hopping")
SMALL = {"starts": 5, "chains": 2, "hops": 3, "workers": 1}


@pytest.fixture
def run(script, tmp_path):
    """Return a function that runs glasses of 5 and 4 spins, and returns the rows of the table."""
    study = script(f"{FOLDER}/run.py")

    def function(sizes=(5, 4), methods=METHODS, *, draws=2, name="runs.csv", partite=False, **changed):
        table = RunTable(tmp_path / name, study.SETTINGS, study.ENDS)
        study.run(table, sizes, methods, study.How(**{**SMALL, **changed}), draws=draws, partite=partite)
        return read_rows(tmp_path / name)

    return function


def of(rows, name, **chosen):
    """Return a column of numbers of the rows with these settings."""
    kept = [row for row in rows if all(row[key] == str(value) for key, value in chosen.items())]
    return np.array([float(row[name]) for row in kept])


@pytest.mark.slow
def test_rows_are_descents_from_the_same_starts(run):
    rows = run()
    assert len(rows) == 2 * 2 * (5 + 5 + 2 * 4)
    for size, number in itertools.product((5, 4), (0, 1)):
        landscape, key = spin_glass(size, seed=number), jax.random.fold_in(jax.random.key(0), number)
        starts = np.stack([landscape.sample(jax.random.fold_in(key, i)) for i in range(5)])
        for method, used in (("gradient", GradientDescent(0.1)), ("lbfgs", QuasiNewton(LBFGS()))):
            part = {"size": size, "draw": number, "method": method}
            assert of(rows, "start", **part).tolist() == [0, 1, 2, 3, 4]
            found = descend(landscape, starts, method=used, max_gradients=20_000, workers=1)
            np.testing.assert_allclose(of(rows, "energy", **part), found.energy, rtol=1e-12)
            np.testing.assert_array_equal(of(rows, "gradients", **part), found.gradients)
        hops = {"size": size, "draw": number, "method": "hopping"}
        assert of(rows, "start", **hops).tolist() == [0, 1] * 4
        assert of(rows, "quench", **hops).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
        # The first quench of a chain is the descent from its start.
        first = of(rows, "energy", **hops)[:2]
        np.testing.assert_allclose(first, found.energy[:2], rtol=1e-12)
    assert {row["outcome"] for row in rows} == {"converged"}
    minima = census(spin_glass(4, seed=0), workers=1)
    minima = minima.energy[minima.index == 0]
    reached = of(rows, "energy", size=4, draw=0)
    # A gradient of 1e-6 leaves an error of 1e-12 / curvature.
    assert np.abs(reached[:, None] - minima).min(axis=1).max() < 1e-10


@pytest.mark.slow
def test_a_table_is_continued_and_extended(run, tmp_path, capsys):
    run(methods=["lbfgs"], sizes=[5], draws=1, starts=2)
    extended = run(methods=["lbfgs", "hopping"])
    said = capsys.readouterr().err
    whole = run(methods=["lbfgs", "hopping"], name="whole.csv")
    assert sorted(map(str, extended)) == sorted(map(str, whole))
    # Two starts, then the other three.
    assert said.splitlines()[:2] == ["size 5, draw 1 of 1: lbfgs", "size 5, draw 1 of 2: lbfgs"]
    capsys.readouterr()
    lines = (tmp_path / "whole.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "whole.csv").write_bytes(b"".join(lines[:-3]) + lines[-3][:20])  # within the last chains
    assert run(methods=["lbfgs", "hopping"], name="whole.csv") == whole
    assert capsys.readouterr().err == "size 4, draw 2 of 2: hopping\n"


@pytest.mark.slow
def test_parts_are_descended_in_their_own_length(run):
    rows = run([3], ["gradient"], draws=1, partite=True)
    landscape = partite_spin_glass((3, 3, 3), seed=0)
    key = jax.random.fold_in(jax.random.key(0), 0)
    starts = np.stack([landscape.sample(jax.random.fold_in(key, i)) for i in range(5)])
    steps = GradientDescent(0.1 * landscape.length_scale)
    found = descend(landscape, starts, method=steps, max_gradients=20_000, workers=1)
    np.testing.assert_array_equal(of(rows, "gradients"), found.gradients)
    (part,) = summarise(rows)
    np.testing.assert_allclose(part.energy, found.energy / 3, rtol=1e-12)  # sqrt(9)


@pytest.mark.slow
def test_the_scripts_run(run_script, tmp_path, capsys):
    runs, summary, picture = (tmp_path / name for name in ("runs.csv", "summary.csv", "picture.png"))
    small = [text for name, n in SMALL.items() for text in (f"--{name}", n)]
    run_script(f"{FOLDER}/run.py", "4,5", *small, "--draws", 3, "--out", runs)
    run_script(f"{FOLDER}/draw.py", runs, summary, "--picture", picture)
    out = capsys.readouterr().out
    assert "variance, lbfgs: size^(" in out and "-E_inf = -1.6330, -E_0 = -1.6570" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    rows = read_rows(summary)
    committed = read_rows(EXAMPLE / "p3.csv")
    assert list(rows[0]) == list(committed[0])
    assert [(row["size"], row["method"]) for row in rows] == list(itertools.product("45", METHODS))


def made(**columns):
    """Rows by hand, of L-BFGS on six spins unless it is said."""
    count = len(columns["energy"])
    defaults = {"p": 3, "partite": False, "size": 6, "draw": 0, "method": "lbfgs", "start": 0, "quench": 0}
    defaults |= {"tolerance": 1e-6, "gradients": 10, "outcome": "converged"}
    columns = {name: columns.get(name, [value] * count) for name, value in (defaults | columns).items()}
    return [dict(zip(columns, map(str, row))) for row in zip(*columns.values())]


def test_summary_of_starts():
    runs = made(
        energy=[-6.0, -9.0, -3.0, 1e300, -12.0, -6.0],
        draw=[0, 0, 0, 0, 1, 1],
        start=[0, 1, 2, 3, 0, 1],
        outcome=["converged", "max_steps", "converged", "nonfinite", "converged", "converged"],
        gradients=[1, 2, 3, 4, 5, 6],
    )
    (part,) = summarise(runs)
    assert (part.converged, part.descents, part.lost, part.gradients) == (4, 6, 1, 3.5)
    np.testing.assert_allclose(part.energy, [-1, -1.5, -0.5, -2, -1])
    spread = energy_spread(part.energy, part.draw)
    np.testing.assert_equal(dataclasses.asdict(part.spread), dataclasses.asdict(spread))
    assert part.spread.best == -2
    # The lowest of one start, and of two of three or of two.
    np.testing.assert_allclose(part.best, [[-1, -4 / 3], [-1.5, -2]])
    row = part.row()
    assert (row["size"], row["unit"], row["draws"], row["starts"]) == (6, "H/N", 2, 5)
    assert row["variance_error"] is None  # two draws do not know it


def test_summary_of_hops():
    runs = made(
        energy=[-6.0, -12.0, -9.0, -6.0, -6.0, 0.0],
        method=["hopping"] * 6,
        start=[0, 1] * 3,
        quench=[0, 0, 1, 1, 2, 2],
        outcome=["converged"] * 5 + ["left_region"],
    )
    (part,) = summarise(runs)
    np.testing.assert_allclose(part.energy, [-1.5, -2])
    np.testing.assert_allclose(part.best, [[-1.5, -1.75, -1.75]])
    assert part.gradients == 30 and part.descents == 6 and part.converged == 5


def test_exponents_pictures_and_what_was_lost():
    rng = np.random.default_rng(0)
    rows = []
    for size, spread in ((4, 1.0), (8, 0.5)):
        energy = size * (-1.5 + spread * rng.normal(size=40))
        places = {"draw": np.repeat(np.arange(10), 4), "start": [0, 1, 2, 3] * 10}
        rows += made(energy=energy, size=[size] * 40, **places)
    rows += made(energy=[np.nan] * 3, size=[8] * 3, method=["gradient"] * 3, outcome=["nonfinite"] * 3)
    reached = summarise(rows)
    assert [(part.size, part.method, part.lost) for part in reached] == [
        (4, "lbfgs", 0), (8, "lbfgs", 0), (8, "gradient", 3)
    ]  # fmt: skip
    assert reached[2].spread is None and reached[2].row()["mean"] is None
    fits = exponents(reached)
    four, eight = (part.spread.variance for part in reached[:2])
    assert list(fits) == ["lbfgs"]
    assert fits["lbfgs"].exponent == pytest.approx(np.log(eight / four) / np.log(2))
    assert [ax.get_xlabel() for ax in draw(reached, fits).axes] == ["H/N", "size", "size"]


@pytest.mark.parametrize(
    "column, values", [("p", [3, 4]), ("partite", [True, False]), ("tolerance", [1, 2])]
)
def test_different_experiments_in_one_table_are_refused(column, values):
    with pytest.raises(ValueError, match=f"The table holds runs of {column} = "):
        summarise(made(energy=[-1.0, -2.0], **{column: values}))
    with pytest.raises(ValueError, match="The table holds no descent"):
        summarise([])


def test_units():
    glass = energy_unit(3, 9, False)
    assert (glass.size, glass.label) == (9, "H/N")
    assert glass.levels == {"-E_inf": -np.sqrt(8 / 3), "-E_0": -complexity_zeros(3, 0)}
    parts = energy_unit(3, 5, True)
    assert parts.size == np.sqrt(15) and parts.levels == glass.levels and parts.label == "H/sqrt(N)"


def test_levels_of_parts_are_exact_for_pairs():
    """The ground state of two parts of n is the largest singular value, 2 sqrt(n) for large n."""
    size = 400
    matrix = np.random.default_rng(0).standard_normal((size, size))
    unit = energy_unit(2, size, True)
    lowest = -np.linalg.svd(matrix, compute_uv=False)[0] / unit.size
    # The edge of the spectrum is off by n^(-2/3) = 2 per cent, of which about -1.2 / 4 stand before it.
    assert lowest == pytest.approx(unit.levels["-E_0"], rel=0.02)


def test_energies_at_a_fixed_point_have_the_variance_of_the_unit():
    """Of u: 1 / N for both kinds; 2000 draws know it to 3 per cent."""
    rng = np.random.default_rng(0)
    one = np.full(4, 1.0)
    glass = [np.einsum("ijk,i,j,k", rng.standard_normal((4,) * 3), one, one, one) / 4 for _ in range(2000)]
    assert np.var(glass) / energy_unit(3, 4, False).size ** 2 == pytest.approx(1 / 4, rel=0.15)
    parts = rng.standard_normal((2000, 4))  # of unit vectors: H is normal with variance 1
    assert np.var(parts[:, 0]) / energy_unit(3, 4, True).size ** 2 == pytest.approx(1 / 12, rel=0.15)


def test_tables_of_the_study_are_in_its_text():
    tables = sorted(EXAMPLE.glob("*.csv"))
    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert len(tables) >= 3
    for table in tables:
        assert f"({table.name})" in text
        with open(table, newline="") as file:
            found = list(csv.DictReader(file))
        assert found and all(int(row["converged"]) > 0.99 * int(row["descents"]) for row in found)
    pictures = sorted(EXAMPLE.glob("*.png"))
    assert pictures and all(f"({picture.name})" in text for picture in pictures)
