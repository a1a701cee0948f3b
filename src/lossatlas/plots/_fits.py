"""Draw what the minima of a regression fit: their curves over the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure, SubFigure

from ._colours import GROUPS, NEUTRAL
from ._frame import check_figure, new_figure


if TYPE_CHECKING:
    from lossatlas.landscapes import NonlinearRegression


_MOST = 12  # minima in one picture
_POINTS = 1000  # of a curve


def plot_fits(
    landscape: NonlinearRegression,
    points: np.ndarray,
    energies: np.ndarray,
    *,
    titles: Sequence[str] | None = None,
    figure: Figure | SubFigure | None = None,
) -> np.ndarray:
    """Draw the curve of each minimum over the data, a panel each, in the order given.

    All panels have the same axes. Beyond the data a curve may be large, so the vertical limits are those of
    the data and a tenth more.

    **Arguments:**

    - `landscape`: the regression that the points belong to.
    - `points`: shape (minima, 7), parameter units; up to 12 minima.
    - `energies`: of the minima, for the titles, shape (minima,), squared units of the targets.
    - `titles`: a text for each minimum; default its loss, decay and frequencies.
    - `figure`: an empty figure to draw in; default a new one.

    **Returns:** the axes, shape (minima,).

    **Raises:** `ValueError` for too many minima, and arrays that do not fit or are not finite.
    """
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
    inputs, targets = np.asarray(landscape.inputs), np.asarray(landscape.targets)
    along = np.linspace(inputs.min(), inputs.max(), _POINTS)
    texts = titles or [_title(x, energy) for x, energy in zip(points, energies)]
    for i, (ax, x, text) in enumerate(zip(grid, points, texts)):
        ax.plot(inputs, targets, ".", color=NEUTRAL, markersize=4, markeredgewidth=0, label="data")
        curve = np.asarray(landscape.curve(x, along))  # pyright: ignore[reportArgumentType]
        ax.plot(along, curve, color=GROUPS[0], linewidth=1.3, label="curve of a minimum")
        ax.set_title(str(text), fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8, labelbottom=i + columns >= count)
    room = 0.1 * float(np.ptp(targets)) or 1.0
    grid[0].set(ylim=(targets.min() - room, targets.max() + room))
    figure.supxlabel("input $t$", fontsize=10)
    figure.supylabel("target $y$", fontsize=10)
    handles = grid[0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return grid[:count]


def _title(x: np.ndarray, energy: float) -> str:
    """Return loss, decay and frequencies; which sine is first, and the signs, say nothing."""
    high, low = sorted(np.abs(x[[1, 4]]), reverse=True)
    decay = f"{x[0]:.2f}".replace("-", "\N{MINUS SIGN}")
    return f"loss {energy:#.4g}\ndecay {decay}, frequencies {high:.2f}, {low:.2f}"
