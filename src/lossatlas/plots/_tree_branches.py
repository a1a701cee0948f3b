"""Draw the lines and dots of a disconnectivity graph."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from lossatlas.analysis import DisconnectivityTree

from ._energy_axis import AbstractEnergyAxis
from ._tree_layout import find_bends


FEW = 60  # up to so many minima, each one gets a dot
_THICKER = 4.0  # width of a branch of all minima, in widths of a branch of one
_MANY = 20_000  # more lines than this are a bitmap in vector formats


def _width(n: int) -> float:
    """Return the line width for n lines, in points."""
    return float(np.clip(1.4 * (FEW / max(n, 1)) ** 0.4, 0.15, 1.4))


def branch_widths(
    tree: DisconnectivityTree, chosen: np.ndarray, given: float | None, weighted: bool
) -> np.ndarray:
    """Return the line width of the branch of every node, in points; highlighted ones are thicker.

    **Arguments:**

    - `tree`: the tree.
    - `chosen`: whether a minimum is highlighted, shape (minima,).
    - `given`: width for one minimum, points; None for one that depends on the number of minima.
    - `weighted`: whether the width grows with the logarithm of the number of minima below.
    """
    thin = given or _width(len(tree))
    widths = np.full(len(tree.parent), thin)
    if weighted and len(tree) > 1:
        thick = max(thin, min(_width(FEW), _THICKER * thin))
        widths += (thick - thin) * np.log(tree.n_leaves) / np.log(len(tree))
    widths[: len(tree)][chosen] = max(2 * thin, min(1.2, _width(int(chosen.sum()))))
    return widths


def draw_branches(ax: Axes, tree, place, axis: AbstractEnergyAxis, colours, widths, chosen) -> np.ndarray:
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
    several, few = len(roots) > 1, len(roots) <= FEW
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
        if len(tree) > FEW:
            thin = np.minimum(thin, _width(len(tree)))
        pale = np.where(accent, 1.0, np.clip((FEW / len(tree)) ** 0.3, 0.4, 1.0))[:, None]
        shades[:, :3] = 1 - pale * (1 - shades[:, :3])
        drawn = drawn[lines[drawn, 1, 0] != lines[drawn, 2, 0]]
        _add_lines(ax, lines[drawn, 1:], shades[drawn], thin[drawn], zorder=1.9)
    return np.concatenate([lines, stubs[:, [0, 1, 1]]])


def draw_dots(ax: Axes, tree: DisconnectivityTree, place, shades, chosen: np.ndarray) -> None:
    """Draw dots at all minima if they are few, else at highlighted ones (smaller if many)."""
    dots = np.arange(len(tree)) if len(tree) <= FEW else np.flatnonzero(chosen)
    large = 30 * min(1.0, FEW / max(int(chosen.sum()), 1))
    size = np.where(chosen[dots], large, 14)
    ax.scatter(place[dots], tree.energy[dots], s=size, c=shades[dots], linewidths=0, zorder=3)


def _add_lines(ax: Axes, lines: np.ndarray, colours, widths, **options) -> None:
    """Add lines to the axes, as a bitmap if there are many."""
    if "linestyles" not in options:
        options |= {"capstyle": "round", "joinstyle": "round"}
    many = len(lines) > _MANY
    drawn = LineCollection(list(lines), colors=colours, linewidths=widths, rasterized=many, **options)
    ax.add_collection(drawn, autolim=False)
