import errno
import os
import sqlite3
import sys

import numpy as np
import pytest
from fakes import FakeLandscape, HugeSymmetry, add, add_states, damage, filled, random_points, rewrite

from lossatlas._results import RESULTS
from lossatlas.atlas import Atlas, AtlasError, Search, _migrations, _schema


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a b#?%.atlas"  # characters that mean something in an address


@pytest.fixture
def atlas(path):
    with filled(path) as atlas:
        yield atlas


def test_columns_survive_the_file(path, atlas):
    before = atlas.minima, atlas.transition_states
    atlas.close()
    with Atlas(path) as again:
        for old, new in zip(before, (again.minima, again.transition_states)):
            assert old.keys() == new.keys()
            for name in old.keys():
                np.testing.assert_array_equal(old[name], new[name])
        assert again.settings == {**FakeLandscape().fingerprint(), "sizes": [2, 3]}
        assert again.identity == "distance"
        assert again.dimension == 3
        assert again.symmetry_order == 2
        again.check()


def test_columns(atlas):
    minima, states = atlas.minima, atlas.transition_states
    assert len(minima) == 5 and len(states) == 4
    assert minima.id.tolist() == [1, 2, 3, 4, 5]
    assert minima.hits.tolist() == [3, 1, 0, 2, 1]
    assert minima.orbit_size_exact == [2] * 5
    assert minima.orbit_size.dtype == np.float64
    # 1-2 twice counts once, 3-3 does not count
    assert minima.degree.tolist() == [1, 2, 0, 1, 0]
    assert states.minima.tolist() == [[1, 2], [2, 1], [3, 3], [2, 4]]
    assert states.path_length.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert states.hits.tolist() == [1] * 4
    assert atlas.components == ((1, 2, 4), (3,), (5,)) and atlas.component_count == 3
    assert "energy" in minima.keys()
    with pytest.raises(KeyError, match="no column 'colour'"):
        minima["colour"]
    with pytest.raises(ValueError, match="read-only"):
        minima.x[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        minima.energy[0] = 0.0


def test_columns_are_a_picture_that_later_writes_do_not_change(atlas):
    before = atlas.minima
    x = before.x.copy()
    for i in range(20):
        add(atlas, np.full((1, 3), 10.0 + i), [100.0 + i])
    np.testing.assert_array_equal(before.x, x)
    assert len(before) == 5 and len(atlas.minima) == 25
    assert atlas.count("minima") == 25 and atlas.count("transition_states") == 4


def test_empty_atlas(path):
    with Atlas(path, FakeLandscape()) as atlas:
        assert len(atlas.minima) == len(atlas.transition_states) == 0
        assert atlas.minima.x.shape == (0, 3) and atlas.transition_states.minima.shape == (0, 2)
        assert atlas.components == () and atlas.component_count == 0
        assert (
            atlas.queue.pending(10) == [] and atlas.queue.tried_pairs() == {} and atlas.log.failures == {}
        )
        assert "0 minima" in repr(atlas)
        assert "none" in atlas._repr_html_()
        atlas.check()


def test_orbit_sizes_beyond_floats(path):
    with Atlas(path, FakeLandscape(symmetry=HugeSymmetry())) as atlas:
        add(atlas, np.ones((1, 3)), [0.0])
        assert atlas.minima.orbit_size_exact == [2**200]
        assert atlas.symmetry_order == 2**200


def test_one_file_is_left(path):
    filled(path).close()
    with Atlas(path) as atlas:
        len(atlas.minima)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    "change, sentence",
    [
        (dict(x=np.ones((2, 4))), r"`x` must have shape \(points, 3\)"),
        (dict(x=np.ones(3)), "`x` must have shape"),
        (dict(x=np.full((2, 3), np.nan)), "`x` must be finite"),
        (dict(energy=[0.0, np.inf]), "`energy` must be finite"),
        (dict(energy=[0.0]), r"`energy` must have shape \(2,\)"),
        (dict(log_product=[0.0]), r"`log_product` must have shape \(2,\)"),
        (dict(hits=[1, 2, 3]), "`hits` must be"),
        (dict(hits=0.5), "`hits` must be"),
        (dict(hits=-1), "`hits` must not be negative"),
    ],
)
def test_wrong_minima_are_refused(atlas, change, sentence):
    good = dict(x=np.ones((2, 3)), energy=[0.0, 1.0])
    good |= dict(rms_gradient=[0, 0], lowest_eigenvalue=[1, 1], log_product=[0, 0])
    before = atlas.digest()
    with pytest.raises(ValueError, match=sentence):
        atlas.points.add_minima(**{**good, **change})
    assert atlas.digest() == before


