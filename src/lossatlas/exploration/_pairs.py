"""Choose the pairs of minima to connect next. The distance of a pair is computed once."""

import functools
from collections.abc import Iterator

import numpy as np

from lossatlas.atlas import Atlas
from lossatlas.landscapes import AbstractLandscape

from ._network import Network


Pair = tuple[int, int]

ATTEMPTS = 4  # bands per pair, each to another image; after them the pair is exhausted
EVERY_PAIR = 200  # up to this many minima all distances are computed; with more, those of likely pairs
LIKELY = 24  # neighbours of a minimum, in norm and in energy, that make likely pairs


class PairSelector:
    """Choose pairs for double-ended searches; keep the aligned distances between near minima.

    The distances of the pairs of the last call are kept, some 25 per minimum. Minima are never removed,
    so two minima never come closer in rank of energy or norm, and a pair that was dropped is never needed
    again.
    """

    def __init__(self, landscape: AbstractLandscape, atlas: Atlas):
        self.unit, self.atlas = landscape.units.variables, atlas
        self.symmetry = landscape.symmetry.in_units(np.asarray(self.unit))
        self._codes, self._distances = np.zeros(0, dtype=np.int64), np.zeros(0)

    def select(self, limit: int) -> list[tuple[int, int, int]]:
        """Return up to `limit` pairs (a, b, attempt) of ids, the most urgent ones first."""
        return self.candidates().take(limit)

    def candidates(self) -> "Candidates":
        """Return the pairs to choose from, for the present contents of the atlas."""
        minima = self.atlas.minima
        if len(minima) == 0:
            none = np.zeros(0, dtype=int)
            return Candidates(minima.id, None, none, none, np.zeros(0), {})
        network = Network(minima.energy, self.atlas.graph)
        x = minima.x / self.unit
        low, high = _near(x, minima.energy)
        distance = self._aligned(minima.id, x, low, high)
        order = np.lexsort((high, low, distance))
        return Candidates(
            minima.id, network, low[order], high[order], distance[order], self.atlas.queue.tried_pairs()
        )

    def _aligned(self, ids: np.ndarray, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return the aligned distances of pairs of rows, and keep them for the next call."""
        codes = _codes(ids[low], ids[high])
        known, place = _found(self._codes, codes)
        distance = np.empty(len(codes))
        distance[known] = self._distances[place[known]]
        for i in np.flatnonzero(~known).tolist():
            distance[i] = self.symmetry.align(x[low[i]], x[high[i]]).distance
        self._codes, self._distances = codes, distance
        return distance


class Candidates:
    """Pairs of near minima, nearest first, and the strategies that choose among them.

    **Arguments:**

    - `ids`: ids of the minima, increasing, shape (minima,).
    - `network`: connectivity of the minima; None without minima.
    - `low`, `high`: rows of the two minima of each pair, the smaller one first, shape (pairs,).
    - `distance`: distance of each pair, increasing, in units of the landscape, shape (pairs,).
    - `tried`: number of searches by pair of ids, the smaller one first.
    """

    def __init__(self, ids, network: Network | None, low, high, distance, tried: dict[Pair, int]):
        self.ids, self.network, self.tried = ids, network, tried
        self.low, self.high, self.distance = low, high, distance

    def take(self, limit: int) -> list[tuple[int, int, int]]:
        """Return up to `limit` pairs (a, b, attempt) of ids, a <= b.

        The strategies take turns, the most urgent one first: those that join components of the network,
        then, when they have no pair left, the others.
        """
        chosen: dict[Pair, int] = {}
        if self.network is not None:
            _take_turns(self._joining, self.tried, limit, chosen)
            if len(chosen) < limit:
                _take_turns(self._others, self.tried, limit, chosen)
        return [(a, b, attempt) for (a, b), attempt in chosen.items()]

    def any_left(self) -> bool:
        """Return whether a pair of two different minima is left; `take` returns such pairs first."""
        return any(a != b for a, b, _ in self.take(1))

    @functools.cached_property
    def _joining(self) -> list[np.ndarray]:
        """The strategies for several components: bridges, near pairs, pairs with the global minimum."""
        if self.network is None or self.network.graph.component_count <= 1:
            return []
        low, high, lowest = self.low, self.high, self.network.lowest
        apart = ~self.network.graph.connected(low, high)
        to_lowest = apart & ((low == lowest) | (high == lowest))
        return [self._bridges(apart), self._pairs(apart), self._pairs(to_lowest)]

    @functools.cached_property
    def _others(self) -> list[np.ndarray]:
        """The strategies for one component: traps, shortcuts, images of one minimum."""
        if self.network is None:
            return []
        by_energy = self.ids[np.argsort(self.network.energy, kind="stable")]
        shortcuts = ~self.network.graph.adjacent(self.low, self.high)
        return [self._untrap(), self._pairs(shortcuts), np.stack([by_energy, by_energy], axis=1)]

    @functools.cached_property
    def _attempts(self) -> np.ndarray:
        """How often each near pair was searched, shape (pairs,)."""
        tried, counts = np.array([*self.tried]).reshape(-1, 2), np.array([*self.tried.values()])
        codes = _codes(*tried.T)
        order = np.argsort(codes)
        known, place = _found(codes[order], _codes(self.ids[self.low], self.ids[self.high]))
        attempts = np.zeros(len(known), dtype=int)
        attempts[known] = counts[order][place[known]]
        return attempts

    def _pairs(self, chosen: np.ndarray) -> np.ndarray:
        """Return the ids of near pairs, chosen by a mask or by positions."""
        return np.stack([self.ids[self.low[chosen]], self.ids[self.high[chosen]]], axis=1)

    def _bridges(self, apart: np.ndarray) -> np.ndarray:
        """Return the gaps on the shortest paths between components of the network.

        The length of a step is 0 between connected minima, else the squared distance times (1 + attempts);
        exhausted pairs are left out. The square makes several near pairs shorter than one far pair.
        """
        assert self.network is not None
        usable = ~apart | (self._attempts < ATTEMPTS)
        weight = self.distance**2 * (1 + self._attempts) + 1e-12
        gaps = self.network.gaps(self.low[usable], self.high[usable], weight[usable])
        return self.ids[np.array(gaps, dtype=int).reshape(-1, 2)]

    def _untrap(self) -> np.ndarray:
        """Return pairs of a minimum and its nearest lower minimum, kinetic traps first.

        They are sorted by barrier to the global minimum over energy above it, largest first.
        """
        assert self.network is not None
        energy, barriers = self.network.energy, self.network.barriers
        upper = np.where(energy[self.low] > energy[self.high], self.low, self.high)
        upper, nearest = np.unique(upper, return_index=True)  # the first, nearest pair of each minimum
        ratio = barriers[upper] / (energy[upper] - energy[self.network.lowest] + 1e-12)
        return self._pairs(nearest[np.lexsort((upper, -ratio))])


def _near(x: np.ndarray, energy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of likely pairs, the smaller row first, sorted; shape (pairs,) each."""
    count = len(energy)
    if count <= EVERY_PAIR:
        return np.triu_indices(count, 1)
    # The norm is invariant under the group, so a difference of norms bounds the distance.
    norms = np.argsort(np.linalg.norm(x, axis=1), kind="stable")
    order = np.argsort(energy, kind="stable")
    steps = range(1, LIKELY // 2 + 1)
    first = [ranked[:-k] for ranked in (norms, order) for k in steps] + [np.full(count - 1, order[0])]
    second = [ranked[k:] for ranked in (norms, order) for k in steps] + [order[1:]]
    a, b = np.concatenate(first), np.concatenate(second)
    return np.divmod(np.unique(np.minimum(a, b) * count + np.maximum(a, b)), count)


def _codes(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return one number for each pair of ids; numbers sort as pairs do."""
    return (np.asarray(low, dtype=np.int64) << 32) | np.asarray(high, dtype=np.int64)


def _found(codes: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a mask of the wanted numbers that are among the increasing codes, and their positions."""
    place = np.searchsorted(codes, wanted)
    known = np.zeros(len(wanted), dtype=bool)
    inside = place < len(codes)
    known[inside] = codes[place[inside]] == wanted[inside]
    return known, place


def _in_turn(pairs: np.ndarray) -> Iterator[Pair]:
    """Yield the rows of an array of pairs as Python integers, converted lazily, as few are used."""
    for begin in range(0, len(pairs), 1000):
        yield from map(tuple, pairs[begin : begin + 1000].tolist())


def _take_turns(
    strategies: list[np.ndarray], tried: dict[Pair, int], limit: int, chosen: dict[Pair, int]
) -> None:
    """Add pairs of the strategies in turn, with their attempts, skipping exhausted pairs and repeats."""
    queues = [_in_turn(pairs) for pairs in strategies]
    while queues and len(chosen) < limit:
        for queue in list(queues):
            for a, b in queue:
                pair = (min(a, b), max(a, b))
                if pair not in chosen and tried.get(pair, 0) < ATTEMPTS:
                    chosen[pair] = tried.get(pair, 0)
                    break
            else:
                queues.remove(queue)
            if len(chosen) >= limit:
                break
