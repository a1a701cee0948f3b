"""Pseudo-arclength continuation of a curve of stationary points, also around folds."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from lossatlas._results import RESULTS
from lossatlas._types import Array, Flag, Integer, Scalar
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches.curvature import count_zero

from ._family import (
    SETTLED,
    USABLE,
    Corrected,
    Family,
    Place,
    correct,
    is_stationary,
    spectrum_at,
    tangent,
)


FIRST_STEP = 0.01
SMALLEST_STEP = 1e-9
ANGLE = 0.15  # angle between successive tangents that the step length aims at, radians
LARGEST_ANGLE = 0.5  # with a larger angle a fold was cut off or the point lies on another curve
FAR = 0.5  # correction relative to the step above which the point may lie on another curve
EASY = 4  # number of Newton steps at which the step length is kept


class _State(eqx.Module):
    z: Place
    tangent: Place
    length: Scalar
    zeros: Integer
    count: Integer
    tries: Integer
    outcome: Integer
    done: Flag
    curve: Float[Array, "rows place"]
    energy: Float[Array, " rows"]
    index: Int[Array, " rows"]
    turn: Float[Array, " rows"]


class Continuation(AbstractSearch):
    """Follow a curve of stationary points z = (x / unit, s) of a `Family` until s leaves [0, 1].

    Each step predicts along the tangent and corrects by Newton's method on the plane orthogonal to it,

        gradient(z) = 0,  t . (z - z_k - h t) = 0,

    which is regular at folds, where s turns. The last step has s fixed at the end of the range. A point is
    accepted if the gradient is at rounding level, the correction is at most half of h, and the tangent
    turned by at most 0.5 radians. The step length h follows the angle between tangents and the number of
    Newton steps, and is halved after a failure. The index is the number of negative eigenvalues.

    **Arguments:**

    - `longest`: the largest h, dimensionless, see `Family`.
    - `max_steps`: number of points tried per curve.

    A lane is `(guess, direction)`, shape (dim + 1,) each: a place near the curve, which is corrected in the
    plane orthogonal to the direction, and the direction in which the curve is followed.

    Source: Allgower & Georg, Introduction to Numerical Continuation Methods, SIAM (2003),
    doi:10.1137/1.9780898719154, chapters 4 to 6.
    """

    longest: float = 0.05
    max_steps: int = 1000

    def init(self, landscape: Family, guess: Place, direction: Place) -> _State:
        """Correct the guess; the search ends at once without a stationary point, or at a degenerate one."""
        border = direction / jnp.linalg.norm(direction)
        z, local, last, _ = correct(landscape, guess, border)
        # Near an end of the range the branch may lie outside: then only its point at the end is returned.
        beyond = (z[-1] < -SETTLED) | (z[-1] > 1.0 + SETTLED)
        z, local, last, _ = jax.lax.cond(
            beyond, lambda: _at_the_end(landscape, z), lambda: Corrected(z, local, last, jnp.asarray(0))
        )
        values, _ = spectrum_at(landscape, z, local)
        following = tangent(local.jacobian, border)
        stationary = is_stationary(landscape, z, local, values)
        degenerate = stationary & (count_zero(values) > 0)
        found = stationary & (last <= USABLE)
        outcome = jnp.where(degenerate, int(RESULTS.degenerate), int(RESULTS.max_steps))
        outcome = jnp.where(found & ~degenerate & beyond, int(RESULTS.converged), outcome)
        outcome = jnp.where(jnp.isfinite(local.energy), outcome, int(RESULTS.nonfinite))
        rows = self.max_steps + 1
        index = jnp.sum(values < 0)
        return _State(
            z=z,
            tangent=following,
            length=jnp.asarray(min(FIRST_STEP, self.longest)),
            zeros=jnp.asarray(0),
            count=jnp.where(found & ~degenerate, 1, 0),
            tries=jnp.asarray(0),
            outcome=outcome,
            done=~found | degenerate | beyond,
            curve=jnp.zeros((rows, z.shape[0])).at[0].set(z),
            energy=jnp.zeros(rows).at[0].set(local.energy),
            index=jnp.zeros(rows, dtype=index.dtype).at[0].set(index),
            turn=jnp.zeros(rows).at[0].set(following[-1]),
        )

    def finished(self, landscape: Family, state: _State) -> Flag:
        """Stop at the end of the range, where the curve is lost, or after `max_steps`."""
        return state.done | (state.tries >= self.max_steps)

    def result(self, landscape: Family, state: _State) -> dict:
        """Return a dictionary with the `curve`, shape (max_steps + 1, dim + 1).

        Of its rows the first `count` are used. `energy`, `index` and `turn`, the component of the tangent
        along s, have shape (max_steps + 1,); `outcome` is a RESULTS code.
        """
        names = ("curve", "energy", "index", "turn", "count", "outcome")
        return {name: getattr(state, name) for name in names}

    def step(self, landscape: Family, state: _State) -> _State:
        """Try one step."""
        old = state
        guess, border, length, leaves = _predict(old)
        z, local, last, newtons = correct(landscape, guess, border)
        z = jnp.where(leaves, z.at[-1].set(guess[-1]), z)  # s is exactly 0 or 1 at an end
        values, _ = spectrum_at(landscape, z, local)
        following = tangent(local.jacobian, old.tangent)
        angle = jnp.arccos(jnp.clip(following @ old.tangent, -1.0, 1.0))
        x = landscape.point(z)
        good = (last <= USABLE) & is_stationary(landscape, z, local, values) & (angle <= LARGEST_ANGLE)
        good &= jnp.linalg.norm(z - guess) <= FAR * length
        good &= leaves | ((z[-1] >= 0) & (z[-1] <= 1))
        zeros = count_zero(values)
        # At one degenerate point an eigenvalue may change sign; two in a row lie on a degenerate curve.
        degenerate = good & (zeros > 0) & (old.zeros > 0)
        lost = good & (jnp.max(jnp.abs(x)) > landscape.landscape.region)
        ease = 2.0 ** (0.5 * (EASY - newtons))
        factor = jnp.clip(jnp.minimum(ANGLE / (angle + 1e-12), ease), 0.5, 2.0)
        following_length = jnp.minimum(jnp.where(good, factor * old.length, 0.5 * length), self.longest)
        stuck = ~good & (following_length < SMALLEST_STEP)
        outcome = jnp.where(stuck, int(RESULTS.no_step), old.outcome)
        outcome = jnp.where(degenerate, int(RESULTS.degenerate), outcome)
        outcome = jnp.where(lost, int(RESULTS.left_region), outcome)
        outcome = jnp.where(good & leaves, int(RESULTS.converged), outcome)
        # The row of a refused point is overwritten by the next point, or lies beyond the rows in use.
        row = old.count
        return _State(
            z=jnp.where(good, z, old.z),
            tangent=jnp.where(good, following, old.tangent),
            length=following_length,
            zeros=jnp.where(good, zeros, old.zeros),
            count=old.count + good,
            tries=old.tries + 1,
            outcome=outcome,
            done=stuck | degenerate | lost | (good & leaves),
            curve=old.curve.at[row].set(z),
            energy=old.energy.at[row].set(local.energy),
            index=old.index.at[row].set(jnp.sum(values < 0)),
            turn=old.turn.at[row].set(following[-1]),
        )


def _at_the_end(family: Family, z: Place) -> Corrected:
    """Return the stationary point near `z` at the nearer end of the range of s."""
    end = jnp.clip(z[-1], 0.0, 1.0)
    border = jnp.zeros_like(z).at[-1].set(1.0)
    found = correct(family, z.at[-1].set(end), border)
    return Corrected(found.z.at[-1].set(end), found.local, found.last, jnp.asarray(0))


def _predict(state: _State) -> tuple[Place, Place, Scalar, Flag]:
    """Return the guess for the next point, the border, the step length, and whether s reaches its end."""
    z, along = state.z, state.tangent
    ahead = z[-1] + state.length * along[-1]
    end = jnp.clip(ahead, 0.0, 1.0)
    leaves = end != ahead
    length = jnp.where(leaves, (end - z[-1]) / along[-1], state.length)
    guess = z + length * along
    along_s = jnp.zeros_like(z).at[-1].set(jnp.sign(along[-1]))
    return (
        jnp.where(leaves, guess.at[-1].set(end), guess),
        jnp.where(leaves, along_s, along),
        length,
        leaves,
    )
