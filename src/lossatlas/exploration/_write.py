"""Write what a batch of searches found, in the order in which the searches were planned.

Because of that order, neither the batch size nor the number of threads changes the atlas.
"""

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.atlas import ON_BOUND, ON_KINK, Atlas, Search
from lossatlas.landscapes import AbstractLandscape, Box
from lossatlas.searches import StationaryPoints, Toolkit

from ._advice import note_lost
from ._findings import Findings, Inputs


class Writer:
    """The single writer of an exploration: it decides what is stored, and counts the rest.

    **Arguments:**

    - `landscape`: the landscape that is explored.
    - `atlas`: the atlas that `inputs` reads and `write` extends.
    - `kinks`: whether minima on kinks are also written, with a flag.
    - `toolkit`: the searches that are run.
    """

    def __init__(self, landscape: AbstractLandscape, atlas: Atlas, kinks: bool, toolkit: Toolkit):
        self.landscape, self.atlas, self.toolkit = landscape, atlas, toolkit
        self.wanted = (RESULTS.converged, RESULTS.kink_minimum) if kinks else (RESULTS.converged,)

    def inputs(self, batch: list[Search]) -> Inputs:
        """Read from the atlas what a batch needs."""
        ids = {minimum for search in batch for minimum in (search.a, search.b) if minimum is not None}
        minima = {minimum: self.atlas.minimum_x(minimum) for minimum in sorted(ids)}
        return Inputs(minima, self.atlas.points.find_transition_states)

    def write(self, batch: list[Search], findings: Findings, run: int) -> tuple[list[bool], int]:
        """Write the findings in the order of the batch, inside the caller's transaction.

        **Returns:** for each search whether it found a new point, and the evaluations spent.
        """
        news, evaluations = [], 0
        for i, search in enumerate(batch):
            row = findings.quench[i]
            if row is not None:
                new, spent = self._write_quench(search, findings.minima, row, run)
            else:
                new, spent = self._write_saddles(
                    search, findings, findings.guesses[i], int(findings.band_outcome[i]), run
                )
                spent += int(findings.band_gradients[i])
            news.append(new)
            evaluations += spent
        return news, evaluations

    def _write_quench(self, search, minima: StationaryPoints, row: int, run: int):
        outcome = int(minima.outcome[row])
        spent = int(minima.gradients[row] + minima.hessians[row])
        if outcome not in self.wanted:
            self.atlas.log.count_failure(search.kind, outcome)
            end = minima.x[row] if self.toolkit.hessians else None
            note_lost(self.atlas, outcome, float(minima.energy[row]), end)
            self.atlas.queue.finish(search.id, outcome)
            return False, spent
        ids, new = self._add_minima(minima.rows([row]), run, hits=int(search.kind == "sample"))
        self.atlas.queue.finish(search.id, outcome, int(ids[0]))
        return bool(new[0]), spent

    def _write_saddles(self, search, findings: Findings, rows: list[int], ended: int, run: int):
        """Write the transition states of one search; its outcome is the smallest one of its guesses."""
        outcomes, new_any, spent = [], False, 0
        for row in rows:
            saddle = findings.saddles.rows([row])
            spent += int(saddle.gradients[0] + saddle.hessians[0])
            outcome, new, cost = self._write_state(saddle, findings, row, run)
            outcomes.append(outcome)
            new_any, spent = new_any or new, spent + cost
            if outcome != RESULTS.converged:
                self.atlas.log.count_failure(search.kind, outcome)
        if not rows:
            outcomes = [ended]
            self.atlas.log.count_failure(search.kind, outcomes[0])
        self.atlas.queue.finish(search.id, min(outcomes))
        return new_any, spent

    def _write_state(self, saddle: StationaryPoints, findings: Findings, row: int, run: int):
        outcome = int(saddle.outcome[0])
        if outcome != RESULTS.converged:
            return outcome, False, 0
        _, known = self.atlas.points.find_transition_states(saddle.x, saddle.energy)
        if len(known):
            self.atlas.points.add_hit("transition_states", int(known[0]))
            return outcome, False, 0
        path, paths = findings.pathway[row], findings.paths
        ends = StationaryPoints.concatenate([paths.backward.rows([path]), paths.forward.rows([path])])
        cost = int(ends.gradients.sum() + ends.hessians.sum())
        if not (np.all(np.isin(ends.outcome, self.wanted)) and np.all(ends.energy < saddle.energy)):
            return int(RESULTS.unconnected), False, cost
        ids, _ = self._add_minima(ends, run, hits=0)
        self.atlas.points.add_transition_states(
            saddle.x,
            saddle.energy,
            saddle.rms_gradient,
            saddle.lowest,
            saddle.log_product,
            ids[None, :],
            path_length=paths.length[[path]],
            held=saddle.held,
            log_slopes=saddle.log_slopes,
            run=run,
            flag=self._flags(saddle),
        )
        return outcome, True, cost

    def _add_minima(self, points: StationaryPoints, run: int, hits: int):
        # There is no Hessian on a kink, and it has no eigenvalue where all variables are held at bounds.
        curved = (points.outcome != RESULTS.kink_minimum) & np.isfinite(points.lowest)
        return self.atlas.points.add_minima(
            points.x,
            points.energy,
            points.rms_gradient,
            np.where(curved, points.lowest, np.nan),
            points.log_product,
            held=points.held,
            log_slopes=points.log_slopes,
            hits=hits,
            run=run,
            flag=self._flags(points),
        )

    def _flags(self, points: StationaryPoints) -> np.ndarray:
        """Return the flag of each point, empty for most."""
        flags = np.where(points.outcome == RESULTS.kink_minimum, ON_KINK, "")
        box = self.landscape.geometry
        if isinstance(box, Box):
            flags = np.where(box.all_at_bound(points.x).any(axis=1), ON_BOUND, flags)
        return flags
