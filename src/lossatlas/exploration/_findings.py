"""What goes into a batch of searches and what comes out: records between executor and writer."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lossatlas.searches import Pathways, StationaryPoints


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """What the searches of one batch need to know of the points found before.

    - `minima`: coordinates, shape (dim,), by id, of all minima that the batch starts from.
    - `known_states`: a function of transition states, shape (states, dim), and their energies, shape
        (states,); it returns the rows of the states that the atlas holds, and their ids, shape (known,).
    """

    minima: dict[int, np.ndarray]
    known_states: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclasses.dataclass(frozen=True, eq=False)
class Findings:
    """What the searches of one batch found; one entry per search, in order.

    - `quench`: row of `minima` for searches that minimise, else None.
    - `guesses`: rows of `saddles` for searches that look for transition states.
    - `minima`: ends of the minimisations.
    - `saddles`: ends of the saddle searches.
    - `paths`: pathways from the transition states that were not known before.
    - `pathway`: row of `paths` for each row of `saddles`, or -1 where no pathway was followed.
    - `band_outcome`, `band_gradients`: outcome and gradients of the elastic band of a pair.
    """

    quench: list[int | None]
    guesses: list[list[int]]
    minima: StationaryPoints
    saddles: StationaryPoints
    paths: Pathways
    pathway: np.ndarray
    band_outcome: np.ndarray
    band_gradients: np.ndarray
