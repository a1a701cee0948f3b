"""A landscape with one number that changes, and Newton's method for its curves of stationary points."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array, Eigenvalues, Eigenvectors, Flag, Integer, Matrix, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches.curvature import gradient_tolerance, spectrum_of


CORRECTIONS = 10  # Newton steps at most
SETTLED = 1e-9  # length of a Newton step after which the next is rounding: convergence is quadratic
USABLE = 1e-6  # length of the last step up to which a place counts: near bifurcations rounding is larger

Place = Float[Array, " place"]  # (x / unit, s), shape (dim + 1,)
Jacobian = Float[Array, "dim place"]


class Family(eqx.Module):
    """A landscape with a number p that runs from `start` at s = 0 to `end` at s = 1.

    p(s) = start (end / start)^s if `logarithmic`, else start + s (end - start). Places on curves of
    stationary points are vectors z = (x / unit, s), shape (dim + 1,), dimensionless: `unit` is the length
    scale of the landscape times sqrt(dim), so |dz|^2 is the mean square change of a variable in length
    scales, plus ds^2.

    **Arguments:**

    - `landscape`: the landscape at any value of p.
    - `start`, `end`: values of p at s = 0 and s = 1.
    - `where`: function that returns the leaf of a landscape that holds p.
    - `logarithmic`: whether p is exponential in s; needs positive `start` and `end`.
    """

    landscape: AbstractLandscape
    start: Scalar
    end: Scalar
    where: Callable = eqx.field(static=True)
    logarithmic: bool = eqx.field(static=True)

    @property
    def dimension(self) -> int:
        """Number of variables, s left out."""
        return self.landscape.dimension

    @property
    def shares_passes(self) -> bool:
        """False: the cost of a step is a decomposition, which lanes cannot share."""
        return False

    @property
    def unit(self) -> float:
        """Parameter units per unit of z."""
        return self.landscape.length_scale * self.dimension**0.5

    def value(self, s: Array | np.ndarray | float) -> Array:
        """Return p(s), of the shape of s."""
        if self.logarithmic:
            return self.start * (self.end / self.start) ** s
        return self.start + s * (self.end - self.start)

    def at(self, s: Scalar) -> AbstractLandscape:
        """Return the landscape at s."""
        return eqx.tree_at(self.where, self.landscape, self.value(s))

    def place(self, x: Point, s: Scalar) -> Place:
        """Return the place z = (x / unit, s), shape (dim + 1,)."""
        return jnp.append(x / self.unit, s)

    def point(self, z: Place) -> Point:
        """Return the point x of a place, shape (dim,), parameter units."""
        return self.unit * z[:-1]

    def retract(self, z: Place) -> Place:
        """Return the place at the same s whose point lies on the landscape's geometry, nearest to z."""
        return self.place(self.landscape.geometry.retract(self.point(z)), z[-1])


class Local(NamedTuple):
    """Derivatives at a place.

    - `energy`: loss units.
    - `gradient`: tangent gradient, shape (dim,).
    - `hessian`: shape (dim, dim).
    - `jacobian`: derivatives of the gradient with respect to z, shape (dim, dim + 1), with the identity
        along forced zero modes, along which the gradient vanishes.
    """

    energy: Scalar
    gradient: Point
    hessian: Matrix
    jacobian: Jacobian


def look(family: Family, z: Place) -> Local:
    """Return energy, gradient, Hessian and Jacobian at a place."""
    x, s = family.point(z), z[-1]
    landscape = family.at(s)
    energy, gradient = landscape.value_and_gradient(x)
    hessian = landscape.hessian(x)
    slope = _gradient_by_s(family, x, s)
    modes = landscape.zero_modes(x)
    inside = jnp.eye(x.shape[0]) - modes.T @ modes
    matrix = inside @ hessian @ inside + modes.T @ modes
    jacobian = jnp.concatenate([family.unit * matrix, (inside @ slope)[:, None]], axis=1)
    return Local(energy, inside @ gradient, hessian, jacobian)


def _gradient_by_s(family: Family, x: Point, s: Scalar) -> Point:
    """Return the derivative of the gradient with respect to s, shape (dim,)."""

    def gradient(s: Scalar) -> Point:
        return family.at(s).value_and_gradient(x)[1]

    if family.landscape.forward_mode:
        return jax.jvp(gradient, (s,), (jnp.ones_like(s),))[1]
    # The pullback v -> v . dg/ds is linear in v, so its derivative with respect to v is dg/ds.
    pullback = jax.vjp(gradient, s)[1]
    return jax.grad(lambda vector: pullback(vector)[0])(jnp.zeros_like(x))


def spectrum_at(family: Family, z: Place, local: Local) -> tuple[Eigenvalues, Eigenvectors]:
    """Return eigenvalues and eigenvectors of the Hessian, forced zero modes left out."""
    return spectrum_of(local.hessian, family.landscape.zero_modes(family.point(z)))


def is_stationary(family: Family, z: Place, local: Local, eigenvalues: Eigenvalues) -> Flag:
    """Return whether the gradient is at rounding level."""
    rms = jnp.linalg.norm(local.gradient) / jnp.sqrt(1.0 * family.dimension)
    return rms <= gradient_tolerance(eigenvalues, family.point(z))


class Corrected(NamedTuple):
    """The end of Newton's method.

    - `z`: the place, shape (dim + 1,); `local`: the derivatives there.
    - `last`: length of the last step, dimensionless; `steps`: number of steps.
    """

    z: Place
    local: Local
    last: Scalar
    steps: Integer


def correct(family: Family, guess: Place, border: Place) -> Corrected:
    """Solve gradient(z) = 0 and border . (z - guess) = 0 by Newton's method.

    The bordered system is regular at folds, where the Hessian alone is singular.

    **Arguments:**

    - `guess`: a place near the curve, shape (dim + 1,).
    - `border`: a direction not far from the tangent of the curve, shape (dim + 1,).
    """

    def newton(state):
        (z, _, last, steps), _ = state
        local = look(family, z)
        missed = jnp.append(local.gradient, border @ (z - guess))
        step = jnp.linalg.solve(jnp.concatenate([local.jacobian, border[None, :]]), missed)
        # The last iteration makes no step, so that the derivatives belong to the place returned.
        size = jnp.linalg.norm(step)
        ends = (last <= SETTLED) | (steps == CORRECTIONS) | ~jnp.isfinite(size)
        following = jnp.where(ends, z, family.retract(z - step))
        last = jnp.where(ends, last, size)
        return Corrected(following, local, last, steps + ~ends), ends

    z = family.retract(guess)
    empty = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), jax.eval_shape(look, family, z))
    start = Corrected(z, empty, jnp.asarray(jnp.inf), jnp.asarray(0))
    return jax.lax.while_loop(lambda state: ~state[1], newton, (start, jnp.asarray(False)))[0]


def tangent(jacobian: Jacobian, along: Place) -> Place:
    """Return the unit vector t with jacobian t = 0 and along . t > 0, shape (dim + 1,)."""
    matrix = jnp.concatenate([jacobian, along[None, :]])
    direction = jnp.linalg.solve(matrix, jnp.zeros_like(along).at[-1].set(1.0))
    return direction / jnp.linalg.norm(direction)
