"""Are two points the same up to symmetry? One index for every room that has to know."""

import bisect

import numpy as np

from ._symmetry import AbstractSymmetry


class PointIndex:
    """Known points, found again by energy and aligned distance.

    Two points are the same if |E - E'| <= energy_tol max(1, |E|) and their distance after alignment is
    at most distance_tol max(1, ||x||). The groups are orthogonal, so points of different norm are told
    apart without alignment.

    **Arguments:**

    - `symmetry`: of the landscape.
    - `energy_tol`, `distance_tol`: relative, dimensionless.
    - `by_energy`: compare energies only, as most published work does.
    """

    def __init__(
        self,
        symmetry: AbstractSymmetry,
        *,
        energy_tol: float = 1e-9,
        distance_tol: float = 1e-5,
        by_energy: bool = False,
    ):
        self.symmetry, self.by_energy = symmetry, by_energy
        self.energy_tol, self.distance_tol = energy_tol, distance_tol
        self._energies: list[float] = []
        self._places: list[int] = []
        self._points: list[np.ndarray] = []
        self._norms: list[float] = []

    def __len__(self) -> int:
        """Return the number of known points."""
        return len(self._points)

    def add(self, x: np.ndarray, energy: float) -> int:
        """Add a point without asking whether it is known; returns its place, 0, 1, 2, ..."""
        place = len(self._points)
        at = bisect.bisect(self._energies, energy)
        self._energies.insert(at, energy)
        self._places.insert(at, place)
        self._points.append(np.array(x))
        self._norms.append(float(np.linalg.norm(x)))
        return place

    def find(self, x: np.ndarray, energy: float) -> int | None:
        """Return the place of the known point that is the same, the nearest in energy first."""
        window = self.energy_tol * max(1.0, abs(energy))
        low = bisect.bisect_left(self._energies, energy - window)
        high = bisect.bisect_right(self._energies, energy + window)
        near = sorted(range(low, high), key=lambda i: abs(self._energies[i] - energy))
        norm = float(np.linalg.norm(x))
        limit = self.distance_tol * max(1.0, norm)
        for i in near:
            place = self._places[i]
            if self.by_energy:
                return place
            if abs(self._norms[place] - norm) <= limit:
                if self.symmetry.align(self._points[place], x).distance <= limit:
                    return place
        return None

    def point(self, place: int) -> np.ndarray:
        """Return the point at a place."""
        return self._points[place]
