"""A damaged file is refused in a sentence, or read right; no number of it is ever wrong."""

import struct
import zlib

import numpy as np
import pytest
from damage import DAMAGES, campaign, synthetic, write_batch
from fakes import FakeLandscape, add, damage, filled
from hypothesis import given, settings
from hypothesis import strategies as st

from lossatlas.atlas import Atlas, AtlasError, _checksums


def spelled_out(value) -> bytes:
    """Return the canonical bytes of a value as the documentation of the checksums defines them."""
    if value is None:
        return b"N"
    if isinstance(value, float):
        return b"g" + struct.pack("<d", value)
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return b"i" + struct.pack("<i", value)
        digits, rest = [], abs(value)
        while rest:
            digits.append(rest % 2**15)
            rest //= 2**15
        count = len(digits) if value > 0 else -len(digits)
        return b"l" + struct.pack("<i", count) + struct.pack(f"<{len(digits)}H", *digits)
    if isinstance(value, str):
        value, mark = value.encode(), b"u"
    else:
        mark = b"s"
    return mark + struct.pack("<i", len(value)) + value


values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


@given(st.lists(values, max_size=12))
def test_checksums_are_what_their_documentation_says(row):
    text = b"minima(" + struct.pack("<i", len(row)) + b"".join(map(spelled_out, row))
    assert _checksums.checksums("minima", [tuple(row)]) == [zlib.crc32(text)]


def test_checksums_are_those_of_all_files_that_were_ever_written():
    rows = [(1, 0.5, None, "2", b"\x00\x01"), (2**40, -1.5e300, "é", b"", None)]
    assert _checksums.checksums("minima", rows) == [912184337, 553465851]


@settings(max_examples=20, deadline=None)  # each makes two files
@given(
    st.lists(st.floats(allow_infinity=False, width=64), min_size=3, max_size=3),
    st.one_of(st.none(), st.sampled_from(["kink", "no_energy"])),
)
def test_what_is_written_is_read_with_its_checksum(tmp_path_factory, numbers, flag):
    path = tmp_path_factory.mktemp("written") / "a.atlas"
    columns = [np.array([number]) for number in numbers]
    with Atlas(path, FakeLandscape()) as atlas:
        atlas.points.add_minima(np.array([[-0.0, 1.0, 2.0]]), [-0.0], *columns, flag=flag)
        atlas.set_quantity("a", [numbers[0]])
    with Atlas(path) as atlas:
        atlas.check()
        assert np.array_equal(atlas.minima.log_product, columns[2], equal_nan=True)
        assert np.array_equal(atlas.minima["a"], columns[0], equal_nan=True)


# ---- many files ----------------------------------------------------------------------------------


def test_no_damaged_file_gives_a_wrong_number(tmp_path):
    found = campaign(tmp_path, 4 * 3 * len(DAMAGES), write_share=0.2)
    verdicts = {verdict for counts in found.values() for verdict in counts}
    assert verdicts == {"refused", "right", "older"}
    assert sum(counts["refused"] for counts in found.values()) > 50
    # Only a log that is cut off, or a page of an older file, leads back to an older whole state.
    assert not any(counts["older"] for (atlas, kind), counts in found.items() if atlas == "imported"
                   and not kind.startswith("mix"))  # fmt: skip


@pytest.mark.exhaustive
def test_no_damaged_file_of_ten_thousand_gives_a_wrong_number(tmp_path):
    found = campaign(tmp_path, 10_000, seed=1)
    assert {verdict for counts in found.values() for verdict in counts} == {"refused", "right", "older"}


# ---- one table, one row at a time ----------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "a.atlas"
    synthetic(path, 2)
    return path


@pytest.fixture
def copy(whole, tmp_path):
    path = tmp_path / "a.atlas"
    path.write_bytes(whole.read_bytes())
    return path


READ = {
    "meta": lambda atlas: atlas.recipe,
    "state": lambda atlas: atlas.log.get_state("exploration"),
    "runs": lambda atlas: atlas.log.runs,
    "minima": lambda atlas: atlas.minima,
    "transition_states": lambda atlas: atlas.transition_states,
    "searches": lambda atlas: atlas.queue.pending(1),
    "failures": lambda atlas: atlas.log.failures,
    "quantity_runs": lambda atlas: list(atlas.quantities),
    "quantities": lambda atlas: atlas.minima,
    "sets": lambda atlas: dict(atlas.sets),
}
CHANGES = {
    "meta": ("value = '{}'", "key = 'recipe'"),
    "state": ("value = '{\"round\": 7}'", "true"),
    "runs": ("seconds = 2.5", "id = 1"),
    "minima": ("hits = hits + 1", "id = 24"),
    "transition_states": ("minimum_b = 3", "id = 7"),
    "searches": ("outcome = NULL", "id = 3"),
    "failures": ("count = count + 1", "true"),
    "quantity_runs": ("settings = '{}'", "call = 'batch 1'"),
    "quantities": ("numbers = zeroblob(length(numbers))", "name = 'test_auc'"),
    "sets": ("minimum = 7", "minimum = 5"),
}


def open_and(path, action):
    with Atlas(path, readonly=True) as atlas:
        action(atlas)


@pytest.mark.parametrize("table", CHANGES)
def test_a_changed_number_is_found_by_who_reads_it(copy, table):
    change, where = CHANGES[table]
    damage(copy, f"UPDATE {table} SET {change} WHERE {where}")
    for action in (READ[table], lambda atlas: atlas.check()):
        with pytest.raises(AtlasError, match=f"row .* of {table} does not agree with its checksum"):
            open_and(copy, action)


