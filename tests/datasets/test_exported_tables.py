"""Tables as programs and people write them are read rightly, or refused in one sentence."""

import gzip
import io
import re
import zipfile

import numpy as np
import pytest

from lossatlas.datasets import load_table, load_test_table, read_table


def rows(header, *lines, end="\n"):
    """Return a text of lines."""
    return end.join([header, *lines]) + end


LENGTHS = {"a": [1.5, 2.25, 0.5, 4], "b": [10, 30, 20, 50]}
WORDS = ["p", "q", "p", "q"]


def written(line="{a},{b},{y}", header="a,b,y", end="\n", a=LENGTHS["a"], b=LENGTHS["b"], y=WORDS):
    """Return the columns a, b and the classes y in some form."""
    return rows(
        header, *(line.format(a=a, b=b, y=y, i=i) for i, (a, b, y) in enumerate(zip(a, b, y))), end=end
    )


def german(number):
    return str(number).replace(".", ",")


GERMAN = {"a": [german(number) for number in LENGTHS["a"]]}
THOUSANDS = {"a": [1200.5, 999, 12_000, 1_234_567]}

# name: (contents, columns of numbers, classes or numbers of the target, what must be said)
READ = {
    # spreadsheets
    "Excel: byte order mark": ("\ufeff" + written(), LENGTHS, WORDS, ""),
    "Excel: CRLF": (written(end="\r\n"), LENGTHS, WORDS, ""),
    "old Macintosh: CR": (written(end="\r"), LENGTHS, WORDS, ""),
    "Excel: UTF-16 with tabs": (
        written("{a}\t{b}\t{y}", "a\tb\ty", "\r\n").encode("utf-16"),
        LENGTHS,
        WORDS,
        "read as UTF-16, values separated by tabs",
    ),
    "Excel: first line sep=;": (
        "sep=;\n" + written("{a};{b};{y}", "a;b;y", **GERMAN),
        LENGTHS,
        WORDS,
        "values separated by semicolons, decimal commas",
    ),
    "first line sep=, before decimal commas in quotes": (
        "sep=,\n" + written('"{a}",{b},{y}', **GERMAN),
        LENGTHS,
        WORDS,
        "decimal commas",
    ),
    "decimal commas": (written("{a};{b};{y}", "a;b;y", **GERMAN), LENGTHS, WORDS, "decimal commas"),
    "decimal commas between tabs": (
        written("{a}\t{b}\t{y}", "a\tb\ty", **GERMAN),
        LENGTHS,
        WORDS,
        "decimal commas",
    ),
    "decimal commas and points between thousands": (
        written("{a};{b};{y}", "a;b;y", a=["1.200,5", "999", "12.000", "1.234.567"]),
        LENGTHS | THOUSANDS,
        WORDS,
        "decimal commas, marks between thousands left out: a",
    ),
    "points between thousands where another column has decimal commas": (
        written("{a};{b};{y}", "a;b;y", b=["1.200", "999", "12.000", "1.500"], **GERMAN),
        LENGTHS | {"b": [1200, 999, 12_000, 1500]},
        WORDS,
        "marks between thousands left out: b",
    ),
    "commas between thousands": (
        written('"{a}",{b},{y}', a=["1,200.5", "999", "12,000", "1,234,567"]),
        LENGTHS | THOUSANDS,
        WORDS,
        "marks between thousands left out: a",
    ),
    "commas between thousands of whole numbers": (
        written('{a},"{b}",{y}', b=["1,200", "999", "12,000", "1,500"]),
        LENGTHS | {"b": [1200, 999, 12_000, 1500]},
        WORDS,
        "marks between thousands left out: b",
    ),
    "spaces between thousands, as in French": (
        written("{a};{b};{y}", "a;b;y", a=["1\u202f200,5", "999", "12\u00a0000", "1 234 567"]),
        LENGTHS | THOUSANDS,
        WORDS,
        "decimal commas, marks between thousands left out: a",
    ),
    "apostrophes between thousands, as in Swiss": (
        written(a=["1'200.5", "999", "12'000", "1'234'567"]),
        LENGTHS | THOUSANDS,
        WORDS,
        "thousands",
    ),
    "separators at the end of lines": (written("{a};{b};{y};;", "a;b;y;;"), LENGTHS, WORDS, "semicolons"),
    "a separator at the end of the header alone": (written(header="a,b,y,"), LENGTHS, WORDS, ""),
    "a separator at the end of the rows alone": (written("{a},{b},{y},"), LENGTHS, WORDS, ""),
    "rows of separators alone": (written() + ",,\n,,\n", LENGTHS, WORDS, ""),
    "blank lines and white space": (written(" {a} ,\t{b}, {y} \n  "), LENGTHS, WORDS, ""),
    "a quoted header of two lines": (
        written('{a},"{b}",{y}', '"size\n(mm)","b",y'),
        {"size (mm)": LENGTHS["a"], "b": LENGTHS["b"]},
        WORDS,
        "",
    ),
    "percent signs": (
        written(a=["10%", "25 %", "5%", "0"]),
        LENGTHS | {"a": [0.1, 0.25, 0.05, 0]},
        WORDS,
        "percentages as fractions: a",
    ),
    "currency": (
        written('"{a}",{b},{y}', a=["$1,200.50", "$999", "$12,000", "$1,234,567"]),
        LENGTHS | THOUSANDS,
        WORDS,
        "units left out: $ (a)",
    ),
    "currency behind, decimal commas": (
        written("{a} €;{b};{y}", "a;b;y", **GERMAN),
        LENGTHS,
        WORDS,
        "decimal commas, units left out: € (a)",
    ),
    "currency by letters": (written("USD {a},{b},{y}"), LENGTHS, WORDS, "units left out: USD (a)"),
    "one unit": (written("{a} kg,{b}cm,{y}"), LENGTHS, WORDS, "units left out: kg (a), cm (b)"),
    "a minus sign of printers": (
        written(a=["\u22121.5", "2", "\u22123", "4"]),
        LENGTHS | {"a": [-1.5, 2, -3, 4]},
        WORDS,
        "",
    ),
    # encodings
    "Windows-1252": (
        written("{a};{b};{y}", "größe;b;y", y=["süß", "herb", "süß", "herb"]).encode("cp1252"),
        {"größe": LENGTHS["a"], "b": LENGTHS["b"]},
        ["süß", "herb"] * 2,
        "read as Windows-1252, as it is not UTF-8, values separated by semicolons",
    ),
    "Unicode": (written(header="長さ,b,y", y=["Ä", "猫"] * 2), {"長さ": LENGTHS["a"]}, ["Ä", "猫"] * 2, ""),
    "DOS: Ctrl-Z at the end": (written(end="\r\n") + "\x1a", LENGTHS, WORDS, ""),
    # pandas, R, Fortran, Kaggle, UCI
    "pandas: index": (
        written("{i},{a},{b},{y}", ",a,b,y"),
        LENGTHS,
        WORDS,
        "numbers the rows: without a name",
    ),
    "pandas: shuffled index": (
        rows(",a,b,y", "17,1.5,10,p", "3,2.25,30,q", "25,0.5,20,p", "4,4,50,q"),
        LENGTHS,
        WORDS,
        "left out, a column that names the rows: without a name",
    ),
    "pandas: index written twice": (
        written("{i},{i},{a},{b},{y}", "Unnamed: 0,index,a,b,y"),
        LENGTHS,
        WORDS,
        "rows: Unnamed: 0, index",
    ),
    "pandas: 1.0 and 2.0 as classes": (written(y=["1.0", "2.0"] * 2), LENGTHS, ["1.0", "2.0"] * 2, ""),
    "pandas: True and False": (
        written(b=["True", "False", "True", "True"]),
        {"a": LENGTHS["a"], "b=True": [1, 0, 1, 1]},
        WORDS,
        "words as 0 or 1: b",
    ),
    "Kaggle: PassengerId": (
        written("{i},{a},{b},{y}".replace("{i}", "89{i}"), "PassengerId,a,b,y"),
        LENGTHS,
        WORDS,
        "left out, a column that names the rows: PassengerId",
    ),
    "Kaggle: an empty last column named by pandas": (
        written("{a},{b},{y},", "a,b,y,Unnamed: 3"),
        LENGTHS,
        WORDS,
        "left out, without values: Unnamed: 3",
    ),
    "R: write.table": (
        rows('"a" "b" "y"', '"1" 1.5 10 "p"', '"2" 2.25 30 "q"', '"3" 0.5 20 "p"', '"4" 4 50 "q"'),
        LENGTHS,
        WORDS,
        "values separated by spaces; left out, a column that numbers the rows: without a name",
    ),
    "R: write.table with row names that are words": (
        rows(
            '"a","b","y"',
            '"Mazda RX4",1.5,10,"p"',
            '"Fiat",2.25,30,"q"',
            '"Duster",0.5,20,"p"',
            '"Ford",4,50,"q"',
        ),
        LENGTHS,
        WORDS,
        "left out, a column that names the rows: without a name",
    ),
    "R: write.csv": (
        rows('"","a","b","y"', '"1",1.5,10,"p"', '"2",2.25,30,"q"', '"3",0.5,20,"p"', '"4",4,50,"q"'),
        LENGTHS,
        WORDS,
        "numbers the rows",
    ),
    "Fortran: D exponents in columns of blanks": (
        rows(
            "   a        b  y",
            *(f"  {a:.4f}D+00   {b:3d}  {y}" for a, b, y in zip(*LENGTHS.values(), WORDS)),
        ),
        LENGTHS,
        WORDS,
        "values separated by spaces",
    ),
    "numpy.savetxt: header behind #": (
        written("{a} {b} {y}", "# a b y"),
        LENGTHS,
        WORDS,
        "values separated by",
    ),
    "comments above the header": (
        "# made by a program, 2020\n# units: mm, s\n" + written(),
        LENGTHS,
        WORDS,
        "2 lines of comments passed over",
    ),
    "vertical bars": (written("{a}|{b}|{y}", "a|b|y"), LENGTHS, WORDS, "values separated by vertical bars"),
    "a space after each comma, before quotes": (
        written('{a}, {b}, "{y}"', '"a", "b", "y"'),
        LENGTHS,
        WORDS,
        "",
    ),
    # values
    "mixed labels": (
        written(y=["1", "one", "1.0", "one"]),
        LENGTHS,
        ["1", "one", "1", "one"],
        "labels of one value joined: 1.0 as 1",
    ),
    "plus and minus as classes, as in credit approval": (
        written(y=["+", "-"] * 2),
        LENGTHS,
        ["+", "-"] * 2,
        "",
    ),
    "none as a word": (
        written(b=["none", "mild", "none", "mild"]),
        {"a": LENGTHS["a"], "b=none": [1, 0, 1, 0]},
        WORDS,
        "words",
    ),
    "yes in several spellings": (
        written(b=["yes", "No", "YES", "no"]),
        {"a": LENGTHS["a"], "b=YES": [1, 0, 1, 0]},
        WORDS,
        "in b, labels of one value joined: no as No, yes as YES",
    ),
    "Y and y": (
        rows("b,y", "Y,p", "y,q", "n,p", "Y,q", "y,p", "n,q"),
        {"b=Y": [1, 0, 0, 1, 0, 0], "b=y": [0, 1, 0, 0, 1, 0]},
        WORDS[:2] * 3,
        "in b, kept apart although only their case differs: Y and y",
    ),
    "numbers among words are one word": (
        rows("b,y", "x,p", "x,q", "x,p", "1,q", "1.0,p"),
        {"b=x": [1, 1, 1, 0, 0]},
        ["p", "q", "p", "q", "p"],
        "1.0 as 1",
    ),
    "ids with leading zeros": (
        written(a=["00120", "01200", "90210", "00007"]),
        LENGTHS | {"a": [120, 1200, 90210, 7]},
        WORDS,
        "a read as numbers in spite of leading zeros",
    ),
    "-999 for what is missing": (
        written(b=["-999", "30", "-999", "50"]),
        LENGTHS | {"b": [-999, 30, -999, 50]},
        WORDS,
        "b is -999 in 2 rows, which may stand for missing values",
    ),
    "a constant and an empty column": (
        written("{a},7,{b},NA,{y}", "a,c,b,e,y"),
        LENGTHS,
        WORDS,
        "values: e; left out, constant: c",
    ),
    "wavelengths as names": (
        written("{a},{b},{b},{y}", "400.5,401.25,402,y"),
        {"400.5": LENGTHS["a"]},
        WORDS,
        "",
    ),
    "a percentage to predict": (
        written(y=["10%", "12.5%", "7%", "20%"]),
        LENGTHS,
        [0.1, 0.125, 0.07, 0.2],
        "fractions: y",
    ),
    "a price to predict": (
        written('{a},{b},"{y}"', y=["$1,200.50", "$999", "$12,000", "$1,234,567"]),
        LENGTHS,
        THOUSANDS["a"],
        "units left out: $ (y)",
    ),
    "many categories of the target": (
        rows("a,y", *(f"{i * i},k{i % 2000}" for i in range(4000))),
        {"a": [i * i for i in range(4000)]},
        [f"k{i % 2000}" for i in range(4000)],
        "",
    ),
}


