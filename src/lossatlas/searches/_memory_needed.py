"""How much memory the searches of an exploration need, known before it starts."""

from lossatlas.landscapes import AbstractLandscape, dimensionless

from ._driver import bytes_at_once
from ._toolkit import Toolkit, toolkit_for


def memory_needed(
    landscape: AbstractLandscape, *, toolkit: Toolkit | None = None, workers: int | None = None
) -> int:
    """Return how many bytes the searches of an exploration need at most at once.

    Compiles them, so that an exploration in the same process need not, and asks the compiler: with Hessians
    they need the Hessian, its eigenvectors and the workspace of LAPACK, without them a hundred vectors and
    what a gradient needs, for each of the searches that run at once. Python, JAX, its compiler and the
    atlas need some hundred MB besides.

    **Arguments:**

    - `landscape`: what will be explored.
    - `toolkit`: its searches; default `toolkit_for(landscape)`.
    - `workers`: threads; default one per core.

    **Raises:** `MemoryError` if not even one search fits in the memory budget (`limit_memory`).
    """
    toolkit = toolkit_for(landscape) if toolkit is None else toolkit
    own, searches = dimensionless(landscape), toolkit.in_units(landscape.units)
    return max(
        bytes_at_once(search, own, *lane, workers=workers) for search, lane in searches.searches(own)
    )
