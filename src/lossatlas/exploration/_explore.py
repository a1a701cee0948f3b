"""The loop that maps a landscape: plan a round, run it in batches, write each batch at once."""

import contextlib
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

from lossatlas._checks import check_flag, check_path, check_seed, check_whole
from lossatlas._display import display
from lossatlas.atlas import Atlas, AtlasError, Search
from lossatlas.landscapes import AbstractLandscape, check_kind, check_landscape
from lossatlas.searches import Toolkit, available_cores, read_toolkit, toolkit_for, toolkit_in_words

from ._advice import why_degenerate, why_lost, why_nothing, why_on_kinks
from ._budget import Budget, Progress
from ._execute import Executor
from ._interrupt import deferred_interrupt
from ._pace import Pace
from ._pairs import PairSelector
from ._plan import ENDED, MIXES, initial_state, minima_exhausted, patience, plan_round
from ._write import Writer


MINIMA_SHARE = 0.3  # part of a budget that may be spent on minima alone before the network is grown
JOINING_SHARE = 0.2  # last part of a budget, which is spent on joining the components of the network
INTERRUPTED = "interrupted"  # how a run ends after Ctrl-C


def explore(
    landscape: AbstractLandscape,
    out: str | os.PathLike,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | bool | None = None,
    workers: int | None = None,
    batch_size: int = 48,
    identity: Literal["distance", "energy"] | None = None,
    kinks: bool = False,
    network: bool = True,
    toolkit: Toolkit | None = None,
) -> Atlas:
    """Map a landscape: find its minima and transition states, and how they connect.

    Random starts and basin-hopping run first, until Good-Turing coverage and the Chao1 estimate say that
    no minima are missing. Then rounds of double-ended searches between pairs of minima, single-ended
    searches from every minimum and saddle searches from random starts run until many searches in a row
    find no new point. Each batch is one transaction: a killed exploration loses at most the batch in
    flight, and the same call continues it. After Ctrl-C the batch in flight is finished and written, the
    file is closed, and `KeyboardInterrupt` is raised; a second Ctrl-C drops the batch.

    **Arguments:**

    - `landscape`: the landscape to explore.
    - `out`: file of the atlas; continued if it exists, else made.
    - `budget`: limits on time, evaluations, searches and counts; default none. The time limit is exceeded
        by at most one search per core and the compilation in progress.
    - `seed`: the same seed gives the same atlas, whatever `workers` and `batch_size`, unless a time limit
        ends the run. With a seed other than that of the file, points and hits are kept and planning begins
        anew, with other random numbers, even if the exploration was complete; a warning says so.
    - `progress`: called with a `Progress` after every batch. By default a terminal or a notebook shows how
        far the exploration has got; True shows it everywhere, in a pipe by a line every ten seconds on
        stderr; False shows nothing.
    - `workers`: threads; default one per core.
    - `batch_size`: largest number of searches per transaction; under a time limit batches are smaller where
        searches are slow.
    - `identity`: `distance`: two points are the same if energy and aligned coordinates agree; `energy`:
        if the energies agree, as in most literature. Default as stored, `distance` for a new file.
    - `kinks`: also store minima on kinks, where the loss rises on all sides but has no derivative; they
        have the flag `kink`, and neither eigenvalues nor a log-product.
    - `network`: False to stop once random starts bring no new minimum, before transition states are sought;
        the same call with True goes on from there.
    - `toolkit`: the searches to run, and their mix; default those of the last run on the file, and
        `toolkit_for(landscape)` for a new file. Any other toolkit is noted in the settings of the run
        (`atlas.log.runs`), and a warning says so if it changes.

    **Returns:** the atlas, open for reading. `atlas.log.get_state("exploration")["phase"]` is `complete` if
    the exploration met its stopping rule, and `inconclusive` if it did so although more than a tenth of the
    random starts ended neither in a minimum nor on a saddle (see `coverage`). `summary(atlas).ending` says
    in words why it ended.

    **Raises:**

    - `ValueError`: the landscape cannot be explored (see `check_landscape`), an argument is of the wrong
        kind, or the last run had a toolkit with a search that can no longer be imported.
    - `AtlasError`: the file is not an atlas, or is one of another landscape, or cannot be written.
    - `KeyboardInterrupt`: Ctrl-C was pressed; finished batches are in the atlas.
    """
    check_kind(landscape)
    if not isinstance(budget, Budget | None):
        raise ValueError(f"`budget` must be a Budget(seconds=..., searches=...) or None, got {budget!r}.")
    if not isinstance(progress, bool | None) and not callable(progress):
        raise ValueError(f"`progress` must be True, False or a function of a Progress, got {progress!r}.")
    out, kinks = check_path("out", out, "the atlas"), check_flag("kinks", kinks)
    network = check_flag("network", network)
    batch_size, seed = check_whole("batch_size", batch_size), check_seed(seed)
    workers = None if workers is None else check_whole("workers", workers)
    if not isinstance(toolkit, Toolkit | None):
        raise ValueError(
            f"`toolkit` must be a Toolkit, as toolkit_for(landscape) returns, got {toolkit!r}."
        )
    started = time.monotonic()
    check_landscape(landscape)
    with no_empty_file(out), Atlas(out, landscape, identity=identity) as atlas:
        kit = _toolkit_before(atlas, landscape) if toolkit is None else toolkit
        default, words = toolkit_in_words(toolkit_for(landscape)), toolkit_in_words(kit)
        for changed in (_new_plan(atlas, seed), _new_searches(atlas, words, default)):
            if changed:
                warnings.warn(changed, stacklevel=3)  # past the decorator
        executor = Executor(landscape, seed, kit, workers)
        writer = Writer(landscape, atlas, kinks, kit)
        noted = {} if words == default else {"toolkit": words}
        with _reporter(progress, landscape.dimension) as report:
            loop = _Loop(budget or Budget(), executor, writer, report, batch_size, started, network)
            loop.run(noted)
        said = _advice(atlas, landscape) if atlas.queue.finished() else None
    if said:
        warnings.warn(said, stacklevel=3)
    return Atlas(out, landscape, readonly=True)


