"""Checks of the arguments that choose the searches of an entry point."""

from typing import Any, TypeVar

from lossatlas._checks import check_whole
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches._toolkit import Toolkit, toolkit_for
from lossatlas.searches.band import AbstractBand
from lossatlas.searches.curvature import AbstractStationarySearch
from lossatlas.searches.minimisers import AbstractMinimiser
from lossatlas.searches.pathway import AbstractPathway


Kind = TypeVar("Kind", bound=AbstractSearch)

EXAMPLES: dict[type[AbstractSearch], str] = {
    AbstractMinimiser: "a minimiser, such as QuasiNewton(LBFGS()) or GradientDescent(rate)",
    AbstractStationarySearch: (
        "a search for stationary points, such as EigenvectorFollowing() or HybridEigenvectorFollowing()"
    ),
    AbstractPathway: "a search for pathways, such as SteepestDescent() or ChebyshevDescent()",
    AbstractBand: "a search between two points, such as ElasticBand(images)",
}


def toolkit_or_default(toolkit: Any, landscape: AbstractLandscape) -> Toolkit:
    """Return the toolkit given, or the default of the landscape; raises `ValueError` for other objects."""
    if toolkit is None:
        return toolkit_for(landscape)
    if not isinstance(toolkit, Toolkit):
        raise ValueError(
            f"`toolkit` must be a Toolkit, as toolkit_for(landscape) returns, got {toolkit!r}."
        )
    return toolkit


def method_or_default(method: Any, kind: type[Kind], default: Kind) -> Kind:
    """Return the search given, or the default; raises `ValueError` for a search of another kind."""
    if method is None:
        return default
    if not isinstance(method, kind):
        raise ValueError(f"`method` must be {EXAMPLES[kind]}, got {method!r}.")
    return method


def checked_gradients(max_gradients: Any) -> int | None:
    """Return a limit on gradients or None; raises `ValueError` unless it is a positive whole number."""
    return None if max_gradients is None else check_whole("max_gradients", max_gradients)
