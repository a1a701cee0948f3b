"""`lossatlas fit` and `lossatlas predict`: from a table to predictions for new rows."""

import csv

import numpy as np
import pytest
from command import run
from sklearn.metrics import precision_recall_fscore_support, r2_score, root_mean_squared_error

from lossatlas.analysis import within_sampling_error
from lossatlas.atlas import Atlas
from lossatlas.recipes import data_card, read_recipe, remembered


TABLE = "a,b,kind,price\n" + "".join(
    f"{i},{(7 * i) % 11},{'yes' if i + (7 * i) % 11 > 22 else 'no'},{2.5 * i + (7 * i) % 11}\n"
    for i in range(40)
)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """An atlas of a network on the classes of the table."""
    folder = tmp_path_factory.mktemp("fit")
    (folder / "t.csv").write_text(TABLE)
    return folder


def fit(capsys, folder, target, out, *more):
    table, drop = folder / "t.csv", "price" if target == "kind" else "kind"
    options = ("--drop", drop, "--hidden", 1, "--l2", 1e-2, "--starts", 20, "--out", folder / out)
    return run(capsys, "fit", "csv", table, "--target", target, *options, *more)


def price(capsys, folder):
    """Fit a network of two minima to the prices, once."""
    if not (folder / "price.atlas").exists():
        options = ("--hidden", 2, "--l2", 1e-3, "--test", 0.25)
        status, out, err = fit(capsys, folder, "price", "price.atlas", *options)
        assert (status, err) == (0, "") and "test rmse" in out and "test r2" in out
        assert "held out" not in out  # that was asked for


def test_classes_of_new_rows(capsys, fitted):
    status, out, err = fit(capsys, fitted, "kind", "kind.atlas", "--items", 30)
    assert (status, err) == (0, "")
    assert "searches" in out and "lowest loss" in out and "test accuracy" in out
    new, said = fitted / "new.csv", fitted / "said.csv"
    new.write_text("b,a\n" + "".join(",".join(line.split(",")[1::-1]) + "\n" for line in TABLE.split()[1:]))
    status, out, err = run(capsys, "predict", fitted / "kind.atlas", new, "-o", said)
    assert (status, err) == (0, "") and out.startswith("40 rows by minimum ")
    with open(said, newline="") as file:
        rows = list(csv.DictReader(file))
    with Atlas(fitted / "kind.atlas") as atlas:
        p = atlas.model().predict_proba(fitted / "t.csv")
    np.testing.assert_array_equal([[float(r["p(no)"]), float(r["p(yes)"])] for r in rows], p)
    assert [row["kind"] for row in rows] == [("no", "yes")[i] for i in p.argmax(axis=1)]
    status, out, err = run(capsys, "predict", fitted / "kind.atlas", fitted / "t.csv", "-o", said)
    assert status == 0 and "accuracy" in out and "+-" in out and "on 40 rows" in out
    status, out, err = run(capsys, "predict", fitted / "kind.atlas", new, "--minimum", "ensemble")
    assert status == 0 and out.startswith("kind,p(no),p(yes)\n") and out.count("\n") == 41


@pytest.mark.slow
def test_a_number_in_its_units(capsys, fitted):
    price(capsys, fitted)
    status, out, err = run(capsys, "predict", fitted / "price.atlas", fitted / "t.csv")
    values = np.array([float(line) for line in out.split()[1:]])
    known = np.array([float(line.split(",")[3]) for line in TABLE.split()[1:]])
    assert status == 0 and out.startswith("price\n") and np.corrcoef(values, known)[0, 1] > 0.95
    rmse = np.sqrt(np.mean((values - known) ** 2))
    squares = (values - known) ** 2
    error = squares.std() / (2 * rmse * np.sqrt(len(known)))
    assert f"RMSE {rmse:.6g} +- {error:.2g} in units of price, R2 " in err and "on 40 rows" in err
    some = TABLE.splitlines()[:4] + ["40,6,yes,"]
    (fitted / "some.csv").write_text("\n".join(some))
    status, out, err = run(capsys, "predict", fitted / "price.atlas", fitted / "some.csv")
    assert (status, out.count("\n")) == (0, 5) and "on 3 rows" in err
    (fitted / "some.csv").write_text("a;b\n1,5;3\n")
    status, out, err = run(capsys, "predict", fitted / "price.atlas", fitted / "some.csv")
    assert (status, out.count("\n")) == (0, 2)
    assert err == "some.csv: values separated by semicolons, decimal commas\n"


