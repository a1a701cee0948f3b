"""The one place that runs many searches: results do not depend on the number of workers or lanes.

On a CPU results are the same bit for bit. Where lanes step together they are the same to rounding: the
lanes share matrix products, which may add their terms in another order for another lane.

On a CPU each lane runs its own loop to its own end. A call of a compiled program runs many lanes on one
core, and each core has one thread; a plain `vmap` would make every lane wait for the slowest. On an
accelerator a fixed number of lanes step together under `vmap`; a lane that has finished is retired and
refilled from the queue, within one compiled program. On a CPU a few lanes step together in the same way
where a gradient does little but read the data of the landscape: one pass over the data serves all of them.
(One or two lanes gain nothing by it.)
"""

import contextlib
import contextvars
import functools
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from threadpoolctl import ThreadpoolController

from lossatlas._checks import as_numbers, check_whole, traced
from lossatlas._plain_code import plain_options
from lossatlas.landscapes import AbstractLandscape, check_kind

from ._memory import Program, memory_budget, program_bytes
from ._search import AbstractSearch, Searched


CPU_LANES = 64  # lanes per call at most: the shape is fixed, so no batch size recompiles or changes results
CPU_BYTES = 2**26  # bytes of arguments and results per call on a CPU: fewer lanes where a lane is large
ACCELERATOR_LANES = 512  # lanes that step together on an accelerator
# Lanes that step together on a CPU. Minimisations per second (truncated Newton, 3-spin glass, N = 100, one
# core, batches of 512): 250 one by one, 790 with 16 lanes, 770 with 32, 760 with 48. With batches of 64
# more lanes are idle at the end: 760, 640 and 520.
SHARING_LANES = 16
FEW = 2  # so few lanes run faster one after the other, each with its own passes over the data
QUEUE = 4  # lanes queued per lane that runs
STRIDE = 4  # steps between two checks for lanes that have finished

# A program takes about 80 memory maps, and Linux allows a process 65,530 of them: programs of hundreds of
# landscapes, as in a long sweep, would end the process. An exploration has about ten programs.
PROGRAMS_KEPT = 60
_programs: dict[Any, Future[Program]] = {}
_compiled = 0
_shapes: dict[Any, PyTree] = {}
_registry = threading.Lock()


_plain: contextvars.ContextVar[bool] = contextvars.ContextVar("plain", default=False)


@contextlib.contextmanager
def plain_code() -> Iterator[None]:
    """Compile what runs inside in a third of the time, to code that runs up to 1.7 times as long.

    That is worth it for searches that end sooner than the best code would be compiled. On accelerators
    nothing changes. Results agree with those of the best code to rounding.
    """
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def run_batch(
    search: Callable[..., PyTree],
    landscape: Searched,
    *arguments: Any,
    workers: int | None = None,
) -> PyTree:
    """Run `search(landscape, *lane)` for every lane of the arguments.

    **Arguments:**

    - `search`: an `AbstractSearch` or a plain function; pure and traceable; hashable, because compiled
        programs are found again by it.
    - `landscape`: the landscape that is searched.
    - `arguments`: pytrees of arrays with a leading axis (lanes,).
    - `workers`: threads; default one per core that this process may use. Fewer threads run where the memory
        budget does not hold so many programs at once.

    **Returns:** the results with a leading axis (lanes,), as numpy arrays, in the order of the lanes.

    **Raises:** `MemoryError` if not even one program fits in the memory budget (`limit_memory`);
    `ValueError` if `workers` is not a positive whole number.
    """
    if workers is not None:
        workers = check_whole("workers", workers)
    arrays = jax.tree.map(np.asarray, arguments)
    count = jax.tree.leaves(arrays)[0].shape[0]
    if count == 0:
        return _nothing(search, landscape, arrays)
    program = _program(search, landscape, arrays, _sharing(search, landscape, count))
    threads = min(workers or available_cores(), program.together)
    threads = 1 if program.accelerated else threads
    pieces = _pieces(count, threads, program.capacity, program.width)

    def run(piece: tuple[int, int]) -> PyTree:
        start, lanes = piece
        index = np.minimum(np.arange(start, start + program.capacity), start + lanes - 1)
        result = program.run(landscape, np.int64(lanes), jax.tree.map(lambda a: a[index], arrays))
        return jax.tree.map(lambda a: np.asarray(a)[:lanes], result)

    with _one_thread_for_lapack().limit(limits=1):
        if threads <= 1 or len(pieces) == 1:
            results = [run(piece) for piece in pieces]
        else:
            with ThreadPoolExecutor(min(threads, len(pieces))) as pool:
                results = list(pool.map(run, pieces))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *results)


