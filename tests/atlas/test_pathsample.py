import os
import warnings

import numpy as np
import pytest
from fakes import FakeLandscape, HugeSymmetry, add, filled
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.atlas import Atlas, AtlasError, export_pathsample, import_pathsample


MINIMA = "-1.5 2.5 1 1.0 2.0 3.0\n0.25 3.5 2 1.0 2.0 3.0\n"
STATES = "1.0 2.0 1 1 2 1.0 2.0 3.0\n"


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "database"
    made.mkdir()
    (made / "min.data").write_text(MINIMA)
    (made / "ts.data").write_text(STATES)
    return made


@pytest.mark.parametrize("with_points", [True, False])
def test_round_trip(tmp_path, with_points):
    first, second = tmp_path / "first", tmp_path / "second"
    with filled(tmp_path / "a.atlas") as atlas:
        export_pathsample(atlas, first)
        if not with_points:
            (first / "points.min").unlink()
            (first / "points.ts").unlink()
        import_pathsample(first, tmp_path / "b.atlas")
        with Atlas(tmp_path / "b.atlas") as again:
            again.check()
            for old, new in (
                (atlas.minima, again.minima),
                (atlas.transition_states, again.transition_states),
            ):
                np.testing.assert_array_equal(old.energy, new.energy)
                np.testing.assert_array_equal(old.log_product, new.log_product)
                if with_points:
                    np.testing.assert_array_equal(old.x, new.x)
                else:
                    assert new.x.shape == (len(old), 0)
                # orbit sizes agree up to the order of the group
                np.testing.assert_allclose(old.orbit_size / 2, new.orbit_size, rtol=1e-15)
            assert again.transition_states.minima.tolist() == atlas.transition_states.minima.tolist()
            assert again.components == atlas.components
            assert np.isnan(again.minima.rms_gradient).all()
            export_pathsample(again, second)
    assert sorted(os.listdir(first)) == sorted(os.listdir(second))
    for name in os.listdir(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_files(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        export_pathsample(atlas, tmp_path / "out")
        x = atlas.minima.x
    lines = (tmp_path / "out" / "ts.data").read_text().splitlines()
    assert lines[1] == "11.0 3.0 1 2 1 1.0 1.0 1.0"
    assert (tmp_path / "out" / "min.A").read_text() == "1\n1\n"
    np.testing.assert_array_equal(np.fromfile(tmp_path / "out" / "points.min"), x.ravel())


def test_point_group_order_is_that_of_the_stabiliser(tmp_path):
    with Atlas(tmp_path / "a.atlas", FakeLandscape()) as atlas:
        add(atlas, np.array([[0.0, 0, 0], [1.0, 0, 0]]), [0.0, 1.0])
        export_pathsample(atlas, tmp_path / "out")
    words = [line.split() for line in (tmp_path / "out" / "min.data").read_text().splitlines()]
    assert [line[2] for line in words] == ["2", "1"]


def test_huge_groups(tmp_path):
    class Symmetry(HugeSymmetry):
        def orbit_size(self, x):
            return 1

    with Atlas(tmp_path / "a.atlas", FakeLandscape(symmetry=Symmetry())) as atlas:
        add(atlas, np.ones((1, 3)), [0.0])
        export_pathsample(atlas, tmp_path / "out")
    import_pathsample(tmp_path / "out", tmp_path / "b.atlas")
    with Atlas(tmp_path / "b.atlas") as again:
        assert again.minima.point_group_order == [2**200]
        assert again.minima.orbit_size_exact == [None]


def test_existing_databases_are_not_overwritten(tmp_path, directory):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(AtlasError, match="already holds min.data, ts.data"):
            export_pathsample(atlas, directory)
    assert (directory / "min.data").read_text() == MINIMA


def test_unknown_log_products_cannot_be_exported(tmp_path):
    with Atlas(tmp_path / "a.atlas", FakeLandscape()) as atlas:
        atlas.add_minima(np.ones((1, 3)), [0.0], [0.0], [0.0], [np.nan])
        with pytest.raises(AtlasError, match="log-product of point 1"):
            export_pathsample(atlas, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_fortran_numbers(tmp_path, directory):
    (directory / "min.data").write_text("  -1.5D+00  2.5d0  1  1.0  2.0  3.0  \r\n" + MINIMA + "\n\n")
    import_pathsample(directory, tmp_path / "a.atlas")
    with Atlas(tmp_path / "a.atlas") as atlas:
        assert atlas.minima.energy.tolist() == [-1.5, -1.5, 0.25]
        assert atlas.minima.orbit_size.tolist() == [1.0, 1.0, 0.5]
        assert atlas.minima.moments[0].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("min.data", MINIMA + "1.0 2.0 1\n", r"min.data, line 3: needs 6 columns, energy.*got 3"),
        ("min.data", MINIMA + "\n" + MINIMA, "min.data, line 3: needs 6 columns"),
        ("min.data", "x 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a finite number, got 'x'"),
        ("min.data", "nan 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a finite number, got 'nan'"),
        ("min.data", "1_0 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a finite number, got '1_0'"),
        ("min.data", "**** 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a finite number"),
        ("min.data", "1 2.5 1.5 1 2 3\n" + MINIMA, "line 1: needs a whole number, got '1.5'"),
        ("min.data", "1 2.5 0 1 2 3\n" + MINIMA, "line 1: the point-group order must be at least 1"),
        ("min.data", "1 2.5 \u00b2 1 2 3\n" + MINIMA, "min.data is no text"),
        ("min.data", None, "min.data cannot be read: No such file"),
        ("ts.data", None, "ts.data cannot be read: No such file"),
        ("ts.data", STATES + "1 2 1 1 3 1 1 1\n", "line 2: minimum 3 is not in min.data, which has 2"),
        ("ts.data", STATES + "1 2 1 0 1 1 1 1\n", "ts.data, line 2: minimum 0 is not"),
        ("ts.data", MINIMA, "ts.data, line 1: needs 8 columns, energy.*got 6"),
    ],
)
def test_malformed_lines_are_named(tmp_path, directory, name, content, sentence):
    if content is None:
        (directory / name).unlink()
    else:
        (directory / name).write_text(content, encoding="utf-8")
    with pytest.raises(AtlasError, match=sentence):
        import_pathsample(directory, tmp_path / "a.atlas")
    assert os.listdir(tmp_path) == ["database"]


@pytest.mark.parametrize(
    "minima, states, sentence",
    [
        (np.ones(6), None, "points.ts is missing"),
        (None, np.ones(3), "points.min is missing"),
        (np.ones(5), np.ones(3), "points.min has 40 bytes; 2 points of 2 variables need 32"),
        (np.ones(6), np.ones(4), "points.ts has 32 bytes; 1 points of 3 variables need 24"),
        (np.ones(6), np.full(3, np.nan), "points.ts, point 1: needs finite numbers"),
        (np.ones(0), np.ones(0), "points.min has 0 bytes"),
    ],
)
def test_wrong_points_files_are_named(tmp_path, directory, minima, states, sentence):
    for name, content in (("points.min", minima), ("points.ts", states)):
        if content is not None:
            content.tofile(directory / name)
    with pytest.raises(AtlasError, match=sentence):
        import_pathsample(directory, tmp_path / "a.atlas")
    assert os.listdir(tmp_path) == ["database"]


def test_points_of_another_dimension(tmp_path, directory):
    np.ones(6).tofile(directory / "points.min")
    np.ones(3).tofile(directory / "points.ts")
    with pytest.raises(AtlasError, match="2 points of 4 variables need 64"):
        import_pathsample(directory, tmp_path / "a.atlas", dimension=4)
    import_pathsample(directory, tmp_path / "a.atlas", dimension=3)


def test_imports_are_analysed_not_extended(tmp_path, directory):
    out = tmp_path / "a.atlas"
    import_pathsample(directory, out)
    with pytest.raises(AtlasError, match="exists already"):
        import_pathsample(directory, out)
    with pytest.raises(AtlasError, match="no directory"):
        import_pathsample(directory, tmp_path / "none" / "a.atlas")
    with pytest.raises(AtlasError, match="can be analysed, not extended"):
        Atlas(out, FakeLandscape())
    with Atlas(out) as atlas:
        assert atlas.landscape["kind"] == "pathsample import"
        assert atlas.minima.degree.tolist() == [1, 1]
        assert atlas.to_dataframe().energy.tolist() == [-1.5, 0.25]
        with pytest.raises(AtlasError, match="can be analysed, not extended"):
            add(atlas, np.ones((1, 0)), [0.0])
    np.ones(6).tofile(directory / "points.min")
    np.ones(3).tofile(directory / "points.ts")
    import_pathsample(directory, tmp_path / "b.atlas")
    with pytest.raises(AtlasError, match="imported"):
        Atlas(tmp_path / "b.atlas", FakeLandscape())


# SQLite keeps no sign of zero.
reals = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)
lines = st.tuples(reals, reals, st.integers(1, 2**100), reals, reals, reals)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), minima=st.lists(lines, min_size=1, max_size=6), dim=st.integers(0, 3))
def test_any_database_survives(tmp_path_factory, data, minima, dim):
    place = tmp_path_factory.mktemp("any")
    ends = st.tuples(*[st.integers(1, len(minima))] * 2)
    states = data.draw(st.lists(st.tuples(lines, ends), max_size=6))
    (place / "in").mkdir()
    text = {
        "min.data": [[repr(word) for word in line] for line in minima],
        "ts.data": [[repr(word) for word in (*s[:3], *e, *s[3:])] for s, e in states],
    }
    for name, rows in text.items():
        (place / "in" / name).write_text("".join(" ".join(row) + "\n" for row in rows))
    if dim:
        for name, count in (("points.min", len(minima)), ("points.ts", len(states))):
            size = count * dim
            x = data.draw(st.lists(reals, min_size=size, max_size=size))
            np.array(x, dtype="<f8").tofile(place / "in" / name)
    import_pathsample(place / "in", place / "a.atlas")
    with Atlas(place / "a.atlas") as atlas:
        atlas.check()
        export_pathsample(atlas, place / "out")
    for name in os.listdir(place / "in"):
        assert (place / "in" / name).read_bytes() == (place / "out" / name).read_bytes()


