"""A batch from plan to atlas, with searches that answer at once: who starts where, and what is written."""

import dataclasses

import numpy as np
import pytest
from stand_ins import search

from lossatlas._results import RESULTS
from lossatlas.atlas import Atlas
from lossatlas.exploration import _execute
from lossatlas.exploration._execute import Executor
from lossatlas.exploration._findings import Inputs
from lossatlas.exploration._write import Writer
from lossatlas.landscapes import DoubleWells
from lossatlas.searches import Bands, Pathways, StationaryPoints, toolkit_for


LANDSCAPE = DoubleWells(2, tilt=0.1)  # without symmetry
TOOLKIT = toolkit_for(LANDSCAPE)
GRADIENTS, HESSIANS = 10, 2  # that every search spends


def ended(x, outcome=RESULTS.converged, index=0, rms=0.0):
    """Rows of points at `x`; their energy is the sum of their coordinates."""
    x = np.asarray(x, dtype=float).reshape(-1, 2)
    count = len(x)
    full = lambda value, kind=float: np.full(count, value, dtype=kind)
    known = {"x": x, "energy": x.sum(axis=1), "direction": full(0.0)[:, None] + [1.0, 0.0]}
    known |= {"gradients": full(GRADIENTS, int), "hessians": full(HESSIANS, int)}
    known |= {"outcome": full(0, int) + outcome, "lowest": full(1.0), "index": full(index, int)}
    known |= {"rms_gradient": full(rms), "held": full(0, int)}
    names = [field.name for field in dataclasses.fields(StationaryPoints)]
    return StationaryPoints(**{name: known.get(name, full(0.0)) for name in names})


class Calls:
    """Stand-ins for all searches that `_execute` calls; they keep their arguments.

    Everything converges where it starts, but starts with a first coordinate below -5. A pathway from x ends
    half way to (0, 0) and half a unit beside that.
    """

    def __init__(self, monkeypatch):
        self.seen = {}
        names = (
            "minimise find_saddles find_pathways find_bands random_starts perturbed symmetrised run_batch"
        )
        for name in names.split():
            monkeypatch.setattr(_execute, name, getattr(self, name))

    def minimise(self, landscape, x, toolkit, workers):
        self.seen["minimise"] = x
        return ended(x, np.where(x[:, 0] < -5, RESULTS.degenerate, RESULTS.converged))

    def find_saddles(self, landscape, x, directions, toolkit, workers):
        self.seen["find_saddles"], self.seen["directions"] = x, directions
        return ended(x, np.where(x[:, 0] < -5, RESULTS.max_steps, RESULTS.converged), index=1)

    def find_pathways(self, landscape, x, directions, toolkit, workers):
        self.seen["find_pathways"] = x
        sides = ended(0.5 * x), ended(0.5 * x - [0.5, 0.0])
        return Pathways(*sides, np.full(len(x), 1.5), [])

    def find_bands(self, landscape, a, b, toolkit, align, workers):
        """Two guesses per pair, at both ends; none where the ends are one point."""
        self.seen["find_bands"] = (a, b)
        pair = np.repeat(np.flatnonzero((a != b).any(axis=1)), 2)
        guesses = np.stack([a, b], axis=1)[pair[::2]].reshape(-1, 2)
        outcome = np.where((a != b).any(axis=1), RESULTS.converged, RESULTS.same_minimum)
        return Bands(pair, guesses, np.ones_like(guesses), outcome, np.full(len(a), 100))

    def random_starts(self, landscape, key, numbers, workers):
        return np.stack([np.full(len(numbers), 4.0), numbers], axis=1)

    def perturbed(self, landscape, x, key, numbers, toolkit, workers):
        return x + [0.0, 0.25]

    def symmetrised(self, landscape, x, rng):
        return x + [100.0, 0.0]

    def run_batch(self, function, landscape, *arguments, workers):
        x = arguments[0]
        if function is _execute._rounding_level:
            return np.full(len(x), 1e-5)
        return np.eye(2)[arguments[1]] if function is _execute._mode else x


@pytest.fixture
def calls(monkeypatch):
    return Calls(monkeypatch)


def inputs(known=()):
    """Minima 1, 2, 3 at (1, 0), (2, 0), (3, 0), and what was known of transition states."""

    def known_states(x, energy):
        which = [i for i, row in enumerate(x) if tuple(row) in known]
        return np.array(which, dtype=int), np.ones(len(which), dtype=int)

    return Inputs({i: np.array([float(i), 0.0]) for i in (1, 2, 3)}, known_states)


