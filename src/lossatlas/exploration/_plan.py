"""Plan the next searches: a pure function of the atlas and of the state that it stores.

Rounds have fixed sizes and are stored before they run. So a killed exploration continues with the searches
that it had planned, and neither the batch size nor the number of threads changes what is searched.
"""

import dataclasses
import functools
import heapq
from collections.abc import Callable

import numpy as np

from lossatlas.analysis import coverage
from lossatlas.atlas import Atlas
from lossatlas.searches.global_search import accepted

from ._pairs import Candidates, PairSelector


# Kinds of searches. Minimisations: `sample` starts at an independent random point, `symmetric` at one
# projected onto points that a symmetry fixes, `hop` at a displaced minimum. Saddle searches: `pair` runs an
# elastic band from minimum a to an image of b, `climb` starts at minimum a, `scatter` at a random point.
QUENCHES = ("sample", "symmetric", "hop")

LEAST_PATIENCE = 2000  # least number of searches in a row without a new point that ends an exploration
ENOUGH_SAMPLES = 2000  # number of random starts after which the network is grown in any case
# The phases in which nothing more is planned. In both the last searches found no new point; in
# `inconclusive` so many random starts failed that minima may be missing.
ENDED = ("complete", "inconclusive")
ROUNDS_KEPT = 10  # number of last rounds whose findings the state keeps


@dataclasses.dataclass(frozen=True)
class Mix:
    """How many searches of each kind make a round.

    - `samples`, `symmetric`, `chains`: minimisations of a round in the phase `minima`; a chain makes a hop.
    - `pairs`, `climbs`, `scatters`: saddle searches of a round in the phase `network`.
    - `share`: part of the minimisations that a round in the phase `network` also has.
    - `modes`: number of softest modes of each minimum that climbs follow, in both directions.
    """

    samples: int = 64
    symmetric: int = 16
    chains: int = 32
    pairs: int = 32
    climbs: int = 48
    scatters: int = 32
    share: float = 0.25
    modes: int = 4

    def joining(self, last: bool) -> "Mix":
        """Return the mix for a network in several components: twice the pairs, fewer of the others.

        Random starts find minima that nothing connects yet, so `last`, as a budget runs out, has none.
        """
        return dataclasses.replace(
            self,
            pairs=2 * self.pairs,
            climbs=self.climbs // 3,
            scatters=self.scatters // 4,
            share=0.0 if last else self.share,
        )


# With thousands of variables searches are slow. So most are bands between near minima, nine in ten of which
# find a transition state (MNIST: 39 of 40 pairs closer than 0.4), and no saddle search starts at a random
# point.
NEAR = Mix(symmetric=0, pairs=48, climbs=8, scatters=0, share=0.0625, modes=2)

MIXES = {"wide": Mix(), "near": NEAR}  # keys are values of `Toolkit.mix`

Task = tuple[str, int | None, int | None, int | None]  # kind, a, b, mode
Row = tuple[
    int, str, int | None, int | None, int | None, int
]  # round, kind, a, b, mode, number of the random key


def initial_state(seed: int) -> dict:
    """Return the state of an exploration that has not begun."""
    return {
        "seed": seed,
        "phase": "minima",
        "round": 0,
        "next_search": 0,
        "quiet": 0,
        "evaluations": 0,
        "chains": [],
        "climbs": {},
        "rounds": [],
    }


def patience(atlas: Atlas) -> int:
    """Return how many searches in a row without a new point end the exploration.

    The number doubles while a transition state was found only once: others may not have been found at all.
    """
    points = atlas.count("minima") + atlas.count("transition_states")
    seen_once = bool(np.any(atlas.transition_states.hits == 1))
    return max(LEAST_PATIENCE, 4 * points) * (2 if seen_once else 1)


