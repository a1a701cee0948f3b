"""Draw metrics of a series of atlases against a setting."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ._colours import GROUPS
from ._frame import add_legend, axes_of


_MARKERS = "osD^v<>PX*"


def metric_curve(
    s: np.ndarray,
    values: np.ndarray,
    *,
    spread: np.ndarray | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
    xlabel: str = "steps before convergence",
    ylabel: str = "AUC",
) -> Axes:
    """Draw metrics against a setting, such as the AUC of the global minimum and its mean over the minima.

    Every series is a line in order of `s`, with its own markers (up to 60 points) and a band of `spread` on
    both sides. A line has a gap where a value is not finite, a band also where the spread is not finite.

    **Arguments:**

    - `s`: the setting, shape (points,), e.g. the number of steps before convergence.
    - `values`: the metrics, shape (points, series) or (points,), in their units (AUC: dimensionless).
    - `spread`: half the height of the bands, e.g. the standard deviation over the minima, of the
        shape of `values` and in its units; NaN for no band.
    - `labels`: a text for each series, for the legend.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.

    **Returns:** the axes.

    **Raises:** `ValueError` for shapes that do not fit, a setting that is not finite, a negative
    spread, more than ten series, and when no value is finite.
    """
    s, values = np.asarray(s, dtype=float), np.asarray(values, dtype=float)
    if s.ndim != 1 or not np.all(np.isfinite(s)):
        raise ValueError(f"`s` must be a vector of finite numbers, got shape {s.shape}.")
    given = values.shape
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(s):
        raise ValueError(f"`values` must have shape ({len(s)}, series), got {given}.")
    series = values.shape[1]
    if series > len(GROUPS):
        raise ValueError(f"`values` may have up to {len(GROUPS)} series, got {series}.")
    bands = np.full(given, np.nan) if spread is None else np.asarray(spread, dtype=float)
    if bands.shape != given or np.any(bands < 0):
        raise ValueError(f"`spread` must be of shape {given} like `values`, and nowhere negative.")
    if labels is not None and (isinstance(labels, str) or len(labels) != series):
        raise ValueError(f"`labels` must be a list with one text for each of {series} series.")
    if not np.isfinite(values).any():
        raise ValueError("`values` hold no finite value.")
    ax = axes_of(ax, 6.0, 4.0)
    order = np.argsort(s, kind="stable")
    s, values, bands = s[order], values[order], bands.reshape(values.shape)[order]
    values, bands = (np.where(np.isfinite(array), array, np.nan) for array in (values, bands))
    for value, band, colour, marker in zip(values.T, bands.T, GROUPS, _MARKERS):
        if np.isfinite(value + band).any():
            ax.fill_between(s, value - band, value + band, color=colour, alpha=0.2, linewidth=0)
        size = 4.5 if len(s) <= 60 else 0.0
        ax.plot(s, value, color=colour, marker=marker, markersize=size, linewidth=1.4)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.spines[["top", "right"]].set_visible(False)
    if labels is not None:
        shapes = [marker if len(s) <= 60 else "none" for marker in _MARKERS]
        add_legend(
            ax,
            [
                Line2D([], [], color=colour, marker=marker, markersize=4.5, label=str(label))
                for label, colour, marker in zip(labels, GROUPS, shapes)
            ],
        )
    return ax
