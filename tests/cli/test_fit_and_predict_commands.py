"""`lossatlas fit` and `lossatlas predict`: from a table to predictions for new rows."""

import csv

import numpy as np
import pytest
from command import run

from lossatlas.atlas import Atlas


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


def test_a_number_in_its_units(capsys, fitted):
    status, out, err = fit(capsys, fitted, "price", "price.atlas")
    assert (status, err) == (0, "")
    status, out, err = run(capsys, "predict", fitted / "price.atlas", fitted / "t.csv")
    values = np.array([float(line) for line in out.split()[1:]])
    known = np.array([float(line.split(",")[3]) for line in TABLE.split()[1:]])
    assert status == 0 and out.startswith("price\n") and np.corrcoef(values, known)[0, 1] > 0.95
    rmse = np.sqrt(np.mean((values - known) ** 2))
    assert f"RMSE {rmse:.6g} in units of price, R2 " in err


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
