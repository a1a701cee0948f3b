"""The same answer whatever the number of workers or lanes, and one compilation for all of them."""

import functools

import jax
import numpy as np
import pytest

from helpers import PROBLEMS, starts_for
from lossatlas.landscapes import spin_glass
from lossatlas.searches import (
    BFGS,
    basin_hopping,
    compilations,
    find_bands,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
)
from lossatlas.searches.global_search import perturbed, random_starts


COUNT = 11  # not a multiple of the lanes per call


def glass():
    return spin_glass(5)


@functools.cache
def starts():
    return starts_for(glass(), 2 * COUNT)


def vectors():
    return np.random.default_rng(0).normal(size=(COUNT, 5))


KEY = jax.random.key(3)
SEARCHES = {
    "minimise": lambda rows, w: minimise(glass(), starts()[rows], method=BFGS(), workers=w).x,
    "find_saddles": lambda rows, w: find_saddles(glass(), starts()[rows], max_steps=150, workers=w).x,
    "find_bands": lambda rows, w: find_bands(
        glass(), starts()[rows], starts()[rows + COUNT], max_steps=10, workers=w
    ),
    "find_pathways": lambda rows, w: find_pathways(
        glass(), starts()[rows], vectors()[rows], keep=5, workers=w
    ),
    "random_starts": lambda rows, w: random_starts(glass(), KEY, rows, workers=w),
    "perturbed": lambda rows, w: perturbed(glass(), starts()[rows], KEY, rows, workers=w),
}


def parts(result) -> dict[str, np.ndarray]:
    """Per-lane arrays of a result, to be compared bit for bit."""
    if isinstance(result, np.ndarray):
        return {"x": result}
    if hasattr(result, "pair"):
        return {"x": result.x, "direction": result.direction, "gradients": result.gradients}
    return {
        "forward": result.forward.x,
        "backward": result.backward.x,
        "length": result.length,
        "points": np.concatenate([[[np.nan] * 5], *result.points]),
    }


@pytest.mark.parametrize("search", SEARCHES)
def test_workers_and_batches_do_not_change_a_bit(search):
    run = SEARCHES[search]
    everything = parts(run(np.arange(COUNT), 1))
    two = parts(run(np.arange(COUNT), 2))
    cut = [parts(run(rows, 2)) for rows in np.split(np.arange(COUNT), [1, 7])]
    for name, whole in everything.items():
        assert np.array_equal(whole, two[name], equal_nan=True)
        pieces = np.concatenate([part[name] for part in cut])
        if name == "points":
            assert np.isnan(pieces).all(axis=1).sum() == 3
            whole, pieces = (a[~np.isnan(a).all(axis=1)] for a in (whole, pieces))
        assert np.array_equal(whole, pieces, equal_nan=True)


def test_random_starts_are_the_samples_of_folded_keys():
    drawn = random_starts(glass(), KEY, np.array([5, 0, 2]))
    for x, number in zip(drawn, (5, 0, 2)):
        known = glass().sample(jax.random.fold_in(KEY, number))
        np.testing.assert_allclose(x, known, rtol=1e-15, atol=1e-15)


def test_basin_hopping_repeats_itself():
    run = lambda workers: basin_hopping(
        glass(), starts()[:3], steps=4, temperature=1.0, key=KEY, method=BFGS(), workers=workers
    )
    one, two = run(1), run(2)
    assert np.array_equal(one.quenches.x, two.quenches.x)
    assert np.array_equal(one.accepted, two.accepted) and np.array_equal(one.x, two.x)


@pytest.mark.parametrize("search", SEARCHES)
def test_batch_sizes_and_data_do_not_recompile(search, monkeypatch):
    run = SEARCHES[search]
    run(np.arange(2), 1)
    before = compilations()
    for count, workers in ((1, 1), (4, 2), (9, 2)):
        run(np.arange(count), workers)
    other = spin_glass(5, seed=1)
    monkeypatch.setitem(globals(), "glass", lambda: other)
    run(np.arange(3), 1)
    assert compilations() == before


def test_orders_and_directions_do_not_recompile():
    find_saddles(glass(), starts()[:2], max_steps=150)
    before = compilations()
    find_saddles(glass(), starts()[:3], order=[0, 1, 2], max_steps=150)
    find_saddles(glass(), starts()[:3], directions=np.ones((3, 5)), max_steps=150)
    assert compilations() == before


def scaled(landscape, x, factor):
    return {"product": factor * x, "energy": landscape.energy(x)}


@pytest.mark.parametrize("count", [0, 1, 4, 5, 13])
@pytest.mark.parametrize("workers", [1, 2, None])
def test_results_keep_the_order_of_the_lanes(count, workers):
    landscape = PROBLEMS["Mueller-Brown"].landscape()
    x = np.random.default_rng(1).normal(size=(count, 2))
    factor = np.arange(1.0, count + 1)
    result = run_batch(scaled, landscape, x, factor, workers=workers)
    assert np.array_equal(result["product"], x * factor[:, None])
    assert result["energy"].shape == (count,)
    known = [float(landscape.energy(point)) for point in x]
    np.testing.assert_allclose(result["energy"], known, rtol=1e-13)
    assert all(isinstance(part, np.ndarray) for part in result.values())


def test_an_error_in_one_lane_reaches_the_caller():
    def broken(landscape, x):
        raise RuntimeError("as expected")

    landscape = PROBLEMS["Mueller-Brown"].landscape()
    for _ in range(2):  # the second call must not wait for the first compilation
        with pytest.raises(RuntimeError, match="as expected"):
            run_batch(broken, landscape, np.zeros((9, 2)), workers=2)


@pytest.mark.parametrize("search", ["minimise", "find_saddles", "find_bands", "random_starts"])
def test_no_start_gives_no_result(search):
    for part in parts(SEARCHES[search](np.arange(0), 2)).values():
        assert len(part) == 0
