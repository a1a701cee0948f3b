"""The entry point for double-ended searches."""

import dataclasses

import numpy as np

from lossatlas._checks import check_flag
from lossatlas._results import RESULTS
from lossatlas.landscapes import AbstractLandscape, Units
from lossatlas.searches._driver import as_points, run_batch, same_rows
from lossatlas.searches._records import AbstractOutcomes, outcome_names
from lossatlas.searches._toolkit import Toolkit, toolkit_or_default
from lossatlas.searches._units import in_own_units, unit_vectors
from lossatlas.searches.band import AbstractBand

from ._arguments import checked_gradients, limited, method_or_default


SAME = 1e-5  # relative distance below which the two ends are one point


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Bands(AbstractOutcomes):
    """Guesses for transition states from relaxed bands; refine them by `find_saddles`.

    - `pair`: position of the pair to which each guess belongs, shape (guesses,).
    - `x`: the guesses, shape (guesses, dim), parameter units.
    - `direction`: unit tangents of the band at the guesses, shape (guesses, dim).
    - `outcome`: RESULTS codes, shape (pairs,): `converged` where there is a guess, `same_minimum` where
        the two ends are one point, `no_maximum` otherwise.
    - `gradients`: gradients spent, shape (pairs,).
    """

    pair: np.ndarray
    x: np.ndarray
    direction: np.ndarray
    outcome: np.ndarray
    gradients: np.ndarray

    def in_units(self, units: Units) -> "Bands":
        """Return guesses from a dimensionless landscape in the units of the caller."""
        return dataclasses.replace(
            self, x=self.x * units.variables, direction=unit_vectors(self.direction, units)
        )

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return the outcome, the number of guesses and the gradients spent, one row per pair."""
        guesses = np.bincount(self.pair, minlength=len(self.outcome))
        ended = np.array(outcome_names(self.outcome), dtype=str)
        return {"outcome": ended, "guesses": guesses, "gradients": self.gradients}

    def __repr__(self) -> str:
        """Return the number of pairs, the outcomes of their bands, and the number of guesses."""
        return f"Bands({self._ended()}; {len(self.pair)} guesses)"


@in_own_units(a="points", b="points", method="method", toolkit="method")
def find_bands(
    landscape: AbstractLandscape,
    a: np.ndarray,
    b: np.ndarray,
    *,
    method: AbstractBand | None = None,
    toolkit: Toolkit | None = None,
    max_gradients: int | None = None,
    align: bool = True,
    workers: int | None = None,
) -> Bands:
    """Relax a band between each pair of points, and return its local maxima as guesses.

    **Arguments:**

    - `landscape`: the landscape that is searched.
    - `a`, `b`: end points, shape (pairs, dim), parameter units.
    - `method`: a double-ended search, such as `ElasticBand(images=20)`; default the `band` of the toolkit,
        a doubly nudged elastic band of 10 images.
    - `toolkit`: the searches; default `toolkit_for(landscape)`.
    - `max_gradients`: gradients per band after which no step begins; default the limit of the search.
    - `align`: whether each b is replaced by its image nearest to a under the landscape's symmetry.
    - `workers`: threads; default one per core.

    **Returns:** `Bands`; a pair without an interior maximum has no guess.

    **Raises:** `ValueError` if the points do not fit, `method` is not a double-ended search, or
    `max_gradients` is below 1.
    """
    limit, align = checked_gradients(max_gradients), check_flag("align", align)
    a, b = as_points(landscape, a, "a"), as_points(landscape, b, "b")
    same_rows(a=a, b=b)
    if align:
        symmetry = landscape.symmetry
        b = np.stack([symmetry.align(p, q).image for p, q in zip(a, b)]) if len(a) else b
    band = toolkit_or_default(toolkit, landscape).band
    search: AbstractBand = method_or_default(method, AbstractBand, band)
    search = limited(search, landscape, limit)
    result = run_batch(search, landscape, a, b, workers=workers)
    same = np.linalg.norm(a - b, axis=1) <= SAME * np.maximum(1.0, np.linalg.norm(a, axis=1))
    is_maximum = result["is_maximum"] & ~same[:, None]
    found = np.where(is_maximum.any(axis=1), RESULTS.converged, RESULTS.no_maximum)
    outcome = np.where(same, RESULTS.same_minimum, found)
    pair, gap = np.nonzero(is_maximum)
    return Bands(
        pair, result["guesses"][pair, gap], result["tangents"][pair, gap], outcome, result["gradients"]
    )
