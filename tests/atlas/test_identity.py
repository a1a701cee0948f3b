import time

import numpy as np
import pytest
from fakes import FakeLandscape, NoSymmetry, SignSymmetry, add, add_states, random_points
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.atlas import Atlas
from lossatlas.landscapes import KnownPoints


def known_points(symmetry=None, by_energy=False, dimension=3):
    return KnownPoints(
        np.empty((0, dimension)),
        np.empty(0),
        symmetry or SignSymmetry(),
        energy_tol=1e-9,
        distance_tol=1e-5,
        by_energy=by_energy,
    )


A = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "x, energy, same, same_by_energy",
    [
        (A, 5.0, True, True),
        (-A, 5.0, True, True),
        (A + 1e-6, 5.0 + 1e-9, True, True),
        (A, 5.0 + 1e-8, False, False),
        (A + 1e-3, 5.0, False, True),
        (A[::-1], 5.0, False, True),  # the same norm
    ],
)
def test_energy_and_aligned_distance(tmp_path, x, energy, same, same_by_energy):
    for identity, expected in (("distance", same), ("energy", same_by_energy)):
        with Atlas(tmp_path / identity, FakeLandscape(), identity=identity) as atlas:
            add(atlas, A[None], [5.0])
            assert atlas.points.find_minima(x[None], [energy])[1].tolist() == [1] * int(expected)
            ids, is_new = add(atlas, x[None], [energy], hits=1)
            assert ids.tolist() == [1 if expected else 2] and is_new.tolist() == [not expected]
            assert atlas.minima.hits.tolist() == ([1] if expected else [0, 1])


def test_tolerances_are_relative(tmp_path):
    with Atlas(tmp_path / "a", FakeLandscape()) as atlas:
        add(atlas, 1e6 * A[None], [-1e6])
        assert atlas.points.find_minima(1e6 * A[None] + 1.0, [-1e6 - 5e-4])[1].tolist() == [1]
        assert atlas.points.find_minima(1e6 * A[None] + 1.0, [-1e6 - 5e-3])[1].tolist() == []
        assert atlas.points.find_minima(1e6 * A[None] + 100.0, [-1e6])[1].tolist() == []


def test_repeats_within_a_batch(tmp_path):
    x = np.stack([A, -A, A[::-1], A, 2 * A])
    with Atlas(tmp_path / "a", FakeLandscape()) as atlas:
        ids, is_new = add(atlas, x, np.full(5, 1.0), hits=np.arange(1, 6))
        assert ids.tolist() == [1, 1, 2, 1, 3]
        assert is_new.tolist() == [True, False, True, False, True]
        assert atlas.minima.hits.tolist() == [1 + 2 + 4, 3, 5]
        np.testing.assert_array_equal(atlas.minima.x, x[[0, 2, 4]])
        ids, is_new = add(atlas, x, np.full(5, 1.0), hits=1)
        assert ids.tolist() == [1, 1, 2, 1, 3] and not is_new.any()
        assert atlas.minima.hits.tolist() == [10, 4, 6]


def test_an_empty_batch(tmp_path):
    with Atlas(tmp_path / "a", FakeLandscape()) as atlas:
        for _ in range(2):
            ids, is_new = add(atlas, np.empty((0, 3)), np.empty(0))
            assert len(ids) == len(is_new) == 0
            add(atlas, A[None], [0.0])


def test_states_have_an_identity_of_their_own(tmp_path):
    with Atlas(tmp_path / "a", FakeLandscape()) as atlas:
        add(atlas, A[None], [0.0])
        assert atlas.points.find_transition_states(A[None], [0.0])[1].tolist() == []
        ends = np.array([[1, 1], [1, 1]])
        ids, is_new = add_states(atlas, np.stack([A, -A]), np.zeros(2), ends)
        assert ids.tolist() == [1, 1] and is_new.tolist() == [True, False]
        assert atlas.transition_states.hits.tolist() == [2]
        assert np.isnan(atlas.transition_states.path_length).all()


def test_orbit_sizes_are_asked_for_new_points_only(tmp_path):
    class Counting(NoSymmetry):
        asked = 0

        def orbit_size(self, x):
            self.asked += 1
            return 1

    symmetry = Counting()
    with Atlas(tmp_path / "a", FakeLandscape(symmetry=symmetry)) as atlas:
        for _ in range(3):
            add(atlas, np.stack([A, A, 2 * A]), [0.0, 0.0, 1.0])
    assert symmetry.asked == 2


points = st.tuples(
    st.sampled_from([A, -A, A[::-1], A + 1e-7, A + 4e-6, A - 4e-6, 2 * A]),
    st.sampled_from([0.0, 6e-10, -6e-10, 1.2e-9, 1.0]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(points, max_size=12), st.lists(st.integers(0, 12), max_size=3), st.booleans())
def test_batches_give_what_single_points_give(drawn, cuts, by_energy):
    x = np.array([x for x, _ in drawn]).reshape(-1, 3)
    energy = np.array([e for _, e in drawn])
    single, batched = known_points(by_energy=by_energy), known_points(by_energy=by_energy)
    one_by_one = [single.add(x[i : i + 1], energy[i : i + 1])[0][0] for i in range(len(x))]
    edges = sorted({0, len(x), *(min(cut, len(x)) for cut in cuts)})
    parts = [batched.add(x[a:b], energy[a:b])[0] for a, b in zip(edges, edges[1:])]
    assert one_by_one == [row for part in parts for row in part]
    np.testing.assert_array_equal(single.x, batched.x)


def test_many_points_are_one_transaction_and_one_insertion_each(tmp_path):
    """What sets the rate: no point waits for the disk, none is looked up by a query of its own."""
    x, energy = random_points(np.random.default_rng(0), 1000, 74)
    statements = []
    with Atlas(tmp_path / "a", FakeLandscape(74, NoSymmetry())) as atlas:
        atlas._file.db.set_trace_callback(lambda text: statements.append(text.split()[0]))
        _, is_new = add(atlas, x, energy)
        atlas._file.db.set_trace_callback(None)
        assert is_new.all()
    assert statements.count("COMMIT") == 1 and statements.count("INSERT") >= 1000
    assert len(statements) < 1020


def test_one_point_into_many_is_fast(tmp_path):
    known = known_points(NoSymmetry(), dimension=10)
    x, energy = random_points(np.random.default_rng(0), 100_000, 10)
    known.add(x, energy)
    copy = insert = np.inf
    for i in range(20):
        begin = time.process_time()
        _ = x.copy(), energy.tolist()
        middle = time.process_time()
        known.add(x[:1], energy[:1] - 1000.0 - i)
        insert = min(insert, time.process_time() - middle)
        copy = min(copy, middle - begin)
    # A quarter of the time of the copies, which are measured beside it; a sort alone takes as long as they.
    assert insert < copy
