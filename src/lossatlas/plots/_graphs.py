"""Draw the disconnectivity graphs of several landscapes side by side."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure

from lossatlas.analysis import DisconnectivityTree

from ._colours import add_colour_bar, check_limits, limits_of, sequential_map
from ._disconnectivity import disconnectivity
from ._frame import check_figure, new_figure, set_title
from ._tree_colours import single_value
from ._tree_layout import check_order


def graphs(
    trees: Sequence[DisconnectivityTree],
    titles: Sequence[str],
    *,
    colours: Sequence[np.ndarray] | None = None,
    colour_label: str | None = None,
    colour_limits: tuple[float, float] | None = None,
    rows: int | None = None,
    columns: int | None = None,
    share_energy: bool = True,
    order: Literal["energy", "size", "centre"] = "centre",
    ylabel: str = "energy",
    cmap: str | Colormap | None = None,
    figure: Figure | SubFigure | None = None,
) -> np.ndarray:
    """Draw disconnectivity graphs in a grid, with one energy axis and one colour scale.

    **Arguments:**

    - `trees`: the trees to draw, row by row.
    - `titles`: a title for each tree, e.g. the setting that is varied.
    - `colours`: for each tree a number per minimum, shape (minima,), e.g. AUC; NaN: grey. All panels
        share the scale, and there is one colour bar, or a legend if there is only one value.
    - `colour_label`: title of the colour bar, with units.
    - `colour_limits`: lowest and highest value of the scale; default those over all trees.
    - `rows`, `columns`: numbers of rows and columns of the grid; default up to three columns.
    - `share_energy`: False gives every panel its own energy axis, with breaks where they help.
    - `order`: order of the branches, see `disconnectivity`.
    - `ylabel`: label of the energy axes.
    - `cmap`: colour map; default viridis without its palest part.
    - `figure`: an empty figure to draw in; default a new one.

    **Returns:** the axes of the trees, shape (trees,).

    **Raises:** `ValueError` for an empty list, lists of different lengths, colours that are not numbers
    or have the wrong shape, a grid without room for all trees, and a figure that has axes.
    """
    n = len(trees)
    if not n or len(titles) != n:
        raise ValueError(f"`titles` must have one text for each of 1 or more trees, {n} here.")
    rows, columns = _grid(n, rows, columns)
    values, shades = _checked(colours, trees), sequential_map(cmap)
    every = np.concatenate(values or [np.zeros(0)])
    single = single_value(every, shades) if values is not None and colour_limits is None else None
    colour_limits = limits_of(every, colour_limits)
    energies = check_limits(_energy_limits(trees), "trees") if share_energy else None
    check_order(order)
    check_figure(figure)
    if figure is None:
        width = float(np.clip(2.1 * columns, 3.2, 12.0)) + 0.6 * (values is not None)
        figure = new_figure(width, 2.6 * rows, wspace=0.05)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in grid[n:]:
        spare.remove()
    for i, (ax, tree) in enumerate(zip(grid, trees)):
        disconnectivity(
            tree,
            ax=ax,
            order=order,
            colour=None if values is None else values[i],
            colour_limits=None if values is None else colour_limits,
            colour_bar=False,
            cmap=shades,
            linewidth=float(np.clip(150 / len(tree), 0.25, 0.9)),
            ylabel=ylabel if i % columns == 0 else "",
            energy_limits=energies,
        )
        set_title(ax, str(titles[i]), 10.0)
        if share_energy and i % columns:
            ax.tick_params(labelleft=False)
    if single is not None:
        figure.legend(handles=[single], title=colour_label, loc="outside right upper", frameon=False)
    elif values is not None:
        add_colour_bar(grid[:n].tolist(), Normalize(*colour_limits), shades, colour_label)
    return grid[:n]


def _grid(n: int, rows: int | None, columns: int | None) -> tuple[int, int]:
    """Return rows and columns with room for n panels."""
    for name, given in (("rows", rows), ("columns", columns)):
        if given is not None and given < 1:
            raise ValueError(f"`{name}` must be at least 1, got {given}.")
    if columns is None:
        columns = (2 if n == 4 else min(n, 3)) if rows is None else math.ceil(n / rows)
    rows = math.ceil(n / columns) if rows is None else rows
    if rows * columns < n:
        raise ValueError(f"A grid of {rows} x {columns} has no room for {n} trees.")
    return rows, columns


def _checked(colours, trees) -> list[np.ndarray] | None:
    """Return the values of every tree as floats; raises `ValueError` where they are wrong."""
    if colours is None:
        return None
    if len(colours) != len(trees):
        got = len(colours)
        raise ValueError(f"`colours` must have one array for each of {len(trees)} trees, got {got}.")
    checked = []
    for i, (colour, tree) in enumerate(zip(colours, trees)):
        values = np.asarray(colour)
        if values.dtype.kind not in "fiu" or values.shape != (len(tree),):
            raise ValueError(
                f"`colours` must hold a number for each of {len(tree)} minima of tree {i}, got "
                f"{values.dtype} of shape {values.shape}."
            )
        checked.append(values.astype(float))
    return checked


def _energy_limits(trees) -> tuple[float, float]:
    """Return the energies at the bottom and the top of all trees, with some room, loss units.

    The bottom is not below 0 if no energy is.
    """
    low = min(float(tree.energy.min()) for tree in trees)
    high = max(float(tree.energy.max()) for tree in trees)
    span = high - low or max(abs(low), 1.0)
    several = any(np.count_nonzero(tree.parent < 0) > 1 for tree in trees)
    bottom = low - 0.05 * span
    return max(bottom, 0.0) if low >= 0 else bottom, high + (0.12 if several else 0.05) * span
