"""How far to step off a transition state before a pathway is followed."""

import jax
import jax.numpy as jnp

from lossatlas._types import Point, Scalar
from lossatlas.landscapes import AbstractLandscape


PUSH = 0.02  # off the transition state along the unstable mode, in length scales
SHORTER = 16  # distances that are tried below it, each 0.7 times the last: down to 1/181


def push_off(landscape: AbstractLandscape, x: Point, direction: Point, push: float) -> tuple[Point, Scalar]:
    """Return the point where a pathway begins, and its distance to the transition state.

    The distance is `push` length scales, or shorter where that leads over a minimum: near a trivial
    minimum with a curvature of 1e-6 the transition states around it are 0.003 away. It is the longest
    one up to which the energy falls at all shorter ones; these are so dense that a minimum, and the next
    rise to a mirror image of the transition state at twice its distance, cannot lie in between.

    **Arguments:**

    - `x`, `direction`: the transition state and the signed unstable mode, shape (dim,).
    - `push`: in length scales.
    """
    distances = push * landscape.length_scale * 0.5 ** (0.5 * jnp.arange(SHORTER + 1.0))[::-1]

    def falls(distance: Scalar):
        return direction @ landscape.value_and_gradient(x + distance * direction)[1] < 0.0

    falling = jnp.cumprod(jax.lax.map(falls, distances).astype(int))  # from the shortest on
    distance = distances[jnp.maximum(jnp.sum(falling) - 1, 0)]
    return landscape.geometry.retract(x + distance * direction), distance
