"""Where searches begin: displaced points, and points that a symmetry leaves where they are."""

import jax
import numpy as np

from lossatlas.landscapes import AbstractLandscape


def perturb(landscape: AbstractLandscape, x: np.ndarray, step: float, key: jax.Array) -> np.ndarray:
    """Displace a point by normal steps of standard deviation `step`, in parameter units.

    The step is multiplied by a number drawn log-uniformly from 1/10 to 1: short hops find the
    neighbours, long ones leave the funnel.
    """
    normal, scale = jax.random.split(key)
    length = step * 10.0 ** -jax.random.uniform(scale)
    moved = x + length * jax.random.normal(normal, (landscape.dimension,))
    return np.asarray(landscape.geometry.retract(moved))


def default_step(landscape: AbstractLandscape, x: np.ndarray) -> float:
    """Return the landscape's length scale, or the root mean square variable where that is larger."""
    return max(landscape.length_scale, float(np.sqrt(np.mean(x * x))))


def symmetrised(landscape: AbstractLandscape, x: np.ndarray, key: jax.Array) -> np.ndarray:
    """Return a point near `x` that one or two elements of the symmetry group leave where it is.

    Averaging a point with its image under an element of order two projects it on the points fixed by
    that element; the gradient of an invariant function there has no component out of them.

    Source: Palais, Commun. Math. Phys. 69, 19 (1979), doi:10.1007/BF01941322.
    """
    for i in range(1 + int(jax.random.bernoulli(jax.random.fold_in(key, 2)))):
        images = landscape.symmetry.neighbour_images(x, 64)
        if not len(images):
            break
        choice = int(jax.random.randint(jax.random.fold_in(key, i), (), 0, len(images)))
        middle = 0.5 * (x + images[choice])
        if np.linalg.norm(middle) < 1e-12 * np.linalg.norm(x):
            break  # on a sphere the middle of a point and its antipode is nowhere
        x = np.asarray(landscape.geometry.retract(middle))
    return x
