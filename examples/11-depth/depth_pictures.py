"""Draw what minimisations of shallow and deep networks found: how far apart, and how wide at which loss."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lossatlas.analysis import ParameterDistances


COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # of groups, after Okabe and Ito
GREY = "#a0a0a0"
BINS = 26  # over the range of the distances


def plot_depth_distances(
    panels: Mapping[str, Mapping[str, ParameterDistances]], *, columns: int | None = None
) -> np.ndarray:
    """Draw histograms of the distances between minima, one panel for each data set.

    Filled: aligned; dashed outlines: as they are found. All panels share the bins. A group with fewer
    than two minima has no distance and is left out.

    **Arguments:**

    - `panels`: title -> name of a group, such as its depth -> distances, see `relative_distances`.
    - `columns`: of the grid; default up to three.

    **Returns:** the axes of the panels, shape (panels,).

    **Raises:** `ValueError` for no panel, no pair at all, and more than four groups.
    """
    pairs = {
        title: {name: (_upper(group.aligned), _upper(group.plain)) for name, group in groups.items()}
        for title, groups in panels.items()
    }
    every = [values for groups in pairs.values() for both in groups.values() for values in both]
    if not sum(map(len, every)):
        raise ValueError("`panels` holds no pair of minima.")
    edges = np.linspace(0.0, 1.02 * max(values.max() for values in every if len(values)) or 1.0, BINS)

    def draw(ax: Axes, groups: Mapping[str, tuple[np.ndarray, np.ndarray]], colours: dict) -> None:
        for name, (aligned, plain) in groups.items():
            for values, style in (
                (aligned, {"histtype": "stepfilled", "alpha": 0.5}),
                (plain, {"histtype": "step", "ls": (0, (3, 1.5)), "lw": 1.3}),
            ):
                if len(values):
                    parts = np.full(len(values), 1 / len(values))
                    ax.hist(values, edges.tolist(), weights=parts, color=colours[name], **style)
        ax.set_xlim(edges[0], edges[-1])

    axes, colours = _grid(pairs, columns, draw)
    handles: list = [Patch(color=colour, alpha=0.5, label=name) for name, colour in colours.items()]
    handles.append(Line2D([], [], color=GREY, ls=(0, (3, 1.5)), label="not aligned"))
    _finish(axes, handles, "distance / norm", "fraction of pairs")
    return axes


def plot_depth_entropy(
    panels: Mapping[str, Mapping[str, tuple[np.ndarray, np.ndarray]]], *, columns: int | None = None
) -> np.ndarray:
    """Draw the entropy of minima, -ln |det Hessian| per variable, against their loss.

    Both are drawn as differences from the mean of their group, so that the slopes of groups of other
    losses and sizes compare. Lines are least squares, through three or more different points.

    **Arguments:**

    - `panels`: title -> name of a group -> loss and entropy, shape (minima,) each.
    - `columns`: of the grid; default up to three.

    **Returns:** the axes of the panels, shape (panels,).

    **Raises:** `ValueError` for no panel, and more than four groups.
    """

    def draw(ax: Axes, groups: Mapping[str, tuple[np.ndarray, np.ndarray]], colours: dict) -> None:
        for name, (loss, entropy) in groups.items():
            if not len(loss):
                continue
            x, y = loss - np.mean(loss), entropy - np.mean(entropy)
            ax.scatter(x, y, s=14, c=colours[name], linewidths=0, alpha=0.8)
            if len(np.unique(np.round(x, 9))) > 2:
                ends = np.array([x.min(), x.max()])
                ax.plot(ends, ends * (x @ y) / (x @ x), color=colours[name], lw=1.3)

    axes, colours = _grid(panels, columns, draw)
    handles = [
        Line2D([], [], ls="none", marker="o", ms=5, color=colour, label=name)
        for name, colour in colours.items()
    ]
    _finish(axes, handles, "loss, from its mean", "entropy, from its mean")
    return axes


def _upper(distances: np.ndarray) -> np.ndarray:
    return distances[np.triu_indices(len(distances), 1)]


def _grid(
    panels: Mapping[str, Mapping],
    columns: int | None,
    draw: Callable[[Axes, Mapping, dict[str, str]], None],
) -> tuple[np.ndarray, dict[str, str]]:
    """Draw every panel, and return the axes and the colour of each group."""
    names = list(dict.fromkeys(name for groups in panels.values() for name in groups))
    if not panels or not 0 < len(names) <= len(COLOURS):
        raise ValueError(
            f"`panels` must hold 1 or more panels of 1 to {len(COLOURS)} groups, got {len(panels)} of "
            f"{len(names)}."
        )
    colours: dict[str, str] = dict(zip(names, COLOURS))
    columns = min(len(panels), 3) if columns is None else columns
    rows = -(-len(panels) // columns)
    figure = plt.figure(figsize=(max(2.6 * columns, 4.0), 2.0 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in grid[len(panels) :]:
        spare.remove()
    for ax, (title, groups) in zip(grid, panels.items()):
        draw(ax, groups, colours)
        ax.set_title(title, fontsize=9.0)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(3))
    return grid[: len(panels)], colours


def _finish(axes: np.ndarray, handles: list, xlabel: str, ylabel: str) -> None:
    """Write the labels once, and the legend above all panels."""
    figure = axes[0].figure
    figure.supxlabel(xlabel, fontsize=10)
    figure.supylabel(ylabel, fontsize=10)
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), fontsize=9, frameon=False)
