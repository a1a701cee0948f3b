"""Draw the joint density of two kinds of distance between minima."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogFormatter

from ._colours import add_colour_bar, sequential_map
from ._frame import check_figure, new_figure


def distance_density(
    misclassification: np.ndarray,
    aligned: np.ndarray,
    plain: np.ndarray | None = None,
    *,
    figure: Figure | SubFigure | None = None,
    correlation: Literal["spearman", "pearson"] = "spearman",
    bins: int | None = None,
    ylabel: str = "misclassification distance\n(fraction of items)",
    cmap: str | Colormap | None = None,
) -> np.ndarray:
    """Draw the joint density of misclassification distance and distance in parameter space.

    Every pair of minima counts once; hexagons with at least one pair are coloured by their number of
    pairs. Both panels share the vertical axis and one logarithmic colour scale. Above each panel stands
    the correlation coefficient, without a significance, because pairs that share a minimum are not
    independent.

    **Arguments:**

    - `misclassification`: fraction of items that exactly one of two minima misclassifies, shape
        (minima, minima), dimensionless.
    - `aligned`: distance after alignment under the symmetry, of the same shape, parameter units.
    - `plain`: Euclidean distance between the points as stored, of the same shape, parameter units; None
        for no second panel. A panel leaves out pairs with a value that is not finite.
    - `figure`: an empty figure to draw in; default a new one.
    - `correlation`: `spearman` for that of the ranks, `pearson` for that of the values.
    - `bins`: number of hexagons along the horizontal axes; default 12 to 40, more for more pairs.
    - `ylabel`: label of the vertical axis, with units.
    - `cmap`: colour map; default viridis without its palest part.

    **Returns:** the axes, shape (1,) or, with `plain`, (2,).

    **Raises:** `ValueError` for matrices that are not square or differ in shape, fewer than two minima,
    an unknown correlation, fewer than 2 bins, a figure that has axes, and a panel without a pair.
    """
    distances = {"aligned": aligned} if plain is None else {"aligned": aligned, "plain": plain}
    if correlation not in ("spearman", "pearson"):
        raise ValueError(f"`correlation` must be spearman or pearson, got {correlation!r}.")
    if bins is not None and (not isinstance(bins, int) or bins < 2):
        raise ValueError(f"`bins` must be an integer of 2 or more, got {bins!r}.")
    points = {name: _pairs(misclassification, values, name) for name, values in distances.items()}
    check_figure(figure)
    figure = new_figure(3.0 + 1.75 * len(points), 3.4) if figure is None else figure
    axes = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    shades = sequential_map(cmap)
    top = max(float(y.max()) for _, y in points.values())
    low = min(float(y.min()) for _, y in points.values())
    for ax, (name, (x, y)) in zip(axes, points.items()):
        _draw(ax, x, y, (low, top), bins or round(float(np.clip(len(x) ** 0.4, 12, 40))), shades)
        ax.set_xlabel(f"{name} distance\n(parameter units)")
        ax.set_title(_coefficient(x, y, correlation), loc="right", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(ylabel)
    _share_colours(axes, shades)
    return axes


def _pairs(misclassification, distance, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return distance and misclassification distance of every pair for which both are known."""
    y, x = np.asarray(misclassification, dtype=float), np.asarray(distance, dtype=float)
    if y.ndim != 2 or y.shape[0] != y.shape[1] or len(y) < 2:
        raise ValueError(f"`misclassification` must have shape (minima, minima), 2 or more, got {y.shape}.")
    if x.shape != y.shape:
        raise ValueError(f"`{name}` must have shape {y.shape} like `misclassification`, got {x.shape}.")
    upper = np.triu_indices(len(y), 1)
    x, y = x[upper], y[upper]
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        raise ValueError(f"`{name}` and `misclassification` have no pair with two finite values.")
    return x[known], y[known]


def _draw(ax: Axes, x, y, limits: tuple[float, float], bins: int, shades: Colormap) -> None:
    """Draw the hexagons of one panel."""
    ends = [_wide(float(x.min()), float(x.max())), _wide(*limits)]
    box = ax.get_window_extent()
    rows = max(2, round(bins * box.height / box.width / np.sqrt(3)))
    grid = {"gridsize": (bins, rows), "extent": (*ends[0], *ends[1])}
    ax.hexbin(x, y, mincnt=1, cmap=shades, linewidths=0.1, **grid)
    for axis, (low, high), count in zip("xy", ends, grid["gridsize"]):
        room = 0.7 * (high - low) / count  # so that the outer hexagons are not cut
        ax.set(**{f"{axis}lim": (low - room, high + room)})


def _wide(low: float, high: float) -> tuple[float, float]:
    """Return limits of an axis, widened where they are equal."""
    half = 0.05 * max(abs(low), 1e-3)
    return (low, high) if high - low > 1e-9 * abs(high) else (low - half, high + half)


def _coefficient(x: np.ndarray, y: np.ndarray, correlation: str) -> str:
    """Return the correlation coefficient as text."""
    from scipy.stats import rankdata  # imported here because the import takes half a second

    name = {"spearman": "Spearman", "pearson": "Pearson"}[correlation]
    if correlation == "spearman":
        x, y = rankdata(x), rankdata(y)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return f"{name} not defined"
    return f"{name} {np.corrcoef(x, y)[0, 1]:.2f}".replace("-", "\N{MINUS SIGN}")


def _share_colours(axes: np.ndarray, shades: Colormap) -> None:
    """Give all hexagons one logarithmic scale of colours, and add its colour bar."""
    hexagons = [ax.collections[0] for ax in axes]
    most = max(float(panel.get_array().max()) for panel in hexagons)
    norm = LogNorm(1.0, max(most, 10.0))
    for panel in hexagons:
        panel.set_norm(norm)
    bar = add_colour_bar(axes.tolist(), norm, shades, "pairs of minima")
    bar.formatter = LogFormatter(labelOnlyBase=most > 100)
    bar.update_ticks()
