"""Which searches suit a landscape: the only place that chooses them by the number of variables."""

import dataclasses
import math
from typing import Any, Literal, Self

import equinox as eqx
import numpy as np

from lossatlas._checks import check_flag, check_is
from lossatlas.landscapes import AbstractLandscape, Units, check_kind

from ._search import AbstractSearch, converted
from .band import AbstractBand, ElasticBand
from .curvature import AbstractStationarySearch, AbstractVerifier, EigenvectorFollowing, NewtonKrylov
from .minimisers import BFGS, LBFGS, AbstractDirection, AbstractMinimiser, QuasiNewton, TruncatedNewton
from .pathway import AbstractPathway, ChebyshevDescent, SteepestDescent
from .saddle import HybridEigenvectorFollowing


DENSE = 1000  # variables up to which Hessians are built and decomposed; above, only products are used
MATRIX = 300  # variables up to which a minimiser keeps the inverse Hessian as a matrix
EXACT = 300  # variables up to which transition states are searched with exact Hessians
FEW_PAIRS = 10  # pairs that L-BFGS keeps where lanes share passes over data
WITHIN_PIECES = 60  # steps of a polish where there may be kinks: a polish that converges needs fewer


EXAMPLES: dict[type[AbstractSearch], str] = {
    AbstractMinimiser: "a minimiser, such as QuasiNewton(LBFGS()) or GradientDescent(rate)",
    AbstractStationarySearch: (
        "a search for stationary points, such as EigenvectorFollowing() or HybridEigenvectorFollowing()"
    ),
    AbstractPathway: "a search for pathways, such as SteepestDescent() or ChebyshevDescent()",
    AbstractBand: "a search between two points, such as ElasticBand(images)",
}
KINDS: dict[str, type[AbstractSearch]] = {
    "descent": AbstractMinimiser,
    "polish": AbstractStationarySearch,
    "saddle": AbstractStationarySearch,
    "pathway": AbstractPathway,
    "band": AbstractBand,
}
# Our own searches verify what they find; what a subclass of them returns may be anything.
VERIFIERS = (EigenvectorFollowing, NewtonKrylov, HybridEigenvectorFollowing)
HOPS, MIXES = ("variable", "point"), ("wide", "near")


class Toolkit(eqx.Module):
    """The searches that suit one landscape; frozen and hashable.

    Get one from `toolkit_for` and pass it to the entry points as `toolkit`. `dataclasses.replace` exchanges
    a part.

    - `descent`: goes downhill from a start to near a minimum.
    - `polish`: brings that point to rounding level and checks its index. It also verifies the points that
        searches from outside lossatlas find, unless it is one of those itself.
    - `saddle`: goes from a guess to a transition state.
    - `pathway`: goes from a transition state down to near a minimum.
    - `band`: finds guesses for transition states between two minima.
    - `hessians`: whether Hessians may be built and decomposed. The softest modes of a minimum, minima on
        kinks and `follow` need them; without them the two lowest eigenpairs come from products.
    - `hop`: what the length of a random displacement measures: the change of each variable (`variable`),
        or of the whole point (`point`), as suits thousands of variables.
    - `mix`: what an exploration prefers: searches from random points as well as others (`wide`), or
        searches between near minima (`near`).

    **Raises:** `ValueError` if a field is a search of the wrong kind, `polish` does not find minima (order
    0), or `saddle` does not find transition states (order 1).
    """

    descent: AbstractMinimiser
    polish: AbstractStationarySearch
    saddle: AbstractStationarySearch
    pathway: AbstractPathway
    band: AbstractBand
    hessians: bool = True
    hop: Literal["variable", "point"] = "variable"
    mix: Literal["wide", "near"] = "wide"

    def __check_init__(self):
        for name, kind in KINDS.items():
            check_is(name, getattr(self, name), kind, EXAMPLES[kind])
        for name, order, points in (("polish", 0, "minima"), ("saddle", 1, "transition states")):
            if not getattr(self, name).finds(order):
                raise ValueError(
                    f"`{name}` must be a search that finds {points} (`order` {order}), which "
                    f"{type(getattr(self, name)).__name__} does not."
                )
        check_flag("hessians", self.hessians)
        for name, words in (("hop", HOPS), ("mix", MIXES)):
            if getattr(self, name) not in words:
                raise ValueError(f"`{name}` must be one of {words}, got {getattr(self, name)!r}.")

    def in_units(self, units: Units) -> Self:
        """Return the same searches in a landscape's own units."""
        own = {name: converted(getattr(self, name), units) for name in KINDS}
        return dataclasses.replace(self, **own)

    def verifier(self, landscape: AbstractLandscape) -> AbstractVerifier:
        """Return the search that verifies the points of searches from outside lossatlas.

        It is `polish`, or that of the default toolkit if that comes from outside, too.
        """
        return verifier_of(self.polish) or toolkit_for(landscape).verifier(landscape)

    def searches(self, landscape: AbstractLandscape) -> list[tuple[AbstractSearch, tuple[np.ndarray, ...]]]:
        """Return all searches of the toolkit, each with the arrays of one lane."""
        x, order = np.zeros((1, landscape.dimension)), np.zeros(1, dtype=np.int64)
        stages = (*self.polish.stages(), *self.saddle.stages(), *self.verifier(landscape).stages())
        return [
            (self.descent, (x,)),
            (self.band, (x, x)),
            (self.pathway, (x, x)),
            *((stage, (x, x, order)) for stage in dict.fromkeys(stages)),
        ]


