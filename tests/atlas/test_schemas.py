"""Files of older schemas are read and brought up to date, and flags, which they did not have."""

import contextlib
import itertools
import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from fakes import damage, rewrite, to_older_schema

from lossatlas.atlas import Atlas, AtlasError, _checksums
from lossatlas.landscapes import xor


def filled(path, count=3):
    atlas = Atlas(path, xor(2))
    x = np.random.default_rng(0).normal(size=(count, 12))
    columns = [np.zeros(count), np.ones(count), np.ones(count)]
    atlas.points.add_minima(x, np.arange(count) + 0.5, *columns)
    return atlas


@pytest.fixture
def older(tmp_path, request):
    """Return a file of an older schema, and the digest that it had."""
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.points.add_transition_states(
            np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]], path_length=[4.0]
        )
        atlas.queue.plan([(1, "pair", 1, 2, 0, 11)])
        atlas.queue.finish(1, 0)
        digest = atlas.digest()
    to_older_schema(path, request.param)
    return path, digest


@pytest.mark.parametrize("older", [1, 2], indirect=True)
def test_files_of_older_schemas_are_brought_up_to_date_by_a_writer(older):
    path, digest = older
    with Atlas(path, xor(2)) as atlas:
        atlas.check()
        assert atlas.digest() == digest and atlas.sets == {}
        assert atlas.minima.flag.tolist() == ["", "", ""] and atlas.transition_states.flag.tolist() == [""]
        assert atlas.transition_states.path_length.tolist() == [4.0]
        assert atlas.queue.tried_pairs() == {(1, 2): 1}
        atlas.points.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], flag="kink")
        atlas.set_quantity("b", [1.0, 2.0, 3.0, 4.0])
        atlas.sets["A"] = [1]
    with Atlas(path) as atlas:
        assert atlas.minima["b"].tolist() == [1.0, 2.0, 3.0, 4.0]
        atlas.check()


@pytest.mark.parametrize("older", [1, 2], indirect=True)
@pytest.mark.parametrize("options", [dict(), dict(readonly=True), dict(landscape=xor(2), readonly=True)])
def test_files_of_older_schemas_are_read_and_not_written(older, options):
    path, digest = older
    content = path.read_bytes()
    with Atlas(path, **options) as atlas:
        atlas.check()
        assert atlas.digest() == digest and atlas.queue.tried_pairs() == {(1, 2): 1}
        with pytest.raises(AtlasError, match="open for reading"):
            atlas.log.set_state("key", 1)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("older", [2], indirect=True)
@pytest.mark.parametrize("statement, sentence", [
    ("UPDATE minima SET x = x'00' WHERE id = 2", "x of point 2 of minima has 1 bytes, not 12 numbers"),
    ("UPDATE minima SET moments = x'00' WHERE id = 2", "moments of point 2 of minima has 1 bytes, not 3"),
    ("UPDATE minima SET energy = 9e999 WHERE id = 3", "point 3 of minima is not finite"),
    ("UPDATE minima SET orbit_size = '-1' WHERE id = 3", "orbit_size of point 3 of minima is no whole"),
    ("UPDATE transition_states SET minimum_a = 9 WHERE id = 1", "refers to no minima"),
    ("UPDATE transition_states SET id = 5", "ids of transition_states have gaps"),
    ("UPDATE meta SET value = '{' WHERE key = 'landscape'", "value of a row of meta is no JSON"),
    ("UPDATE meta SET value = '{}' WHERE key = 'dimension'", "its number of variables is {}"),
    ("UPDATE meta SET value = '3' WHERE key = 'landscape'", "settings of the landscape make no sense"),
    ("DELETE FROM meta WHERE key = 'identity'", "settings of the landscape make no sense"),
])  # fmt: skip
@pytest.mark.parametrize("landscape", [None, xor(2)])
def test_damage_in_older_files_is_found_before_they_are_taken_for_right(
    older, statement, sentence, landscape
):
    path, _ = older
    damage(path, statement)
    content = path.read_bytes()
    with pytest.raises(AtlasError, match=sentence):
        Atlas(path, landscape)
    if "make no sense" not in sentence:
        assert path.read_bytes() == content