def compile_ahead(search: Callable[..., PyTree], landscape: Searched, *arguments: Any) -> None:
    """Begin to compile the program of a batch that follows, beside the batch that runs until then.

    An error in it comes up when that batch runs. Nothing is begun on a single core.

    **Arguments:** those of `run_batch`; of the arrays only shapes and types count.
    """
    arrays = jax.tree.map(np.asarray, arguments)
    count = jax.tree.leaves(arrays)[0].shape[0]
    if count == 0 or available_cores() == 1:
        return
    sharing = _sharing(search, landscape, count)

    def prepare() -> None:
        with contextlib.suppress(Exception):
            _program(search, landscape, arrays, sharing)

    threading.Thread(target=contextvars.copy_context().run, args=(prepare,)).start()


def as_points(landscape: AbstractLandscape, x: Any, name: str) -> np.ndarray:
    """Return points as float64 of shape (points, dim).

    **Raises:** `ValueError` if the shape does not fit or a point does not lie on the landscape's geometry.
    """
    points = as_rows(landscape, x, name)
    landscape.geometry.check(points, f"`{name}`")
    return points


def as_rows(landscape: AbstractLandscape, x: Any, name: str) -> np.ndarray:
    """Return points or directions as float64 of shape (rows, dim).

    **Raises:** `ValueError` if `landscape` is not a landscape, or the array is not real or does not fit.
    """
    check_kind(landscape)
    points = np.atleast_2d(as_numbers(name, x))
    if points.ndim != 2 or points.shape[1] != landscape.dimension:
        raise ValueError(
            f"`{name}` must have shape (points, {landscape.dimension}) for this landscape, "
            f"got {np.shape(x)}."
        )
    return points


def same_rows(**named: np.ndarray) -> None:
    """Refuse arrays whose numbers of rows differ.

    **Raises:** `ValueError` that names the arguments.
    """
    rows = {name: len(array) for name, array in named.items()}
    if len(set(rows.values())) > 1:
        said = ", ".join(f"`{name}` has {count}" for name, count in rows.items())
        raise ValueError(f"One row per search is needed in each array: {said}.")


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compilations() -> int:
    """Return how many programs the driver has compiled in this process."""
    return _compiled


def bytes_at_once(
    search: Callable[..., PyTree], landscape: Searched, *arguments: Any, workers: int | None = None
) -> int:
    """Return how many bytes a large batch needs at once.

    The program is compiled for this, and `run_batch` uses it later.

    **Arguments:** those of `run_batch`; the arrays may have a single lane.
    """
    arrays = jax.tree.map(np.asarray, arguments)
    program = _program(search, landscape, arrays, _sharing(search, landscape, FEW + 1))
    threads = 1 if program.accelerated else workers or available_cores()
    return min(threads, program.together) * program.needed


