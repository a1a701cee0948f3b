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
        "NonlinearRegression",
        "PartiteSpinGlass",
        "Perceptron",
        "SpinGlass",
        "Triatomic",
        "nonlinear_regression",
        "partite_spin_glass",
        "spin_glass",
        "xor",
    ),
    "searches": (
        "basin_hopping",
        "census",
        "connect",
        "descend",
        "find_bands",
        "find_pathways",
        "find_saddles",
        "follow",
        "limit_memory",
        "minimise",
    ),
    "datasets": ("DataSet", "digits", "iris", "ljat3", "load_table", "mnist", "regression"),
    "atlas": ("Atlas", "AtlasError", "export_pathsample", "import_pathsample"),
    "analysis": (
        "TransitionNetwork",
        "auc",
        "barriers_to_global_minimum",
        "communities",
        "coverage",
        "disconnectivity",
        "evaluate",
        "evolve",
        "fastest_paths",
        "first_passage",
        "fit_power_law",
        "free_energy_disconnectivity",
        "frustration",
        "funnels",
        "heat_capacity_peaks",
        "kinetic_monte_carlo",
        "misclassification_distances",
        "network_statistics",
        "occupation",
        "parameter_distances",
        "rate_network",
        "rate_scan",
        "regroup",
        "sequence_basins",
        "shallow",
        "summary",
        "temperature_scan",
        "thermodynamics",
        "transition_network",
    ),
    "exploration": ("Budget", "Progress", "explore"),
    "plots": (
        "plot_arrhenius",
        "plot_bifurcation",
        "plot_degree_distribution",
        "plot_disconnectivity",
        "plot_distance_density",
        "plot_energy_histograms",
        "plot_evolution",
        "plot_fits",
        "plot_frustration",
        "plot_funnels",
        "plot_graphs",
        "plot_heat_capacity",
        "plot_metric_boxes",
        "plot_metric_curve",
        "plot_misclassification",
        "plot_networks",
        "plot_occupation",
        "plot_point_counts",
        "save_picture",
        "write_interactive",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_ROOM_OF, "__version__"])  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from .analysis import TransitionNetwork as TransitionNetwork
    from .analysis import auc as auc
    from .analysis import barriers_to_global_minimum as barriers_to_global_minimum
    from .analysis import communities as communities
    from .analysis import coverage as coverage
    from .analysis import disconnectivity as disconnectivity
    from .analysis import evaluate as evaluate
    from .analysis import evolve as evolve
    from .analysis import fastest_paths as fastest_paths
    from .analysis import first_passage as first_passage
    from .analysis import fit_power_law as fit_power_law
    from .analysis import free_energy_disconnectivity as free_energy_disconnectivity
    from .analysis import frustration as frustration
    from .analysis import funnels as funnels
    from .analysis import heat_capacity_peaks as heat_capacity_peaks
    from .analysis import kinetic_monte_carlo as kinetic_monte_carlo
    from .analysis import misclassification_distances as misclassification_distances
    from .analysis import network_statistics as network_statistics
    from .analysis import occupation as occupation
    from .analysis import parameter_distances as parameter_distances
    from .analysis import rate_network as rate_network
    from .analysis import rate_scan as rate_scan
    from .analysis import regroup as regroup
    from .analysis import sequence_basins as sequence_basins
    from .analysis import shallow as shallow
    from .analysis import summary as summary
    from .analysis import temperature_scan as temperature_scan
    from .analysis import thermodynamics as thermodynamics
    from .analysis import transition_network as transition_network
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
    from .landscapes import NonlinearRegression as NonlinearRegression
    from .landscapes import PartiteSpinGlass as PartiteSpinGlass
    from .landscapes import Perceptron as Perceptron
    from .landscapes import SpinGlass as SpinGlass
    from .landscapes import Triatomic as Triatomic
    from .landscapes import nonlinear_regression as nonlinear_regression
    from .landscapes import partite_spin_glass as partite_spin_glass
    from .landscapes import spin_glass as spin_glass
    from .landscapes import xor as xor
    from .plots import plot_arrhenius as plot_arrhenius
    from .plots import plot_bifurcation as plot_bifurcation
    from .plots import plot_degree_distribution as plot_degree_distribution
    from .plots import plot_disconnectivity as plot_disconnectivity
    from .plots import plot_distance_density as plot_distance_density
    from .plots import plot_energy_histograms as plot_energy_histograms
    from .plots import plot_evolution as plot_evolution
    from .plots import plot_fits as plot_fits
    from .plots import plot_frustration as plot_frustration
    from .plots import plot_funnels as plot_funnels
    from .plots import plot_graphs as plot_graphs
    from .plots import plot_heat_capacity as plot_heat_capacity
    from .plots import plot_metric_boxes as plot_metric_boxes
    from .plots import plot_metric_curve as plot_metric_curve
    from .plots import plot_misclassification as plot_misclassification
    from .plots import plot_networks as plot_networks
    from .plots import plot_occupation as plot_occupation
    from .plots import plot_point_counts as plot_point_counts
    from .plots import save_picture as save_picture
    from .plots import write_interactive as write_interactive
    from .searches import basin_hopping as basin_hopping
    from .searches import census as census
    from .searches import connect as connect
    from .searches import descend as descend
    from .searches import find_bands as find_bands
    from .searches import find_pathways as find_pathways
    from .searches import find_saddles as find_saddles
    from .searches import follow as follow
    from .searches import limit_memory as limit_memory
    from .searches import minimise as minimise


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'lossatlas' has no attribute {name!r}")
    return getattr(importlib.import_module(f"lossatlas.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
