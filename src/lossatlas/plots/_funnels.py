"""Draw the depths, energies and sizes of funnels."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lossatlas.analysis import Funnels

from ._colours import GROUPS
from ._frame import axes_of


_LARGEST = 300.0  # area of the largest marker, square points
_SMALLEST = 8.0
_MANY = 200  # more markers than this overlap


def funnels(
    funnels: Funnels,
    *,
    ax: Axes | None = None,
    xlabel: str = "energy of the bottom",
    ylabel: str = "depth of the funnel",
) -> Axes:
    """Draw the depth of every funnel against the energy of its bottom.

    The area of a marker is proportional to the number of minima that drain into the bottom, with a least
    area for visibility. Triangles above all other markers are the lowest minima of connected components,
    whose depth is infinite. The vertical axis is logarithmic if depths differ by more than a factor of 100.

    **Arguments:**

    - `funnels`: what `analysis.funnels` returns.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.

    **Returns:** the axes.

    **Raises:** `ValueError` if there is no funnel.
    """
    if not len(funnels):
        raise ValueError("There is no funnel to draw.")
    ax = axes_of(ax, 6.0, 4.5)
    finite = np.isfinite(funnels.depth)
    ending = _set_depth_axis(ax, funnels.depth[finite])
    heights = np.where(finite, funnels.depth, ending)
    areas = np.maximum(_LARGEST * funnels.size / funnels.size.max(), _SMALLEST)
    for chosen, colour, marker in ((finite, GROUPS[0], "o"), (~finite, GROUPS[1], "^")):
        edge = 0.6 if np.sum(chosen) <= _MANY else 0.1  # edges that overlap would hide the markers
        style = {"c": colour, "marker": marker, "alpha": 0.6, "edgecolors": "white", "linewidths": edge}
        ax.scatter(funnels.energy[chosen], heights[chosen], areas[chosen], **style)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.1)
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.locator_params(axis="x", nbins=5)
    ax.spines[["top", "right"]].set_visible(False)
    handles = _legend(funnels.size, bool(np.all(finite)))
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0)}  # clear of the data
    ax.legend(handles=handles, ncols=4, fontsize=9, frameon=False, **place)
    return ax


def _set_depth_axis(ax: Axes, depth: np.ndarray) -> float:
    """Set limits and ticks for finite depths, and return a height above all of them."""
    top = float(depth.max(initial=0.0)) or 1.0
    bottom = float(depth.min(initial=top))
    if 0 < bottom < top / 100:
        decades = np.log10(top / bottom)
        low, ending, high = top * 10.0 ** (decades * np.array([-1.08, 0.12, 0.2]))
        ax.set_yscale("log")
        ax.set_ylim(low, high)
        return float(ending)
    ax.set_ylim(-0.08 * top, 1.22 * top)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= top] if depth.size else [])
    return 1.13 * top


def _legend(sizes: np.ndarray, all_finite: bool) -> list[Line2D]:
    """Return circles for up to three sizes, and the triangle if there is one."""
    style = {"ls": "none", "alpha": 0.6, "markeredgecolor": "white"}
    largest = int(sizes.max())
    shown = sorted({largest, max(largest // 4, 1), max(largest // 16, 1)})
    handles = [
        Line2D(
            [], [],
            color=GROUPS[0],
            marker="o",
            markersize=max(_LARGEST * size / largest, _SMALLEST) ** 0.5,
            label=f"size {size}" if size == shown[0] else str(size),
            **style,
        )
        for size in shown
    ]  # fmt: skip
    if all_finite:
        return handles
    return [*handles, Line2D([], [], color=GROUPS[1], marker="^", label="lowest of its component", **style)]
