"""What a row of the table measures: values of ours and of a peer, repeat by repeat."""

import contextlib
import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from peers.environments import run_peer


class Value(NamedTuple):
    """A number and what should be said of it."""

    number: float
    note: str = ""


Measured = Value | str  # or a sentence that says why there is no number


@dataclasses.dataclass
class Line:
    """One line of the table.

    - `unit`: a rate if it starts with a slash; else less is better.
    - `ours`, `theirs`: one number per repeat; `theirs` is a sentence where there is none.
    - `cost`: the ratio is ours over theirs; otherwise it says how many times better ours is.
    """

    name: str
    unit: str
    ours: list[float]
    peer: str = ""
    theirs: list[float] | str = ""
    cost: bool = False
    note: str = ""
    peer_note: str = ""

    @property
    def ratios(self) -> list[float]:
        """Return one ratio per repeat; none without a peer."""
        if isinstance(self.theirs, str):
            return []
        upright = self.cost or self.unit.startswith("/")
        return [a / b if upright else b / a for a, b in zip(self.ours, self.theirs)]


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the command line says."""

    repeats: int


Row = Callable[[Settings], list[Line]]
versions: dict[str, str] = {}  # of the peers, as they said themselves


def compare(
    name: str,
    unit: str,
    ours: Callable[[], Value],
    peers: dict[str, Callable[[], Measured]],
    repeats: int,
    *,
    cost: bool = False,
) -> list[Line]:
    """Measure ours and the peers in turns; one line per peer. The first line has the note of ours."""
    mine: list[Value] = []
    others: dict[str, list[Measured]] = {peer: [] for peer in peers}
    for _ in range(repeats):
        mine.append(ours())
        for peer, measure in peers.items():
            found = others[peer]
            if not (found and isinstance(found[-1], str)):  # what fails once is not asked again
                found.append(measure())
    lines = []
    for peer, found in others.items():
        failed = found[-1] if isinstance(found[-1], str) else None
        theirs, said = failed or [value.number for value in found], "" if failed else found[-1].note
        lines.append(Line(name, unit, [], peer, theirs, cost, peer_note=said))
    lines = lines or [Line(name, unit, [])]
    for line in lines:
        line.ours = [value.number for value in mine]
    lines[0].note = mine[-1].note
    return lines


def on_accelerator() -> bool:
    return jax.default_backend() != "cpu"


def clock() -> float:
    """Return CPU seconds, as the peers do, where all runs on one core; seconds of the wall elsewhere."""
    one_core = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1
    return time.process_time() if one_core and not on_accelerator() else time.perf_counter()


def seconds(function: Callable[[], Any], at_least: float = 0.3) -> float:
    """Return the seconds of one call, from as many calls as fill `at_least`."""
    calls, begin = 0, clock()
    while True:
        jax.block_until_ready(function())
        calls, spent = calls + 1, clock() - begin
        if spent >= at_least:
            return spent / calls


def ask(name: str, script: str, arrays: dict[str, Any], **options: Any) -> dict | str:
    """Run a peer on a problem; returns what it found or a sentence."""
    with problem_file(arrays) as file:
        found = run_peer(name, script, file, **options)
    if isinstance(found, dict):
        versions.update(found["versions"])
    return found


@contextlib.contextmanager
def problem_file(arrays: dict[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "problem.npz"
        np.savez(file, **arrays)
        yield file
