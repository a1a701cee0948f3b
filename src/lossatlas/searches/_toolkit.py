"""Which searches suit a landscape: the one place that knows at how many variables they change."""

import dataclasses
import math
from typing import Literal, Self

import equinox as eqx
import numpy as np

from lossatlas.landscapes import AbstractLandscape, Units, check_kind

from ._search import AbstractSearch
from .band import AbstractBand, ElasticBand
from .curvature import AbstractStationarySearch, EigenvectorFollowing, NewtonKrylov
from .minimisers import BFGS, LBFGS, AbstractDirection, AbstractMinimiser, QuasiNewton, TruncatedNewton
from .pathway import AbstractPathway, ChebyshevDescent, SteepestDescent
from .saddle import HybridEigenvectorFollowing


DENSE = 1000  # variables up to which Hessians are built and decomposed; above, products with them only
MATRIX = 300  # variables up to which a minimiser keeps the inverse Hessian as a matrix
EXACT = 300  # variables up to which transition states are searched with exact Hessians
FEW_PAIRS = 10  # of L-BFGS where lanes share passes over data
WITHIN_PIECES = 60  # steps of a polish where there may be kinks: those that converge need fewer


class Toolkit(eqx.Module):
    """The searches for one landscape; frozen and hashable. Replace a part by `dataclasses.replace`.

    - `descent`: from a start downhill to near a minimum.
    - `polish`: from there to rounding level, with a check of the index.
    - `saddle`: from a guess to a transition state.
    - `pathway`: from a transition state down to near a minimum.
    - `band`: between two minima.
    - `hessians`: whether Hessians are built and decomposed at all: for the softest modes of a minimum, for
        minima on kinks and for `follow`; if not, the two lowest eigenpairs come from products.
    - `hop`: what the length of a random displacement is that of: `variable` (each variable) or `point` (all
        together, which leaves something of a point with thousands of variables).
    - `mix`: which searches an exploration prefers: `wide` ones from random points, too, or `near` ones,
        between near minima.
    """

    descent: AbstractMinimiser
    polish: AbstractStationarySearch
    saddle: AbstractStationarySearch
    pathway: AbstractPathway
    band: AbstractBand
    hessians: bool = True
    hop: Literal["variable", "point"] = "variable"
    mix: Literal["wide", "near"] = "wide"

    def in_units(self, units: Units) -> Self:
        """Return the same searches in a landscape's own units."""
        names = ("descent", "polish", "saddle", "pathway", "band")
        return dataclasses.replace(self, **{name: getattr(self, name).in_units(units) for name in names})

    def searches(self, landscape: AbstractLandscape) -> list[tuple[AbstractSearch, tuple[np.ndarray, ...]]]:
        """Return all its searches, each with the arrays of one lane."""
        x, order = np.zeros((1, landscape.dimension)), np.zeros(1, dtype=np.int64)
        stages = (*self.polish.stages(), *self.saddle.stages())
        return [
            (self.descent, (x,)),
            (self.band, (x, x)),
            (self.pathway, (x, x)),
            *((stage, (x, x, order)) for stage in dict.fromkeys(stages)),
        ]


def toolkit_for(landscape: AbstractLandscape) -> Toolkit:
    """Return the searches that are the default for a landscape.

    Up to 1,000 variables they use Hessians (`with_hessians`), above products with them (`matrix_free`).

    **Arguments:**

    - `landscape`: what is searched; tolerances are in its units.

    **Raises:** `ValueError` for what is no landscape.
    """
    check_kind(landscape)
    return with_hessians(landscape) if landscape.dimension <= DENSE else matrix_free(landscape)


def with_hessians(landscape: AbstractLandscape) -> Toolkit:
    """Return searches with exact Hessians, for a landscape of up to about 1,000 variables.

    Minima are reached by truncated Newton steps where a gradient gives the Hessian, else by BFGS, made
    exact when the gradients since the last Hessian cost 2.5 times as much. (3-spin glasses to rms gradient
    1e-6: 18 passes over the coefficients where L-BFGS takes 82, N = 100; 14 where BFGS takes 40, N = 40.)
    Where lanes share passes over large data a gradient is cheap: then it is L-BFGS with 10 pairs. Above 300
    variables it is L-BFGS with 100 pairs, and transition states are approached by products with the
    Hessian.

    **Arguments:**

    - `landscape`: what is searched; tolerances are in its units.
    """
    exact = EigenvectorFollowing()
    descent = TruncatedNewton() if landscape.gives_hessian else QuasiNewton(_direction(landscape))
    kit = Toolkit(
        descent=descent,
        polish=exact if landscape.smoothness == "smooth" else EigenvectorFollowing(WITHIN_PIECES),
        saddle=exact if landscape.dimension <= EXACT else HybridEigenvectorFollowing(),
        pathway=SteepestDescent(),
        band=ElasticBand(),
    )
    return _in_units_of_the_caller(kit, landscape)


def matrix_free(landscape: AbstractLandscape) -> Toolkit:
    """Return searches that use gradients and products with the Hessian alone; for any number of variables.

    Minima are reached by L-BFGS with 20 pairs: with more the recursion would cost more than it saves.
    Explorations have little time for thousands of variables: they join near minima by bands, which end in a
    transition state nine times in ten (MNIST, 39 of 40 closer than 0.4), instead of searching from random
    points.

    **Arguments:**

    - `landscape`: what is searched; tolerances are in its units.
    """
    pairs = FEW_PAIRS if landscape.shares_passes else 20
    kit = Toolkit(
        descent=QuasiNewton(LBFGS(pairs)),
        polish=NewtonKrylov(),
        # Measured on 52 guesses for MNIST: 16 products a cycle and rms 1e-6, from where Newton steps led
        # away from one, cost a tenth less than 30 and 1e-5, where they did from four.
        saddle=HybridEigenvectorFollowing(NewtonKrylov(), products=16, switch=1e-6),
        pathway=ChebyshevDescent(),
        band=ElasticBand(),
        hessians=False,
        hop="point",
        mix="near",
    )
    return _in_units_of_the_caller(kit, landscape)


def _direction(landscape: AbstractLandscape) -> AbstractDirection:
    """Return the directions of a quasi-Newton minimiser where Hessians may be built."""
    if landscape.shares_passes:
        return LBFGS(FEW_PAIRS)
    if landscape.dimension > MATRIX:
        return LBFGS(100)
    return BFGS(refresh=max(20, math.ceil(2.5 * landscape.hessian_cost)))


def _in_units_of_the_caller(kit: Toolkit, landscape: AbstractLandscape) -> Toolkit:
    """Return searches whose tolerances were in the landscape's own units."""
    units = landscape.units
    if units.is_one:
        return kit
    return kit.in_units(Units(1.0 / units.variables, 1.0 / units.energy))
