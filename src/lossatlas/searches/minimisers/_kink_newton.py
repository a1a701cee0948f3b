"""Newton's method on a kink, where smooth pieces meet, and the curvatures along the kink."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._types import Matrix, Modes, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch

from ._gradient_sampling import evaluated, shortest, sphere


RADIUS = 1e-6  # radius of the sphere of samples, in length scales
STEPS = 12  # Newton steps at most
SETS = 3  # sets of samples on the sphere: a piece may be a narrow cone
CLOSE = 1e-9  # length of a Newton step that counts as converged, in length scales
FARTHEST = 1e-2  # longest Newton step, in length scales
WEIGHT = 1e-8  # smallest weight in the convex combination of a piece that counts
JUMP = 50.0  # smallest jump of a gradient across a kink, relative to largest curvature times radius
FLAT = 1e-6  # size of a curvature along a kink that counts as zero, relative to the largest curvature


class OnKinks(NamedTuple):
    """Points on kinks, at rounding level.

    - `x`: shape (points, dim), dimensionless; the other fields have shape (points,).
    - `residual`: length of the shortest convex combination of the gradients of the pieces.
    - `steepest`: length of the longest gradient.
    - `lowest`, `second`: the two lowest curvatures along the kink, infinite where it has fewer dimensions.
    - `largest`: the largest |curvature| of the mean Hessian of the pieces.
    - `converged`: whether Newton's method converged.
    """

    x: Float[np.ndarray, "points dim"]
    residual: Float[np.ndarray, " points"]
    steepest: Float[np.ndarray, " points"]
    lowest: Float[np.ndarray, " points"]
    second: Float[np.ndarray, " points"]
    largest: Float[np.ndarray, " points"]
    converged: Bool[np.ndarray, " points"]


class _Pieces(NamedTuple):
    """Quadratic models of the smooth pieces that meet at a point, one row per piece."""

    weights: np.ndarray
    energies: np.ndarray
    gradients: np.ndarray
    hessian: np.ndarray  # the weighted mean


def settle_on_kinks(
    landscape: AbstractLandscape, x: Float[np.ndarray, "points dim"], workers: int | None
) -> OnKinks:
    """Find the points near `x` where all pieces have one energy and a combination of gradients vanishes.

    Let f_k, g_k and H_k be the energies, gradients and Hessians of the pieces in the shortest convex
    combination of gradients, and w_k its weights. A step d solves

        sum_k w_k H_k d + sum_k v_k g_k = 0,   f_k + g_k . d = t for all k,   sum_k v_k = 1.

    The curvatures along the kink are those of sum_k w_k H_k orthogonal to all differences of gradients.

    **Arguments:**

    - `landscape`: the landscape, in its own units.
    - `x`: points near kinks, shape (points, dim), dimensionless.
    - `workers`: threads; None for one per core.
    """
    x, scale = x.copy(), landscape.length_scale
    converged, lengths = np.zeros(len(x), dtype=bool), np.full(len(x), np.inf)
    for turn in range(STEPS):
        rows = np.flatnonzero(~converged)
        if not len(rows):
            break
        pieces, _ = _pieces(landscape, x[rows], turn, workers)
        steps = np.array([_newton_step(row) for row in pieces])
        sizes = np.linalg.norm(steps, axis=1)
        moving = np.isfinite(sizes) & (sizes <= np.minimum(lengths[rows], FARTHEST * scale))
        x[rows[moving]] += steps[moving]
        converged[rows] = moving & (sizes <= CLOSE * scale)
        # A step that grows shows that a piece was missed; the next samples may find it.
        lengths[rows] = np.where(moving, sizes, lengths[rows])
    pieces, gradients = _pieces(landscape, x, STEPS, workers)
    modes = run_batch(_zero_modes, landscape, x, workers=workers)
    residual = [np.linalg.norm(shortest(row.gradients) @ row.gradients) for row in pieces]
    curvatures = [_along_kink(*row, RADIUS * scale) for row in zip(pieces, gradients, modes)]
    lowest, second, largest = np.array(curvatures).reshape(-1, 3).T
    steepest = np.linalg.norm(gradients, axis=2).max(axis=1)
    return OnKinks(x, np.array(residual), steepest, lowest, second, largest, converged)


def _pieces(
    landscape: AbstractLandscape, x: np.ndarray, turn: int, workers: int | None
) -> tuple[list[_Pieces], np.ndarray]:
    """Return the pieces that meet at each point, and all gradients that were sampled around it."""
    spheres = [sphere(x.shape[1], SETS * turn + i)[:-1] for i in range(SETS)]
    moves = RADIUS * landscape.length_scale * np.concatenate(spheres)
    energies, gradients = evaluated(landscape, x[:, None] + moves, workers)
    weights = [shortest(row) if np.all(np.isfinite(row)) else np.ones(1) for row in gradients]
    chosen = [np.flatnonzero(row > WEIGHT) for row in weights]
    places = np.concatenate([x[i] + moves[rows] for i, rows in enumerate(chosen)])
    hessians = run_batch(_hessian, landscape, places, workers=workers)
    result, start = [], 0
    for i, rows in enumerate(chosen):
        own = hessians[start : start + len(rows)]
        start += len(rows)
        bent = np.einsum("kij,kj->ki", own, moves[rows])
        height = energies[i, rows] - np.sum((gradients[i, rows] - 0.5 * bent) * moves[rows], axis=1)
        share = weights[i][rows] / weights[i][rows].sum()
        mean = np.einsum("k,kij->ij", share, own)
        result.append(_Pieces(share, height, gradients[i, rows] - bent, 0.5 * (mean + mean.T)))
    return result, gradients


def _newton_step(pieces: _Pieces) -> Float[np.ndarray, " dim"]:
    count, dim = pieces.gradients.shape
    if not np.all(np.isfinite(pieces.hessian)):
        return np.full(dim, np.inf)
    system, right = np.zeros((dim + count + 1,) * 2), np.zeros(dim + count + 1)
    system[:dim, :dim] = pieces.hessian
    system[:dim, dim:-1], system[dim:-1, :dim] = pieces.gradients.T, pieces.gradients
    system[dim:-1, -1], system[-1, dim:-1] = -1.0, 1.0
    right[dim:-1], right[-1] = pieces.energies.mean() - pieces.energies, 1.0
    return np.linalg.lstsq(system, right, rcond=1e-13)[0][:dim]


def _along_kink(pieces: _Pieces, gradients: np.ndarray, modes: np.ndarray, radius: float):
    """Return the two lowest curvatures along the kink, and the largest one of the mean Hessian."""
    if not (np.all(np.isfinite(pieces.hessian)) and np.all(np.isfinite(gradients))):
        return np.nan, np.nan, np.nan
    largest = np.abs(np.linalg.eigvalsh(pieces.hessian)).max()
    _, sizes, across = np.linalg.svd(gradients - gradients.mean(axis=0), full_matrices=True)
    jumps = int(np.sum(sizes > JUMP * largest * radius * np.sqrt(len(gradients))))
    fixed = np.linalg.qr(np.concatenate([across[:jumps], modes]).T, mode="complete")[0]
    along = fixed[:, jumps + len(modes) :]
    values = np.append(np.linalg.eigvalsh(along.T @ pieces.hessian @ along), [np.inf, np.inf])
    return values[0], values[1], largest


def _hessian(landscape: AbstractLandscape, x: Point) -> Matrix:
    return landscape.hessian(x)


def _zero_modes(landscape: AbstractLandscape, x: Point) -> Modes:
    return jnp.asarray(landscape.zero_modes(x))
