"""How much memory the searches of an exploration need, known before it starts."""

import numpy as np

from lossatlas.landscapes import AbstractLandscape

from ._driver import bytes_at_once
from .band import ElasticBand
from .curvature import DENSE, EigenvectorFollowing, NewtonKrylov
from .minimise import default_descent
from .pathway import ChebyshevDescent, SteepestDescent
from .saddle import MANY_VARIABLES, HybridEigenvectorFollowing


def memory_needed(landscape: AbstractLandscape, *, workers: int | None = None) -> int:
    """Return how many bytes the searches of an exploration need at most at once.

    Compiles them, so that an exploration in the same process need not, and asks the compiler: up to
    1,000 variables the Hessian, its eigenvectors and the workspace of LAPACK, above a hundred vectors and
    what a gradient needs, for each of the searches that run at once. Python, JAX, its compiler and the
    atlas need some hundred MB besides.

    **Arguments:**

    - `landscape`: what will be explored.
    - `workers`: threads; default one per core.

    **Raises:** `MemoryError` if not even one search fits in the memory budget (`limit_memory`).
    """
    x, order = np.zeros((1, landscape.dimension)), np.zeros(1, dtype=np.int64)
    large = landscape.dimension > DENSE
    searches = [
        (default_descent(landscape), (x,)),
        (ElasticBand(), (x, x)),
        (NewtonKrylov() if large else EigenvectorFollowing(), (x, x, order)),
        (ChebyshevDescent() if large else SteepestDescent(), (x, x)),
    ]
    if large:
        searches.append((HybridEigenvectorFollowing(max_cycles=300, **MANY_VARIABLES), (x, x)))
    return max(bytes_at_once(search, landscape, *lane, workers=workers) for search, lane in searches)
