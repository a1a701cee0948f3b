"""Draw a disconnectivity graph."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize, to_rgba_array
from matplotlib.lines import Line2D

from lossatlas.analysis import DisconnectivityTree

from ._colours import GROUPS, NEUTRAL, add_colour_bar, check_limits, limits_of, sequential_map
from ._energy_axis import find_knots, mark_breaks, set_energy_axis, to_energy, to_height


_BRANCH = "#222222"  # branches without a colour of their own, on a picture without colours
_HIGHLIGHT = "#d55e00"
_FEW = 60  # minima up to which each gets a dot
_MANY = 20_000  # lines from which a vector format gets a bitmap instead


def plot_disconnectivity(
    tree: DisconnectivityTree,
    *,
    ax: Axes | None = None,
    order: Literal["energy", "size", "centre"] = "energy",
    colour: Sequence | np.ndarray | None = None,
    colour_label: str | None = None,
    colour_limits: tuple[float, float] | None = None,
    colour_bar: bool = True,
    cmap: str | Colormap | None = None,
    highlight: Sequence[int] | np.ndarray | None = None,
    labels: bool | Sequence[str] | None = None,
    linewidth: float | None = None,
    ylabel: str = "energy",
    energy_limits: tuple[float, float] | None = None,
    breaks: bool = True,
) -> Axes:
    """Draw the disconnectivity graph: every branch ends at the energy of its minimum.

    A branch rises vertically from its energy. In the exact tree it turns at the merge energy and
    runs level to the branch that it merges with; with regular levels it slants there from one level
    below, as in the literature. Lines never cross. The top of every tree is a dashed stub when
    there are several: nothing known joins them.

    **Arguments:**

    - `tree`: what is drawn.
    - `ax`: where; default a new figure.
    - `order`: of the branches at each join. `energy`: the lowest minimum on the left. `size`: the
        basin with most minima on the left. `centre`: the lowest minimum of every subtree, so also
        the global one, in its middle, with the others put on whichever side has fewer minima.
    - `colour`: a value per minimum, shape (minima,). Floats, and integers with more than ten
        values, are a scale with a colour bar (NaN: grey); strings, booleans and other integers are
        groups with a legend. A join takes a colour if everything below it has the same value, else
        it is grey.
    - `colour_label`: title of the colour bar or legend.
    - `colour_limits`: lowest and highest value of the scale, in the units of `colour`; default those
        of the values. Values beyond have the colours of the ends; integers are a scale too.
    - `colour_bar`: False for neither colour bar nor legend.
    - `cmap`: of a scale; default viridis without its palest part.
    - `highlight`: minima to draw in an accent colour, or thicker if there is a `colour`: their
        numbers, or a boolean of shape (minima,).
    - `labels`: True for the number of each minimum, or a text for each. Texts that would cover
        another one, of a lower minimum, are left out.
    - `linewidth`: points; default thinner the more minima there are.
    - `ylabel`: of the energy axis.
    - `energy_limits`: lowest and highest energy in the picture, loss units; default those of the tree
        with some room. The axis has no breaks then, so that several pictures can be compared.
    - `breaks`: shorten a gap without minima and merges that takes up more than 40 % of the energy
        range, if minima and merges would be squashed otherwise. The data of the axes stay in loss
        units: what is drawn later lands at its energy. Never on axes that hold data, that share
        their energy axis or whose scale is not linear.

    **Returns:** the axes.

    **Raises:** `ValueError` for an unknown order, a colour, highlight or label list of the wrong
    length, more than ten groups, limits without a lower and a higher number, and colour limits for
    groups.

    Source: O. M. Becker & M. Karplus, J. Chem. Phys. 106, 1495 (1997), doi:10.1063/1.473299; D. J.
    Wales, M. A. Miller & T. R. Walsh, Nature 394, 758 (1998), doi:10.1038/29487.
    """
    n = len(tree)
    if order not in ("energy", "size", "centre"):
        raise ValueError(f"`order` must be energy, size or centre, got {order!r}.")
    chosen, texts = _highlighted(highlight, n), _texts(labels, n)
    values, norm = _checked_colour(colour, n, colour_limits)
    if energy_limits is not None:
        energy_limits = check_limits(energy_limits, "energy_limits")
    place, first = _places(tree, order)
    ax = _new_axes(n) if ax is None else ax
    width = linewidth or float(np.clip(1.4 * (_FEW / n) ** 0.4, 0.15, 1.4))
    colours = _coloured(ax, tree, first, values, norm, colour_label, colour_bar, cmap)
    widths = np.full(len(tree.parent), width)
    widths[:n][chosen] = max(2 * width, 1.2)
    if colour is None:
        colours[:n][chosen] = to_rgba_array(_HIGHLIGHT)
    free = not ax.has_data() and len(ax.get_shared_y_axes().get_siblings(ax)) == 1
    breaks = breaks and free and energy_limits is None and ax.get_yscale() == "linear"
    knots = find_knots(tree.energy, breaks)
    _set_frame(ax, tree, place, knots, ylabel, energy_limits)
    lines = _draw_branches(ax, tree, place, knots, colours, widths, chosen)
    mark_breaks(ax, knots, lines, _BRANCH if colour is None else NEUTRAL)
    dots = np.arange(n) if n <= _FEW else np.flatnonzero(chosen)
    size = np.where(chosen[dots], 30, 14)
    ax.scatter(place[dots], tree.energy[dots], s=size, c=colours[dots], linewidths=0, zorder=3)
    if texts is not None:
        _write(ax, tree, place, knots, texts)
    return ax


def _highlighted(highlight, n: int) -> np.ndarray:
    """Return the highlighted minima as a boolean, shape (n,)."""
    chosen = np.zeros(n, dtype=bool)
    values = np.asarray([] if highlight is None else highlight)
    if values.dtype == bool:
        if values.shape != (n,):
            raise ValueError(f"A boolean `highlight` must have shape ({n},), got {values.shape}.")
        return values
    if values.size:
        if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= n:
            raise ValueError(f"`highlight` must hold numbers of minima, 0 to {n - 1}.")
        chosen[values] = True
    return chosen


def _texts(labels, n: int) -> list[str] | None:
    """Return the label of every minimum, or None."""
    if labels is None or labels is False:
        return None
    texts = [f"#{i}" for i in range(n)] if labels is True else [str(text) for text in labels]
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} minima, got {len(texts)}.")
    return texts


def _places(tree: DisconnectivityTree, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Lay out the branches: x of every node, and how many minima stand to the left of it."""
    nodes = len(tree.parent)
    parent = np.where(tree.parent >= 0, tree.parent, nodes)  # one more node holds the roots together
    low = tree.energy[tree.lowest]
    if order == "energy":
        siblings = np.lexsort((tree.lowest, low, parent))
    elif order == "size":
        siblings = np.lexsort((tree.lowest, low, -tree.n_leaves, parent))
    else:
        slots = _slots_around_lowest(tree, parent, np.lexsort((tree.lowest, low, parent)))
        siblings = np.lexsort((slots, parent))
    before = np.cumsum(tree.n_leaves[siblings]) - tree.n_leaves[siblings]
    eldest = np.searchsorted(parent[siblings], parent[siblings])
    offset = np.empty(nodes, dtype=np.int64)
    offset[siblings] = before - before[eldest]
    first, above = [*offset.tolist(), 0], parent.tolist()
    for node in range(nodes - 1, -1, -1):
        first[node] += first[above[node]]
    first = np.array(first[:-1])
    # Trees that nothing joins stand apart, but many gaps must not squeeze the trees.
    roots = np.flatnonzero(tree.parent < 0)
    gap = max(1.0, len(tree) * min(0.02, 0.2 / len(roots)))
    rank = np.searchsorted(np.sort(first[roots]), first, side="right") - 1
    left = first + gap * rank
    if order == "centre":
        return (left[: len(tree)] + 0.5)[tree.lowest], first
    return left + 0.5 * tree.n_leaves, first


