"""The same answer whatever the number of workers or lanes, and one compilation for all of them."""

import dataclasses
import functools
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import PROBLEMS, starts_for
from lossatlas.landscapes import spin_glass
from lossatlas.searches import (
    BFGS,
    AbstractSearch,
    EigenvectorFollowing,
    ElasticBand,
    QuasiNewton,
    StationaryPoints,
    TruncatedNewton,
    _driver,
    basin_hopping,
    compilations,
    find_bands,
    find_pathways,
    find_saddles,
    limit_memory,
    matrix_free,
    minimise,
    run_batch,
)
from lossatlas.searches._memory import memory_budget, program_bytes
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
    "minimise": lambda rows, w: minimise(glass(), starts()[rows], method=QuasiNewton(BFGS()), workers=w).x,
    "find_saddles": lambda rows, w: (
        find_saddles(glass(), starts()[rows], method=EigenvectorFollowing(150), workers=w).x
    ),
    "find_bands": lambda rows, w: find_bands(
        glass(), starts()[rows], starts()[rows + COUNT], method=ElasticBand(max_steps=10), workers=w
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
        glass(),
        starts()[:3],
        steps=4,
        temperature=1.0,
        key=KEY,
        method=QuasiNewton(BFGS()),
        workers=workers,
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
    find_saddles(glass(), starts()[:2], order=2, method=EigenvectorFollowing(150))
    before = compilations()
    find_saddles(glass(), starts()[:3], order=[0, 1, 2], method=EigenvectorFollowing(150))
    find_saddles(glass(), starts()[:3], directions=np.ones((3, 5)), method=EigenvectorFollowing(150))
    assert compilations() == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pytest.param("L-BFGS", marks=pytest.mark.slow), "truncated Newton"])
def test_lanes_that_share_passes_find_what_each_finds_alone(kind):
    landscape = spin_glass(64)
    assert landscape.shares_passes and not glass().shares_passes
    x = starts_for(landscape, 20)
    quasi = dataclasses.replace(matrix_free(landscape).descent, tolerance=1e-8)
    descent = quasi if kind == "L-BFGS" else TruncatedNewton(1e-8)
    together = run_batch(descent, landscape, x, workers=1)
    alone = jax.jit(descent)
    for row in (0, 7, 19):
        known = alone(landscape, x[row])
        # Rounding of the matrix product that lanes share, over some hundred steps.
        np.testing.assert_allclose(together.energy[row], known.energy, rtol=1e-10)
        np.testing.assert_allclose(together.x[row], known.x, rtol=0, atol=1e-6)
    every = np.arange(20)
    for workers, rows in ((2, every), (1, every[::-1]), (2, every[3:4]), (1, every[:5])):
        again = run_batch(descent, landscape, x[rows], workers=workers)
        np.testing.assert_allclose(again.energy, together.energy[rows], rtol=1e-10)


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
        with pytest.raises(
            ValueError, match="broken on MuellerBrown cannot be .*RuntimeError: as expected"
        ):
            run_batch(broken, landscape, np.zeros((9, 2)), workers=2)


@pytest.mark.parametrize("search", ["minimise", "find_saddles", "find_bands", "random_starts"])
def test_no_start_gives_no_result(search):
    for part in parts(SEARCHES[search](np.arange(0), 2)).values():
        assert len(part) == 0


# The strategy of accelerators, on a CPU with few lanes, so that lanes are retired and refilled.

LANES = 4
CAPACITY = _driver.QUEUE * LANES
MANY = 23  # two calls: 16 lanes and 7


@pytest.fixture
def accelerated(monkeypatch):
    monkeypatch.setattr(_driver, "_accelerated", lambda: True)
    monkeypatch.setattr(_driver, "ACCELERATOR_LANES", LANES)
    monkeypatch.setattr(_driver, "_programs", _programs_with_few_lanes)


_programs_with_few_lanes = {}  # kept from test to test, apart from those with all lanes


class Countdown(AbstractSearch):
    """Takes exactly as many steps as its lane says, and adds them up in an order that shows."""

    def init(self, landscape, x, steps):
        return {"x": x, "left": steps, "taken": jnp.asarray(0), "sum": jnp.asarray(0.0)}

    def finished(self, landscape, state):
        return state["left"] <= 0

    def step(self, landscape, state):
        taken = state["taken"] + 1
        return {
            "x": state["x"],
            "left": state["left"] - 1,
            "taken": taken,
            "sum": state["sum"] * 0.5 + taken * state["x"][0],
        }

    def result(self, landscape, state):
        return {"x": state["x"], "taken": state["taken"], "sum": state["sum"]}