@pytest.mark.parametrize("minima", [[[1, 6]], [[0, 1]], [[1.0, 2.0]], [[1]], [1, 2]])
def test_states_between_unknown_minima_are_refused(atlas, minima):
    with pytest.raises(ValueError, match="`minima` must be"):
        add_states(atlas, np.ones((1, 3)), [50.0], np.array(minima))


def test_transactions_undo_the_file_and_the_memory(atlas):
    before, x = atlas.digest(), np.full((1, 3), 7.0)
    with pytest.raises(KeyboardInterrupt):
        with atlas.transaction():
            add(atlas, x, [70.0])
            atlas.log.set_state("key", 1)
            assert len(atlas.minima) == 6
            raise KeyboardInterrupt
    assert atlas.digest() == before
    assert len(atlas.minima) == 5
    assert [found.tolist() for found in atlas.points.find_minima(x, [70.0])] == [[], []]
    ids, is_new = add(atlas, x, [70.0])
    assert ids.tolist() == [6] and is_new.all()


def test_a_failed_inner_transaction_undoes_the_outer_one(atlas):
    before = atlas.digest()
    with pytest.raises(AtlasError, match="inside this transaction"):
        with atlas.transaction():
            add(atlas, np.full((1, 3), 7.0), [70.0])
            try:
                with atlas.transaction():
                    atlas.log.set_state("key", 1)
                    raise RuntimeError
            except RuntimeError:
                pass
    assert atlas.digest() == before
    atlas.log.set_state("key", 2)  # and the next one works
    assert atlas.log.get_state("key") == 2


def test_state_and_queue(path, atlas):
    rows = [(1, "pair", 2, 1, 0, 11), (1, "pair", 1, 2, 1, 12), (1, "sample", None, None, None, 13)]
    atlas.queue.plan(rows + [(2, "hop", np.int64(3), None, 2**31 - 1, 14)])
    assert [s.seed for s in atlas.queue.pending(3)] == [11, 12, 13]
    assert atlas.queue.tried_pairs() == {}
    atlas.queue.finish(1, RESULTS.no_maximum)
    atlas.queue.finish(3, RESULTS.converged, 5)
    assert [s.id for s in atlas.queue.pending(9)] == [2, 4]
    assert atlas.queue.tried_pairs() == {(1, 2): 1}
    atlas.queue.finish(2, RESULTS.converged)
    assert atlas.queue.tried_pairs() == {(1, 2): 2}
    assert atlas.queue.finished() == 3 and atlas.queue.finished("pair") == 2
    assert atlas.queue.last("pair", 1) == [Search(2, 1, "pair", 1, 2, 1, 12, 0, None)]
    assert atlas.queue.last("sample", 5)[0].minimum == 5
    assert atlas.log.get_state("nothing", "default") == "default"
    atlas.log.set_state("exploration", {"round": 1})
    atlas.log.set_state("exploration", {"round": 2})
    atlas.close()
    with Atlas(path, FakeLandscape()) as again:
        assert again.log.get_state("exploration") == {"round": 2}
        assert [s.id for s in again.queue.pending(9)] == [4]
        with pytest.raises(ValueError, match="no planned search 99"):
            again.queue.finish(99, 0)


def test_failures_and_runs(atlas):
    atlas.log.count_failure("pair", RESULTS.max_steps)
    atlas.log.count_failure("pair", "max_steps", 2)
    atlas.log.count_failure("climb", 2)
    assert atlas.log.failures == {"climb": {"wrong_index": 1}, "pair": {"max_steps": 3}}
    with pytest.raises(ValueError, match="member of RESULTS"):
        atlas.log.count_failure("pair", "bad_luck")
    run = atlas.log.start_run({"l2": 0.1}, 7)
    assert atlas.log.runs[0]["finished"] is None
    atlas.log.finish_run(run, 1.5, {"gradients": 3})
    (row,) = atlas.log.runs
    assert row["settings"] == {"l2": 0.1} and row["seed"] == 7
    assert row["evaluations"] == {"gradients": 3} and row["seconds"] == 1.5
    assert row["software"]["numpy"] == np.__version__


def test_hits_of_known_states(atlas):
    atlas.points.add_hit("transition_states", 2)
    assert atlas.transition_states.hits.tolist() == [1, 2, 1, 1]
    with pytest.raises(ValueError, match="no point 5"):
        atlas.points.add_hit("transition_states", 5)
    with pytest.raises(ValueError, match="`table`"):
        atlas.points.add_hit("runs", 1)


