"""A minimiser that records its energies."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import PyTree

from lossatlas._types import Flag, Levels, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch

from ._abstract_minimiser import AbstractMinimiser, Descended


class _State(eqx.Module):
    inner: PyTree
    history: Levels


class Recorded(AbstractSearch):
    """A minimiser that also records its energies after 1, 2, 4, 8, ... gradients.

    **Arguments:**

    - `search`: the minimiser; each of its steps is one gradient.
    """

    search: AbstractMinimiser

    @property
    def shares_passes(self) -> bool:
        """Whether the minimiser shares passes."""
        return self.search.shares_passes

    def init(self, landscape: AbstractLandscape, x: Point) -> _State:
        """Evaluate the start."""
        inner = self.search.init(landscape, x)
        self.search.check_state(inner)
        levels = (self.search.max_gradients - 1).bit_length() + 1
        return _State(inner, jnp.full(levels, inner.energy))

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop where the minimiser stops."""
        return self.search.finished(landscape, state.inner)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Take a step, and write its energy to all levels whose number of gradients is not yet passed."""
        inner = self.search.step(landscape, state.inner)
        counts = 2 ** jnp.arange(state.history.shape[0])
        return _State(inner, jnp.where(counts >= inner.gradients, inner.energy, state.history))

    def result(self, landscape: AbstractLandscape, state: _State) -> tuple[Descended, Levels]:
        """Return the result of the minimiser and the energies, shape (levels,)."""
        return self.search.result(landscape, state.inner), state.history