def _pieces(count: int, threads: int, capacity: int, width: int) -> list[tuple[int, int]]:
    """Cut a batch into calls (start, lanes), later ones smaller, so that threads end at the same time.

    A call has at least as many lanes as step together, where each thread has so many.
    """
    smallest = max(-(-count // (16 * threads)), min(width, -(-count // threads)))
    pieces, start = [], 0
    while start < count:
        left = count - start
        lanes = left if threads == 1 else max(smallest, left // (2 * threads))
        pieces.append((start, min(lanes, left, capacity)))
        start += pieces[-1][1]
    return pieces


def _nothing(search: Callable, landscape: Searched, arrays: PyTree) -> PyTree:
    """Return results without lanes; traces the search once, but compiles nothing."""
    name = _name(search, landscape, arrays)
    if name not in _shapes:
        _shapes[name] = _result_shapes(search, landscape, arrays)
    return jax.tree.map(lambda s: np.zeros((0, *s.shape), s.dtype), _shapes[name])


def _result_shapes(search: Callable, landscape: Searched, arrays: PyTree) -> PyTree:
    one = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), arrays)
    name = (
        type(search).__name__ if isinstance(search, AbstractSearch) else getattr(search, "__name__", "it")
    )
    with traced(f"{name} on {type(landscape).__name__}"):
        return jax.eval_shape(lambda land, lane: _one(search, land, lane), landscape, one)


@functools.partial(jax.jit, static_argnums=0, inline=True)
def _one(search: Callable, landscape: Searched, lane: PyTree) -> PyTree:
    """Run one lane; compiled as part of a program, but JAX then traces a search no more than once."""
    found = search(landscape, *lane)
    for path, leaf in jax.tree_util.tree_leaves_with_path(found):
        if not isinstance(leaf, jax.Array | np.ndarray | np.generic | float | int):
            where = jax.tree_util.keystr(path).lstrip(".")
            needed = "a member of RESULTS" if where == "outcome" else "a number or an array"
            raise ValueError(
                f"`{where}` in the result of {type(search).__name__} must be {needed}, got {leaf!r}."
            )
    return found


def _name(search: Callable, landscape: Searched, arrays: PyTree) -> tuple:
    """Return the key of a program: two calls with the same key run the same program."""
    leaves = tuple(jax.typeof(leaf) for leaf in jax.tree.leaves(landscape))
    lanes = tuple((leaf.shape[1:], str(leaf.dtype)) for leaf in jax.tree.leaves(arrays))
    return search, jax.tree.structure((landscape, arrays)), leaves, lanes


def _sharing(search: Callable, landscape: Searched, count: int) -> bool:
    """Return whether lanes step together."""
    shares = isinstance(search, AbstractSearch) and search.shares_passes and landscape.shares_passes
    return _accelerated() or (shares and count > FEW)


def _program(search: Callable, landscape: Searched, arrays: PyTree, sharing: bool) -> Program:
    """Return the compiled program; the first thread that asks compiles it, others wait."""
    global _compiled
    name = (_name(search, landscape, arrays), memory_budget(), _accelerated(), sharing, _is_plain())
    with _registry:
        first = name not in _programs
        future = _programs.setdefault(name, Future())
        if len(_programs) > PROGRAMS_KEPT:
            del _programs[next(iter(_programs))]  # the oldest; a thread that runs it still holds it
    if first:
        try:
            future.set_result(_compile(search, landscape, arrays, sharing))
            with _registry:
                _compiled += 1
        except BaseException as error:
            with _registry:
                _programs.pop(name, None)
            future.set_exception(error)
    return future.result()


def _is_plain() -> bool:
    """Return whether programs are compiled to other code than usual."""
    return _plain.get() and bool(plain_options())


def _compile(search: Callable, landscape: Searched, arrays: PyTree, sharing: bool) -> Program:
    shapes = _result_shapes(search, landscape, arrays)
    lane_bytes = sum(leaf[:1].nbytes for leaf in jax.tree.leaves(arrays))
    lane_bytes += sum(s.size * s.dtype.itemsize for s in jax.tree.leaves(shapes))
    accelerated = _accelerated()
    capacity = max(1, min(CPU_LANES, CPU_BYTES // lane_bytes))
    if sharing:
        capacity = QUEUE * (ACCELERATOR_LANES if accelerated else SHARING_LANES)
    run = jax.jit(_lanes_together if sharing else _own_loops, static_argnums=0)
    # One program, one core: the driver's threads keep the cores busy.
    options: dict[str, Any] = {} if accelerated else {"xla_cpu_multi_thread_eigen": False}
    if _is_plain():
        options |= plain_options()
    while True:
        lanes = _resized(arrays, capacity)
        lowered = run.lower(search, landscape, jax.ShapeDtypeStruct((), np.int64), lanes)
        compiled = lowered.compile(compiler_options=options)
        width = capacity // QUEUE if sharing else 1
        needed = program_bytes(compiled, landscape.dimension, width)
        together = memory_budget() // needed
        if together:
            return Program(compiled, capacity, width, needed, together, accelerated)
        if capacity <= (QUEUE if sharing else 1):
            raise MemoryError(
                f"One search of this landscape ({landscape.dimension} variables) needs "
                f"{needed / 2**20:.3g} MiB, but the memory budget is {memory_budget() / 2**20:.3g} MiB."
            )
        capacity = max(capacity // 4, QUEUE if sharing else 1)


def _resized(arrays: PyTree, lanes: int) -> PyTree:
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct((lanes, *a.shape[1:]), a.dtype), arrays)


@functools.cache
def _one_thread_for_lapack() -> ThreadpoolController:
    """Return the controller of the threads of SciPy's LAPACK, which JAX calls for eigenvalues.

    These threads spin while they wait: two searches on two cores took longer than one after the other.
    """
    importlib.import_module("scipy.linalg.cython_lapack")  # the controller sees loaded libraries only
    return ThreadpoolController().select(user_api="blas")


def _accelerated() -> bool:
    return jax.default_backend() != "cpu"


def _own_loops(search: Callable, landscape: Searched, count: Any, lanes: PyTree) -> PyTree:
    """Run the first `count` lanes one after the other, each to its own end."""
    capacity = jax.tree.leaves(lanes)[0].shape[0]
    shapes = _result_shapes(search, landscape, lanes)
    empty = jax.tree.map(lambda s: jnp.zeros((capacity, *s.shape), s.dtype), shapes)

    def run(i, results):
        result = _one(search, landscape, jax.tree.map(lambda a: a[i], lanes))
        return jax.tree.map(lambda all_, one: all_.at[i].set(one), results, result)

    return jax.lax.fori_loop(0, count, run, empty)


def _lanes_together(search: Callable, landscape: Any, count: Any, queue: PyTree) -> PyTree:
    """Run the first `count` searches of a queue, many at a time, refilling lanes that finish."""
    if not isinstance(search, AbstractSearch):
        return jax.vmap(lambda lane: search(landscape, *lane))(queue)
    capacity = jax.tree.leaves(queue)[0].shape[0]
    width = max(1, capacity // QUEUE)
    init = jax.vmap(lambda lane: search.init(landscape, *lane))
    finished = jax.vmap(lambda s: search.finished(landscape, s))
    step = jax.vmap(lambda s: search.step(landscape, s))
    result = jax.vmap(lambda s: search.result(landscape, s))

    def waiting(place):
        rows = jax.tree.map(lambda a: a[jnp.minimum(place, capacity - 1)], queue)
        # Lanes beyond the queue start at NaN, where a search ends at once.
        return _where(place < count, rows, jax.tree.map(_nonsense, rows))

    def advance(_, state):
        return _where(finished(state), state, step(state))

    def retire(carry):
        state, place, following, results = carry
        done = finished(state) & (place < count)
        target = jnp.where(done, place, capacity)  # out of bounds: dropped
        results = jax.tree.map(
            lambda all_, one: all_.at[target].set(one, mode="drop"), results, result(state)
        )
        place = jnp.where(done, following + jnp.cumsum(done) - 1, place)
        state = _where(done & (place < count), init(waiting(place)), state)
        return state, place, following + jnp.sum(done), results

    def cycle(carry):
        carry = (jax.lax.fori_loop(0, STRIDE, advance, carry[0]), *carry[1:])
        ended = jnp.any(finished(carry[0]) & (carry[1] < count))
        return jax.lax.cond(ended, retire, lambda c: c, carry)

    place = jnp.arange(width)
    state = init(waiting(place))
    shapes = jax.eval_shape(result, state)
    results = jax.tree.map(lambda s: jnp.zeros((capacity, *s.shape[1:]), s.dtype), shapes)
    carry = (state, place, jnp.asarray(width), results)
    return jax.lax.while_loop(lambda c: jnp.any(c[1] < count), cycle, carry)[3]


def _nonsense(array: Any) -> Any:
    return jnp.full_like(array, jnp.nan) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _where(condition: Any, yes: PyTree, no: PyTree) -> PyTree:
    """Return the leaves of `yes` in lanes where the condition holds, and those of `no` in the others."""
    shaped = lambda a: condition.reshape(-1, *[1] * (a.ndim - 1))
    return jax.tree.map(lambda a, b: jnp.where(shaped(a), a, b), yes, no)
