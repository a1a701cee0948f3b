"""lossatlas maps the whole solution landscape of a machine-learning model.

The public names, each imported when it is first used: `lossatlas --help` need not wait for JAX.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from ._cache import keep_compiled_programs


__version__ = "0.1.0"

# Landscapes need float64. Said here, before JAX is imported, it costs no start-up time. Where the user
# has imported JAX already, its compilation cache stays as it is.
if "jax" in sys.modules:
    from . import _float64 as _float64
else:
    os.environ["JAX_ENABLE_X64"] = "1"
    keep_compiled_programs()

_ROOMS = {
    "landscapes": (
        "AbstractLandscape",
        "Loss",
        "Perceptron",
        "SpinGlass",
        "Triatomic",
        "spin_glass",
        "xor",
    ),
    "searches": (
        "basin_hopping",
        "census",
        "connect",
        "find_bands",
        "find_pathways",
        "find_saddles",
        "limit_memory",
        "minimise",
    ),
    "datasets": ("DataSet", "digits", "iris", "ljat3", "load_table", "mnist", "regression"),
    "atlas": ("Atlas", "AtlasError", "export_pathsample", "import_pathsample"),
    "analysis": (
        "auc",
        "coverage",
        "disconnectivity",
        "evaluate",
        "misclassification_distances",
        "parameter_distances",
    ),
    "exploration": ("Budget", "Progress", "explore"),
    "plots": (
        "plot_disconnectivity",
        "plot_distance_density",
        "plot_graphs",
        "plot_metric_boxes",
        "plot_metric_curve",
        "plot_misclassification",
        "plot_networks",
        "save_picture",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_ROOM_OF, "__version__"])  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from .analysis import auc as auc
    from .analysis import coverage as coverage
    from .analysis import disconnectivity as disconnectivity
    from .analysis import evaluate as evaluate
    from .analysis import misclassification_distances as misclassification_distances
    from .analysis import parameter_distances as parameter_distances
    from .atlas import Atlas as Atlas
    from .atlas import AtlasError as AtlasError
    from .atlas import export_pathsample as export_pathsample
    from .atlas import import_pathsample as import_pathsample
    from .datasets import DataSet as DataSet
    from .datasets import digits as digits
    from .datasets import iris as iris
    from .datasets import ljat3 as ljat3
    from .datasets import load_table as load_table
    from .datasets import mnist as mnist
    from .datasets import regression as regression
    from .exploration import Budget as Budget
    from .exploration import Progress as Progress
    from .exploration import explore as explore
    from .landscapes import AbstractLandscape as AbstractLandscape
    from .landscapes import Loss as Loss
    from .landscapes import Perceptron as Perceptron
    from .landscapes import SpinGlass as SpinGlass
    from .landscapes import Triatomic as Triatomic
    from .landscapes import spin_glass as spin_glass
    from .landscapes import xor as xor
    from .plots import plot_disconnectivity as plot_disconnectivity
    from .plots import plot_distance_density as plot_distance_density
    from .plots import plot_graphs as plot_graphs
    from .plots import plot_metric_boxes as plot_metric_boxes
    from .plots import plot_metric_curve as plot_metric_curve
    from .plots import plot_misclassification as plot_misclassification
    from .plots import plot_networks as plot_networks
    from .plots import save_picture as save_picture
    from .searches import basin_hopping as basin_hopping
    from .searches import census as census
    from .searches import connect as connect
    from .searches import find_bands as find_bands
    from .searches import find_pathways as find_pathways
    from .searches import find_saddles as find_saddles
    from .searches import limit_memory as limit_memory
    from .searches import minimise as minimise


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'lossatlas' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lossatlas.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
