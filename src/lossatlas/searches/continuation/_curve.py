"""A curve of stationary points as an array of places, and what happens between two of them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Root:
    """A place between two points of a curve where the Hessian is singular.

    - `row`: of the point before it; `theta`: how far it is along the chord to the next point.
    - `z`, `energy`: the place, see `Family`.
    - `turns`: whether s turns there.
    - `indices`: before and after it.
    - `critical`: the smallest eigenvalue by its size.
    - `across`: unit vectors in which other branches leave, shape (directions, dim + 1): orthonormal, in the
        kernel of the derivatives of the gradient by z, and orthogonal to the curve.
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
        """What happens, see `Event`.

        Along a fold one eigenvalue crosses zero, linearly. In a pitchfork that is met from the side the
        parameter is even along the branch, and so is the eigenvalue, which touches zero. If a symmetry maps
        the one half of that branch on the other, the branch ends there.
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
    - `given`: row of the given point that it starts from, None if it starts at a bifurcation.
    - `roots`: in order.
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
        """The row where s, as a coordinate along the curve, is best."""
        return int(np.argmax(np.abs(self.turn)))

    def preceded_by(self, source: Root) -> "Curve":
        """Return the curve with the bifurcation before it that it starts at."""
        rows = _one(source, int(self.index[0]))
        merged = {name: np.concatenate([rows[name], getattr(self, name)]) for name in rows}
        return dataclasses.replace(self, **merged)

    def with_roots(self, roots: list[Root], converged: int) -> "Curve":
        """Return the curve with its roots in it: twice, with the index before and after.

        It ends where it meets its own image, and would only repeat itself.
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
        """Return the curve up to a root and from it on, without its roots."""
        place = _one(root, root.indices[0])
        before, after = self._rows(0, root.row + 1), self._rows(root.row + 1, len(self))
        first = {name: np.concatenate([before[name], place[name]]) for name in place}
        second = {name: np.concatenate([place[name], after[name]]) for name in place}
        return dataclasses.replace(self, **first), dataclasses.replace(self, **second)

    def crossing(self, s: float, energy: float) -> np.ndarray:
        """Return where the curve passes a value of s near an energy, by interpolation, shape (n, dim + 1).

        Only pieces between rows with that energy between them, give or take; all others are far.
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
