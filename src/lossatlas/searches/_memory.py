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
    """A compiled search and its sizes.

    - `run`: the compiled function.
    - `capacity`: lanes per call; `width`: how many of them step together.
    - `needed`: bytes that one call needs.
    - `together`: calls that fit in the memory budget at once.
    - `accelerated`: whether it runs on an accelerator.
    """

    run: Callable[..., PyTree]
    capacity: int
    width: int
    needed: int
    together: int
    accelerated: bool


_limit: int | None = None


def limit_memory(limit: int | None) -> None:
    """Set the memory budget: how many bytes the searches of this process may use at once.

    Fewer searches run at the same time where the budget does not hold one per core (or one per lane of
    an accelerator); their results do not change. The budget covers the arrays of the searches only: Python,
    JAX and its compiler need some hundred MB besides.

    **Arguments:**

    - `limit`: bytes; None for half of the memory of the machine or the accelerator.

    **Raises:** `ValueError` if the limit is not a positive whole number.
    """
    global _limit
    whole = isinstance(limit, int | np.integer) and not isinstance(limit, bool)
    if limit is not None and not (whole and limit > 0):
        raise ValueError(f"The memory budget must be a positive whole number of bytes, got {limit!r}.")
    _limit = None if limit is None else int(limit)


def memory_budget() -> int:
    """Return how many bytes searches may use: the limit, or half the memory of machine or accelerator."""
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
    """Return how many bytes one call of a compiled program needs, the workspace of LAPACK included.

    XLA reports its own buffers. For each d x d matrix that is decomposed at the same time, the eigenvalue
    solver allocates another 2 d^2 + 6 d + 1 numbers and a copy of the matrix.
    """
    there = compiled.memory_analysis()
    own = there.temp_size_in_bytes + there.output_size_in_bytes + there.argument_size_in_bytes
    solvers = [line for line in compiled.as_text().splitlines() if "syevd" in line]
    shapes = [re.search(r"f64\[(?:\d+,)*(\d+)\]", line) for line in solvers]
    size = max((int(shape[1]) if shape else dimension for shape in shapes), default=0)
    workspace = 8 * (3 * size**2 + 6 * size + 1) if size else 0
    return max(1, own + hessians * workspace)
