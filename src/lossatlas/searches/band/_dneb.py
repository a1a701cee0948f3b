"""Doubly nudged elastic band between two aligned minima: guesses for the transition states between."""

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._types import Flag, Images, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape


class _State(eqx.Module):
    images: Images
    previous: Images
    force: Images
    steps: Integer
    done: Flag


class ElasticBand(eqx.Module):
    """Relax a chain of images with the doubly nudged elastic band.

    The force on an image is the true force across the tangent, the spring force along it, and the
    part of the spring force across it that does not undo the true force. Tangents point to the higher
    neighbour (improved tangent). Local maxima along the relaxed band, found on the cubic through
    energies and slopes of neighbouring images, are the guesses.

    **Arguments:**

    - `images`: number of images between the end points.
    - `max_steps`: iterations; the band only has to be good enough for a refinement to start.
    - `tolerance`: rms force across the band at which it is good enough, relative to the start.

    A lane is `(a, b)`, two minima, aligned.

    Source: Trygubenko & Wales, J. Chem. Phys. 120, 2082 (2004), doi:10.1063/1.1636455;
    tangents: Henkelman & Jonsson, J. Chem. Phys. 113, 9978 (2000), doi:10.1063/1.1323224.
    """

    images: int = 20
    max_steps: int = 80
    tolerance: float = 0.02

    def __call__(self, landscape: AbstractLandscape, a: Point, b: Point) -> dict:
        """Run one lane.

        **Returns:** a dictionary of `guesses` (images + 1, dim), `tangents` (images + 1, dim) and
        `is_maximum` (images + 1,): one entry per gap between neighbours; `gradients` spent.
        """
        fractions = jnp.linspace(0.0, 1.0, self.images + 2)[:, None]
        retract = jax.vmap(landscape.geometry.retract)
        band = retract(a[None, :] + fractions * (b - a)[None, :])
        evaluate = jax.vmap(landscape.value_and_gradient)
        energies, gradients = evaluate(band)
        across = _across(gradients, _tangents(band, energies))
        spacing = jnp.linalg.norm(b - a) / (self.images + 1)
        # Springs as stiff as the landscape: displacing an image by one spacing costs a typical force.
        spring = jnp.linalg.norm(across) / jnp.sqrt(1.0 * self.images) / (spacing + 1e-300)
        enough = self.tolerance * jnp.linalg.norm(across)

        def iterate(s: _State) -> _State:
            energies, gradients = evaluate(s.images)
            tangents = _tangents(s.images, energies)
            force = _force(s.images, gradients, tangents, spring).at[0].set(0.0).at[-1].set(0.0)
            rate = _rate(s, force, spacing / (jnp.linalg.norm(force, axis=1).max() + 1e-300))
            move = rate * force
            length = jnp.linalg.norm(move, axis=1, keepdims=True)
            move = move * jnp.minimum(1.0, 0.5 * spacing / (length + 1e-300))
            done = jnp.linalg.norm(_across(gradients, tangents)[1:-1]) < enough
            moved = jnp.where(done, s.images, retract(s.images + move))
            return _State(moved, s.images, force, s.steps + 1, done)

        initial = _State(band, band, jnp.zeros_like(band), jnp.asarray(0), jnp.asarray(False))
        final = jax.lax.while_loop(lambda s: ~s.done & (s.steps < self.max_steps), iterate, initial)
        spent = (final.steps + 2) * (self.images + 2)
        return _maxima(landscape, final.images) | {"gradients": spent}


def _rate(s: _State, force: Images, first: Scalar) -> Scalar:
    """Return the Barzilai-Borwein step length; before there is a history, a small one."""
    moved, change = s.images - s.previous, s.force - force
    overlap = jnp.sum(moved * change)
    usable = (s.steps > 0) & (overlap > 0)
    return jnp.where(usable, jnp.sum(moved**2) / jnp.where(usable, overlap, 1.0), 0.1 * first)


