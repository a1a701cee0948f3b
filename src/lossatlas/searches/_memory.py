"""How much memory the searches of this process may use, and how much a compiled program needs."""

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled search: how many lanes one call takes, and how many calls fit in memory at once."""

    run: Callable[..., PyTree]
    capacity: int
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
    equal matrix for each Hessian that is decomposed at the same time.
    """
    there = compiled.memory_analysis()
    own = there.temp_size_in_bytes + there.output_size_in_bytes + there.argument_size_in_bytes
    uses_spectrum = "syevd" in compiled.as_text()
    workspace = 8 * (3 * dimension**2 + 6 * dimension + 1) if uses_spectrum else 0
    return max(1, own + hessians * workspace)
