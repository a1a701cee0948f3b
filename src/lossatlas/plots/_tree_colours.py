"""Colours of the branches of a disconnectivity graph, by values of the minima or by sets of minima."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize, to_rgba_array
from matplotlib.lines import Line2D

from lossatlas.analysis import DisconnectivityTree

from ._colours import GROUPS, NEUTRAL, add_colour_bar, check_limits, limits_of, sequential_map


BRANCH = "#222222"  # branches of a picture without colours
_HIGHLIGHT = "#d55e00"


def checked_colour(colour, n: int, limits=None) -> tuple[np.ndarray | None, Normalize | None]:
    """Return the values as an array, and their scale (None for groups); raises `ValueError`."""
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


def read_sets(highlight, tree: DisconnectivityTree) -> tuple[np.ndarray, list[str]]:
    """Return the highlighted set of every minimum.

    **Returns:** the number of the set, -1 for none, shape (n,); the names of the sets, an empty list for a
    single set without a name.

    **Raises:** `ValueError` for too many sets, and ids that are not in the tree.
    """
    member = np.full(len(tree), -1)
    if not isinstance(highlight, Mapping):
        member[_members(highlight, tree, "highlight")] = 0
        return member, []
    if len(highlight) > len(GROUPS):
        raise ValueError(f"`highlight` may hold up to {len(GROUPS)} sets, got {len(highlight)}.")
    for number, (name, minima) in enumerate(highlight.items()):
        member[_members(minima, tree, f"highlight[{name!r}]")] = number
    return member, [str(name) for name in highlight]


def _members(minima, tree: DisconnectivityTree, name: str) -> np.ndarray:
    """Return the positions of minima, or the booleans of shape (n,) that were given."""
    values = np.asarray([] if minima is None else minima)
    if values.dtype == bool:
        if values.shape != tree.ids.shape:
            raise ValueError(f"A boolean `{name}` must have shape ({len(tree)},), got {values.shape}.")
        return values
    return tree.positions(values, name)


def colour_by_set(tree: DisconnectivityTree, first, member: np.ndarray, sets: Sequence[str]) -> np.ndarray:
    """Return the colour of every node: that of a set if all minima below are in it; shape (nodes, 4).

    **Arguments:**

    - `tree`: the tree.
    - `first`: number of minima to the left of each node, from `place_nodes`.
    - `member`, `sets`: what `read_sets` returns.
    """
    shades = to_rgba_array([*(GROUPS[: len(sets)] or [_HIGHLIGHT]), BRANCH])
    return _joined(tree, first, member, shades[member], BRANCH)


def colour_by_value(
    ax: Axes,
    tree: DisconnectivityTree,
    first,
    values: np.ndarray,
    norm: Normalize | None,
    label,
    bar: bool,
    cmap,
    limits,
) -> np.ndarray:
    """Return the colour of every node, and add the colour bar or legend; shape (nodes, 4).

    A bar for a single value would show a range that does not exist, so a legend says the value.

    **Arguments:**

    - `ax`: axes of the graph.
    - `tree`: the tree.
    - `first`: number of minima to the left of each node, from `place_nodes`.
    - `values`, `norm`: what `checked_colour` returns.
    - `label`, `bar`, `cmap`, `limits`: `colour_label`, `colour_bar`, `cmap` and `colour_limits` of
        `disconnectivity`.
    """
    groups, code = np.unique(values, return_inverse=True)
    if norm is not None:
        leaves = _scaled(values, norm, cmap := sequential_map(cmap))
        single = single_value(values, cmap) if limits is None else None
        if bar and single is not None:
            place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
            ax.legend(handles=[single], title=label, frameon=False, **place)
        elif bar:
            add_colour_bar(ax, norm, cmap, label)
    else:
        leaves = to_rgba_array(GROUPS)[code]
        if bar:
            add_group_legend(ax, groups.tolist(), label)
    return _joined(tree, first, code, leaves, NEUTRAL)


def single_value(values: np.ndarray, cmap: Colormap) -> Line2D | None:
    """Return the entry of a legend if all known values of a scale are one, or none is known."""
    known = np.unique(values[np.isfinite(values)])
    if len(known) > 1:
        return None
    text = f"{known[0]:.6g}" if known.size else "not known"
    return Line2D([], [], color=cmap(0.0) if known.size else NEUTRAL, label=text, linewidth=2.5)


def _joined(tree: DisconnectivityTree, first, code, leaves, mixed: str) -> np.ndarray:
    """Return the colour of every node: that of its leaves if they share one code, else `mixed`."""
    colours = np.tile(to_rgba_array(mixed), (len(tree.parent), 1))
    # The leaves below a node stand side by side; they share one code if no two neighbours differ.
    changes = np.cumsum(np.diff(code[np.argsort(first[: len(tree)])], prepend=-2) != 0)
    same = changes[first] == changes[first + tree.n_leaves - 1]
    colours[same] = leaves[tree.lowest[same]]
    return colours


def _scaled(values: np.ndarray, norm: Normalize, cmap: Colormap) -> np.ndarray:
    """Return colours of continuous values."""
    known = np.isfinite(values)
    colours = cmap(norm(np.where(known, values, 0.0)))
    colours[~known] = to_rgba_array(NEUTRAL)
    return colours


def add_group_legend(ax: Axes, groups: Sequence, label: str | None, *, dots: bool = False) -> None:
    """Add a legend beside the axes, of lines or of dots, in the colours of groups."""
    style: dict[str, Any] = (
        {"marker": "o", "linestyle": "none", "markersize": 6} if dots else {"linewidth": 2.5}
    )
    handles = [
        Line2D([], [], color=shade, label=str(group), **style) for group, shade in zip(groups, GROUPS)
    ]
    ax.legend(handles=handles, title=label, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
