"""Which pairs of minima to connect next, from what the atlas holds. Distances are computed once."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from lossatlas.analysis import disconnectivity
from lossatlas.atlas import Atlas
from lossatlas.landscapes import AbstractLandscape


Pair = tuple[int, int]

ATTEMPTS = 4  # a pair is exhausted after this many bands, each to another image
EVERY_PAIR = 200  # up to this many minima all distances are computed, beyond it only the likely ones
LIKELY = 24


class PairSelector:
    """Chooses pairs for double-ended searches; remembers aligned distances between minima."""

    def __init__(self, landscape: AbstractLandscape, atlas: Atlas):
        self.symmetry, self.atlas = landscape.symmetry, atlas
        self.unit = landscape.units.variables
        self._distances: dict[Pair, float] = {}

    def select(self, limit: int) -> list[tuple[int, int, int]]:
        """Return up to `limit` pairs (a, b, attempt), the most urgent strategy first in each turn."""
        minima = self.atlas.minima
        if len(minima) == 0:
            return []
        tried = self.atlas.tried_pairs()
        network = _Network(self.atlas)
        near = self._neighbours(minima)
        joining = [
            self._bridges(network, near, tried),
            self._unconnected(network, near),
            self._to_global_minimum(network),
        ]
        chosen = _take_turns(joining, tried, limit)  # nothing else while there are parts to join
        if len(chosen) == limit:
            return chosen
        others = [
            self._untrap(network, near),
            self._shortcuts(network, near),
            [(a, a) for a in minima.id[np.argsort(minima.energy, kind="stable")].tolist()],
        ]
        taken = {(a, b): ATTEMPTS for a, b, _ in chosen}
        return chosen + _take_turns(others, {**tried, **taken}, limit - len(chosen))

    def distance(self, a: int, b: int) -> float:
        """Return the aligned distance of two minima."""
        pair = (min(a, b), max(a, b))
        if pair not in self._distances:
            x, y = self.atlas.minimum_x(pair[0]), self.atlas.minimum_x(pair[1])
            self._distances[pair] = self.symmetry.align(x / self.unit, y / self.unit).distance
        return self._distances[pair]

    def _neighbours(self, minima) -> list[tuple[float, int, int]]:
        """Return (distance, a, b) of likely pairs, nearest first."""
        ids, count = minima.id, len(minima)
        if count <= EVERY_PAIR:
            pairs = [(i, j) for i in range(count) for j in range(i)]
        else:
            # The norm is invariant under the group, so a difference of norms bounds the distance.
            norms = np.argsort(np.linalg.norm(minima.x / self.unit, axis=1), kind="stable")
            order = np.argsort(minima.energy, kind="stable")
            chosen = {
                (max(ranked[i], ranked[i - k]), min(ranked[i], ranked[i - k]))
                for ranked in (norms, order)
                for k in range(1, LIKELY // 2 + 1)
                for i in range(k, count)
            } | {(max(i, order[0]), min(i, order[0])) for i in range(count) if i != order[0]}
            pairs = sorted(chosen)
        found = [(self.distance(int(ids[i]), int(ids[j])), int(ids[j]), int(ids[i])) for i, j in pairs]
        return sorted(found)

    def _unconnected(self, network, near) -> list[Pair]:
        return [(a, b) for _, a, b in near if not network.connected(a, b)]

    def _to_global_minimum(self, network) -> list[Pair]:
        lowest = network.lowest
        far = [a for a in network.ids.tolist() if not network.connected(a, lowest)]
        return [(a, lowest) for a in sorted(far, key=lambda a: self.distance(a, lowest))]

    def _bridges(self, network, near, tried) -> list[Pair]:
        """Return the untried gaps on the shortest ways between parts of the network.

        Edge weights: 0 between connected minima, distance squared times (1 + attempts) otherwise,
        exhausted pairs left out; so a far pair is bridged by several near ones.
        """
        if network.parts <= 1:
            return []
        position = network.position
        rows, columns, weights = [], [], []
        for distance, a, b in near:
            attempts = tried.get((a, b), 0)
            if network.connected(a, b):
                weight = 1e-12  # a stored zero would vanish from the sparse matrix
            elif attempts < ATTEMPTS:
                weight = distance**2 * (1 + attempts) + 1e-12
            else:
                continue
            rows.append(position[a])
            columns.append(position[b])
            weights.append(weight)
        count = len(network.ids)
        graph = coo_array((weights, (rows, columns)), shape=(count, count)).tocsr()
        start = position[network.lowest]
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        gaps = []
        for end in network.representatives():
            here = position[end]
            while before[here] >= 0:
                a, b = int(network.ids[before[here]]), int(network.ids[here])
                if not network.connected(a, b):
                    gaps.append((a, b))
                here = before[here]
        return gaps

    def _untrap(self, network, near) -> list[Pair]:
        """Return low minima behind high barriers, each with its nearest lower minimum.

        Sorted by barrier over energy above the global minimum: kinetic traps first.
        """
        partner: dict[int, int] = {}
        for _, a, b in near:
            low, high = sorted((a, b), key=lambda m: (network.energy[m], m))
            partner.setdefault(high, low)
        ratio = {
            a: network.barrier_to_lowest(a) / (network.energy[a] - network.energy[network.lowest] + 1e-12)
            for a in partner
        }
        return [(a, partner[a]) for a in sorted(partner, key=lambda a: (-ratio[a], a))]

    def _shortcuts(self, network, near) -> list[Pair]:
        """Return near pairs that the network joins only over a high barrier or through others."""
        return [(a, b) for _, a, b in near if not network.adjacent(a, b)]


class _Network:
    """Connectivity of the atlas as it is now."""

    def __init__(self, atlas: Atlas):
        minima, states = atlas.minima, atlas.transition_states
        self.ids = minima.id
        self.position = {int(m): i for i, m in enumerate(minima.id)}
        self.energy = {int(m): float(e) for m, e in zip(minima.id, minima.energy)}
        self.lowest = int(minima.id[np.argmin(minima.energy)])
        ends = np.array([[self.position[int(m)] for m in pair] for pair in states.minima], dtype=int)
        ends = ends.reshape(-1, 2)
        count = len(minima)
        graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
        self.parts, self.part = connected_components(graph.tocsr(), directed=False)
        self.edges = {(int(min(a, b)), int(max(a, b))) for a, b in states.minima}
        tree = disconnectivity(minima.energy, states.energy, ends)
        self._barriers = _barriers_to(tree, self.position[self.lowest], minima.energy)

    def connected(self, a: int, b: int) -> bool:
        return self.part[self.position[a]] == self.part[self.position[b]]

    def adjacent(self, a: int, b: int) -> bool:
        return (min(a, b), max(a, b)) in self.edges

    def representatives(self) -> list[int]:
        """Return the lowest minimum of every part but that of the global minimum, lowest first."""
        order = sorted(self.energy, key=lambda m: (self.energy[m], m))
        seen = {self.part[self.position[self.lowest]]}
        result = []
        for m in order:
            part = self.part[self.position[m]]
            if part not in seen:
                seen.add(part)
                result.append(m)
        return result

    def barrier_to_lowest(self, a: int) -> float:
        """Return the barrier from a minimum towards the global minimum; infinite if unconnected."""
        return float(self._barriers[self.position[a]])


def _barriers_to(tree, target: int, energies: np.ndarray) -> np.ndarray:
    """Return, for every minimum, the energy to climb on the lowest way to `target`."""
    above = {}
    node = target
    while node >= 0:
        above[node] = tree.energy[node]
        node = int(tree.parent[node])
    barriers = np.full(len(energies), np.inf)
    for leaf in range(len(energies)):
        node = leaf
        while node >= 0 and node not in above:
            node = int(tree.parent[node])
        if node >= 0:
            barriers[leaf] = max(above[node] - energies[leaf], 0.0)
    return barriers


def _take_turns(strategies: list[list[Pair]], tried: dict, limit: int) -> list[tuple[int, int, int]]:
    """Draw pairs from the strategies in turn, skipping exhausted pairs and repeats."""
    chosen: dict[Pair, int] = {}
    queues = [iter(pairs) for pairs in strategies]
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
    return [(a, b, attempt) for (a, b), attempt in chosen.items()]