def _slots_around_lowest(tree: DisconnectivityTree, parent, siblings) -> np.ndarray:
    """Return the slot of every node among its siblings: 0 the lowest, then -1, 1, -2, ...

    Each next sibling goes to the side that has fewer minima, counted from the lowest one and over
    everything that has merged with it so far, so that one stays in the middle.
    """
    size, above = tree.n_leaves.tolist(), parent.tolist()
    slots, lean = [0] * len(above), [0] * (len(above) + 1)  # lean: minima right less minima left
    current, left, right = -1, 0, 0
    for node in siblings.tolist():  # parents come in increasing order, so every node after its children
        up = above[node]
        if up != current:
            current, left, right, lean[up] = up, 0, 0, lean[node]
        elif lean[up] > 0:
            left, lean[up] = left + 1, lean[up] - size[node]
            slots[node] = -left
        else:
            right, lean[up] = right + 1, lean[up] + size[node]
            slots[node] = right
    return np.array(slots)


def _new_axes(n: int) -> Axes:
    """Make a figure that is wider for more minima."""
    import matplotlib.pyplot as plt

    width = float(np.clip(4 + n / 16, 5.5, 11))
    return plt.subplots(figsize=(width, 5), layout="constrained")[1]


def _checked_colour(colour, n: int, limits) -> tuple[np.ndarray | None, Normalize | None]:
    """Return the values as an array with their scale, None for groups; or say what is wrong."""
    if limits is not None:
        limits = check_limits(limits, "colour_limits")
    if colour is None:
        return None, None
    values = np.asarray(colour)
    if values.shape != (n,):
        raise ValueError(f"`colour` must have shape ({n},), got shape {values.shape}.")
    groups = 0 if values.dtype.kind == "f" else len(np.unique(values))
    number = values.dtype.kind in "fiu"
    if number and (values.dtype.kind == "f" or groups > len(GROUPS) or limits is not None):
        values = values.astype(float)
        return values, Normalize(*limits_of(values, limits))
    if groups > len(GROUPS):
        raise ValueError(f"`colour` may hold up to {len(GROUPS)} groups, got {groups}.")
    if limits is not None:
        raise ValueError("`colour_limits` need a `colour` of numbers, got groups.")
    return values, None


