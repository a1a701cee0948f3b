"""Local minimisation to rounding level, with the index checked from the spectrum."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from lossatlas._types import Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches.curvature import EigenvectorFollowing

from ._bfgs import BFGS
from ._descend import descend
from ._lbfgs import LBFGS


class Minimisation(eqx.Module):
    """Quasi-Newton descent, then Newton steps to rounding level and the spectrum there.

    **Arguments:**

    - `method`: `BFGS()` or `LBFGS(memory)`.
    - `max_steps`: gradients of the descent.
    - `switch`: rms gradient at which Newton takes over, loss units per parameter unit.
    """

    method: BFGS | LBFGS
    max_steps: int = 5000
    switch: float = 1e-6

    def __call__(self, landscape: AbstractLandscape, x: Point) -> dict:
        """Run one lane; returns the fields of `StationaryPoints`."""
        x, evaluations = descend(landscape, x, self.method, tolerance=self.switch, max_steps=self.max_steps)
        result = EigenvectorFollowing()(landscape, x, jnp.zeros_like(x), jnp.asarray(0))
        return result | {"gradients": result["gradients"] + evaluations}


def default_method(dimension: int) -> BFGS | LBFGS:
    """Return full BFGS up to 100 variables, beyond that L-BFGS with 100 pairs."""
    return BFGS() if dimension <= 100 else LBFGS(100)


def minimise(
    landscape: AbstractLandscape,
    starts: np.ndarray,
    *,
    method: BFGS | LBFGS | None = None,
    max_steps: int = 5000,
    workers: int | None = None,
) -> StationaryPoints:
    """Minimise from every start.

    **Arguments:**

    - `landscape`: what is minimised.
    - `starts`: shape (starts, dim), parameter units.
    - `method`: `BFGS()` or `LBFGS(memory)`; default by dimension.
    - `max_steps`: gradients of the descent per start; the Newton polish after it has a limit of its own.
    - `workers`: threads; default one per core.

    **Returns:** `StationaryPoints`, one row per start; rows whose `outcome` is `converged` are minima
    with a gradient at rounding level and only positive eigenvalues.
    """
    search = Minimisation(method or default_method(landscape.dimension), max_steps)
    return StationaryPoints(
        **run_batch(search, landscape, as_points(landscape, starts, "starts"), workers=workers)
    )
