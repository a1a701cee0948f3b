"""Draw what descents reached: histograms, mean and variance against size, best energy so far."""

import math
from collections.abc import Mapping, Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from descent_summary import Reached
from energy_spread import ExponentFit
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from lossatlas import plots


COLOURS = ("#0072b2", "#d55e00", "#009e73")  # of methods, after Okabe and Ito
MARKERS = "osv"
DASHES = ((), (4, 2))  # of methods
LEVELS = ((5, 2), (1.5, 1.5))  # of energies of theory
LABELS = {"-E_inf": "$-E_\\infty$", "-E_0": "$-E_0$", "H/sqrt(N)": "$H/\\sqrt{N}$"}


def draw(reached: Sequence[Reached], fits: Mapping[str, ExponentFit]) -> Figure:
    """Draw every panel that there is something for.

    Histograms of each method but hopping; mean and variance against size, where there are two sizes with
    errors; and, where hops and independent quenches were run, the best energy so far of both.
    """
    unit = reached[0].unit
    levels = {LABELS[name]: level for name, level in unit.levels.items()}
    label = LABELS.get(unit.label, unit.label)
    methods = list(dict.fromkeys(part.method for part in reached))
    panels = []
    for method in [name for name in methods if name != "hopping"] or methods:
        energies = {str(part.size): part.energy[:0] for part in reached}  # one colour a size in all panels
        energies |= {str(part.size): part.energy for part in reached if part.method == method}
        if any(map(len, energies.values())):
            panels.append(
                (plots.energy_histograms, (energies,), {"label": label, "title": f"{method}, size"})
            )
    mean, variance = against_size(reached, "mean"), against_size(reached, "variance")
    if any(len(x) > 1 for x, _, _ in mean.values()):
        panels.append((plot_mean, (mean,), {"label": label}))
    if any(len(x) > 1 for x, _, _ in variance.values()):
        panels.append((plot_variance, (variance, fits), {}))
    if "hopping" in methods and len(methods) > 1:
        curves: dict[str, dict[str, np.ndarray]] = {}
        for part in reached:
            if part.best.shape[1] > 1 and part.method in ("lbfgs", "hopping"):
                curves.setdefault(str(part.size), {})[part.method] = part.best
        panels.append((plot_best, (curves,), {"label": label}))
    if not panels:
        raise ValueError("No descent reached an energy, so there is nothing to draw.")
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure = plt.figure(figsize=(4.6 * columns, 3.5 * rows), layout="constrained")
    for place, (plot, given, how) in enumerate(panels, start=1):
        if plot is not plot_variance:
            how["levels"] = levels
        plot(*given, **how, ax=figure.add_subplot(rows, columns, place))
    return figure


def against_size(reached: Sequence[Reached], what: str) -> dict[str, tuple[list, list, list]]:
    """Return sizes, the mean or the variance there, and errors, by method."""
    points: dict[str, tuple[list, list, list]] = {}
    for part in reached:
        if part.spread is not None and getattr(part.spread, f"{what}_error") > 0:
            row = part.size, getattr(part.spread, what), getattr(part.spread, f"{what}_error")
            for column, entry in zip(points.setdefault(part.method, ([], [], [])), row):
                column.append(entry)
    return points


def plot_variance(
    points: Mapping[str, tuple[list, list, list]], fits: Mapping[str, ExponentFit], *, ax: Axes
) -> Axes:
    """Draw variances of energies against size on logarithmic axes, with fitted powers.

    **Arguments:**

    - `points`: sizes, variances and their standard errors, by method.
    - `fits`: powers by method; exponent and its error stand in the legend.
    - `ax`: where.
    """
    for (name, (x, y, error)), colour, marker in zip(points.items(), COLOURS, MARKERS):
        if name in fits:
            fit, ends = fits[name], np.geomspace(min(x), max(x), 50)
            ax.plot(ends, fit(ends), color=colour, lw=1.2)
            name = f"{name}: exponent {fit.exponent:.2f} $\\pm$ {fit.error:.2f}"
        _dots(ax, x, y, error, colour, marker, name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set(xlabel="size", ylabel="variance")
    _size_ticks(ax, [x for x, _, _ in points.values()])
    _finish(ax, None, columns=1)
    return ax


def plot_mean(
    points: Mapping[str, tuple[list, list, list]], *, levels: Mapping[str, float], label: str, ax: Axes
) -> Axes:
    """Draw mean energies against size, on a logarithmic axis of sizes.

    **Arguments:**

    - `points`: sizes, means and their standard errors, by method.
    - `levels`: energies to mark, by label.
    - `label`: of the energy axis.
    - `ax`: where.
    """
    for (name, (x, y, error)), colour, marker in zip(points.items(), COLOURS, MARKERS):
        _dots(ax, x, y, error, colour, marker, name, lw=1.0)
    _mark(ax, levels)
    ax.set_xscale("log")
    ax.set(xlabel="size", ylabel=label)
    _size_ticks(ax, [x for x, _, _ in points.values()])
    _finish(ax, None)
    return ax


def plot_best(
    curves: Mapping[str, Mapping[str, np.ndarray]], *, levels: Mapping[str, float], label: str, ax: Axes
) -> Axes:
    """Draw the lowest energy so far against the number of quenches, with bands of one standard error.

    **Arguments:**

    - `curves`: by size, which has a colour, and by method, which has a dash; shape (draws, quenches).
    - `levels`: energies to mark, by label.
    - `label`: of the energy axis.
    - `ax`: where.
    """
    methods = list(dict.fromkeys(method for group in curves.values() for method in group))
    shades = matplotlib.colormaps["viridis"](np.linspace(0.9, 0.0, max(len(curves), 2)))
    for (name, group), colour in zip(curves.items(), shades):
        ax.plot([], [], color=colour, lw=1.6, label=name)
        for method, best in group.items():
            count, quenches = best.shape
            number = np.arange(1, quenches + 1)
            mean = best.mean(axis=0)
            ax.plot(number, mean, color=colour, lw=1.6, dashes=DASHES[methods.index(method)])
            if count > 1:
                error = best.std(axis=0, ddof=1) / math.sqrt(count)
                ax.fill_between(number, mean - error, mean + error, color=colour, alpha=0.15, lw=0)
    for method, dashes in zip(methods, DASHES):
        ax.plot([], [], color="black", lw=1.2, dashes=dashes, label=method)
    _mark(ax, levels)
    ax.set_xscale("log")
    ax.set(xlabel="quenches", ylabel=label)
    _finish(ax, "size")
    return ax


def _dots(ax: Axes, x, y, error, colour: str, marker: str, name: str, lw: float = 0.0) -> None:
    how = {"markersize": 5, "elinewidth": 1.0, "capsize": 2, "lw": lw}
    ax.errorbar(x, y, error, color=colour, marker=marker, label=name, **how)


def _mark(ax: Axes, levels: Mapping[str, float]) -> None:
    """Draw a line at every level."""
    for (name, value), dashes in zip(levels.items(), LEVELS):
        ax.axhline(value, color="#606060", lw=1.2, dashes=dashes, label=name)


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
    count = len(ax.get_legend_handles_labels()[1])
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns or min(count, 4), fontsize=8,
        frameon=False, title=title, alignment="left",
    )  # fmt: skip
