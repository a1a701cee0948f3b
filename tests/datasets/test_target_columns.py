"""Several columns to predict: read from any table, standardised one by one, or refused in one sentence."""

import json

import numpy as np
import pytest

from lossatlas.datasets import DataSet, Encoder, load_table, load_test_table


RNG = np.random.default_rng(0)
ROWS = {
    "a": RNG.normal(size=30),
    "b": RNG.normal(size=30),
    "kind": RNG.choice(["no", "yes"], 30).tolist(),
    "few": RNG.integers(0, 4, 30),
    "mass": 100.0 + 20.0 * RNG.normal(size=30),
    "width": 0.01 * RNG.normal(size=30) - 3.0,
}
NAMES = ("width", "mass")
KNOWN = np.column_stack([ROWS[name] for name in NAMES])


def standardised(values, training=None):
    training = values if training is None else training
    return (values - training.mean(axis=0)) / training.std(axis=0)


def test_each_target_is_standardised_and_comes_back_in_its_units(tmp_path):
    data = load_table(ROWS, NAMES)
    assert data.target == data.target_names == NAMES
    assert data.classes is None and data.loss == "squared_error"
    assert data.columns == ("a", "b", "kind=yes", "few") and data.missing_classes == ()
    assert "30 items, 4 inputs (standardised), predicting 2 numbers (width, mass)" in str(data)
    np.testing.assert_allclose(data.targets, standardised(KNOWN), rtol=0, atol=1e-13)
    for encoder in (data.encoder, Encoder.from_dict(json.loads(json.dumps(data.encoder.to_dict())))):
        np.testing.assert_allclose(encoder.in_target_units(data.targets), KNOWN, rtol=1e-14)
    path = tmp_path / "t.csv"
    lines = [",".join(map(str, row)) for row in zip(*ROWS.values())]
    path.write_text("\n".join([",".join(ROWS), *lines]))
    np.testing.assert_array_equal(load_table(path, ["width", "mass"]).targets, data.targets)
    # Few different whole numbers look like classes, so it must be said that they are none.
    counts = load_table(ROWS, ["few", "mass"], task="number")
    np.testing.assert_allclose(counts.targets[:, 0], standardised(ROWS["few"]), atol=1e-14)
    one = load_table(ROWS, ["mass"])
    assert one.target == "mass" and one.target_names == ("mass",) and one.targets.shape == (30,)
    np.testing.assert_array_equal(one.targets, load_table(ROWS, "mass").targets)
    assert isinstance(one.encoder.target_shift, float) and isinstance(one.encoder.target_scale, float)


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_data_frames_have_several_targets(package):
    module = pytest.importorskip(package)
    frame = module.table(ROWS) if package == "pyarrow" else module.DataFrame(ROWS)
    np.testing.assert_array_equal(load_table(frame, NAMES).targets, load_table(ROWS, NAMES).targets)


def test_every_part_has_all_targets_in_the_scale_of_the_training_part():
    data = load_table(ROWS, NAMES)
    training, test = data.split(20)
    np.testing.assert_allclose(training.targets, standardised(KNOWN[:20]), atol=1e-12)
    np.testing.assert_allclose(test.targets, standardised(KNOWN[20:], KNOWN[:20]), atol=1e-12)
    first, held, rest = training.hold_out(0.3, seed=1, test=test)
    np.testing.assert_allclose(first.targets, standardised(first.targets), atol=1e-12)
    inner, fold, last = data.fold(1, 3, test=load_test_table(ROWS, data))
    for parts in ((first, held, rest), (inner, fold, last)):
        back = [part.encoder.in_target_units(part.targets) for part in parts]
        assert all(part.target == NAMES for part in parts)
        for known in back:
            rows = [np.flatnonzero(np.isclose(ROWS["mass"], mass))[0] for mass in known[:, 1]]
            np.testing.assert_allclose(known, KNOWN[rows], rtol=1e-13)
    assert [len(part) for part in (first, held, rest, inner, fold, last)] == [14, 6, 10, 20, 10, 30]
    weighted = load_table(ROWS, NAMES, weights="few")
    assert weighted.columns == ("a", "b", "kind=yes") and weighted[[1, 5]].targets.shape == (2, 2)
    gaps = ROWS | {"width": [None, *ROWS["width"][1:]]}
    assert load_table(gaps, NAMES, missing="drop").targets.shape == (29, 2)
    with pytest.raises(ValueError, match="row 1, column width: the value is missing"):
        load_test_table(gaps, data)
    flat = DataSet("d", ROWS["a"][:, None], np.column_stack([ROWS["b"], np.arange(30) < 5]) * 1.0, None,
                   ("a",), ["b", "late"], "", standardised=True)  # fmt: skip
    with pytest.raises(ValueError, match="late of d is constant in the training part of 5 items"):
        flat.split(5)


RULE = "several targets must be numbers, and classes are predicted for one target only"


@pytest.mark.parametrize("target, task, sentence", [
    (["mass", "mass"], "auto", "`target` names column 'mass' twice; each target is given once."),
    (["mass", "widht"], "auto", "table has no column 'widht'; it has a, b, .*did you mean width?"),
    (["mass", "kind"], "auto", f"row 1, column kind: '(yes|no)' is not a number, but {RULE}."),
    (["mass", "kind"], "number", f"row 1, column kind: '(yes|no)' is not a number, but {RULE}."),
    (["mass", "width"], "classes", f"`task` is classes for the targets mass, width, but {RULE}."),
    (["mass", "few"], "auto", f"Column few of table holds 4 different whole .*, but {RULE}; if they"),
    ([], "auto", r"`target` must be the name of a column, or a list of names, got \[\]."),
    (3, "auto", "`target` must be the name of a column, or a list of names, got 3."),
    (["mass", 3], "auto", "`target` must be the name of a column, or a list of names, got"),
    (list(ROWS), "number", "table has no column besides 'a' and .* to predict from."),
])  # fmt: skip
def test_refused(target, task, sentence):
    with pytest.raises(ValueError, match=f"^(table, )?{sentence}") as caught:
        load_table(ROWS, target, task=task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes, sentence", [
    ({"target": "y"}, "one name for targets of shape .items,., or a name for each .* got 'y' for .*30, 2"),
    ({"target": ("y", "y")}, "every target needs a name of its own, got y, y."),
    ({"target": (1, 2)}, "or a name for each of several columns of targets; got .1, 2. for targets"),
    ({"target": ("x", "y", "z")}, "a name for each of several columns of targets"),
    ({"classes": ("no", "yes"), "targets": np.zeros((30, 2), int)}, "several targets must be numbers;"),
    ({"targets": np.full((30, 2), np.nan)}, "`targets` holds values that are not finite"),
    ({"targets": KNOWN[1:]}, "`targets` must have 30 items like `inputs`"),
])  # fmt: skip
def test_data_sets_that_do_not_fit(changes, sentence):
    fields = {"inputs": KNOWN, "targets": KNOWN, "classes": None, "target": NAMES} | changes
    with pytest.raises(ValueError, match=f"^made: .*{sentence}"):
        DataSet("made", columns=("p", "q"), source="", **fields)
