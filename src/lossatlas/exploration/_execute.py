"""Run a batch of planned searches.

The result of a search depends only on its own plan and the landscape. No search reads or writes the atlas.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas.atlas import Search
from lossatlas.landscapes import AbstractLandscape, KnownPoints, check_images, dimensionless
from lossatlas.searches import (
    StationaryPoints,
    Toolkit,
    find_bands,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
)
from lossatlas.searches.curvature import gradient_tolerance, lowest_eigenpairs, spectrum
from lossatlas.searches.global_search import perturbed, random_starts, symmetrised

from ._findings import Findings, Inputs
from ._plan import QUENCHES


# Rms gradient in the landscape's own units up to which no more is asked; above it is what rounding leaves
# only where curvatures are very large.
SMALL = 1e-6


class Executor:
    """Runs batches of planned searches on this machine's cores.

    **Arguments:**

    - `landscape`: the landscape to explore.
    - `seed`: search i uses the random key `fold_in(key(seed), i)`.
    - `toolkit`: the searches to run.
    - `workers`: threads; default one per core.
    """

    def __init__(
        self, landscape: AbstractLandscape, seed: int, toolkit: Toolkit, workers: int | None = None
    ):
        self.landscape, self.toolkit, self.workers = landscape, toolkit, workers
        self.seed, self.key = seed, jax.random.key(seed)

    def run(self, batch: list[Search], given: Inputs) -> Findings:
        """Run the searches; the findings depend only on the arguments, the landscape and the seed."""
        starts = self._starts(batch, given)
        quenches = [i for i, s in enumerate(batch) if s.kind in QUENCHES]
        dimension = self.landscape.dimension
        x = np.array([starts[i] for i in quenches]).reshape(-1, dimension)
        minima = minimise(self.landscape, x, toolkit=self.toolkit, workers=self.workers)
        minima = self._guarded(minima, 0)
        self._check_images(minima, batch)
        owners, guesses_x, directions, ended, spent = self._guesses(batch, given, starts)
        saddles = find_saddles(
            self.landscape,
            guesses_x.reshape(-1, dimension),
            directions=directions.reshape(-1, dimension),
            toolkit=self.toolkit,
            workers=self.workers,
        )
        saddles = self._guarded(saddles, 1)
        self._check_images(saddles, batch)
        # Follow pathways only from states that the atlas did not hold before; `write` compares them again.
        found = np.flatnonzero(saddles.converged)
        known, _ = given.known_states(saddles.x[found], saddles.energy[found])
        fresh = np.delete(found, known)
        pathway = np.full(len(saddles), -1)
        # Follow one pathway for equal states: a batch of near pairs finds a third of its states twice.
        seen = KnownPoints(
            np.empty((0, dimension)),
            np.empty(0),
            self.landscape.symmetry,
            units=self.landscape.units,
        )
        pathway[fresh], first = seen.add(saddles.x[fresh], saddles.energy[fresh])
        fresh = fresh[first]
        paths = find_pathways(
            self.landscape,
            saddles.x[fresh],
            saddles.direction[fresh],
            toolkit=self.toolkit,
            workers=self.workers,
        )
        sides = self._guarded(paths.forward, 0), self._guarded(paths.backward, 0)
        paths = dataclasses.replace(paths, forward=sides[0], backward=sides[1])
        rows = {i: row for row, i in enumerate(quenches)}
        guesses: list[list[int]] = [[] for _ in batch]
        for row, owner in enumerate(owners):
            guesses[owner].append(row)
        return Findings(
            [rows.get(i) for i in range(len(batch))],
            guesses,
            minima,
            saddles,
            paths,
            pathway,
            ended,
            spent,
        )

    def _starts(self, batch: list[Search], given: Inputs) -> dict[int, np.ndarray]:
        """Return the starts of all searches that begin at a random or displaced point."""
        random = [i for i, s in enumerate(batch) if s.kind in ("sample", "symmetric", "scatter")]
        moved = [i for i, s in enumerate(batch) if s.kind == "hop" or _is_random_climb(s)]
        starts: dict[int, np.ndarray] = {}
        if random:
            numbers = np.array([batch[i].seed for i in random])
            drawn = random_starts(self.landscape, self.key, numbers, workers=self.workers)
            for i, x in zip(random, drawn):
                rng = np.random.default_rng((self.seed, batch[i].seed))
                starts[i] = symmetrised(self.landscape, x, rng) if _is_symmetrised(batch[i]) else x
        if moved:
            numbers = np.array([batch[i].seed for i in moved])
            minima = np.stack([given.minima[_planned(batch[i].a)] for i in moved])
            drawn = perturbed(
                self.landscape, minima, self.key, numbers, toolkit=self.toolkit, workers=self.workers
            )
            starts.update(zip(moved, drawn))
        return starts

    def _guesses(self, batch: list[Search], given: Inputs, starts: dict[int, np.ndarray]):
        """Return owner, start and direction of every saddle search, and outcomes and costs of bands."""
        spent = np.zeros(len(batch), dtype=int)
        ended = np.full(len(batch), RESULTS.no_maximum)
        guesses: list[tuple[int, np.ndarray, np.ndarray]] = []
        pairs = [i for i, s in enumerate(batch) if s.kind == "pair"]
        if pairs:
            ends = [self._ends(batch[i], given) for i in pairs]
            a, b = (np.stack(side) for side in zip(*ends))
            bands = find_bands(
                self.landscape, a, b, toolkit=self.toolkit, align=False, workers=self.workers
            )
            spent[pairs], ended[pairs] = bands.gradients, bands.outcome
            guesses += [(pairs[p], x, d) for p, x, d in zip(bands.pair, bands.x, bands.direction)]
        climbs = [i for i, s in enumerate(batch) if s.kind == "climb" and not _is_random_climb(s)]
        if climbs:
            x, directions = self._climbs([batch[i] for i in climbs], given)
            guesses += zip(climbs, x, directions)
        for i, search in enumerate(batch):
            if search.kind == "scatter" or _is_random_climb(search):
                guesses.append((i, starts[i], np.zeros_like(starts[i])))
        guesses.sort(key=lambda guess: guess[0])
        owners = [guess[0] for guess in guesses]
        x = np.array([guess[1] for guess in guesses])
        return owners, x, np.array([guess[2] for guess in guesses]), ended, spent

    def _ends(self, search: Search, given: Inputs) -> tuple[np.ndarray, np.ndarray]:
        """Return the end points of a band from a to an image of b, another image for each attempt."""
        unit = self.landscape.units.variables
        a, b = (given.minima[_planned(end)] / unit for end in (search.a, search.b))
        a, b = self._nearest_images(search, a, b)
        return a * unit, b * unit

    def _nearest_images(
        self, search: Search, a: np.ndarray, b: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        attempt, symmetry = _planned(search.mode), dimensionless(self.landscape).symmetry
        if search.a == search.b:
            images = symmetry.neighbour_images(a, attempt + 1)
            return a, (images[min(attempt, len(images) - 1)] if len(images) else b)
        image = symmetry.align(a, b).image
        others = symmetry.neighbour_images(image, 16) if attempt else image[:0]
        if not len(others):
            return a, image
        order = np.argsort(np.linalg.norm(others - a, axis=1), kind="stable")
        return a, others[order[min(attempt - 1, len(others) - 1)]]

    def _climbs(self, searches: list[Search], given: Inputs) -> tuple[np.ndarray, np.ndarray]:
        """Return starts displaced along an eigenvector, and the directions to climb.

        Modes 0 and 1 are + and - the softest eigenvector, modes 2 and 3 the next one, and so on.
        """
        own, unit = dimensionless(self.landscape), self.landscape.units.variables
        x = np.stack([given.minima[_planned(search.a)] for search in searches]) / unit
        numbers = np.array([_planned(search.mode) for search in searches])
        mode = _mode if self.toolkit.hessians else _mode_by_products
        directions = run_batch(mode, own, x, numbers // 2, workers=self.workers)
        directions = directions * np.where(numbers % 2, -1.0, 1.0)[:, None]
        moved = x + 0.2 * own.length_scale * directions
        return run_batch(_retracted, own, moved, workers=self.workers) * unit, directions * unit

    def _guarded(self, points: StationaryPoints, index: int) -> StationaryPoints:
        """Refuse points that are said to have converged, but by what is said of them are not of this index.

        All points come from searches that verify; this is what a mistake there would have to pass.
        """
        outcome, units = points.outcome.copy(), self.landscape.units
        large = np.flatnonzero(points.converged & ~(points.rms_gradient <= SMALL * units.slope))
        if len(large):
            own = dimensionless(self.landscape)
            allowed = run_batch(
                _rounding_level, own, points.x[large] / units.variables, workers=self.workers
            )
            outcome[large[~(points.rms_gradient[large] <= allowed * units.slope)]] = RESULTS.max_steps
        outcome[points.converged & (points.index != index)] = RESULTS.wrong_index
        return dataclasses.replace(points, outcome=outcome)

    def _check_images(self, points: StationaryPoints, batch: list[Search]) -> None:
        """Check, before anything is written, that a declared symmetry leaves the energy unchanged."""
        if not self.landscape.symmetry_is_declared:
            return
        found = points.where(points.converged)
        rng = np.random.default_rng((self.seed, batch[0].seed))
        images = np.array([self.landscape.symmetry.random_image(x, rng) for x in found.x])
        images = images.reshape(found.x.shape)
        energy = run_batch(_energy, self.landscape, images, workers=self.workers)
        check_images(self.landscape, found.x, found.energy, images, energy)


def _planned(value: int | None) -> int:
    """Return a field that searches of this kind always have."""
    if value is None:
        raise ValueError("A planned search lacks its minimum or mode; the atlas is damaged.")
    return value


def _is_random_climb(search: Search) -> bool:
    return search.kind == "climb" and search.mode is None


def _is_symmetrised(search: Search) -> bool:
    """Return whether the random start of a search is projected onto points that a symmetry fixes."""
    return search.kind == "symmetric" or (search.kind == "scatter" and search.mode == 1)


def _energy(landscape: AbstractLandscape, x):
    return landscape.energy(x)


def _retracted(landscape: AbstractLandscape, x):
    return landscape.geometry.retract(x)


def _rounding_level(landscape: AbstractLandscape, x):
    """Return the rms gradient that rounding leaves at a stationary point."""
    found = lowest_eigenpairs(landscape, x, jnp.zeros_like(x))
    return gradient_tolerance(found.largest, x)


def _mode(landscape: AbstractLandscape, x, number):
    """Return an eigenvector of the Hessian; number 0 has the lowest eigenvalue."""
    vectors = spectrum(landscape, x)[1]
    return vectors[:, jnp.minimum(number, vectors.shape[1] - 1)]


def _mode_by_products(landscape: AbstractLandscape, x, number):
    """Return the softest eigenvector for number 0, else the second softest, without the Hessian."""
    vectors = lowest_eigenpairs(landscape, x, jnp.zeros_like(x), tolerance=0.1).vectors
    return vectors[jnp.minimum(number, vectors.shape[0] - 1)]