@contextlib.contextmanager
def _reporter(
    progress: Callable[[Progress], None] | bool | None, dimension: int
) -> Iterator[Callable[[Progress], None]]:
    """Yield the function that gets the progress: the caller's, or one that shows it on stderr."""
    if callable(progress):
        yield progress
        return
    text = f"compiling the searches for {dimension} variables"
    with display(text, pipe=progress is True, quiet=progress is False) as update:

        def report(now: Progress) -> None:
            if now.searches:
                update(str(now), now.fraction)

        yield report


@contextlib.contextmanager
def no_empty_file(out: str | os.PathLike) -> Iterator[None]:
    """Remove an atlas that the body of `with` made, if an error leaves it without any finished search.

    An empty atlas would keep another landscape from using its name.
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
    """Return a warning if the exploration in the file has another seed, else None."""
    state = atlas.log.get_state("exploration", None)
    if state is None or state["seed"] == seed:
        return None
    was = f"was {state['phase']} with" if state["phase"] in ENDED else "has"
    return (
        f"The exploration of {atlas.path} {was} seed {state['seed']}, and continues with seed {seed}: "
        f"points and hits are kept, planning begins anew after round {state['round']}."
    )


def _toolkit_before(atlas: Atlas, landscape: AbstractLandscape) -> Toolkit:
    """Return the toolkit of the last run on the file, the default one if there was no other."""
    words = _words_before(atlas)
    if not words:
        return toolkit_for(landscape)
    try:
        return read_toolkit(words, landscape)
    except ValueError as error:
        raise ValueError(
            f"The last run on {atlas.path} had a toolkit that cannot be made again; name one. {error}"
        ) from None


def _words_before(atlas: Atlas) -> dict[str, str] | None:
    """Return the toolkit of the last run in words, empty for the default one; None for a new file."""
    before = [run["settings"] for run in atlas.log.runs if "budget" in run["settings"]]
    return before[-1].get("toolkit", {}) if before else None


def _new_searches(atlas: Atlas, words: dict[str, str], default: dict[str, str]) -> str | None:
    """Return a sentence on another toolkit than that of the last exploration; None for the same one."""
    before = _words_before(atlas)
    was = words if before is None else before or default
    differing = [f"`{name}`" for name in words if words[name] != was.get(name)]
    if not differing:
        return None
    return (
        f"The exploration of {atlas.path} goes on with another toolkit than in its last run, which differs "
        f"in {', '.join(differing)}: what was found is kept."
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


def _say_that_it_ends() -> None:
    sys.stderr.write("\nThe searches in flight are finished and written; Ctrl-C again drops them.\n")


class _Loop:
    """One run of an exploration."""

    def __init__(self, budget, executor, writer, progress, batch_size, started, network):
        self.landscape, self.atlas, self.budget = executor.landscape, writer.atlas, budget
        self.report, self.batch_size = progress, batch_size
        self.executor, self.writer = executor, writer
        self.selector = PairSelector(self.landscape, self.atlas)
        self.pace = Pace(executor.workers or available_cores())
        self.seed, self.started, self.network = executor.seed, started, network

    def run(self, noted: dict[str, Any]) -> None:
        """Search until complete or out of budget; after Ctrl-C write the batch in flight and raise.

        **Arguments:**

        - `noted`: further settings of the run that are stored beside the budget.
        """
        atlas = self.atlas
        with atlas.transaction():
            state = atlas.log.get_state("exploration", None)
            if state is None or state["seed"] != self.seed:
                kept = (
                    {}
                    if state is None
                    else {"next_search": state["next_search"], "evaluations": state["evaluations"]}
                )
                state = {**initial_state(self.seed), **kept}
            atlas.log.set_state("exploration", {**state, "ended": None})
            run = atlas.log.start_run({"budget": self.budget.__dict__} | noted, self.seed)
            before = atlas.log.get_state("exploration", None)["evaluations"]
        try:
            with deferred_interrupt(_say_that_it_ends) as pressed:
                while (end := self._step(run)) is None and not pressed():
                    pass
            if end is None or pressed():
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            self._finish(run, before, INTERRUPTED)
            raise
        self._finish(run, before, end)

    def _finish(self, run: int, before: int, ended: str) -> None:
        """Store why the run ended, how long it took and how many evaluations it spent."""
        atlas = self.atlas
        with atlas.transaction():
            state = atlas.log.get_state("exploration", None)
            atlas.log.set_state("exploration", {**state, "ended": ended})
            spent = state["evaluations"] - before
            atlas.log.finish_run(run, time.monotonic() - self.started, spent)

    def _step(self, run: int) -> str | None:
        """Run one batch or plan one round; return why the exploration ends, or None to go on."""
        state = self.atlas.log.get_state("exploration", None)
        progress = self._progress(state)
        self.report(progress)
        if state["phase"] in ENDED:
            return "kinked" if self.landscape.smoothness == "kinked" else state["phase"]
        if (limit := self.budget.spent(progress)) is not None:
            return limit
        batch = self._batch(progress)
        if not batch:
            return self._plan(state, progress)
        begun, kinds = time.monotonic(), [search.kind for search in batch]
        findings = self.executor.run(batch, self.writer.inputs(batch))
        with self.atlas.transaction():
            news, evaluations = self.writer.write(batch, findings, run)
            for new in news:
                state["quiet"] = 0 if new else state["quiet"] + 1
            state["evaluations"] += evaluations
            self._note_round(state, progress, len(batch))
            self.atlas.log.set_state("exploration", state)
        self.pace.note(kinds, time.monotonic() - begun)
        return None

    def _batch(self, progress: Progress) -> list[Search]:
        """Return the next searches, only as many as fit into the time limit."""
        batch = self.atlas.queue.pending(self.batch_size)
        if self.budget.seconds is None:
            return batch
        left = self.budget.seconds - progress.seconds
        return batch[: self.pace.allowed([search.kind for search in batch], left)]

    def _note_round(self, state: dict, before: Progress, searches: int) -> None:
        """Add a batch to the counts of its round; older files have no such counts."""
        for row in state.get("rounds", [])[-1:]:
            row["searches"] += searches
            row["minima"] += self.atlas.count("minima") - before.minima
            row["transition_states"] += self.atlas.count("transition_states") - before.transition_states

    def _plan(self, state: dict, progress: Progress) -> str | None:
        mix = MIXES[self.executor.toolkit.mix]
        if not self.network and (state["phase"] != "minima" or minima_exhausted(self.atlas, mix)):
            return "exhausted"
        spent = (progress.seconds, self.budget.seconds), (progress.evaluations, self.budget.evaluations)
        share = max((done / limit for done, limit in spent if limit is not None), default=0.0)
        rows, state = plan_round(
            self.atlas,
            state,
            self.selector,
            grow=self.landscape.smoothness != "kinked",
            hurry=share > MINIMA_SHARE,
            closing=share > 1.0 - JOINING_SHARE,
            mix=mix,
        )
        with self.atlas.transaction():
            self.atlas.queue.plan(rows)
            self.atlas.log.set_state("exploration", state)
        return None

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
            lowest=float(min(self.atlas.minima.energy, default=math.nan)),
            budget=self.budget,
        )
