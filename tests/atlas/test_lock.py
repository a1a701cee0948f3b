"""Who may write an atlas, and where: locks, network disks, Windows."""

import errno
import importlib.util
import os
import sqlite3
import sys
import types

import pytest
from fakes import FakeLandscape, filled

from lossatlas.atlas import Atlas, AtlasError, _file_system, _lock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.atlas"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_nothing_is_written(path, monkeypatch, code):
    filled(path).close()
    content = path.read_bytes()

    def refuse(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(_lock, "_take", refuse)
    with pytest.raises(AtlasError, match="gives no lock .* explore into a file on a local disk"):
        Atlas(path, FakeLandscape())
    with Atlas(path) as atlas:  # but it can be read
        assert len(atlas.minima) == 5
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]
    with pytest.raises(AtlasError, match="gives no lock"):
        Atlas(path.with_name("new.atlas"), FakeLandscape())
    assert os.listdir(path.parent) == [path.name]


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Return a function that says how the directory of the test is mounted."""

    def mount(kind, options, place=None):
        # The kernel writes a space in a path as an octal number.
        place = str(place or tmp_path.resolve()).replace(" ", "\\040")
        table = tmp_path / "mounts"
        table.write_text(f"/dev/a / ext4 rw 0 0\nserver:/b {place} {kind} {options} 0 0\nbroken line\n")
        monkeypatch.setattr(_file_system, "MOUNTS", table)

    return mount


@pytest.mark.parametrize(
    "kind, options", [("lustre", "rw,localflock"), ("nfs", "rw,nolock"), ("nfs4", "rw,local_lock=all")]
)
def test_locks_that_other_machines_do_not_see_are_none(path, mounted, kind, options):
    mounted(kind, options)
    with pytest.raises(
        AtlasError, match=f"mounted with {options[3:]}, so other machines do not see its locks"
    ):
        Atlas(path, FakeLandscape())


@pytest.mark.parametrize(
    "kind, mode", [("nfs4", "delete"), ("lustre", "delete"), ("fuse.sshfs", "delete"), ("xfs", "wal")]
)
def test_no_shared_memory_on_network_disks(path, mounted, kind, mode):
    mounted(kind, "rw,flock,local_lock=none")
    with filled(path) as atlas:
        assert atlas._file.db.execute("PRAGMA journal_mode").fetchone()[0] == mode
        with Atlas(path) as reader:
            assert len(reader.minima) == 5
            atlas.log.set_state("key", 1)  # the reader does not keep the writer waiting
            assert reader.log.get_state("key") == 1


def test_a_file_in_wal_mode_leaves_it_on_a_network_disk(path, mounted):
    filled(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
    db.close()
    mounted("nfs", "rw")
    with Atlas(path, FakeLandscape()) as atlas:
        assert atlas._file.db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_the_deepest_mount_counts(tmp_path, mounted):
    inner = tmp_path / "a b"
    inner.mkdir()
    mounted("nfs", "rw", inner.resolve())
    assert _file_system.is_network(inner / "a.atlas")
    assert not _file_system.is_network(tmp_path / "a.atlas")


def test_without_a_table_of_mounts_a_disk_is_local(path, monkeypatch, tmp_path):
    monkeypatch.setattr(_file_system, "MOUNTS", tmp_path / "none")
    assert not _file_system.is_network(path) and _file_system.unsafe_option(path) is None


def test_windows_locks_by_its_own_means(path, monkeypatch):
    held = set()

    def locking(descriptor, mode, size):
        assert (mode, size) == ("now", 1)
        file = os.fstat(descriptor).st_ino
        if file in held:
            raise OSError(errno.EACCES, "Permission denied")
        held.add(file)

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK="now"))
    monkeypatch.setattr(sys, "platform", "win32")
    spec = importlib.util.spec_from_file_location("lossatlas.atlas._windows_lock", _lock.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    first = module.WriterLock(path)
    with pytest.raises(AtlasError, match="being written by another exploration"):
        module.WriterLock(path)
    first.release()
    assert os.listdir(path.parent) == []
    first.release()  # twice is harmless
