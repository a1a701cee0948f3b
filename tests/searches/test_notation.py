"""Searches in words: every toolkit is read back as it was, and what is no search is answered by name."""

import dataclasses

import pytest

from lossatlas.landscapes import DoubleWells, spin_glass, xor
from lossatlas.searches import (
    LBFGS,
    SEARCHES,
    EigenvectorFollowing,
    GradientDescent,
    PushedDescent,
    QuasiNewton,
    matrix_free,
    read_search,
    read_toolkit,
    search_in_words,
    toolkit_for,
    toolkit_in_words,
)
from lossatlas.searches.minimisers import Recorded


LANDSCAPE = DoubleWells(2)


@pytest.mark.parametrize("landscape", [LANDSCAPE, xor(2), spin_glass(6)], ids=repr)
@pytest.mark.parametrize("kit_for", [toolkit_for, matrix_free])
def test_toolkits_are_read_back_as_they_were(landscape, kit_for):
    kit = dataclasses.replace(kit_for(landscape), pathway=PushedDescent(GradientDescent(0.1)))
    assert read_toolkit(toolkit_in_words(kit), landscape) == kit


@pytest.mark.parametrize("name, kind, sentence", [
    ("LBFGS", type("LBFGS", (LBFGS,), {}), "There is a search 'LBFGS' already"),
    ("ball", GradientDescent, "entered by the name of its class, got 'ball' for"),
    ("len", len, "entered by the name of its class"),
])  # fmt: skip
def test_a_search_is_entered_once_and_by_its_name(name, kind, sentence):
    with pytest.raises(ValueError, match=sentence):
        SEARCHES[name] = kind


@pytest.mark.parametrize("text, search", [
    ("GradientDescent(0.1)", GradientDescent(0.1)),
    (" QuasiNewton( LBFGS(10), max_gradients=7 ) ", QuasiNewton(LBFGS(10), max_gradients=7)),
    ("lossatlas.searches.GradientDescent(rate=1e-2)", GradientDescent(0.01)),
    ("EigenvectorFollowing", EigenvectorFollowing()),
    ("lossatlas.searches.minimisers.Recorded(GradientDescent(0.1))", Recorded(GradientDescent(0.1))),
])  # fmt: skip
def test_a_search_is_written_as_in_python(text, search):
    found = read_search(text)
    assert found == search
    assert read_search(search_in_words(found)) == found


@pytest.mark.parametrize("text, sentence", [
    ("", "'' names no search; that takes a class with its settings, such as GradientDescent"),
    ("GradientDescent(0.1", "names no search"),
    ("[1]", "names no search"),
    ("Gradient(0.1)", "There is no search 'Gradient'; did you mean GradientDescent?"),
    ("adam", "There is no search 'adam'; choose one of ElasticBand, .*, or give the import path of yours"),
    ("GradientDescent(rat=0.1)", "GradientDescent has no setting 'rat'; did you mean rate?"),
    ("GradientDescent()", "GradientDescent takes rate, tolerance, max_gradients: missing a required"),
    ("GradientDescent(*(1,))", "The settings of GradientDescent must be written out"),
    ("GradientDescent(1 + 1)", "1 [+] 1 is no setting: that is a number"),
    ("GradientDescent(-1)", "`rate` must be a positive number, got -1"),
    ("no_such_package.Ball(1)", "no_such_package cannot be imported: ModuleNotFoundError.*PYTHONPATH"),
    ("lossatlas.searches.GradientDescen(1)", "no 'GradientDescen'; did you mean GradientDescent?"),
    ("lossatlas.searches.AbstractMinimiser()", "lossatlas.searches.AbstractMinimiser cannot be made"),
    ("(lambda: 0).Ball(1)", "is no import path of a class"),
])  # fmt: skip
def test_what_is_no_search_is_answered_in_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_search(text)


@pytest.mark.parametrize("text", ["os.system('true')", "json.JSONEncoder()", "json.dumps"])
def test_nothing_but_a_search_is_ever_called(text):
    with pytest.raises(ValueError, match="is no search: it must be a subclass of AbstractSearch"):
        read_search(text)


@pytest.mark.parametrize("parts, sentence", [
    ({"descend": "QuasiNewton"}, "A toolkit has no part 'descend'; did you mean descent?"),
    ({"descent": "Foo"}, "descent: There is no search 'Foo'"),
    ({"descent": "EigenvectorFollowing"}, "`descent` must be a minimiser"),
    ({"hessians": "maybe"}, "hessians: must be True or False, got 'maybe'"),
    ({"mix": "far"}, "`mix` must be one of"),
])  # fmt: skip
def test_a_part_that_does_not_fit_is_named(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_toolkit(parts, LANDSCAPE)
