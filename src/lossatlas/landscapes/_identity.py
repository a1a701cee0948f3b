"""Recognition of points that are known, by energy and aligned distance, among hundreds of thousands."""

import numpy as np
from jaxtyping import Bool, Float, Int

from ._symmetry import AbstractSymmetry, NoSymmetry
from ._units import ONE, Units


class KnownPoints:
    """A growing set of distinct points, which tells whether a point, or an image of it, is known already.

    Two points are the same if |E - E'| <= energy_tol max(u, |E|), and if the nearest image of one differs
    from the other by at most distance_tol max(v_i, |x_i|) in every variable i, where u and v are the units
    of energy and variables; comparing each variable, a large one does not hide the others. A point that is
    the same as several known ones is identified with the first of them, so a batch gives the same result as
    its points one by one.

    **Arguments:**

    - `x`: known points, shape (n, dim), parameter units.
    - `energy`: their energies, shape (n,), loss units.
    - `symmetry`: the symmetry whose images count as the same point; None for no symmetry.
    - `energy_tol`, `distance_tol`: relative tolerances, dimensionless.
    - `by_energy`: whether only energies are compared, as in most published work.
    - `units`: units of the landscape.
    """

    def __init__(
        self,
        x: Float[np.ndarray, "n dim"],
        energy: Float[np.ndarray, " n"],
        symmetry: AbstractSymmetry | None,
        *,
        energy_tol: float = 1e-9,
        distance_tol: float = 1e-5,
        by_energy: bool = False,
        units: Units = ONE,
    ):
        self.symmetry = None if symmetry is None else symmetry.in_units(np.asarray(units.variables))
        self._given, self.by_energy, self.units = symmetry, by_energy, units
        self.energy_tol, self.distance_tol = energy_tol, distance_tol
        self._count = len(x)
        self._x = x  # grown by doubling; rows past `_count` are not in use
        self._norms = self._sizes(x)
        self._order = np.argsort(energy, kind="stable")
        self._sorted = energy[self._order]

    def __len__(self) -> int:
        """Return the number of known points."""
        return self._count

    @property
    def x(self) -> Float[np.ndarray, "n dim"]:
        """The known points in the order in which they were added, read-only."""
        view = self._x[: self._count]
        view.flags.writeable = False
        return view

    def fold(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points dim"]:
        """Return the points with periodic variables shifted to between 0 and the period."""
        return x if self._given is None else self._given.fold(x)

    def find(
        self, x: Float[np.ndarray, "points dim"], energy: Float[np.ndarray, " points"]
    ) -> tuple[Int[np.ndarray, " known"], Int[np.ndarray, " known"]]:
        """Return which of the points are known, and the row of the known point that each of them equals.

        **Arguments:**

        - `x`: points, shape (points, dim), parameter units.
        - `energy`: their energies, shape (points,), loss units.

        **Returns:** positions in `x` of the points that are known, increasing, and the row of each in the
        table of known points; shape (known,) each.
        """
        window = self._window(energy)
        low = np.searchsorted(self._sorted, energy - window, "left")
        high = np.searchsorted(self._sorted, energy + window, "right")
        found: dict[int, int] = {}
        for i in np.flatnonzero(high > low).tolist():
            row = self._first_same(np.sort(self._order[low[i] : high[i]]), x[i])
            if row is not None:
                found[i] = row
        return np.array([*found], dtype=np.int64), np.array([*found.values()], dtype=np.int64)

    def add(
        self, x: Float[np.ndarray, "points dim"], energy: Float[np.ndarray, " points"]
    ) -> tuple[Int[np.ndarray, " points"], Bool[np.ndarray, " points"]]:
        """Add the points that are not known, each once.

        **Arguments:** those of `find`.

        **Returns:** the row of every point, and whether it is new; shape (points,) each.
        """
        which, same = self.find(x, energy)
        first = np.arange(len(x))  # position in the batch of the first occurrence of each point
        is_known = np.zeros(len(x), dtype=bool)
        is_known[which] = True
        fresh = np.flatnonzero(~is_known)
        crowded = fresh[self._is_crowded(energy[fresh])]
        if len(crowded):
            first[crowded] = crowded[self._first_in_batch(x[crowded], energy[crowded])]
        is_new = ~is_known & (first == np.arange(len(x)))
        rows = np.empty(len(x), dtype=np.int64)
        rows[which] = same
        rows[is_new] = self._count + np.arange(np.count_nonzero(is_new))
        rows = rows[first]
        self._append(x[is_new], energy[is_new])
        return rows, is_new

    def _window(self, energy):
        return self.energy_tol * np.maximum(self.units.energy, np.abs(energy))

    def _first_same(self, candidates: Int[np.ndarray, " rows"], x: Float[np.ndarray, " dim"]) -> int | None:
        if self.by_energy:
            return int(candidates[0])
        norm = self._sizes(x[None])[0]
        x = x / self.units.variables
        # Points whose norms differ by more than the tolerances of all variables allow need no alignment.
        limit = self.distance_tol * (len(x) ** 0.5 + float(norm))
        for row in candidates[np.abs(self._norms[candidates] - norm) <= limit]:
            known = self._x[row] / self.units.variables
            # Often the point itself is the nearest image, and comparing it is cheap.
            if self._is_close(known, x) or self._is_image(known, x, limit):
                return int(row)
        return None

    def _is_close(self, known: Float[np.ndarray, " dim"], x: Float[np.ndarray, " dim"]) -> bool:
        allowed = self.distance_tol * np.maximum(1.0, np.abs(known))
        return bool(np.all(np.abs(known - x) <= allowed))

    def _is_image(
        self, known: Float[np.ndarray, " dim"], x: Float[np.ndarray, " dim"], limit: float
    ) -> bool:
        if self.symmetry is None:
            return False
        found = self.symmetry.align(known, x)
        return found.distance <= limit and self._is_close(known, found.image)

    def _is_crowded(self, energy: Float[np.ndarray, " points"]) -> Bool[np.ndarray, " points"]:
        """Return which points have another one of the batch within the energy window."""
        order = np.argsort(energy, kind="stable")
        window = self._window(energy)[order]
        near = np.diff(energy[order]) <= np.maximum(window[1:], window[:-1])
        crowded = np.zeros(len(energy), dtype=bool)
        crowded[order[1:][near]] = True
        crowded[order[:-1][near]] = True
        return crowded

    def _first_in_batch(self, x, energy) -> Int[np.ndarray, " points"]:
        """Return for every point the position of the first one in the batch that is the same."""
        seen = KnownPoints(
            np.empty((0, x.shape[1])),
            np.empty(0),
            self._given,
            energy_tol=self.energy_tol,
            distance_tol=self.distance_tol,
            by_energy=self.by_energy,
            units=self.units,
        )
        first, places = np.arange(len(x)), []
        for i in range(len(x)):
            _, same = seen.find(x[i : i + 1], energy[i : i + 1])
            if len(same):
                first[i] = places[same[0]]
            else:
                seen._append(x[i : i + 1], energy[i : i + 1])
                places.append(i)
        return first

    def _sizes(self, x: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, " points"]:
        """Return the norms that images share, dimensionless."""
        return (self.symmetry or NoSymmetry()).norms(x / self.units.variables)

    def _append(self, x, energy) -> None:
        if len(x) == 0:
            return
        count = self._count + len(x)
        if count > len(self._x):
            grown = np.empty((max(count, 2 * len(self._x)), x.shape[1]))
            norms = np.empty(len(grown))
            grown[: self._count] = self._x[: self._count]
            norms[: self._count] = self._norms[: self._count]
            self._x, self._norms = grown, norms
        self._x[self._count : count] = x
        self._norms[self._count : count] = self._sizes(x)
        # An insertion copies the sorted array: 0.1 ms for 100,000 points.
        order = np.argsort(energy, kind="stable")
        at = np.searchsorted(self._sorted, energy[order], "right")
        self._sorted = np.insert(self._sorted, at, energy[order])
        self._order = np.insert(self._order, at, self._count + order)
        self._count = count
