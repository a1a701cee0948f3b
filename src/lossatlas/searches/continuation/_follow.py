"""The entry point for continuation: follow stationary points while a number of the landscape changes."""

import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lossatlas._checks import check_positive, check_seed, check_whole, is_number
from lossatlas._results import RESULTS
from lossatlas._types import Flag, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, Box, KnownPoints, check_kind
from lossatlas.searches._driver import as_points, run_batch
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default

from ._branches import Branches
from ._continuation import Continuation
from ._curve import Curve, Root
from ._describe import describe
from ._events import locate_roots
from ._family import Family, Place, correct, is_stationary, look, spectrum_at


DEPARTURE = 0.01  # distance from a bifurcation where other branches are looked for, see `Family`
RANDOM = 8  # random directions per vanishing eigenvalue where several vanish at once


def follow(
    landscape: AbstractLandscape,
    points: np.ndarray,
    *,
    to: float,
    where: Callable[[Any], Any] | None = None,
    far_points: np.ndarray | None = None,
    rounds: int = 10,
    longest: float = 0.05,
    max_steps: int = 1000,
    seed: int = 0,
    names: Sequence[str] | None = None,
    toolkit: Toolkit | None = None,
    workers: int | None = None,
) -> Branches:
    """Follow stationary points of any index while a number p of the landscape, such as its L2, changes.

    Pseudo-arclength continuation in (x, ln p), or in (x, p) if an end of the range is not positive, follows
    branches also around folds, where for example a minimum meets a transition state. Folds and bifurcations
    are located as roots along the branch. At every bifurcation the other branches that meet there are
    searched for and followed; where several eigenvalues vanish at once, the searches start in random
    directions, and branches may be missed. Two more things are missed: branches that neither reach a given
    point nor meet a branch that does, and two changes of the index that cancel within one step, which a
    smaller `longest` resolves.

    **Arguments:**

    - `landscape`: the landscape with the value of p at which the `points` are stationary.
    - `points`: stationary points, shape (points, dim), parameter units.
    - `to`: the value of p at the other end of the range.
    - `where`: function that returns the leaf of the landscape that holds p, one number; default its `l2`.
    - `far_points`: stationary points at `to`, shape (far points, dim), which are followed back; they give
        the branches that fold before they reach the first end of the range.
    - `rounds`: how often the branches that leave the branches of the previous round are followed.
    - `longest`: largest step along a branch, dimensionless. The square of a step is the mean square change
        of a variable in length scales, plus the squared change of s, which runs from 0 to 1 over the range.
    - `max_steps`: number of points tried per branch.
    - `seed`: seed of the random directions.
    - `names`: names of the points and then of the far points, for tables; default their positions.
    - `toolkit`: default `toolkit_for(landscape)`; it must allow Hessians.
    - `workers`: threads; default one per core.

    **Returns:** `Branches`.

    **Raises:** `ValueError` if a point is not stationary, the leaf, the range or the names do not fit, the
    landscape has kinks or bounds, or the toolkit has no Hessians (the default above 1,000 variables).

    Source: Allgower & Georg, Introduction to Numerical Continuation Methods, SIAM (2003),
    doi:10.1137/1.9780898719154.
    """
    longest, max_steps = check_positive("longest", longest), check_whole("max_steps", max_steps)
    rounds, seed = check_whole("rounds", rounds, least=0), check_seed(seed)
    family = _family(landscape, to, where, toolkit)
    near = _known_at(family, points, 0, "points", workers)
    none = np.zeros((0, landscape.dimension))
    far = _known_at(family, none if far_points is None else far_points, 1, "far_points", workers)
    s = np.repeat([0.0, 1.0], [len(near), len(far)])[:, None]
    guesses = np.concatenate([np.concatenate([near.x, far.x]) / family.unit, s], axis=1)
    directions = np.concatenate([np.zeros((len(s), landscape.dimension)), 1.0 - 2.0 * s], axis=1)
    search = Continuation(longest, max_steps)
    curves = _run(search, family, guesses, directions, workers)
    kept: list[Curve] = []
    departures: collections.Counter[int] = collections.Counter()
    merged, rng = 0, np.random.default_rng(seed)
    for turn in range(rounds + 1):
        fresh = [curve for curve in curves if _keep(family, kept, curve, workers)]
        merged += len(curves) - len(fresh)
        lanes = [lane for curve in fresh for root in curve.roots for lane in _departures(root, rng)]
        if not lanes or turn == rounds:
            break
        roots, guesses, directions = zip(*lanes)
        left = _run(search, family, np.stack(guesses), np.stack(directions), workers, roots)
        departures.update(id(root) for root, curve in zip(roots, left) if len(curve))
        curves = [curve for curve in left if len(curve)]
    given = tuple(map(str, range(len(s)) if names is None else names))
    if len(given) != len(s):
        raise ValueError(f"`names` must name {len(s)} points, got {len(given)}.")
    return describe(family, (near, far), given, kept, departures, merged)