def test_several_numbers_each_in_its_units(capsys, fitted):
    table, atlas = fitted / "t.csv", fitted / "two.atlas"
    recipe = read_recipe({
        "landscape": "csv", "table": str(table), "target": "price,a", "drop": "kind", "hidden": 1,
        "test": 0.5,
    })  # fmt: skip
    problem = recipe.build()
    x = np.random.default_rng(0).normal(size=(2, problem.landscape.dimension))
    with Atlas(atlas, problem.landscape) as made:
        made.points.add_minima(x, [0.5, 0.25], np.zeros(2), np.ones(2), np.ones(2), hits=1)
        made.set_recipe(remembered(recipe, problem))
        made.set_data(data_card(problem.training))
    status, out, err = run(capsys, "evaluate", atlas)
    assert (status, err) == (0, "") and "targets on the test data, global minimum" in out
    said = problem.test.encoder.in_target_units(problem.landscape.predict(x[1], problem.test.inputs))
    known = problem.test.encoder.in_target_units(problem.test.targets)
    rmse = root_mean_squared_error(known, said, multioutput="raw_values")
    r2 = r2_score(known, said, multioutput="raw_values")
    for place, name in enumerate(("price", "a")):
        found = [float(cell) for cell in cells(out, name)]
        assert (found[0], found[2]) == pytest.approx((rmse[place], r2[place]), rel=1e-5)
    assert float(cells(out, "test_macro_r2")[0]) == pytest.approx(r2.mean(), rel=1e-5)
    with Atlas(atlas) as made:
        assert made.minima["test_rmse_a"][1] == pytest.approx(rmse[1], rel=1e-12)
        expected = np.mean([made.model(i).predict(table) for i in (1, 2)], axis=0)
        assert made.model(2).score(table) == made.model().score(table)
    assert expected.shape == (40, 2)
    status, out, err = run(
        capsys, "predict", atlas, table, "--minimum", "ensemble", "-o", fitted / "two.csv"
    )
    assert status == 0 and "in units of price, R2" in out and "in units of a, R2" in out
    np.testing.assert_array_equal(np.loadtxt(fitted / "two.csv", delimiter=",", skiprows=1), expected)
    # What is not known yet is not judged.
    (fitted / "one.csv").write_text("b,price,a\n3,4.5,\n5,6,\n5,,\n")
    status, out, err = run(capsys, "predict", atlas, fitted / "one.csv")
    assert status == 0 and out.startswith("price,a\n") and out.count("\n") == 4
    assert " in units of price, R2 " in err and "on 2 rows" in err and err.count("\n") == 1


@pytest.mark.slow
def test_several_targets_are_fitted_and_explored(capsys, fitted):
    options = ("--drop", "kind", "--hidden", 1, "--l2", 1e-2, "--out", fitted / "both.atlas")
    command = ("csv", fitted / "t.csv", "--target", "price,a", *options)
    status, out, err = run(capsys, "fit", *command, "--test", 0.25, "--starts", 10)
    assert (status, err) == (0, "") and "test macro r2" in out and "2 numbers (price, a)" in out
    status, out, err = run(capsys, "explore", *command, "--test", 0.25, "--evaluations", 2000)
    assert status == 0 and "1 connected component" in out


def cells(out, name):
    """The row of a table that begins with a name."""
    return next(line.split()[1:] for line in out.splitlines() if line.split()[:1] == [name])


@pytest.mark.slow
def test_evaluate_agrees_with_scikit_learn_in_the_units_of_the_target(capsys, fitted):
    price(capsys, fitted)
    status, out, err = run(capsys, "evaluate", fitted / "price.atlas")
    assert (status, err) == (0, "") and "rmse is in units of price" in out
    with Atlas(fitted / "price.atlas") as atlas:
        minima, test = atlas.minima, atlas.problem.test
        lowest = np.argmin(minima.energy)
        known = test.encoder.in_target_units(test.targets)
        said = test.encoder.in_target_units(atlas.landscape.predict(minima.x[lowest], test.inputs)[:, 0])
    assert len(test) == 10 and set(np.round(known, 9)) <= {
        float(line.split(",")[3]) for line in TABLE.split()[1:]
    }
    rmse, r2 = root_mean_squared_error(known, said), r2_score(known, said)
    assert float(cells(out, "test_rmse")[0]) == pytest.approx(rmse, rel=1e-5)
    assert float(cells(out, "test_r2")[0]) == pytest.approx(r2, rel=1e-5)
    assert minima["test_rmse"][lowest] == pytest.approx(rmse, rel=1e-12)
    assert 0 < minima["test_rmse_error"][lowest] < rmse
    (fitted / "moved").mkdir(exist_ok=True)
    moved = fitted / "moved" / "t.csv"
    moved.write_text(TABLE)
    assert run(capsys, "evaluate", fitted / "price.atlas", "--data", moved) == (0, out, "")
    moved.write_text(TABLE.replace("7.5", "3.5"))
    status, _, err = run(capsys, "evaluate", fitted / "price.atlas", "--data", moved)
    assert status == 2 and "price.atlas: its test data have changed since it was explored." in err
    assert len(minima) == 2 and "in test loss" in out and "on the same items" in out


