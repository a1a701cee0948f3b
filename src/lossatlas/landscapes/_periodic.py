"""The symmetry of periodic variables: shifts by whole periods, together with a finite group."""

import itertools

import numpy as np
from jaxtyping import Float

from ._symmetry import (
    SAME_POINT,
    AbstractSymmetry,
    Alignment,
    FiniteSymmetry,
    HostImages,
    HostPoint,
    NoSymmetry,
    distinct_images,
    margin,
)


class PeriodicSymmetry(AbstractSymmetry):
    """Shifts of variables by whole periods, together with a finite group that maps periods to periods.

    Points that differ by whole periods are one point, so orders and orbit sizes count images per cell of
    periods.

    **Arguments:**

    - `periods`: periods of the variables, shape (dim,), parameter units; infinite for others.
    - `group`: the finite group.
    """

    def __init__(self, periods: Float[np.ndarray, " dim"], group: FiniteSymmetry | NoSymmetry):
        self.periods, self.group = np.asarray(periods, float), group

    @property
    def order(self) -> int:
        """Number of elements of the finite group; shifts are not counted."""
        return self.group.order

    def in_units(self, unit: Float[np.ndarray, "..."]) -> "PeriodicSymmetry":
        """Return the same shifts in other units."""
        return PeriodicSymmetry(self.periods / unit, self.group)

    def fold(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points dim"]:
        """Return the points with every periodic variable shifted to between 0 and its period."""
        periodic = np.isfinite(self.periods)
        folded = np.array(x, float)
        folded[:, periodic] = np.mod(folded[:, periodic], self.periods[periodic])
        return folded

    def norms(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
        """Return the distance of each point from the nearest image of the origin under shifts."""
        return super().norms(self._nearest_to_zero(x))

    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return the image of `b` nearest to `a`; always exact."""
        a = np.asarray(a, float)
        images = a + self._nearest_to_zero(self._images(b) - a)
        distances = np.linalg.norm(images - a, axis=1)
        nearest = int(np.argmin(distances))
        return Alignment(images[nearest], float(distances[nearest]), True)

    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return the order divided by the number of elements that move `x` by whole periods, or not."""
        moved = self._nearest_to_zero(self._images(x) - np.asarray(x, float))
        return self.order // int(np.sum(np.abs(moved).max(axis=1) <= margin(np.asarray(x, float), tol)))

    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return the nearest images under the group, also shifted by one period in one or two variables."""
        x = np.asarray(x, float)
        near = x + self._nearest_to_zero(self._images(x) - x)
        images = np.concatenate([near + shift for shift in self._shifts()])
        nearest_first = np.argsort(np.linalg.norm(images - x, axis=1), kind="stable")
        return distinct_images(x, images[nearest_first], limit)

    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return an image under a random element, each variable shifted by at most one period."""
        periodic = np.isfinite(self.periods)
        shift = np.where(periodic, self.periods, 0.0) * rng.integers(-1, 2, len(self.periods))
        return self.group.random_image(x, rng) + shift

    def _images(self, x: HostPoint) -> HostImages:
        return self.group.images(x) if isinstance(self.group, FiniteSymmetry) else np.array([x], float)

    def _nearest_to_zero(self, moves: HostImages) -> HostImages:
        # A period of 1 replaces infinity, since 0 times infinity is NaN.
        finite = np.where(np.isfinite(self.periods), self.periods, 1.0)
        return moves - np.where(np.isfinite(self.periods), finite * np.round(moves / finite), 0.0)

    def _shifts(self) -> list[HostPoint]:
        dim = len(self.periods)
        variables = np.flatnonzero(np.isfinite(self.periods))
        units = [sign * self.periods[i] * np.eye(dim)[i] for i in variables for sign in (1, -1)]
        # With many periodic variables shifts of one variable are enough; pairs would be too many.
        pairs = itertools.combinations(units, 2) if len(variables) <= 8 else ()
        return [np.zeros(dim), *units, *(a + b for a, b in pairs)]

    # Landscapes carry their group as a static field: equal groups must not recompile.
    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PeriodicSymmetry)
            and np.array_equal(self.periods, other.periods)
            and self.group == other.group
        )

    def __hash__(self) -> int:
        return hash((self.periods.tobytes(), self.group))