def _tangents(band: Images, energies: Point) -> Images:
    ahead = jnp.concatenate([band[1:] - band[:-1], (band[-1] - band[-2])[None]])
    behind = jnp.concatenate([(band[1] - band[0])[None], band[1:] - band[:-1]])
    rise = jnp.concatenate([energies[1:] - energies[:-1], jnp.zeros(1)])
    fall = jnp.concatenate([jnp.zeros(1), energies[:-1] - energies[1:]])
    most = jnp.maximum(jnp.abs(rise), jnp.abs(fall))
    least = jnp.minimum(jnp.abs(rise), jnp.abs(fall))
    higher = rise > fall
    mixed = jnp.where(
        higher[:, None],
        ahead * most[:, None] + behind * least[:, None],
        ahead * least[:, None] + behind * most[:, None],
    )
    climbing = (rise > 0) & (fall < 0)
    falling = (rise < 0) & (fall > 0)
    tangent = jnp.where(climbing[:, None], ahead, jnp.where(falling[:, None], behind, mixed))
    return tangent / (jnp.linalg.norm(tangent, axis=1, keepdims=True) + 1e-300)


def _across(vectors: Images, tangents: Images) -> Images:
    return vectors - tangents * jnp.sum(vectors * tangents, axis=1, keepdims=True)


def _force(band: Images, gradients: Images, tangents: Images, spring: Scalar) -> Images:
    true = -_across(gradients, tangents)
    gaps = jnp.linalg.norm(band[1:] - band[:-1], axis=1)
    nothing = jnp.zeros(1)
    stretch = jnp.concatenate([nothing, gaps[1:] - gaps[:-1], nothing])
    along = spring * stretch[:, None] * tangents
    pull = jnp.zeros_like(band).at[1:-1].set(band[2:] - 2.0 * band[1:-1] + band[:-2])
    sideways = spring * _across(pull, tangents)
    size = jnp.sum(true * true, axis=1, keepdims=True)
    undone = true * jnp.sum(sideways * true, axis=1, keepdims=True) / (size + 1e-300)
    # Switched off as the true force vanishes, so that the band can converge (OPTIM does the same).
    strength = 2.0 / jnp.pi * jnp.arctan(size / (jnp.sum(sideways**2, axis=1, keepdims=True) + 1e-300))
    return true + along + strength * (sideways - undone)


def _maxima(landscape: AbstractLandscape, band: Images) -> dict:
    """Return the maximum of the cubic in each gap, where it has one inside."""
    energies, gradients = jax.vmap(landscape.value_and_gradient)(band)
    gap = band[1:] - band[:-1]
    # At the ends, which are minima, the slope is zero up to rounding of either sign.
    left = jnp.sum(gradients[:-1] * gap, axis=1).at[0].set(0.0)
    right = jnp.sum(gradients[1:] * gap, axis=1).at[-1].set(0.0)
    rise = energies[1:] - energies[:-1]
    # The energy rises at the left end of the gap and falls at its right end: one maximum inside. A gap
    # that begins in a minimum narrower than the gap may have nothing but the fall.
    inner = jnp.arange(left.shape[0])
    is_maximum = jnp.where(inner == inner[-1], left > 0, right < 0) & (left >= 0) & (right <= 0)
    cubic = left + right - 2.0 * rise
    square = 3.0 * rise - 2.0 * left - right
    root = jnp.sqrt(jnp.maximum(square**2 - 3.0 * cubic * left, 0.0))
    denominator = square - root
    place = -left / jnp.where(denominator == 0, -1.0, denominator)
    place = jnp.clip(jnp.where(jnp.isfinite(place), place, 0.5), 0.1, 0.9)
    guesses = jax.vmap(landscape.geometry.retract)(band[:-1] + place[:, None] * gap)
    length = jnp.linalg.norm(gap, axis=1, keepdims=True)
    return {"guesses": guesses, "tangents": gap / (length + 1e-300), "is_maximum": is_maximum}
