"""Hybrid eigenvector following: transition states from Hessian-vector products, for many variables."""

import dataclasses
from typing import Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from lossatlas._checks import check_positive, check_whole
from lossatlas._types import Flag, Integer, Point
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._costs import PRODUCT_COST
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches.curvature import (
    AbstractVerifier,
    EigenvectorFollowing,
    NewtonKrylov,
    lanes_of,
    lowest_eigenpair,
)
from lossatlas.searches.minimisers import LBFGS, QuasiNewton

from ._across import Across


REACH = 0.2  # distance within which the lowest eigenvector hardly changes, in length scales
CONVEX = 5  # gradients of a minimisation while the lowest curvature is positive


class _State(eqx.Module):
    x: Point
    vector: Point
    gradients: Integer
    done: Flag


class HybridEigenvectorFollowing(AbstractVerifier):
    """Hybrid eigenvector following: uphill along the lowest eigenvector, downhill orthogonal to it.

    The climb builds no Hessian. Each cycle updates the lowest eigenpair by the Lanczos method, steps uphill
    along the eigenvector, and minimises orthogonal to it by a few L-BFGS steps, more of them once the
    lowest curvature is negative. The climb ends where the gradient is small and this curvature is negative;
    from there the Newton steps of `check` go on.

    **Arguments:**

    - `check`: the search that brings the end to rounding level and checks its index,
        `EigenvectorFollowing()` or `NewtonKrylov()`; it has its own limit.
    - `max_gradients`: gradients after which no cycle begins.
    - `products`: Hessian-vector products per Lanczos run.
    - `max_across`: gradients per minimisation orthogonal to the eigenvector.
    - `switch`: rms gradient at which the climb ends, loss units per parameter unit.

    A lane is `(x, direction, order)`: a start, a guess of the mode to climb or zeros, and order 1.

    **Raises:** `ValueError` if a number is not positive, or `check` is another search.

    Source: Munro & Wales, Phys. Rev. B 59, 3969 (1999), doi:10.1103/PhysRevB.59.3969.
    """

    check: AbstractVerifier = EigenvectorFollowing(30)
    max_gradients: int = 30_000
    products: int = 30
    max_across: int = 30
    switch: float = 1e-5

    def __check_init__(self):
        for name in ("max_gradients", "products", "max_across"):
            check_whole(name, getattr(self, name))
        check_positive("switch", self.switch)
        # By their exact types: a subclass may verify nothing.
        if type(self.check) not in (EigenvectorFollowing, NewtonKrylov):
            raise ValueError(
                f"`check` must be EigenvectorFollowing() or NewtonKrylov(), got {self.check!r}."
            )

    def finds(self, order: int) -> bool:
        """Return whether the index is 1."""
        return order == 1

    @property
    def from_anywhere(self) -> bool:
        """True: the search climbs out of minima and leaves saddles of higher index."""
        return True

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search with a limit on the gradients of the climb, not of the check."""
        return dataclasses.replace(self, max_gradients=max_gradients)

    def in_units(self, units: Units) -> Self:
        """Return the same search in a landscape's own units."""
        return dataclasses.replace(self, switch=self.switch / units.slope, check=self.check.in_units(units))

    def stages(self) -> tuple[AbstractSearch, ...]:
        """Return the climb and the check."""
        return (self, *self.check.stages())

    def refine(
        self,
        landscape: AbstractLandscape,
        x: np.ndarray,
        order: int | np.ndarray,
        *,
        directions: np.ndarray | None = None,
        workers: int | None = None,
    ) -> StationaryPoints:
        """Climb from every row of `x` to near a transition state, then bring it to rounding level."""
        orders, directions = lanes_of(x, order, directions)
        near = run_batch(self, landscape, x, directions, orders, workers=workers)
        points = self.check.refine(
            landscape, near["x"], orders, directions=near["direction"], workers=workers
        )
        return points.after(near["gradients"], 0)

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point, order: Integer) -> _State:
        """Start at `x`."""
        return _State(
            landscape.geometry.retract(x),
            jnp.where(jnp.any(direction != 0), direction, jnp.ones_like(x)),
            jnp.asarray(0),
            jnp.asarray(False),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop near a transition state, where the search is lost, or after `max_gradients`."""
        return state.done | (state.gradients >= self.max_gradients)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return a dictionary of the point, the eigenvector (`direction`) and the gradients spent."""
        return {"x": state.x, "direction": state.vector, "gradients": state.gradients}

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Run one cycle: Lanczos, a step uphill, a minimisation orthogonal to the eigenvector."""
        s = state
        value, vector = lowest_eigenpair(landscape, s.x, s.vector, products=self.products)
        gradient = landscape.value_and_gradient(s.x)[1]
        scale = landscape.length_scale
        slope = vector @ gradient
        length = 2.0 * slope / (jnp.abs(value) + jnp.sqrt(value**2 + 4.0 * (slope / scale) ** 2) + 1e-300)
        # In a convex region the slope, and with it the step, can vanish: a step of fixed length leaves it.
        convex = 0.1 * scale * jnp.where(slope < 0, -1.0, 1.0)
        length = jnp.where(value > 0, convex, jnp.clip(length, -0.3 * scale, 0.3 * scale))
        up = landscape.geometry.retract(s.x + length * vector)
        across = QuasiNewton(LBFGS(10), 0.3 * self.switch)(
            Across(landscape, vector, REACH), up, jnp.where(value > 0, CONVEX, self.max_across)
        )
        x = across.x
        after = landscape.value_and_gradient(x)[1]
        rms = jnp.linalg.norm(after) / jnp.sqrt(1.0 * x.shape[0])
        lost = (jnp.max(jnp.abs(x)) > landscape.region) | ~jnp.isfinite(rms)
        return _State(
            x,
            vector,
            s.gradients + across.gradients + 2 + PRODUCT_COST * self.products,
            ((rms < self.switch) & (value < 0)) | lost,
        )
