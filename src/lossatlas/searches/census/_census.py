"""Stationary points of every index, checked by the Morse sum; for landscapes of few variables."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from lossatlas._checks import check_is, check_seed, check_whole
from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape, KnownPoints, Units, check_landscape
from lossatlas.searches._records import AbstractOutcomes, StationaryPoints
from lossatlas.searches._toolkit import EXAMPLES, Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units
from lossatlas.searches.curvature import NEWTON, AbstractStationarySearch, EigenvectorFollowing
from lossatlas.searches.global_search import perturbed, random_starts, symmetrised
from lossatlas.searches.verbs import find_saddles


ROUND = 192  # searches that run together, before the next starts are chosen
MOST_SEARCHES = 100_000
SEARCH_STEPS = 150  # steps per search, each a Hessian


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Census(AbstractOutcomes):
    """The stationary points that a census found, one of each orbit, sorted by index and energy.

    - `x`: shape (points, dim), parameter units.
    - `energy`: loss units; `index`: number of negative eigenvalues; `lowest`: the lowest eigenvalue, loss
        units per squared parameter unit; `rms_gradient`: loss units per parameter unit; shape (points,).
    - `orbit_size`: number of images of each point, Python integers.
    - `hits`: number of searches that ended in each point or an image of it, shape (points,).
    - `expected`: the Morse sum that topology demands; None where it demands none.
    - `outcome`: RESULTS codes, shape (searches,).
    """

    x: np.ndarray
    energy: np.ndarray
    index: np.ndarray
    lowest: np.ndarray
    rms_gradient: np.ndarray
    orbit_size: list[int]
    hits: np.ndarray
    expected: int | None
    outcome: np.ndarray

    @property
    def searches(self) -> int:
        """Number of searches."""
        return len(self.outcome)

    @property
    def degenerate(self) -> int:
        """Number of searches that ended in a degenerate point, for which the Morse sum does not hold."""
        return int(np.sum(self.outcome == RESULTS.degenerate))

    @property
    def by_index(self) -> dict[int, int]:
        """Number of points of each index, images included."""
        totals: dict[int, int] = {}
        for index, size in sorted(zip(self.index.tolist(), self.orbit_size)):
            totals[index] = totals.get(index, 0) + size
        return totals

    @property
    def morse_sum(self) -> int:
        """Sum of (-1)^index * orbit size."""
        return sum((-1) ** index * size for index, size in self.by_index.items())

    @property
    def consistent(self) -> bool | None:
        """Whether the Morse sum is as expected and no point is degenerate; None if `expected` is None.

        A complete list is consistent; a consistent list need not be complete.
        """
        if self.expected is None:
            return None
        # A compact or confined landscape has at least one minimum, so an empty list is not consistent.
        return 0 in self.by_index and self.morse_sum == self.expected and self.degenerate == 0

    def in_units(self, units: Units) -> "Census":
        """Return dimensionless points in the units of the caller."""
        return dataclasses.replace(
            self,
            x=self.x * units.variables,
            energy=self.energy * units.energy,
            lowest=self.lowest * units.curvature,
            rms_gradient=self.rms_gradient * units.slope,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "points": [
                {"energy": float(e), "index": int(i), "orbit_size": n, "hits": int(h)}
                for e, i, n, h in zip(self.energy, self.index, self.orbit_size, self.hits)
            ],
            "by_index": {str(index): size for index, size in self.by_index.items()},
            "morse_sum": self.morse_sum,
            "expected": self.expected,
            "consistent": self.consistent,
            "searches": self.searches,
            "outcomes": self.outcomes(),
        }

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the numbers of each point by name, one row per point."""
        names = ("energy", "index", "lowest", "rms_gradient", "hits")
        sizes = np.array(self.orbit_size, dtype=object)
        return {name: getattr(self, name) for name in names} | {"orbit_size": sizes}

    def __repr__(self) -> str:
        """Return the number of points by index, the Morse sum, and how the searches ended."""
        counts = ", ".join(f"{n} of index {k}" for k, n in zip(*np.unique(self.index, return_counts=True)))
        sums = f"Morse sum {self.morse_sum}, expected {self.expected}"
        return f"Census({counts or 'no points'}; {sums}; searches {self._ended()})"


