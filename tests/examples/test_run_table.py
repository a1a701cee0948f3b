"""The table of the studies: what is there is not run again, whatever ended the run before."""

import numpy as np
import pytest
from run_table import RunTable, read_rows, write_rows


SETTINGS, RESULTS = ("size", "step", "start"), ("energy", "outcome", "x")
ROWS = [
    {
        "size": 3,
        "step": None,
        "start": 0,
        "energy": 0.1 + 0.2,
        "outcome": "converged",
        "x": np.array([1.5]),
    },
    {
        "size": 3,
        "step": 1e-9,
        "start": 0,
        "energy": -np.inf,
        "outcome": "a, b",
        "x": np.array([1e-30, 2.0]),
    },
]


def made(path, rows=ROWS):
    table = RunTable(path, SETTINGS, RESULTS)
    for row in rows:
        table.add(row)
    return table


def test_rows_are_read_as_they_were_written(tmp_path):
    made(tmp_path / "a.csv")
    one, other = read_rows(tmp_path / "a.csv")
    assert list(one) == [*SETTINGS, *RESULTS] and one["step"] == ""
    assert float(one["energy"]) == 0.1 + 0.2 and float(other["energy"]) == -np.inf
    assert other["outcome"] == "a, b" and [float(part) for part in other["x"].split()] == [1e-30, 2.0]


def test_numpy_numbers_are_the_same_settings(tmp_path):
    made(tmp_path / "a.csv", ROWS[1:])
    table = RunTable(tmp_path / "a.csv", SETTINGS, RESULTS)
    assert {"size": np.int64(3), "step": np.float64(1e-9), "start": 0} in table
    assert {"size": 3, "step": None, "start": 0} not in table


def test_no_row_is_written_twice(tmp_path):
    made(tmp_path / "a.csv").add({**ROWS[0], "energy": 7.0})
    whole = (tmp_path / "a.csv").read_text()
    made(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == whole and whole.count("\n") == 3


def test_a_table_that_was_cut_anywhere_is_completed(tmp_path):
    made(tmp_path / "a.csv")
    whole = (tmp_path / "a.csv").read_bytes()
    for cut in range(0, len(whole), 3):
        (tmp_path / "a.csv").write_bytes(whole[:cut])
        rows = read_rows(tmp_path / "a.csv")
        assert len(rows) == max(whole[:cut].count(b"\n") - 1, 0)
        made(tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == whole


def test_other_files_are_refused_and_stay(tmp_path):
    for text in ("# Notes", "size,step\n", "size,step,start,energy\n1,2,3,4\n"):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(ValueError, match="a.csv has other columns than size, step, start, energy"):
            made(tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_text() == text
    made(tmp_path / "b.csv")
    with open(tmp_path / "b.csv", "a") as file:
        file.write("1,2\n")
    with pytest.raises(ValueError, match="line 4, has 2 fields in place of 6"):
        made(tmp_path / "b.csv")
    with pytest.raises(ValueError, match="must be a file in a folder that is there"):
        made(tmp_path / "nowhere" / "a.csv")


def test_a_summary_is_written_whole(tmp_path):
    write_rows(tmp_path / "s.csv", [{"n": 1, "mean": 0.1}, {"n": 2, "mean": None}])
    assert (tmp_path / "s.csv").read_text() == "n,mean\n1,0.1\n2,\n"