def test_flags_are_columns_of_both_kinds_of_points(tmp_path):
    point = lambda value: np.full((1, 12), value)
    with filled(tmp_path / "a.atlas") as atlas:
        before = atlas.digest()
        x, ones = np.concatenate([point(3.0), point(4.0)]), np.ones(2)
        atlas.points.add_minima(x, [8.0, 9.0], 0 * ones, ones, ones, flag=["", "kink"])
        atlas.points.add_transition_states(
            x, [11.0, 12.0], ones, -ones, ones, [[1, 2], [2, 3]], flag="below_minimum"
        )
        # A point that is known stays as it is.
        ids, is_new = atlas.points.add_minima(point(3.0), [8.0], [0.0], [1.0], [1.0], flag="kink")
        assert ids.tolist() == [4] and not is_new.any()
        flagged = atlas.digest()
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.minima.flag.tolist() == ["", "", "", "", "kink"]
        assert atlas.transition_states["flag"].tolist() == ["below_minimum"] * 2
        assert atlas.to_dataframe()["flag"].tolist() == atlas.minima.flag.tolist()
        assert atlas.to_networkx().nodes[5]["flag"] == "kink"
        assert atlas.digest() == flagged != before
        atlas.check()
    rewrite(tmp_path / "a.atlas", "UPDATE minima SET flag = NULL")
    with Atlas(tmp_path / "a.atlas", readonly=True) as atlas:
        assert atlas.digest() not in (flagged, before)


@pytest.mark.parametrize("flag, sentence", [
    (["kink", "kink"], r"`flag` must be a word or have shape \(1,\), got shape \(2,\)"),
    ("on a kink", "`flag` must hold words such as below_minimum, got 'on a kink'"),
])  # fmt: skip
def test_flags_are_words(tmp_path, flag, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(ValueError, match=sentence):
            atlas.points.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], flag=flag)
        assert len(atlas.minima) == 3


def test_an_energy_that_is_not_known_is_damage_without_its_flag(tmp_path):
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.points.add_transition_states(np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]])
    for flag, is_whole in (("'no_energy'", True), ("'kink'", False), ("NULL", False)):
        rewrite(path, f"UPDATE transition_states SET energy = NULL, flag = {flag}")
        with Atlas(path, readonly=True) as atlas:
            assert np.isnan(atlas.transition_states.energy).all()
            if is_whole:
                atlas.check()
            else:
                with pytest.raises(AtlasError, match="point 1 of transition_states is not finite"):
                    atlas.check()


# ---- schema 3, as it was written -----------------------------------------------------------------

DIGEST = "fd64e57e8455a191b443ad15ff2b667c9f21cef251ca66665c35c627bd335813"  # that it had


@pytest.fixture
def third(tmp_path):
    path = tmp_path / "a.atlas"
    db = sqlite3.connect(path)
    db.executescript(Path(__file__).with_name("third_schema.sql").read_text())
    db.close()
    return path


@pytest.mark.parametrize("options", [dict(), dict(landscape=xor(2)), dict(readonly=False)])
def test_metrics_of_the_third_schema_are_kept_as_quantities(third, options):
    content = third.read_bytes()
    for _ in range(2):  # once of the older schema, then maybe of today's
        with Atlas(third, **options) as atlas:
            atlas.check()
            assert atlas.digest() == DIGEST
            np.testing.assert_array_equal(atlas.minima["test_auc"], [0.75, np.nan, 0.1])
            assert atlas.minima["training_loss"].tolist() == [1.0, 2.0, 3.0]
            assert [quantity.name for quantity in atlas.quantities] == ["test_auc", "training_loss"]
            (run,) = atlas.quantities.get("test_auc").runs
            assert (run.call, run.written, run.settings) == ("evaluate", None, {"recipe": atlas.recipe})
            assert dict(atlas.sets)["A"].tolist() == [1, 2] and atlas.log.runs[0]["seconds"] == 1.5
    assert (third.read_bytes() == content) == (options == {})  # reading writes nothing