def counted(steps):
    """What `Countdown` gives, lane by lane."""
    total = np.zeros(len(steps))
    for lane, most in enumerate(steps):
        for taken in range(1, most + 1):
            total[lane] = total[lane] * 0.5 + taken * lane
    return total


STEPS = {
    "none": [0] * MANY,
    "one stride": [_driver.STRIDE] * MANY,
    "around a stride": [7, 8, 9, 15, 16, 17, 0, 1, 23, 24, 25] * 2,
    "first is long": [500] + [1] * (MANY - 1),
    "last is long": [1] * (MANY - 1) + [500],
    "all lanes but one are long": [300, 300, 300] + [2] * 20,
    "mixed": np.random.default_rng(0).integers(0, 200, MANY).tolist(),
    "less than the lanes": [30, 0, 9],
    "one": [11],
    "as many as the lanes": [3, 40, 0, 8],
    "one more than the lanes": [3, 40, 0, 8, 100],
    "one call": [5 * i % 37 for i in range(CAPACITY)],
    "one call and one": [5 * i % 37 for i in range(CAPACITY + 1)],
    "three calls": [7 * i % 53 for i in range(3 * CAPACITY)],
}


def count_down(steps):
    x = np.stack([np.arange(len(steps)), -np.arange(len(steps))], axis=1).astype(float)
    result = run_batch(Countdown(), PROBLEMS["Mueller-Brown"].landscape(), x, np.array(steps))
    assert np.array_equal(result["x"], x)
    assert np.array_equal(result["taken"], steps)
    np.testing.assert_allclose(result["sum"], counted(steps), rtol=1e-14)


@pytest.mark.parametrize("steps", [pytest.param(steps, id=name) for name, steps in STEPS.items()])
def test_every_lane_takes_its_own_steps(steps):
    count_down(steps)


@pytest.mark.parametrize("steps", [pytest.param(steps, id=name) for name, steps in STEPS.items()])
def test_every_lane_takes_its_own_steps_where_lanes_are_refilled(steps, accelerated):
    count_down(steps)


def test_lanes_without_work_have_no_numbers_and_leave_no_trace(accelerated):
    seen = []

    class Watched(Countdown):
        def step(self, landscape, state):
            jax.debug.callback(lambda x: seen.append(float(x[0])), state["x"])
            return super().step(landscape, state)

    landscape = PROBLEMS["Mueller-Brown"].landscape()
    result = run_batch(Watched(), landscape, np.array([[3.0, 0.0]]), np.array([5]))
    jax.effects_barrier()
    assert result["taken"] == [5] and {x for x in seen if np.isfinite(x)} == {3.0}
    assert np.isnan(seen).sum() == (LANES - 1) * np.isfinite(seen).sum()


def test_lanes_of_accelerators_are_really_refilled(accelerated):
    """A long search holds up its own lane and no other."""
    calls = []

    class Watched(Countdown):
        def finished(self, landscape, state):
            jax.debug.callback(lambda: calls.append(1))
            return super().finished(landscape, state)

    landscape = PROBLEMS["Mueller-Brown"].landscape()
    steps = np.array([400] + [8] * (CAPACITY - 1))
    run_batch(Watched(), landscape, np.zeros((CAPACITY, 2)), steps)
    jax.effects_barrier()
    alone = len(calls)
    calls.clear()
    # One long search in each four: in groups that wait for their longest, four times the steps.
    run_batch(Watched(), landscape, np.zeros((CAPACITY, 2)), np.tile([400, 8, 8, 8], 4))
    jax.effects_barrier()
    assert len(calls) < 2 * alone


@pytest.mark.parametrize("count", [0, 1, 5, MANY])
def test_plain_functions_on_an_accelerator(count, accelerated):
    landscape = PROBLEMS["Mueller-Brown"].landscape()
    x = np.random.default_rng(1).normal(size=(count, 2))
    factor = np.arange(1.0, count + 1)
    result = run_batch(scaled, landscape, x, factor)
    assert np.array_equal(result["product"], x * factor[:, None])
    known = [float(landscape.energy(point)) for point in x]
    np.testing.assert_allclose(result["energy"], known, rtol=1e-13)
    assert result["energy"].shape == (count,)


def near_and_far(problem):
    """Random starts, every third of them replaced by a minimum: lanes of very different length."""
    landscape = PROBLEMS[problem].landscape()
    x = starts_for(landscape, MANY)
    x[::3] = minimise(landscape, x[::3], method=QuasiNewton(BFGS(10))).x  # by the program that is compared
    return landscape, x


@functools.cache
def own_loops(kind, problem):
    """On a CPU, before anything is changed; with the points where the searches started."""
    landscape, x = near_and_far(problem)
    return landscape, x, POINTS[kind](landscape, x)


