"""The noun itself: what fits, parts for training and testing, mislabelling."""

import dataclasses

import numpy as np
import pytest
import scipy.stats

from lossatlas.datasets import DataSet, iris, load_table, regression


def made(items=40, kinds=4, **changes):
    """A small set; item i has the inputs (i, i^2) and the class i mod kinds."""
    i = np.arange(items)
    fields = {
        "name": "made",
        "inputs": np.stack([1.0 * i, 1.0 * i * i], axis=1),
        "targets": i % kinds,
        "classes": tuple("abcdefgh"[:kinds]),
        "columns": ("i", "square"),
        "target": "kind",
        "source": "",
    }
    return DataSet(**(fields | changes))


def number(items=40, **changes):
    return made(items, **({"targets": np.sqrt(np.arange(items)), "classes": None} | changes))


# What it is.


def test_says_what_it_is():
    assert str(made(10)) == "made: 10 items, 2 inputs, predicting 4 classes of kind (a, b, c, d)"
    assert str(number(10, note="in kelvin", source="a friend")) == (
        "made: 10 items, 2 inputs, predicting kind, a number; in kelvin. Source: a friend"
    )
    assert "2 inputs (standardised), " in str(made(standardised=True))
    assert "; 5 of the items mislabelled" in str(made(10).mislabel(0.5))
    many = made(targets=np.full(40, 29), classes=tuple(map(str, range(30))))
    assert "30 classes of kind (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...)" in str(many)


def test_says_which_classes_no_item_has():
    training, test = made(8, targets=np.repeat([0, 1, 2, 3], 2)).split(6)
    assert training.missing_classes == ("d",) and test.missing_classes == ("a", "b", "c")
    assert "(a, b, c, d); no item of class d; training part" in str(training)
    assert "no item of classes a, b, c; " in str(test)
    assert made().missing_classes == number().missing_classes == ()


def test_loss():
    assert (made().loss, number().loss) == ("cross_entropy", "squared_error")


@pytest.mark.parametrize(
    "rows", [slice(3, 7), np.array([3, 4, 5, 6]), np.isin(np.arange(40), [3, 4, 5, 6])]
)
def test_rows(rows):
    data = made().mislabel(1.0)[rows]
    assert len(data) == 4
    np.testing.assert_array_equal(data.inputs[:, 0], [3, 4, 5, 6])
    np.testing.assert_array_equal(data.clean_targets, [3, 0, 1, 2])
    assert data.mislabelled.all()


@pytest.mark.parametrize("changes, sentence", [
    ({"inputs": np.zeros(40)}, r"`inputs` must have shape .items, 2. .* got .40,."),
    ({"inputs": np.zeros((40, 3))}, r"`inputs` must have shape .items, 2. .* got .40, 3."),
    ({"targets": np.zeros(39, int)}, "`targets` must have 40 items like `inputs`, got .39,."),
    ({"targets": np.zeros((40, 1), int)}, r"one name for targets of shape \(items,\), or a name for each"),
    ({"clean_targets": np.zeros(39, int)}, "`clean_targets` must have 40 items"),
    ({"inputs": np.full((40, 2), np.nan)}, "`inputs` holds values that are not finite numbers"),
    ({"inputs": np.full((40, 2), "a")}, "`inputs` holds values that are not finite numbers"),
    ({"targets": np.full(40, np.inf), "classes": None}, "`targets` holds values that are not finite"),
    ({"targets": np.zeros(40)}, "class numbers must be whole numbers, got float64"),
    ({"targets": np.arange(40)}, "class numbers must be 0 to 3, but item 4 has 4"),
    ({"targets": np.arange(40) - 1}, "class numbers must be 0 to 3, but item 0 has -1"),
    ({"clean_targets": np.full(40, 7)}, "class numbers must be 0 to 3, but item 0 has 7"),
    ({"clean_targets": np.zeros(40, int), "classes": None}, "a number to predict has no `clean_targets`"),
])  # fmt: skip
def test_refused(changes, sentence):
    with pytest.raises(ValueError, match=f"^made: .*{sentence}"):
        made(**changes)


# Parts.


