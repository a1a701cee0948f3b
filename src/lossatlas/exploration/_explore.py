"""The loop that maps a landscape: plan a round, run it in batches, write each batch at once."""

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from lossatlas._checks import check_flag, check_path, check_seed, check_whole
from lossatlas.atlas import Atlas, AtlasError, Search
from lossatlas.landscapes import AbstractLandscape, check_landscape
from lossatlas.searches import Toolkit, available_cores, toolkit_for

from ._advice import why_degenerate, why_lost, why_nothing, why_on_kinks
from ._budget import Budget, Progress
from ._execute import Executor
from ._pace import Pace
from ._pairs import PairSelector
from ._plan import ENDED, MIXES, initial_state, patience, plan_round


MINIMA_SHARE = 0.3  # of a budget may go to minima alone before the network is grown
JOINING_SHARE = 0.2  # of a budget, its last part, goes to joining the parts of the network


def explore(
    landscape: AbstractLandscape,
    out: str | os.PathLike,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    workers: int | None = None,
    batch_size: int = 48,
    identity: Literal["distance", "energy"] | None = None,
    kinks: bool = False,
    toolkit: Toolkit | None = None,
) -> Atlas:
    """Map a landscape: find its minima and transition states, and how they connect.

    First random starts and basin-hopping, until Good-Turing coverage and the Chao1 estimate say that
    minima are exhausted; then rounds of double-ended searches between chosen pairs, single-ended
    searches from every minimum and random saddle searches, until many searches in a row bring nothing
    new. Each batch is one transaction: a killed exploration loses at most the batch in flight, and
    the same call continues it. Ctrl-C drops the batch in flight, closes the file and ends in
    `KeyboardInterrupt`; what was found before stays.

    **Arguments:**

    - `landscape`: what is explored.
    - `out`: file of the atlas; made if it is not there, continued if it is.
    - `budget`: limits on time, evaluations, searches and counts; default none. Time is exceeded by one
        search per core and by what is being compiled, at most.
    - `seed`: same seed, same atlas, whatever `workers` and `batch_size` (without a time budget). Another
        seed than the file's keeps points and hits and plans anew, with other random numbers, even where the
        map was complete; a warning says so.
    - `progress`: called with a `Progress` after every batch.
    - `workers`: threads; default one per core.
    - `batch_size`: searches per transaction at most; under a limit on time fewer where searches are slow.
    - `identity`: points are the same if energy and aligned `distance` agree, or `energy` alone (as in
        most literature); default as stored, `distance` for a new file.
    - `kinks`: also store minima on kinks, where the loss rises on all sides but has no derivative; they
        have the flag `kink`, and neither eigenvalues nor a log-product.
    - `toolkit`: the searches that are run, and the mix of them; default `toolkit_for(landscape)`.

    **Returns:** the atlas, open for reading. `atlas.log.get_state("exploration")["phase"]` is `complete` if
    the exploration ended by itself, and `inconclusive` if it did, but more than a tenth of the random
    starts ended neither in a minimum nor on a saddle (see `coverage`).

    **Raises:**

    - `ValueError`: the landscape cannot be explored (see `check_landscape`), or an argument is
        of a wrong kind.
    - `AtlasError`: the file is no atlas, or one of another landscape; the disk is full.
    - `KeyboardInterrupt`: Ctrl-C, after what was found is written.
    """
    if not isinstance(budget, Budget | None):
        raise ValueError(f"`budget` must be a Budget(seconds=..., searches=...) or None, got {budget!r}.")
    if progress is not None and not callable(progress):
        raise ValueError(f"`progress` must be a function of a Progress, got {progress!r}.")
    out, kinks = check_path("out", out, "the atlas"), check_flag("kinks", kinks)
    batch_size, seed = check_whole("batch_size", batch_size), check_seed(seed)
    workers = None if workers is None else check_whole("workers", workers)
    if not isinstance(toolkit, Toolkit | None):
        raise ValueError(
            f"`toolkit` must be a Toolkit, as toolkit_for(landscape) returns, got {toolkit!r}."
        )
    started = time.monotonic()
    check_landscape(landscape)
    toolkit = toolkit_for(landscape) if toolkit is None else toolkit
    with no_empty_file(out), Atlas(out, landscape, identity=identity) as atlas:
        new_plan = _new_plan(atlas, seed)
        if new_plan:
            warnings.warn(new_plan, stacklevel=2)
        executor = Executor(landscape, atlas, seed, workers, kinks, toolkit)
        _Loop(landscape, atlas, budget or Budget(), executor, progress, batch_size, started).run()
        said = _advice(atlas, landscape) if atlas.queue.finished() else None
    if said:
        warnings.warn(said, stacklevel=2)
    return Atlas(out, readonly=True)


@contextlib.contextmanager
def no_empty_file(out: str | os.PathLike) -> Iterator[None]:
    """Remove a file that was not there before if an error leaves an atlas without searches in it.

    An atlas of nothing would only keep its name from others.
    """
    is_new = not Path(out).exists()
    try:
        yield
    except Exception:
        if is_new and Path(out).exists():
            if _is_empty(out):
                Path(out).unlink()
        raise


def _is_empty(path: str | os.PathLike) -> bool:
    try:
        with Atlas(path, readonly=True) as atlas:
            return atlas.queue.finished() == 0
    except AtlasError:
        return False


