"""The entry point for double-ended searches."""

import dataclasses

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch

from ._dneb import ElasticBand


@dataclasses.dataclass(frozen=True)
class Bands:
    """Guesses for transition states from relaxed bands.

    - `pair`: which pair a guess belongs to, shape (guesses,).
    - `x`: the guesses, shape (guesses, dim), parameter units.
    - `direction`: unit tangents of the band there, shape (guesses, dim).
    - `gradients`: evaluations spent, shape (pairs,).
    """

    pair: np.ndarray
    x: np.ndarray
    direction: np.ndarray
    gradients: np.ndarray


def find_bands(
    landscape: AbstractLandscape,
    a: np.ndarray,
    b: np.ndarray,
    *,
    images: int = 20,
    max_steps: int = 80,
    align: bool = True,
    workers: int | None = None,
) -> Bands:
    """Relax a doubly nudged elastic band between each pair of points and pick its local maxima.

    **Arguments:**

    - `landscape`: what is searched.
    - `a`, `b`: end points, shape (pairs, dim), parameter units.
    - `images`: images between the end points.
    - `max_steps`: iterations per band.
    - `align`: replace each b by its image nearest to a under the landscape's symmetry.
    - `workers`: threads; default one per core.

    **Returns:** `Bands`; a pair without an interior maximum has no guess.
    """
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    if align:
        symmetry = landscape.symmetry
        b = np.stack([symmetry.align(p, q).image for p, q in zip(a, b)]) if len(a) else b
    result = run_batch(ElasticBand(images, max_steps), landscape, a, b, workers=workers)
    pair, gap = np.nonzero(result["is_maximum"])
    return Bands(pair, result["guesses"][pair, gap], result["tangents"][pair, gap], result["gradients"])