POINTS = {
    "minimise": lambda landscape, x: minimise(landscape, x, method=QuasiNewton(BFGS(10))),
    "find_saddles": lambda landscape, x: find_saddles(
        landscape, x, order=np.arange(len(x)) % 2, method=EigenvectorFollowing(150)
    ),
}


# Compiling the programs of a landscape takes longest here.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("Mueller-Brown", "double wells")]
SPACES = ["spin glass p=2", *SLOW]


@pytest.mark.parametrize("problem", SPACES)
@pytest.mark.parametrize("kind", ["minimise", pytest.param("find_saddles", marks=pytest.mark.slow)])
def test_both_strategies_find_the_same(kind, problem, request):
    landscape, x, own = own_loops(kind, problem)
    request.getfixturevalue("accelerated")
    before = compilations()
    together = POINTS[kind](landscape, x)
    assert compilations() > before  # another program did this
    assert np.array_equal(together.outcome, own.outcome) and together.converged.mean() > 0.5
    good = own.converged
    np.testing.assert_allclose(together.energy[good], own.energy[good], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(together.x[good], own.x[good], rtol=0, atol=1e-9)
    np.testing.assert_allclose(together.log_product[good], own.log_product[good], rtol=1e-10)
    assert np.array_equal(together.index[good], own.index[good])
    assert np.ptp(own.gradients) > 15  # lanes of different length


def fields(points):
    return {field.name: getattr(points, field.name) for field in dataclasses.fields(points)}


# Lanes that step together share matrix products, and a product may add in another order for another
# lane: rounding of 1e-16, which the last Newton step divides by curvatures of order one.
LANE_ROUNDING = {"x": 1e-12, "energy": 1e-13, "lowest": 1e-12, "log_product": 1e-12}


@pytest.mark.parametrize("kind", POINTS)
def test_batches_and_order_change_nothing_but_rounding_on_an_accelerator(kind, accelerated):
    landscape, x = near_and_far("spin glass p=2")
    run = (
        POINTS["minimise"]
        if kind == "minimise"
        else functools.partial(find_saddles, method=EigenvectorFollowing(150))
    )
    whole = run(landscape, x)
    before = compilations()
    order = np.random.default_rng(0).permutation(MANY)
    turned = run(landscape, x[order]).rows(np.argsort(order))
    others = [turned]
    for cuts in ([1, 3, 7, 8], [20], [16]):
        others.append(StationaryPoints.concatenate([run(landscape, rows) for rows in np.split(x, cuts)]))
    for other in others:
        assert np.array_equal(other.outcome, whole.outcome) and np.array_equal(other.index, whole.index)
        for name, tolerance in LANE_ROUNDING.items():
            np.testing.assert_allclose(getattr(other, name), getattr(whole, name), rtol=0, atol=tolerance)
    assert compilations() == before


@pytest.mark.slow
def test_pathways_and_bands_on_an_accelerator(accelerated):
    rows = np.arange(COUNT)
    for search in ("find_pathways", "find_bands"):
        whole, again = (parts(SEARCHES[search](rows, workers)) for workers in (1, 2))
        for name in whole:
            assert np.array_equal(whole[name], again[name], equal_nan=True)
    paths = parts(SEARCHES["find_pathways"](rows, 1))
    np.testing.assert_allclose(np.linalg.norm(paths["forward"], axis=1), np.sqrt(5), rtol=1e-14)


# How much memory searches may use.


@pytest.fixture
def budget(monkeypatch):
    """`limit_memory`, with programs of its own, taken back afterwards."""
    monkeypatch.setattr(_driver, "_programs", {})
    yield limit_memory
    limit_memory(None)


@pytest.fixture
def threads(monkeypatch):
    """How many threads each batch ran in that had more than one."""
    seen = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, most):
            seen.append(most)
            super().__init__(most)

    monkeypatch.setattr(_driver, "ThreadPoolExecutor", Pool)
    return seen


def of_one_program():
    """Bytes that the one program needs which was compiled."""
    (future,) = _driver._programs.values()
    return program_bytes(future.result().run, glass().dimension, 1)


def search_saddles(workers=None):
    return fields(find_saddles(glass(), starts(), method=EigenvectorFollowing(150), workers=workers))


def test_a_budget_for_one_program_gives_the_same_bits(budget, threads):
    free = search_saddles(workers=2)
    assert threads == [2]
    needed = of_one_program()
    assert _programs_capacity() == _driver.CPU_LANES
    for limit, pools, smaller in (
        (2 * needed, [2], False),
        (2 * needed - 1, [], False),
        (needed, [], False),
        (needed - 1, None, True),
    ):
        threads.clear()
        budget(limit)
        result = search_saddles(workers=2)
        assert threads == pools or smaller
        assert (_programs_capacity() < _driver.CPU_LANES) == smaller
        for name, known in free.items():
            assert np.array_equal(result[name], known), name