@in_own_units(method="method", toolkit="method")
def census(
    landscape: AbstractLandscape,
    *,
    starts: int | None = None,
    seed: int = 0,
    method: AbstractStationarySearch | None = None,
    toolkit: Toolkit | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Census:
    """Find stationary points of every index by Newton and eigenvector-following searches.

    There are four kinds of searches, a quarter each: Newton's method on the gradient from random starts;
    eigenvector following uphill along 0, 1, 2, ... modes from random starts; searches that start near the
    points found least often, for the same and the neighbouring indices; and searches that start on points
    fixed by elements of the symmetry group. The gradient at a fixed point is fixed, too, so the last kind
    finds points of small orbits, which random starts miss.

    **Arguments:**

    - `landscape`: the landscape that is searched; it should have a few variables only, because the number
        of stationary points grows exponentially with them.
    - `starts`: number of searches. By default searches end when the Morse sum is as expected and the last
        max(1000, 20 * points) of them found nothing new, or after 100,000.
    - `seed`: seed of the random starts.
    - `method`: a search that finds points of every index; default `EigenvectorFollowing(150)`.
    - `toolkit`: default `toolkit_for(landscape)`; its `hop` sets how far starts are displaced, and the
        default method needs its `hessians`.
    - `workers`: threads; default one per core.
    - `progress`: function called after every round with the numbers of searches done and of points found.

    **Returns:** `Census`.

    **Raises:** `ValueError` if `starts` is below 1, the seed is negative, the landscape fails
    `check_landscape`, the `method` does not find points of every index, or the toolkit has no Hessians and
    no `method` is given (the default above 1,000 variables).
    """
    starts = None if starts is None else check_whole("starts", starts)
    seed = check_seed(seed)
    check_landscape(landscape)
    toolkit = toolkit_or_default(toolkit, landscape)
    if method is None and not toolkit.hessians:
        raise ValueError(
            "A census looks for points of every index, which takes Hessians, but the toolkit has none: "
            f"by default it is the one for the {landscape.dimension} variables of this landscape."
        )
    method = EigenvectorFollowing(SEARCH_STEPS) if method is None else _of_all_orders(method, landscape)
    collection = _Collection(landscape)
    key = jax.random.key(seed)
    done, quiet = 0, 0
    while not _finished(collection, landscape, starts, done, quiet):
        count = ROUND if starts is None else min(ROUND, starts - done)
        points, orders = _round(landscape, collection, key, done, count, toolkit, workers)
        found = find_saddles(
            landscape, points, order=orders, method=method, toolkit=toolkit, workers=workers
        )
        new = collection.add(found)
        done, quiet = done + count, 0 if new else quiet + count
        if progress:
            progress(done, len(collection.points))
    return collection.census()


def _of_all_orders(method: Any, landscape: AbstractLandscape) -> AbstractStationarySearch:
    """Return a search that can be asked for every index; raises `ValueError` for another."""
    check_is("method", method, AbstractStationarySearch, EXAMPLES[AbstractStationarySearch])
    if not all(method.finds(order) for order in (NEWTON, *range(landscape.dimension + 1))):
        raise ValueError(
            "`method` of a census must find points of every index (NEWTON, 0, 1, 2, ...), which "
            f"{type(method).__name__} does not."
        )
    return method


class _Collection:
    """Points found so far, up to symmetry."""

    def __init__(self, landscape: AbstractLandscape):
        self.landscape = landscape
        nothing = np.zeros((0, landscape.dimension))
        self.known = KnownPoints(nothing, np.zeros(0), landscape.symmetry)
        self.points: list[StationaryPoints] = []
        self.orbits: list[int] = []
        self.hits: list[int] = []
        self.outcomes = [np.zeros(0, dtype=int)]

    def add(self, found: StationaryPoints) -> bool:
        """Add the points of searches that converged, and return whether any of them is new."""
        self.outcomes.append(found.outcome)
        good = found.where(found.converged)
        places, is_new = self.known.add(good.x, good.energy)
        for i in np.flatnonzero(is_new):
            self.points.append(good.rows([i]))
            self.orbits.append(self.landscape.symmetry.orbit_size(good.x[i]))
            self.hits.append(0)
        for place in places.tolist():
            self.hits[place] += 1
        return bool(is_new.any())

    def indices(self) -> list[int]:
        return [int(point.index[0]) for point in self.points]

    def morse_sum(self) -> int:
        return sum((-1) ** index * size for index, size in zip(self.indices(), self.orbits))

    def census(self) -> Census:
        order = sorted(
            range(len(self.points)),
            key=lambda i: (int(self.points[i].index[0]), float(self.points[i].energy[0])),
        )
        dimension = self.landscape.dimension

        def column(name: str) -> np.ndarray:
            return np.array([getattr(self.points[i], name)[0] for i in order])

        return Census(
            x=column("x").reshape(-1, dimension),
            energy=column("energy"),
            index=column("index").astype(int),
            lowest=column("lowest"),
            rms_gradient=column("rms_gradient"),
            orbit_size=[self.orbits[i] for i in order],
            hits=np.array([self.hits[i] for i in order], dtype=int),
            expected=_expected(self.landscape),
            outcome=np.concatenate(self.outcomes),
        )


def _finished(collection: _Collection, landscape, starts, done: int, quiet: int) -> bool:
    if starts is not None:
        return done >= starts
    if done >= MOST_SEARCHES:
        return True
    enough = max(1000, 20 * len(collection.points))
    fits = _expected(landscape) in (None, collection.morse_sum())
    # If the Morse sum differs from the expected one, points are missing: search ten times longer for them.
    return quiet >= (enough if fits else 10 * enough)


def _expected(landscape: AbstractLandscape) -> int | None:
    """Return the Morse sum that topology demands; None with kinks, where Morse theory does not hold."""
    return landscape.morse_sum if landscape.smoothness == "smooth" else None


def _round(
    landscape, collection: _Collection, key: jax.Array, done: int, count: int, toolkit: Toolkit, workers
):
    """Return the starts of one round, shape (count, dim), and the index that each search looks for."""
    numbers = done + np.arange(count)
    indices = collection.indices()
    highest = max(indices, default=0) + 1
    rare = np.argsort(collection.hits, kind="stable")
    starts = random_starts(landscape, key, numbers, workers=workers)
    orders = np.full(count, NEWTON)
    turn, which = numbers // 4, numbers % 4
    random_order = (which == 1) | ((which == 3) & (turn % 2 == 0))
    orders[random_order] = turn[random_order] % (highest + 1)
    rng = np.random.default_rng((*np.asarray(jax.random.key_data(key)), done))
    for i in np.flatnonzero(which == 3):
        # From random and from known points: a known point made symmetric once more has a smaller orbit.
        known = rng.random() < 0.5 and len(rare) > 0
        x = collection.points[rng.integers(len(rare))].x[0] if known else starts[i]
        starts[i] = symmetrised(landscape, x, rng)
    if len(rare):
        near = np.flatnonzero(which == 2)
        points = rare[turn[near] % len(rare)]
        x = np.stack([collection.points[p].x[0] for p in points])
        starts[near] = perturbed(landscape, x, key, numbers[near], toolkit=toolkit, workers=workers)
        index = np.array(indices)[points]
        choice = np.stack([np.full(len(near), NEWTON), index + 1, np.maximum(index - 1, 0)])
        orders[near] = choice[turn[near] % 3, np.arange(len(near))]
    most = landscape.dimension - landscape.zero_modes(starts[0]).shape[0]
    return starts, np.minimum(orders, most)
