"""Conversion of curves of dimensionless places to branches and events in the units of the caller."""

from collections.abc import Mapping

import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import KnownPoints

from ._branches import Branch, Branches, Event
from ._curve import Curve
from ._family import Family


def describe(
    family: Family,
    given: tuple[KnownPoints, KnownPoints],
    names: tuple[str, ...],
    curves: list[Curve],
    departures: Mapping[int, int],
    merged: int,
) -> Branches:
    """Return curves as branches and their roots as events.

    **Arguments:**

    - `family`: the landscape and its parameter.
    - `given`: the given points at s = 0 and at s = 1.
    - `names`: names of the given points, in this order.
    - `curves`: the curves, each once; a curve without rows could not be followed.
    - `departures`: number of searches that left a root for another branch, by Python's `id` of the root.
    - `merged`: number of curves that were left out because they repeat others.

    **Returns:** `Branches`.
    """
    branches = [_branch(family, given, curve) for curve in curves]
    return Branches(
        start=float(family.start),
        end=float(family.end),
        logarithmic=family.logarithmic,
        branches=tuple(branches),
        events=tuple(
            event
            for number, (curve, branch) in enumerate(zip(curves, branches))
            for event in _events(family, curve, branch, number, departures)
        ),
        points=names,
        merged=merged,
    )


def _branch(family: Family, given: tuple[KnownPoints, KnownPoints], curve: Curve) -> Branch:
    x, last, size = family.unit * curve.z[:, :-1], None, 0
    if len(curve):
        size = family.landscape.symmetry.orbit_size(x[curve.probe])
        s = curve.z[-1, -1]
        if s in (0.0, 1.0):
            _, rows = given[int(s)].find(x[-1:], curve.energy[-1:])
            last = int(rows[0]) + int(s) * len(given[0]) if len(rows) else None
    return Branch(
        parameter=_parameter(family, curve.z[:, -1]),
        x=x,
        energy=curve.energy,
        index=curve.index,
        orbit_size=size,
        first=curve.given,
        last=last,
        outcome=RESULTS(curve.outcome),
    )


def _events(
    family: Family, curve: Curve, branch: Branch, number: int, departures: Mapping[int, int]
) -> list[Event]:
    turns = [i for i, root in enumerate(curve.roots) if root.turns]
    return [
        Event(
            kind=root.kind,
            branch=number,
            parameter=float(_parameter(family, root.z[-1])),
            x=family.unit * root.z[:-1],
            energy=root.energy,
            indices=root.indices,
            eigenvalues=abs(root.indices[1] - root.indices[0]),
            critical=root.critical,
            points=(
                branch.first if turns[:1] == [i] else None,
                branch.last if turns[-1:] == [i] else None,
            ),
            departures=departures[id(root)],
        )
        for i, root in enumerate(curve.roots)
    ]


def _parameter(family: Family, s: np.ndarray) -> np.ndarray:
    """Return p(s), exactly `start` and `end` at the ends of the range."""
    start, end = float(family.start), float(family.end)
    value = np.asarray(family.value(s))
    return np.where(s == 0, start, np.where(s == 1, end, value))
