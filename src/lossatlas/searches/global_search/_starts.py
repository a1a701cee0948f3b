"""Where searches begin: random points, displaced points, points that a symmetry leaves where they are.

Start i of a batch uses the random key `fold_in(key, numbers[i])`, whatever the batch.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from lossatlas._types import Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, dimensionless
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._toolkit import Toolkit, toolkit_for


def random_starts(
    landscape: AbstractLandscape,
    key: PRNGKeyArray,
    numbers: np.ndarray,
    *,
    workers: int | None = None,
) -> np.ndarray:
    """Draw `landscape.sample(fold_in(key, number))` for every number; shape (starts, dim)."""
    return run_batch(_draw, landscape, *_lanes(key, numbers), workers=workers)


def perturbed(
    landscape: AbstractLandscape,
    x: np.ndarray,
    key: PRNGKeyArray,
    numbers: np.ndarray,
    *,
    step: float | None = None,
    toolkit: Toolkit | None = None,
    workers: int | None = None,
) -> np.ndarray:
    """Displace every row of `x`, shape (starts, dim), by a normal step.

    The standard deviation is drawn log-uniformly from step/10 to step: short hops find the neighbours,
    long ones leave the funnel. Default step: the landscape's length scale, or the root mean square variable
    of the point where that is larger; parameter units. Where the `hop` of the toolkit says `point`, that
    length scale is that of the whole displacement: with thousands of variables nothing would be left of the
    point if it were that of each of them.
    """
    unit, own = landscape.units, dimensionless(landscape)
    x = as_points(landscape, x, "x") / unit.variables
    step = None if step is None else step / unit.length
    hop = (toolkit_for(landscape) if toolkit is None else toolkit).hop
    least = own.length_scale / (np.sqrt(landscape.dimension) if hop == "point" else 1.0)
    size = np.maximum(least, np.sqrt(np.mean(x * x, axis=1)))
    longest = size if step is None else np.full(len(x), step)
    return run_batch(_displace, own, *_lanes(key, numbers), x, longest, workers=workers) * unit.variables


def symmetrised(landscape: AbstractLandscape, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a point near `x` that some elements of the symmetry group leave where it is.

    Averaging a point with its image under an element of order two projects it on the points fixed by
    that element; the gradient of an invariant function there has no component out of them. So the
    points of small orbits are found that random starts miss, such as a network of zero weights. One
    element in half of the cases, two in a quarter, and so on; in one case of sixteen up to sixteen.

    **Arguments:**

    - `x`: shape (dim,).
    - `rng`: chooses the elements.

    Source: Palais, Commun. Math. Phys. 69, 19 (1979), doi:10.1007/BF01941322.
    """
    unit, own = landscape.units.variables, dimensionless(landscape)
    x = x / unit
    elements = 16 if rng.random() < 0.0625 else rng.geometric(0.5)
    for _ in range(elements):
        images = own.symmetry.neighbour_images(x, 64)
        if not len(images):
            break
        middle = 0.5 * (x + images[rng.integers(len(images))])
        nearest = np.asarray(own.geometry.retract(middle))
        if not np.all(np.isfinite(nearest)):
            break  # on a sphere the middle of a point and its antipode is nowhere
        x = nearest
    return x * unit


def check_key(name: str, value: Any) -> jax.Array:
    """Return a JAX random key, or say how to make one; raises `ValueError`."""
    is_key = isinstance(value, jax.Array) and (
        value.shape == ()
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
        else value.shape == (2,) and value.dtype == np.uint32  # as PRNGKey makes
    )
    if not is_key:
        raise ValueError(f"`{name}` must be one JAX random key, such as jax.random.key(0), got {value!r}.")
    return value


def _lanes(key: PRNGKeyArray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.asarray(numbers, dtype=np.int64)
    data = np.asarray(jax.random.key_data(check_key("key", key)))
    return np.broadcast_to(data, (len(numbers), *data.shape)), numbers


def _draw(landscape: AbstractLandscape, data: jax.Array, number: Integer) -> Point:
    return landscape.sample(jax.random.fold_in(jax.random.wrap_key_data(data), number))


def _displace(
    landscape: AbstractLandscape, data: jax.Array, number: Integer, x: Point, longest: Scalar
) -> Point:
    key = jax.random.fold_in(jax.random.wrap_key_data(data), number)
    normal, scale = jax.random.split(key)
    length = longest * 10.0 ** -jax.random.uniform(scale)
    moved = x + length * jax.random.normal(normal, (landscape.dimension,))
    return landscape.geometry.retract(jnp.asarray(moved))
