"""Draw the distances between minima as a heat map."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, Normalize
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from ._colours import NEUTRAL, label_bar, limits_of, sequential_map
from ._frame import axes_of


_BEST_ORDER = 500  # up to so many minima, the order of the leaves is optimal; the cost is cubic
_ROUNDING = 1e-12  # tolerance for negative distances, and between the two halves of the matrix
_NAMED = 40  # up to so many minima, each one is labelled
_DENDROGRAM = "#222222"


def misclassification(
    distance: np.ndarray,
    *,
    ax: Axes | None = None,
    labels: Sequence[str] | None = None,
    dendrogram: bool = True,
    colour_label: str = "fraction classified by one of two alone",
    colour_limits: tuple[float, float] | None = None,
    cmap: str | Colormap | None = None,
) -> Axes:
    """Draw the distances of all pairs of minima as a heat map, with similar minima side by side.

    The distance is meant to be the fraction of items that exactly one of two minima misclassifies, but any
    other distance can be drawn. The order of the minima is that of the leaves of a hierarchical clustering
    with average linkage. Its dendrogram is drawn above; the height of a merge is the mean distance of the
    two clusters. For up to 500 minima, the order is the one with the smallest sum of distances between
    neighbours among all orders that fit the clustering.

    **Arguments:**

    - `distance`: distances, shape (minima, minima), symmetric, dimensionless (0 to 1 for a fraction). NaN
        for an unknown distance, which is drawn grey and counts as the largest known distance in the
        clustering.
    - `ax`: axes to draw in; default those of a new figure. Dendrogram and colour bar are insets outside
        their frame.
    - `labels`: a text for each minimum, shown for up to 40 minima; default its position, from 0.
    - `dendrogram`: False leaves out the dendrogram; the order stays that of the clustering.
    - `colour_label`: title of the colour bar.
    - `colour_limits`: lowest and highest value of the scale; default those of the distances.
    - `cmap`: colour map; default viridis without its palest part.

    **Returns:** the axes of the heat map, whose rows and columns are in the order of the clustering.

    **Raises:** `ValueError` for a matrix that is not square, not symmetric or has negative or
    infinite values, labels of the wrong length, and limits that are not a lower and a higher number.

    Source: order of the leaves, Z. Bar-Joseph, D. K. Gifford & T. S. Jaakkola, Bioinformatics 17
    (suppl. 1), S22 (2001), doi:10.1093/bioinformatics/17.suppl_1.S22.
    """
    values = _checked(distance)
    n = len(values)
    texts = [str(label) for label in (range(n) if labels is None else labels)]
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} minima, got {len(texts)}.")
    norm = Normalize(*limits_of(values, colour_limits))
    shades = sequential_map(cmap).with_extremes(bad=NEUTRAL)
    linkage = _cluster(values)
    order = np.zeros(1, dtype=int) if n == 1 else hierarchy.leaves_list(linkage)
    ax = axes_of(ax, 6.0, 6.0 if dendrogram else 5.0)
    ax.imshow(values[np.ix_(order, order)], norm=norm, cmap=shades, origin="upper", aspect="equal")
    ax.spines[:].set_visible(False)
    if n <= _NAMED:
        names = [texts[minimum] for minimum in order]
        size = 9.0 if n <= 20 else 6.5
        upright = max(map(len, names)) * n > 60
        ax.set_xticks(range(n), names, fontsize=size, rotation=90 if upright else 0)
        ax.set_yticks(range(n), names, fontsize=size)
        ax.set(xlabel="minimum", ylabel="minimum")
    else:
        ax.set(xticks=[], yticks=[], xlabel=f"{n} minima", ylabel=f"{n} minima")
    bar = ax.figure.colorbar(ScalarMappable(norm, shades), cax=ax.inset_axes((1.03, 0.0, 0.04, 1.0)))
    label_bar(bar, colour_label)
    if dendrogram and n > 1:
        _draw_dendrogram(ax.inset_axes((0.0, 1.015, 1.0, 0.18)), linkage, order)
    return ax


def _checked(distance) -> np.ndarray:
    """Return the distances as an array; raises `ValueError` where they are wrong."""
    values = np.asarray(distance, dtype=float)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size:
        raise ValueError(f"`distance` must have shape (minima, minima), got {values.shape}.")
    if np.any(values < -_ROUNDING) or np.any(np.isinf(values)):
        raise ValueError("`distance` must hold no negative and no infinite values.")
    if not np.allclose(values, values.T, rtol=1e-9, atol=_ROUNDING, equal_nan=True):
        raise ValueError("`distance` must be symmetric.")
    return np.maximum(values, 0.0)


def _cluster(values: np.ndarray) -> np.ndarray:
    """Return SciPy's linkage matrix, shape (minima - 1, 4)."""
    n = len(values)
    if n == 1:
        return np.zeros((0, 4))
    known = np.isfinite(values)
    filled = np.where(known, values, values[known].max(initial=0.0))
    pairs = squareform(filled, checks=False)
    return hierarchy.linkage(pairs, "average", optimal_ordering=2 < n <= _BEST_ORDER)


def _draw_dendrogram(ax: Axes, linkage: np.ndarray, order: np.ndarray) -> None:
    """Draw the merges, each as a bracket from two clusters up to the distance between them."""
    n = len(order)
    place, height = np.empty(2 * n - 1), np.zeros(2 * n - 1)
    place[order] = np.arange(n)
    brackets = np.empty((n - 1, 4, 2))
    for join, (a, b, distance, _) in enumerate(linkage.tolist()):
        a, b, node = int(a), int(b), n + join
        place[node], height[node] = (place[a] + place[b]) / 2, distance
        across = [place[a], place[a], place[b], place[b]]
        brackets[join] = np.stack([across, [height[a], distance, distance, height[b]]], axis=1)
    width = float(np.clip(60 / n, 0.25, 1.0))
    ax.add_collection(LineCollection(list(brackets), colors=_DENDROGRAM, linewidths=width), autolim=False)
    top = height.max()
    ax.set(xlim=(-0.5, n - 0.5), ylim=(0.0, 1.05 * top if top > 0 else 1.0), xticks=[])
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.locator_params(axis="y", nbins=3)
    ax.tick_params(labelsize=8)
    ax.set_ylabel("distance", fontsize=8)
