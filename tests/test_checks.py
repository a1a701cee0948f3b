"""The shared checks of arguments: what passes, and the sentence for what does not."""

from pathlib import Path

import numpy as np
import pytest

from lossatlas._checks import (
    as_numbers,
    check_flag,
    check_is,
    check_not_negative,
    check_number,
    check_path,
    check_positive,
    check_seed,
    check_whole,
)


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(1)])
def test_whole_numbers_come_back_as_python_integers(value):
    assert check_whole("n", value) == value and type(check_whole("n", value)) is int


@pytest.mark.parametrize(
    "value", [0, -5, 1.0, np.float64(2), "3", None, True, np.True_, [2], np.array([2])]
)
def test_anything_else_is_refused(value):
    with pytest.raises(ValueError, match="^`n` must be a whole number of at least 1, got "):
        check_whole("n", value)


def test_limits():
    assert check_whole("n", 0, least=0) == 0 and check_whole("n", 9, below=10) == 9
    with pytest.raises(ValueError, match="at most 9, got 10"):
        check_whole("n", 10, least=2, below=10)
    assert check_seed(2**63 - 1) == 2**63 - 1
    for seed in (-1, 2**63, "a"):
        with pytest.raises(ValueError, match="`seed` must be a whole number"):
            check_seed(seed)


def test_flags_paths_and_kinds():
    assert check_flag("f", np.False_) is False and check_flag("f", True) is True
    for value in ("no", 1, 0, None):
        with pytest.raises(ValueError, match="^`f` must be True or False, got "):
            check_flag("f", value)
    assert check_path("out", "a.atlas", "the atlas") == Path("a.atlas")
    for value in (None, 5, ["a.atlas"]):
        with pytest.raises(ValueError, match="^`out` must be the path of the atlas, got "):
            check_path("out", value, "the atlas")
    with pytest.raises(ValueError, match=r"^`n` must be a number, got \[0, 1, 2, 3, 4, 5, \.\.\.\]\.$"):
        check_is("n", list(range(10**6)), int, "a number")


@pytest.mark.parametrize("values", [1j, [0.0, 1j], np.zeros(2, np.complex64)])
def test_complex_numbers_are_refused(values):
    with pytest.raises(ValueError, match="^`x` must hold real numbers, got complex ones"):
        as_numbers("x", values)


@pytest.mark.parametrize(
    "values", [None, "1", ["1"], [[1], [2, 3]], {"a": 1}, np.array(["1", 2], dtype=object)]
)
def test_what_is_no_array_of_numbers_is_refused(values):
    with pytest.raises(ValueError, match="^`x` must be an array of numbers, got "):
        as_numbers("x", values)


@pytest.mark.parametrize("values", [[1, 2], (1.0, 2.0), np.array([1, 2], dtype=object), np.float32([1, 2])])
def test_numbers_become_float64(values):
    taken = as_numbers("x", values)
    assert taken.dtype == np.float64 and taken.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("check, good, bad, sentence", [
    (check_positive, [1, 1e-300, np.float32(2)], [0, -1.0, np.inf, "1", None, True], "a positive number"),
    (check_not_negative, [0, 0.0, 3], [-1e-9, np.inf, np.nan, "1", False], "a finite number of at least 0"),
    (check_number, [-3, 0.0, np.float64(2)], [np.inf, np.nan, "1", None, True, 1j], "a finite number"),
])  # fmt: skip
def test_numbers(check, good, bad, sentence):
    for value in good:
        assert check("x", value) == value and type(check("x", value)) is float
    for value in bad:
        with pytest.raises(ValueError, match=f"^`x` must be {sentence}, got "):
            check("x", value)