@pytest.mark.parametrize("training, count", [
    (1, 1), (39, 39), (np.int32(7), 7), (0.5, 20), (0.25, 10), (0.02, 1), (0.98, 39), (np.float64(0.1), 4),
])  # fmt: skip
def test_parts_in_order(training, count):
    data = made()
    first, rest = data.split(training)
    np.testing.assert_array_equal(first.inputs, data.inputs[:count])
    np.testing.assert_array_equal(rest.inputs, data.inputs[count:])
    np.testing.assert_array_equal(np.concatenate([first.targets, rest.targets]), data.targets)
    assert f"training part, {count} of 40 items" in first.note
    assert f"test part, {40 - count} of 40 items" in rest.note
    assert first.name == rest.name == "made" and first.classes == data.classes


def test_shuffled_parts():
    data = made()
    order = np.random.default_rng(3).permutation(40)
    first, rest = data.split(0.5, seed=3)
    np.testing.assert_array_equal(first.inputs, data.inputs[order[:20]])
    np.testing.assert_array_equal(rest.targets, data.targets[order[20:]])
    assert "shuffled with seed 3" in first.note and "shuffled with seed 3" in rest.note
    assert not np.array_equal(data.split(0.5, seed=4)[0].inputs, first.inputs)
    assert set(data.inputs[:, 0]) == set(np.concatenate([first.inputs, rest.inputs])[:, 0])


@pytest.mark.parametrize("training, seed", [(100, None), (0.5, 0), (0.9, 1)])
@pytest.mark.parametrize("make", [iris, lambda: regression("yacht")])
def test_the_training_part_measures(make, training, seed):
    data = make()
    first, rest = data.split(training, seed=seed)
    np.testing.assert_allclose(first.inputs.mean(axis=0), 0.0, atol=1e-13)
    np.testing.assert_allclose(first.inputs.std(axis=0), 1.0, rtol=1e-13)
    assert first.standardised and rest.standardised
    order = np.arange(len(data)) if seed is None else np.random.default_rng(seed).permutation(len(data))
    known = data.inputs[order]
    mean, spread = known[: len(first)].mean(axis=0), known[: len(first)].std(axis=0)
    for part, rows in ((first, slice(len(first))), (rest, slice(len(first), None))):
        np.testing.assert_allclose(part.inputs * spread + mean, known[rows], atol=1e-12)
    targets = data.targets[order]
    if data.classes is None:
        assert abs(first.targets.mean()) < 1e-13 and abs(first.targets.std() - 1) < 1e-13
        mean, spread = targets[: len(first)].mean(), targets[: len(first)].std()
        np.testing.assert_allclose(rest.targets * spread + mean, targets[len(first) :], atol=1e-12)
    else:
        np.testing.assert_array_equal(rest.targets, targets[len(first) :])


def test_scale_of_other_data_stays():
    first, rest = number().split(10)
    np.testing.assert_array_equal(rest.inputs, number().inputs[10:])
    np.testing.assert_array_equal(rest.targets, number().targets[10:])


def test_columns_constant_in_the_training_part_are_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,c,y\n" + "".join(f"{i},{0.1 + (i > 7)},5,{i}.5\n" for i in range(10)))
    data = load_table(path, "y")
    assert data.columns == ("a", "b") and data.note == "left out, constant: c"
    for part in data.split(5):
        assert part.columns == ("a",) and part.inputs.shape == (5, 1)
        assert "left out, constant: c; left out, constant in the training part: b" in part.note
    assert data.split(9)[1].columns == ("a", "b")


