"""Three atoms with Lennard-Jones pairs and the Axilrod-Teller three-body term."""

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float, PRNGKeyArray

from lossatlas._types import Array, Modes, Point, Scalar

from ._geometry import AbstractGeometry
from ._landscape import AbstractLandscape
from ._smoothness import Smoothness
from ._symmetry import (
    SAME_POINT,
    AbstractSymmetry,
    Alignment,
    HostImages,
    HostPoint,
    margin,
)


CUBE = 2.0 * math.sqrt(3.0)  # side of the cube that starts are drawn from, in units of sigma


class Triatomic(AbstractLandscape):
    """Three identical atoms in the plane, sigma = epsilon = 1.

        V = 4 sum_{i<j} (r_ij^-12 - r_ij^-6) + Z (1 + 3 cos t1 cos t2 cos t3) / (r12 r13 r23)^3

    where r_ij are distances and t1, t2, t3 the inner angles of the triangle. Three atoms always lie in a
    plane and the forces keep them there, so a point is (x1, y1, x2, y2, x3, y3) with its centroid at the
    origin; a minimisation in space would take the same steps. Vibrations out of the plane (a linear
    molecule has one) are not part of the spectrum.

    For Z = 2 the minima are the equilateral triangle, V = -2.18509884, and the linear molecules with any of
    the three atoms in the middle, V = -2.21909817.

    **Arguments:**

    - `z`: strength Z of the three-body term, in units of epsilon sigma^9.

    **Raises:** `ValueError` if `z` is not one finite real number.

    Source: Axilrod & Teller, J. Chem. Phys. 11, 299 (1943), doi:10.1063/1.1723844; with Z = 2 as a test of
    learning: Ballard, Stevenson, Das & Wales, J. Chem. Phys. 144, 124119 (2016), doi:10.1063/1.4944672.
    """

    z: Scalar

    def __init__(self, z: Any = 2.0):
        strength = np.asarray(z)
        if strength.shape != () or strength.dtype.kind not in "fiu" or not np.isfinite(strength):
            raise ValueError(f"`z` must be one finite real number, got {z!r}.")
        self.z = jnp.asarray(strength.astype(np.float64))

    @property
    def dimension(self) -> int:
        """Six."""
        return 6

    def energy(self, x: Point) -> Scalar:
        """Return V in units of epsilon, from squared distances."""
        (a, b, c), _ = _squared_distances(x)
        inverse = 1.0 / (a * b * c)
        u, v, w = b * c * inverse, a * c * inverse, a * b * inverse
        u3, v3, w3 = u * u * u, v * v * v, w * w * w
        pairs = u3 * (u3 - 1.0) + v3 * (v3 - 1.0) + w3 * (w3 - 1.0)
        # Law of cosines: the roots of the three cosines multiply to a b c.
        cosines = 0.125 * (b + c - a) * (a + c - b) * (a + b - c) * inverse
        return 4.0 * pairs + self.z * (1.0 + 3.0 * cosines) * inverse * jnp.sqrt(inverse)

    def value_and_gradient(self, x: Point) -> tuple[Scalar, Point]:
        """Return V and its gradient, computed with one division and one root for both."""
        (a, b, c), (x12, y12, x13, y13, x23, y23) = _squared_distances(x)
        inverse = 1.0 / (a * b * c)
        u, v, w = b * c * inverse, a * c * inverse, a * b * inverse
        u3, v3, w3 = u * u * u, v * v * v, w * w * w
        pairs = u3 * (u3 - 1.0) + v3 * (v3 - 1.0) + w3 * (w3 - 1.0)
        # The three-body term is F + P G with F = Z (abc)^(-3/2), G = 3/8 Z (abc)^(-5/2), P = k l m.
        k, l, m = b + c - a, a + c - b, a + b - c
        kl, km, lm = k * l, k * m, l * m
        f = self.z * inverse * jnp.sqrt(inverse)
        g = 0.375 * inverse * f
        pg = kl * m * g
        shared = 1.5 * f + 2.5 * pg
        # Twice the derivatives with respect to the squared distances, since d(r^2)/dx_i = 2 (x_i - x_j).
        along12 = 2.0 * (u * (u3 * (12.0 - 24.0 * u3) - shared) + g * (kl + km - lm))
        along13 = 2.0 * (v * (v3 * (12.0 - 24.0 * v3) - shared) + g * (kl + lm - km))
        along23 = 2.0 * (w * (w3 * (12.0 - 24.0 * w3) - shared) + g * (km + lm - kl))
        gradient = jnp.stack(
            [
                along12 * x12 + along13 * x13,
                along12 * y12 + along13 * y13,
                along23 * x23 - along12 * x12,
                along23 * y23 - along12 * y12,
                -along13 * x13 - along23 * x23,
                -along13 * y13 - along23 * y23,
            ]
        )
        return 4.0 * pairs + f + pg, gradient

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw atoms uniformly from a cube of side 2 sqrt(3) sigma, and turn them into the plane."""
        return planar(CUBE * jax.random.uniform(key, (3, 3)))

    def fingerprint(self) -> dict[str, Any]:
        """Return the strength of the three-body term."""
        return {"landscape": "triatomic", "z": float(self.z)}

    @property
    def geometry(self) -> AbstractGeometry:
        """Atoms with their centroid at the origin."""
        return Centred()

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Permutations of the atoms, rotations and reflections of the plane."""
        return PlanarSymmetry()

    def zero_modes(self, x: Point) -> Modes:
        """Return the unit directions of two translations and the rotation, shape (3, 6)."""
        atoms = x.reshape(3, 2)
        atoms = atoms - jnp.mean(atoms, axis=0, keepdims=True)
        turn = jnp.stack([-atoms[:, 1], atoms[:, 0]], axis=1).reshape(6)
        turn = turn / jnp.maximum(jnp.linalg.norm(turn), 1e-300)
        shift = jnp.tile(jnp.eye(2), 3) / math.sqrt(3.0)
        return jnp.concatenate([shift, turn[None, :]])

    @property
    def smoothness(self) -> Smoothness:
        """Second derivatives exist everywhere."""
        return "smooth"

    @property
    def length_scale(self) -> float:
        """0.1 sigma, the length over which the repulsive wall rises."""
        return 0.1

    @property
    def region(self) -> float:
        """100 sigma: beyond 43 sigma the attraction, 24 r^-7, is below 1e-10, and atoms do not return."""
        return 100.0


