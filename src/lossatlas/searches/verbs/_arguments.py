"""Checks of the arguments that choose the searches of an entry point."""

from typing import Any, TypeVar

from lossatlas._checks import check_is, check_whole
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch
from lossatlas.searches._toolkit import EXAMPLES
from lossatlas.searches.band import AbstractBand
from lossatlas.searches.curvature import AbstractStationarySearch
from lossatlas.searches.pathway import AbstractPathway


Kind = TypeVar("Kind", bound=AbstractSearch)
Limited = TypeVar("Limited", AbstractStationarySearch, AbstractPathway, AbstractBand)


def method_or_default(method: Any, kind: type[Kind], default: Kind) -> Kind:
    """Return the search given, or the default; raises `ValueError` for a search of another kind."""
    if method is None:
        return default
    check_is("method", method, kind, EXAMPLES[kind])
    return method


def limited(search: Limited, landscape: AbstractLandscape, max_gradients: int | None) -> Limited:
    """Return the search within a limit on gradients, itself if there is none.

    **Raises:** `ValueError` for a search of one's own that then returns another thing.
    """
    if max_gradients is None:
        return search
    within = search.within(landscape, max_gradients)
    name = type(search).__name__
    check_is(f"{name}.within(...)", within, type(search), f"a {name} with a limit")
    return within


def check_result(search: AbstractSearch, returned: Any, kind: type, fields: str) -> None:
    """Refuse what a search of one's own returned if it is of another form than the driver needs.

    **Arguments:**

    - `search`: its name is said.
    - `returned`: by a batch of it.
    - `kind`: what it must be, a named tuple.
    - `fields`: of that, for the sentence.
    """
    if not isinstance(returned, kind):
        raise ValueError(
            f"`result` of {type(search).__name__} must return {kind.__name__}({fields}), got a "
            f"{type(returned).__name__}."
        )


def checked_gradients(max_gradients: Any) -> int | None:
    """Return a limit on gradients or None; raises `ValueError` unless it is a positive whole number."""
    return None if max_gradients is None else check_whole("max_gradients", max_gradients)