def _coloured(ax: Axes, tree, first, values: np.ndarray | None, norm, label, bar: bool, cmap) -> np.ndarray:
    """Return the colour of every node, and add the colour bar or legend; shape (nodes, 4)."""
    n, nodes = len(tree), len(tree.parent)
    if values is None:
        return np.tile(to_rgba_array(_BRANCH), (nodes, 1))
    groups, code = np.unique(values, return_inverse=True)
    if norm is not None:
        leaves = _scaled(values, norm, cmap := sequential_map(cmap))
        if bar:
            add_colour_bar(ax, norm, cmap, label)
    else:
        leaves = to_rgba_array(GROUPS)[code]
        if bar:
            _legend(ax, groups, label)
    colours = np.tile(to_rgba_array(NEUTRAL), (nodes, 1))
    # What lies below a node stands side by side: it has one colour if no neighbours differ.
    changes = np.cumsum(np.diff(code[np.argsort(first[:n])], prepend=-1) != 0)
    same = changes[first] == changes[first + tree.n_leaves - 1]
    colours[same] = leaves[tree.lowest[same]]
    return colours


def _scaled(values: np.ndarray, norm: Normalize, cmap: Colormap) -> np.ndarray:
    """Return colours of continuous values."""
    known = np.isfinite(values)
    colours = cmap(norm(np.where(known, values, 0.0)))
    colours[~known] = to_rgba_array(NEUTRAL)
    return colours


