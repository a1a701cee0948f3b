"""Draw the energies that descents reach: histograms, variance and mean against size, best so far."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from lossatlas.analysis import ExponentFit

from ._colours import GROUPS, sequential_map
from ._frame import new_axes


WIDE = 1e3  # ratio of the highest to the lowest energy above which their axis is logarithmic
_MARKERS = "osv^D"
_DASHES = ((), (4, 2), (1, 1.5))  # of methods
_LEVELS = ((5, 2), (1.5, 1.5))  # of energies of theory


def plot_energy_histograms(
    energies: Mapping[str, Float[np.ndarray, " starts"]],
    *,
    levels: Mapping[str, float] | None = None,
    label: str = "energy",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw outlines of histograms of energies, on common bins, each of area 1.

    **Arguments:**

    - `energies`: by the label of their group, finite, shape (starts,) each; an empty one keeps its colour
        for other panels.
    - `levels`: energies to mark, by label.
    - `label`: of the energy axis; logarithmic where energies are positive and span a factor above 1000.
    - `title`: of the legend.
    - `ax`: where; default a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` if there is no energy.
    """
    shades = dict(zip(energies, _shades(len(energies))))
    groups = {name: np.asarray(values) for name, values in energies.items() if len(values)}
    if not groups:
        raise ValueError("`energies` holds none.")
    ax = new_axes(6.0, 4.0) if ax is None else ax
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
    _mark(ax.axvline, levels)
    if wide:
        ax.set_xscale("log")
    ax.set(xlabel=label, ylabel="fraction" if wide else "density", ylim=(0, None))
    _finish(ax, title)
    return ax


def plot_energy_variance(
    points: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    *,
    fits: Mapping[str, ExponentFit] | None = None,
    label: str = "size",
    ax: Axes | None = None,
) -> Axes:
    """Draw variances of energies against size on logarithmic axes, with fitted powers.

    **Arguments:**

    - `points`: sizes, variances and their standard errors, by method.
    - `fits`: powers by method; exponent and its error stand in the legend.
    - `label`: of the size axis.
    - `ax`: where; default a new figure.

    **Returns:** the axes.
    """
    ax = new_axes(5.0, 4.0) if ax is None else ax
    for (name, (x, y, error)), colour, marker in zip(points.items(), GROUPS, _MARKERS):
        fit = (fits or {}).get(name)
        if fit is not None:
            ends = np.geomspace(min(x), max(x), 50)
            ax.plot(ends, fit(ends), color=colour, lw=1.2)
            name = f"{name}: exponent {fit.exponent:.2f} $\\pm$ {fit.error:.2f}"
        _dots(ax, x, y, error, colour, marker, name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlabel=label, ylabel="variance")
    _size_ticks(ax, [x for x, _, _ in points.values()])
    _finish(ax, None, columns=1)
    return ax


def plot_energy_mean(
    points: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    *,
    levels: Mapping[str, float] | None = None,
    label: str = "size",
    energy_label: str = "energy",
    ax: Axes | None = None,
) -> Axes:
    """Draw mean energies against size, on a logarithmic axis of sizes.

    **Arguments:**

    - `points`: sizes, means and their standard errors, by label.
    - `levels`: energies to mark, by label.
    - `label`, `energy_label`: of the axes.
    - `ax`: where; default a new figure.

    **Returns:** the axes.
    """
    ax = new_axes(5.0, 4.0) if ax is None else ax
    for (name, (x, y, error)), colour, marker in zip(points.items(), GROUPS, _MARKERS):
        _dots(ax, x, y, error, colour, marker, name, lw=1.0)
    _mark(ax.axhline, levels)
    ax.set_xscale("log")
    ax.set(xlabel=label, ylabel=energy_label)
    _size_ticks(ax, [x for x, _, _ in points.values()])
    _finish(ax, None)
    return ax


def plot_best_energy(
    curves: Mapping[str, Mapping[str, Float[np.ndarray, "draws quenches"]]],
    *,
    levels: Mapping[str, float] | None = None,
    label: str = "best energy",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the lowest energy so far against the number of quenches, with bands of one standard error.

    **Arguments:**

    - `curves`: by group, which has a colour, and by method, which has a dash; shape (draws, quenches).
    - `levels`: energies to mark, by label.
    - `label`: of the energy axis.
    - `title`: of the legend.
    - `ax`: where; default a new figure.

    **Returns:** the axes.
    """
    ax = new_axes(6.0, 4.2) if ax is None else ax
    methods = list(dict.fromkeys(method for group in curves.values() for method in group))
    for (name, group), colour in zip(curves.items(), _shades(len(curves))):
        ax.plot([], [], color=colour, lw=1.6, label=name)
        for method, best in group.items():
            count, quenches = best.shape
            number = np.arange(1, quenches + 1)
            mean = best.mean(axis=0)
            ax.plot(number, mean, color=colour, lw=1.6, dashes=_DASHES[methods.index(method)])
            if count > 1:
                error = best.std(axis=0, ddof=1) / math.sqrt(count)
                ax.fill_between(number, mean - error, mean + error, color=colour, alpha=0.15, lw=0)
    for method, dashes in zip(methods, _DASHES):
        ax.plot([], [], color="black", lw=1.2, dashes=dashes, label=method)
    _mark(ax.axhline, levels)
    ax.set_xscale("log")
    ax.set(xlabel="quenches", ylabel=label)
    _finish(ax, title)
    return ax


def _dots(ax: Axes, x, y, error, colour: str, marker: str, name: str, lw: float = 0.0) -> None:
    ax.errorbar(
        x, y, error, color=colour, marker=marker, markersize=5, lw=lw, elinewidth=1.0, capsize=2, label=name
    )


def _shades(count: int) -> list[tuple[float, ...]]:
    """Return colours of groups in their order, from bright to dark."""
    places = np.linspace(1.0, 0.0, max(count, 2))[:count]
    return [tuple(sequential_map()(place)) for place in places]


def _mark(draw: Callable, levels: Mapping[str, float] | None) -> None:
    """Draw a line at every level, by `ax.axhline` or `ax.axvline`."""
    for (name, value), dashes in zip((levels or {}).items(), _LEVELS):
        draw(value, color="#606060", lw=1.2, dashes=dashes, label=name)


def _size_ticks(ax: Axes, sizes: Sequence[Sequence[float]]) -> None:
    """Put ticks at the sizes that there are, as far as they do not meet."""
    chosen: list[float] = []
    for size in sorted({float(x) for group in sizes for x in group}):
        if not chosen or size > 1.25 * chosen[-1]:
            chosen.append(size)
    ax.set_xticks(chosen)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _finish(ax: Axes, title: str | None, columns: int | None = None) -> None:
    """Put the legend above the axes: data may be anywhere in them."""
    ax.spines[["top", "right"]].set_visible(False)
    handles = ax.get_legend_handles_labels()[1]
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns or min(len(handles), 4),
        fontsize=8,
        frameon=False,
        title=title,
        alignment="left",
    )