class Centred(AbstractGeometry):
    """Atoms of equal mass in the plane with their centroid at the origin."""

    def retract(self, x: Point) -> Point:
        """Move the centroid to the origin."""
        third = 1.0 / 3.0
        return x - jnp.tile(third * (x[0:2] + x[2:4] + x[4:6]), 3)

    def normals(self, x: Point) -> Modes:
        """Return the unit directions of the two translations, shape (2, 6)."""
        return jnp.tile(jnp.eye(2), 3) / math.sqrt(3.0)


def planar(positions: Float[Array, "*batch atoms xyz"]) -> Float[Array, "*batch coordinates"]:
    """Turn three atoms into the plane; all distances are kept to rounding.

    In the result atom 2 lies to the right of atom 1, atom 3 does not lie below them, and the centroid is at
    the origin. The atoms may lie in a line or in one place.

    **Arguments:**

    - `positions`: Cartesian coordinates, shape (..., 3, 3), atoms by axes.

    **Returns:** (x1, y1, x2, y2, x3, y3), shape (..., 6), in the same unit.
    """
    to_second = positions[..., 1, :] - positions[..., 0, :]
    to_third = positions[..., 2, :] - positions[..., 0, :]
    length = jnp.linalg.norm(to_second, axis=-1, keepdims=True)
    # Where atoms 1 and 2 coincide, the direction to atom 3 is used.
    along = jnp.where(length > 0, to_second, to_third)
    along = along / jnp.maximum(jnp.linalg.norm(along, axis=-1, keepdims=True), 1e-300)
    right = jnp.sum(to_third * along, axis=-1, keepdims=True)
    up = jnp.linalg.norm(to_third - right * along, axis=-1, keepdims=True)
    zero = jnp.zeros_like(length)
    flat = jnp.concatenate([zero, zero, length, zero, right, up], axis=-1)
    centre = jnp.concatenate([length + right, up], axis=-1) / 3.0
    return flat - jnp.concatenate([centre, centre, centre], axis=-1)


