"""Draw the theory of deep networks: number, clustering and width of critical points by depth."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lossatlas import analysis
from lossatlas.analysis import (
    clustering_bound,
    complexity_zeros,
    log_critical_pairs,
    nodes_per_layer,
    threshold_energy,
)

from ._colours import GROUPS, NEUTRAL
from ._frame import axes_of


_DEPTHS = (2, 3, 4, 6, 10)


def critical_pairs(
    parameters: Sequence[float] = (1e3, 1e4, 1e5), *, most_layers: int = 40, ax: Axes | None = None
) -> Axes:
    """Draw the bound on the number of critical points against depth, for fixed numbers of parameters.

    A dot marks the depth at which each bound is largest.

    **Arguments:**

    - `parameters`: numbers of parameters N_e, one curve each, 1 to 10 of them.
    - `most_layers`: number of layers H at the end of the axis, which starts at 2; at least 3.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for too many curves, parameters that are not positive, too few layers.
    """
    _check_curves("parameters", parameters)
    if most_layers < 3:
        raise ValueError(f"`most_layers` must be at least 3, got {most_layers}.")
    ax = axes_of(ax, 6.0, 4.0)
    layers = np.arange(2, most_layers + 1)
    for number, colour in zip(parameters, GROUPS):
        bound = log_critical_pairs(layers, nodes_per_layer(number, layers)) / np.log(10)
        ax.plot(layers, bound, color=colour, lw=1.5, label=f"{number:,.0f} parameters")
        best = int(np.argmax(bound))
        ax.plot(layers[best], bound[best], color=colour, marker="o", markersize=5)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="layers $H$", ylabel="log$_{10}$ of the bound on critical points")
    _finish(ax)
    return ax


def clustering(layers: Sequence[int] = _DEPTHS[1:], *, part: float = 0.5, ax: Axes | None = None) -> Axes:
    """Draw the clustering bound against overlap, between minima of the same energy.

    Where a curve is below zero, hardly any point has another point at that overlap. To compare networks of
    different depth, the energy is a given fraction of the way from -E_inf, below which most critical points
    are minima, to -E_0, the ground state.

    **Arguments:**

    - `layers`: numbers of layers H, at least 2, one curve each, 1 to 10 of them.
    - `part`: fraction that gives the energy -E_inf - part (E_0 - E_inf); 0 to 1.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for too many curves, fewer than two layers, or another fraction.
    """
    _check_curves("layers", layers)
    if not 0 <= part <= 1:
        raise ValueError(f"`part` must be 0 to 1, got {part}.")
    ax = axes_of(ax, 6.0, 4.0)
    overlap = np.linspace(0.0, 1.0, 500)[:-1]
    ax.axhline(0.0, color=NEUTRAL, lw=0.8)
    for depth, colour in zip(layers, GROUPS):
        top = threshold_energy(depth)
        energy = -top - part * (float(complexity_zeros(depth, 0)) - top)
        bound = clustering_bound(overlap, energy, depth)
        ax.plot(overlap, bound, color=colour, lw=1.5, label=f"{depth} layers, e = {energy:.3f}")
    ax.set(xlabel="overlap $r$", ylabel="clustering bound $\\Psi_H(r, e, e)$", xlim=(0, 1))
    _finish(ax)
    return ax


def hessian_entropy(
    parameters: float = 1e4, *, layers: Sequence[int] = _DEPTHS, ax: Axes | None = None
) -> Axes:
    """Draw the expected -ln|det Hessian| against energy, for networks with one number of parameters.

    The slope says how much narrower deeper minima are. Curves start at -E_0, the energy of the ground
    state; a dot marks -E_inf. All paths are taken as active; a smaller fraction would shift the curves.

    **Arguments:**

    - `parameters`: number of parameters N_e.
    - `layers`: numbers of layers H, at least 2, one curve each, 1 to 10 of them.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for too many curves, fewer than two layers, parameters that are not positive.
    """
    _check_curves("layers", layers)
    ax = axes_of(ax, 6.0, 4.0)
    for depth, colour in zip(layers, GROUPS):
        nodes, mark = float(nodes_per_layer(parameters, depth)), -threshold_energy(depth)
        energy = np.linspace(-float(complexity_zeros(depth, 0)), 0.0, 400)
        ax.plot(
            energy,
            analysis.hessian_entropy(energy, depth, nodes),
            color=colour,
            lw=1.5,
            label=f"{depth} layers",
        )
        ax.plot(mark, analysis.hessian_entropy(mark, depth, nodes), color=colour, marker="o", markersize=5)
    ax.set(xlabel="energy $e$", ylabel="expected $-\\ln\\,|\\det$ Hessian$|$", xlim=(None, 0))
    _finish(ax)
    return ax


def _check_curves(name: str, values: Sequence[float]) -> None:
    if not 0 < len(values) <= len(GROUPS):
        raise ValueError(f"`{name}` must hold 1 to {len(GROUPS)} numbers, got {len(values)}.")


def _finish(ax: Axes) -> None:
    """Put the legend above the axes, because curves may run through any of their corners."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=9, frameon=False)
