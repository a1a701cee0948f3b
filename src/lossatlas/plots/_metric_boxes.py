"""Box plots of a metric over the minima of several atlases."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ._colours import GROUPS
from ._frame import add_legend, axes_of, label_places


_FEW = 8  # up to so many values are drawn as dots; quartiles would say no more
_MANY = 2_000  # more outliers than this are a bitmap in vector formats
_MARK = "#000000"


def metric_boxes(
    groups: Sequence[np.ndarray],
    labels: Sequence,
    *,
    ax: Axes | None = None,
    xlabel: str = "",
    ylabel: str = "AUC",
    second: Sequence[np.ndarray] | None = None,
    names: tuple[str, str] = ("test", "training"),
    marked: Sequence[float] | np.ndarray | None = None,
    second_marked: Sequence[float] | np.ndarray | None = None,
    mark_name: str = "global minimum",
) -> Axes:
    """Draw a box plot for every group of values, such as the test AUC of the minima of several atlases.

    A box reaches from the lower to the upper quartile, with a line at the median. Its whiskers end at the
    last value within 1.5 times its height; values beyond them are small dots. A group of up to eight values
    is drawn as dots, without a box. Values that are not finite are left out.

    **Arguments:**

    - `groups`: one array of values for each group, shape (minima,), of any lengths, in the units of
        the metric (AUC: dimensionless).
    - `labels`: text under each group, e.g. the percentage of mislabelled items.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.
    - `second`: a second metric of the same groups, drawn beside the first, e.g. on training data.
    - `names`: names of the first and the second metric, for the legend.
    - `marked`: one value for each group, drawn as a diamond, e.g. that of its global minimum; NaN for no
        diamond; shape (groups,).
    - `second_marked`: the same for the second metric.
    - `mark_name`: meaning of the diamonds, for the legend.

    **Returns:** the axes.

    **Raises:** `ValueError` for lists of different lengths, groups that are not vectors,
    `second_marked` without `second`, and when no value is finite.

    Source: J. W. Tukey, Exploratory Data Analysis, Addison-Wesley (1977), chapter 2 (whiskers);
    for AUC over minima, S. R. Chitturi et al., Mach. Learn.: Sci. Technol. 1, 023002 (2020),
    doi:10.1088/2632-2153/ab7aef.
    """
    metrics = [_checked(groups, "groups", None)]
    if not metrics[0]:
        raise ValueError("`groups` must hold at least one group.")
    n = len(metrics[0])
    if second is not None:
        metrics.append(_checked(second, "second", n))
    elif second_marked is not None:
        raise ValueError("`second_marked` needs `second`.")
    texts = [str(label) for label in labels]
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} groups, got {len(texts)}.")
    if len(names) != 2:
        raise ValueError(f"`names` must be two texts, got {len(names)}.")
    marks = [_marks(marked, "marked", n), _marks(second_marked, "second_marked", n)]
    if not any(values.size for metric in metrics for values in metric):
        raise ValueError("`groups` hold no finite value.")
    ax = axes_of(ax, 6.0, 4.0)
    offsets = [0.0] if second is None else [-0.2, 0.2]
    width = 0.5 if second is None else 0.32
    for metric, mark, offset, colour in zip(metrics, marks, offsets, GROUPS):
        places = np.arange(n) + offset
        _draw(ax, metric, places, width, colour)
        ax.scatter(places, mark, s=34, marker="D", c=_MARK, edgecolors="white", linewidths=0.8, zorder=5)
    ax.set_xlim(-0.6, n - 0.4)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.ticklabel_format(axis="y", useOffset=False)
    ax.spines[["top", "right"]].set_visible(False)
    handles = _handles(names if second is not None else (), mark_name if np.isfinite(marks).any() else "")
    label_places(ax, np.arange(n), texts)
    if handles:
        add_legend(ax, handles)
    return ax


def _checked(groups, name: str, n: int | None) -> list[np.ndarray]:
    """Return the finite values of every group; raises `ValueError` where shapes are wrong."""
    arrays = [np.asarray(group, dtype=float) for group in groups]
    if n is not None and len(arrays) != n:
        raise ValueError(f"`{name}` must have one array for each of {n} groups, got {len(arrays)}.")
    for number, array in enumerate(arrays):
        if array.ndim != 1:
            raise ValueError(f"`{name}` must hold vectors, got shape {array.shape} for group {number}.")
    return [array[np.isfinite(array)] for array in arrays]


def _marks(marked, name: str, n: int) -> np.ndarray:
    """Return the marked values, NaN where there are none; shape (n,)."""
    values = np.full(n, np.nan) if marked is None else np.asarray(marked, dtype=float)
    if values.shape != (n,):
        raise ValueError(f"`{name}` must have one value for each of {n} groups, got shape {values.shape}.")
    return values


def _draw(ax: Axes, metric: list[np.ndarray], places: np.ndarray, width: float, colour: str) -> None:
    """Draw the boxes, or dots, of one metric."""
    boxed = [i for i, values in enumerate(metric) if len(values) > _FEW]
    if boxed:
        drawn = ax.boxplot(
            [metric[i] for i in boxed],
            positions=places[boxed],
            widths=width,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": to_rgba(colour, 0.3), "edgecolor": colour},
            medianprops={"color": colour, "linewidth": 1.8, "solid_capstyle": "butt"},
            whiskerprops={"color": colour},
            capprops={"color": colour},
            flierprops={"marker": "o", "markersize": 2.5, "markerfacecolor": colour, "markeredgewidth": 0},
        )
        for fliers in drawn["fliers"]:
            fliers.set(alpha=0.6, rasterized=fliers.get_xdata().size > _MANY)
    for i, values in enumerate(metric):
        if i not in boxed:
            # Side by side, so that equal values do not hide each other.
            across = places[i] + width * 0.6 * (np.arange(len(values)) - (len(values) - 1) / 2) / _FEW
            ax.scatter(across, values, s=16, c=colour, linewidths=0, alpha=0.8)


def _handles(names, mark_name: str) -> list:
    """Return the entries of the legend."""
    entries: list = [
        Patch(facecolor=to_rgba(colour, 0.3), edgecolor=colour, label=name)
        for name, colour in zip(names, GROUPS)
    ]
    if mark_name:
        entries.append(Line2D([], [], linestyle="none", marker="D", color=_MARK, label=mark_name))
    return entries
