"""Draw the fits of a regression: the curves of its minima over the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure, SubFigure

from ._colours import GROUPS, NEUTRAL
from ._frame import check_figure, new_figure


if TYPE_CHECKING:
    from lossatlas.datasets import DataSet
    from lossatlas.landscapes import AbstractModel


_MOST = 12  # largest number of minima in one picture
_POINTS = 1000  # points of a curve


def fits(
    landscape: AbstractModel,
    points: np.ndarray,
    energies: np.ndarray,
    *,
    data: DataSet | None = None,
    titles: Sequence[str] | None = None,
    figure: Figure | SubFigure | None = None,
) -> np.ndarray:
    """Draw the curve of each minimum over the data, one panel each, in the order given.

    All panels have the same axes. Curves may be large between the data, so the vertical limits are those of
    the data, extended by a tenth.

    **Arguments:**

    - `landscape`: the regression to which the points belong, any model of one input and one output.
    - `points`: minima, shape (minima, dim), parameter units; up to 12 minima.
    - `energies`: energies of the minima, for the titles, shape (minima,), loss units.
    - `data`: items to draw, with the names of input and target; default the training data of the model.
    - `titles`: a text for each minimum; default its loss and the model's description of the point.
    - `figure`: an empty figure to draw in; default a new one.

    **Returns:** the axes, shape (minima,).

    **Raises:** `ValueError` for a model that is not a regression of one input, a model that does not know
    its data where none are given, too many minima, and arrays that do not fit or are not finite.
    """
    inputs, targets, names = _items(landscape, data)
    points, energies = np.asarray(points, dtype=float), np.asarray(energies, dtype=float)
    count = len(energies) if energies.ndim == 1 else 0
    if not 1 <= count <= _MOST or points.shape != (count, landscape.dimension):
        raise ValueError(
            f"`points` and `energies` must be of 1 to {_MOST} minima, shapes (minima, "
            f"{landscape.dimension}) and (minima,), got {points.shape} and {energies.shape}."
        )
    if not (np.isfinite(points).all() and np.isfinite(energies).all()):
        raise ValueError("`points` and `energies` must be finite.")
    if titles is not None and (isinstance(titles, str) or len(titles) != count):
        raise ValueError(f"`titles` must be a list with one text for each of {count} minima.")
    check_figure(figure)
    columns = min(count, 3)
    rows = math.ceil(count / columns)
    figure = new_figure(max(2.7 * columns, 4.0), 1.9 * rows + 0.7) if figure is None else figure
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for spare in grid[count:]:
        spare.remove()
    along = np.linspace(inputs.min(), inputs.max(), _POINTS)
    texts = titles or [_title(landscape, x, energy) for x, energy in zip(points, energies)]
    for i, (ax, x, text) in enumerate(zip(grid, points, texts)):
        ax.plot(inputs, targets, ".", color=NEUTRAL, markersize=4, markeredgewidth=0, label="data")
        curve = np.asarray(landscape.predict(x, along[:, None]))[:, 0]
        ax.plot(along, curve, color=GROUPS[0], linewidth=1.3, label="curve of a minimum")
        ax.set_title(str(text), fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8, labelbottom=i + columns >= count)
    room = 0.1 * float(np.ptp(targets)) or 1.0
    grid[0].set(ylim=(targets.min() - room, targets.max() + room))
    figure.supxlabel(names[0], fontsize=10)
    figure.supylabel(names[1], fontsize=10)
    handles = grid[0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return grid[:count]


def _items(landscape: AbstractModel, data: DataSet | None) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return inputs and targets, shape (items,) both, and the names of the axes."""
    from lossatlas.landscapes import check_model

    if check_model(landscape).classes is not None or landscape.features != 1:
        what = "regression" if landscape.classes is None else "classifier"
        raise ValueError(
            f"`landscape` must be a regression of one input, whose fit is a curve; this is a {what} of "
            f"{landscape.features}."
        )
    known = landscape.training if data is None else (data.inputs, data.targets)
    if known is None:
        raise ValueError("`landscape` does not know the items that it learnt from: give them as `data`.")
    inputs, targets = map(np.asarray, known)
    single = targets.reshape(len(targets), -1)
    if inputs.shape[1:] != (1,) or single.shape[1] != 1:
        raise ValueError(
            f"`data` must have one input and one number to predict, got inputs of shape {inputs.shape} and "
            f"targets of shape {targets.shape}."
        )
    names = ["input", "target"] if data is None else [data.columns[0], data.target_names[0]]
    return inputs[:, 0], single[:, 0], names


def _title(landscape: AbstractModel, x: np.ndarray, energy: float) -> str:
    """Return the loss, and the model's description of the point."""
    return "\n".join(filter(None, (f"loss {energy:#.4g}", landscape.describe(x))))
