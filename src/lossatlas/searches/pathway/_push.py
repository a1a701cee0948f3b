"""The displacement from a transition state with which a pathway begins."""

import jax
import jax.numpy as jnp

from lossatlas._types import Point, Scalar
from lossatlas.landscapes import AbstractLandscape


PUSH = 0.02  # default displacement along the unstable mode, in length scales
SHORTER = 16  # number of shorter displacements tried, each 0.71 times the last: down to 1/256


def push_off(landscape: AbstractLandscape, x: Point, direction: Point, push: float) -> tuple[Point, Scalar]:
    """Return the point where a pathway begins, and its distance to the transition state.

    The distance is `push` length scales, or less where that would pass a minimum: around a trivial minimum
    with a curvature of 1e-6 the transition states are 0.003 away. It is the longest of the distances tried
    such that the energy still falls at this distance and at all shorter ones. The distances are so dense
    that a minimum, and the rise to a mirror image of the transition state at twice its distance, cannot lie
    between two of them.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`, `direction`: the transition state and its unit unstable mode, shape (dim,).
    - `push`: largest distance, in length scales.
    """
    distances = push * landscape.length_scale * 0.5 ** (0.5 * jnp.arange(SHORTER + 1.0))[::-1]

    def falls(distance: Scalar):
        return direction @ landscape.value_and_gradient(x + distance * direction)[1] < 0.0

    falling = jnp.cumprod(jax.lax.map(falls, distances).astype(int))  # from the shortest distance on
    distance = distances[jnp.maximum(jnp.sum(falling) - 1, 0)]
    return landscape.geometry.retract(x + distance * direction), distance
