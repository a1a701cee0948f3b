"""Finite groups of orthogonal maps that leave an energy unchanged."""

import abc
import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


HostPoint = Float[np.ndarray, " dim"]
HostImages = Float[np.ndarray, "images dim"]

SAME_POINT = 1e-6  # default relative difference up to which two points count as the same


class Alignment(NamedTuple):
    """The image of a point that lies nearest to another point.

    **Arguments:**

    - `image`: the image, shape (dim,), parameter units.
    - `distance`: its Euclidean distance to the other point, parameter units.
    - `exact`: whether no other image can be nearer; otherwise `distance` is an upper bound.
    """

    image: HostPoint
    distance: float
    exact: bool


class AbstractSymmetry(abc.ABC):
    """A finite group of orthogonal maps of the variables that leave the energy unchanged.

    A landscape returns one as its `symmetry`, and points that these maps turn into each other count as one.
    The maps keep distances, so the aligned distance min_g ||a - g b|| is a metric on orbits.
    """

    @property
    @abc.abstractmethod
    def order(self) -> int:
        """Number of group elements; a Python integer, since it can exceed 64 bits."""

    @abc.abstractmethod
    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return the image of `b` nearest to `a`, argmin_(g b) ||a - g b||.

        **Arguments:**

        - `a`, `b`: points, shape (dim,), parameter units.

        **Returns:** `Alignment`: the image, its distance, and whether it is certainly the nearest.
        """

    @abc.abstractmethod
    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return the number of distinct images of `x`, |group| / |stabiliser of x|.

        **Arguments:**

        - `x`: the point, shape (dim,), parameter units.
        - `tol`: variables count as equal if they differ by at most `tol * max(1, |x|_inf)`; dimensionless.

        **Returns:** the number of images, a Python integer.
        """

    @abc.abstractmethod
    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return at most `limit` images of `x` under elementary maps, nearest first.

        The images differ from `x` and from one another. A search between a minimum and one of them can find
        the transition states that connect the minimum with its own images.

        **Arguments:**

        - `x`: the point, shape (dim,), parameter units.
        - `limit`: the most images to return.

        **Returns:** the images, shape (images, dim).
        """

    @abc.abstractmethod
    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return the image of `x` under an element drawn uniformly from the group."""

    def in_units(self, unit: Float[np.ndarray, "..."]) -> "AbstractSymmetry":
        """Return the same maps in other units of the variables."""
        return self

    def fold(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points dim"]:
        """Return the points as they are stored, with periodic variables between 0 and the period."""
        return x

    def norms(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
        """Return one number per point that is the same for all its images.

        A displacement changes it by at most the length of the displacement, so points with different
        numbers are far apart.
        """
        # If squares overflow, the norm is infinite and the point counts as different from all others.
        with np.errstate(over="ignore"):
            return np.linalg.norm(x, axis=1)


class NoSymmetry(AbstractSymmetry):
    """The trivial group, for landscapes without symmetry."""

    @property
    def order(self) -> int:
        """One."""
        return 1

    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return `b` itself and its distance to `a`."""
        a, b = np.asarray(a, float), np.asarray(b, float)
        return Alignment(b, float(np.linalg.norm(a - b)), True)

    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return one."""
        return 1

    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return no image, shape (0, dim)."""
        return np.empty((0, len(x)))

    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return `x` itself."""
        return np.asarray(x, float)

    # Landscapes hold their group as a static field: groups must compare equal to avoid compilation.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, NoSymmetry)

    def __hash__(self) -> int:
        return hash(NoSymmetry)


class FiniteSymmetry(AbstractSymmetry):
    """A group given as the list of its elements, image_k = signs[k] * x[indices[k]].

    **Arguments:**

    - `indices`: permutations of the variables, integers, shape (order, dim).
    - `signs`: +1 or -1, shape (order, dim).

    **Raises:** `ValueError` if the elements are not signed permutations, are repeated, or do not
    form a group.
    """

    def __init__(self, indices: Int[np.ndarray, "order dim"], signs: Int[np.ndarray, "order dim"]):
        self.indices, self.signs = np.asarray(indices), np.asarray(signs)
        _check_group(self.indices, self.signs)

    @property
    def order(self) -> int:
        """Number of elements listed."""
        return len(self.indices)

    def images(self, x: HostPoint) -> HostImages:
        """Return the image of `x` under every element, shape (order, dim)."""
        return self.signs * np.asarray(x, float)[self.indices]

    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return the image of `b` nearest to `a`; always exact."""
        images = self.images(b)
        distances = np.linalg.norm(images - np.asarray(a, float), axis=1)
        nearest = int(np.argmin(distances))
        return Alignment(images[nearest], float(distances[nearest]), True)

    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return the order divided by the number of elements that leave `x` fixed."""
        x = np.asarray(x, float)
        return self.order // int(np.sum(np.abs(self.images(x) - x).max(axis=1) <= margin(x, tol)))

    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return the nearest of the images under all elements."""
        images = self.images(x)
        nearest_first = np.argsort(np.linalg.norm(images - x, axis=1), kind="stable")
        return distinct_images(x, images[nearest_first], limit)

    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return the image under an element drawn uniformly."""
        return self.images(x)[rng.integers(self.order)]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, FiniteSymmetry)
            and np.array_equal(self.indices, other.indices)
            and np.array_equal(self.signs, other.signs)
        )

    def __hash__(self) -> int:
        return hash((self.indices.tobytes(), self.signs.tobytes()))


