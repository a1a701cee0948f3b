"""How much memory the searches of an exploration need, known before it starts."""

from lossatlas._checks import check_whole
from lossatlas.landscapes import AbstractLandscape, check_kind, dimensionless

from ._driver import bytes_at_once
from ._toolkit import Toolkit, toolkit_or_default


def memory_needed(
    landscape: AbstractLandscape, *, toolkit: Toolkit | None = None, workers: int | None = None
) -> int:
    """Return the largest number of bytes that the searches of an exploration need at once.

    The searches are compiled, and the compiler says what they need; an exploration in the same process
    does not compile them again. Each search that runs needs the Hessian, its eigenvectors and the
    workspace of LAPACK, or, without Hessians, about a hundred vectors and the memory of a gradient. Python,
    JAX, its compiler and the atlas need some hundred MB besides.

    **Arguments:**

    - `landscape`: the landscape that will be explored.
    - `toolkit`: the searches; default `toolkit_for(landscape)`.
    - `workers`: threads; default one per core.

    **Raises:** `MemoryError` if not even one search fits in the memory budget (`limit_memory`);
    `ValueError` for another landscape or toolkit, or `workers` that is not a positive whole number.
    """
    check_kind(landscape)
    toolkit = toolkit_or_default(toolkit, landscape)
    workers = None if workers is None else check_whole("workers", workers)
    own, searches = dimensionless(landscape), toolkit.in_units(landscape.units)
    return max(
        bytes_at_once(search, own, *lane, workers=workers) for search, lane in searches.searches(own)
    )
