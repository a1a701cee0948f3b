"""Descents of families of landscapes: what is run, kept in the file, and made into numbers."""

import itertools
import json

import jax
import numpy as np
import pytest

from helpers import rows
from lossatlas._results import RESULTS
from lossatlas.analysis import complexity_zeros, energy_spread
from lossatlas.landscapes import PartiteSpinGlass, partite_spin_glass, spin_glass, xor
from lossatlas.recipes import (
    DescentRuns,
    DescentSettings,
    energy_unit,
    read_descent_settings,
    read_family,
    run_descents,
    summarise_descents,
)
from lossatlas.searches import LBFGS, GradientDescent, QuasiNewton, census, descend


SETTINGS = DescentSettings(draws=2, starts=5, chains=2, hops=3)
GLASS = {"landscape": "spin-glass", "disorder": 4}


def run(vary="size=5,4", file=None, settings=SETTINGS, base=GLASS, report=lambda text, part: None):
    return run_descents(read_family(base, vary), settings, file=file, workers=1, report=report)


@pytest.fixture(scope="module")
def runs():
    return run()


def same(one, two):
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(two, name))


def test_rows_are_descents_from_the_same_starts(runs):
    assert len(runs) == 2 * 2 * (5 + 5 + 2 * 4)
    for value, draw in itertools.product((5, 4), (0, 1)):
        landscape = spin_glass(value, seed=4 + draw)
        key = jax.random.fold_in(jax.random.key(0), draw)
        starts = np.stack([landscape.sample(jax.random.fold_in(key, i)) for i in range(5)])
        for method, used in (("gradient", GradientDescent(0.1)), ("lbfgs", QuasiNewton(LBFGS()))):
            part = runs[(runs.value == str(value)) & (runs.draw == draw) & (runs.method == method)]
            assert part.start.tolist() == [0, 1, 2, 3, 4] and not part.quench.any()
            found = descend(landscape, starts, method=used, max_gradients=20_000, workers=1)
            np.testing.assert_allclose(part.energy, found.energy, rtol=1e-12)
            np.testing.assert_array_equal(part.gradients, found.gradients)
            assert (part.outcome == RESULTS.converged).all() and (part.rms_gradient <= 1e-6).all()
        hops = runs[(runs.value == str(value)) & (runs.draw == draw) & (runs.method == "hopping")]
        assert hops.start.tolist() == [0, 1] * 4 and hops.quench.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
        # The first quench of a chain is the descent from its start.
        np.testing.assert_allclose(hops.energy[:2], part.energy[:2], rtol=1e-12)


def test_energies_are_those_of_a_census(runs):
    lowest = census(spin_glass(4, seed=4), workers=1)
    minima = lowest.energy[lowest.index == 0]
    reached = runs.energy[(runs.value == "4") & (runs.draw == 0)]
    # A gradient of 1e-6 leaves an error of 1e-12 / curvature.
    assert np.abs(reached[:, None] - minima).min(axis=1).max() < 1e-10


def test_a_file_is_continued_and_extended(tmp_path, runs):
    file, said = tmp_path / "runs.csv", []
    run("size=5", file, SETTINGS.model_copy(update={"methods": ("lbfgs",), "draws": 1}))
    assert len(file.read_text().splitlines()) == 2 + 5
    full = run(file=file, report=lambda text, part: said.append((text, part)))
    assert said[0] == ("size 5, draw 1 of 2: gradient", 1 / 12) and len(said) == 11
    assert not any(text == "size 5, draw 1 of 2: lbfgs" for text, _ in said)
    order = np.lexsort((full.quench, full.start, full.method, full.draw, full.value))
    other = np.lexsort((runs.quench, runs.start, runs.method, runs.draw, runs.value))
    same(full[order], runs[other])
    again = run(file=file, report=lambda text, part: pytest.fail("nothing is missing"))
    same(again, full)


def test_an_interrupt_is_raised_after_the_pieces_before_it_are_kept(tmp_path, runs):
    file, said = tmp_path / "runs.csv", []

    def interrupt(text, part):
        said.append(text)
        if len(said) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(file=file, report=interrupt)
    done = [*said[:2]]
    same(run(file=file, report=lambda text, part: said.append(text)), runs)
    assert len(said) == len(set(said)) + 1 and not set(done) & set(said[3:])