def table_of(tmp_path, contents, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


@pytest.mark.parametrize("name", READ)
def test_the_values_are_right_and_what_was_done_is_said(tmp_path, name):
    contents, columns, targets, said = READ[name]
    data = load_table(table_of(tmp_path, contents), "y")
    for column, values in columns.items():
        expected = (np.array(values) - np.mean(values)) / np.std(values)
        np.testing.assert_allclose(
            data.inputs[:, data.columns.index(column)], expected, rtol=1e-12, atol=1e-14
        )
    if len(columns) > 1 and all("=" not in column for column in columns):
        assert set(data.columns) <= {*columns, "b"}
    if data.classes is None:
        np.testing.assert_allclose(data.encoder.in_target_units(data.targets), targets, rtol=1e-12)
    else:
        assert [data.classes[number] for number in data.targets] == targets
    assert said in data.note and (said != "" or data.note == "")


def zipped(name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, "text")
    return archive.getvalue()


# name: (contents, the sentence)
REFUSED = {
    "an Excel workbook": (
        zipped("xl/workbook.xml"),
        "t.csv is an Excel workbook; save the table in it as CSV, or",
    ),
    "zip": (zipped("t.csv"), "t.csv is compressed by zip; unpack it first"),
    "gzip": (gzip.compress(written().encode()), "is compressed by gzip; unpack it first"),
    "Parquet": (b"PAR1\x15\x04\x15", "is a Parquet file; save"),
    "an old Excel workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an Excel workbook; save"),
    "a page of a browser": ("\n<!DOCTYPE html>\n<html><table>", "is a page of HTML or XML; save"),
    "JSON": ('[{"a": 1, "y": 2}]', "is JSON; save"),
    "ARFF": ("% iris\n@RELATION iris\n@ATTRIBUTE a REAL\n", "is an ARFF file; save"),
    "git-lfs": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d\n",
        "a pointer of git-lfs.*git lfs pull",
    ),
    "UTF-16 without a mark": (written().encode("utf-16-le"), "is not a CSV text file in UTF-8"),
    "a quotation mark that is not closed": (written('{a},{b},"{y}'), "is a quotation mark not closed"),
    "header alone": ("a,b,y\n", "needs a header line and at least one row"),
    "one column": (rows("y", "1", "2", "1"), "no column besides 'y'"),
    "no header, numbers": (
        rows("5.1,3.5,p", "4.9,3.0,p", "6.1,2.9,q", "6.3,3.3,q"),
        "row 1: the names 5.1, 3.5, p are numbers; if row 1 holds values, add a header line",
    ),
    "no header, equal numbers": (
        rows("5,1,1,2", "4,1,3,2", "3,2,1,4"),
        "several columns named '1'; the header line must give",
    ),
    "no header, words": (rows("p,x,s,n,t,p", "e,x,s,y,t,a"), "several columns named 'p'"),
    "no header, whole numbers": (
        rows("5,1,2", "4,1,3", "3,2,1"),
        "it has 5, 1, 2; its first line must be a header",
    ),
    "a title above the header": (
        "Report of 2020\n\n" + written(),
        "row 1: 1 name for 3 columns; remove what stands",
    ),
    "two columns of one name": (written(header="a,a,y"), "several columns named 'a'"),
    "a column without a name": (written(header="a,,y"), "row 1: column 2 has no name"),
    "pandas: index of two levels": (written("{i},{i},{a},{b},{y}", ",,a,b,y"), "column 2 has no name"),
    "pandas: columns of two levels": (
        rows(",a,a,y", ",x,z,", "0,1,2,p", "1,2,4,q"),
        "several columns named 'a'",
    ),
    "decimal commas between commas": (
        written(**GERMAN, b=["1,5"] * 4),
        "row 1: 3 names for [45] columns; does the header .* do commas within values stand in quot",
    ),
    "a row names column without a name of numbers": (
        rows(",a,y", "0.1,1,p", "0.2,3,q", "0.3,2,p", "0.4,4,q"),
        "The first column of t.csv has no name; name it",
    ),
    "a footnote": (written() + "Source: somewhere\n", "row 6: 1 value for 3 columns"),
    "a row of totals": (
        rows("a,b,y", "N,10,0.5", "S,20,0.7", "N,30,1.5", "Total,60,2.7"),
        "row 5, column a: 'Total' makes the row one of totals",
    ),
    "a point that may be a decimal point or stand between thousands": (
        written("{a};{b};{y}", "a;b;y", a=["1.200", "999", "12.000", "1.500"]),
        "column a: '1[0-9.]+' may be 1[0-9]+ or 1[0-9.]+; write numbers with a decimal point",
    ),
    "a comma that may be a decimal comma or stand between thousands": (
        written("{a}|{b}|{y}", "a|b|y", a=["1,200", "2,999", "12,000", "1,500"]),
        "'1[0-9,]+' may be 1",
    ),
    "points and commas as decimal marks": (
        written('"{a}",{b},{y}', a=["1.5", "2,5", "3.5", "4"]),
        "column a: '2,5' has a decimal comma, '[13].5' a decimal point; write all in one way",
    ),
    "percent signs on some": (
        written(a=["10%", "0.25", "5%", "0"]),
        "column a: the numbers have different units",
    ),
    "two currencies": (
        written(a=["$10", "€25", "$5", "$7"]),
        "different units, such as '[$].*' and '€25'; use one",
    ),
    "a date for each item": (
        rows("d,a,y", *(f"2020-01-{i:02d},{i * i},{i % 2}" for i in range(1, 29))),
        "column d: '2020-01-01' is not a number, and a date or a time must be given as a number",
    ),
    "a name for each item": (
        rows("who,a,y", *(f"p{i},{i * i},{i % 2}" for i in range(30))),
        "30 different words for 30 items look like",
    ),
    "identifiers too long for a number": (
        written(a=["9007199254740993", "9007199254740992", "12", "13"]),
        "row 2, column a: 9007199254740993 has more",
    ),
    "numbers with letters": (
        written(a=["1.5", "2.25", "x12", "4"]),
        "row 4, column a: 'x12' is not a number",
    ),
    "negative numbers in parentheses": (written(a=["1.5", "2.25", "(12)", "4"]), "'.12.' is not a number"),
    "a comment between rows": (written() + "# end\n" + "1,2,p\n", "row 6: 1 value for 3 columns"),
    "columns of fixed width with a gap": (
        rows("a   b   y", "1.5 10  p", "2.2     q", "0.5 20  p"),
        "row 3: 2 values for 3 columns",
    ),
    "many classes named in short": (
        rows("a,y", *(f"{i},n{i}" for i in range(500))),
        "500 classes for 500 items",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_sentence_says_what_is_wrong(tmp_path, name):
    contents, sentence = REFUSED[name]
    with pytest.raises(ValueError, match=sentence) as refused:
        load_table(table_of(tmp_path, contents), "y")
    assert len(str(refused.value)) < 350 and "\n" not in str(refused.value)


MARKS = (
    "",
    "  ",
    "NA",
    "NaN",
    "nan",
    "?",
    ".",
    "#N/A",
    "NULL",
    "null",
    "None",
    "<NA>",
    "N/A",
    "\\N",
    "#DIV/0!",
    '"NA"',
)


@pytest.mark.parametrize("mark", MARKS)
def test_marks_of_missing_values_are_recognised(tmp_path, mark):
    path = table_of(tmp_path, written(b=["10", mark, "20", "50"]))
    with pytest.raises(ValueError, match="row 3, column b: the value is missing"):
        load_table(path, "y")
    assert len(load_table(path, "y", missing="drop")) == 3
    assert load_table(path, "y", missing="mean").encoder.columns[1].fill == pytest.approx(80 / 3)


def test_ten_thousand_columns_are_read_and_not_all_listed(tmp_path):
    names = [f"x{i}" for i in range(10_000)]
    values = [",".join(str((i * j) % 7 + 0.5) for j in range(10_000)) for i in (1, 2, 3)]
    path = table_of(
        tmp_path, rows(",".join(["y", *names]), *(f"{i}.5,{row}" for i, row in enumerate(values)))
    )
    table = read_table(path)
    assert len(table.columns) == 10_001 and table.columns["x9999"] == ["3.5", "6.5", "2.5"]
    with pytest.raises(ValueError, match="has no column 'z'; it has y, x0, .*, x10, and 9989 more"):
        load_table(path, "z")


def test_new_rows_are_read_by_the_unit_of_the_training_table(tmp_path):
    training = load_table(table_of(tmp_path, written("{a} kg,{b},{y}")), "y")
    again = training.encoder.inputs(table_of(tmp_path, written("{a},{b},{y}"), "new.csv"))
    np.testing.assert_array_equal(again, training.inputs)
    pounds = table_of(tmp_path, written("{a} lb,{b},{y}"), "new.csv")
    with pytest.raises(ValueError, match="new.csv, column a: the numbers are in lb, but .* numbers in kg"):
        training.encoder.inputs(pounds)
    with pytest.raises(ValueError, match="new.csv, column a: the numbers are in lb"):
        load_test_table(pounds, training)


def test_texts_of_a_data_frame_are_read_as_those_of_a_file():
    """As pandas reads a file with marks between thousands."""
    table = {"a": ["1,200", "999", "12,000", "1,500"], "b": [1.234, 2.5, 3.0, 4.0], "y": WORDS}
    read = read_table(table)
    assert read.columns["a"] == ["1200", "999", "12000", "1500"] and "thousands left out: a" in read.note
    assert [float(text) for text in read.columns["b"]] == table["b"]


def test_the_row_is_counted_as_in_a_spreadsheet(tmp_path):
    text = '"a\nlong",b,y\n1,"two\nlines",p\n2,x,q\n\n,x,p\n'
    with pytest.raises(ValueError, match=re.escape("row 5, column a long: the value is missing")):
        load_table(table_of(tmp_path, text), "y")
