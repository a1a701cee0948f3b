"""A table of test items is read as the training table was, or refused in one sentence."""

import numpy as np
import pytest

from lossatlas.datasets import digits, load_table, load_test_table


ROWS = {
    "a": [1.0, 2.0, 4.0, 7.0, 3.0, 9.0],
    "colour": ["red", "blue", "red", "green", "blue", "green"],
    "kind": ["no", "yes", "no", "yes", "no", "yes"],
    "mass": [10.0, 20.0, 15.0, 80.0, 30.0, 55.0],
}
NEW = {
    "mass": [12.0, 60.0],
    "kind": ["Yes", "no"],
    "colour": ["green", "red"],
    "a": [5.0, -2.0],
    "z": [0, 0],
}


def test_a_number_in_the_scale_of_the_training_table():
    training = load_table(ROWS, "mass")
    test = load_test_table(NEW, training)
    mass = np.array(ROWS["mass"])
    np.testing.assert_allclose(
        test.targets, (np.array([12.0, 60.0]) - mass.mean()) / mass.std(), rtol=1e-14
    )
    a = np.array(ROWS["a"])
    np.testing.assert_allclose(test.inputs[:, 0], (np.array([5.0, -2.0]) - a.mean()) / a.std(), rtol=1e-14)
    assert test.columns == training.columns and test.encoder is training.encoder
    np.testing.assert_array_equal(test.inputs, training.encoder.inputs(NEW))


def test_classes_are_those_of_the_training_table():
    training = load_table(ROWS, "kind")
    test = load_test_table(NEW, training)
    assert test.classes == ("no", "yes") and test.targets.tolist() == [1, 0]
    one = load_test_table({name: values[:1] for name, values in NEW.items()}, training)
    assert one.targets.tolist() == [1] and one.missing_classes == ("no",)


def test_the_whole_table_read_again_is_the_table():
    for target in ("kind", "mass"):
        training = load_table(ROWS, target)
        again = load_test_table(ROWS, training)
        np.testing.assert_array_equal(again.inputs, training.inputs)
        np.testing.assert_array_equal(again.targets, training.targets)


def test_missing_values_and_weights():
    gaps = {**NEW, "a": [None, 2.0]}
    training = load_table(ROWS, "kind")
    with pytest.raises(ValueError, match="row 1, column a: the value is missing"):
        load_test_table(gaps, training)
    kept = load_test_table(gaps, training, missing="drop")
    assert len(kept) == 1 and "1 rows with missing values dropped" in kept.note
    filled = load_test_table(gaps, load_table(ROWS, "kind", missing="mean"), missing="mean")
    assert filled.inputs[0, 0] == pytest.approx(0.0, abs=1e-15)  # the mean of the training table
    weighted = load_test_table(NEW, load_table(ROWS, "kind", weights="mass"), weights="mass")
    assert weighted.weights.tolist() == [12.0, 60.0]


@pytest.mark.parametrize("changes, target, sentence", [
    ({"kind": None}, "kind", "no column .kind., which test items need; it has mass, colour, a, z"),
    ({"a": None}, "kind", "table has no column 'a'; needed are a, colour, mass"),
    ({"kind": ["yes", "maybe"]}, "kind", "row 2, column kind has the class .maybe.; there is no, yes"),
    ({"colour": ["red", "mauve"]}, "kind", "row 2, column colour: 'mauve' is none of the words"),
    ({"a": ["1", "much"]}, "mass", "row 2, column a: 'much' is not a number"),
    ({"mass": [1.0, None]}, "mass", "row 2, column mass: the value is missing"),
])  # fmt: skip
def test_a_table_that_does_not_fit(changes, target, sentence):
    table = {name: values for name, values in (NEW | changes).items() if values is not None}
    with pytest.raises(ValueError, match=sentence):
        load_test_table(table, load_table(ROWS, target))


def test_training_data_of_no_table_cannot_read_one():
    with pytest.raises(ValueError, match="`training` must have an encoder, as tables have; digits takes"):
        load_test_table(NEW, digits())
