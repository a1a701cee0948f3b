"""Draw a disconnectivity graph."""

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, to_rgba_array

from lossatlas._checks import check_whole
from lossatlas.analysis import DisconnectivityTree

from ._colours import GROUPS, NEUTRAL, check_limits
from ._energy_axis import AbstractEnergyAxis, PartsAxis, end_at_zero, mark_breaks, parts_axis
from ._frame import axes_of
from ._log_energy_axis import above_lowest, log_axis
from ._tree_branches import FEW, branch_widths, draw_branches, draw_dots
from ._tree_colours import (
    BRANCH,
    add_group_legend,
    checked_colour,
    colour_by_set,
    colour_by_value,
    read_sets,
)
from ._tree_labels import read_labels, write_labels
from ._tree_layout import check_order, place_nodes, with_levels


_NOTE = 8.5  # size of the text below the axes, points
_LEVELS = 40  # levels of a graph of more minima than get a dot each
_MOST_LEVELS = 10_000  # more than a picture can show


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
    levels: int | None = None,
    linewidth: float | None = None,
    weighted: bool | None = None,
    xlabel: str = "",
    ylabel: str = "energy",
    scale: Literal["linear", "log"] = "linear",
    energy_limits: tuple[float, float] | None = None,
    breaks: bool = True,
) -> Axes:
    """Draw a disconnectivity graph, in which every branch ends at the energy of its minimum.

    A branch rises vertically from the energy of its minimum. Up to 60 minima it turns at the merge energy
    and runs horizontally to the branch that it merges with. Above 60 minima, where horizontal lines would
    hide everything else, branches merge at 40 regular levels, at most one level above the exact energy, by
    lines that slant from one level below, as in the literature. Lines never cross, unless the branches are
    placed by `x`. Where there are several trees, which no known path joins, each ends in a dashed stub at
    the top (a short one if they are many), and the picture says so below the axes.

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
    - `colour_bar`: False for neither colour bar nor legend. Values that are all the same have a legend in
        place of the bar, unless there are `colour_limits`.
    - `cmap`: colour map of a scale; default viridis without its palest part.
    - `highlight`: minima to draw in an accent colour (or, with a `colour`, with thicker lines), as ids or
        as booleans of shape (minima,). Or a mapping from names to such sets, each with its own colour and
        an entry in a legend; with a `colour`, which must be a scale then, the colour of a set is that of a
        dot at the end of the branch. A minimum in several sets belongs to the last of them.
    - `labels`: True for the id of each minimum, or a text for each minimum, or a mapping from ids to
        texts. A text stands under the end of the branch, else beside it, and is left out if it would cover
        a line or the text of a lower minimum there, too; that of the lowest of these minima is always
        written.
    - `levels`: number of levels, equally spaced on the axis, at which the branches of an exact tree merge;
        0 for the exact energies. Default: 0 up to 60 minima, else 40. A tree that has levels keeps them.
    - `linewidth`: line width in points; by default lines are thinner the more minima there are.
    - `weighted`: whether a line is thicker the more minima are below it, up to four times as thick.
        Default: where branches merge at levels by default.
    - `xlabel`: label of the horizontal axis, if there is one, with the unit of `x`.
    - `ylabel`: label of the energy axis.
    - `scale`: scale of the energy axis, `linear` or `log`. With `log` the axis shows the energy above the
        lowest minimum: logarithmic down to the power of ten below the smallest difference, and linear from
        there to 0, the energy of the lowest minimum.
    - `energy_limits`: lowest and highest energy in the picture, in the units of the axis; default those
        of the tree with some room, where the axis ends at 0 if no energy is negative. With limits the axis
        has no breaks, so that pictures can be compared.
    - `breaks`: whether to compress a gap without minima and merges that takes up more than 40 % of the
        energy range, if minima and merges would be squashed otherwise. The data of the axes stay in loss
        units, so that anything drawn later appears at its energy. Axes that hold data, share their energy
        axis or have a scale that is not linear never get breaks.

    **Returns:** the axes.

    **Raises:** `ValueError` for an unknown order or scale, a colour, highlight or label list of the
    wrong length, minima that do not exist, an `x` that is not finite, more than ten groups or sets,
    sets together with groups, limits that are not a lower and a higher number, and colour limits for
    groups; for `levels` that are not a whole number of 0 or more, or are given for a tree that has some.

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
    levels, weighted = _checked_levels(tree, levels, weighted)
    check_order(order)
    places = None if x is None else _checked_places(x, n)
    note = _note_on_parts(tree)
    ax = axes_of(ax, float(np.clip(4 + n / 16, 5.5, 11)), 5.0)  # wider for more minima
    own = not ax.has_data() and len(ax.get_shared_y_axes().get_siblings(ax)) == 1 and energy_limits is None
    if scale == "log":
        tree, ylabel = _above_lowest(tree), f"{ylabel} above the lowest minimum"
        axis = log_axis(tree.energy)
    else:
        axis = parts_axis(tree.energy, breaks and own and ax.get_yscale() == "linear")
    if levels:
        tree = with_levels(tree, axis, levels, energy_limits)
    place, first = place_nodes(tree, order)
    if places is not None:
        place = places[tree.lowest]
    if values is None:
        colours = colour_by_set(tree, first, member, sets)
    else:
        colours = colour_by_value(
            ax, tree, first, values, norm, colour_label, colour_bar, cmap, colour_limits
        )
    if sets:
        add_group_legend(ax, sets, None, dots=values is not None)
    _set_frame(ax, tree, place, axis, energy_limits)
    if own and tree.energy.min() >= 0:
        end_at_zero(ax)
    ax.set_ylabel(ylabel)
    if places is not None:
        _show_places(ax, place, xlabel)
    if note:
        _write_note(ax, note)
    chosen = member >= 0
    widths = branch_widths(tree, chosen, linewidth, weighted)
    lines = draw_branches(ax, tree, place, axis, colours, widths, chosen)
    if isinstance(axis, PartsAxis):
        mark_breaks(ax, axis, lines, BRANCH if values is None else NEUTRAL)
    draw_dots(ax, tree, place, to_rgba_array(GROUPS)[member] if sets else colours[:n], chosen)
    if texts:
        write_labels(ax, place, tree.energy[:n], axis, texts, lines)
    return ax


def _checked_levels(tree: DisconnectivityTree, levels, weighted: bool | None) -> tuple[int, bool]:
    """Return the number of levels, 0 for the energies of the tree, and whether widths grow by number."""
    if levels is not None:
        if tree.levels is not None:
            raise ValueError(f"`levels` are for an exact tree; this one has {len(tree.levels)} levels.")
        levels = check_whole("levels", levels, least=0, below=_MOST_LEVELS + 1)
    usual = levels is None and tree.levels is None and len(tree) > FEW
    return _LEVELS if usual else levels or 0, usual if weighted is None else weighted


def _note_on_parts(tree: DisconnectivityTree) -> str:
    """Return a sentence on the trees that are not joined; empty if there is one tree."""
    components = int(np.count_nonzero(tree.parent < 0))
    if components == 1:
        return ""
    if tree.levels is not None:
        return f"these {components} components merge at none of the levels (dashed)"
    what = "minima" if components == len(tree) else "components"
    return f"no known path joins these {components} {what} (dashed)"


def _write_note(ax: Axes, note: str) -> None:
    """Write a sentence below the axes, broken into lines that fit."""
    letters = max(int(ax.get_window_extent().width * 72 / ax.figure.figure.dpi / (0.5 * _NOTE)), 16)
    known = ax.get_xlabel() if ax.xaxis.get_visible() else ""
    if not known:
        ax.tick_params(axis="x", bottom=False, labelbottom=False)
        ax.xaxis.set_visible(True)
    lines = [*filter(None, [known]), textwrap.fill(note, letters)]
    ax.set_xlabel("\n".join(lines))
    if not known:
        ax.xaxis.label.set_fontsize(_NOTE)


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


def _set_frame(ax: Axes, tree: DisconnectivityTree, place, axis: AbstractEnergyAxis, limits) -> None:
    """Set the limits, and hide all of the frame but the energy axis."""
    side = 0.5 + 0.01 * np.ptp(place)
    ax.set_xlim(place.min() - side, place.max() + side)
    several = 1 < np.count_nonzero(tree.parent < 0) <= FEW
    low, high = axis.to_height(np.array([tree.energy.min(), tree.energy.max()]))
    axis.set_up(ax, tree.energy)
    below = 0.05 if high > low else 0.02  # a single energy stands near the lower end
    own = axis.to_energy(np.array([low - below, high + (0.12 if several else 0.05)]))
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