def test_digest_tells_points_and_not_times(tmp_path):
    one, two = filled(tmp_path / "1"), filled(tmp_path / "2")
    two.log.start_run({}, 3)
    assert one.digest() == two.digest()
    two.points.add_hit("transition_states", 1)
    assert one.digest() != two.digest()
    one.close()
    two.close()


# ---- refusals ----------------------------------------------------------------------------------


def test_another_landscape_is_refused_by_what_differs(path, atlas):
    atlas.close()
    with pytest.raises(AtlasError) as error:
        Atlas(path, FakeLandscape(data="b", l2=0.1))
    assert "data is" in str(error.value)
    assert "l2 is absent in the file and 0.1 now" in str(error.value)
    assert "sizes" not in str(error.value)
    Atlas(path, FakeLandscape()).close()  # and the lock is free again


@pytest.mark.parametrize(
    "options, sentence",
    [
        (dict(identity="energy"), "identity = distance, not energy"),
        (dict(energy_tol=1e-3), "energy_tol = 1e-09, not 0.001"),
        (dict(distance_tol=1e-3), "distance_tol"),
    ],
)
def test_another_identity_is_refused(path, atlas, options, sentence):
    atlas.close()
    with pytest.raises(AtlasError, match=sentence):
        Atlas(path, FakeLandscape(), **options)
    Atlas(path, FakeLandscape(), identity="distance", energy_tol=1e-9).close()