def test_evaluate_lists_the_classes_and_show_lists_them_on_request(capsys, fitted):
    if not (fitted / "kind.atlas").exists():
        fit(capsys, fitted, "kind", "kind.atlas", "--items", 30)
    status, out, err = run(capsys, "evaluate", fitted / "kind.atlas")
    assert (status, err) == (0, "") and "classes on the test data, global minimum" in out
    with Atlas(fitted / "kind.atlas") as atlas:
        minima, test = atlas.minima, atlas.problem.test
        lowest = np.argmin(minima.energy)
        said = np.argmax(atlas.landscape.predict(minima.x[lowest], test.inputs), axis=1)
    table = precision_recall_fscore_support(test.targets, said, zero_division=np.nan)
    for place, name in enumerate(("no", "yes")):
        items, recall, _, precision, *_ = cells(out, name)
        assert int(items) == table[3][place]
        assert float(recall) == pytest.approx(table[1][place], abs=1e-5)
        assert float(precision) == pytest.approx(table[0][place], abs=1e-5)
    assert "recall_yes" not in run(capsys, "show", fitted / "kind.atlas", "--sort", "test_loss", "--csv")[1]
    columns = "test_recall_yes,test_recall_yes_error,test_auc_no"
    status, out, err = run(
        capsys, "show", fitted / "kind.atlas", "--columns", columns, "--sort", "test_recall_yes", "--csv"
    )
    assert status == 0 and out.startswith(f"id,{columns}\n") and out.count("\n") == 1 + len(minima)


OTHERS = (
    "differ from the global minimum in test accuracy by more than 2 standard errors (on the same items)"
)


@pytest.mark.parametrize("differences, sentence", [
    ({"test_accuracy": [0.0]}, ""),
    ({}, ""),
    ({"test_accuracy": [0.0, 0.0]}, "the other minimum has the same test accuracy as the global minimum"),
    ({"test_loss": [0.0, -1.23, 2.0]}, "the 2 other minima differ from the global minimum in test loss "
     "within sampling error only: by at most 2.0 standard errors (on the same items)"),
    ({"test_loss": [9.0, 0.0], "test_accuracy": [-0.5, 0.0]}, "the other minimum differs from the global "
     "minimum in test accuracy within sampling error only: by at most 0.5 standard errors (on the same "
     "items)"),
    ({"test_accuracy": [0.0, 2.1, -3.0, 1.0]}, f"2 of 3 other minima {OTHERS}"),
    ({"test_accuracy": [2.1] + [0.0] * 44}, f"1 of 44 other minima {OTHERS}; about 2 would by chance"),
])  # fmt: skip
def test_what_is_said_of_sampling_error(differences, sentence):
    arrays = {name: np.array(values) for name, values in differences.items()}
    assert within_sampling_error(arrays) == sentence


@pytest.mark.parametrize("arguments, sentence", [
    (["none.atlas", "t.csv"], "none.atlas"),
    (["kind.atlas", "none.csv"], "There is no file"),
    (["kind.atlas", "t.csv", "--minimum", "0"], "There is no minimum 0"),
    (["kind.atlas", "t.csv", "--minimum", "worst"], "--minimum takes best, ensemble or the id"),
    (["kind.atlas", "short.csv"], "short.csv has no column 'b'; needed are a, b."),
])  # fmt: skip
def test_mistakes(capsys, fitted, arguments, sentence):
    if not (fitted / "kind.atlas").exists():
        fit(capsys, fitted, "kind", "kind.atlas", "--items", 30)
    (fitted / "short.csv").write_text("a\n1\n2\n")
    paths = [fitted / name if "." in name else name for name in arguments]
    status, out, err = run(capsys, "predict", *paths)
    assert status == 2 and out == "" and sentence in err and err.count("\n") == 1
