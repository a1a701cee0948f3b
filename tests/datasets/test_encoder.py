"""Raw rows become the inputs that a model was trained on, whatever the table came as."""

import json

import numpy as np
import pytest

from lossatlas.datasets import Encoder, iris, load_table, project, regression


TEXT = """id;colour;size;open;sort
1;red;1,5;yes;a
2;green;2,25;no;b
3;blue;0,5;no;a
4;red;4;yes;b
5;green;2;yes;a
6;red;1;no;b
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    return path


def encoded(size):
    """What colour, size and open are as numbers."""
    colour = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]])
    return np.column_stack([colour, size, [1, 0, 0, 1, 1, 0]])


def test_semicolons_decimal_commas_an_index_and_words_are_recognised_and_said(table):
    data = load_table(table, "sort")
    assert data.columns == ("colour=blue", "colour=green", "colour=red", "size", "open=yes")
    known = encoded([1.5, 2.25, 0.5, 4, 2, 1])
    np.testing.assert_allclose(data.inputs, (known - known.mean(0)) / known.std(0), atol=1e-15)
    assert data.note == (
        "values separated by semicolons, decimal commas; left out, a column that numbers the rows: id; "
        "words as 0 or 1: colour, open"
    )


def test_further_rows_become_inputs_of_the_same_scale(table, tmp_path):
    data = load_table(table, "sort")
    again = tmp_path / "new.csv"
    again.write_text("size,open,other,colour\n0.5,NO,7,blue\n1,no,8,'red'\n")
    np.testing.assert_array_equal(data.encoder.inputs(again), data.inputs[[2, 5]])
    rows = [{"colour": "blue", "size": 0.5, "open": False}, {"colour": "red", "size": 1, "open": False}]
    with pytest.raises(ValueError, match="row 1, column open: 'false' is none of the words .*no, yes"):
        data.encoder.inputs(rows)
    rows = [{**row, "open": "no"} for row in rows]
    np.testing.assert_array_equal(data.encoder.inputs(rows), data.inputs[[2, 5]])
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    np.testing.assert_array_equal(data.encoder.inputs(columns), data.inputs[[2, 5]])


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_data_frames_are_tables(table, package):
    module = pytest.importorskip(package)
    columns = {
        "colour": ["red", "green", "blue", "red", "green", "red"],
        "size": [1.5, 2.25, 0.5, 4, 2, 1],
        "open": [True, False, False, True, True, False],
        "sort": ["a", "b", "a", "b", "a", "b"],
    }
    frame = module.table(columns) if package == "pyarrow" else module.DataFrame(columns)
    data = load_table(frame, "sort")
    assert data.columns[-1] == "open=true" and data.name == "table"
    np.testing.assert_array_equal(data.inputs, load_table(table, "sort").inputs)
    np.testing.assert_array_equal(data.encoder.inputs(frame), data.inputs)


def test_missing_values_are_refused_dropped_or_filled_in(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("a,b,y\n1,x,1.5\n2,,2\n,x,2.5\n6,z,1\n3,x,\n")
    with pytest.raises(ValueError, match="gaps.csv, row 6, column y: the value is missing"):
        load_table(path, "y")
    dropped = load_table(path, "y", missing="drop")
    assert len(dropped) == 2 and "3 rows with missing values dropped" in dropped.note
    with pytest.raises(ValueError, match="row 6, column y: the value is missing"):
        load_table(path, "y", missing="mean")
    path.write_text("a,b,y\n1,x,1.5\n2,,2\n,x,2.5\n6,z,1\n")
    filled = load_table(path, "y", missing="mean")
    assert len(filled) == 4 and filled.note == "missing values filled in: a, b; words as 0 or 1: b"
    raw = np.column_stack([[1, 2, 3, 6], [0, 0, 0, 1]])
    np.testing.assert_allclose(filled.inputs, (raw - raw.mean(0)) / raw.std(0), atol=1e-15)
    np.testing.assert_array_equal(
        filled.encoder.inputs({"a": [None, 6], "b": ["", "z"]}), filled.inputs[[2, 3]]
    )
    with pytest.raises(ValueError, match="`missing` must be refuse, drop or mean, got 'zero'"):
        load_table(path, "y", missing="zero")


def test_columns_are_chosen(table):
    assert load_table(table, "sort", columns=["size"]).columns == ("size",)
    assert load_table(table, "sort", drop=["colour", "open"]).columns == ("size",)
    assert load_table(table, "sort", columns=["id", "size"]).columns == ("id", "size")
    with pytest.raises(ValueError, match="`drop` names 'shape', which t.csv does not have; it has id, col"):
        load_table(table, "sort", drop=["shape"])


def test_a_column_of_names_is_no_input(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("who,a,y\n" + "".join(f"p{i},{i * i},{i % 2}\n" for i in range(30)))
    with pytest.raises(ValueError, match="column who: 'p0' is not a number, and 30 different .*`drop`"):
        load_table(path, "y")
    assert load_table(path, "y", drop=["who"]).columns == ("a",)


def test_parts_keep_the_way_from_raw_rows(table):
    data = load_table(table, "sort")
    training, test = data.split(4)
    assert training.encoder is test.encoder
    rows = {"colour": ["green", "red"], "size": [2, 1], "open": ["yes", "no"]}
    np.testing.assert_allclose(test.encoder.inputs(rows), test.inputs, rtol=0, atol=1e-14)
    np.testing.assert_allclose(
        training.encoder.inputs(table), np.concatenate([training.inputs, test.inputs]), atol=1e-14
    )
    turned, turned_test = project(training, 2, test=test)
    np.testing.assert_array_equal(turned.encoder.inputs(rows), turned_test.encoder.inputs(rows))
    np.testing.assert_allclose(turned_test.encoder.inputs(rows), turned_test.inputs, atol=1e-14)


def test_a_number_comes_back_in_its_own_units(tmp_path):
    path, y = tmp_path / "t.csv", np.array([10.5, 20.25, 15.0, 40.5])
    path.write_text("a,y\n" + "".join(f"{i * i},{value}\n" for i, value in enumerate(y)))
    data = load_table(path, "y")
    np.testing.assert_allclose(data.encoder.in_target_units(data.targets), y, rtol=1e-15)
    first, rest = data.split(2, seed=0)
    back = np.concatenate([part.encoder.in_target_units(part.targets) for part in (first, rest)])
    np.testing.assert_allclose(np.sort(back), np.sort(y), rtol=1e-14)
    boston = regression("boston")
    assert boston.encoder.in_target_units(boston.targets).min() == pytest.approx(5.0)


def test_an_encoder_is_json(table):
    data = load_table(table, "sort", missing="mean")
    turned, _ = project(data.split(4)[0], 2)
    for encoder in (data.encoder, turned.encoder, iris().encoder):
        again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
        assert again.names == encoder.names and again.columns == encoder.columns
        rows = {
            name: ["red"] if name == "colour" else ["yes"] if name == "open" else [1.5]
            for name in again.names
        }
        np.testing.assert_array_equal(again.inputs(rows), encoder.inputs(rows))


@pytest.mark.parametrize("rows, sentence", [
    ({"colour": ["red"], "open": ["yes"]}, "table has no column 'size'; needed are colour, size, open"),
    ({"colour": ["mauve"], "size": [1], "open": ["yes"]}, "column colour: 'mauve' is none of the words"),
    ({"colour": ["red"], "size": ["big"], "open": ["yes"]}, "row 1, column size: 'big' is not a number"),
    ({"colour": ["red"], "size": [None], "open": ["yes"]}, "row 1, column size: the value is missing"),
    ({"colour": ["red", "red"], "size": [1], "open": ["yes"]}, "columns of a table must have one length"),
    ([["red", 1.0]], r"Rows must have shape \(items, 3\)"),
    (5, "A table must be the path of a CSV file"),
    ("none.csv", "There is no file none.csv"),
])  # fmt: skip
def test_rows_that_do_not_fit(table, rows, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_table(table, "sort").encoder.inputs(rows)


def test_only_line_ends_end_a_row(tmp_path):
    """A form feed or a line separator of Unicode within a value is a part of it."""
    path = tmp_path / "t.csv"
    path.write_bytes('a,b,y\r\n1,p\x0cq,0.5\r\n2,"r\u2028s\nt",1.5\r\n'.encode())
    data = load_table(path, "y")
    assert len(data) == 2 and data.columns == ("a", "b=r s t")