@pytest.mark.parametrize("cut", [1, 40, 500, 1500])
def test_a_run_that_was_killed_is_completed(tmp_path, runs, cut):
    file = tmp_path / "runs.csv"
    run(file=file)
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    said = []
    again = run(file=file, report=lambda text, part: said.append(text))
    assert file.read_bytes() == whole and said
    same(again, runs)


def test_rows_that_two_runs_have_written_count_once(tmp_path, runs):
    file = tmp_path / "runs.csv"
    run(file=file)
    whole = file.read_text()
    file.write_text(whole + whole.split("\n", 2)[2])
    same(run(file=file, report=lambda text, part: pytest.fail("nothing is missing")), runs)
    assert file.read_text() == whole


def test_a_file_whose_first_line_was_cut_is_refused(tmp_path):
    file = tmp_path / "runs.csv"
    file.write_text("# {")
    with pytest.raises(ValueError, match="is not a file of descents"):
        run(file=file)


OTHERS = {
    "starts": ({"settings": SETTINGS.model_copy(update={"starts": 6})}, "made with starts = 5, not 6"),
    "seed": ({"settings": SETTINGS.model_copy(update={"seed": 1})}, "made with seed = 0, not 1"),
    "recipe": ({"base": GLASS | {"p": 4}}, "made with p = None, not 4"),
    "disorder": ({"base": {"landscape": "spin-glass"}}, "made with disorder = 4, not 0"),
    "key": ({"base": GLASS | {"size": 5}, "vary": "p=2,3"}, "not 5|made with"),
}


@pytest.mark.parametrize(("changed", "sentence"), rows(OTHERS))
def test_a_file_of_other_settings_is_refused(tmp_path, changed, sentence):
    file = tmp_path / "runs.csv"
    settings = {"methods": ("lbfgs",), "draws": 1}
    run("size=4", file, SETTINGS.model_copy(update=settings))
    before = file.read_bytes()
    with pytest.raises(ValueError, match=sentence):
        run(**{"vary": "size=4", "file": file, **changed})
    assert file.read_bytes() == before


@pytest.mark.parametrize("line", ["4,0,lbfgs,x,0,1.0,1.0,1,0", "4,0,lbfgs", "4,0,adam,0,0,1.0,1.0,1,0"])
def test_a_line_that_is_no_descent_is_refused(tmp_path, line):
    file = tmp_path / "runs.csv"
    run("size=4", file, SETTINGS.model_copy(update={"methods": ("lbfgs",), "draws": 1}))
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(ValueError, match="line 8, is not a descent"):
        run(file=file)


BAD = {
    "key": (lambda: read_family(GLASS, "hidden=3"), "does not take `hidden`"),
    "value": (lambda: read_family(GLASS, "size=4,x"), "`size` should be a valid integer.*got 'x'"),
    "twice": (lambda: read_family(GLASS, "size=4,04"), "repeated"),
    "no values": (lambda: read_family(GLASS, "size="), "such as size=10,20,50; got 'size='"),
    "no key": (lambda: read_family(GLASS, "10,20"), "One key is varied"),
    "draw": (lambda: read_family({"landscape": "spin-glass"}, "disorder=1,2"), "cannot be varied"),
    "given": (lambda: read_family(GLASS | {"size": 5}, "size=4"), "cannot be varied"),
    "small": (lambda: run("size=4,2"), "at least as many spins as p"),
    "fixed": (lambda: run("l2=1e-3", base={"landscape": "xor"}), "Nothing in this xor is drawn"),
    "method": (lambda: read_descent_settings({"methods": ("adam",)}), "`methods`|hopping"),
    "step": (lambda: read_descent_settings({"step": 0.0}), "`step` should be greater than 0, got 0.0"),
}