def run(batch, known=()):
    """Run a batch without any atlas: what it needs is an argument."""
    return Executor(LANDSCAPE, 0, TOOLKIT).run(batch, inputs(known))


def test_every_kind_starts_where_its_plan_says(calls):
    batch = [
        search(7, "sample"), search(8, "symmetric", mode=1), search(9, "hop", a=2),
        search(10, "scatter", mode=0), search(11, "scatter", mode=1),
        search(12, "climb", a=1, mode=0), search(13, "climb", a=1, mode=3), search(14, "climb", a=3),
        search(15, "pair", a=1, b=2, mode=0),
    ]  # fmt: skip
    found = run(batch)
    np.testing.assert_array_equal(calls.seen["minimise"], [[4, 7], [104, 8], [2, 0.25]])
    np.testing.assert_array_equal(calls.seen["find_saddles"], [
        [4, 10], [104, 11], [1.1, 0], [1, -0.1], [3, 0.25], [1, 0], [2, 0],
    ])  # fmt: skip
    np.testing.assert_array_equal(calls.seen["directions"], [
        [0, 0], [0, 0], [1, 0], [0, -1], [0, 0], [1, 1], [1, 1],
    ])  # fmt: skip
    assert found.quench == [0, 1, 2, None, None, None, None, None, None]
    assert found.guesses == [[], [], [], [0], [1], [2], [3], [4], [5, 6]]
    assert found.band_gradients.tolist() == [0] * 8 + [100]


def test_a_search_finds_the_same_in_any_batch(calls):
    batch = [search(1, "scatter", mode=0), search(2, "sample"), search(3, "pair", a=1, b=3, mode=0)]
    together = run(batch)
    for i, one in enumerate(batch):
        alone = run([one])
        for rows, mine in ((together.guesses[i], alone.guesses[0]), ([together.quench[i]], alone.quench)):
            kind = "saddles" if rows is together.guesses[i] else "minima"
            if rows and rows[0] is not None:
                np.testing.assert_array_equal(getattr(together, kind).x[rows], getattr(alone, kind).x[mine])


def test_pathways_are_followed_from_new_states_once_each(calls):
    batch = [search(i, "climb", a=a, mode=0) for i, a in enumerate((1, 2, 1, 3), 1)]
    found = run(batch, known={(2.1, 0.0)})
    np.testing.assert_array_equal(calls.seen["find_pathways"], [[1.1, 0], [3.1, 0]])
    assert found.pathway.tolist() == [0, -1, 0, 1]


def test_no_pathway_from_a_search_that_failed(calls):
    found = Executor(LANDSCAPE, 0, TOOLKIT).run(
        [search(1, "climb", a=1, mode=0)], Inputs({1: np.array([-9.0, 0.0])}, inputs().known_states)
    )
    assert found.pathway.tolist() == [-1] and len(calls.seen["find_pathways"]) == 0


def test_a_plan_that_lacks_its_minimum_is_refused(calls):
    with pytest.raises(ValueError, match="lacks its minimum or mode"):
        run([search(1, "pair", a=1, mode=0)])


@pytest.fixture
def atlas(tmp_path):
    """Minima 1, 2, 3 of `inputs`, in a file."""
    with Atlas(tmp_path / "a.atlas", LANDSCAPE) as opened:
        points = ended([[1, 0], [2, 0], [3, 0]])
        opened.points.add_minima(
            points.x, points.energy, points.rms_gradient, points.lowest, points.log_product
        )
        yield opened


def written(atlas, rows):
    """Plan, run and write a batch; returns what is new and the evaluations spent."""
    atlas.queue.plan((1, *row, i) for i, row in enumerate(rows))
    batch = atlas.queue.pending(100)
    writer = Writer(LANDSCAPE, atlas, False, TOOLKIT)
    found = Executor(LANDSCAPE, 0, TOOLKIT).run(batch, writer.inputs(batch))
    with atlas.transaction():
        return writer.write(batch, found, atlas.log.start_run({}, 0))


def test_the_atlas_tells_a_batch_what_it_needs(atlas):
    batch = [search(1, "pair", a=1, b=3, mode=0), search(2, "sample")]
    given = Writer(LANDSCAPE, atlas, False, TOOLKIT).inputs(batch)
    assert {minimum: x.tolist() for minimum, x in given.minima.items()} == {1: [1, 0], 3: [3, 0]}
    assert given.known_states(np.array([[9.0, 9.0]]), np.array([18.0]))[1].tolist() == []