@pytest.mark.parametrize("make, training, sentence", [
    (made, 0, "`training` = 0 of 40 items leaves no training items."),
    (made, -3, "leaves no training items"),
    (made, 0.0, "leaves no training items"),
    (made, 0.01, "leaves no training items"),
    (made, 40, "`training` = 40 of 40 items leaves no test items."),
    (made, 41, "leaves no test items"),
    (made, 1.0, "leaves no test items"),
    (made, 1.5, "`training` as a fraction must be 0 to 1, got 1.5."),
    (made, -0.1, "must be 0 to 1"),
    (made, np.nan, "must be 0 to 1"),
    (made, "half", "`training` must be a number of items or a fraction of them, got 'half'."),
    (made, None, "`training` must be a number"),
    (made, True, "`training` must be a number"),
    (lambda: made().mislabel(0.1), 0.5, "mislabelled already: split it first, test data stay clean."),
    (lambda: made(standardised=True), 1, "Every input of made is constant in the training part of 1 it"),
    (lambda: number(standardised=True, targets=np.arange(40.0) // 20), 20, "kind of made is constant"),
])  # fmt: skip
def test_no_such_parts(make, training, sentence):
    with pytest.raises(ValueError, match=sentence):
        make().split(training)


@pytest.mark.parametrize("seed", [-1, 1.0, True, "0"])
def test_no_such_seed(seed):
    for call in (lambda: made().split(0.5, seed=seed), lambda: made().mislabel(0.5, seed=seed)):
        with pytest.raises(ValueError, match="`seed` must be a whole number of at least 0, got"):
            call()


# Mislabelling.


@pytest.mark.parametrize("items", [1, 7, 40])
@pytest.mark.parametrize("fraction", [0, 0.1, 0.25, 1 / 3, 0.5, 0.99, 1])
def test_exactly_as_many(items, fraction):
    data = made(items)
    wrong = data.mislabel(fraction)
    assert wrong.mislabelled.sum() == round(fraction * items)
    np.testing.assert_array_equal(wrong.clean_targets, data.targets)
    np.testing.assert_array_equal(wrong.targets[~wrong.mislabelled], data.targets[~wrong.mislabelled])
    np.testing.assert_array_equal(wrong.inputs, data.inputs)
    np.testing.assert_array_equal(data.targets, made(items).targets)  # the clean data are as they were
    assert data.clean_targets is None and not data.mislabelled.any()


@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_nested(kind):
    data = made(400, targets=(np.arange(400) % 4).astype(kind))
    small, large = data.mislabel(0.1, seed=5), data.mislabel(0.5, seed=5)
    assert np.all(large.mislabelled[small.mislabelled])
    np.testing.assert_array_equal(large.targets[small.mislabelled], small.targets[small.mislabelled])
    assert small.targets.dtype == kind
    np.testing.assert_array_equal(data.mislabel(0.5, seed=5).targets, large.targets)
    assert not np.array_equal(data.mislabel(0.5, seed=6).mislabelled, large.mislabelled)


@pytest.mark.parametrize("classes", [2, 4, 8])
def test_uniform_among_the_others(classes):
    data = made(48_000, classes)
    wrong = data.mislabel(0.5, seed=1)
    chosen = wrong.mislabelled
    pairs = np.zeros((classes, classes))
    np.add.at(pairs, (wrong.clean_targets[chosen], wrong.targets[chosen]), 1)
    assert np.all(np.diag(pairs) == 0)
    others = pairs[~np.eye(classes, dtype=bool)]
    assert scipy.stats.chisquare(others).pvalue > 1e-3
    # Items are chosen at random, whatever their place: ten blocks hold the same share.
    assert scipy.stats.chisquare(chosen.reshape(10, -1).sum(axis=1)).pvalue > 1e-3


@pytest.mark.parametrize("make, fraction, sentence", [
    (number, 0.5, "made has a number to predict; only classes can be mislabelled."),
    (lambda: made(kinds=1), 0.5, "made has one class only"),
    (lambda: made().mislabel(0.1), 0.5, "made is mislabelled already; start from the clean data."),
    (made, -0.1, "`fraction` must be a number from 0 to 1, got -0.1."),
    (made, 10, "`fraction` must be a number from 0 to 1, got 10."),
    (made, np.nan, "`fraction` must be"),
    (made, "10 %", "`fraction` must be"),
    (made, True, "`fraction` must be"),
])  # fmt: skip
def test_no_such_mislabelling(make, fraction, sentence):
    with pytest.raises(ValueError, match=sentence):
        make().mislabel(fraction)


def test_nothing_mislabelled_is_clean():
    none = made().mislabel(0.0)
    assert none.clean_targets is not None and none.mislabel(0.5).mislabelled.sum() == 20
    assert len(none.split(0.5)[0]) == 20
    assert dataclasses.replace(none, clean_targets=None).mislabelled.shape == (40,)
