"""Doubly nudged elastic band between two aligned minima: guesses for the transition states between."""

import dataclasses
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp

from lossatlas._checks import check_positive, check_whole
from lossatlas._types import Energies, Flag, Images, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._costs import whole_steps

from ._abstract_band import AbstractBand


class _State(eqx.Module):
    images: Images
    energies: Energies
    gradients: Images
    previous: Images
    force: Images
    spring: Scalar
    spacing: Scalar
    enough: Scalar
    steps: Integer
    done: Flag


class ElasticBand(AbstractBand):
    """Relax a chain of images with the doubly nudged elastic band.

    The force on an image is the true force across the tangent, the spring force along it, and the
    part of the spring force across it that does not undo the true force. Tangents point to the higher
    neighbour (improved tangent). Local maxima along the relaxed band, found on the cubic through
    energies and slopes of neighbouring images, are the guesses.

    **Arguments:**

    - `images`: number of images between the end points. Measured on pairs of minima of [2,10,4] networks:
        bands of 20 images and 80 steps cost three times as much as the default and lead to no more
        transition states, because the refinement of a guess does not need an accurate band.
    - `max_steps`: steps, each a gradient per image.
    - `tolerance`: force across the band at which it has converged, relative to that of the first band.

    A lane is `(a, b)`, two minima, aligned.

    **Raises:** `ValueError` for a number that is not positive.

    Source: Trygubenko & Wales, J. Chem. Phys. 120, 2082 (2004), doi:10.1063/1.1636455;
    tangents: Henkelman & Jonsson, J. Chem. Phys. 113, 9978 (2000), doi:10.1063/1.1323224.
    """

    images: int = 10
    max_steps: int = 40
    tolerance: float = 0.02

    def __check_init__(self):
        check_whole("images", self.images)
        check_whole("max_steps", self.max_steps)
        check_positive("tolerance", self.tolerance)

    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent."""
        return dataclasses.replace(self, max_steps=whole_steps(max_gradients, self.images))

    def denser(self) -> Self:
        """Return a band of three times the images, with four times the steps."""
        return dataclasses.replace(self, images=3 * self.images, max_steps=4 * self.max_steps)

    def init(self, landscape: AbstractLandscape, a: Point, b: Point) -> _State:
        """Place the images evenly on the shortest way between the two points."""
        fractions = jnp.linspace(0.0, 1.0, self.images + 2)
        band = jax.vmap(lambda fraction: landscape.geometry.between(a, b, fraction))(fractions)
        energies, gradients = jax.vmap(landscape.value_and_gradient)(band)
        across = jnp.linalg.norm(_across(gradients, _tangents(band, energies)))
        spacing = jnp.linalg.norm(b - a) / (self.images + 1)
        return _State(
            images=band,
            energies=energies,
            gradients=gradients,
            previous=band,
            force=jnp.zeros_like(band),
            # Springs as stiff as the landscape: displacing an image by one spacing costs a typical force.
            spring=across / jnp.sqrt(1.0 * self.images) / (spacing + 1e-300),
            spacing=spacing,
            enough=self.tolerance * across,
            steps=jnp.asarray(0),
            done=jnp.asarray(False),
        )

    def finished(self, landscape: AbstractLandscape, state: _State) -> Flag:
        """Stop when the force across the band is small enough, or after `max_steps`."""
        return state.done | (state.steps >= self.max_steps)

    def step(self, landscape: AbstractLandscape, state: _State) -> _State:
        """Move all images along their forces."""
        s = state
        tangents = _tangents(s.images, s.energies)
        force = _force(s.images, s.gradients, tangents, s.spring).at[0].set(0.0).at[-1].set(0.0)
        rate = _rate(s, force, s.spacing / (jnp.linalg.norm(force, axis=1).max() + 1e-300))
        move = rate * force
        length = jnp.linalg.norm(move, axis=1, keepdims=True)
        move = move * jnp.minimum(1.0, 0.5 * s.spacing / (length + 1e-300))
        images = jax.vmap(landscape.geometry.retract)(s.images + move)
        # The ends do not move, and their gradients are known.
        inner = jax.vmap(landscape.value_and_gradient)(images[1:-1])
        energies = s.energies.at[1:-1].set(inner[0])
        gradients = s.gradients.at[1:-1].set(inner[1])
        across = jnp.linalg.norm(_across(gradients, _tangents(images, energies))[1:-1])
        return _State(
            images, energies, gradients, s.images, force, s.spring, s.spacing, s.enough,
            s.steps + 1, across < s.enough,
        )  # fmt: skip

    def result(self, landscape: AbstractLandscape, state: _State) -> dict:
        """Return a point in each gap between neighbouring images, and whether it is a maximum of the band.

        **Returns:** a dictionary of `guesses` (images + 1, dim), unit `tangents` (images + 1, dim),
        `is_maximum` (images + 1,) and the number of `gradients` spent.
        """
        guesses = _maxima(landscape, state.images, state.energies, state.gradients)
        return guesses | {"gradients": (state.steps + 1) * self.images + 2}


def _rate(s: _State, force: Images, first: Scalar) -> Scalar:
    """Return the Barzilai-Borwein step length, or a tenth of `first` before there is a history."""
    moved, change = s.images - s.previous, s.force - force
    overlap = jnp.sum(moved * change)
    usable = (s.steps > 0) & (overlap > 0)
    return jnp.where(usable, jnp.sum(moved**2) / jnp.where(usable, overlap, 1.0), 0.1 * first)


def _tangents(band: Images, energies: Energies) -> Images:
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
    # This force is switched off as the true force vanishes, so that the band converges (as in OPTIM).
    strength = 2.0 / jnp.pi * jnp.arctan(size / (jnp.sum(sideways**2, axis=1, keepdims=True) + 1e-300))
    return true + along + strength * (sideways - undone)


def _maxima(landscape: AbstractLandscape, band: Images, energies: Energies, gradients: Images) -> dict:
    """Return the maximum of the cubic in each gap, where it has one inside."""
    gap = band[1:] - band[:-1]
    # At the ends, which are minima, the slope is zero up to rounding of either sign.
    left = jnp.sum(gradients[:-1] * gap, axis=1).at[0].set(0.0)
    right = jnp.sum(gradients[1:] * gap, axis=1).at[-1].set(0.0)
    rise = energies[1:] - energies[:-1]
    # The energy rises at the left end of the gap and falls at its right end: one maximum inside. A gap
    # that begins in a minimum narrower than the gap may have nothing but the fall.
    inner = jnp.arange(left.shape[0])
    is_maximum = jnp.where(inner == inner[-1], left > 0, right < 0) & (left >= 0) & (right <= 0)
    # Where a band is bent, slopes on both sides of its highest image can agree: the image is the guess.
    middle = (energies[1:-1] > energies[:-2]) & (energies[1:-1] > energies[2:])
    middle = jnp.append(middle & ~is_maximum[:-1] & ~is_maximum[1:], False)
    cubic = left + right - 2.0 * rise
    square = 3.0 * rise - 2.0 * left - right
    root = jnp.sqrt(jnp.maximum(square**2 - 3.0 * cubic * left, 0.0))
    denominator = square - root
    place = -left / jnp.where(denominator == 0, -1.0, denominator)
    place = jnp.clip(jnp.where(jnp.isfinite(place), place, 0.5), 0.1, 0.9)
    place, is_maximum = jnp.where(middle, 1.0, place), is_maximum | middle
    guesses = jax.vmap(landscape.geometry.retract)(band[:-1] + place[:, None] * gap)
    length = jnp.linalg.norm(gap, axis=1, keepdims=True)
    return {"guesses": guesses, "tangents": gap / (length + 1e-300), "is_maximum": is_maximum}
