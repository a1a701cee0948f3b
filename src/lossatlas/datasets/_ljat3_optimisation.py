"""The minimiser that defines the classes of LJAT3."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._types import Array, Flag, Integer, Pairs, PairVectors, Point, Scalar
from lossatlas.landscapes import Triatomic
from lossatlas.landscapes._atoms import distances
from lossatlas.searches import AbstractSearch


TOLERANCE = 1e-10  # rms gradient at which a minimisation has converged


class _State(eqx.Module):
    x: Point
    energy: Scalar
    gradient: Point
    steps: PairVectors
    changes: PairVectors
    inverse_overlaps: Pairs
    step: Point
    cuts: Integer
    evaluations: Integer
    accepted: Integer
    limit: Integer


class Optimisation(AbstractSearch):
    """A minimisation by the L-BFGS of GMIN, which finds the minimum that three atoms reach.

    The outcome depends on the minimiser, so this one is part of the definition of the data, while the
    minimisers of `searches` may change. Unlike those, it keeps pairs of negative curvature; their sign does
    no harm, because steps are turned downhill. Without them, overlapping atoms that fly apart into the tail
    of the potential would keep the pairs of the repulsive wall, which make steps too short to come back.

    **Arguments:**

    - `memory`: number of pairs of step and gradient change that are kept.
    - `longest`: longest step, units of sigma.
    - `max_steps`: largest number of gradients.
    - `max_rise`: largest rise of the energy in an accepted step, relative to 1 + |E|.

    Source: the L-BFGS of GMIN (see Wales, Energy Landscapes, 2003), after Nocedal, Math. Comput. 35, 773
    (1980), doi:10.1090/S0025-5718-1980-0572855-7.
    """

    memory: int = 4
    longest: float = 0.1
    max_steps: int = 5000
    max_rise: float = 1e-10

    def init(self, landscape: Triatomic, x: Point, limit: Integer) -> _State:
        """Evaluate the start; the search ends after `limit` accepted steps at the latest."""
        energy, gradient = landscape.value_and_gradient(x)
        zeros = jnp.zeros((self.memory, x.shape[0]))
        none = jnp.zeros(self.memory)  # pairs of zeros leave every direction unchanged
        step = self._bounded(-0.1 * gradient)
        zero, one = jnp.asarray(0), jnp.asarray(1)
        return _State(x, energy, gradient, zeros, zeros, none, step, zero, one, zero, limit)

    def finished(self, landscape: Triatomic, state: _State) -> Flag:
        """Return whether the gradient is small enough, or the number of gradients or steps is exhausted."""
        over = (state.evaluations >= self.max_steps) | (state.accepted >= state.limit)
        return (_rms(state.gradient) <= TOLERANCE) | over

    def step(self, landscape: Triatomic, state: _State) -> _State:
        """Try one step; if the energy rises, divide the step by ten."""
        s = state
        trial = s.x + s.step
        energy, gradient = landscape.value_and_gradient(trial)
        # If ten cuts do not help, the stored pairs are misleading, and the step is accepted.
        falls = energy <= s.energy + self.max_rise * (1.0 + jnp.abs(s.energy))
        accept = falls | (jnp.isfinite(energy) & (s.cuts >= 10))
        change = gradient - s.gradient
        overlap, size = jnp.sum(s.step * change), jnp.sum(change * change)
        useful = overlap != 0
        steps = jnp.concatenate([s.step[None], s.steps[:-1]])
        changes = jnp.concatenate([change[None], s.changes[:-1]])
        inverse = jnp.where(useful, 1.0 / jnp.where(useful, overlap, 1.0), 0.0)
        inverse_overlaps = jnp.concatenate([inverse[None], s.inverse_overlaps[:-1]])
        scale = jnp.where(useful, jnp.abs(overlap) / jnp.maximum(size, 1e-300), 1.0)
        # The two-loop recursion, newest pair first; its fixed length suits batches.
        q, alphas = gradient, []
        for row in range(self.memory):
            alphas.append(inverse_overlaps[row] * jnp.sum(steps[row] * q))
            q = q - alphas[row] * changes[row]
        q = scale * q
        for row in reversed(range(self.memory)):
            beta = inverse_overlaps[row] * jnp.sum(changes[row] * q)
            q = q + (alphas[row] - beta) * steps[row]
        following = self._bounded(jnp.where(jnp.sum(q * gradient) > 0, -q, q))
        taken = _State(
            trial,
            energy,
            gradient,
            steps,
            changes,
            inverse_overlaps,
            following,
            jnp.zeros_like(s.cuts),
            s.evaluations + 1,
            s.accepted + 1,
            s.limit,
        )
        refused = _State(
            s.x, s.energy, s.gradient, s.steps, s.changes, s.inverse_overlaps, 0.1 * s.step,
            s.cuts + 1, s.evaluations + 1, s.accepted, s.limit,
        )  # fmt: skip
        return jax.tree.map(lambda a, b: jnp.where(accept, a, b), taken, refused)

    def result(self, landscape: Triatomic, state: _State) -> dict[str, Array]:
        """Return energy, rms gradient, three distances, and numbers of gradients and accepted steps."""
        return {
            "energy": state.energy,
            "rms_gradient": _rms(state.gradient),
            "distances": distances(state.x),
            "evaluations": state.evaluations,
            "accepted": state.accepted,
        }

    def _bounded(self, step: Point) -> Point:
        length = jnp.sqrt(jnp.sum(step * step))
        return step * jnp.minimum(1.0, self.longest / jnp.maximum(length, 1e-300))


def _rms(gradient: Point) -> Scalar:
    return jnp.sqrt(jnp.mean(gradient * gradient))
