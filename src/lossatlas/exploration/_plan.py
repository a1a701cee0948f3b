"""Which searches come next: a pure function of the atlas and the state kept in it.

Rounds have fixed sizes and are stored before they run, so that a killed exploration goes on with the
very searches that it had planned, and no batch size or worker count changes what is searched.
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


# Kinds of searches. Minimisations: `sample` from an independent random start, `symmetric` from one
# projected on points that symmetries fix, `hop` from a displaced minimum. Saddle searches: `pair` by an
# elastic band from minimum a to an image of b, `climb` from minimum a, `scatter` from a random start.
QUENCHES = ("sample", "symmetric", "hop")

LEAST_PATIENCE = 2000  # searches in a row without a new point that end an exploration, at least
ENOUGH_SAMPLES = 2000  # random starts after which the network is grown anyway
# Phases in which nothing is planned any more. Both mean that the last searches brought nothing new; in the
# second too many random starts ended nowhere to say that there is nothing else.
ENDED = ("complete", "inconclusive")
ROUNDS_KEPT = 10  # of which the state knows what they brought


@dataclasses.dataclass(frozen=True)
class Mix:
    """How many searches of each kind make a round.

    - `samples`, `symmetric`, `chains`: while minima are sought.
    - `pairs`, `climbs`, `scatters`: while the network is grown; and the share of the former that goes on.
    - `modes`: softest modes of each minimum that are climbed both ways.
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
        """Return the mix for a network in several parts: twice the pairs, fewer of the others.

        Random starts bring minima that nothing connects yet: `last`, as a budget runs out, has none.
        """
        return dataclasses.replace(
            self,
            pairs=2 * self.pairs,
            climbs=self.climbs // 3,
            scatters=self.scatters // 4,
            share=0.0 if last else self.share,
        )


# With thousands of variables time is short: bands between near minima, which end in a transition state
# nine times in ten (MNIST, 39 of 40 closer than 0.4), instead of searches from random points.
NEAR = Mix(symmetric=0, pairs=48, climbs=8, scatters=0, share=0.0625, modes=2)

MIXES = {"wide": Mix(), "near": NEAR}  # by the `mix` of a toolkit

Task = tuple[str, int | None, int | None, int | None]  # kind, a, b, mode
Row = tuple[int, str, int | None, int | None, int | None, int]  # round, task, number of the random key


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

    A transition state that was found only once says that others were not found at all: twice as many.
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

    - `atlas`, `state`: what is known.
    - `selector`: chooses pairs.
    - `grow`: whether to look for transition states at all (False for losses with kinks).
    - `hurry`: leave the search for minima now, because the budget runs out.
    - `closing`: the budget is nearly spent, so join what there is.
    - `mix`: how many searches of each kind.
    """
    state = {**state, "round": state["round"] + 1}
    candidates = functools.cache(selector.candidates)  # asked for where they are needed, and once
    hurry = hurry and atlas.count("minima") > 0
    if state["phase"] == "minima" and (hurry or _minima_exhausted(atlas, mix)):
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
        rows += [("scatter", None, None, i % 2) for i in range(mix.scatters)]  # odd ones symmetrised
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
    """Return the phase that an exploration ends in."""
    estimate = coverage(atlas.minima.hits, failed=atlas.log.failures.get("sample", {}))
    return "complete" if estimate.conclusive else "inconclusive"


def _minima_exhausted(atlas: Atlas, mix: Mix) -> bool:
    """Return whether random starts bring no new minimum.

    Failed starts do not count: more of them would fail in the same way, and say no more. (Of five small
    networks with L2 1e-5 and 1e-6 none of 1,024 starts failed; of one with ReLU 97 % did, and there
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
    # New chains start on the lowest minima, spread over all that are known.
    chains = (chains + [order[i % len(order)] for i in range(len(chains), count)])[:count]
    state["chains"] = chains
    return [("hop", chain, None, None) for chain in chains]


def _climbs(atlas: Atlas, state: dict, mix: Mix) -> list[Task]:
    """Return climbs from the minima that were climbed from least, lowest energy first."""
    done = dict(state["climbs"])
    ids = atlas.minima.id[np.argsort(atlas.minima.energy, kind="stable")].tolist()
    queue = [(done.get(str(minimum), 0), rank, minimum) for rank, minimum in enumerate(ids)]
    heapq.heapify(queue)
    rows: list[Task] = []
    while queue and len(rows) < mix.climbs:
        number, rank, minimum = queue[0]
        # Softest modes first, then random displacements, which have no mode.
        mode = number if number < 2 * mix.modes else None
        rows.append(("climb", minimum, None, mode))
        done[str(minimum)] = number + 1
        heapq.heapreplace(queue, (number + 1, rank, minimum))
    state["climbs"] = done
    return rows
