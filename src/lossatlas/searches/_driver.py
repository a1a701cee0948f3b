"""The one place that runs many searches: same answers whatever the number of workers or lanes.

On a CPU each lane runs its own loop to its own end (`lax.map`), a few lanes per compiled call, one
thread per core; a plain `vmap` would make every lane wait for the slowest. On an accelerator the lanes
of a call run together under `vmap`.
"""

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from lossatlas.landscapes import AbstractLandscape


CPU_LANES = 4  # lanes per compiled call: fixed, so that no batch size recompiles or changes an answer
ACCELERATOR_LANES = 256

_compiled: dict[Any, threading.Event] = {}
_registry = threading.Lock()


def run_batch(
    search: Callable[..., PyTree],
    landscape: AbstractLandscape,
    *arguments: Any,
    workers: int | None = None,
) -> PyTree:
    """Run `search(landscape, *lane)` for every lane of the arguments.

    **Arguments:**

    - `search`: pure and traceable; hashable, because it is part of the compiled program's name.
    - `landscape`: what is searched.
    - `arguments`: pytrees of arrays with a leading axis (lanes,).
    - `workers`: threads; default one per core that this process may use.

    **Returns:** the results with a leading axis (lanes,), as numpy arrays, in the order of the lanes.
    """
    arrays = jax.tree.map(np.asarray, arguments)
    count = jax.tree.leaves(arrays)[0].shape[0]
    lanes = CPU_LANES if jax.default_backend() == "cpu" else ACCELERATOR_LANES
    if count == 0:
        return _nothing(search, landscape, arrays)
    pieces = [_piece(arrays, start, lanes, count) for start in range(0, count, lanes)]
    run = functools.partial(_run_piece, search, landscape)
    threads = min(workers or available_cores(), len(pieces))
    if threads <= 1:
        results = [run(piece) for piece in pieces]
    else:
        with ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(run, pieces))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *results)


def as_points(landscape: AbstractLandscape, x: Any, name: str) -> np.ndarray:
    """Return points as float64 of shape (points, dim).

    **Raises:** `ValueError` that names the argument if the shape does not fit.
    """
    try:
        points = np.atleast_2d(np.asarray(x, dtype=np.float64))
    except (ValueError, TypeError):
        raise ValueError(f"`{name}` must be an array of numbers, one row per point.") from None
    if points.ndim != 2 or points.shape[1] != landscape.dimension:
        raise ValueError(
            f"`{name}` must have shape (points, {landscape.dimension}) for this landscape, "
            f"got {np.shape(x)}."
        )
    return points


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def compilations() -> int:
    """Return how many programs the driver has compiled in this process."""
    return _lanes._cache_size()  # pyright: ignore[reportAttributeAccessIssue]


def _nothing(search: Callable, landscape: AbstractLandscape, arrays: PyTree) -> PyTree:
    """Return results without lanes; traces the search, but compiles nothing."""
    lanes = jax.tree.map(lambda a: jax.ShapeDtypeStruct((1, *a.shape[1:]), a.dtype), arrays)
    active = jax.ShapeDtypeStruct((1,), np.bool_)
    shapes = _lanes.eval_shape(search, landscape, active, lanes)
    return jax.tree.map(lambda s: np.zeros((0, *s.shape[1:]), s.dtype), shapes)


def _piece(arrays: PyTree, start: int, lanes: int, count: int) -> tuple[np.ndarray, PyTree]:
    index = np.minimum(np.arange(start, start + lanes), count - 1)
    return np.arange(start, start + lanes) < count, jax.tree.map(lambda a: a[index], arrays)


def _run_piece(search: Callable, landscape: AbstractLandscape, piece: Any) -> PyTree:
    active, lanes = piece
    # Two threads that meet a new program would both compile it: the first compiles, the others wait.
    shapes = tuple((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves((landscape, lanes)))
    name = (search, jax.tree.structure(landscape), shapes)
    with _registry:
        first = name not in _compiled
        ready = _compiled.setdefault(name, threading.Event())
    if not first:
        ready.wait()
    try:
        result = _lanes(search, landscape, active, lanes)
    finally:
        ready.set()
    return jax.tree.map(np.asarray, result)


@functools.partial(jax.jit, static_argnums=0)
def _lanes(search: Callable, landscape: AbstractLandscape, active: Any, lanes: PyTree) -> PyTree:
    run = functools.partial(search, landscape)
    if jax.default_backend() != "cpu":
        return jax.vmap(run)(*lanes)
    one = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), lanes)
    empty = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(run, *one))
    # A padded lane costs nothing: under `lax.map` a condition is a branch.
    return jax.lax.map(
        lambda lane: jax.lax.cond(lane[0], lambda a: run(*a), lambda a: empty, lane[1]),
        (active, lanes),
    )
