"""Draw minima as networks of nodes and links, with maps of their outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from ._colours import NEGATIVE, POSITIVE, add_colour_bar, check_limits, diverging_map
from ._frame import check_figure, new_figure, set_title


if TYPE_CHECKING:
    from lossatlas.datasets import DataSet
    from lossatlas.landscapes import AbstractModel


_ABSENT = 1e-10  # a link whose weight is smaller counts as absent
_MOST = 12  # largest number of minima in one picture
_WIDEST = 16  # largest number of nodes in a layer
_THICKEST = 4.0  # width of the link of the largest weight, points
_DEAD = "#b0b0b0"
_MARKERS = "os^Dv<>P"
_LONGEST = 24  # letters of a name
_CELLS = 1_000_000  # largest number of points of a map


def networks(
    landscape: AbstractModel,
    points: np.ndarray,
    energies: np.ndarray,
    *,
    data: DataSet | None = None,
    titles: Sequence[str] | None = None,
    maps: bool = True,
    region: tuple[float, float] = (-0.5, 1.5),
    step: float = 0.015,
    shown_class: int = 1,
    figure: Figure | SubFigure | None = None,
) -> np.ndarray:
    """Draw each minimum as a network, with the map of its output below.

    Inputs stand at the left of each network, outputs at the right, with their names beside the first and
    the last network of a full row. The colour of a link gives the sign of its weight, its
    width the absolute value; links with |w| < 1e-10 are left out. Nodes are shaded by their bias. A node
    without links on one of its sides (an input or output: without any links) is dead and drawn hollow,
    dashed and grey. Widths and shades have one scale for all minima.

    The output map shows the probability of one class over the plane of the two inputs, and the items, with
    a marker for each class.

    **Arguments:**

    - `landscape`: the network to which the points belong, a model that has `layers` with up to 16 nodes
        each; links may be frozen.
    - `points`: minima, shape (minima, dim), parameter units; up to 12 minima. Of all images of a minimum
        under the symmetry of the landscape, the one nearest to the first minimum is drawn, so that nodes at
        the same place can be compared.
    - `energies`: energies of the minima, for the titles, shape (minima,), loss units.
    - `data`: names of inputs and classes, and items to draw on the maps; default the training data of
        the model, with numbers in place of names.
    - `titles`: a text for each minimum, such as its id; default its loss.
    - `maps`: False to leave out the maps.
    - `region`: lowest and highest value of both inputs in the maps, units of the inputs.
    - `step`: spacing of the points of the maps, units of the inputs.
    - `shown_class`: number of the class whose probability the maps show, from 0.
    - `figure`: an empty figure to draw in; default a new one.

    **Returns:** the axes, shape (1, minima), or (2, minima) with the maps in the second row.

    **Raises:** `ValueError` for a model without layers, too many minima or nodes, and arrays that do not
    fit or are not finite; with `maps` also for a network that is not a classifier of two inputs, and a
    class that does not exist.

    Source: for the maps, D. Mehta, X. Zhao, E. A. Bernal & D. J. Wales, Phys. Rev. E 97, 052307
    (2018), arXiv:1804.02411.
    """
    points, texts = _checked(landscape, points, energies, titles)
    points = np.stack([points[0], *(landscape.symmetry.align(points[0], x).image for x in points[1:])])
    layers = [
        [(np.asarray(weights), np.asarray(biases)) for weights, biases in landscape.layers(point)]
        for point in points
    ]
    _check_size(layers[0])
    names = _names(landscape, data, layers[0])
    letters = sum(min(max(map(len, side)), _LONGEST) for side in names)
    widest = max(map(len, names))
    axis = _map_axis(landscape, region, step, shown_class) if maps else np.zeros(0)
    items = _items(landscape, data) if maps else _Items(np.zeros((0, 2)), np.zeros(0, dtype=int), "", {})
    check_figure(figure)
    strongest = max(float(np.abs(weights).max()) for network in layers for weights, _ in network)
    largest = max(float(np.abs(biases).max()) for network in layers for _, biases in network)
    figure, axes = _panels(figure, len(points), maps, letters, widest)
    columns, dead = _columns(len(points)), False
    for i, (ax, network, text) in enumerate(zip(axes[0], layers, texts)):
        dead |= _draw_network(ax, network, strongest or 1.0, largest or 1.0)
        if i % columns == 0:
            _write_names(ax, names[0], 0)
        if i % columns == columns - 1:
            _write_names(ax, names[1], len(network))
        set_title(ax, text, 9.0)
    for ax, point in zip(axes[1:].ravel(), points):
        _draw_map(ax, landscape, point, axis, shown_class, items)
    if maps:
        _finish_maps(axes, items.inputs, items.name(shown_class))
    handles = _handles(
        strongest, largest, dead, [items.name(number) for number in np.unique(items.classes)]
    )
    inches = figure.bbox.width / figure.figure.dpi
    columns = max(1, min(math.ceil(len(handles) / 2), int(inches / 1.2)))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8, frameon=False)
    return axes


class _Items(NamedTuple):
    """The items that are drawn on maps.

    - `places`: inputs of the items, shape (items, 2).
    - `classes`: class numbers of the items, shape (items,).
    - `inputs`: names of the two inputs.
    - `names`: names of the classes by their numbers; empty if they have none.
    """

    places: np.ndarray
    classes: np.ndarray
    inputs: Sequence[str]
    names: dict[int, str]

    def name(self, number: int) -> str:
        """Return the text by which a class is named."""
        return f"class {self.names.get(number, number)}"


def _items(landscape: AbstractModel, data: DataSet | None) -> _Items:
    """Return the given items, else the training data of the model; empty if it does not know them."""
    if data is not None:
        if data.classes is None or len(data.columns) != 2:
            raise ValueError(f"`data` must have two inputs and classes for the maps; {data.name} has not.")
        return _Items(data.inputs, data.targets, data.columns, dict(enumerate(data.classes)))
    places, classes = np.zeros((0, 2)), np.zeros(0, dtype=int)
    if landscape.training is not None:
        places, targets = map(np.asarray, landscape.training)
        classes = np.argmax(targets, axis=1) if targets.ndim == 2 else targets.astype(int)
    return _Items(places, classes, ("input 1", "input 2"), {})


def _names(landscape: AbstractModel, data: DataSet | None, network: list) -> tuple[list[str], list[str]]:
    """Return the names of the nodes of the first and of the last layer; raises `ValueError`."""
    inputs, outputs = network[0][0].shape[1], len(network[-1][1])
    if data is None:
        kind = "output" if landscape.classes is None else "class"
        first = 1 if landscape.classes is None else 2 - outputs if outputs == 1 else 0
        numbers = range(first, first + outputs)
        return [f"input {i + 1}" for i in range(inputs)], [f"{kind} {number}" for number in numbers]
    if len(data.columns) != inputs:
        raise ValueError(f"`data` must have {inputs} inputs, {data.name} has {len(data.columns)}.")
    if data.classes is None:
        return list(data.columns), [*data.target_names]
    classes = [f"class {name}" if name.isdigit() else name for name in data.classes]
    return list(data.columns), classes if outputs == len(classes) else classes[-outputs:]


def _write_names(ax: Axes, names: Sequence[str], layer: int) -> None:
    """Write the names of the nodes of an outer layer beside them."""
    gap, side = (8, "left") if layer else (-8, "right")
    for name, height in zip(names, _node_heights(len(names))):
        ax.annotate(
            name if len(name) <= _LONGEST else f"{name[: _LONGEST - 3]}...",
            (layer, height),
            xytext=(gap, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=8.0 if len(names) <= 8 else 6.0,
        )


def _checked(landscape: AbstractModel, points, energies, titles) -> tuple[np.ndarray, list[str]]:
    """Return points and titles; raises `ValueError` where they do not fit."""
    from lossatlas.landscapes import check_model

    check_model(landscape)
    points, energies = np.asarray(points, dtype=float), np.asarray(energies, dtype=float)
    if points.ndim != 2 or points.shape[1] != landscape.dimension or not len(points):
        shape = f"(minima, {landscape.dimension})"
        raise ValueError(f"`points` must have shape {shape} with a minimum or more, got {points.shape}.")
    n = len(points)
    if n > _MOST:
        raise ValueError(f"`points`: up to {_MOST} minima can be drawn in one picture, got {n}.")
    if not np.all(np.isfinite(points)):
        raise ValueError("`points` must be finite.")
    if energies.shape != (n,):
        raise ValueError(f"`energies` must have shape ({n},), got {energies.shape}.")
    if titles is None:
        return points, [f"loss {energy:.6g}" for energy in energies]
    if isinstance(titles, str) or len(titles) != n:
        raise ValueError(f"`titles` must be a list with one text for each of {n} minima.")
    return points, [str(title) for title in titles]


def _check_size(network: list) -> None:
    """Raise `ValueError` for networks with more nodes in a layer than can be told apart."""
    widest = max(network[0][0].shape[1], *(len(biases) for _, biases in network))
    if widest > _WIDEST:
        raise ValueError(f"`landscape`: up to {_WIDEST} nodes in a layer can be drawn, one has {widest}.")


def _map_axis(landscape: AbstractModel, region, step: float, shown_class: int) -> np.ndarray:
    """Return the values of both inputs in a map; raises `ValueError` if there can be no map."""
    if landscape.features != 2:
        raise ValueError(f"Output maps need two inputs, not {landscape.features}; set `maps=False`.")
    if landscape.classes is None:
        raise ValueError("Output maps need a classifier, not a regression; set `maps=False`.")
    if not 0 <= shown_class < landscape.classes:
        raise ValueError(f"`shown_class` must be 0 to {landscape.classes - 1}, got {shown_class}.")
    low, high = check_limits(region, "region")
    if not 0 < step < high - low or ((high - low) / step) ** 2 > _CELLS:
        raise ValueError(f"`step` must give a map of up to {_CELLS} points, got {step}.")
    return np.arange(low, high + 1e-9 * (high - low), step)


def _columns(n: int) -> int:
    """Return the number of columns for n minima: up to four, with few places left empty."""
    return n if n <= 4 else min((4, 3), key=lambda columns: -n % columns)


def _panels(figure: Figure | SubFigure | None, n: int, maps: bool, letters: int, widest: int):
    """Return the figure and its axes, shape (kinds of panel, n), each map below its network.

    A new figure has room for names of so many letters on both sides, and for the widest layer.
    """
    columns = _columns(n)
    rows, kinds = math.ceil(n / columns), 1 + maps
    if figure is None:
        room, height = 0.055 * letters + 0.7 * maps, max(1.35, 0.5 + 0.105 * widest)
        figure = new_figure(max(3.6, 1.6 * columns + room), rows * (height + 1.6 * maps) + 0.7)
    heights = [0.85, 1.0][:kinds] * rows
    grid = figure.subplots(kinds * rows, columns, squeeze=False, height_ratios=heights)
    axes = grid.reshape(rows, kinds, columns).transpose(1, 0, 2).reshape(kinds, -1)
    for spare in axes[:, n:].ravel():
        spare.remove()
    return figure, axes[:, :n]


def _draw_network(ax: Axes, network: list, strongest: float, largest: float) -> bool:
    """Draw one network; return whether it has dead nodes."""
    sizes = [network[0][0].shape[1], *(len(biases) for _, biases in network)]
    heights = [_node_heights(size) for size in sizes]
    linked = [np.abs(weights) >= _ABSENT for weights, _ in network]
    for layer, ((weights, _), live) in enumerate(zip(network, linked)):
        if live.any():
            _draw_links(ax, layer, heights, np.where(live, weights, 0.0), strongest)
    dead = [np.zeros(size, dtype=bool) for size in sizes]
    for layer, live in enumerate(linked):
        dead[layer] |= ~live.any(axis=0)
        dead[layer + 1] |= ~live.any(axis=1)
    biases = np.concatenate([np.zeros(sizes[0]), *(biases for _, biases in network)])
    places = np.stack([np.repeat(np.arange(len(sizes)), sizes), np.concatenate(heights)], axis=1)
    alive = ~np.concatenate(dead)
    shades = diverging_map()(0.5 + 0.5 * biases / largest)
    style: dict[str, Any] = {
        "s": 90.0 if max(sizes) <= 4 else 360.0 / max(sizes),
        "linewidths": 0.8,
        "zorder": 2,
    }
    ax.scatter(*places[alive].T, c=shades[alive], edgecolors="#222222", **style)
    ax.scatter(*places[~alive].T, c="white", edgecolors=_DEAD, linestyles=(0, (2, 1.5)), **style)
    ax.set(xlim=(-0.2, len(network) + 0.2), ylim=(0.55, -0.55))
    ax.set_axis_off()
    return not alive.all()


def _node_heights(size: int) -> np.ndarray:
    """Return the vertical positions of the nodes of a layer, downwards."""
    return (np.arange(size) - (size - 1) / 2) * 0.85 / max(size - 1, 1.2)


def _draw_links(ax: Axes, layer: int, heights: list, weights: np.ndarray, strongest: float) -> None:
    """Draw the links after a layer whose weights are not zero, thin links on top."""
    to, start = np.nonzero(weights)
    values = weights[to, start]
    ends = np.stack([heights[layer][start], heights[layer + 1][to]], axis=1)
    lines = np.stack([np.broadcast_to([float(layer), layer + 1.0], ends.shape), ends], axis=2)
    shown = np.argsort(-np.abs(values), kind="stable")
    shades = to_rgba_array(np.where(values > 0, POSITIVE, NEGATIVE))
    widths = np.maximum(_THICKEST * np.abs(values) / strongest, 0.3)
    drawn = LineCollection(list(lines[shown]), colors=shades[shown], linewidths=widths[shown], zorder=1)
    ax.add_collection(drawn, autolim=False)


def _draw_map(
    ax: Axes,
    landscape: AbstractModel,
    point: np.ndarray,
    axis: np.ndarray,
    shown_class: int,
    items: _Items,
) -> None:
    """Draw the probability of a class over the inputs, and the items."""
    first, second = np.meshgrid(axis, axis)
    places = np.stack([first.ravel(), second.ravel()], axis=1)
    predicted = landscape.predict(point, places)  # pyright: ignore[reportArgumentType]
    probability = np.asarray(predicted)[:, shown_class]
    half = (axis[1] - axis[0]) / 2
    ends = (axis[0] - half, axis[-1] + half)
    ax.imshow(
        probability.reshape(first.shape),
        cmap=diverging_map(),
        norm=Normalize(0.0, 1.0),
        origin="lower",
        extent=(*ends, *ends),
    )
    size = min(22.0, 70.0 / math.sqrt(max(len(items.places), 1)))
    for i, number in enumerate(np.unique(items.classes)):
        ax.scatter(
            *items.places[items.classes == number].T,
            s=size,
            marker=_MARKERS[i % len(_MARKERS)],
            c=_fill(i),
            edgecolors=_edge(i),
            linewidths=0.8 if size > 8 else 0.3,
        )
    ax.set(xlim=ends, ylim=ends)


def _fill(i: int) -> str:
    return ("white", "black", "#888888")[min(i, 2)]


def _edge(i: int) -> str:
    return "white" if i == 1 else "black"


def _finish_maps(axes: np.ndarray, inputs: Sequence[str], shown_class: str) -> None:
    """Name the axes of the outer maps, and add the colour bar."""
    n = axes.shape[1]
    columns = _columns(n)
    for i, ax in enumerate(axes[1]):
        ax.tick_params(labelsize=8, labelleft=i % columns == 0, labelbottom=i + columns >= n)
        ax.locator_params(nbins=4)
        if i % columns == 0:
            ax.set_ylabel(inputs[1], fontsize=9)
        if i + columns >= n:
            ax.set_xlabel(inputs[0], fontsize=9)
    add_colour_bar(
        axes.ravel().tolist(), Normalize(0.0, 1.0), diverging_map(), f"probability of {shown_class}"
    )


def _handles(strongest: float, largest: float, dead: bool, classes: Sequence[str]) -> list:
    """Return the entries of the legend."""
    entries = []
    node: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 8, "markeredgewidth": 0.8}
    link: dict[str, Any] = {"linewidth": _THICKEST}
    for name, most, style in (("weight", strongest, link), ("bias", largest, node)):
        for sign, colour in (("", POSITIVE), ("\N{MINUS SIGN}", NEGATIVE)):
            label = f"{name} {sign}{most:.3g}"
            if most > 0:
                entries.append(
                    Line2D([], [], color=colour, markeredgecolor="#222222", label=label, **style)
                )
    if dead:
        entries.append(Line2D([], [], color="white", markeredgecolor=_DEAD, label="dead node", **node))
    item: dict[str, Any] = {
        "linestyle": "none",
        "markersize": 5.5,
        "markeredgewidth": 0.8,
        "markeredgecolor": "black",
    }
    for i, name in enumerate(classes):
        marker = _MARKERS[i % len(_MARKERS)]
        entries.append(Line2D([], [], color=_fill(i), marker=marker, label=name, **item))
    return entries
