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


def test_log_products_that_are_not_known_are_written_so(tmp_path):
    with Atlas(tmp_path / "a.atlas", FakeLandscape()) as atlas:
        atlas.points.add_minima(np.ones((1, 3)), [0.0], [0.0], [0.0], [np.nan])
        export_pathsample(atlas, tmp_path / "out")
    assert (tmp_path / "out" / "min.data").read_text() == "0.0 NaN 1 1.0 1.0 1.0\n"
    import_pathsample(tmp_path / "out", tmp_path / "b.atlas")
    with Atlas(tmp_path / "b.atlas") as again:
        assert again.minima.energy.tolist() == [0.0] and np.isnan(again.minima.log_product).all()


def test_fortran_numbers(tmp_path, directory):
    (directory / "min.data").write_text("  -1.5D+00  2.5d0  1  1.0  2.0  3.0  \r\n" + MINIMA + "\n\n")
    import_pathsample(directory, tmp_path / "a.atlas")
    with Atlas(tmp_path / "a.atlas") as atlas:
        assert atlas.minima.energy.tolist() == [-1.5, -1.5, 0.25]
        assert atlas.minima.orbit_size.tolist() == [1.0, 1.0, 0.5]
        assert atlas.minima.moments[0].tolist() == [1.0, 2.0, 3.0]


def read(directory, out):
    import_pathsample(directory, out)
    with Atlas(out, readonly=True) as atlas:
        atlas.check()
        return atlas.minima, atlas.transition_states


@pytest.mark.parametrize("word, value", [
    ("-12.5", -12.5), ("-.5", -0.5), ("+1.", 1.0), ("7", 7.0),
    ("1.5D+02", 150.0), ("1.5d2", 150.0), ("1.5E-10", 1.5e-10),
    ("0.356871384135930-114", 0.35687138413593e-114), ("-0.25+103", -0.25e103),
    ("********", np.nan), ("NaN", np.nan), ("-nan", np.nan), ("NaN(0x7FF8)", np.nan),
    ("Infinity", np.nan), ("-Inf", np.nan), ("1.0E+999", np.nan),
])  # fmt: skip
def test_numbers_as_fortran_writes_them(tmp_path, directory, word, value):
    (directory / "min.data").write_text(f"-1.5 {word} 1 1.0 2.0 3.0\n0.25 3.5 2 1 2 {word}\n")
    minima, _ = read(directory, tmp_path / "a.atlas")
    np.testing.assert_array_equal(minima.log_product, [value, 3.5])
    np.testing.assert_array_equal(minima.moments, [[1, 2, 3], [1, 2, value]])


@pytest.mark.parametrize("word, order", [
    ("120", 120), ("1.0", 1), ("2.00E+00", 2), ("0", None), ("***", None), ("NaN", None),
])  # fmt: skip
def test_orders_of_point_groups(tmp_path, directory, word, order):
    (directory / "min.data").write_text(f"-1.5 2.5 {word} 1 2 3\n0.25 3.5 2 1 2 3\n")
    minima, _ = read(directory, tmp_path / "a.atlas")
    assert minima.point_group_order == [order, 2]
    np.testing.assert_array_equal(minima.orbit_size, [np.nan if order is None else 1 / order, 0.5])


COMPLETE = "-1.5 2.5 1 1.0 2.0 3.0\n0.25 3.5 2 1.0 2.0 3.0\n"


@pytest.mark.parametrize("text", [
    COMPLETE.rstrip(),
    COMPLETE.replace("\n", "\r\n"),
    "\ufeff" + COMPLETE,
    "\n\n  -1.5 2.5 1 1.0 2.0 3.0   \n\n\n0.25 3.5 2 1.0 2.0 3.0\n\n",
    "! of 13 atoms\n# \u00e9nergie\n" + COMPLETE.replace("3.0\n", "3.0 ! checked\n"),
    COMPLETE.replace("\n", " 0.73 C2v\n"),
    COMPLETE.replace(" ", ", "),
    COMPLETE.replace(" ", "\t"),
    COMPLETE.replace("1.0 2.0 3.0", "1.0 2.0 1*3.0"),
])  # fmt: skip
def test_lines_as_they_are_in_the_wild(tmp_path, directory, text):
    (directory / "min.data").write_text(text, encoding="utf-8", newline="")
    minima, _ = read(directory, tmp_path / "a.atlas")
    assert minima.energy.tolist() == [-1.5, 0.25] and minima.log_product.tolist() == [2.5, 3.5]
    assert minima.point_group_order == [1, 2] and minima.moments.tolist() == [[1.0, 2.0, 3.0]] * 2


