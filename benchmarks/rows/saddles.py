"""Transition states between minima of the D1 network, and double-ended connection, against pele."""

import functools
import itertools

import numpy as np

from _measure import Line, Measured, Row, Settings, Value, ask, clock, compare
from _problems import d1, for_peers, starts
from lossatlas.searches import connect, find_bands, find_pathways, find_saddles, minimise


MINIMA, PAIRS = 24, 20
PAIRS_OF_PEER = 12
CYCLES, PAIRS_OF_CYCLES = 10, 4  # of a connection
SAME_ENERGY = 1e-8


def distinct(energies: np.ndarray) -> np.ndarray:
    """Return the first place of every energy, in ascending order of the places."""
    order = np.argsort(energies, kind="stable")
    new = np.diff(energies[order], prepend=-np.inf) > SAME_ENERGY
    return np.sort(order[new])


def some_minima(landscape) -> np.ndarray:
    found = minimise(landscape, starts(landscape, 3 * MINIMA // 2))
    found = found.where(found.converged)
    return found.x[distinct(found.energy)][:MINIMA]


def pairs_of(landscape, minima: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the two ends of random and of nearest pairs, the second aligned with the first."""
    every = list(itertools.combinations(range(len(minima)), 2))
    images = [landscape.symmetry.align(minima[i], minima[j]) for i, j in every]
    chosen = {
        "random": np.random.default_rng(0).permutation(len(every))[:PAIRS],
        "nearest": np.argsort([image.distance for image in images], kind="stable")[:PAIRS],
    }
    return {
        kind: (np.stack([minima[every[k][0]] for k in rows]), np.stack([images[k].image for k in rows]))
        for kind, rows in chosen.items()
    }


class Attempts:
    """Bands, saddles and pathways of some pairs: found once to compile, then measured."""

    def __init__(self, landscape, a: np.ndarray, b: np.ndarray):
        self.landscape, self.a, self.b = landscape, a, b
        self.parts: dict[str, list[float]] = {"bands": [], "saddles": [], "pathways": []}
        self.measure()

    def measure(self) -> list[float]:
        """Return the seconds of each part."""
        times = [clock()]
        bands = find_bands(self.landscape, self.a, self.b, workers=1)
        times.append(clock())
        found = find_saddles(self.landscape, bands.x, directions=bands.direction, workers=1)
        times.append(clock())
        self.guesses, self.states = len(bands.x), found.where(found.converged)
        find_pathways(self.landscape, self.states.x, self.states.direction, workers=1)
        times.append(clock())
        return np.diff(times).tolist()

    def searches(self) -> Value:
        """Return milliseconds per transition state without pathways; keeps those of the parts."""
        per_state = [1e3 * spent / max(len(self.states), 1) for spent in self.measure()]
        for values, spent in zip(self.parts.values(), per_state):
            values.append(spent)
        count, different = len(self.states), len(distinct(self.states.energy))
        return Value(sum(per_state[:2]), f"{count}/{self.guesses} guesses, {different} different TS")

    def whole(self) -> Value:
        total, count = sum(self.measure()), len(self.states)
        note = f"{total / len(self.a):.2g} s and {count / len(self.a):.1f} TS an attempt"
        return Value(1e3 * total / max(count, 1), note)

    def pele(self) -> Measured:
        ends = np.stack([self.a, self.b], axis=1)[:PAIRS_OF_PEER].reshape(-1, self.a.shape[1])
        arrays = for_peers(self.landscape, ends[:1]) | {"minima": ends}
        arrays["pairs"] = np.arange(len(ends)).reshape(-1, 2)
        found = ask("pele", "pele_peer.py", arrays, task="connect", pairs=PAIRS_OF_PEER)
        if isinstance(found, str):
            return found
        total, count = sum(found["seconds"]), sum(map(len, found["transition_states"]))
        attempts = len(found["seconds"])
        if not count:
            return f"pele found no transition state in {attempts} attempts, {total / attempts:.2g} s each."
        note = f"{total / attempts:.2g} s and {count / attempts:.1f} TS an attempt"
        return Value(1e3 * total / count, f"{note}, {found['connected']}/{attempts} connected")


def saddles(settings: Settings) -> list[Line]:
    """D1: milliseconds per transition state, from random and nearest pairs; pathways; whole attempts."""
    landscape, repeats, lines = d1(), settings.repeats, []
    for kind, ends in pairs_of(landscape, some_minima(landscape)).items():
        attempts, name = Attempts(landscape, *ends), f"saddles-d1 {kind}"
        lines += compare(f"{name}: bands + saddles per TS", "ms", attempts.searches, {}, repeats)
        lines += [Line(f"{name}: {part} alone", "ms", spent) for part, spent in attempts.parts.items()]
        peers = {"pele": attempts.pele}
        lines += compare(f"{name}: all per TS", "ms", attempts.whole, peers, repeats)
    return lines


def connections(settings: Settings) -> list[Line]:
    """D1: seconds per pair until connected, random and nearest pairs; pele gets as many cycles, once."""
    landscape, repeats, lines = d1(), settings.repeats, []
    join = functools.partial(connect, landscape, cycles=CYCLES, workers=1)

    def together(a: np.ndarray, b: np.ndarray) -> Value:
        begin = clock()
        found = join(a, b)
        spent = clock() - begin
        note = f"{found.connected.sum()}/{len(a)} connected, {len(found.states)} TS, "
        note += f"{found.failed} of {found.guesses} guesses failed, {found.cycles.mean():.1f} cycles"
        return Value(spent / len(a), note)

    def in_turn(a: np.ndarray, b: np.ndarray) -> Value:
        begin = clock()
        connected = sum(bool(join(x[None], y[None]).connected[0]) for x, y in zip(a, b))
        return Value((clock() - begin) / len(a), f"{connected}/{len(a)} connected")

    for kind, (a, b) in pairs_of(landscape, some_minima(landscape)).items():
        few = a[:PAIRS_OF_CYCLES], b[:PAIRS_OF_CYCLES]

        @functools.cache
        def pele(few=few) -> Measured:
            ends = np.stack(few, axis=1).reshape(-1, landscape.dimension)
            arrays = for_peers(landscape, ends[:1]) | {"minima": ends}
            arrays["pairs"] = np.arange(len(ends)).reshape(-1, 2)
            options = {"task": "connect", "pairs": PAIRS_OF_CYCLES, "cycles": CYCLES}
            found = ask("pele", "pele_peer.py", arrays, **options)
            if isinstance(found, str):
                return found
            return Value(np.mean(found["seconds"]), f"{found['connected']}/{len(few[0])} connected")

        together(a, b)  # compilation
        name = f"connect-d1 {kind}"
        every, alone = functools.partial(together, a, b), functools.partial(in_turn, *few)
        lines += compare(f"{name}: {len(a)} pairs together, per pair", "s", every, {}, repeats)
        lines += compare(f"{name}: pairs in turn, per pair", "s", alone, {"pele": pele}, repeats)
    return lines


ROWS: dict[str, Row] = {"saddles-d1": saddles, "connect-d1": connections}
