"""Which items go to which part: shares of classes, folds, and a test part that nothing is fitted to."""

import dataclasses
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossatlas.datasets import DataSet, iris, load_table, regression


def labelled(counts):
    """A set with so many items of each class, whose input is the number of the item."""
    targets = np.repeat(np.arange(len(counts)), counts)
    names = tuple(map(str, range(len(counts))))
    return DataSet("made", np.arange(1.0 * len(targets))[:, None], targets, names, ("i",), "kind", "")


def counts_of(data):
    return np.bincount(data.targets, minlength=len(data.classes))


def items_of(*parts):
    return sorted(np.concatenate([part.inputs[:, 0] for part in parts]))


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.floats(0.05, 0.5),
    st.integers(0, 3),
)
def test_both_parts_have_the_classes_in_the_proportions_of_the_whole(counts, fraction, seed):
    data = labelled(counts)
    rest = max(1, round(fraction * len(data)))
    if rest > np.sum(np.array(counts) - 1):
        return
    training, test = data.split(len(data) - rest, seed=seed, stratified=True)
    assert items_of(training, test) == list(range(len(data))) and len(test) == rest
    assert counts_of(training).min() >= 1
    wanted = np.array(counts) * rest / len(data)
    more = np.sum(np.maximum(wanted - (np.array(counts) - 1), 0))  # what single items leave to the others
    assert np.abs(counts_of(test) - wanted).max() < 1 + more


@given(st.lists(st.integers(1, 9), min_size=2, max_size=4), st.integers(2, 5), st.integers(0, 3))
def test_every_item_is_in_one_fold_and_folds_differ_by_one_item(counts, folds, seed):
    data = labelled(counts)
    if folds > len(data):
        return
    held = [data.fold(k, folds, seed=seed)[1] for k in range(folds)]
    assert items_of(*held) == list(range(len(data)))
    sizes = np.array([counts_of(part) for part in held])
    assert np.ptp(sizes, axis=0).max() <= 1 and np.ptp(sizes.sum(axis=1)) <= 1
    training, validation, test = data.fold(0, folds, seed=seed, test=data)
    assert items_of(training, validation) == list(range(len(data))) and len(test) == len(data)


def test_a_fold_is_in_the_scale_of_the_others():
    training, validation, test = iris().fold(1, 5, seed=2, test=iris()[:7])
    assert (len(training), len(validation), len(test)) == (120, 30, 7)
    np.testing.assert_array_equal(counts_of(validation), [10, 10, 10])
    np.testing.assert_allclose(training.inputs.mean(axis=0), 0, atol=1e-13)
    assert training.encoder is validation.encoder is test.encoder
    assert "validation part, 30 of 150 items, fold 1 of 5, seed 2" in validation.note


def test_the_order_without_classes_is_that_of_the_seed():
    data = regression("yacht")
    for stratified in (False, True):
        training, test = data.split(200, seed=1, stratified=stratified)
        order = np.random.default_rng(1).permutation(len(data))
        np.testing.assert_allclose(
            test.encoder.in_target_units(test.targets),
            data.encoder.in_target_units(data.targets[order[200:]]),
            rtol=1e-12,
        )


@pytest.mark.parametrize("call, sentence", [
    (lambda d: d.fold(5, 5), "`fold` must be 0 to 4 for 5 folds, got 5"),
    (lambda d: d.fold(-1, 5), "`fold` must be a whole number of at least 0"),
    (lambda d: d.fold(0, 1), "`folds` must be a whole number of at least 2, got 1"),
    (lambda d: d.fold(0, 151), "`folds` must be at most the number of items, 150, got 151"),
    (lambda d: d.mislabel(0.1).fold(0, 5), "mislabelled already: split it first"),
    (lambda d: d.split(100, stratified="yes"), "`stratified` must be True or False, got 'yes'"),
])  # fmt: skip
@pytest.mark.wrong_shapes
def test_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(iris())


# Nothing of the test part goes into what the training part measures.


def gappy(items=30):
    """A table with gaps in a column of numbers and in one of words."""
    rng = np.random.default_rng(0)
    a = [None if i % 4 == 0 else float(v) for i, v in enumerate(rng.normal(5, 2, items))]
    b = [None if i % 7 == 0 else "xyy"[i % 3] if i < items // 2 else "x" for i in range(items)]
    return {"a": a, "b": b, "y": rng.normal(size=items).tolist()}


def test_missing_values_are_filled_in_by_the_training_part():
    table = gappy()
    training, test = load_table(table, "y", missing="mean").split(15)
    known = [v for v in table["a"][:15] if v is not None]
    number, word = training.encoder.columns
    assert number.fill == pytest.approx(statistics.mean(known), rel=1e-14)
    assert word.fill == "y"  # of the whole table it is x
    rows = {name: values[15:] for name, values in table.items()}
    np.testing.assert_allclose(test.inputs, test.encoder.inputs(rows), rtol=0, atol=1e-12)
    assert test.encoder is training.encoder
    np.testing.assert_allclose(training.inputs.mean(axis=0), 0, atol=1e-13)


@pytest.mark.parametrize("missing", ["refuse", "mean"])
def test_no_number_of_the_training_part_depends_on_the_test_part(missing):
    table = gappy() if missing == "mean" else {k: v[1:4] * 10 for k, v in gappy().items()}
    other = {name: list(values) for name, values in table.items()}
    for row in range(15, 30):
        other["a"][row] = 1e6 * (row - 20)
        other["y"][row] = -3.0 * row
    parts = [load_table(rows, "y", missing=missing).split(15) for rows in (table, other)]
    (first, _), (second, changed) = parts
    np.testing.assert_allclose(second.inputs, first.inputs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(second.targets, first.targets, rtol=0, atol=1e-12)
    assert np.abs(changed.inputs).max() > 1e5
    assert dataclasses.asdict(second.encoder.columns[0]) == pytest.approx(
        dataclasses.asdict(first.encoder.columns[0])
    )
