"""Hybrid eigenvector following: transition states from Hessian-vector products, for many variables."""

import equinox as eqx
import jax.numpy as jnp

from lossatlas._types import Flag, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches.curvature import lowest_eigenpair
from lossatlas.searches.minimise import LBFGS, Descent


class _State(eqx.Module):
    x: Point
    vector: Point
    rms: Scalar
    steps: Integer
    gradients: Integer
    done: Flag


class _Across(eqx.Module):
    """The landscape as a minimiser sees it that may not move along one vector."""

    landscape: AbstractLandscape
    vector: Point

    @property
    def geometry(self):
        return self.landscape.geometry

    @property
    def length_scale(self) -> float:
        return 0.2 * self.landscape.length_scale  # the vector is right only near where it was found

    @property
    def region(self) -> float:
        return self.landscape.region

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        energy, gradient = self.landscape.value_and_gradient(x)
        return energy, gradient - self.vector * (self.vector @ gradient)


class HybridEigenvectorFollowing(AbstractSearch):
    """Uphill along the lowest eigenvector, downhill across it, without ever building a Hessian.

    Each cycle finds the lowest eigenpair by Lanczos from the last one, steps uphill along it, and
    minimises across it with a few L-BFGS steps, more of them once its curvature is negative. Ends where
    the gradient is small and the curvature negative, for Newton steps to begin.

    **Arguments:**

    - `max_cycles`: Lanczos runs per search.
    - `products`: Hessian-vector products per Lanczos run.
    - `max_across`: gradients per minimisation across the vector.
    - `switch`: rms gradient at which it ends, loss units per parameter unit.

    A lane is `(x, direction)`: a start, and a guess of the mode to climb or zeros.

    Source: Munro & Wales, Phys. Rev. B 59, 3969 (1999), doi:10.1103/PhysRevB.59.3969.
    """

    max_cycles: int = 200
    products: int = 30
    max_across: int = 30
    switch: float = 1e-5

    def init(self, landscape: AbstractLandscape, x: Point, direction: Point) -> _State:
        """Start at `x`."""
        return _State(
            landscape.geometry.retract(x),
            jnp.where(jnp.any(direction != 0), direction, jnp.ones_like(x)),
            jnp.asarray(jnp.inf),
            jnp.asarray(0),
            jnp.asarray(0),
            jnp.asarray(False),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop near a transition state, where the search is lost, or after `max_cycles`."""
        return state.done | (state.steps >= self.max_cycles)

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return point, eigenvector and gradients spent."""
        return {"x": state.x, "direction": state.vector, "gradients": state.gradients}

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Run one cycle."""
        s = state
        value, vector = lowest_eigenpair(landscape, s.x, s.vector, products=self.products)
        gradient = landscape.value_and_gradient(s.x)[1]
        scale = landscape.length_scale
        slope = vector @ gradient
        length = 2.0 * slope / (jnp.abs(value) + jnp.sqrt(value**2 + 4.0 * (slope / scale) ** 2) + 1e-300)
        # In a convex region slope and step can vanish together; a fixed step leaves it.
        convex = 0.1 * scale * jnp.where(slope < 0, -1.0, 1.0)
        length = jnp.where(value > 0, convex, jnp.clip(length, -0.3 * scale, 0.3 * scale))
        up = landscape.geometry.retract(s.x + length * vector)
        across = Descent(LBFGS(10), 0.3 * self.switch)(
            _Across(landscape, vector),  # pyright: ignore[reportArgumentType]
            up,
            jnp.where(value > 0, 5, self.max_across),
        )
        x = across["x"]
        after = landscape.value_and_gradient(x)[1]
        rms = jnp.linalg.norm(after) / jnp.sqrt(1.0 * x.shape[0])
        lost = (jnp.max(jnp.abs(x)) > landscape.region) | ~jnp.isfinite(rms)
        return _State(
            x,
            vector,
            rms,
            s.steps + 1,
            s.gradients
            + across["gradients"]
            + 2
            + 2 * self.products,  # a product costs about two gradients
            ((rms < self.switch) & (value < 0)) | lost,
        )
