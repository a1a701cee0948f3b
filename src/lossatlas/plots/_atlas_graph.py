"""Draw the disconnectivity graph of an atlas, coloured or placed by columns of its minima."""

import os
import textwrap
from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from lossatlas import analysis
from lossatlas.analysis import DisconnectivityTree, transition_network
from lossatlas.atlas import Atlas, Minima, check_atlas

from ._disconnectivity import disconnectivity
from ._frame import axes_of
from ._interactive import write_interactive


COLUMNS = ("energy", "lowest_eigenvalue", "log_product", "orbit_size", "hits", "degree")
_EXACT = 2**53  # all whole numbers below this are exact as floats


def atlas_graph(
    atlas: Atlas,
    tree: DisconnectivityTree | None = None,
    *,
    ax: Axes | None = None,
    colour: str | None = None,
    x: str | None = None,
    labels: bool | np.ndarray = False,
    highlight: np.ndarray | Mapping[str, np.ndarray] | None = None,
    order: Literal["energy", "size", "centre"] = "centre",
    scale: Literal["linear", "log"] = "linear",
    kt: float | None = None,
    groups: bool = False,
    levels: int | None = None,
) -> Axes:
    """Draw the disconnectivity graph of an atlas, with columns of its minima as colours or positions.

    **Arguments:**

    - `atlas`: the open atlas.
    - `tree`: tree of all minima, of some of them, or of groups of them, with the ids of the atlas; default
        that of all minima.
    - `ax`: axes to draw in; default those of a new figure.
    - `colour`, `x`: names of columns, see `minima_column`, for colours and for the horizontal axis.
    - `labels`: True to write the ids of all minima, or the ids to write; that of the lowest minimum is
        always written.
    - `highlight`: ids, or a mapping from names to ids, as in `disconnectivity`; ids that are not in the
        tree are left out.
    - `order`, `scale`, `levels`: as in `disconnectivity`.
    - `kt`: temperature, loss units, if the energies of the tree are free energies.
    - `groups`: whether a branch stands for a group of minima.

    **Returns:** the axes.

    **Raises:** `ValueError` for an unknown column, a column for the horizontal axis that is not known for
    every minimum, and as `disconnectivity`.
    """
    tree = atlas_tree(atlas) if tree is None else tree
    minima = atlas.minima
    rows = np.searchsorted(minima.id, tree.ids)
    values, places = (minima_column(minima, name)[rows] if name else None for name in (colour, x))
    if places is not None and not np.isfinite(places).all():
        unknown = tree.ids[~np.isfinite(places)]
        raise ValueError(f"The column {x} is not known of minimum {unknown[0]}, so it cannot be an axis.")
    lowest = tree.ids[np.argmin(tree.energy[: len(tree)])]
    chosen = np.append([] if labels is False else labels, lowest)
    shown = tree.ids if labels is True else tree.ids[np.isin(tree.ids, chosen)]
    ax = axes_of(ax, 6.0, 5.4)
    _write_title(ax, _title(atlas, tree, groups))  # first, because labels need the final size of the axes
    disconnectivity(
        tree,
        ax=ax,
        order=order,
        scale=scale,
        x=places,
        xlabel=column_label(x) if x else "",
        colour=values,
        colour_label=column_label(colour) if colour else None,
        labels={int(minimum): str(minimum) for minimum in shown},
        highlight=_within(tree, highlight),
        ylabel=_ylabel(atlas, kt),
        levels=levels,
    )
    return ax


def write_atlas_graph(
    atlas: Atlas,
    path: str | os.PathLike,
    tree: DisconnectivityTree | None = None,
    *,
    colour: str | None = None,
    highlight: np.ndarray | Mapping[str, np.ndarray] | None = None,
    order: Literal["energy", "size", "centre"] = "centre",
    scale: Literal["linear", "log"] = "linear",
    kt: float | None = None,
    groups: bool = False,
) -> None:
    """Write the disconnectivity graph of an atlas as a page for a browser, with all known columns.

    Errors and metrics of single classes are left out, unless they give the colours.

    **Arguments:**

    - `atlas`, `tree`, `order`, `scale`, `kt`, `groups`: as for `atlas_graph`.
    - `path`: the .html file to write.
    - `colour`: name of the column that gives the colours when the page opens.
    - `highlight`: ids, or a mapping from names to ids, which become a column of the page.

    **Raises:** `ValueError` for an unknown column, and as `write_interactive`.
    """
    tree = atlas_tree(atlas) if tree is None else tree
    minima = atlas.minima
    rows = np.searchsorted(minima.id, tree.ids)
    if colour is not None:
        minima_column(minima, colour)
    usual = [name for name in minima.quantities if not analysis.is_detail(name) or name == colour]
    names = [name for name in (*COLUMNS, *usual) if name == colour or _is_known(minima[name])]
    columns = {
        column_label(name): minima_column(minima, name)[rows]
        for name in names
        if name != "energy" or colour == name
    }
    if highlight is not None:
        columns["highlighted"] = _named(tree, highlight)
    first = "highlighted" if highlight is not None else None
    write_interactive(
        tree,
        path,
        columns=columns,
        colour=column_label(colour) if colour else first,
        order=order,
        scale=scale,
        ylabel=_ylabel(atlas, kt),
        title=_title(atlas, tree, groups),
    )


