"""Reading a user's table: what is recognised, and what is refused with row and column."""

import dataclasses

import numpy as np
import pytest

from lossatlas.datasets import DataSet, iris, load_table


def write(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def test_iris():
    data = iris()
    assert data.inputs.shape == (150, 4)
    assert data.classes == ("setosa", "versicolor", "virginica")
    assert np.bincount(data.targets).tolist() == [50, 50, 50]
    np.testing.assert_allclose(data.inputs.mean(axis=0), 0.0, atol=1e-14)
    np.testing.assert_allclose(data.inputs.std(axis=0), 1.0, rtol=1e-14)
    assert data.loss == "cross_entropy"
    assert "150 items, 4 inputs" in str(data)
    assert isinstance(data, DataSet) and data.standardised and data.source.startswith("Fisher")


def test_number_to_predict(tmp_path):
    data = load_table(write(tmp_path, "a,y\n1,0.5\n2,1.5\n4,2.25\n"), "y")
    assert data.classes is None
    assert data.loss == "squared_error"
    assert abs(data.targets.mean()) < 1e-15
    assert abs(data.targets.std() - 1) < 1e-15 and data.standardised
    assert str(data) == "t: 3 items, 1 inputs (standardised), predicting y, a number. Source: t.csv"


@pytest.mark.parametrize("values, task, classes", [
    ("1 2 1", "auto", ("1", "2")),
    ("10 9 10", "auto", ("9", "10")),
    ("b a b", "auto", ("a", "b")),
    ("0.5 1.5 0.5", "classes", ("0.5", "1.5")),
    ("1 2 1", "number", None),
])  # fmt: skip
def test_recognition(tmp_path, values, task, classes):
    rows = "".join(f"{i * i},{value}\n" for i, value in enumerate(values.split()))
    assert load_table(write(tmp_path, "a,y\n" + rows), "y", task=task).classes == classes


LABELS = {
    "equal numbers": ("0 0.0 1 1.0 +1 1e0 01 -0", "0 0 1 1 1 1 1 0", ("0", "1"), "-0, 0.0 as 0"),
    "halves": (".5 0.50 5e-1 1.5", "0 0 0 1", (".5", "1.5"), "0.50, 5e-1 as .5"),
    "numbers among words": ("1 1.0 a a", "0 0 1 1", ("1", "a"), "1.0 as 1"),
    "truth": ("True true FALSE false TRUE", "1 1 0 0 1", ("FALSE", "TRUE"), "false as FALSE"),
    "yes": ("Yes yes No no", "1 1 0 0", ("No", "Yes"), "no as No"),
    "quotes": ("'a' a 'b' ‘b’", "0 0 1 1", ("a", "b"), ""),
    "underscores are no digits": ("1_0 10 1_0 10", "1 0 1 0", ("10", "1_0"), ""),
    "long numbers": ("9007199254740993 9007199254740992 " * 2, "1 0 1 0", None, ""),
    "words in another case": ("A a A a", "0 1 0 1", ("A", "a"), "only their case differs: A and a"),
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_one_value_are_one_class_and_it_is_said(tmp_path, name):
    texts, targets, classes, said = LABELS[name]
    rows = "".join(f"{i * i},{text}\n" for i, text in enumerate(texts.split()))
    data = load_table(write(tmp_path, "a,y\n" + rows), "y", task="classes")
    assert data.targets.tolist() == [int(number) for number in targets.split()]
    assert classes in (None, data.classes)
    assert said in data.note and bool(said) == bool(data.note)
    assert data.note in str(data)


def test_white_space_and_quotes_around_labels_do_not_count(tmp_path):
    text = 'a,y\n1,b  c\n2, b c\n3,"b\tc "\n4, "d"\n5,d\n6,"e\u0301"\n7,\u00e9\n'
    data = load_table(write(tmp_path, text), "y")
    assert data.classes == ("b c", "d", "\u00e9") and data.targets.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert data.note == ""


def test_many_groups_of_joined_labels_are_counted(tmp_path):
    rows = "".join(f"{i * i},{i % 9}{'.0' * (i % 2)}\n" for i in range(36))
    data = load_table(write(tmp_path, "a,y\n" + rows), "y")
    assert len(data.classes) == 9
    assert data.note.endswith("3.0 as 3, 4.0 as 4 and 4 more alike")


def test_many_whole_numbers_are_a_number(tmp_path):
    rows = "".join(f"{i},{2 * i}\n" for i in range(40))
    assert load_table(write(tmp_path, "a,y\n" + rows), "y").classes is None


@pytest.mark.parametrize("text, sentence", [
    ("a,b,y\n1,2,0\n3,NA,1\n", "row 3, column b: the value is missing"),
    ("a,y\n1,0\n\n,1\n", "row 4, column a: the value is missing"),
    ("a,y\n1,0\n2,\n", "row 3, column y: the value is missing"),
    ("a,y\n1,0\ninf,1\n", "row 3, column a: inf is not finite"),
    ("a,y\n1,0\nred,1\n", "row 3, column a: 'red' is not a number"),
    ("a,y\n1,0\n2\n", "row 3: 1 value for 2 columns"),
    ("a,y\n1,0\n", "at least two rows"),
    ("", "header line"),
    ("y\n1\n2\n", "no column besides"),
    ("a,y\n1,0\n1,1\n", "constant"),
    ("a,y\n1,x\n2,x\n", "one class only"),
    ("a,y,y\n1,x,x\n2,z,x\n", "several columns named"),
    ("a,a,y\n1,2,x\n2,3,z\n", "several columns named 'a'"),
    ("a,y\n1e200,0\n-1e200,1\n", "column a: the numbers are too large"),
    ("a,y\n1,1e200\n2,-1e200\n3,0.5\n", "column y: the numbers are too large"),
    ("a,y\n1_0,0\n2,1\n", "'1_0' is not a number"),
    ("a,y\n1,0\n2,'NA'\n", "row 3, column y: the value is missing"),
    ("a,y\n1,0.5\n2,inf\n3,1.5\n", "row 3, column y: inf is not finite"),
    ("a,y\n1,1\n2,1.0\n3,+1\n", "one class only, '1'"),
    ("a,y\n1,p\n2,q\n3,r\n4,s\n", "4 classes for 4 items"),
])  # fmt: skip
def test_refused(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_table(write(tmp_path, text), "y")


def test_a_column_of_tiny_numbers_is_not_constant(tmp_path):
    """Their squares are zero in floating point."""
    tiny = load_table(write(tmp_path, "a,b,y\n1e-300,1,0\n-1e-300,2,1\n0,3,0.5\n"), "y")
    plain = load_table(write(tmp_path, "a,b,y\n1,1,0\n-1,2,1\n0,3,0.5\n"), "y")
    np.testing.assert_allclose(tiny.inputs, plain.inputs, rtol=1e-15)
    assert tiny.columns == ("a", "b")


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(ValueError, match=rf"^{tmp_path} cannot be read: Is a directory\.$"):
        load_table(tmp_path, "y")


def test_constant_number(tmp_path):
    with pytest.raises(ValueError, match="Column y of t.csv is constant; there is nothing to predict."):
        load_table(write(tmp_path, "a,y\n1,0.1\n2,0.1\n3,0.1\n"), "y", task="number")


def test_missing_file_and_bad_task(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        load_table(tmp_path / "none.csv", "y")
    with pytest.raises(ValueError, match="`task` must be"):
        load_table(write(tmp_path, "a,y\n1,0\n2,1\n"), "y", task="guess")


@pytest.mark.parametrize("weights, sentence", [
    ("none", "`weights` must name a column of t.csv besides 'y' and at least one input, got 'none'"),
    ("y", "besides 'y'"),
    ("low", "t.csv, row 3, column low: the weight -1 is negative"),
    ("zero", "Every weight in column zero of t.csv is zero"),
    ("text", "t.csv, row 2, column text: 'p' is not a number"),
])  # fmt: skip
def test_columns_that_are_no_weights(tmp_path, weights, sentence):
    header = "a,y,low,zero" + (",text" if weights == "text" else "")
    rows = ["1,0.5,1,0", "2,0.1,-1,0", "3,0.7,2,0"]
    table = "\n".join([header, *(f"{row},p" if weights == "text" else row for row in rows)])
    with pytest.raises(ValueError, match=sentence):
        load_table(write(tmp_path, table), "y", weights=weights)


def test_weights_are_no_input(tmp_path):
    data = load_table(write(tmp_path, "a,y,n\n1,0.5,3\n2,0.1,0\n3,0.7,1"), "y", weights="n")
    assert data.columns == ("a",) and data.weights.tolist() == [3, 0, 1]
    assert data[1:].weights.tolist() == [0, 1] and "rows weighted by n" in str(data)
    assert load_table(write(tmp_path, "a,y,n\n1,0.5,3\n2,0.1,0\n3,0.7,1"), "y").weights is None
    with pytest.raises(ValueError, match="`weights` must not be negative, but item 2 has -1"):
        dataclasses.replace(data, weights=np.array([1.0, 2.0, -1.0]))