def _legend(ax: Axes, groups: np.ndarray, label: str | None) -> None:
    """Add a legend beside the axes."""
    handles = [
        Line2D([], [], color=shade, linewidth=2.5, label=str(group)) for group, shade in zip(groups, GROUPS)
    ]
    ax.legend(handles=handles, title=label, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _set_frame(ax: Axes, tree: DisconnectivityTree, place, knots, ylabel: str, limits) -> None:
    """Set the limits and leave of the frame only the energy axis."""
    side = 0.5 + 0.01 * np.ptp(place)
    ax.set_xlim(place.min() - side, place.max() + side)
    several = np.count_nonzero(tree.parent < 0) > 1
    low, high = to_height(knots, np.array([tree.energy.min(), tree.energy.max()]))
    set_energy_axis(ax, knots, tree.energy)
    own = to_energy(knots, np.array([low - 0.05, high + (0.12 if several else 0.05)]))
    ax.set_ylim(*(limits or own.tolist()))
    ax.set_ylabel(ylabel)
    ax.xaxis.set_visible(False)
    ax.spines[["top", "right", "bottom"]].set_visible(False)


def _draw_branches(ax: Axes, tree, place, knots, colours, widths, chosen) -> np.ndarray:
    """Draw the line from every node up to its parent, and the stubs of the roots; return the lines."""
    inner = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[inner]
    bend = np.maximum(tree.energy[inner], _bends(tree)[parent])
    x, y = place[inner], tree.energy[inner]
    lines = np.stack([x, y, x, bend, place[parent], tree.energy[parent]], axis=1).reshape(-1, 3, 2)
    # The branches of the minima, which have the colours, lie above the others; chosen ones on top.
    accent = np.isin(inner, np.flatnonzero(chosen))
    drawn = np.lexsort((-inner, accent))
    roots = np.flatnonzero(tree.parent < 0)
    several = len(roots) > 1
    x, y = place[roots], tree.energy[roots]
    end = ax.get_ylim()[1] if several else to_energy(knots, to_height(knots, y) + 0.03)
    stubs = np.stack([x, y, x, np.broadcast_to(end, x.shape)], axis=1).reshape(-1, 2, 2)
    dashes = (0, (4, 3)) if several else "solid"
    stems = lines if tree.levels is not None else lines[:, :2]
    _add_lines(ax, stems[drawn], colours[inner][drawn], widths[inner][drawn])
    _add_lines(ax, stubs, colours[roots], widths[roots], linestyles=dashes)
    if tree.levels is None:
        # Level joins are thinner, and paler where there are many, or they hide the stems.
        shades, thin = colours[inner], np.where(accent, 1.0, 0.7) * widths[inner]
        pale = np.where(accent, 1.0, np.clip((_FEW / len(tree)) ** 0.3, 0.4, 1.0))[:, None]
        shades[:, :3] = 1 - pale * (1 - shades[:, :3])
        drawn = drawn[lines[drawn, 1, 0] != lines[drawn, 2, 0]]
        _add_lines(ax, lines[drawn, 1:], shades[drawn], thin[drawn], zorder=1.9)
    return np.concatenate([lines, stubs[:, [0, 1, 1]]])


def _add_lines(ax: Axes, lines: np.ndarray, colours, widths, **options) -> None:
    """Add lines to the axes, as a bitmap where there are many."""
    if "linestyles" not in options:
        options |= {"capstyle": "round", "joinstyle": "round"}
    many = len(lines) > _MANY
    drawn = LineCollection(list(lines), colors=colours, linewidths=widths, rasterized=many, **options)
    ax.add_collection(drawn, autolim=False)


def _bends(tree: DisconnectivityTree) -> np.ndarray:
    """Return the energy at which the branches below each node leave the vertical, shape (nodes,).

    With levels it lies at or above all inner nodes that merge there, so that a slanted line passes
    over everything else below the same parent. In the exact tree, where merges may be close, such
    lines would be nearly level, and level ones read better.
    """
    if tree.levels is None or len(tree.levels) < 2:
        return tree.energy
    place = np.searchsorted(tree.levels, tree.energy)
    below = np.concatenate([[2 * tree.levels[0] - tree.levels[1]], tree.levels[:-1]])
    bends = below[np.minimum(place, len(below) - 1)]
    inner = np.flatnonzero((tree.parent >= 0) & (np.arange(len(tree.parent)) >= len(tree)))
    np.maximum.at(bends, tree.parent[inner], tree.energy[inner])
    return bends


def _write(ax: Axes, tree: DisconnectivityTree, place: np.ndarray, knots, texts) -> None:
    """Write the labels under the minima, lowest first, leaving out what would cover another."""
    n = len(tree)
    size = 8.0 if n <= 25 else 6.5
    figure = ax.figure.figure  # of a subfigure, the whole
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
    box = ax.get_window_extent()
    across, up = box.width * 72 / figure.dpi, box.height * 72 / figure.dpi  # points
    (x0, x1), (y0, y1) = ax.get_xlim(), to_height(knots, np.array(ax.get_ylim()))
    x = (place[:n] - x0) / (x1 - x0) * across
    longest = max(len(text) for text in texts) * 0.73 * size
    upright = longest > 0.9 * np.min(np.diff(np.sort(x)), initial=np.inf)
    wide, high = (1.1 * size, longest) if upright else (longest, 1.1 * size)
    # Room below the lowest minimum for its own label.
    y0 = y1 - (y1 - y0) * up / max(up - high - 4, 0.5 * up)
    ax.set_ylim(bottom=float(to_energy(knots, y0)))
    y = (to_height(knots, tree.energy[:n]) - y0) / (y1 - y0) * up
    kept: list[int] = []
    for minimum in np.argsort(tree.energy[:n], kind="stable")[:2000].tolist():
        near = np.abs(x[kept] - x[minimum]) < wide
        if not np.any(near & (np.abs(y[kept] - y[minimum]) < high)):
            kept.append(minimum)
            ax.annotate(
                texts[minimum],
                (place[minimum], tree.energy[minimum]),
                xytext=(0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=size,
                rotation=90 if upright else 0,
                path_effects=[patheffects.withStroke(linewidth=2, foreground="white")],
            )
