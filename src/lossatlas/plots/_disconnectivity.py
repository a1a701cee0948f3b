"""Draw a disconnectivity graph."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, to_rgba_array

from lossatlas._suggestions import named_arguments
from lossatlas.analysis import DisconnectivityTree

from ._colours import GROUPS, NEUTRAL, check_limits
from ._energy_axis import AbstractEnergyAxis, PartsAxis, mark_breaks, parts_axis
from ._log_energy_axis import above_lowest, log_axis
from ._tree_colours import (
    BRANCH,
    add_group_legend,
    checked_colour,
    colour_by_set,
    colour_by_value,
    read_sets,
)
from ._tree_labels import read_labels, write_labels
from ._tree_layout import find_bends, place_nodes


_FEW = 60  # up to so many minima, each one gets a dot
_MANY = 20_000  # more lines than this are a bitmap in vector formats


@named_arguments
def disconnectivity(
    tree: DisconnectivityTree,
    *,
    ax: Axes | None = None,
    order: Literal["energy", "size", "centre"] = "energy",
    x: Sequence[float] | np.ndarray | None = None,
    colour: Sequence | np.ndarray | None = None,
    colour_label: str | None = None,
    colour_limits: tuple[float, float] | None = None,
    colour_bar: bool = True,
    cmap: str | Colormap | None = None,
    highlight: Sequence[int] | np.ndarray | Mapping[str, Sequence[int] | np.ndarray] | None = None,
    labels: bool | Sequence[str] | Mapping[int, str] | None = None,
    linewidth: float | None = None,
    xlabel: str = "",
    ylabel: str = "energy",
    scale: Literal["linear", "log"] = "linear",
    energy_limits: tuple[float, float] | None = None,
    breaks: bool = True,
) -> Axes:
    """Draw a disconnectivity graph, in which every branch ends at the energy of its minimum.

    A branch rises vertically from the energy of its minimum. In the exact tree it turns at the merge energy
    and runs horizontally to the branch that it merges with; with levels it is slanted from one level below,
    as in the literature. Lines never cross, unless the branches are placed by `x`. Where there are several
    trees, which no known path joins, each ends in a dashed stub at the top (a short one if they are many).

    **Arguments:**

    - `tree`: the tree to draw.
    - `ax`: axes to draw in; default those of a new figure.
    - `order`: order of the branches at each merge. `energy`: the branch with the lowest minimum on the
        left. `size`: the branch with most minima on the left. `centre`: the branch with the lowest
        minimum in the middle (so also the global minimum), each other one on the side with fewer minima.
    - `x`: a number per minimum, shape (minima,), the horizontal position of its branch (a metric
        disconnectivity graph); `order` has no effect then, and there is a horizontal axis. A merge stands
        at the position of its lowest minimum.
    - `colour`: a value per minimum, shape (minima,). Floats, and integers with more than ten different
        values, are shown on a scale with a colour bar (NaN: grey); strings, booleans and other integers
        are groups with a legend. A merge has a colour if all minima below it have the same value, else it
        is grey.
    - `colour_label`: title of the colour bar or legend.
    - `colour_limits`: lowest and highest value of the scale, in the units of `colour`; default those
        of the values. Values beyond the limits have the colours of the ends. With limits, integers are
        always shown on a scale.
    - `colour_bar`: False for neither colour bar nor legend.
    - `cmap`: colour map of a scale; default viridis without its palest part.
    - `highlight`: minima to draw in an accent colour (or, with a `colour`, with thicker lines), as ids or
        as booleans of shape (minima,). Or a mapping from names to such sets, each with its own colour and
        an entry in a legend; with a `colour`, which must be a scale then, the colour of a set is that of a
        dot at the end of the branch. A minimum in several sets belongs to the last of them.
    - `labels`: True for the id of each minimum, or a text for each minimum, or a mapping from ids to
        texts. A text that would cover that of a lower minimum is left out.
    - `linewidth`: line width in points; by default lines are thinner the more minima there are.
    - `xlabel`: label of the horizontal axis, if there is one, with the unit of `x`.
    - `ylabel`: label of the energy axis.
    - `scale`: scale of the energy axis, `linear` or `log`. With `log` the axis shows the energy above the
        lowest minimum: logarithmic down to the power of ten below the smallest difference, and linear from
        there to 0, the energy of the lowest minimum.
    - `energy_limits`: lowest and highest energy in the picture, in the units of the axis; default those
        of the tree with some room. With limits the axis has no breaks, so that pictures can be compared.
    - `breaks`: whether to compress a gap without minima and merges that takes up more than 40 % of the
        energy range, if minima and merges would be squashed otherwise. The data of the axes stay in loss
        units, so that anything drawn later appears at its energy. Axes that hold data, share their energy
        axis or have a scale that is not linear never get breaks.

    **Returns:** the axes.

    **Raises:** `ValueError` for an unknown order or scale, a colour, highlight or label list of the
    wrong length, minima that do not exist, an `x` that is not finite, more than ten groups or sets,
    sets together with groups, limits that are not a lower and a higher number, and colour limits for
    groups.

    Source: O. M. Becker & M. Karplus, J. Chem. Phys. 106, 1495 (1997), doi:10.1063/1.473299; D. J.
    Wales, M. A. Miller & T. R. Walsh, Nature 394, 758 (1998), doi:10.1038/29487. With `x`: L. C.
    Smeeton, M. T. Oakley & R. L. Johnston, J. Comput. Chem. 35, 1481 (2014), doi:10.1002/jcc.23643.
    """
    n = len(tree)
    texts, (member, sets) = read_labels(labels, tree), read_sets(highlight, tree)
    values, norm = checked_colour(colour, n, colour_limits)
    if sets and values is not None and norm is None:
        raise ValueError("Sets in `highlight` have colours of their own: `colour` must be a scale then.")
    if scale not in ("linear", "log"):
        raise ValueError(f"`scale` must be linear or log, got {scale!r}.")
    if energy_limits is not None:
        energy_limits = check_limits(energy_limits, "energy_limits")
    place, first = place_nodes(tree, order)
    if x is not None:
        place = _checked_places(x, n)[tree.lowest]
    ax = _new_axes(n) if ax is None else ax
    if scale == "log":
        tree, ylabel = _above_lowest(tree), f"{ylabel} above the lowest minimum"
        axis = log_axis(tree.energy)
    else:
        free = not ax.has_data() and len(ax.get_shared_y_axes().get_siblings(ax)) == 1
        free = free and energy_limits is None and ax.get_yscale() == "linear"
        axis = parts_axis(tree.energy, breaks and free)
    if values is None:
        colours = colour_by_set(tree, first, member, sets)
    else:
        colours = colour_by_value(ax, tree, first, values, norm, colour_label, colour_bar, cmap)
    if sets:
        add_group_legend(ax, sets, None, dots=values is not None)
    _set_frame(ax, tree, place, axis, energy_limits)
    ax.set_ylabel(ylabel)
    if x is not None:
        _show_places(ax, place, xlabel)
    chosen = member >= 0
    widths = _widths(tree, chosen, linewidth)
    lines = _draw_branches(ax, tree, place, axis, colours, widths, chosen)
    if isinstance(axis, PartsAxis):
        mark_breaks(ax, axis, lines, BRANCH if values is None else NEUTRAL)
    _draw_dots(ax, tree, place, to_rgba_array(GROUPS)[member] if sets else colours[:n], chosen)
    if texts:
        write_labels(ax, place, tree.energy[:n], axis, texts)
    return ax


def _checked_places(x, n: int) -> np.ndarray:
    """Return the horizontal positions of the minima as floats; raises `ValueError` for wrong ones."""
    places = np.asarray(x)
    if places.shape != (n,) or places.dtype.kind not in "fiu":
        got = f"{places.dtype} of shape {places.shape}"
        raise ValueError(f"`x` must hold a number for each of {n} minima, got {got}.")
    unknown = np.flatnonzero(~np.isfinite(places))
    if unknown.size:
        raise ValueError(f"`x` must be finite, got {places[unknown[0]]} at position {unknown[0]}.")
    return places.astype(float)


def _above_lowest(tree: DisconnectivityTree) -> DisconnectivityTree:
    """Return the tree with energies counted from its lowest minimum."""
    lowest = float(tree.energy.min())
    levels = None if tree.levels is None else tree.levels - lowest
    return dataclasses.replace(tree, energy=above_lowest(tree.energy, lowest), levels=levels)


def _new_axes(n: int) -> Axes:
    """Make a figure that is wider for more minima."""
    import matplotlib.pyplot as plt

    width = float(np.clip(4 + n / 16, 5.5, 11))
    return plt.subplots(figsize=(width, 5), layout="constrained")[1]


def _width(n: int) -> float:
    """Return the line width for n lines, in points."""
    return float(np.clip(1.4 * (_FEW / max(n, 1)) ** 0.4, 0.15, 1.4))


def _widths(tree: DisconnectivityTree, chosen: np.ndarray, given: float | None) -> np.ndarray:
    """Return the line width of the branch of every node; highlighted ones are thicker, unless many."""
    thin = given or _width(len(tree))
    widths = np.full(len(tree.parent), thin)
    widths[: len(tree)][chosen] = max(2 * thin, min(1.2, _width(int(chosen.sum()))))
    return widths


def _set_frame(ax: Axes, tree: DisconnectivityTree, place, axis: AbstractEnergyAxis, limits) -> None:
    """Set the limits, and hide all of the frame but the energy axis."""
    side = 0.5 + 0.01 * np.ptp(place)
    ax.set_xlim(place.min() - side, place.max() + side)
    several = 1 < np.count_nonzero(tree.parent < 0) <= _FEW
    low, high = axis.to_height(np.array([tree.energy.min(), tree.energy.max()]))
    axis.set_up(ax, tree.energy)
    own = axis.to_energy(np.array([low - 0.05, high + (0.12 if several else 0.05)]))
    ax.set_ylim(*(limits or own.tolist()))
    ax.xaxis.set_visible(False)
    ax.spines[["top", "right", "bottom"]].set_visible(False)


def _show_places(ax: Axes, place: np.ndarray, label: str) -> None:
    """Show the horizontal axis, with limits and ticks for the positions of the branches."""
    side = 0.04 * np.ptp(place) or 0.5 * max(abs(place[0]), 1.0)
    ax.set_xlim(place.min() - side, place.max() + side)
    ax.xaxis.set_visible(True)
    ax.spines["bottom"].set_visible(True)
    ax.set_xlabel(label)
    ax.ticklabel_format(axis="x", useOffset=False)


def _draw_branches(ax: Axes, tree, place, axis: AbstractEnergyAxis, colours, widths, chosen) -> np.ndarray:
    """Draw the line from every node up to its parent, and the stubs of the roots; return the lines."""
    inner = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[inner]
    bend = np.maximum(tree.energy[inner], find_bends(tree)[parent])
    x, y = place[inner], tree.energy[inner]
    lines = np.stack([x, y, x, bend, place[parent], tree.energy[parent]], axis=1).reshape(-1, 3, 2)
    # The branches of minima, which carry the colours, lie above the others; highlighted ones on top.
    accent = np.isin(inner, np.flatnonzero(chosen))
    drawn = np.lexsort((-inner, accent))
    roots = np.flatnonzero(tree.parent < 0)
    several, few = len(roots) > 1, len(roots) <= _FEW
    x, y = place[roots], tree.energy[roots]
    # If there are many trees, stubs up to the top would hide everything else.
    end = ax.get_ylim()[1] if several and few else axis.to_energy(axis.to_height(y) + 0.03)
    stubs = np.stack([x, y, x, np.broadcast_to(end, x.shape)], axis=1).reshape(-1, 2, 2)
    dashes = (0, (4, 3)) if several else "solid"
    stems = lines if tree.levels is not None else lines[:, :2]
    _add_lines(ax, stems[drawn], colours[inner][drawn], widths[inner][drawn])
    _add_lines(ax, stubs, colours[roots], widths[roots], linestyles=dashes)
    if tree.levels is None:
        # Horizontal lines are thinner, and paler where they are many, so as not to hide the vertical ones.
        shades, thin = colours[inner], np.where(accent, 1.0, 0.7) * widths[inner]
        if len(tree) > _FEW:
            thin = np.minimum(thin, _width(len(tree)))
        pale = np.where(accent, 1.0, np.clip((_FEW / len(tree)) ** 0.3, 0.4, 1.0))[:, None]
        shades[:, :3] = 1 - pale * (1 - shades[:, :3])
        drawn = drawn[lines[drawn, 1, 0] != lines[drawn, 2, 0]]
        _add_lines(ax, lines[drawn, 1:], shades[drawn], thin[drawn], zorder=1.9)
    return np.concatenate([lines, stubs[:, [0, 1, 1]]])


def _draw_dots(ax: Axes, tree: DisconnectivityTree, place, shades, chosen: np.ndarray) -> None:
    """Draw dots at all minima if they are few, else at highlighted ones (smaller if many)."""
    dots = np.arange(len(tree)) if len(tree) <= _FEW else np.flatnonzero(chosen)
    large = 30 * min(1.0, _FEW / max(int(chosen.sum()), 1))
    size = np.where(chosen[dots], large, 14)
    ax.scatter(place[dots], tree.energy[dots], s=size, c=shades[dots], linewidths=0, zorder=3)


def _add_lines(ax: Axes, lines: np.ndarray, colours, widths, **options) -> None:
    """Add lines to the axes, as a bitmap if there are many."""
    if "linestyles" not in options:
        options |= {"capstyle": "round", "joinstyle": "round"}
    many = len(lines) > _MANY
    drawn = LineCollection(list(lines), colors=colours, linewidths=widths, rasterized=many, **options)
    ax.add_collection(drawn, autolim=False)
