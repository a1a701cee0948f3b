"""Connect pairs of minima by cycles of bands, refinements and pathways."""

import dataclasses

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_whole
from lossatlas._graph import Graph
from lossatlas.landscapes import AbstractLandscape, KnownPoints, Units
from lossatlas.searches._driver import as_points, same_rows
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.verbs import (
    Pathways,
    find_bands,
    find_pathways,
    find_saddles,
)


EFFORTS = 2  # bands tried for each gap, the second one denser
MOVED = 1e-2  # relative distance that the polish may move a minimum: at rms 1e-6 a flat one is so far off
GAPS = 4  # bands per pair and cycle


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Connections(AbstractResult):
    """The pairs of minima that `connect` connected, and the transition states that it found.

    - `connected`: whether a chain of transition states leads from a to b or an image of b, shape (pairs,).
    - `states`: the transition states, each once, `StationaryPoints`.
    - `pathways`: the two minima that each transition state connects, `Pathways` without points.
    - `pair`: the pair for which each transition state was found first, shape (states,).
    - `guesses`: number of refinements begun.
    - `failed`: number of refinements that ended in no transition state, or in one whose pathways did not
        end in minima.
    - `cycles`: number of cycles that each pair took part in, shape (pairs,).
    """

    connected: np.ndarray
    states: StationaryPoints
    pathways: Pathways
    pair: np.ndarray
    guesses: int
    failed: int
    cycles: np.ndarray

    def in_units(self, units: Units) -> "Connections":
        """Return dimensionless connections in the units of the caller."""
        return dataclasses.replace(
            self, states=self.states.in_units(units), pathways=self.pathways.in_units(units)
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return whether each pair was connected, and its cycles, one row per pair."""
        return {"connected": self.connected, "cycles": self.cycles}

    def __repr__(self) -> str:
        """Return how many pairs were connected, and by how many transition states."""
        return (
            f"Connections({len(self.connected)} pairs: connected {int(np.sum(self.connected))}; "
            f"{len(self.states)} transition states)"
        )


@in_own_units(a="points", b="points", toolkit="method")
def connect(
    landscape: AbstractLandscape,
    a: np.ndarray,
    b: np.ndarray,
    *,
    cycles: int = 10,
    toolkit: Toolkit | None = None,
    workers: int | None = None,
) -> Connections:
    """Connect each pair of minima by a chain of transition states and minima.

    A cycle does the following for every pair that is not connected yet. It finds the shortest way from a to
    b through the minima known so far by Dijkstra's algorithm, where the length of a gap between two minima
    is the squared aligned distance, doubled after a failure, or zero where transition states connect them.
    It relaxes a band across the gaps on this way (a denser one after a failure), refines the maxima of the
    bands to transition states, and follows their pathways. All pairs use the minima and transition states
    found for any of them.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `a`, `b`: minima, shape (pairs, dim), parameter units.
    - `cycles`: the largest number of cycles, at least 1.
    - `toolkit`: the searches; default `toolkit_for(landscape)`.
    - `workers`: threads; default one per core.

    **Returns:** `Connections`.

    **Raises:** `ValueError` if the numbers of rows differ, a point is no minimum, or `cycles` is below 1.

    Source: Carr, Trygubenko & Wales, J. Chem. Phys. 122, 234903 (2005), doi:10.1063/1.1931587.
    """
    cycles = check_whole("cycles", cycles)
    a, b = as_points(landscape, a, "a"), as_points(landscape, b, "b")
    same_rows(a=a, b=b)
    toolkit = toolkit_or_default(toolkit, landscape)
    given = np.concatenate([a, b])
    ends = find_saddles(landscape, given, order=0, toolkit=toolkit, workers=workers)
    moved = np.linalg.norm(ends.x - given, axis=1) > MOVED * np.maximum(1.0, np.linalg.norm(given, axis=1))
    if not np.all(ends.converged & ~moved):
        row = int(np.flatnonzero(~ends.converged | moved)[0]) % max(1, len(a))
        raise ValueError(f"Pair {row} does not consist of minima: minimise the points first.")
    network = _Network(landscape, ends)
    start, goal = network.rows[: len(a)], network.rows[len(a) :]
    spent = np.zeros(len(a), dtype=int)
    for _ in range(cycles):
        open_ = np.flatnonzero(~network.connected(start, goal))
        if not len(open_):
            break
        gaps = network.gaps(start[open_], goal[open_])
        if not gaps:
            break
        spent[open_] += 1
        x, directions, owners = _bands(landscape, network, gaps, toolkit, workers)
        saddles = find_saddles(landscape, x, directions=directions, toolkit=toolkit, workers=workers)
        network.guesses += len(saddles)
        network.failed += int(np.sum(~saddles.converged))
        rows = np.flatnonzero(saddles.converged)
        rows = rows[network.new_states(saddles.rows(rows))]
        paths = find_pathways(
            landscape, saddles.x[rows], saddles.direction[rows], toolkit=toolkit, workers=workers
        )
        network.add(saddles.rows(rows), paths, open_[owners[rows]])
    return network.result(start, goal, spent)


def _bands(
    landscape: AbstractLandscape,
    network: "_Network",
    gaps: list[tuple],
    toolkit: Toolkit,
    workers: int | None,
):
    """Return guesses, their directions, and the position in `start` and `goal` of the pair of each."""
    x, directions = [np.empty((0, landscape.dimension))], [np.empty((0, landscape.dimension))]
    owners = [np.zeros(0, dtype=int)]
    for effort, band in enumerate((toolkit.band, toolkit.band.denser())):
        some = [gap for gap in gaps if gap[3] == effort]
        if not some:
            continue
        left = np.stack([network.minima.x[i] for _, i, _, _ in some])
        right = np.stack([network.image(i, j) for _, i, j, _ in some])
        bands = find_bands(landscape, left, right, method=band, align=False, workers=workers)
        x.append(bands.x)
        directions.append(bands.direction)
        owners.append(np.array([gap[0] for gap in some], dtype=int)[bands.pair])
    return np.concatenate(x), np.concatenate(directions), np.concatenate(owners)


class _Network:
    """The minima and transition states that were found so far for all pairs."""

    def __init__(self, landscape: AbstractLandscape, ends: StationaryPoints):
        self.landscape, self.symmetry = landscape, landscape.symmetry
        nothing = np.empty((0, landscape.dimension))
        self.minima = KnownPoints(nothing, np.empty(0), self.symmetry)
        self.saddles = KnownPoints(nothing, np.empty(0), self.symmetry)
        self.rows, _ = self.minima.add(ends.x, ends.energy)
        self.states: list[StationaryPoints] = [ends.rows([])]
        self.paths: list[Pathways] = []
        self.owners: list[np.ndarray] = [np.zeros(0, dtype=int)]
        self.graph = Graph(len(self.minima))
        self.tried: dict[tuple[int, int], int] = {}
        self.images: dict[tuple[int, int], tuple[np.ndarray, float]] = {}
        self.guesses = self.failed = 0

    def new_states(self, states: StationaryPoints) -> np.ndarray:
        """Add transition states to those known, and return which of them are new."""
        return self.saddles.add(states.x, states.energy)[1]

    def add(self, states: StationaryPoints, paths: Pathways, owners: np.ndarray) -> None:
        """Keep transition states whose pathways end in minima."""
        ended = paths.forward.converged & paths.backward.converged
        self.failed += int(np.sum(~ended))
        kept = np.flatnonzero(ended)
        backward, forward = (
            self.minima.add(side.x[kept], side.energy[kept])[0] for side in (paths.backward, paths.forward)
        )
        self.graph.add_minima(len(self.minima) - len(self.graph))
        self.graph.add_states(np.stack([backward, forward], axis=1), states.energy[kept])
        self.states.append(states.rows(kept))
        self.owners.append(owners[kept])
        self.paths.append(
            Pathways(paths.forward.rows(kept), paths.backward.rows(kept), paths.length[kept], paths.points)
        )

    def connected(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Return which pairs lie in one component of the network."""
        return self.graph.connected(start, goal)

    def image(self, i: int, j: int) -> np.ndarray:
        """Return the image of minimum j nearest to minimum i."""
        return self._aligned(i, j)[0]

    def gaps(self, start: np.ndarray, goal: np.ndarray) -> list[tuple[int, int, int, int]]:
        """Return (pair, minimum, minimum, earlier tries), as positions, for the bands of the next cycle."""
        count, component = len(self.minima), self.graph.components
        i, j = np.triu_indices(count, 1)
        weights = np.empty(len(i))
        for k, (m, n) in enumerate(zip(i.tolist(), j.tolist())):
            tries = self.tried.get((m, n), 0)
            weights[k] = np.inf if tries >= EFFORTS else self._aligned(m, n)[1] ** 2 * 2.0**tries
        # A stored zero would vanish from a sparse graph.
        weights = np.where(component[i] == component[j], 1e-12, weights)
        usable = np.isfinite(weights)
        graph = coo_array((weights[usable], (i[usable], j[usable])), shape=(count, count)).tocsr()
        chosen: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        for owner, (first, last) in enumerate(zip(start.tolist(), goal.tolist())):
            before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)[1]
            wanted = 0
            here = last
            while before[here] >= 0 and wanted < GAPS:
                m, n = sorted((int(before[here]), here))
                here = int(before[here])
                if component[m] == component[n] or (m, n) in chosen:
                    continue
                tries = self.tried.get((m, n), 0)
                self.tried[m, n] = tries + 1
                chosen[m, n] = (owner, m, n, tries)
                wanted += 1
        return list(chosen.values())

    def result(self, start: np.ndarray, goal: np.ndarray, cycles: np.ndarray) -> Connections:
        """Return the connections found so far."""
        paths = self.paths or [Pathways(self.states[0], self.states[0], np.zeros(0), [])]
        joined = Pathways(
            StationaryPoints.concatenate([p.forward for p in paths]),
            StationaryPoints.concatenate([p.backward for p in paths]),
            np.concatenate([p.length for p in paths]),
            [],
        )
        return Connections(
            self.connected(start, goal),
            StationaryPoints.concatenate(self.states),
            joined,
            np.concatenate(self.owners),
            self.guesses,
            self.failed,
            cycles,
        )

    def _aligned(self, i: int, j: int) -> tuple[np.ndarray, float]:
        if (i, j) not in self.images:
            found = self.symmetry.align(self.minima.x[i], self.minima.x[j])
            self.images[i, j] = (found.image, found.distance)
        return self.images[i, j]
