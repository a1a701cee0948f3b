"""Starts of searches: random points, displaced points, and points fixed by elements of a symmetry group.

Start i of a batch uses the random key `fold_in(key, numbers[i])`, so it does not depend on the batch.
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
    """Draw `landscape.sample(fold_in(key, number))` for every number.

    **Arguments:**

    - `landscape`: the landscape.
    - `key`: JAX random key.
    - `numbers`: whole numbers, shape (starts,).
    - `workers`: threads; default one per core.

    **Returns:** starts, shape (starts, dim), parameter units.

    **Raises:** `ValueError` if `key` is not a random key.
    """
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
    """Displace every row of `x` by normally distributed numbers.

    Their standard deviation is drawn log-uniformly from step/10 to step: short displacements reach
    neighbouring minima, long ones leave the funnel.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`: points, shape (starts, dim), parameter units.
    - `key`: JAX random key.
    - `numbers`: whole numbers, shape (starts,).
    - `step`: largest standard deviation of the change of a variable, parameter units. Default: the
        landscape's length scale, divided by sqrt(dim) where the `hop` of the toolkit is `point`, since
        otherwise a displacement of thousands of variables would leave nothing of the point; or the root
        mean square variable of the point where that is larger.
    - `toolkit`: default `toolkit_for(landscape)`.
    - `workers`: threads; default one per core.

    **Returns:** displaced points, shape (starts, dim), parameter units.

    **Raises:** `ValueError` if the points do not fit, or `key` is not a random key.
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
    """Return a point near `x` that some elements of the symmetry group leave fixed.

    The average of a point and its image under an element of order two is fixed by that element, and the
    gradient of an invariant function at a fixed point is fixed, too. Searches from fixed points therefore
    find points of small orbits that random starts miss, such as a network of zero weights. The point is
    averaged once in half of the cases, twice in a quarter, and so on, and up to sixteen times in one case
    of sixteen.

    **Arguments:**

    - `landscape`: the landscape.
    - `x`: shape (dim,), parameter units.
    - `rng`: random generator that chooses the elements.

    **Returns:** shape (dim,), parameter units.

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
            break  # on a sphere, antipodes have no middle
        x = nearest
    return x * unit


def check_key(name: str, value: Any) -> jax.Array:
    """Return a JAX random key; raises `ValueError` for anything else."""
    is_key = isinstance(value, jax.Array) and (
        value.shape == ()
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
        else value.shape == (2,) and value.dtype == np.uint32  # a key of jax.random.PRNGKey
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