def test_equal_numbers_of_intels_fortran(tmp_path, directory):
    (directory / "min.data").write_text("-1.5 2.5 1 3*1.00\n2*0.25 2 2*4.0 5.0\n")
    minima, _ = read(directory, tmp_path / "a.atlas")
    assert minima.energy.tolist() == [-1.5, 0.25] and minima.log_product.tolist() == [2.5, 0.25]
    assert minima.moments.tolist() == [[1.0, 1.0, 1.0], [4.0, 4.0, 5.0]]


@pytest.mark.parametrize("columns", [1, 2, 3, 6])
def test_columns_of_minima_that_are_missing_are_not_known(tmp_path, directory, columns):
    words = [line.split()[:columns] for line in MINIMA.splitlines()]
    (directory / "min.data").write_text("".join(" ".join(line) + "\n" for line in words))
    minima, _ = read(directory, tmp_path / "a.atlas")
    assert minima.energy.tolist() == [-1.5, 0.25]
    assert np.isfinite(minima.log_product).tolist() == [columns >= 2] * 2
    assert minima.point_group_order == ([1, 2] if columns >= 3 else [None, None])
    assert np.isfinite(minima.moments).all() == (columns == 6)


@pytest.mark.parametrize("line, log_product, order, has_moments", [
    ("1.0 1 2", np.nan, None, False),
    ("1.0 2.0 4 1 2", 2.0, 4, False),
    ("1.0 2.0 4 1 2 1.0 2.0 3.0", 2.0, 4, True),
    ("1.0 2.0 4 1 2 1.0 2.0 3.0 0.73", 2.0, 4, True),
    ("1.0 2.0 4 1.0E+00 2.0E+00", 2.0, 4, False),
])  # fmt: skip
def test_columns_of_transition_states_that_are_missing_are_not_known(
    tmp_path, directory, line, log_product, order, has_moments
):
    (directory / "ts.data").write_text(line + "\n")
    _, states = read(directory, tmp_path / "a.atlas")
    assert states.energy.tolist() == [1.0] and states.minima.tolist() == [[1, 2]]
    np.testing.assert_array_equal(states.log_product, [log_product])
    assert states.point_group_order == [order] and np.isfinite(states.moments).all() == has_moments


def test_minima_alone(tmp_path, directory):
    (directory / "ts.data").unlink()
    minima, states = read(directory, tmp_path / "a.atlas")
    assert len(minima) == 2 and len(states) == 0 and states.x.shape == (0, 0)
    np.ones(6).tofile(directory / "points.min")
    minima, states = read(directory, tmp_path / "b.atlas")
    assert minima.x.shape == (2, 3) and states.x.shape == (0, 3)
    np.ones(3).tofile(directory / "points.ts")
    with pytest.raises(AtlasError, match="points.ts is there, but .*ts.data is not"):
        import_pathsample(directory, tmp_path / "c.atlas")


def test_bad_transition_states_are_flagged_and_the_rest_is_used(tmp_path, directory):
    (directory / "min.data").write_text(MINIMA + "-0.5 1.0 1 1.0 1.0 1.0\n")
    rest = "2.0 1 1 2 1.0 2.0 3.0\n"
    lines = [
        f"1.0 {rest}",
        f"*** {rest}",
        f"0.2 {rest}",
        f"0.2499999 {rest}",
        "0.2 2.0 1 1 3 1.0 2.0 3.0\n",
    ]
    (directory / "ts.data").write_text("".join(lines))
    minima, states = read(directory, tmp_path / "a.atlas")
    assert states.flag.tolist() == ["", "no_energy", "below_minimum", "", ""]
    assert states.usable.tolist() == [True, False, False, True, True]
    np.testing.assert_array_equal(states.energy, [1.0, np.nan, 0.2, 0.2499999, 0.2])
    assert minima.degree.tolist() == [2, 1, 1]
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert [list(part) for part in atlas.components] == [[1, 2, 3]]
        export_pathsample(atlas, tmp_path / "out")
    _, again = read(tmp_path / "out", tmp_path / "b.atlas")
    assert again.flag.tolist() == states.flag.tolist()
    # What joins two minima by a bad transition state alone does not join them.
    (directory / "ts.data").write_text(lines[2])
    assert read(directory, tmp_path / "c.atlas")[0].degree.tolist() == [0, 0, 0]