def test_pygt_reads_the_export(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        io = pytest.importorskip("PyGT.io")
    rng = np.random.default_rng(0)
    with Atlas(tmp_path / "a.atlas", FakeLandscape()) as atlas:
        energy = rng.normal(size=6)
        ids, _ = add(atlas, rng.normal(size=(6, 3)), energy)
        ends = np.stack([ids[:-1], ids[1:]], axis=1)  # a chain, so that PyGT keeps every minimum
        ones = np.ones(5)
        atlas.add_transition_states(
            rng.normal(size=(5, 3)), 3 + rng.normal(size=5) / 9, ones, -ones, 3 * ones, ends
        )
        export_pathsample(atlas, tmp_path / "out")
        states = atlas.transition_states
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, rates, _, count, u, _, lowest, retained = io.load_ktn(str(tmp_path / "out"), beta=1.0)
        first, second = io.load_ktn_AB(str(tmp_path / "out"), retained)
    assert count == 6 and retained.all()
    np.testing.assert_allclose(u + lowest, energy, rtol=0, atol=1e-12)
    assert lowest == energy.min()
    # SPEC section 5: k = (n_ts / n_a) / (2 pi) prod sqrt(mu_a) / prod sqrt(mu_ts) exp(-dE)
    expected = np.zeros((6, 6))
    for e, (a, b) in zip(states.energy, states.minima - 1):
        for start, end in ((a, b), (b, a)):
            expected[end, start] = np.exp((2.0 - 3.0) / 2 - (e - energy[start])) / (2 * np.pi)
    np.testing.assert_allclose(rates.toarray(), expected, rtol=1e-12)
    assert first.tolist() == (energy == energy.min()).tolist()
    assert second.sum() == 1
