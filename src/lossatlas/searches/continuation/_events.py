"""Locate the roots on a curve: places where an eigenvalue changes sign or the parameter turns."""

import jax
import jax.numpy as jnp
import numpy as np

from lossatlas._types import Integer
from lossatlas.searches._driver import run_batch

from ._curve import Curve, Root
from ._family import Family, Place, correct, spectrum_at, tangent


TURN = -1  # locate a zero of the tangent's component along s; other numbers name an eigenvalue
ITERATIONS = 60
LOCATED = 1e-10  # error of a root, relative to the chord between two points of the curve
BESIDE = 0.05  # distance from a root, relative to the chord, of the two points that give the tangent there
TOGETHER = 1e-6  # roots at a smaller distance count as one; dimensionless, see `Family`


def locate_roots(family: Family, curves: list[Curve], *, workers: int | None = None) -> list[list[Root]]:
    """Return the roots on each curve, in order.

    An eigenvalue and the component of the tangent along s are continuous functions along the curve. Between
    two points where such a function has different signs, its root is found by the Illinois method; the
    function is evaluated at places that Newton's method brings to the curve.
    """
    lanes: list[tuple[int, int, int]] = []
    for number, curve in enumerate(curves):
        for row in np.flatnonzero((np.diff(curve.index) != 0) | (curve.turn[1:] * curve.turn[:-1] < 0)):
            low, high = sorted(curve.index[row : row + 2].tolist())
            turns = [TURN] if curve.turn[row] * curve.turn[row + 1] < 0 else []
            lanes += [(number, int(row), which) for which in [*turns, *range(low, high)]]
    roots: list[list[Root]] = [[] for _ in curves]
    if not lanes:
        return roots
    numbers, rows, which = np.array(lanes).T
    before = np.stack([curves[number].z[row] for number, row, _ in lanes])
    after = np.stack([curves[number].z[row + 1] for number, row, _ in lanes])
    found = run_batch(_locate, family, before, after, which, workers=workers)
    order = np.lexsort((found["theta"], rows, numbers)).tolist()
    group: list[int] = []
    for i, following in zip(order, [*order[1:], None]):
        group.append(i)
        if following is not None and lanes[following][:2] == lanes[i][:2]:
            if np.linalg.norm(found["z"][following] - found["z"][i]) <= TOGETHER:
                continue
        number, row, _ = lanes[i]
        earlier = roots[number][-1:]
        starts = earlier[0].indices[1] if earlier and earlier[0].row == row else curves[number].index[row]
        rises = curves[number].index[row + 1] >= curves[number].index[row]
        roots[number].append(_root(found, group, row, which, int(starts), rises))
        group = []
    return roots


def _root(found: dict, group: list[int], row: int, which: np.ndarray, index: int, rises: bool) -> Root:
    """Return one root for all functions that vanish at one place."""
    # The place where s turns is preferred: the error of s is quadratic in the error along the curve there.
    best = min(group, key=lambda i: which[i])
    crossings = sum(int(which[i]) != TURN for i in group)
    values = found["eigenvalues"][best]
    smallest = np.argsort(np.abs(values))[: max(crossings, 1)]
    return Root(
        row=row,
        theta=float(found["theta"][best]),
        z=found["z"][best],
        energy=float(found["energy"][best]),
        turns=bool(which[best] == TURN),
        indices=(index, index + (crossings if rises else -crossings)),
        critical=float(values[smallest[0]]),
        across=_across(found, best, smallest),
    )


def _across(found: dict, lane: int, kernel: np.ndarray) -> np.ndarray:
    """Return the directions of other branches, see `Root`.

    The tangents of all branches lie in the kernel of the derivatives of the gradient with respect to z. The
    eigenvectors with eigenvalue zero and one direction along which s changes span this kernel.
    """
    values, vectors = found["eigenvalues"][lane], found["eigenvectors"][lane]
    others = np.delete(np.arange(len(values)), kernel)
    moved = vectors[:, others] @ ((vectors[:, others].T @ found["slope"][lane]) / values[others])
    along_s = np.append(-moved, 1.0)
    basis = np.pad(vectors[:, kernel].T, ((0, 0), (0, 1)))
    basis = np.concatenate([basis, along_s[None] / np.linalg.norm(along_s)])
    curve = basis @ found["along"][lane]
    # The columns after the first are orthonormal and orthogonal to the curve.
    turned = np.linalg.qr(np.column_stack([curve, np.eye(len(basis))]))[0][:, 1:]
    return turned.T @ basis


def _locate(family: Family, before: Place, after: Place, which: Integer) -> dict:
    chord = after - before
    border = chord / jnp.linalg.norm(chord)

    def at(theta):
        z, local, _, _ = correct(family, before + theta * chord, border)
        values, vectors = spectrum_at(family, z, local)
        turn = tangent(local.jacobian, border)[-1]
        place = {"z": z, "energy": local.energy, "eigenvalues": values, "eigenvectors": vectors}
        place["slope"] = local.jacobian[:, -1] / family.unit
        return jnp.where(which == TURN, turn, values[which]), {"theta": theta, **place}

    def closer(state):
        (a, at_a), (b, at_b), place, _, count = state
        following = (a * at_b - b * at_a) / (at_b - at_a)
        inside = (following > a) & (following < b)
        following = jnp.where(inside, following, 0.5 * (a + b))
        value, new = at(following)
        before_root = jnp.sign(value) == jnp.sign(at_a)
        # Illinois method: the value at the end that stays is halved, so that this end moves soon, too.
        low = jnp.where(before_root, following, a), jnp.where(before_root, value, 0.5 * at_a)
        high = jnp.where(before_root, b, following), jnp.where(before_root, 0.5 * at_b, value)
        return low, high, new, jnp.abs(following - place["theta"]), count + 1

    ends, places = jax.lax.map(at, jnp.array([0.0, 1.0]))
    low, high = (0.0, ends[0]), (1.0, ends[1])
    first = jax.tree.map(lambda both: both[0], places)
    start = jax.tree.map(jnp.asarray, (low, high, first, 1.0, 0))
    more = lambda state: (state[3] > LOCATED) & (state[4] < ITERATIONS)
    root = jax.lax.while_loop(more, closer, start)[2]
    # At the root the derivatives alone do not define the tangent: use points on both sides.
    sides = root["theta"] + jnp.array([-BESIDE, BESIDE])
    behind, ahead = jax.lax.map(lambda theta: at(theta)[1]["z"], sides)
    return {**root, "along": (ahead - behind) / jnp.linalg.norm(ahead - behind)}
