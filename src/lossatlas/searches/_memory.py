"""How much memory the searches of this process may use, and how much a compiled program needs."""

import dataclasses
import os
import re
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled search: how many lanes one call takes and how many of them step together, the bytes that
    it needs, and how many calls fit in memory at once.
    """

    run: Callable[..., PyTree]
    capacity: int
    width: int
    needed: int
    together: int
    accelerated: bool


_limit: int | None = None


def limit_memory(limit: int | None) -> None:
    """Set how many bytes the searches of this process may use at once; None: half of what there is.

    Fewer searches run at the same time where the budget does not hold one per core (or one per lane of
    an accelerator); their results do not change. It bounds what the searches compute with: Python, JAX
    and its compiler need some hundred MB besides.

    **Raises:** `ValueError` if the limit is not a positive whole number.
    """
    global _limit
    whole = isinstance(limit, int | np.integer) and not isinstance(limit, bool)
    if limit is not None and not (whole and limit > 0):
        raise ValueError(f"The memory budget must be a positive whole number of bytes, got {limit!r}.")
    _limit = None if limit is None else int(limit)


def memory_budget() -> int:
    """Return how many bytes searches may use: as set, or half of the machine's or accelerator's memory."""
    return _limit if _limit is not None else _memory_there() // 2


def _memory_there() -> int:
    if jax.default_backend() != "cpu":
        statistics = jax.devices()[0].memory_stats() or {}
        if "bytes_limit" in statistics:
            return int(statistics["bytes_limit"])
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 2**33


def program_bytes(compiled: Any, dimension: int, hessians: int) -> int:
    """Return what one call of a compiled program needs, the workspace of LAPACK included.

    XLA reports its own buffers; the eigenvalue solver allocates another 2 d^2 + 6 d + 1 numbers and an
    equal matrix for each Hessian, or smaller matrix, that is decomposed at the same time.
    """
    there = compiled.memory_analysis()
    own = there.temp_size_in_bytes + there.output_size_in_bytes + there.argument_size_in_bytes
    solvers = [line for line in compiled.as_text().splitlines() if "syevd" in line]
    shapes = [re.search(r"f64\[(?:\d+,)*(\d+)\]", line) for line in solvers]
    size = max((int(shape[1]) if shape else dimension for shape in shapes), default=0)
    workspace = 8 * (3 * size**2 + 6 * size + 1) if size else 0
    return max(1, own + hessians * workspace)
