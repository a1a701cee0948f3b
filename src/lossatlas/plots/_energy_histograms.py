"""Draw histograms of energies, such as those at the ends of descents."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from lossatlas._checks import as_numbers, check_is, check_number

from ._colours import sequential_map
from ._frame import axes_of


WIDE = 1e3  # ratio of the highest to the lowest energy above which their axis is logarithmic
_LEVELS = ((5, 2), (1.5, 1.5))  # dashes of the lines, one for each level


def energy_histograms(
    energies: Mapping[str, Float[np.ndarray, " starts"]],
    *,
    levels: Mapping[str, float] | None = None,
    label: str = "energy",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the outlines of histograms of several groups of energies, on common bins.

    Each histogram has area 1; on a logarithmic axis its heights, the fractions of the energies, sum to 1.

    **Arguments:**

    - `energies`: finite energies by label of their group, shape (starts,) each. An empty group is not
        drawn, but counts in the choice of colours, so that several panels can share them.
    - `levels`: up to two energies to mark by vertical lines, by label.
    - `label`: label of the energy axis, which is logarithmic if the energies are positive and span a factor
        above 1000.
    - `title`: title of the legend.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` if all groups are empty, for energies or levels that are not finite numbers,
    and for more than two levels.
    """
    check_is("energies", energies, Mapping, "energies by label of their group")
    check_is("levels", levels, Mapping | None, "energies by label, such as {'ground state': -1.6}")
    places = np.linspace(0.0, 1.0, len(energies))[::-1]  # from bright to dark; a single group is dark
    shades = dict(zip(energies, map(sequential_map(), places)))
    every = {name: _energies(name, values) for name, values in energies.items()}
    groups = {name: values for name, values in every.items() if len(values)}
    if not groups:
        raise ValueError("`energies` holds no energy.")
    marked = {name: check_number("levels", value) for name, value in (levels or {}).items()}
    if len(marked) > len(_LEVELS):
        raise ValueError(f"`levels` may hold up to {len(_LEVELS)} energies, got {len(marked)}.")
    ax = axes_of(ax, 6.0, 4.0)
    everything = np.concatenate(list(groups.values()))
    count = min(max(12, round(math.sqrt(len(everything)))), 60)
    wide = 0 < everything.min() < everything.max() / WIDE
    bins = np.histogram_bin_edges(np.log10(everything) if wide else everything, count)
    bins = 10**bins if wide else bins
    for name, values in groups.items():
        density = np.histogram(values, bins)[0] / len(values)
        if not wide:
            density = density / np.diff(bins)
        ax.stairs(density, bins, color=shades[name], lw=1.4, label=name)
    for (name, value), dashes in zip(marked.items(), _LEVELS):
        ax.axvline(value, color="#606060", lw=1.2, dashes=dashes, label=name)
    if wide:
        ax.set_xscale("log")
    ax.set(xlabel=label, ylabel="fraction" if wide else "density", ylim=(0, None))
    ax.spines[["top", "right"]].set_visible(False)
    count = len(ax.get_legend_handles_labels()[1])
    # The legend stands above the axes, because data may be anywhere in them.
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=min(count, 4),
        fontsize=8,
        frameon=False,
        title=title,
        alignment="left",
    )
    return ax


def _energies(name: str, values: Any) -> np.ndarray:
    """Return the energies of a group; raises `ValueError` unless they are a vector of finite numbers."""
    found = as_numbers("energies", values)
    if found.ndim != 1 or not np.all(np.isfinite(found)):
        raise ValueError(f"`energies` must hold vectors of finite numbers, which {name!r} is not.")
    return found
