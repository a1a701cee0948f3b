"""Directions that cross the kinks at a point, read from the program of the energy."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Float, Int

from lossatlas._types import Array, Flag, Images, Point
from lossatlas.landscapes import AbstractLandscape, switches


Switches = Float[Array, "switches"]

SWITCHES, CELLS = 8, 8  # nearest surfaces that are crossed, and cells between them that are entered
CANDIDATES = 64  # nearest switches among which these surfaces are chosen
CAUTION = 4.0  # factor on distances, which random directions estimate


def across_switches(landscape: AbstractLandscape, x: Point, within: float) -> Images:
    """Return directions across the kinks that a point may lie on, shape (directions, dim).

    A kink may show only within a cone so narrow that random directions miss it. The cone is bounded by
    surfaces on which switches of the energy vanish. If their normals are linearly independent, the rows of
    the pseudo-inverse of the matrix of normals cross one surface each, and sums of these rows with signs
    lead into the cells between all the surfaces. Directions that are not needed are zero.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `x`: the point, shape (dim,).
    - `within`: largest distance of a surface from the point, in length scales.

    Source: Griewank & Walther, Optim. Methods Softw. 31, 904 (2016), doi:10.1080/10556788.2016.1189549;
    the directions into cells are ours.
    """
    values = functools.partial(switches, landscape.surface_energy)
    count = jax.eval_shape(values, x).shape[0]
    if count == 0:
        return jnp.zeros((0, x.shape[0]))
    here, pull = jax.vjp(values, x)
    nearest = _nearest(*_distances(values, x))
    normals = jax.lax.map(lambda i: pull(jnp.zeros(count).at[i].set(1.0))[0], nearest)
    lengths = jnp.linalg.norm(normals, axis=1)
    near = jnp.abs(here[nearest]) <= within * landscape.length_scale * lengths
    units = jnp.where(near[:, None], normals / (lengths[:, None] + 1e-300), 0.0)
    crossing = jnp.linalg.pinv(units, rtol=1e-8).T
    signs = jax.random.rademacher(jax.random.key(3), (CELLS, len(nearest)), dtype=float)
    return jnp.concatenate([units, crossing, signs @ crossing])


def is_at_switch(landscape: AbstractLandscape, x: Point, within: float) -> Flag:
    """Return whether a kink may lie within about so many length scales of a point."""
    distances, _ = _distances(functools.partial(switches, landscape.surface_energy), x)
    return jnp.any(distances <= CAUTION * within * landscape.length_scale)


def _distances(
    values: Callable[[Point], Switches], x: Point
) -> tuple[Switches, Float[Array, "moves switches"]]:
    """Return estimated distances of the surfaces, and changes of their switches along random directions."""
    here = values(x)
    moves = jax.random.normal(jax.random.key(2), (4, x.shape[0]))
    slopes = jax.lax.map(lambda move: jax.jvp(values, (x,), (move,))[1], moves)
    sizes = jnp.linalg.norm(slopes, axis=0)
    # A switch that stays zero, such as that of a node without weights, has no surface.
    usable = jnp.isfinite(here) & jnp.isfinite(sizes) & (sizes > 0)
    return jnp.where(usable, jnp.abs(here) / jnp.where(usable, sizes, 1.0), jnp.inf), slopes


def _nearest(distances: Switches, slopes: Float[Array, "moves switches"]) -> Int[Array, " nearest"]:
    """Return the positions of the switches whose surfaces are nearest, each surface once."""
    first = jax.lax.top_k(-distances, min(CANDIDATES, len(distances)))[1]
    units = slopes[:, first] / (jnp.linalg.norm(slopes[:, first], axis=0) + 1e-300)[None]
    # A loop meets one surface in each of its turns: the slopes of its switches are parallel.
    again = jnp.any(jnp.tril(jnp.abs(units.T @ units) > 1 - 1e-12, -1), axis=1)
    kept = jnp.where(again, jnp.inf, distances[first])
    return first[jax.lax.top_k(-kept, min(SWITCHES, len(first)))[1]]