def test_sets_a_and_b(tmp_path, directory):
    (directory / "min.data").write_text(MINIMA * 6)
    (directory / "min.A").write_text("3\n 7 1\n  3 ! the folded ones\n")
    (directory / "min.B").write_text("1 12")
    import_pathsample(directory, tmp_path / "a.atlas")
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert {name: ids.tolist() for name, ids in atlas.sets.items()} == {"A": [1, 3, 7], "B": [12]}
        export_pathsample(atlas, tmp_path / "out")
    assert (tmp_path / "out" / "min.A").read_text() == "3\n1\n3\n7\n"
    assert (tmp_path / "out" / "min.B").read_text() == "1\n12\n"
    # PATHSAMPLE wants both sets, so the other one is the lowest minimum that is left.
    (directory / "min.A").unlink()
    (directory / "min.B").write_text("2\n1 3\n")
    import_pathsample(directory, tmp_path / "b.atlas")
    with Atlas(tmp_path / "b.atlas", readonly=True) as atlas:
        assert list(atlas.sets) == ["B"]
        export_pathsample(atlas, tmp_path / "other")
    assert (tmp_path / "other" / "min.A").read_text() == "1\n5\n"


def test_other_objects_than_an_atlas_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`atlas` must be an open Atlas, such as .* got 'xor.atlas'"):
        export_pathsample("xor.atlas", tmp_path / "out")
    with pytest.raises(ValueError, match="`directory` must be the path of the database, got None"):
        import_pathsample(None, tmp_path / "a.atlas")
    with pytest.raises(ValueError, match="`path` must be the path of the atlas, got None"):
        Atlas(None)
    assert os.listdir(tmp_path) == []


def test_columns_of_ones_own(tmp_path, directory):
    table = tmp_path / "own.csv"
    table.write_text("id,radius, rings\n2,1.5,\n1,0.5,3\n\n")
    import_pathsample(directory, tmp_path / "a.atlas", columns=table)
    with Atlas(tmp_path / "a.atlas") as atlas:
        atlas.check()
        np.testing.assert_array_equal(atlas.minima["radius"], [0.5, 1.5])
        np.testing.assert_array_equal(atlas.minima["rings"], [3, np.nan])