def _family(
    landscape: AbstractLandscape,
    to: float,
    where: Callable[[Any], Any] | None,
    toolkit: Toolkit | None,
) -> Family:
    """Return the landscape with the range of its parameter; raises `ValueError` if they do not fit."""
    check_kind(landscape)
    if where is None and not hasattr(landscape, "l2"):
        raise ValueError(
            f"{type(landscape).__name__} has no `l2` to follow; name the number that changes by `where`, "
            "such as where=lambda landscape: landscape.data."
        )
    where = where or _l2
    leaf = where(landscape)
    if jnp.shape(leaf) != () or getattr(leaf, "dtype", None) != jnp.float64:
        raise ValueError(
            f"`where` must return one float64 number held as an array, got {type(leaf).__name__} of shape "
            f"{jnp.shape(leaf)}."
        )
    start = float(leaf)
    if not is_number(to) or not np.isfinite(to) or to == start:
        raise ValueError(f"`to` must be a number other than {start:g}, where the points are; got {to!r}.")
    if landscape.smoothness != "smooth":
        raise ValueError("Branches are followed on smooth losses only; this one has kinks.")
    if isinstance(landscape.geometry, Box):
        raise ValueError("Branches are followed on losses without bounds only; this one has bounds.")
    if not toolkit_or_default(toolkit, landscape).hessians:
        raise ValueError(
            "Branches are followed with full Hessians, but the toolkit has none: by default it is "
            f"the one for the {landscape.dimension} variables of this landscape."
        )
    return Family(landscape, jnp.asarray(start), jnp.asarray(float(to)), where, start > 0 and to > 0)


def _l2(landscape: Any) -> Any:
    return landscape.l2


def _known_at(family: Family, points: Any, end: int, name: str, workers: int | None) -> KnownPoints:
    """Return the given points at an end of the range; raises `ValueError` if one is not stationary."""
    x = as_points(family.landscape, points, name)
    z = np.concatenate([x / family.unit, np.full((len(x), 1), float(end))], axis=1)
    stationary, energy = run_batch(_judge, family, z, workers=workers)
    if not stationary.all():
        raise ValueError(
            f"Row {np.argmin(stationary)} of `{name}` is not stationary where the parameter is "
            f"{float(family.value(float(end))):g}: its gradient is not at rounding level."
        )
    return KnownPoints(x, energy, family.landscape.symmetry)


def _judge(family: Family, z: Place) -> tuple[Flag, Scalar]:
    local = look(family, z)
    values, _ = spectrum_at(family, z, local)
    return is_stationary(family, z, local, values), local.energy


def _run(
    search: Continuation,
    family: Family,
    guesses: np.ndarray,
    directions: np.ndarray,
    workers: int | None,
    sources: tuple[Root, ...] | None = None,
) -> list[Curve]:
    """Follow a curve from every guess, and locate the roots on it."""
    found = run_batch(search, family, guesses, directions, workers=workers)
    names = {"z": "curve", "energy": "energy", "index": "index", "turn": "turn"}
    curves = [
        Curve(
            **{name: found[column][i, :rows].copy() for name, column in names.items()},
            outcome=int(found["outcome"][i]),
            given=i if sources is None else None,
        )
        for i, rows in enumerate(found["count"].tolist())
    ]
    roots = locate_roots(family, curves, workers=workers)
    roots = [_with_images(family, curve, own, workers) for curve, own in zip(curves, roots)]
    curves = [curve.with_roots(own, int(RESULTS.converged)) for curve, own in zip(curves, roots)]
    if sources is None:
        return curves
    return [curve.preceded_by(root) if len(curve) else curve for curve, root in zip(curves, sources)]


def _with_images(family: Family, curve: Curve, roots: list[Root], workers: int | None) -> list[Root]:
    """Return the roots, marked by `is_image` where the curve turns and goes on as its own image."""
    if family.landscape.symmetry.order == 1:
        return roots
    marked = []
    for root in roots:
        if root.turns and root.indices[0] == root.indices[1]:
            # Then the place next to the root on one half, or an image of it, lies on the other half.
            before, after = curve.halves(root)
            image = _lies_on(family, [before], after.z[1], after.energy[1], workers)
            image |= _lies_on(family, [after], before.z[-2], before.energy[-2], workers)
            root = dataclasses.replace(root, is_image=image)
        marked.append(root)
    return marked


def _keep(family: Family, kept: list[Curve], curve: Curve, workers: int | None) -> bool:
    """Add a curve to those kept unless it repeats one of them or its image; return whether it was added."""
    if len(curve):
        if _lies_on(family, kept, curve.z[curve.probe], float(curve.energy[curve.probe]), workers):
            return False
    kept.append(curve)
    return True


def _lies_on(
    family: Family, curves: list[Curve], z: np.ndarray, energy: float, workers: int | None
) -> bool:
    """Return whether a place, or an image of it, lies on one of the curves."""
    guesses = [np.zeros((0, len(z))), *(curve.crossing(z[-1], energy) for curve in curves)]
    found = run_batch(_at_fixed_s, family, np.concatenate(guesses), workers=workers)
    known = KnownPoints(found[0], found[1], family.landscape.symmetry)
    return len(known.find(family.unit * z[None, :-1], np.array([energy]))[0]) > 0


def _at_fixed_s(family: Family, guess: Place) -> tuple[Point, Scalar]:
    """Return the stationary point near a guess, and its energy."""
    end = correct(family, guess, jnp.zeros_like(guess).at[-1].set(1.0))
    return family.point(end.z), end.local.energy


def _departures(root: Root, rng: np.random.Generator) -> list[tuple[Root, np.ndarray, np.ndarray]]:
    """Return (root, guess, direction) of each search for another branch that meets this one at a root.

    The guesses lie beside the bifurcation in directions orthogonal to this branch, so that Newton's method
    does not lead back to it.
    """
    if root.kind == "fold":
        return []
    count = len(root.across)
    mixed = rng.standard_normal((RANDOM * count if count > 1 else 0, count))
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    directions = np.concatenate([np.eye(count), -np.eye(count), mixed]) @ root.across
    lanes = []
    for direction in directions:
        end = 1.0 if direction[-1] > 0 else 0.0
        room = (end - root.z[-1]) / direction[-1] if direction[-1] else np.inf
        guess = root.z + min(DEPARTURE, 0.5 * room) * direction
        lanes.append((root, guess, direction))
    return lanes
