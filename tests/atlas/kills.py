"""Kill a process that writes an atlas, again and again, and look at the file after each kill.

Run as a program of its own, `kills.py create|write DIRECTORY [TIMES]`: it forks, which is only safe in a
process without threads, and starts Python once instead of once a kill.
"""

import functools
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import numpy as np
from fakes import FakeLandscape, add, add_states

from lossatlas.atlas import Atlas, _connection


BATCH = 50


def write_batches(path: Path, report: int) -> None:
    """Write batches for ever; each is minima, states, a finished search and a state."""
    with Atlas(path, FakeLandscape()) as atlas:
        while True:
            done = atlas.log.get_state("batches", 0)
            x = np.random.default_rng(done).normal(size=(BATCH, 3))
            energy = 1000.0 * done + np.arange(BATCH)
            with atlas.transaction():
                ids, _ = add(atlas, x, energy, hits=1)
                add_states(atlas, x, energy, np.stack([ids, ids[::-1]], axis=1))
                atlas.queue.plan([(done, "sample", None, None, None, done)])
                atlas.queue.finish(done + 1, 0, int(ids[0]))
                atlas.log.set_state("batches", done + 1)
            os.write(report, (done + 1).to_bytes(4, "little"))


def fork(action) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(0)
    return pid


def kill_writing(path: Path, batches: int, seconds: float) -> int:
    """Kill a writer some seconds after it reported so many batches; return the last one reported."""
    out, report = os.pipe()
    pid = fork(lambda: write_batches(path, report))
    os.close(report)
    with open(out, "rb", buffering=0) as pipe:
        content = b"".join(pipe.read(4) for _ in range(batches))
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while more := pipe.read(4):
            content += more
    return int.from_bytes(content[-4:], "little")


def check_whole(path: Path, reported: int) -> int:
    """Return the number of batches in the file after checking that each is whole."""
    for options in (dict(readonly=True), dict(landscape=FakeLandscape())):
        with Atlas(path, **options) as atlas:
            atlas.check()
            batches = atlas.log.get_state("batches", 0)
            assert reported <= batches, "a reported batch is lost"
            assert len(atlas.minima) == len(atlas.transition_states) == BATCH * batches
            assert len(atlas.minima.x) == BATCH * batches
            assert atlas.queue.finished() == batches and atlas.queue.pending(9) == []
    return batches


def kills_while_writing(directory: Path, times: int) -> None:
    path, rng, before, went_on = directory / "a.atlas", random.Random(0), 0, 0
    for i in range(times):
        # The file grows; a new one now and then keeps the checks short.
        if i % 20 == 0:
            _connection.remove(path)
            before = 0
        # Counted in batches, for a busy machine takes long to reach the first one.
        reported = kill_writing(path, rng.randrange(4), rng.uniform(0.0, 0.02))
        # Killed before or while it is made, the file is for a writer only.
        if not is_atlas(path):
            assert reported == 0
            Atlas(path, FakeLandscape()).close()
        batches = check_whole(path, reported)
        assert before <= batches
        went_on += batches > before
        before = batches
    print(went_on)


def is_atlas(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0 and not Path(f"{path}-journal").exists()


def kills_while_creating(directory: Path) -> None:
    """Kill the creation before every one of its statements in turn."""
    killed = 0
    while True:
        path = directory / f"{killed}.atlas"
        _, status = os.waitpid(fork(functools.partial(create, path, killed)), 0)
        with Atlas(path, FakeLandscape()) as atlas:
            add(atlas, np.ones((1, 3)), [0.0])
            atlas.check()
        assert os.listdir(directory) == [path.name]
        path.unlink()
        if not os.WIFSIGNALED(status):
            break
        killed += 1
    print(killed)


def create(path: Path, statements: int) -> None:
    """Make an atlas, but die before the statement of that number."""
    left, connect = statements, sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, *arguments):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().execute(*arguments)

    _connection.sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Connection)
    Atlas(path, FakeLandscape())


if __name__ == "__main__":
    if sys.argv[1] == "create":
        kills_while_creating(Path(sys.argv[2]))
    else:
        kills_while_writing(Path(sys.argv[2]), int(sys.argv[3]))
