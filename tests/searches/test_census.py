"""Complete lists of stationary points, with the Morse certificate."""

import dataclasses
import json

import numpy as np
import pytest

from helpers import PROBLEMS, camel_points, circle_points, double_well_points, shaped, spin_spectrum
from lossatlas.landscapes import MuellerBrown, spin_glass
from lossatlas.searches import census


# Programs of these compile for seconds, or many searches run.
LATER = {
    "xor 1": pytest.mark.slow,
    "xor 2": pytest.mark.slow,
    "double wells": pytest.mark.slow,
    "spin glass p=3 N=2": pytest.mark.slow,
    "spin glass p=2": pytest.mark.slow,
    "six-hump camel": pytest.mark.slow,
    "xor 3": pytest.mark.exhaustive,
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=LATER.get(name, ())) for name in PROBLEMS])
def test_census_finds_exactly_the_known_points(name):
    known = PROBLEMS[name]
    landscape = known.landscape()
    found = census(landscape)
    assert found.by_index == known.images
    assert len(found.energy) == known.classes
    for index, energies in known.energies.items():
        ours = found.energy[found.index == index]
        assert len(ours) == len(energies)
        assert (np.diff(ours) >= 0).all()
        if not np.isnan(energies).any():
            np.testing.assert_allclose(ours, energies, rtol=0, atol=known.tolerance)
    assert found.morse_sum == found.expected == landscape.morse_sum
    assert found.consistent and found.degenerate == 0
    assert (found.rms_gradient <= 1e-10).all()
    assert sum(found.hits) == found.outcomes()["converged"] and (found.hits > 0).all()
    assert sum(found.outcomes().values()) == found.searches
    sizes = [landscape.symmetry.orbit_size(x) for x in found.x]
    assert sizes == found.orbit_size
    text = found.to_dict()
    assert json.loads(json.dumps(text)) == text
    assert len(text["points"]) == known.classes and text["morse_sum"] == found.morse_sum


def test_tables_are_consistent_themselves():
    """The known lists obey the Morse sum before any search is trusted with it."""
    for known in PROBLEMS.values():
        total = sum((-1) ** index * count for index, count in known.images.items())
        assert total == known.landscape().morse_sum
    assert camel_points()[0].shape == (15, 2) and double_well_points()[0].shape == (27, 3)
    assert len(circle_points()[0]) == 6 and len(spin_spectrum(0)) == 5


# Points of both signs mirror each other: E -> -E, index -> N - 1 - index, under w -> -w.
SIZES = [
    *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 4, 5, 6)),
    *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (7, 8)),
]


@pytest.mark.parametrize("size", SIZES)
def test_census_of_odd_spin_glasses_is_antisymmetric(size):
    found = census(spin_glass(size))
    assert found.expected == 1 + (-1) ** (size - 1)
    assert found.consistent
    assert set(found.orbit_size) == {1}
    counts = found.by_index
    for index, count in counts.items():
        assert counts[size - 1 - index] == count
        ours = found.energy[found.index == index]
        mirrored = -found.energy[found.index == size - 1 - index][::-1]
        np.testing.assert_allclose(ours, mirrored, rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(np.linalg.norm(found.x, axis=1), np.sqrt(size), rtol=1e-14)


def test_numbers_of_starts_progress_and_seed():
    calls = []
    found = census(MuellerBrown(), starts=250, seed=1, progress=lambda *now: calls.append(now))
    assert found.searches == 250 and [done for done, _ in calls] == [192, 250]
    assert calls[-1][1] == len(found.energy) <= 5
    again = census(MuellerBrown(), starts=250, seed=1, workers=1)
    assert np.array_equal(found.x, again.x) and np.array_equal(found.hits, again.hits)
    other = census(MuellerBrown(), starts=250, seed=2)
    assert not np.array_equal(found.hits, other.hits)


def test_an_incomplete_list_is_not_consistent():
    # Four searches cannot find the five points.
    found = census(MuellerBrown(), starts=4)
    assert len(found.energy) < 5
    assert found.consistent == (found.morse_sum == 1)
    assert found.searches == 4


@pytest.mark.slow
def test_degenerate_points_leave_no_certificate():
    found = census(shaped(0, 1, 0, 1, 0), starts=8)  # x^4 + y^2
    assert found.degenerate > 0 and len(found.energy) == 0
    assert found.consistent is False


def test_nothing_is_certified_where_topology_says_nothing():
    found = census(shaped(0, 0, 0, 1, 1), starts=8)  # y^2 + (x + y - 1)^2
    assert found.by_index == {0: 1} and found.consistent
    assert dataclasses.replace(found, expected=None).consistent is None
    assert dataclasses.replace(found, expected=2).consistent is False


@pytest.mark.parametrize("starts", [0, -3])
def test_starts_must_be_positive(starts):
    with pytest.raises(ValueError, match=f"`starts`.*{starts}"):
        census(MuellerBrown(), starts=starts)


def test_an_interrupt_ends_a_census():
    def interrupt(done, found):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        census(MuellerBrown(), starts=4, progress=interrupt)
