"""SIGKILL at random moments: the file opens, checks, and holds whole batches only."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeLandscape, add, filled

from lossatlas.atlas import Atlas


BATCH = 50

# Every batch adds minima, states, a finished search and a state in one transaction.
WRITER = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from fakes import FakeLandscape, add, add_states
from lossatlas.atlas import Atlas
with Atlas(sys.argv[1], FakeLandscape()) as atlas:
    while True:
        done = atlas.get_state("batches", 0)
        rng = np.random.default_rng(done)
        with atlas.transaction():
            x = rng.normal(size=(50, 3))
            ids, _ = add(atlas, x, 1000.0 * done + np.arange(50), hits=1)
            add_states(atlas, x, 1000.0 * done + np.arange(50), np.stack([ids, ids[::-1]], axis=1))
            atlas.plan([(done, "sample", None, None, None, done)])
            atlas.finish(done + 1, 0, int(ids[0]))
            atlas.set_state("batches", done + 1)
        print(done + 1, flush=True)
"""


def kill_once(path, seconds):
    """Run the writer, kill it after its start by `seconds`; return the batches it reported."""
    command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # Counted from the first batch: before it Python starts, which is tested elsewhere.
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
    return int([line for line in lines if line.endswith("\n")][-1])


def check_whole(path, reported):
    for options in (dict(readonly=True), dict(landscape=FakeLandscape())):
        with Atlas(path, **options) as atlas:
            atlas.check()
            batches = atlas.get_state("batches", 0)
            # What was reported is there, and at most the batch in flight was committed besides.
            assert reported <= batches <= reported + 1
            assert len(atlas.minima) == len(atlas.transition_states) == BATCH * batches
            assert len(atlas.minima.x) == BATCH * batches
            assert atlas.count("searches") == batches
            assert atlas.pending(9) == []


def kill_many(path, times):
    rng = random.Random(0)
    reported = []
    for _ in range(times):
        reported.append(kill_once(path, rng.uniform(0.0, 0.05)))
        check_whole(path, reported[-1])
    # Every run went on where the one before was killed.
    assert all(old < new for old, new in zip(reported, reported[1:]))


def test_twenty_kills(tmp_path):
    kill_many(tmp_path / "a.atlas", 20)


@pytest.mark.slow
def test_two_hundred_kills(tmp_path):
    kill_many(tmp_path / "a.atlas", 200)


def test_kills_during_creation(tmp_path):
    # The child stops itself before every statement of the creation in turn, as if killed there.
    code = """
import os, signal, sqlite3, sys
sys.path.insert(0, sys.argv[2])
from fakes import FakeLandscape
from lossatlas.atlas import Atlas, _connection
left = int(sys.argv[3])
class Connection(sqlite3.Connection):
    def execute(self, *arguments):
        global left
        left -= 1
        if left < 0:
            self.interrupt()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*arguments)
connect = sqlite3.connect
_connection.sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Connection)
Atlas(sys.argv[1], FakeLandscape())
os._exit(0)
"""
    for left in range(100):
        path = tmp_path / f"{left}.atlas"
        arguments = [str(path), str(Path(__file__).parent), str(left)]
        process = subprocess.run([sys.executable, "-c", code, *arguments], check=False)
        with Atlas(path, FakeLandscape()) as atlas:
            add(atlas, np.ones((1, 3)), [0.0])
            atlas.check()
        assert os.listdir(tmp_path) == [path.name]
        path.unlink()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    else:
        raise AssertionError("The creation never came to its end.")
    assert left > len("PRAGMA")  # so it was killed in many places


def test_reading_what_a_kill_left_behind(tmp_path):
    path = tmp_path / "a.atlas"
    reported = kill_once(path, 0.02)
    assert path.with_name("a.atlas-wal").stat().st_size > 0
    before = path.read_bytes()
    with Atlas(path, readonly=True) as atlas:
        assert len(atlas.minima) >= BATCH * reported
    assert path.read_bytes() == before


def test_a_copy_of_the_log_is_enough(tmp_path):
    # A copy made while another process writes holds the file and its log.
    with filled(tmp_path / "a.atlas") as atlas:
        for name in ("a.atlas", "a.atlas-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"copy-{name}")
        (tmp_path / "copy-a.atlas-wal").rename(tmp_path / "b.atlas-wal")
        (tmp_path / "copy-a.atlas").rename(tmp_path / "b.atlas")
        with Atlas(tmp_path / "b.atlas") as copy:
            assert copy.digest() == atlas.digest()
