"""Limits on time, by a clock that the searches move."""

import pytest

from lossatlas._results import RESULTS
from lossatlas.exploration import Budget, explore
from lossatlas.exploration import _explore as explore_module
from lossatlas.exploration._pace import Pace
from lossatlas.landscapes import DoubleWells


def test_one_search_per_core_shows_how_long_a_kind_takes():
    pace = Pace(cores=4)
    assert pace.allowed(["sample"] * 48, 100.0) == 4
    pace.note(["sample"] * 4, 2.0)
    assert pace.allowed(["sample"] * 48, 1000.0) == 48
    assert pace.allowed(["sample"] * 48, 10.0) == 10  # half of ten seconds, half a second each
    assert pace.allowed(["sample"] * 10 + ["hop"] * 38, 1000.0) == 14
    assert pace.allowed(["sample"] * 48, 0.0) == pace.allowed(["sample"] * 48, -1.0) == 4
    assert pace.allowed(["sample"] * 3, 0.0) == 3 and pace.allowed([], 1.0) == 0


def test_the_last_batch_counts():
    """The first one waits for the compiler."""
    pace = Pace(cores=2)
    pace.note(["sample"] * 2, 60.0)
    assert pace.allowed(["sample"] * 48, 90.0) == 2
    pace.note(["sample"] * 2, 0.02)
    assert pace.allowed(["sample"] * 48, 90.0) == 48


class Clock:
    """A time that only searches move: `seconds` for as many as there are cores, more at first."""

    def __init__(self, seconds, compiling):
        self.now, self.seconds, self.compiling, self.batches = 0.0, seconds, compiling, []

    def monotonic(self):
        return self.now

    def run(self, executor, batch):
        self.now += self.compiling + self.seconds * -(-len(batch) // executor.workers)
        self.compiling = 0.0
        self.batches.append(len(batch))
        return batch

    def write(self, writer, batch, findings, run):
        for search in batch:
            writer.atlas.queue.finish(search.id, int(RESULTS.wrong_index))
            writer.atlas.log.count_failure(search.kind, int(RESULTS.wrong_index))
        return [False] * len(batch), len(batch)


@pytest.fixture
def timed(monkeypatch, tmp_path):
    def run(limit, *, seconds, compiling, workers=2):
        clock = Clock(seconds, compiling)
        monkeypatch.setattr(explore_module, "time", clock)
        monkeypatch.setattr(
            explore_module.Executor, "run", lambda self, batch, inputs: clock.run(self, batch)
        )
        monkeypatch.setattr(explore_module.Writer, "write", lambda self, *args: clock.write(self, *args))
        with pytest.warns(UserWarning, match="No search ended in a minimum"):
            atlas = explore(
                DoubleWells(2, 4.0, 0.1), tmp_path / f"{len(list(tmp_path.iterdir()))}.atlas",
                budget=Budget(seconds=limit, searches=400), workers=workers,
            )  # fmt: skip
        with atlas:
            return clock, atlas.queue.pending(1000)

    return run


@pytest.mark.parametrize("seconds, compiling", [(5.0, 0.0), (5.0, 12.0), (0.7, 3.0), (40.0, 0.0)])
def test_a_limit_is_missed_by_one_search_per_core_at_most(timed, seconds, compiling):
    clock, _ = timed(30.0, seconds=seconds, compiling=compiling)
    assert 30.0 <= clock.now <= max(30.0, compiling) + seconds


def test_fast_searches_come_in_full_batches(timed):
    """A round has 64 searches of one kind and 16 of another: of each two show that they are fast."""
    clock, _ = timed(1000.0, seconds=0.01, compiling=5.0)
    assert clock.batches[:6] == [2, 48, 14 + 2, 14, 48, 32]


def test_how_many_fit_does_not_change_what_is_planned(timed):
    _, left = timed(30.0, seconds=5.0, compiling=0.0)
    assert {search.round for search in left} == {1}
    assert [search.seed for search in left] == [search.id - 1 for search in left]
    assert left[-1].id == 80
