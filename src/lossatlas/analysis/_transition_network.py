"""Kinetic transition networks: minima and the transition states that join them, as arrays."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lossatlas._abstract_result import AbstractResult
from lossatlas._checks import check_is, check_whole
from lossatlas._graph import Graph
from lossatlas.atlas import Atlas, check_atlas, lies_below

from ._ids import check_ids, positions_of


_LARGEST = 1e100  # no Hessian has a log-product of this size


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TransitionNetwork(AbstractResult):
    """A kinetic transition network, the input of thermodynamics, rates and network statistics.

    Arrays with one entry per minimum are in the order of `ids`. Functions and results name a minimum by its
    id. An atlas counts ids from 1; a network built from arrays without `ids` takes the positions 0 to
    n - 1 as ids.

    **Arguments:**

    - `energies`: energies of the minima, shape (n,), loss units.
    - `ts_energies`: energies of the transition states, shape (m,), loss units; m may be 0.
    - `ts_minima`: positions of the two minima that each transition state joins, shape (m, 2). Both may be
        the same minimum, and several transition states may join one pair.
    - `log_products`: sum of ln(eigenvalue) over the eigenvalues of the Hessian at each minimum, without
        zero modes, shape (n,); default 0. NaN where it is not known.
    - `ts_log_products`: the same over the positive eigenvalues at each transition state, shape (m,);
        default 0.
    - `log_orbit_sizes`, `ts_log_orbit_sizes`: ln of the number of distinct images under the symmetry
        group (for PATHSAMPLE data: -ln of the point-group order), shapes (n,) and (m,); default 0.
    - `held`, `ts_held`: number of variables that bounds hold at each point, shapes (n,) and (m,);
        default 0. The log-products are those of the free variables.
    - `log_slopes`, `ts_log_slopes`: sum over these of ln(slope of the energy away from the bound), shapes
        (n,) and (m,); default 0.
    - `modes`: number of non-zero eigenvalues at a minimum, i.e. the number of variables less that of zero
        modes; None if it is not known.
    - `ids`, `ts_ids`: ids of minima and transition states, whole numbers, shapes (n,) and (m,); default
        their positions.

    **Raises:** `ValueError` for wrong shapes, energies that are not finite, minima that do not exist, ids
    that repeat, and a transition state that lies below one of its minima, of energy E, by more than
    1e-6 max(1, |E|).
    """

    energies: np.ndarray
    ts_energies: np.ndarray
    ts_minima: np.ndarray
    log_products: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_log_products: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    log_orbit_sizes: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_log_orbit_sizes: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    modes: int | None = None
    ids: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_ids: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    held: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_held: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    log_slopes: np.ndarray = None  # pyright: ignore[reportAssignmentType]
    ts_log_slopes: np.ndarray = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self):
        points, ids, ts_ids = _check_points(
            self.energies, self.ts_energies, self.ts_minima, self.ids, self.ts_ids
        )
        for name, values in zip(
            ("energies", "ts_energies", "ts_minima", "ids", "ts_ids"), (*points, ids, ts_ids)
        ):
            object.__setattr__(self, name, values)
        for name, like in (
            ("log_products", self.energies),
            ("ts_log_products", self.ts_energies),
            ("log_orbit_sizes", self.energies),
            ("ts_log_orbit_sizes", self.ts_energies),
            ("held", self.energies),
            ("ts_held", self.ts_energies),
            ("log_slopes", self.energies),
            ("ts_log_slopes", self.ts_energies),
        ):
            given = getattr(self, name)
            values = np.zeros(like.shape) if given is None else np.asarray(given, dtype=float)
            if values.shape != like.shape:
                raise ValueError(f"`{name}` must have shape {like.shape}, got shape {values.shape}.")
            object.__setattr__(self, name, values)
        for name in ("held", "ts_held"):
            if not np.all(getattr(self, name) >= 0):
                raise ValueError(f"`{name}` must not be negative.")
        if self.modes is not None:
            object.__setattr__(self, "modes", check_whole("modes", self.modes))

    def __len__(self) -> int:
        """Return the number of minima."""
        return len(self.energies)

    def __str__(self) -> str:
        """Return the numbers of minima and transition states."""
        return f"{len(self)} minima, {len(self.ts_energies)} transition states"

    def __repr__(self) -> str:
        """Return the class and the numbers of minima and transition states."""
        return f"TransitionNetwork({self})"

    @property
    def global_minimum(self) -> int:
        """Id of the minimum of lowest energy, the first on ties."""
        return int(self.ids[np.argmin(self.energies)])

    def positions(self, ids: ArrayLike) -> np.ndarray:
        """Return the positions of minima in the arrays, in the order of the ids given.

        **Raises:** `ValueError` for an id that no minimum has.
        """
        return positions_of(ids, self.ids, "ids")

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        names = ("energies", "log_products", "log_orbit_sizes", "held", "log_slopes")
        singular = ("energy", "log_product", "log_orbit_size", "held", "log_slopes")
        return {"id": self.ids} | {one: getattr(self, name) for one, name in zip(singular, names)}

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name; `ts_minima` holds ids."""
        return super().to_dict() | {"ts_minima": self.ids[self.ts_minima].tolist()}

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs of different minima that are joined, and the lowest transition state of each.

        **Returns:** positions (a, b) of the minima with a < b, sorted, shape (edges, 2); positions of the
        transition states, shape (edges,).
        """
        edges = Graph(len(self), self.ts_minima, self.ts_energies).edges
        return edges.pairs, edges.states

    def log_products_at(self, kt: float, *, transition_states: bool = False) -> np.ndarray:
        """Return the log-products with the variables held at bounds counted as harmonic ones.

        A variable that a bound holds against a slope g has the integral of exp(-g x / kT) over x >= 0,
        which is kT/g, in place of the sqrt(2 pi kT / mu) of a free one of curvature mu. So it counts as one
        of curvature 2 pi g^2 / kT.

        **Arguments:**

        - `kt`: temperature, loss units.
        - `transition_states`: whether to return those of the transition states in place of the minima.
        """
        points = (self.log_products, self.held, self.log_slopes)
        states = (self.ts_log_products, self.ts_held, self.ts_log_slopes)
        products, held, slopes = states if transition_states else points
        return products + 2 * slopes + held * math.log(2 * math.pi / kt)

    def check_harmonic(self, *, transition_states: bool = False) -> None:
        """Check that the log-products and orbit sizes of all minima are known.

        **Arguments:**

        - `transition_states`: whether to check the transition states as well.

        **Raises:** `ValueError` that names the first point whose value is missing.
        """
        names = ("log-product of its eigenvalues", "orbit size", "slope at its bounds")
        sides = [("minima", self.ids, self.log_products, self.log_orbit_sizes, self.log_slopes)]
        if transition_states:
            columns = (self.ts_log_products, self.ts_log_orbit_sizes, self.ts_log_slopes)
            sides.append(("transition states", self.ts_ids, *columns))
        for kind, ids, *columns in sides:
            for name, values in zip(names, columns):
                bad = np.flatnonzero(~(np.abs(values) < _LARGEST))
                if bad.size:
                    raise ValueError(
                        f"The {name} is not known or not finite for {len(bad)} of {len(values)} "
                        f"{kind} (first: number {ids[bad[0]]}): harmonic vibrations need a full "
                        "spectrum without zero eigenvalues, which points on kinks lack."
                    )


def check_network(network: Any) -> None:
    """Raise `ValueError` for anything but a `TransitionNetwork`."""
    needed = "a TransitionNetwork, as transition_network(atlas) returns"
    check_is("network", network, TransitionNetwork, needed)


def transition_network(atlas: Atlas, *, modes: int | None = None) -> TransitionNetwork:
    """Return the minima and transition states of an atlas as a network, with their ids.

    Transition states that are not usable (see `TransitionStates.usable`) are left out.

    **Arguments:**

    - `atlas`: the open atlas; it may be an import without coordinates.
    - `modes`: number of non-zero eigenvalues at a minimum; default the number stored in the atlas, which
        is missing in imports.

    **Returns:** `TransitionNetwork`.

    **Raises:** `ValueError` for an atlas without minima, and for a number of modes that differs from the
    stored one.
    """
    check_atlas(atlas)
    modes = None if modes is None else check_whole("modes", modes)
    if modes is not None and atlas.modes is not None and modes != atlas.modes:
        raise ValueError(
            f"`modes` must be {atlas.modes}, as {atlas.path} knows of its minima, or None, got {modes}."
        )
    minima, states = atlas.minima, atlas.transition_states
    if not len(minima):
        raise ValueError(f"{atlas.path} holds no minimum.")
    used = np.flatnonzero(states.usable)
    return TransitionNetwork(
        energies=minima.energy,
        ts_energies=states.energy[used],
        ts_minima=np.searchsorted(minima.id, states.minima[used]),
        log_products=minima.log_product,
        ts_log_products=states.log_product[used],
        log_orbit_sizes=_logs(minima.orbit_size_exact, minima.point_group_order),
        ts_log_orbit_sizes=_logs(states.orbit_size_exact, states.point_group_order)[used],
        modes=atlas.modes if modes is None else modes,
        ids=minima.id,
        ts_ids=states.id[used],
        held=minima.held,
        ts_held=states.held[used],
        log_slopes=minima.log_slopes,
        ts_log_slopes=states.log_slopes[used],
    )


def _logs(sizes: Sequence[int | None], orders: Sequence[int | None]) -> np.ndarray:
    """Return ln(orbit size), or -ln(point-group order); orbit sizes may be too large for floats."""
    logs = [
        math.log(size) if size is not None else math.nan if order is None else -math.log(order)
        for size, order in zip(sizes, orders)
    ]
    return np.array(logs, dtype=float)


def _check_points(
    energies: ArrayLike, ts_energies: ArrayLike, ts_minima: ArrayLike, ids, ts_ids
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """Return energies, pairs and both kinds of ids as arrays; raises `ValueError` where they are wrong."""
    energies = np.asarray(energies, dtype=float)
    ts_energies, ts_minima = np.asarray(ts_energies, dtype=float), np.asarray(ts_minima)
    if ts_minima.size == 0:
        ts_minima = np.zeros((0, 2), dtype=int)
    if energies.ndim != 1 or not energies.size:
        raise ValueError(f"`energies` must have shape (n,) with n >= 1, got shape {energies.shape}.")
    if ts_energies.ndim != 1:
        raise ValueError(f"`ts_energies` must have shape (m,), got shape {ts_energies.shape}.")
    if ts_minima.shape != (len(ts_energies), 2):
        shape = (len(ts_energies), 2)
        raise ValueError(f"`ts_minima` must have shape {shape}, got shape {ts_minima.shape}.")
    if ts_minima.dtype.kind not in "iu":
        raise ValueError(f"`ts_minima` must hold integers, got {ts_minima.dtype}.")
    ids, ts_ids = check_ids(ids, len(energies)), check_ids(ts_ids, len(ts_energies), "ts_ids")
    for name, values, labels in (("energies", energies, ids), ("ts_energies", ts_energies, ts_ids)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise ValueError(f"`{name}` must be finite, got {values[bad[0]]} for number {labels[bad[0]]}.")
    bad = np.argwhere((ts_minima < 0) | (ts_minima >= len(energies)))
    if len(bad):
        state, side = bad[0]
        raise ValueError(
            f"`ts_minima` must be 0 to {len(energies) - 1}, got {ts_minima[state, side]} "
            f"for transition state {ts_ids[state]}."
        )
    ends = energies[ts_minima]
    below = lies_below(ts_energies, ends)
    if below.any():
        state, side = np.argwhere(below)[0]
        raise ValueError(
            f"Transition state {ts_ids[state]} (energy {ts_energies[state]}) lies below its minimum "
            f"{ids[ts_minima[state, side]]} (energy {ends[state, side]})."
        )
    return (energies, ts_energies, ts_minima.astype(np.int64)), ids, ts_ids