def verifier_of(search: AbstractStationarySearch) -> AbstractVerifier | None:
    """Return the search if it verifies what it finds."""
    return search if isinstance(search, AbstractVerifier) and type(search) in VERIFIERS else None


def toolkit_or_default(toolkit: Any, landscape: AbstractLandscape) -> Toolkit:
    """Return the toolkit given, or the default of the landscape; raises `ValueError` for other objects."""
    if toolkit is None:
        return toolkit_for(landscape)
    check_is("toolkit", toolkit, Toolkit, "a Toolkit, as toolkit_for(landscape) returns")
    return toolkit


def toolkit_for(landscape: AbstractLandscape) -> Toolkit:
    """Return the default searches for a landscape.

    Up to 1,000 variables they use Hessians (`with_hessians`), above that only products with the Hessian
    (`matrix_free`).

    **Arguments:**

    - `landscape`: the landscape that is searched; tolerances are in its units.

    **Raises:** `ValueError` if `landscape` is not a landscape.
    """
    check_kind(landscape)
    return with_hessians(landscape) if landscape.dimension <= DENSE else matrix_free(landscape)


def with_hessians(landscape: AbstractLandscape) -> Toolkit:
    """Return searches with exact Hessians, for a landscape of up to about 1,000 variables.

    The minimiser is truncated Newton where a gradient gives the Hessian at little cost. (3-spin glasses to
    rms gradient 1e-6: 18 passes over the coefficients where L-BFGS takes 82, N = 100; 14 where BFGS takes
    40, N = 40.) Otherwise it is BFGS, whose matrix is replaced by the exact inverse Hessian whenever the
    gradients since the last Hessian, at least 20, have cost 2.5 times as much as a Hessian. Where lanes
    share passes over large data, gradients are cheap and the minimiser is L-BFGS with 10 pairs. Above 300
    variables it is L-BFGS with 100 pairs, and transition states are approached by hybrid eigenvector
    following, which uses products with the Hessian.

    **Arguments:**

    - `landscape`: the landscape that is searched; tolerances are in its units.

    **Returns:** `Toolkit`.
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
    """Return searches that use only gradients and products with the Hessian; for any number of variables.

    The minimiser is L-BFGS with 20 pairs, or with 10 where lanes share passes over large data: with more,
    the recursion would cost more than it saves. Explorations of thousands of variables are expensive, so
    they join near minima by bands instead of searching from random points. Nine bands in ten end in a
    transition state (MNIST: 39 of 40 bands between minima closer than 0.4).

    **Arguments:**

    - `landscape`: the landscape that is searched; tolerances are in its units.

    **Returns:** `Toolkit`.
    """
    pairs = FEW_PAIRS if landscape.shares_passes else 20
    kit = Toolkit(
        descent=QuasiNewton(LBFGS(pairs)),
        polish=NewtonKrylov(),
        # Measured on 52 guesses for MNIST: with 16 products per cycle and a switch at rms 1e-6 the cost was
        # a tenth less than with 30 and 1e-5, and Newton steps led away from one guess instead of four.
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