def plan_round(
    atlas: Atlas,
    state: dict,
    selector: PairSelector,
    *,
    grow: bool,
    hurry: bool,
    closing: bool = False,
    mix: Mix = Mix(),
) -> tuple[list[Row], dict]:
    """Return the searches of the next round and the state after planning; no rows when complete.

    **Arguments:**

    - `atlas`, `state`: the atlas, and the state of the exploration.
    - `selector`: chooses the pairs.
    - `grow`: whether to look for transition states (False for `kinked` losses).
    - `hurry`: end the phase `minima` now, because its part of the budget is spent.
    - `closing`: look for no more minima while there are several components: the budget is nearly spent.
    - `mix`: numbers of searches of each kind.
    """
    state = {**state, "round": state["round"] + 1}
    candidates = functools.cache(selector.candidates)  # computed at most once, and only if needed
    hurry = hurry and atlas.count("minima") > 0
    if state["phase"] == "minima" and (hurry or minima_exhausted(atlas, mix)):
        state["phase"] = "network" if grow and len(atlas.minima) else _end(atlas)
    if state["phase"] == "network" and _network_complete(atlas, state, candidates):
        state["phase"] = _end(atlas)
    rows: list[Task] = []
    if state["phase"] == "minima":
        rows += _quenches(atlas, state, mix, 1.0)
    elif state["phase"] == "network":
        if atlas.component_count > 1:
            mix = mix.joining(last=closing)
        rows += [("pair", a, b, attempt) for a, b, attempt in candidates().take(mix.pairs)]
        rows += _climbs(atlas, state, mix)
        rows += [
            ("scatter", None, None, i % 2) for i in range(mix.scatters)
        ]  # odd ones start at symmetric points
        rows += _quenches(atlas, state, mix, mix.share)
    first = state["next_search"]
    state["next_search"] = first + len(rows)
    if rows:
        begun = {"round": state["round"], "searches": 0, "minima": 0, "transition_states": 0}
        state["rounds"] = [*state.get("rounds", []), begun][-ROUNDS_KEPT:]
    return [(state["round"], *row, first + i) for i, row in enumerate(rows)], state


def _quenches(atlas: Atlas, state: dict, mix: Mix, share: float) -> list[Task]:
    rows: list[Task] = [("sample", None, None, None)] * round(share * mix.samples)
    rows += [("symmetric", None, None, 1)] * round(share**0.5 * mix.symmetric)
    return rows + _hops(atlas, state, round(share * mix.chains))


def _end(atlas: Atlas) -> str:
    """Return the phase in which an exploration ends."""
    estimate = coverage(atlas.minima.hits, failed=atlas.log.failures.get("sample", {}))
    return "complete" if estimate.conclusive else "inconclusive"


def minima_exhausted(atlas: Atlas, mix: Mix) -> bool:
    """Return whether random starts are expected to find no new minimum.

    Failed starts do not count, because further starts would fail in the same way. (For five small networks
    with L2 1e-5 and 1e-6 none of 1,024 starts failed; for one with ReLU 97 % failed, and there
    `ENOUGH_SAMPLES` decides.)
    """
    hits = atlas.minima.hits
    drawn = atlas.queue.finished("sample")
    if drawn >= ENOUGH_SAMPLES:
        return True
    estimate = coverage(hits)
    missing = estimate.chao1 - np.count_nonzero(hits)
    sure = estimate.good_turing > 0.995 and missing < 0.5
    return bool(drawn >= 2 * mix.samples and hits.sum() > 0 and sure)


def _network_complete(atlas: Atlas, state: dict, candidates: Callable[[], Candidates]) -> bool:
    if state["quiet"] < patience(atlas):
        return False
    return atlas.component_count <= 1 or not candidates().any_left()


def _hops(atlas: Atlas, state: dict, count: int) -> list[Task]:
    """Return the next step of every basin-hopping chain, after accepting or refusing the last one."""
    ids, energies = atlas.minima.id, atlas.minima.energy
    if not len(ids):
        return []
    energy = {int(m): float(e) for m, e in zip(ids, energies)}
    chains = list(state["chains"])
    last = atlas.queue.last("hop", len(chains))
    if len(last) == len(chains):
        old = np.array([energy.get(s.a or 0, np.inf) for s in last])
        new = np.array([energy.get(s.minimum or 0, np.inf) for s in last])
        rng = np.random.default_rng((state["seed"], state["round"]))
        taken = accepted(old, new, 0.5 * float(np.std(energies)), rng)
        chains = [s.minimum if ok else s.a for s, ok in zip(last, taken)]
    order = ids[np.argsort(energies, kind="stable")].tolist()
    # New chains start at the lowest minima, one each as far as there are enough.
    chains = (chains + [order[i % len(order)] for i in range(len(chains), count)])[:count]
    state["chains"] = chains
    return [("hop", chain, None, None) for chain in chains]


def _climbs(atlas: Atlas, state: dict, mix: Mix) -> list[Task]:
    """Return climbs from the minima with the fewest climbs so far, lowest energy first."""
    done = dict(state["climbs"])
    ids = atlas.minima.id[np.argsort(atlas.minima.energy, kind="stable")].tolist()
    queue = [(done.get(str(minimum), 0), rank, minimum) for rank, minimum in enumerate(ids)]
    heapq.heapify(queue)
    rows: list[Task] = []
    while queue and len(rows) < mix.climbs:
        number, rank, minimum = queue[0]
        # The softest modes come first, then random displacements, which have no mode.
        mode = number if number < 2 * mix.modes else None
        rows.append(("climb", minimum, None, mode))
        done[str(minimum)] = number + 1
        heapq.heapreplace(queue, (number + 1, rank, minimum))
    state["climbs"] = done
    return rows
