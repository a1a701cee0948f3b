"""Plug-ins: modules of other packages that add landscapes, searches and commands, by entry points."""

import functools
import warnings
from importlib.metadata import entry_points


GROUP = "lossatlas"


@functools.cache
def load_plugins() -> None:
    """Import the module of every entry point in the group `lossatlas`, once.

    Such a module adds its recipes to `lossatlas.recipes.RECIPES`, its searches to
    `lossatlas.searches.SEARCHES` and its commands to `lossatlas.cli.app`.
    A module that cannot be imported is left out with a warning.
    """
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # a module of another package may raise anything
            warnings.warn(
                f"{point.value}, which extends lossatlas, could not be imported: "
                f"{type(error).__name__}: {error}",
                stacklevel=2,
            )
