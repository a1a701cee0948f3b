"""Bifurcation diagrams: stationary points against a parameter of the landscape."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lossatlas.searches.continuation import Branches, Event

from ._colours import GROUPS
from ._frame import add_legend, axes_of


_STYLES = ("-", "--", ":")
_NAMES = ("minima", "transition states")
_MARKS = {"fold": "o", "bifurcation": "s"}
_LABELS = {"energy": "loss", "norm": "norm of the variables"}


def bifurcation(
    branches: Branches,
    *,
    y: str = "energy",
    ax: Axes | None = None,
    xlabel: str = "parameter",
    legend: bool = True,
) -> Axes:
    """Draw branches of stationary points against the parameter along which they were followed.

    Lines are solid for minima, dashed for transition states and dotted for points of higher index; each
    index has its own colour. Circles mark folds, squares bifurcations. The axis of the parameter is
    logarithmic if steps were taken in its logarithm.

    **Arguments:**

    - `branches`: what `follow` returns.
    - `y`: `energy`, in loss units, or `norm`, ||x|| in parameter units.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`: label of the axis of the parameter.
    - `legend`: whether to add a legend of lines and marks at the top.

    **Returns:** the axes.

    **Raises:** `ValueError` for another `y`, or if no branch has a point.
    """
    if y not in _LABELS:
        raise ValueError(f"`y` must be energy or norm, got {y!r}.")
    indices = _indices(branches)
    ax = axes_of(ax, 6.0, 4.5)
    for branch in branches.branches:
        height = branch.energy if y == "energy" else np.linalg.norm(branch.x, axis=1)
        for rows in branch.segments():
            index = int(branch.index[rows][0])
            # Broken lines are drawn on top, so that both are seen where one lies on a solid line.
            ax.plot(branch.parameter[rows], height[rows], **_line(index), zorder=2.0 + 0.1 * min(index, 2))
    groups = {kind: [event for event in branches.events if _marked(event) == kind] for kind in _MARKS}
    groups = {kind: events for kind, events in groups.items() if events}
    for kind, events in groups.items():
        heights = [event.energy if y == "energy" else float(np.linalg.norm(event.x)) for event in events]
        ax.plot([event.parameter for event in events], heights, **_mark(kind))
    _frame(ax, branches, xlabel, _LABELS[y])
    if legend:
        handles = [Line2D([], [], label=_name(index), **_line(index)) for index in indices]
        add_legend(ax, [*handles, *(Line2D([], [], label=kind, **_mark(kind)) for kind in groups)])
    return ax


def point_counts(
    branches: Branches,
    *,
    images: bool = False,
    ax: Axes | None = None,
    xlabel: str = "parameter",
    legend: bool = True,
) -> Axes:
    """Draw the number of stationary points of each index on the branches against the parameter.

    **Arguments:**

    - `branches`: what `follow` returns.
    - `images`: whether to count all images of every point under the symmetry group.
    - `ax`, `xlabel`, `legend`: as in `bifurcation`.

    **Returns:** the axes.

    **Raises:** `ValueError` if no branch has a point.
    """
    indices = _indices(branches)
    ax = axes_of(ax, 6.0, 3.0)
    inside = [event.parameter for event in branches.events]
    edges = np.unique([branches.start, branches.end, *inside])
    middle = np.sqrt(edges[1:] * edges[:-1]) if branches.logarithmic else 0.5 * (edges[1:] + edges[:-1])
    counts = branches.counts(middle, images=images).astype(float)
    for index in indices:
        ax.stairs(counts[:, index], edges, baseline=None, **_line(index))
    _frame(ax, branches, xlabel, "images" if images else "stationary points")
    ax.set_ylim(0.0, 1.05 * counts.max())
    if legend:
        add_legend(ax, [Line2D([], [], label=_name(index), **_line(index)) for index in indices])
    locator = ax.yaxis.get_major_locator()
    if isinstance(locator, MaxNLocator):
        locator.set_params(integer=True)
    return ax


def _indices(branches: Branches) -> list[int]:
    """Return the indices that occur, increasing; raises `ValueError` if there is no point."""
    found = sorted({int(index) for branch in branches.branches for index in np.unique(branch.index)})
    if not found:
        raise ValueError("`branches` hold no point: nothing could be followed.")
    return found


def _line(index: int) -> dict:
    style = _STYLES[min(index, len(_STYLES) - 1)]
    return {"color": GROUPS[index % len(GROUPS)], "linestyle": style, "linewidth": 1.4}


def _marked(event: Event) -> str:
    """Return the kind of mark of an event; an end of a branch lies on a bifurcation of another branch."""
    return "fold" if event.kind == "fold" else "bifurcation"


def _mark(kind: str) -> dict:
    return {"color": "black", "marker": _MARKS[kind], "markersize": 4, "linestyle": "none",
            "markerfacecolor": "white", "markeredgewidth": 0.9, "zorder": 4}  # fmt: skip


def _name(index: int) -> str:
    return _NAMES[index] if index < len(_NAMES) else f"index {index}"


def _frame(ax: Axes, branches: Branches, xlabel: str, ylabel: str) -> None:
    if branches.logarithmic:
        ax.set_xscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=sorted((branches.start, branches.end)))
    ax.spines[["top", "right"]].set_visible(False)


def branches(branches: Branches, *, name: str = "L2") -> Figure:
    """Draw, against the parameter, the norms and energies of branches and the number of their points.

    **Arguments:**

    - `branches`: what `follow` returns.
    - `name`: name of the parameter, for the label of the axis.

    **Returns:** the figure.

    **Raises:** `ValueError` if no branch has a point.
    """
    import matplotlib.pyplot as plt

    figure, (norm, energy, counts) = plt.subplots(
        3, sharex=True, height_ratios=[1.3, 1.0, 0.7], figsize=(6.0, 9.0), layout="constrained"
    )
    bifurcation(branches, y="norm", ax=norm, xlabel="")
    bifurcation(branches, y="energy", ax=energy, xlabel="", legend=False)
    point_counts(branches, ax=counts, xlabel=name, legend=False)
    return figure