@pytest.mark.parametrize("options", [dict(identity="colour"), dict(energy_tol=-1.0)])
def test_wrong_options_make_no_file(path, options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}`"):
        Atlas(path, FakeLandscape(), **options)
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize("content", [b"x", b"hello\n", bytes(600), os.urandom(100_000)])
@pytest.mark.parametrize("landscape", [None, FakeLandscape()])
def test_other_files_are_refused_and_unharmed(path, content, landscape):
    path.write_bytes(content)
    with pytest.raises(AtlasError, match="is not an atlas file"):
        Atlas(path, landscape)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("landscape", [None, FakeLandscape()])
def test_another_database_is_refused_and_unharmed(path, landscape):
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    content = path.read_bytes()
    with pytest.raises(AtlasError, match="is not an atlas file"):
        Atlas(path, landscape)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


def test_missing_files_and_directories(tmp_path):
    with pytest.raises(AtlasError, match="no atlas"):
        Atlas(tmp_path / "none.atlas")
    with pytest.raises(AtlasError, match="no atlas"):
        Atlas(tmp_path / "none.atlas", FakeLandscape(), readonly=True)
    with pytest.raises(AtlasError, match="no directory"):
        Atlas(tmp_path / "none" / "a.atlas", FakeLandscape())
    for landscape in (None, FakeLandscape()):
        with pytest.raises(AtlasError, match="is a directory"):
            Atlas(tmp_path, landscape)
    assert os.listdir(tmp_path) == []


def test_a_newer_schema_is_refused(path, atlas):
    atlas.close()
    rewrite(path, "CREATE TABLE new (a)", "PRAGMA user_version = 99")
    content = path.read_bytes()
    for options in (dict(), dict(readonly=True), dict(landscape=FakeLandscape())):
        with pytest.raises(AtlasError, match=f"schema 99, .* up to {_schema.SCHEMA_VERSION}"):
            Atlas(path, **options)
    assert path.read_bytes() == content


def test_an_older_schema_is_migrated(path, atlas, monkeypatch):
    atlas.close()
    version = _schema.SCHEMA_VERSION
    monkeypatch.setattr(_schema, "SCHEMA_VERSION", version + 1)
    monkeypatch.setattr(_migrations, "SCHEMA_VERSION", version + 1)
    add_column = "ALTER TABLE minima ADD COLUMN colour TEXT"
    monkeypatch.setitem(_migrations._STEPS, version, lambda db: db.execute(add_column))
    with Atlas(path, FakeLandscape()) as again:
        assert len(again.minima) == 5
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT colour FROM minima").fetchall() == [(None,)] * 5
    db.close()


def test_a_schema_that_never_was_is_refused(path, atlas):
    atlas.close()
    damage(path, "PRAGMA user_version = 0")
    with pytest.raises(AtlasError, match="says that it has atlas schema 0, but it has"):
        Atlas(path)


def test_a_failed_migration_changes_nothing(path, atlas, monkeypatch):
    atlas.close()
    content = path.read_bytes()
    version = _schema.SCHEMA_VERSION
    monkeypatch.setattr(_schema, "SCHEMA_VERSION", version + 1)
    monkeypatch.setattr(_migrations, "SCHEMA_VERSION", version + 1)

    def migration(db):
        db.execute("DROP TABLE state")
        db.execute("nonsense")

    monkeypatch.setitem(_migrations._STEPS, version, migration)
    with pytest.raises(AtlasError, match="SQLite cannot work with"):
        Atlas(path, FakeLandscape())
    assert path.read_bytes() == content


def test_one_writer_many_readers(path, atlas):
    with pytest.raises(AtlasError, match="being written by another exploration"):
        Atlas(path, FakeLandscape())
    with Atlas(path, FakeLandscape(), readonly=True) as reader, Atlas(path) as other:
        assert len(reader.minima) == 5
        add(atlas, np.ones((1, 3)), [70.0])
        # a reader keeps its picture, of both tables
        assert len(reader.minima) == len(reader.minima.x) == 5
        assert len(other.minima) == 6
        assert len(reader.points.find_minima(np.ones((1, 3)), [70.0])[0]) == 0
        for closed_to_writing in (reader, other):
            with pytest.raises(AtlasError, match="open for reading"):
                add(closed_to_writing, np.ones((1, 3)), [0.0])
            with pytest.raises(AtlasError, match="open for reading"):
                closed_to_writing.log.set_state("key", 1)
        with pytest.raises(AtlasError, match="with its landscape"):
            other.points.find_minima(np.ones((1, 3)), [70.0])
    atlas.close()
    Atlas(path, FakeLandscape()).close()


def test_a_closed_atlas_says_so(atlas):
    atlas.close()
    with pytest.raises(AtlasError, match="is closed"):
        atlas.log.get_state("key")
    atlas.close()  # twice is harmless


def test_a_full_disk(path, atlas):
    before = atlas.digest()
    pages = atlas._file.db.execute("PRAGMA page_count").fetchone()[0]
    atlas._file.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    x, energy = random_points(np.random.default_rng(1), 2000)
    with pytest.raises(AtlasError, match="disk is full"):
        with atlas.transaction():
            atlas.log.set_state("key", 1)
            add(atlas, x, energy + 100)
    assert atlas.digest() == before
    atlas.check()
    atlas._file.db.execute("PRAGMA max_page_count = 100000")
    _, is_new = add(atlas, x, energy + 100)  # space again
    assert is_new.all() and len(atlas.minima) == 2005


def test_a_full_disk_at_creation_leaves_no_file(path, monkeypatch):
    statements = ["PRAGMA max_page_count = 3", *_schema.INIT_STATEMENTS]
    monkeypatch.setattr(_schema, "INIT_STATEMENTS", statements)
    with pytest.raises(AtlasError, match="disk is full"):
        Atlas(path, FakeLandscape())
    assert os.listdir(path.parent) == []


def test_a_lock_that_cannot_be_made(path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("lossatlas.atlas._lock.os.open", refuse)
    with pytest.raises(AtlasError, match="Read-only file system"):
        Atlas(path, FakeLandscape())


def test_a_damaged_page_is_one_sentence(path, atlas):
    x, energy = random_points(np.random.default_rng(1), 2000)
    add(atlas, x, energy + 100)
    atlas.close()
    content = bytearray(path.read_bytes())
    content[8192:-8192] = os.urandom(len(content) - 16384)
    path.write_bytes(content)
    with pytest.raises(AtlasError, match="damaged|cannot work with"):
        with Atlas(path) as again:
            again.check()


# ---- other libraries ---------------------------------------------------------------------------


def test_networkx(atlas):
    graph = atlas.to_networkx()
    assert sorted(graph.nodes) == [1, 2, 3, 4, 5]
    assert graph.number_of_edges(1, 2) == 2 and graph.has_edge(3, 3)
    assert graph.nodes[2]["energy"] == 1.0
    assert graph.edges[2, 4, 4]["path_length"] == 4.0


def test_pandas(atlas):
    frame = atlas.to_dataframe()
    assert frame.index.tolist() == [1, 2, 3, 4, 5] and frame.loc[2, "energy"] == 1.0
    states = atlas.to_dataframe("transition_states")
    assert states[["minimum_a", "minimum_b"]].values.tolist() == [[1, 2], [2, 1], [3, 3], [2, 4]]
    with pytest.raises(ValueError, match="`table`"):
        atlas.to_dataframe("runs")


@pytest.mark.parametrize("method, package", [("to_networkx", "networkx"), ("to_dataframe", "pandas")])
def test_missing_packages_are_named(atlas, monkeypatch, method, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        getattr(atlas, method)()


def test_html_is_escaped(path):
    with Atlas(path, FakeLandscape(name="<script>")) as atlas:
        assert "<script>" not in atlas._repr_html_()