def test_a_damaged_key_of_any_length_makes_a_short_sentence(copy):
    damage(copy, f"UPDATE failures SET outcome = '{'x' * 1000}'")
    for action in (READ["failures"], lambda atlas: atlas.check()):
        with pytest.raises(AtlasError, match="does not agree with its checksum") as caught:
            open_and(copy, action)
        assert len(str(caught.value).replace(str(copy), "")) < 200


@pytest.mark.parametrize("table", CHANGES)
@pytest.mark.parametrize("which", ["first", "last"])
def test_a_lost_row_is_found_by_who_reads_its_table(copy, table, which):
    keys = ", ".join(_checksums.key_columns(table))
    order = keys if which == "first" else ", ".join(f"{key} DESC" for key in keys.split(", "))
    damage(
        copy, f"DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} ORDER BY {order} LIMIT 1)"
    )
    for action in (READ[table], lambda atlas: atlas.check()):
        with pytest.raises(AtlasError, match=f"{table} has .* rows instead of|ids of {table}|refers to no"):
            open_and(copy, action)


def write_everything(atlas):
    write_batch(atlas, 9, 1)
    atlas.log.finish_run(1, 1.0, 1)


@pytest.mark.parametrize("table", CHANGES)
def test_nothing_is_written_onto_what_is_damaged(copy, table):
    change, where = CHANGES[table]
    damage(copy, f"UPDATE {table} SET {change} WHERE {where}")
    for action in (write_everything, READ[table]):  # the damage is not given a checksum of its own
        with pytest.raises(AtlasError, match=f"row .* of {table} does not agree with its checksum"):
            with Atlas(copy, FakeLandscape(dimension=12)) as atlas:
                action(atlas)


@pytest.mark.parametrize("statement, sentence", [
    ("UPDATE totals SET count = count + 1 WHERE name = 'searches'", "row searches of totals does not"),
    ("UPDATE totals SET total = total - 1 WHERE name = 'schema'", "row schema of totals does not agree"),
    ("DELETE FROM totals WHERE name = 'minima'", "number of rows of minima is lost"),
    ("UPDATE totals SET name = 'maxima' WHERE name = 'minima'", "number of rows of minima is lost"),
    ("DROP TABLE totals", "a table or column is missing"),
    ("ALTER TABLE minima RENAME COLUMN hits TO hats", "its tables are not defined as they were"),
    ("CREATE TABLE another (a)", "its tables are not defined as they were"),
])  # fmt: skip
@pytest.mark.parametrize("landscape", [None, FakeLandscape(dimension=12)])
def test_damaged_totals_and_definitions_are_found_when_a_file_is_opened(
    copy, statement, sentence, landscape
):
    damage(copy, statement)
    content = copy.read_bytes()
    with pytest.raises(AtlasError, match=sentence):
        Atlas(copy, landscape)
    assert copy.read_bytes() == content


def test_statistics_of_sqlite_are_no_damage(copy):
    damage(copy, "ANALYZE")
    with Atlas(copy) as atlas:
        atlas.check()


def test_damaged_indices_and_views_are_found(copy):
    damage(
        copy,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, '''pair''', '''hop''') WHERE name = 'tried_pairs'",
    )
    with pytest.raises(AtlasError, match="its tables are not defined as they were"):
        Atlas(copy)


def test_an_index_that_lost_a_row_is_found(copy):
    damage(
        copy,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'outcome IS NULL', 'outcome > 9') "
        "WHERE name = 'searches_pending'",
    )
    damage(copy, "REINDEX searches_pending")
    damage(
        copy,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'outcome > 9', 'outcome IS NULL') "
        "WHERE name = 'searches_pending'",
    )
    for action in (READ["searches"], lambda atlas: atlas.check()):
        with pytest.raises(AtlasError, match="missing from index searches_pending"):
            open_and(copy, action)


@pytest.mark.parametrize("version", [0, 1, 2, 67])
@pytest.mark.parametrize("landscape", [None, FakeLandscape(dimension=12)])
def test_a_damaged_version_is_no_older_or_newer_file(copy, version, landscape):
    damage(copy, f"PRAGMA user_version = {version}")
    content = copy.read_bytes()
    with pytest.raises(
        AtlasError, match=f"damaged: it says that it has atlas schema {version}, but it has"
    ):
        Atlas(copy, landscape)
    assert copy.read_bytes() == content


def test_updates_keep_the_checksums(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        x = atlas.minima.x
        for _ in range(2):
            add(atlas, x[:3], np.arange(3.0), hits=2)
            atlas.points.add_hit("transition_states", 1)
            atlas.log.count_failure("pair", "max_steps")
            atlas.log.set_state("key", 1)
        atlas.check()
    with Atlas(tmp_path / "a.atlas") as atlas:
        atlas.check()
        assert atlas.minima.hits.tolist() == [7, 5, 4, 2, 1]


def test_a_killed_step_leaves_the_totals_of_before(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        with pytest.raises(KeyboardInterrupt):
            with atlas.transaction():
                add(atlas, np.full((1, 3), 7.0), [70.0])
                raise KeyboardInterrupt
        assert atlas.count("minima") == 5
        atlas.check()
        add(atlas, np.full((1, 3), 7.0), [70.0])
        atlas.check()
