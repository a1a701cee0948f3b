"""Run a batch of planned searches and write what they found, in the order in which they were planned.

The result of a search depends only on its own plan and the landscape, and results are written in the order
of the plan, so neither the batch size nor the number of threads changes the atlas.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._results import RESULTS
from lossatlas.atlas import ON_BOUND, ON_KINK, Atlas, Search
from lossatlas.landscapes import AbstractLandscape, Box, KnownPoints, check_images, dimensionless
from lossatlas.searches import (
    Pathways,
    StationaryPoints,
    Toolkit,
    find_bands,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
    toolkit_for,
)
from lossatlas.searches.curvature import gradient_tolerance, lowest_eigenpairs, spectrum
from lossatlas.searches.global_search import perturbed, random_starts, symmetrised

from ._advice import note_lost
from ._plan import QUENCHES


# Rms gradient in the landscape's own units up to which no more is asked; above it is what rounding leaves
# only where curvatures are very large.
SMALL = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """What the searches of one batch need to know of the points found before.

    - `minima`: coordinates, shape (dim,), by id, of all minima that the batch starts from.
    - `known_states`: a function of transition states, shape (states, dim), and their energies, shape
        (states,); it returns the rows of the states that the atlas holds, and their ids, shape (known,).
    """

    minima: dict[int, np.ndarray]
    known_states: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True, eq=False)
class Findings:
    """What the searches of one batch found; one entry per search, in order.

    - `quench`: row of `minima` for searches that minimise, else None.
    - `guesses`: rows of `saddles` for searches that look for transition states.
    - `minima`: ends of the minimisations.
    - `saddles`: ends of the saddle searches.
    - `paths`: pathways from the transition states that were not known before.
    - `pathway`: row of `paths` for each row of `saddles`, or -1 where no pathway was followed.
    - `band_outcome`, `band_gradients`: outcome and gradients of the elastic band of a pair.
    """

    quench: list[int | None]
    guesses: list[list[int]]
    minima: StationaryPoints
    saddles: StationaryPoints
    paths: Pathways
    pathway: np.ndarray
    band_outcome: np.ndarray
    band_gradients: np.ndarray


class Executor:
    """Runs batches of planned searches on this machine's cores.

    **Arguments:**

    - `landscape`: the landscape to explore.
    - `atlas`: the atlas that `inputs` reads and `write` writes; `run` does not use it.
    - `seed`: search i uses the random key `fold_in(key(seed), i)`.
    - `workers`: threads; default one per core.
    - `kinks`: whether minima on kinks are also written, with a flag.
    - `toolkit`: the searches to run; default `toolkit_for(landscape)`.
    """

    def __init__(
        self,
        landscape: AbstractLandscape,
        atlas: Atlas,
        seed: int,
        workers: int | None = None,
        kinks: bool = False,
        toolkit: Toolkit | None = None,
    ):
        self.landscape, self.atlas, self.workers = landscape, atlas, workers
        self.toolkit = toolkit_for(landscape) if toolkit is None else toolkit
        self.wanted = (RESULTS.converged, RESULTS.kink_minimum) if kinks else (RESULTS.converged,)
        self.seed, self.key = seed, jax.random.key(seed)

    def inputs(self, batch: list[Search]) -> Inputs:
        """Read from the atlas what a batch needs."""
        ids = {minimum for search in batch for minimum in (search.a, search.b) if minimum is not None}
        minima = {minimum: self.atlas.minimum_x(minimum) for minimum in sorted(ids)}
        return Inputs(minima, self.atlas.find_transition_states)

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
        _, known = self.atlas.find_transition_states(saddle.x, saddle.energy)
        if len(known):
            self.atlas.add_hit("transition_states", int(known[0]))
            return outcome, False, 0
        path, paths = findings.pathway[row], findings.paths
        ends = StationaryPoints.concatenate([paths.backward.rows([path]), paths.forward.rows([path])])
        cost = int(ends.gradients.sum() + ends.hessians.sum())
        if not (np.all(np.isin(ends.outcome, self.wanted)) and np.all(ends.energy < saddle.energy)):
            return int(RESULTS.unconnected), False, cost
        ids, _ = self._add_minima(ends, run, hits=0)
        self.atlas.add_transition_states(
            saddle.x,
            saddle.energy,
            saddle.rms_gradient,
            saddle.lowest,
            saddle.log_product,
            ids[None, :],
            path_length=paths.length[[path]],
            run=run,
            flag=self._flags(saddle),
        )
        return outcome, True, cost

    def _add_minima(self, points: StationaryPoints, run: int, hits: int):
        # There is no Hessian on a kink, and it has no eigenvalue where all variables are held at bounds.
        curved = (points.outcome != RESULTS.kink_minimum) & np.isfinite(points.lowest)
        return self.atlas.add_minima(
            points.x,
            points.energy,
            points.rms_gradient,
            np.where(curved, points.lowest, np.nan),
            points.log_product,
            hits=hits,
            run=run,
            flag=self._flags(points),
        )

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

    def _flags(self, points: StationaryPoints) -> np.ndarray:
        """Return the flag of each point, empty for most."""
        flags = np.where(points.outcome == RESULTS.kink_minimum, ON_KINK, "")
        box = self.landscape.geometry
        if isinstance(box, Box):
            flags = np.where(box.all_at_bound(points.x).any(axis=1), ON_BOUND, flags)
        return flags


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