def _programs_capacity():
    """Lanes per call of the program compiled last."""
    return list(_driver._programs.values())[-1].result().capacity


@pytest.mark.parametrize("strategy", ["CPU", pytest.param("accelerator", marks=pytest.mark.slow)])
def test_a_budget_too_small_for_one_search_is_refused(strategy, budget, request):
    if strategy == "accelerator":
        request.getfixturevalue("accelerated")
    budget(1000)
    sentence = r"\(5 variables\) needs [0-9.e-]+ MiB, but the memory budget is 0\.000954 MiB"
    for _ in range(2):
        with pytest.raises(MemoryError, match=sentence):
            search_saddles()
    budget(None)
    assert len(search_saddles()["x"]) == len(starts())


@pytest.mark.parametrize("limit", [0, -1, -(2**40)])
def test_a_budget_must_be_positive(limit, budget):
    budget(2**40)
    with pytest.raises(ValueError, match=f"positive whole number of bytes, got {limit}"):
        limit_memory(limit)
    assert memory_budget() == 2**40  # as before


def test_without_a_limit_half_of_the_memory_is_used(budget):
    budget(12345)
    assert memory_budget() == 12345
    budget(None)
    assert memory_budget() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


# Compilation happens once, and a failed one is forgotten.


@pytest.fixture
def slow_compiler(monkeypatch):
    """Compilations that were begun; each takes long enough for another thread to come along."""
    begun, compile_ = [], _driver._compile

    def slowly(*arguments):
        begun.append(threading.get_ident())
        time.sleep(0.3)
        return compile_(*arguments)

    monkeypatch.setattr(_driver, "_programs", {})
    monkeypatch.setattr(_driver, "_compiled", 0)
    monkeypatch.setattr(_driver, "_compile", slowly)
    return begun


def together(call, count=3):
    """The same call from several threads at once: results, or what was raised."""
    barrier = threading.Barrier(count)

    def one(_):
        barrier.wait()
        try:
            return call()
        except BaseException as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_threads_that_come_at_once_compile_once(slow_compiler):
    landscape, x = PROBLEMS["Mueller-Brown"].landscape(), np.ones((3, 2))
    results = together(lambda: run_batch(scaled, landscape, x, np.arange(3.0)))
    assert len(slow_compiler) == 1 and compilations() == 1
    for result in results:
        assert np.array_equal(result["product"], np.arange(3.0)[:, None] * x)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_program_compiled_ahead_is_not_compiled_again(slow_compiler, monkeypatch, cores):
    landscape, x = PROBLEMS["Mueller-Brown"].landscape(), np.ones((3, 2))
    monkeypatch.setattr(_driver, "available_cores", lambda: cores)
    threads = threading.active_count()
    _driver.compile_ahead(scaled, landscape, x, np.arange(3.0))
    assert threading.active_count() == threads + cores - 1  # nothing is begun on a single core
    run_batch(scaled, landscape, x, np.arange(3.0), workers=1)
    assert len(slow_compiler) == 1


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, KeyboardInterrupt])
def test_a_failed_compilation_is_forgotten(error, slow_compiler, monkeypatch):
    landscape, x = PROBLEMS["Mueller-Brown"].landscape(), np.ones((3, 2))
    works = _driver._compile

    def fails(*arguments):
        time.sleep(0.3)
        raise error("as expected")

    monkeypatch.setattr(_driver, "_compile", fails)
    results = together(lambda: run_batch(scaled, landscape, x, np.arange(3.0)))
    assert [type(result) for result in results] == [error] * 3
    assert compilations() == 0
    monkeypatch.setattr(_driver, "_compile", works)
    result = run_batch(scaled, landscape, x, np.arange(3.0))
    assert np.array_equal(result["product"], np.arange(3.0)[:, None] * x)
    assert compilations() == 1


def test_old_programs_are_forgotten(monkeypatch):
    monkeypatch.setattr(_driver, "_programs", {})
    monkeypatch.setattr(_driver, "PROGRAMS_KEPT", 2)
    points, before = np.ones((1, 5)), compilations()
    searches = [lambda landscape, x: x, lambda landscape, x: 2 * x, lambda landscape, x: 3 * x]
    assert [run_batch(search, glass(), points)[0, 0] for search in searches] == [1.0, 2.0, 3.0]
    assert len(_driver._programs) == 2 and compilations() == before + 3
    assert run_batch(searches[0], glass(), points)[0, 0] == 1.0  # compiled again
    assert compilations() == before + 4
