"""Draw how losses fall in training, and where they end, on log axes: the ground state is 0."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator


FLOOR = 1e-30  # losses that are nothing but rounding are drawn here: outputs of order 1, 1e-15 squared
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # of series, after Okabe and Ito
MARKERS = "os^D"
GREY = "#a0a0a0"  # of bounds


def plot_training(
    losses: Mapping[str, np.ndarray], *, bound: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw losses against the number of gradients, both on log axes.

    For each series the median over the starts as a line with markers, and a band between the quartiles.
    A dashed line stands at `bound`.

    **Arguments:**

    - `losses`: for each text of the legend, losses after 1, 2, 4, 8, ... gradients, shape
        (starts, levels), loss units; 1 to 4 series.
    - `bound`: a loss that no start can get below; None or 0 for none.
    - `ax`: where; default a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for other shapes, no start, losses that are negative or not finite, or too
    many series.
    """
    _check_series(losses)
    for name, values in losses.items():
        _check(values, f"`losses` of {name}", 2)
    ax = _new_axes(5.0, 4.0) if ax is None else ax
    for (name, values), colour, marker in zip(losses.items(), COLOURS, MARKERS):
        counts = 2.0 ** np.arange(np.shape(values)[1])
        low, median, high = np.quantile(np.maximum(values, FLOOR), [0.25, 0.5, 0.75], axis=0)
        ax.fill_between(counts, low, high, color=colour, alpha=0.18, lw=0)
        ax.plot(counts, median, color=colour, marker=marker, markersize=3.5, lw=1.3, label=name)
    if bound:
        ax.axhline(bound, color=GREY, lw=1.2, dashes=(5, 2))
    ax.set(xscale="log", yscale="log", xlabel="gradients", ylabel="loss")
    ax.spines[["top", "right"]].set_visible(False)
    if len(losses) > 1:
        ax.legend(fontsize=9, frameon=False, loc="lower left")
    return ax


def plot_final_losses(
    losses: Mapping[str, Mapping[int, np.ndarray]],
    *,
    bounds: Mapping[int, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the losses that training ends at, one dot a start, by the size of the network.

    A short black line marks the median of each size and series, a long dashed one the bound of a size.

    **Arguments:**

    - `losses`: for each text of the legend and each size (number of hidden nodes), losses of shape
        (starts,), loss units; 1 to 4 series.
    - `bounds`: for sizes, a loss that none can get below; where it is 0, or for other sizes, no line.
    - `ax`: where; default a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for other shapes, no start, losses that are negative or not finite, or too
    many series.
    """
    _check_series(losses)
    sizes = sorted({size for series in losses.values() for size in series})
    for name, series in losses.items():
        for size, values in series.items():
            _check(values, f"`losses` of {name}, size {size}", 1)
    ax = _new_axes(6.0, 4.0) if ax is None else ax
    width = 0.8 / len(losses)
    for number, ((_, series), colour, marker) in enumerate(zip(losses.items(), COLOURS, MARKERS)):
        for size, values in series.items():
            middle = sizes.index(size) - 0.4 + width * (number + 0.5)
            shown = np.sort(np.maximum(values, FLOOR))
            # In order of the loss from left to right, so that equal ones stay side by side.
            places = middle + 0.35 * width * np.linspace(-1, 1, len(shown)) * (len(shown) > 1)
            ax.plot(places, shown, ls="none", color=colour, marker=marker, markersize=4, alpha=0.7)
            ax.hlines(np.median(shown), middle - 0.45 * width, middle + 0.45 * width, "black", lw=1.2)
    for size, bound in (bounds or {}).items():
        if size in sizes and bound > 0:
            place = sizes.index(size)
            ax.hlines(bound, place - 0.45, place + 0.45, GREY, lw=1.2, linestyle=(0, (5, 2)))
    ax.set(yscale="log", ylabel="final loss", xlabel="hidden nodes", xlim=(-0.6, len(sizes) - 0.4))
    ax.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.spines[["top", "right"]].set_visible(False)
    handles = [
        Line2D([], [], ls="none", color=colour, marker=marker, markersize=5, label=name)
        for name, colour, marker in zip(losses, COLOURS, MARKERS)
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=len(handles),
        fontsize=9,
        frameon=False,
    )
    return ax


def _new_axes(width: float, height: float) -> Axes:
    return plt.figure(figsize=(width, height), layout="constrained").subplots()


def _check_series(losses: Mapping) -> None:
    if not 0 < len(losses) <= len(COLOURS):
        raise ValueError(f"`losses` must hold 1 to {len(COLOURS)} series, got {len(losses)}.")


def _check(values: np.ndarray, what: str, axes: int) -> None:
    array = np.asarray(values, dtype=float)
    if array.ndim != axes or array.size == 0:
        shape = "(starts, levels)" if axes == 2 else "(starts,)"
        raise ValueError(f"{what} must have shape {shape} and not be empty, got {array.shape}.")
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError(f"{what} must be finite and not negative.")