def distances(x: Float[Array, "*batch coordinates"]) -> Float[Array, "*batch pairs"]:
    """Return r12, r13, r23 of planar atoms, shape (..., 3)."""
    squares, _ = _squared_distances(x)
    return jnp.sqrt(jnp.stack(squares, axis=-1))


class PlanarSymmetry(AbstractSymmetry):
    """Three identical atoms in the plane: permutations, reflection, and all rotations.

    Points have their centroid at the origin. All maps are orthogonal. The nearest image is found exactly,
    by enumeration of 6 permutations x 2 reflections, each with its best rotation in closed form.
    """

    @property
    def order(self) -> int:
        """Twelve: 6 permutations x 2 reflections; rotations are not counted."""
        return len(_PERMUTATIONS) * 2

    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return the image of `b` nearest to `a`; always exact."""
        images = _turned_towards(_to_complex(a), _elements(b))
        image = _to_real(images[np.argmin(np.linalg.norm(images - _to_complex(a), axis=1))])
        return Alignment(image, float(np.linalg.norm(image - np.asarray(a, float))), True)

    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return the number of permuted or reflected images that no rotation superposes.

        It is 12 for a triangle of three different sides, 6 for an isosceles one, and 2 for the equilateral
        one (numbered clockwise or not); 3 for a symmetric linear molecule, and 6 for other linear ones.
        """
        here = _to_complex(x)
        apart = np.abs(_turned_towards(here, _elements(x)) - here).max(axis=1)
        return self.order // int(np.sum(apart <= margin(_to_real(here), tol)))

    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return permuted and reflected images, each rotated as near to `x` as possible, nearest first."""
        here = _to_complex(x)
        same = margin(_to_real(here))
        images = _turned_towards(here, _elements(x))
        kept = [here]
        for i in np.argsort(np.linalg.norm(images - here, axis=1), kind="stable"):
            # Images that a rotation superposes count as one.
            apart = [np.abs(_turned_towards(other, images[i : i + 1]) - other).max() for other in kept]
            if len(kept) <= limit and min(apart) > same:
                kept.append(images[i])
        return np.array([_to_real(image) for image in kept[1:]]).reshape(-1, len(x))

    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return an image under a random permutation, reflection and rotation, drawn uniformly."""
        image = _elements(x)[rng.integers(self.order)]
        return _to_real(image * np.exp(2j * np.pi * rng.random()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlanarSymmetry)

    def __hash__(self) -> int:
        return hash(PlanarSymmetry)


_PERMUTATIONS = np.array(list(itertools.permutations(range(3))))

# Atoms of the plane as complex numbers: a rotation is a factor, a reflection the conjugate.
_Atoms = Complex[np.ndarray, " atoms"]
_Images = Complex[np.ndarray, "images atoms"]


def _to_complex(x: HostPoint) -> _Atoms:
    return np.ascontiguousarray(x, dtype=float).view(complex)


def _to_real(atoms: _Atoms) -> HostPoint:
    return np.ascontiguousarray(atoms).view(float)


def _elements(x: HostPoint) -> _Images:
    """Return the 12 permuted and reflected images, the identity first."""
    permuted = _to_complex(x)[_PERMUTATIONS]
    return np.concatenate([permuted, permuted.conj()])


def _turned_towards(target: _Atoms, images: _Images) -> _Images:
    """Rotate every image as near to the target as possible.

    ||a - e^(i t) b||^2 = ||a||^2 + ||b||^2 - 2 Re(e^(-i t) sum_j a_j b_j*) is least where t is the argument
    of the sum.
    """
    overlap = images.conj() @ target
    return images * np.exp(1j * np.angle(overlap))[:, None]


def _squared_distances(x: Float[Array, "*batch coordinates"]) -> tuple[tuple, tuple]:
    """Return the squares of r12, r13, r23, and the differences x12, y12, x13, y13, x23, y23."""
    x12, y12 = x[..., 0] - x[..., 2], x[..., 1] - x[..., 3]
    x13, y13 = x[..., 0] - x[..., 4], x[..., 1] - x[..., 5]
    x23, y23 = x[..., 2] - x[..., 4], x[..., 3] - x[..., 5]
    squares = x12 * x12 + y12 * y12, x13 * x13 + y13 * y13, x23 * x23 + y23 * y23
    return squares, (x12, y12, x13, y13, x23, y23)
