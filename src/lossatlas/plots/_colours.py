"""Colours that all pictures share, and the colour bar."""

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.ticker import ScalarFormatter


NEUTRAL = "#a0a0a0"  # for points without a value, in a picture with colours
# Okabe and Ito's colours without yellow, then three of Paul Tol's, black last: they can be told apart with
# colour vision deficiency, and are dark enough for a thin line on white.
GROUPS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00",
    "#56b4e9", "#332288", "#882255", "#999933", "#000000",
)  # fmt: skip
POSITIVE, NEGATIVE = GROUPS[:2]


def sequential_map(cmap: str | Colormap | None = None) -> Colormap:
    """Return the colour map given, or by default viridis without its palest part."""
    if cmap is None:
        shades = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.9, 256))
        return LinearSegmentedColormap.from_list("lossatlas", shades)
    return matplotlib.colormaps[cmap] if isinstance(cmap, str) else cmap


def diverging_map() -> Colormap:
    """Return a colour map from the colour of negative numbers through white to that of positive ones."""
    return LinearSegmentedColormap.from_list("lossatlas_diverging", [NEGATIVE, "white", POSITIVE])


def limits_of(values: np.ndarray, given: tuple[float, float] | None = None) -> tuple[float, float]:
    """Return the ends of a scale: the limits given, or the lowest and the highest finite value."""
    if given is not None:
        return check_limits(given, "colour_limits")
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + max(abs(low), 1.0) * 1e-3


def check_limits(limits, name: str) -> tuple[float, float]:
    """Return two limits as floats; raises `ValueError` unless the first is below the second."""
    pair = np.asarray(limits, dtype=float)
    if pair.shape != (2,) or not np.all(np.isfinite(pair)) or pair[0] >= pair[1]:
        raise ValueError(f"`{name}` must be two finite numbers, the lower one first, got {limits}.")
    return float(pair[0]), float(pair[1])


def label_bar(bar: Colorbar, label: str | None) -> None:
    """Give a colour bar its label, remove its frame, and write its numbers in full."""
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.set_label(label or "")
    if isinstance(bar.formatter, ScalarFormatter):
        bar.formatter.set_useOffset(False)
        bar.update_ticks()


def add_colour_bar(ax: Axes | list[Axes], norm: Normalize, cmap: Colormap, label: str | None) -> Colorbar:
    """Add a colour bar to the right of axes."""
    figure = (ax if isinstance(ax, Axes) else ax[0]).figure
    shape = {"pad": 0.02, "fraction": 0.05, "aspect": 30, "panchor": False}  # axes stay in their middle
    bar = figure.colorbar(ScalarMappable(norm, cmap), ax=ax, **shape)
    label_bar(bar, label)
    return bar