@pytest.mark.parametrize(("call", "sentence"), rows(BAD))
def test_bad_input(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_values_of_several_numbers():
    family = read_family({"landscape": "iris"}, "hidden=5,5;10")
    assert [recipe.hidden for recipe in family.recipes.values()] == [[5, 5], [10]]
    assert list(family.recipes) == ["5,5", "10"] and family.key == "hidden"


def made(**columns):
    """Rows by hand, of L-BFGS unless it is said."""
    count = len(columns["energy"])
    defaults = {"value": "6", "draw": 0, "method": "lbfgs", "start": 0, "quench": 0, "outcome": 0}
    defaults |= {"rms_gradient": 0.0, "gradients": 10}
    return DescentRuns(**{k: np.array(columns.get(k, [v] * count)) for k, v in defaults.items()}, energy=
                       np.array(columns["energy"]))  # fmt: skip


def test_summary_of_starts():
    lost = int(RESULTS.nonfinite)
    runs = made(
        energy=[-6.0, -9.0, -3.0, 1e300, -12.0, -6.0],
        draw=[0, 0, 0, 0, 1, 1],
        start=[0, 1, 2, 3, 0, 1],
        outcome=[0, int(RESULTS.max_steps), 0, lost, 0, 0],
        gradients=[1, 2, 3, 4, 5, 6],
    )
    (part,) = summarise_descents(read_family(GLASS, "size=6,7"), runs).reached
    assert (part.converged, part.descents, part.gradients) == (4, 6, 3.5)
    np.testing.assert_allclose(part.energy, [-1, -1.5, -0.5, -2, -1])
    assert part.spread == energy_spread(part.energy, part.draw) and part.spread.best == -2
    # The lowest of one start, and of two of three or of two.
    np.testing.assert_allclose(part.best, [[-1, -4 / 3], [-1.5, -2]])


def test_summary_of_hops():
    runs = made(
        energy=[-6.0, -12.0, -9.0, -6.0, -6.0, 0.0],
        method=["hopping"] * 6,
        start=[0, 1] * 3,
        quench=[0, 0, 1, 1, 2, 2],
        outcome=[0, 0, 0, 0, 0, int(RESULTS.left_region)],
    )
    (part,) = summarise_descents(read_family(GLASS, "size=6"), runs).reached
    np.testing.assert_allclose(part.energy, [-1.5, -2])
    np.testing.assert_allclose(part.best, [[-1.5, -1.75, -1.75]])
    assert part.gradients == 30 and part.descents == 6 and part.converged == 5


def test_exponents_and_columns():
    runs = run(settings=SETTINGS.model_copy(update={"draws": 4}))
    summary = summarise_descents(read_family(GLASS, "size=5,4"), runs)
    columns = summary.to_columns()
    assert columns["size"].tolist() == ["4"] * 3 + ["5"] * 3
    assert {len(column) for column in columns.values()} == {6}
    fit = summary.exponents()["lbfgs"]
    four, five = (part.spread.variance for part in summary.of("lbfgs"))
    assert fit.exponent == pytest.approx(np.log(five / four) / np.log(5 / 4))
    json.dumps({name: column.tolist() for name, column in columns.items()})


def test_units():
    glass = energy_unit(spin_glass(9))
    assert (glass.size, glass.label) == (9, "H/N")
    assert glass.levels == {"-E_inf": -np.sqrt(8 / 3), "-E_0": -complexity_zeros(3, 0)}
    parts = energy_unit(partite_spin_glass((5, 5, 5)))
    assert parts.size == np.sqrt(15) and parts.levels == glass.levels
    assert energy_unit(partite_spin_glass((4, 5, 6))).levels == {}
    assert energy_unit(xor(1)).size == 1 and energy_unit(xor(1)).levels == {}


def test_levels_of_parts_are_exact_for_pairs():
    """The ground state of two parts of n is the largest singular value, 2 sqrt(n) for large n."""
    size = 400
    matrix = np.random.default_rng(0).standard_normal((size, size))
    unit = energy_unit(PartiteSpinGlass(matrix))
    lowest = -np.linalg.svd(matrix, compute_uv=False)[0] / unit.size
    # The edge of the spectrum is off by n^(-2/3) = 2 per cent, of which about -1.2 / 4 stand before it.
    assert lowest == pytest.approx(unit.levels["-E_0"], rel=0.02)


def test_energies_at_a_fixed_point_have_the_variance_of_the_unit():
    """Of u: 1 / N for both kinds; 2000 draws know it to 3 per cent."""
    rng = np.random.default_rng(0)
    one = np.full(4, 1.0)
    glass = [np.einsum("ijk,i,j,k", rng.standard_normal((4,) * 3), one, one, one) / 4 for _ in range(2000)]
    assert np.var(glass) / energy_unit(spin_glass(4)).size ** 2 == pytest.approx(1 / 4, rel=0.15)
    parts = rng.standard_normal((2000, 4))  # of unit vectors: H is normal with variance 1
    assert np.var(parts[:, 0]) / energy_unit(partite_spin_glass((4,) * 3)).size ** 2 == pytest.approx(
        1 / 12, rel=0.15
    )