@pytest.mark.parametrize("statement, sentence", [
    ("UPDATE metrics SET value = 0.76 WHERE value = 0.75", "row test_auc, 1 of metrics does not agree"),
    ("DELETE FROM metrics WHERE minimum = 3", "do not hold what was written last"),
    ("UPDATE minima SET hits = 7 WHERE id = 2", "row 2 of minima does not agree with its checksum"),
    ("UPDATE totals SET count = 2 WHERE name = 'minima'", "row minima of totals does not agree"),
    ("CREATE TABLE another (a)", "do not hold what was written last"),
    ("PRAGMA user_version = 2", "says that it has atlas schema 2, but it has 3"),
])  # fmt: skip
@pytest.mark.parametrize("options", [dict(), dict(readonly=False)])
def test_damage_in_a_file_of_the_third_schema_is_not_given_new_checksums(
    third, statement, sentence, options
):
    damage(third, statement)
    content = third.read_bytes()
    with pytest.raises(AtlasError, match=sentence):
        Atlas(third, **options)
    assert third.read_bytes() == content


def test_files_of_the_fourth_schema_have_no_held_variables(tmp_path, monkeypatch):
    path = tmp_path / "a.atlas"
    with filled(path) as atlas:
        atlas.points.add_transition_states(np.ones((1, 12)), [9.0], [0.0], [-1.0], [1.0], [[1, 3]])
        digest = atlas.digest()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        for table, column in itertools.product(("minima", "transition_states"), ("held", "log_slopes")):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 4")
        monkeypatch.setattr(_checksums, "COLUMNS", _checksums.OLDER_COLUMNS[4])
        _checksums.seal(db)
        monkeypatch.undo()
    with Atlas(path) as atlas:
        assert atlas.digest() == digest and atlas.minima.held.tolist() == [0, 0, 0]
    with Atlas(path, xor(2)) as atlas:
        atlas.check()
        x = np.full((2, 12), 3.0) + np.array([[0.0], [1.0]])
        columns = [5.0, 6.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]
        atlas.points.add_minima(x, *columns, held=[2, 0], log_slopes=[0.5, 7.0], flag=["bound", ""])
        atlas.points.add_transition_states(
            x[:1] + 9.0, [9.5], [0.0], [-1.0], [1.0], [[1, 4]], held=1, log_slopes=-0.25
        )
        assert atlas.digest() != digest
    with Atlas(path) as atlas:
        assert atlas.minima.held.tolist() == [0, 0, 0, 2, 0]
        assert atlas.minima.log_slopes.tolist() == [0.0, 0.0, 0.0, 0.5, 0.0]
        states = atlas.transition_states
        assert states.held.tolist() == [0, 1] and states.log_slopes.tolist() == [0.0, -0.25]
        atlas.check()


@pytest.mark.parametrize("columns, sentence", [
    ({"held": -1}, "`held` must not be negative"),
    ({"held": 1.0}, "`held` must be an integer or integers of shape"),
    ({"held": 1, "log_slopes": np.nan}, "`log_slopes` must be finite"),
    ({"held": 1, "log_slopes": [1.0, 2.0]}, r"`log_slopes` must have shape \(1,\)"),
])  # fmt: skip
def test_held_variables_that_are_none(tmp_path, columns, sentence):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(ValueError, match=sentence):
            atlas.points.add_minima(np.full((1, 12), 3.0), [9.0], [0.0], [1.0], [1.0], **columns)
        assert len(atlas.minima) == 3