def sign_symmetry(dim: int) -> FiniteSymmetry:
    """Return the group {x, -x} of an even energy, such as a spin glass with even p."""
    return FiniteSymmetry(
        np.tile(np.arange(dim), (2, 1)), np.stack([np.ones(dim, int), -np.ones(dim, int)])
    )


def even_signs(sizes: Sequence[int]) -> FiniteSymmetry:
    """Return the group that flips the signs of an even number of parts; it has 2^(parts - 1) elements.

    **Arguments:**

    - `sizes`: number of variables of each part, in the order of the parts in a point.
    """
    flips = np.array(list(itertools.product((1, -1), repeat=len(sizes))))
    even = flips[np.prod(flips, axis=1) == 1]
    return FiniteSymmetry(np.tile(np.arange(sum(sizes)), (len(even), 1)), np.repeat(even, sizes, axis=1))


def margin(x: HostPoint, tol: float = SAME_POINT) -> float:
    """Return the difference up to which two variables of `x` count as equal, parameter units."""
    return tol * max(1.0, float(np.abs(x).max(initial=0.0)))


def distinct_images(x: HostPoint, images: Iterable[HostPoint], limit: int) -> HostImages:
    """Keep the first `limit` images that differ from `x` and from one another.

    **Arguments:**

    - `x`: the point, shape (dim,), parameter units.
    - `images`: images of `x`, each of shape (dim,); they are read only as far as needed.
    - `limit`: largest number of images to keep.

    **Returns:** the images in the order given, shape (kept, dim).
    """
    x = np.asarray(x, float)
    same = margin(x)
    kept = np.empty((max(limit, 0) + 1, len(x)))
    kept[0], count = x, 1
    for image in images:
        if count == len(kept):
            break
        if (np.abs(kept[:count] - image).max(axis=1) > same).all():
            kept[count] = image
            count += 1
    return kept[1:count]


def _check_group(indices: np.ndarray, signs: np.ndarray):
    """Raise `ValueError` unless the signed permutations are distinct and closed under composition."""
    if indices.ndim != 2 or indices.shape != signs.shape or len(indices) == 0:
        raise ValueError(
            "`indices` and `signs` need the same shape (order, dim), order at least 1; "
            f"got {indices.shape} and {signs.shape}."
        )
    dim = indices.shape[1]
    if not ((np.sort(indices, axis=1) == np.arange(dim)).all() and (np.abs(signs) == 1).all()):
        raise ValueError(f"Each row of `indices` must permute 0..{dim - 1} and `signs` must be +1 or -1.")
    # With variables numbered from 1, the sign makes an element one array of signed integers.
    elements = {row.tobytes() for row in (signs * (1 + indices)).astype(np.int64)}
    if len(elements) != len(indices):
        raise ValueError("`indices` and `signs` list an element of the group twice.")
    # A finite set of permutations closed under composition contains the identity and all inverses.
    for index, sign in zip(indices, signs):
        products = (sign * signs[:, index]) * (1 + indices[:, index])
        if not elements.issuperset(row.tobytes() for row in products.astype(np.int64)):
            raise ValueError(
                "`indices` and `signs` do not form a group: "
                "the composition of two elements is not in the list."
            )
