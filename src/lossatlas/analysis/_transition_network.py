"""The kinetic transition network: minima and the transition states that join them, as arrays."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from lossatlas._graph import Graph
from lossatlas.atlas import Atlas

from ._disconnectivity import check_points


_LARGEST = 1e100  # log-product: no Hessian has one beyond


@dataclasses.dataclass(frozen=True, eq=False)
class TransitionNetwork:
    """A kinetic transition network: what thermodynamics, rates and network statistics start from.

    Minima are counted from 0 here; an atlas counts its ids from 1.

    **Arguments:**

    - `energies`: of the minima, shape (n,), loss units.
    - `ts_energies`: of the transition states, shape (m,), loss units; m may be 0.
    - `ts_minima`: the two minima that each one joins, 0 to n - 1, shape (m, 2). Both may be the same
        one; several transition states of one pair are allowed.
    - `log_products`: sum of ln(eigenvalue) over the eigenvalues of the Hessian at each minimum, forced
        zero modes left out, shape (n,); default: all equal. NaN where it is not known.
    - `ts_log_products`: the same over the positive eigenvalues at each transition state, shape (m,).
    - `log_orbit_sizes`, `ts_log_orbit_sizes`: ln of the number of distinct images under the symmetry
        group (for PATHSAMPLE data: -ln of the point-group order), shapes (n,) and (m,); default 0.
    - `modes`: number of non-zero eigenvalues at a minimum: variables less forced zero modes; None if it
        is not known.
    - `first`: the number that messages give to the first minimum.
    - `ts_ids`: the numbers that messages give to the transition states, shape (m,); default `first`,
        `first` + 1, ...

    **Raises:** `ValueError` for wrong shapes, energies that are not finite, minima that do not exist,
    and for a transition state that lies below one of its minima E by more than 1e-6 max(1, |E|).
    """

    energies: np.ndarray
    ts_energies: np.ndarray
    ts_minima: np.ndarray
    log_products: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_log_products: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    log_orbit_sizes: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_log_orbit_sizes: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    modes: int | None = None
    first: int = 0
    ts_ids: np.ndarray = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self):
        count = np.size(self.ts_energies)
        ids = np.arange(count) + self.first if self.ts_ids is None else np.asarray(self.ts_ids)
        if ids.shape != (count,):
            raise ValueError(f"`ts_ids` must have shape ({count},), got shape {ids.shape}.")
        object.__setattr__(self, "ts_ids", ids)
        points = check_points(self.energies, self.ts_energies, self.ts_minima, first=self.first, ts_ids=ids)
        for name, values in zip(("energies", "ts_energies", "ts_minima"), points):
            object.__setattr__(self, name, values)
        for name, like in (
            ("log_products", self.energies),
            ("ts_log_products", self.ts_energies),
            ("log_orbit_sizes", self.energies),
            ("ts_log_orbit_sizes", self.ts_energies),
        ):
            given = getattr(self, name)
            values = np.zeros(like.shape) if given is None else np.asarray(given, dtype=float)
            if values.shape != like.shape:
                raise ValueError(f"`{name}` must have shape {like.shape}, got shape {values.shape}.")
            object.__setattr__(self, name, values)
        if self.modes is not None and self.modes < 1:
            raise ValueError(f"`modes` must be at least 1, got {self.modes}.")

    def __len__(self) -> int:
        """Return the number of minima."""
        return len(self.energies)

    def __str__(self) -> str:
        """Return how much there is."""
        return f"{len(self)} minima, {len(self.ts_energies)} transition states"

    def __repr__(self) -> str:
        """Return the class and how much there is."""
        return f"TransitionNetwork({self})"

    @property
    def global_minimum(self) -> int:
        """The minimum of lowest energy, the first on ties."""
        return int(np.argmin(self.energies))

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs of different minima that are joined, and the lowest transition state of each.

        **Returns:** pairs (a, b) with a < b, sorted, shape (edges, 2); numbers of transition states,
        shape (edges,).
        """
        edges = Graph(len(self), self.ts_minima, self.ts_energies).edges
        return edges.pairs, edges.states

    def check_harmonic(self, *, transition_states: bool = False) -> None:
        """Refuse points whose log-product or orbit size is not known.

        **Raises:** `ValueError` that names the first of them and says what it needs.
        """
        ids = np.arange(len(self)) + self.first
        sides = [("minima", ids, self.log_products, self.log_orbit_sizes)]
        if transition_states:
            sides.append(("transition states", self.ts_ids, self.ts_log_products, self.ts_log_orbit_sizes))
        for kind, ids, *columns in sides:
            for name, values in zip(("log-product of its eigenvalues", "orbit size"), columns):
                bad = np.flatnonzero(~(np.abs(values) < _LARGEST))
                if bad.size:
                    raise ValueError(
                        f"The {name} is not known or not finite for {len(bad)} of {len(values)} "
                        f"{kind} (first: number {ids[bad[0]]}): harmonic vibrations need a full "
                        "spectrum without zero eigenvalues, which points on bounds and kinks lack."
                    )


def transition_network(atlas: Atlas, *, modes: int | None = None) -> TransitionNetwork:
    """Return the minima and transition states of an atlas as a network; minimum i has the id i + 1.

    Transition states that are not `usable`, as in `TransitionStates`, are left out.

    **Arguments:**

    - `atlas`: the open atlas; it may be an import without coordinates.
    - `modes`: number of non-zero eigenvalues at a minimum; default as stored in the atlas, which
        imports do not know.

    **Raises:** `ValueError` for an atlas without minima.
    """
    minima, states = atlas.minima, atlas.transition_states
    if not len(minima):
        raise ValueError(f"{atlas.path} holds no minimum.")
    used = np.flatnonzero(states.usable)
    return TransitionNetwork(
        energies=minima.energy,
        ts_energies=states.energy[used],
        ts_minima=states.minima[used] - 1,
        log_products=minima.log_product,
        ts_log_products=states.log_product[used],
        log_orbit_sizes=_logs(minima.orbit_size_exact, minima.point_group_order),
        ts_log_orbit_sizes=_logs(states.orbit_size_exact, states.point_group_order)[used],
        modes=atlas.modes if modes is None else modes,
        first=1,
        ts_ids=states.id[used],
    )


def _logs(sizes: Sequence[int | None], orders: Sequence[int | None]) -> np.ndarray:
    """Return ln(orbit size), or -ln(point-group order); Python's integers do not outgrow floats."""
    logs = [
        math.log(size) if size is not None else math.nan if order is None else -math.log(order)
        for size, order in zip(sizes, orders)
    ]
    return np.array(logs, dtype=float)