def test_minima_are_new_once_and_random_starts_count_as_hits(calls, atlas):
    rows = [("sample", None, None, None), ("hop", 1, None, None), ("hop", 1, None, None)]
    news, evaluations = written(atlas, rows)
    assert news == [True, True, False] and evaluations == 3 * (GRADIENTS + HESSIANS)
    assert atlas.minima.x[3:].tolist() == [[4, 0], [1, 0.25]]
    assert atlas.minima.hits.sum() == 1  # of the sample alone
    assert atlas.queue.pending(9) == [] and atlas.queue.finished() == 3


def test_failures_are_counted_by_kind_and_outcome(calls, atlas):
    atlas.points.add_minima([[-9.0, 0.0]], [-9.0], [0.0], [1.0], [0.0])
    news, _ = written(atlas, [("hop", 4, None, None), ("climb", 4, None, 0), ("pair", 4, 4, 0)])
    assert news == [False, False, False]
    assert atlas.log.failures == {
        "hop": {"degenerate": 1}, "climb": {"max_steps": 1}, "pair": {"same_minimum": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    "index, rms, outcome",
    [
        (0, 1e-7, None),
        (0, 1e-5, None),
        (0, 2e-5, "max_steps"),
        (0, np.nan, "max_steps"),
        (1, 0.0, "wrong_index"),
    ],
)
def test_what_is_said_to_have_converged_is_stored_only_if_its_numbers_agree(
    calls, atlas, monkeypatch, index, rms, outcome
):
    """Above 1e-6 the gradient must be at rounding level, which is 1e-5 here."""
    monkeypatch.setattr(_execute, "minimise", lambda landscape, x, **_: ended(x, index=index, rms=rms))
    monkeypatch.setattr(
        _execute, "find_saddles", lambda landscape, x, **_: ended(x, index=1 - index, rms=rms)
    )
    news, _ = written(atlas, [("hop", 1, None, None), ("climb", 2, None, 2)])
    assert news == [outcome is None] * 2 and atlas.count("transition_states") == (outcome is None)
    assert atlas.log.failures == ({kind: {outcome: 1} for kind in ("hop", "climb")} if outcome else {})


def test_a_state_is_not_written_with_ends_that_are_no_minima(calls, atlas, monkeypatch):
    def find_pathways(landscape, x, directions, **_):
        return Pathways(ended(0.5 * x), ended(0.5 * x - [0.5, 0.0], index=1), np.full(len(x), 1.5), [])

    monkeypatch.setattr(_execute, "find_pathways", find_pathways)
    assert written(atlas, [("climb", 2, None, 2)])[0] == [False]
    assert atlas.log.failures == {"climb": {"unconnected": 1}} and atlas.count("minima") == 3


def test_a_state_is_written_with_the_minima_at_its_ends(calls, atlas):
    news, evaluations = written(atlas, [("climb", 2, None, 2)])  # from (2, 0.1)
    assert news == [True]
    states = atlas.transition_states
    np.testing.assert_allclose(states.x, [[2.0, 0.1]])
    ends = np.array([atlas.minimum_x(int(i)) for i in states.minima[0]])
    np.testing.assert_allclose(np.sort(ends, axis=0), [[0.5, 0.05], [1.0, 0.05]])
    assert states.path_length.tolist() == [1.5]
    assert evaluations == 3 * (GRADIENTS + HESSIANS)  # the search and both sides


def test_a_known_state_gains_a_hit_and_costs_no_pathway(calls, atlas):
    written(atlas, [("climb", 2, None, 2)])
    news, evaluations = written(atlas, [("climb", 2, None, 2)])
    assert news == [False] and evaluations == GRADIENTS + HESSIANS
    assert atlas.transition_states.hits.tolist() == [2]


def test_the_best_guess_decides_how_a_pair_ended(calls, atlas):
    atlas.points.add_minima([[-9.0, 0.0]], [-9.0], [0.0], [1.0], [0.0])
    written(atlas, [("pair", 3, 4, 0)])  # guesses at both ends; the one at -9 fails
    assert atlas.queue.last("pair", 1)[0].outcome == RESULTS.converged
    assert atlas.log.failures == {"pair": {"max_steps": 1}}
    assert atlas.queue.tried_pairs() == {(3, 4): 1}