def _new_plan(atlas: Atlas, seed: int) -> str | None:
    """Return a sentence on what another seed does to the exploration in the file; None for the same one."""
    state = atlas.log.get_state("exploration", None)
    if state is None or state["seed"] == seed:
        return None
    was = f"was {state['phase']} with" if state["phase"] in ENDED else "has"
    return (
        f"The exploration of {atlas.path} {was} seed {state['seed']}, and goes on with seed {seed}: points "
        f"and hits are kept, planning begins anew after round {state['round']}."
    )


def _advice(atlas: Atlas, landscape: AbstractLandscape) -> str | None:
    if not atlas.count("minima"):
        return why_nothing(atlas, landscape)
    sentences = (
        why_lost(atlas, smooth=landscape.smoothness == "smooth"),
        why_on_kinks(atlas),
        why_degenerate(atlas, landscape),
    )
    return " ".join(sentence for sentence in sentences if sentence) or None


class _Loop:
    """One run of an exploration."""

    def __init__(self, landscape, atlas, budget, executor, progress, batch_size, started):
        self.landscape, self.atlas, self.budget = landscape, atlas, budget
        self.report, self.batch_size = progress, batch_size
        self.executor = executor
        self.selector = PairSelector(landscape, atlas)
        self.pace = Pace(executor.workers or available_cores())
        self.seed, self.started = executor.seed, started

    def run(self) -> None:
        """Search until complete or out of budget; Ctrl-C ends the run in the file, too, and is raised."""
        atlas = self.atlas
        with atlas.transaction():
            state = atlas.log.get_state("exploration", None)
            if state is None or state["seed"] != self.seed:
                kept = (
                    {}
                    if state is None
                    else {"next_search": state["next_search"], "evaluations": state["evaluations"]}
                )
                atlas.log.set_state("exploration", {**initial_state(self.seed), **kept})
            run = atlas.log.start_run({"budget": self.budget.__dict__}, self.seed)
            before = atlas.log.get_state("exploration", None)["evaluations"]
        try:
            while self._step(run):
                pass
        except KeyboardInterrupt:
            self._finish(run, before)  # what was written stays; the batch in flight is dropped
            raise
        self._finish(run, before)

    def _finish(self, run: int, before: int) -> None:
        """Note how long the run took and what it spent."""
        atlas = self.atlas
        spent = atlas.log.get_state("exploration", None)["evaluations"] - before
        atlas.log.finish_run(run, time.monotonic() - self.started, spent)

    def _step(self, run: int) -> bool:
        """Run one batch, or plan one round; returns whether to go on."""
        state = self.atlas.log.get_state("exploration", None)
        progress = self._progress(state)
        if self.report:
            self.report(progress)
        if state["phase"] in ENDED or self.budget.spent(progress):
            return False
        batch = self._batch(progress)
        if not batch:
            return self._plan(state, progress)
        begun, kinds = time.monotonic(), [search.kind for search in batch]
        findings = self.executor.run(batch, self.executor.inputs(batch))
        with self.atlas.transaction():
            news, evaluations = self.executor.write(batch, findings, run)
            for new in news:
                state["quiet"] = 0 if new else state["quiet"] + 1
            state["evaluations"] += evaluations
            self._note_round(state, progress, len(batch))
            self.atlas.log.set_state("exploration", state)
        self.pace.note(kinds, time.monotonic() - begun)
        return True

    def _batch(self, progress: Progress) -> list[Search]:
        """Return the next searches, only as many as a limit on time has room for."""
        batch = self.atlas.queue.pending(self.batch_size)
        if self.budget.seconds is None:
            return batch
        left = self.budget.seconds - progress.seconds
        return batch[: self.pace.allowed([search.kind for search in batch], left)]

    def _note_round(self, state: dict, before: Progress, searches: int) -> None:
        """Add to what the round has brought so far; older files know nothing of their last one."""
        for row in state.get("rounds", [])[-1:]:
            row["searches"] += searches
            row["minima"] += self.atlas.count("minima") - before.minima
            row["transition_states"] += self.atlas.count("transition_states") - before.transition_states

    def _plan(self, state: dict, progress: Progress) -> bool:
        spent = (progress.seconds, self.budget.seconds), (progress.evaluations, self.budget.evaluations)
        share = max((done / limit for done, limit in spent if limit is not None), default=0.0)
        rows, state = plan_round(
            self.atlas,
            state,
            self.selector,
            grow=self.landscape.smoothness != "kinked",
            hurry=share > MINIMA_SHARE,
            closing=share > 1.0 - JOINING_SHARE,
            mix=MIXES[self.executor.toolkit.mix],
        )
        with self.atlas.transaction():
            self.atlas.queue.plan(rows)
            self.atlas.log.set_state("exploration", state)
        return True

    def _progress(self, state: dict) -> Progress:
        return Progress(
            phase=state["phase"],
            round=state["round"],
            quiet=state["quiet"],
            patience=patience(self.atlas),
            seconds=time.monotonic() - self.started,
            evaluations=state["evaluations"],
            searches=self.atlas.queue.finished(),
            minima=self.atlas.count("minima"),
            transition_states=self.atlas.count("transition_states"),
            components=self.atlas.component_count,
        )
