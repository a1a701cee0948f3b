"""Records of arrays: comparing, hashing and printing them is safe and short."""

import dataclasses
import importlib
import pkgutil

import equinox as eqx
import numpy as np
import pytest

import lossatlas
from helpers import rows
from lossatlas._results import RESULTS
from lossatlas.analysis import ModelMetrics
from lossatlas.searches import Bands, Census, Connections, Descents, Hops, Pathways, StationaryPoints


MANY = 500


def filled(record, outcome):
    """A record with one row per outcome, all its other arrays zero."""
    kinds = {
        "index": np.zeros(len(outcome), dtype=int),
        "outcome": np.asarray(outcome),
        "orbit_size": [1] * len(outcome),
        "expected": 1,
    }
    names = [field.name for field in dataclasses.fields(record)]
    return record(**{name: kinds.get(name, np.zeros(len(outcome))) for name in names})


OUTCOMES = [RESULTS.converged] * (MANY - 1) + [RESULTS.degenerate]
POINTS = filled(StationaryPoints, OUTCOMES)
PATHS = Pathways(POINTS, POINTS, np.zeros(MANY), [])
RECORDS = {
    "StationaryPoints": (POINTS, "StationaryPoints(500: converged 499, degenerate 1)"),
    "Descents": (filled(Descents, OUTCOMES), "Descents(500: converged 499, degenerate 1)"),
    "none": (POINTS.rows([]), "StationaryPoints(0)"),
    "Bands": (filled(Bands, OUTCOMES), "Bands(500: converged 499, degenerate 1; 500 guesses)"),
    "Pathways": (PATHS, f"Pathways(500: forward {POINTS!r}, backward {POINTS!r})"),
    "Connections": (
        Connections(np.arange(MANY) < 3, POINTS, PATHS, np.zeros(MANY), 4, 1, np.ones(MANY)),
        "Connections(500 pairs: connected 3; 500 transition states)",
    ),
    "Hops": (
        Hops(POINTS, np.ones((5, 100), dtype=bool), np.zeros((100, 2)), np.zeros(100)),
        f"Hops(100 chains of 4 hops: accepted 400; {POINTS!r})",
    ),
    "Census": (
        filled(Census, OUTCOMES),
        "Census(500 of index 0; Morse sum 500, expected 1; searches 500: converged 499, degenerate 1)",
    ),
    "ModelMetrics": (
        ModelMetrics({"training_loss": np.zeros(MANY)}, {}),
        "ModelMetrics(500: training_loss)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("record, text", rows(RECORDS))
def test_records_are_compared_hashed_and_printed(record, text):
    assert record == record and record != dataclasses.replace(record)
    assert len({record, record}) == 1
    assert repr(record) == text


def array_records():
    """All dataclasses of lossatlas with a field that is an array."""
    for module in pkgutil.walk_packages(lossatlas.__path__, "lossatlas."):
        if module.name.endswith("__main__"):
            continue
        for kind in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(kind, type)
                and not issubclass(kind, eqx.Module)
                and dataclasses.is_dataclass(kind)
                and kind.__module__ == module.name
            ):
                types = [str(field.type) for field in dataclasses.fields(kind)]
                if any("ndarray" in text or "StationaryPoints" in text for text in types):
                    yield kind


def test_no_record_of_arrays_compares_them():
    """Equality by fields would ask arrays whether they are equal, and the answer is no truth value."""
    found = set(array_records())
    assert {StationaryPoints, Census, Hops} <= found
    assert {kind.__name__ for kind in found if kind.__eq__ is not object.__eq__} == set()


def test_a_census_tells_how_its_searches_ended_as_other_records_do():
    census, points = RECORDS["Census"][0], RECORDS["StationaryPoints"][0]
    assert census.outcomes() == points.outcomes() == {"converged": MANY - 1, "degenerate": 1}
    assert census.to_dict()["outcomes"] == census.outcomes()
    assert (census.searches, census.degenerate) == (MANY, 1)
    np.testing.assert_array_equal(census.converged, points.converged)
