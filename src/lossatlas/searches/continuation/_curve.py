"""A curve of stationary points as an array of places, with the singular places between them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Root:
    """A place between two points of a curve where the Hessian is singular.

    - `row`: row of the point before the root.
    - `theta`: position of the root on the chord to the next point, from 0 to 1.
    - `z`, `energy`: the place, see `Family`, and its energy.
    - `turns`: whether s turns there.
    - `indices`: index of the curve before and after the root.
    - `critical`: the eigenvalue of smallest size.
    - `across`: directions of other branches, shape (directions, dim + 1): orthonormal, in the kernel of the
        derivatives of the gradient with respect to z, and orthogonal to the curve.
    - `is_image`: whether the curve goes on as its own image.
    """

    row: int
    theta: float
    z: np.ndarray
    energy: float
    turns: bool
    indices: tuple[int, int]
    critical: float
    across: np.ndarray
    is_image: bool = False

    @property
    def kind(self) -> str:
        """The `kind` of the `Event`.

        At a fold one eigenvalue crosses zero linearly. On the side branch of a pitchfork the parameter and
        the eigenvalue are even functions along the branch, and the eigenvalue touches zero. If a symmetry
        maps one half of that branch onto the other, the branch ends there.
        """
        if self.turns and self.indices[0] != self.indices[1]:
            return "fold"
        return "end" if self.is_image else "bifurcation"


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """Stationary points along a curve.

    - `z`: shape (rows, dim + 1), see `Family`; `energy`, `index`: shape (rows,).
    - `turn`: component of the unit tangent along s, shape (rows,); 0 at roots.
    - `outcome`: RESULTS code.
    - `given`: row of the given point at which the curve starts, None if it starts at a bifurcation.
    - `roots`: the roots on the curve, in order.
    """

    z: np.ndarray
    energy: np.ndarray
    index: np.ndarray
    turn: np.ndarray
    outcome: int
    given: int | None
    roots: tuple[Root, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.energy)

    @property
    def probe(self) -> int:
        """The row where s changes fastest along the curve, so that s determines the place best."""
        return int(np.argmax(np.abs(self.turn)))

    def preceded_by(self, source: Root) -> "Curve":
        """Return the curve with the bifurcation at which it starts as its first row."""
        rows = _one(source, int(self.index[0]))
        merged = {name: np.concatenate([rows[name], getattr(self, name)]) for name in rows}
        return dataclasses.replace(self, **merged)

    def with_roots(self, roots: list[Root], converged: int) -> "Curve":
        """Return the curve with each root as two rows, with the index before and after it.

        The curve ends at a root of kind `end`, since beyond it the curve would repeat its own image.
        """
        parts, start = [], 0
        ends = [i for i, root in enumerate(roots) if root.kind == "end"]
        roots = roots[: ends[0] + 1] if ends else roots
        for root in roots:
            parts.append(self._rows(start, root.row + 1))
            sides = root.indices if root.kind != "end" else root.indices[:1]
            parts += [_one(root, index) for index in sides]
            start = root.row + 1
        if not ends:
            parts.append(self._rows(start, len(self)))
        merged = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        outcome = converged if ends else self.outcome
        return dataclasses.replace(self, **merged, roots=tuple(roots), outcome=outcome)

    def halves(self, root: Root) -> tuple["Curve", "Curve"]:
        """Return the part of the curve up to a root and the part from the root on."""
        place = _one(root, root.indices[0])
        before, after = self._rows(0, root.row + 1), self._rows(root.row + 1, len(self))
        first = {name: np.concatenate([before[name], place[name]]) for name in place}
        second = {name: np.concatenate([place[name], after[name]]) for name in place}
        return dataclasses.replace(self, **first), dataclasses.replace(self, **second)

    def crossing(self, s: float, energy: float) -> np.ndarray:
        """Return the places where the curve passes a value of s, shape (n, dim + 1), by interpolation.

        Segments between two rows whose energies are both far from `energy` are left out.
        """
        low, high = self.z[:-1], self.z[1:]
        span = high[:, -1] - low[:, -1]
        part = np.divide(s - low[:, -1], span, out=np.full(len(span), -1.0), where=span != 0)
        change = np.abs(np.diff(self.energy))
        margin = change + 1e-3 * max(1.0, abs(energy))
        near = np.abs(0.5 * (self.energy[1:] + self.energy[:-1]) - energy) <= 0.5 * change + margin
        rows = np.flatnonzero((part >= 0) & (part <= 1) & near)
        places = low[rows] + part[rows, None] * (high[rows] - low[rows])
        places[:, -1] = s
        return places

    def _rows(self, low: int, high: int) -> dict[str, np.ndarray]:
        return {name: getattr(self, name)[low:high] for name in ("z", "energy", "index", "turn")}


def _one(root: Root, index: int) -> dict[str, np.ndarray]:
    return {
        "z": root.z[None],
        "energy": np.array([root.energy]),
        "index": np.array([index]),
        "turn": np.zeros(1),
    }