def atlas_tree(atlas: Atlas, levels: int | None = None) -> DisconnectivityTree:
    """Return the disconnectivity tree of an atlas; `levels` as in `analysis.disconnectivity`.

    **Raises:** `ValueError` for an atlas without minima.
    """
    check_atlas(atlas)
    if not len(atlas.minima):
        raise ValueError("The atlas holds no minimum, so there is nothing to draw.")
    return analysis.disconnectivity(transition_network(atlas), levels=levels)


def minima_column(minima: Minima, name: str) -> np.ndarray:
    """Return a column of the minima as numbers, shape (minima,).

    **Raises:** `ValueError` for an unknown name; the message lists the columns.
    """
    if name not in COLUMNS and name not in minima.quantities:
        there = ", ".join([*COLUMNS, *minima.quantities])
        hint = (
            "" if minima.quantities else "; others are added by: lossatlas evaluate, or quantities FILE CSV"
        )
        raise ValueError(f"There is no column {name!r} of the minima; there is {there}{hint}.")
    values = np.asarray(minima[name], dtype=float)
    if name in ("orbit_size", "degree") and np.all(np.abs(values) < _EXACT):
        return values.astype(int)  # a legend shows a few whole numbers better than a scale
    return values


def column_label(name: str) -> str:
    """Return the name of a column as pictures show it."""
    return name.replace("_", " ").replace("auc", "AUC")


def _is_known(values) -> bool:
    """Return whether a column has any finite value."""
    return bool(np.isfinite(np.asarray(values, dtype=float)).any())


def _within(tree: DisconnectivityTree, highlight):
    """Return ids, or ids by name, without those that are not in a tree."""
    if isinstance(highlight, Mapping):
        return {name: tree.ids[np.isin(tree.ids, ids)] for name, ids in highlight.items()}
    return None if highlight is None else tree.ids[np.isin(tree.ids, highlight)]


def _named(tree: DisconnectivityTree, highlight) -> np.ndarray:
    """Return, for every minimum of a tree, the name of the last set that contains it, or ""."""
    sets = highlight if isinstance(highlight, Mapping) else {"yes": highlight}
    names = np.full(len(tree), "", dtype=object)
    for name, ids in sets.items():
        names[np.isin(tree.ids, ids)] = name
    return names.astype(str)


def energy_label(atlas: Atlas) -> str:
    """Return the label of an axis of energies: "loss" for a model, with its penalty, else "energy".

    It is "loss" also for a `Loss`, a function of which it is not known whether it contains a penalty.
    """
    known = atlas.settings
    if not {"items", "probes"} & known.keys():
        return "energy"
    if "l2" not in known:
        return "loss"
    return f"loss with penalty (L2 {known['l2']:g})" if known["l2"] else "loss without penalty"


def _ylabel(atlas: Atlas, kt: float | None) -> str:
    return energy_label(atlas) if kt is None else f"free energy at kT = {kt:g}"


def _write_title(ax: Axes, text: str) -> None:
    """Write a title, in lines that fit the column of the figure in which the axes are."""
    place = ax.get_subplotspec()
    column = (
        ax.figure.bbox.width / ax.figure.figure.dpi / (1 if place is None else place.get_gridspec().ncols)
    )
    size = 12.0 if column >= 5 else 10.0
    letters = max(int(0.75 * 72 * column / (0.55 * size)), 12)
    lines = [text] if len(text) <= letters else text.replace(", ", ",\n").split("\n")
    ax.set_title("\n".join(textwrap.fill(line, letters) for line in lines), fontsize=size)


def _title(atlas: Atlas, tree: DisconnectivityTree, groups: bool) -> str:
    """Return the name of the landscape (or directory of an import) and the numbers of its points."""
    name = atlas.settings.get("landscape") or atlas.settings.get("directory") or "import"
    drawn, n, states = len(tree), len(atlas.minima), int(atlas.transition_states.usable.sum())
    if groups:
        return f"{name}: {drawn} group{'' if drawn == 1 else 's'} of minima"
    if drawn < n:
        return f"{name}: {drawn} of {n} minima"
    return (
        f"{name}: {n} minim{'um' if n == 1 else 'a'}, {states} transition state{'' if states == 1 else 's'}"
    )