@pytest.mark.parametrize("content, sentence", [
    ("", "own.csv, line 1: needs a header such as id,radius"),
    ("radius,id\n0.5,1\n", "line 1: needs a header such as id,radius"),
    ("id,energy\n1,0.5\n", "line 1: There is a column 'energy' already"),
    ("id,a,a\n1,0.5,1\n", "line 1: 'a' is not a word, or stands there twice"),
    ("id,my radius\n1,0.5\n", "line 1: 'my radius' is not a word"),
    ("id,a\n1,0.5,3\n", "line 2: needs 2 fields, got 3"),
    ("id,a\n3,0.5\n", "line 2: there is no minimum 3; ids are 1 to 2"),
    ("id,a\n1,0.5\n1,0.5\n", "line 3: minimum 1 had a line already"),
    ("id,a\none,0.5\n", "line 2: needs the id of a minimum, got 'one'"),
    ("id,a\n1,much\n", "line 2: needs a number, got 'much'"),
    ("id,a\n1,inf\n", "line 2: needs a finite number"),
    (None, "own.csv cannot be read: No such file"),
])  # fmt: skip
def test_columns_of_ones_own_that_are_refused(tmp_path, directory, content, sentence):
    if content is not None:
        (tmp_path / "own.csv").write_text(content)
    with pytest.raises(AtlasError, match=sentence):
        import_pathsample(directory, tmp_path / "a.atlas", columns=tmp_path / "own.csv")
    assert not (tmp_path / "a.atlas").exists()


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("min.data", MINIMA + "1.0 2.0 1\n", "min.data, line 3: has 3 columns, other than line 1"),
        ("min.data", "! E\n-1.0\n\n2.0 1.0\n", "min.data, line 4: has 2 columns, other than line 2"),
        ("min.data", "x 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got 'x'"),
        ("min.data", "-1,5 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got '-1,5'"),
        ("min.data", "1_0 2.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got '1_0'"),
        ("min.data", "1.5-2.5 3.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got '1.5-2.5'"),
        ("min.data", ".-123 3.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got '.-123'"),
        ("min.data", "1.5-1234 3.5 1 1 2 3\n" + MINIMA, "line 1: needs a number, got '1.5-1234'"),
        (
            "min.data",
            MINIMA + "**** 2.5 1 1 2 3\n",
            "line 3: the energy of this minimum is not",
        ),
        (
            "min.data",
            MINIMA + "NaN 2.5 1 1 2 3\n",
            "line 3: the energy of this minimum is not",
        ),
        (
            "min.data",
            "1 2.5 1.5 1 2 3\n" + MINIMA,
            "line 1: needs the order of a point group, a whole number",
        ),
        ("min.data", "1 2.5 \u00b2 1 2 3\n" + MINIMA, "line 1: needs the order of a point group"),
        ("min.data", "1 2.5 \u0662 1 2 3\n" + MINIMA, "line 1: needs the order of a point group"),
        ("min.data", "\x00" * 500, r"line 1: needs a number, got '(\\x00){40}'\."),
        ("min.data", None, "min.data cannot be read: No such file"),
        ("ts.data", STATES + "1 2 1 1 3 1 1 1\n", "line 2: minimum 3 is not in min.data, which has 2"),
        ("ts.data", STATES + "1 2 1 0 1 1 1 1\n", "ts.data, line 2: minimum 0 is not"),
        ("ts.data", "1.0 2.0 1 2\n", "ts.data, line 1: needs the columns energy.*got 4"),
        ("ts.data", "1.0 2.0\n", "ts.data, line 1: needs the columns energy.*got 2"),
        ("ts.data", "1.0 1 2\n1.0 2.0 1 1 2\n", "ts.data, line 2: has 5 columns, other than line 1"),
        ("ts.data", MINIMA, "ts.data, line 1: needs the columns energy.*got 6"),
        ("min.data", "1.0 2.0 1 1 2\n", "min.data, line 1: needs the columns energy.*got 5"),
        ("ts.data", "1.0 2.0 1 * 2\n", r"line 1: needs the id of a minimum, a whole number, got '\*'"),
        ("ts.data", "1.0 2.0 1 1.5 2\n", "line 1: needs the id of a minimum, a whole number, got '1.5'"),
        ("min.data", "", "min.data holds no minimum"),
        ("min.data", "! energies of the\n# minima\n", "min.data holds no minimum"),
        ("min.data", "1 2.5 -1 1 2 3\n", "line 1: the order of a point group is .* got -1"),
        ("ts.data", "1 2.5 -2 1 2 1 2 3\n", "ts.data, line 1: the order of a point group is .* got -2"),
        ("min.A", "", "min.A names no minimum: mend it or take it away"),
        ("min.B", "0\n", "min.B names no minimum: mend it or take it away"),
        ("min.A", "1\n0\n", "min.A: minimum 0 is not in min.data, which has 2"),
        ("min.A", "2\n1\n", "min.A says that it has 2 ids, and has 1: mend it or take it away"),
        ("min.A", "1\n1\n2\n", "min.A says that it has 1 ids, and has 2"),
        ("min.B", "1\n3\n", "min.B: minimum 3 is not in min.data, which has 2"),
        ("min.B", "one\n1\n", "min.B, line 1: needs the id of a minimum, a whole number, got 'one'"),
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
        assert atlas.settings["kind"] == "pathsample import"
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
        atlas.points.add_transition_states(
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


# PyGT's examples/KTN_data/chain, https://github.com/tomswinburne/PyGT: see NOTICE.
CHAIN_ENERGIES = [3.0, 2.0, 3.0, 5.0, 6.0, 8.0, 7.0, 6.0, 5.0, 4.0, 5.0]
CHAIN_STATES = [3.5, 3.5, 5.5, 6.5, 8.5, 8.5, 7.5, 6.5, 5.5, 5.5]
CHAIN_LOG_PRODUCTS = [1.0, 3.0, *[2.0] * 8]


def test_a_published_chain(tmp_path):
    from lossatlas.analysis import first_passage, rate_network, transition_network

    rows = [f" {energy}   1.0 1 1.0 1.0 1.0\n" for energy in CHAIN_ENERGIES]
    (tmp_path / "min.data").write_text("".join(rows))
    rows = [
        f"   {energy} {log_product} 1              {i} {i + 1} 1.0 1.0 1.0\n"
        for i, (energy, log_product) in enumerate(zip(CHAIN_STATES, CHAIN_LOG_PRODUCTS), start=1)
    ]
    (tmp_path / "ts.data").write_text("".join(rows))
    (tmp_path / "min.A").write_text("3\n1\n2\n3\n")
    (tmp_path / "min.B").write_text("3\n9\n10\n11\n")
    import_pathsample(tmp_path, tmp_path / "a.atlas")
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        network, sets = transition_network(atlas), dict(atlas.sets)
    rates = rate_network(network, 0.3)
    a, b = sets["A"], sets["B"]
    # Linear equations with 60 digits (mpmath); PyGT 0.3, which inverts a matrix, is off by 1.3e-8.
    assert first_passage(rates, a, b).mfpt == pytest.approx(58110029496.267, rel=1e-12)
    assert first_passage(rates, b, a).mfpt == pytest.approx(74042111.898648, rel=1e-12)
