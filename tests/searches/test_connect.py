"""Double-ended connection: chains of transition states between minima that are known to be connected."""

import jax.numpy as jnp
import numpy as np
import pytest

from helpers import PROBLEMS, starts_for
from lossatlas.landscapes import KnownPoints, Loss, xor
from lossatlas.searches import connect, find_bands, find_pathways, find_saddles, minimise


def minima_of(landscape, count=64):
    found = minimise(landscape, starts_for(landscape, count))
    found = found.where(found.converged)
    known = KnownPoints(np.empty((0, landscape.dimension)), np.empty(0), landscape.symmetry)
    _, new = known.add(found.x, found.energy)
    return found.where(new)


def joined(landscape, result, a, b):
    """Whether the ends of the pathways lead from a to b, by breadth-first search over images."""
    known = KnownPoints(np.empty((0, landscape.dimension)), np.empty(0), landscape.symmetry)
    ends = [result.pathways.backward, result.pathways.forward]
    rows = [known.add(side.x, side.energy)[0] for side in ends]
    energy = [np.array([float(landscape.energy(x))]) for x in (a, b)]
    start, goal = (int(known.find(x[None], e)[1][0]) for x, e in zip((a, b), energy))
    reached, frontier = {start}, [start]
    while frontier:
        here = frontier.pop()
        for one, other in (*zip(*rows), *zip(*rows[::-1])):
            if one == here and other not in reached:
                reached.add(int(other))
                frontier.append(int(other))
    return goal in reached


@pytest.mark.parametrize("problem", ["Mueller-Brown", pytest.param("xor 2", marks=pytest.mark.slow)])
def test_minima_are_connected_through_what_is_returned(problem):
    landscape = PROBLEMS[problem].landscape()
    minima = minima_of(landscape)
    others = np.arange(1, len(minima))
    a, b = minima.x[np.zeros_like(others)], minima.x[others]
    result = connect(landscape, a, b)
    assert result.connected.all()
    assert result.states.converged.all() and (result.states.index == 1).all()
    assert (result.pathways.forward.energy < result.states.energy).all()
    assert (result.pathways.backward.energy < result.states.energy).all()
    assert set(result.pair) <= set(range(len(others)))
    assert all(joined(landscape, result, p, q) for p, q in zip(a, b))
    assert len(np.unique(result.states.energy.round(10))) == len(result.states)
    known = PROBLEMS[problem].energies[1]
    gaps = np.abs(result.states.energy[:, None] - known[None, :]).min(axis=1)
    assert gaps.max() <= 1e-8


@pytest.mark.slow
def test_workers_do_not_change_a_bit():
    landscape = xor(2)
    minima = minima_of(landscape)
    one, two = (connect(landscape, minima.x[:2], minima.x[2:4], workers=w) for w in (1, 2))
    assert np.array_equal(one.states.x, two.states.x) and np.array_equal(one.connected, two.connected)


@pytest.mark.slow
def test_a_minimum_and_its_image_are_one():
    landscape = xor(2)
    minimum = minima_of(landscape).x[:1]
    image = landscape.symmetry.neighbour_images(minimum[0], 1)
    result = connect(landscape, minimum, image)
    assert result.connected.all() and len(result.states) == 0 and not result.cycles.any()


def test_no_pairs():
    result = connect(xor(2), np.empty((0, 12)), np.empty((0, 12)))
    assert len(result.connected) == 0 and len(result.states) == 0


def test_points_that_are_no_minima_are_refused():
    landscape = xor(2)
    minimum = minima_of(landscape).x[:1]
    with pytest.raises(ValueError, match="Pair 0 does not consist of minima"):
        connect(landscape, np.full((1, 12), 3.0), minimum)


ONE, TWO = np.zeros((1, 2)), np.zeros((2, 2))
LANDSCAPE = PROBLEMS["Mueller-Brown"].landscape


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: connect(LANDSCAPE(), ONE, TWO), id="connect"),
        pytest.param(lambda: find_bands(LANDSCAPE(), ONE, TWO), id="bands"),
        pytest.param(lambda: find_saddles(LANDSCAPE(), ONE, directions=TWO), id="saddles"),
        pytest.param(lambda: find_pathways(LANDSCAPE(), TWO, ONE), id="pathways"),
    ],
)
def test_arrays_of_different_length_are_refused(call):
    with pytest.raises(ValueError, match="One row per search is needed in each array"):
        call()


@pytest.mark.parametrize("workers", [0, -3, 1.5, "2"])
def test_numbers_of_workers_that_are_none_are_refused(workers):
    with pytest.raises(ValueError, match="`workers` must be a whole number"):
        minimise(LANDSCAPE(), ONE, workers=workers)


def test_corrections_do_not_take_a_step_back():
    # In the concave middle the model predicts a growing gradient: two corrections undid the step.
    landscape = Loss(lambda x: (x[0] ** 2 - 1) ** 2, 1)
    found = find_saddles(landscape, np.linspace(-1.5, 1.5, 61)[:, None], order=0)
    assert found.converged.all()
    np.testing.assert_allclose(np.abs(found.x), 1, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_an_inflection_is_no_minimum():
    landscape = Loss(lambda x: x[0] ** 3 + jnp.sum(x[1:] ** 2), 4)
    starts = np.random.default_rng(0).normal(size=(24, 4))
    assert not minimise(landscape, starts).converged.any()
    assert not find_saddles(landscape, starts).converged.any()
