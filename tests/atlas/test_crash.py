"""SIGKILL at random moments: the file opens, checks, and holds whole batches only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeLandscape, filled
from kills import BATCH

from lossatlas.atlas import Atlas, AtlasError, _connection


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

KILLS = Path(__file__).with_name("kills.py")


def run_kills(*arguments) -> int:
    command = [sys.executable, str(KILLS), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_ten_kills(tmp_path):
    # Most runs got as far as a batch, so kills fell between and into batches.
    assert run_kills("write", tmp_path, 10) > 5


@pytest.mark.exhaustive
def test_two_hundred_kills(tmp_path):
    assert run_kills("write", tmp_path, 200) > 100


@pytest.mark.slow
def test_kills_during_creation(tmp_path):
    assert run_kills("create", tmp_path) > 15  # a statement each


@pytest.fixture
def killed(tmp_path):
    """Return a file that a killed process left behind, its last batch in the log alone."""
    code = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import kills
def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)
kills.os.write = kill
kills.write_batches(Path(sys.argv[1]), 1)
"""
    path = tmp_path / "a.atlas"
    subprocess.run([sys.executable, "-c", code, str(path), str(KILLS.parent)], check=False)
    assert path.with_name("a.atlas-wal").stat().st_size > 0
    return path


def test_reading_what_a_kill_left_behind(killed):
    content = killed.read_bytes()
    with Atlas(killed, readonly=True) as atlas:
        assert len(atlas.minima) == BATCH
    assert killed.read_bytes() == content


def test_a_stale_lock_keeps_nobody_out(killed):
    assert killed.with_name("a.atlas-lock").exists()
    Atlas(killed, FakeLandscape()).close()
    assert os.listdir(killed.parent) == [killed.name]


def test_a_copy_of_file_and_log_is_enough(tmp_path):
    with filled(tmp_path / "a.atlas") as atlas:
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"a.atlas{suffix}", tmp_path / f"b.atlas{suffix}")
        with Atlas(tmp_path / "b.atlas") as copy:
            assert copy.digest() == atlas.digest()


@pytest.mark.parametrize("was_killed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_medium_that_takes_no_files(killed, monkeypatch, was_killed):
    """SQLite cannot open a log there; a file without one is read as it is."""
    if not was_killed:
        Atlas(killed, FakeLandscape()).close()
    checked = _connection._checked

    def refuse(path, mode):
        if mode == "ro":
            raise _connection.sqlite3.OperationalError("unable to open database file")
        return checked(path, mode)

    monkeypatch.setattr(_connection, "_checked", refuse)
    if was_killed:
        with pytest.raises(AtlasError, match="left by a killed process"):
            Atlas(killed, readonly=True)
    else:
        with Atlas(killed, readonly=True) as atlas:
            assert len(atlas.minima) == BATCH
