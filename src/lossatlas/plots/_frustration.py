"""Draw the frustration of a landscape against temperature."""

import numpy as np
from matplotlib.axes import Axes

from lossatlas.analysis import Frustration

from ._colours import GROUPS, NEUTRAL
from ._frame import add_legend, axes_of, set_temperature_axis


def frustration(
    result: Frustration,
    *,
    ax: Axes | None = None,
    xlabel: str = "kT",
    ylabel: str = "frustration",
) -> Axes:
    """Draw F and its normalised form against kT on a logarithmic axis.

    If minima that no path joins to the global minimum hold more than 0.1 % of the occupation, their
    occupation is drawn, too, because F leaves them out.

    **Arguments:**

    - `result`: what `analysis.frustration` returns.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.

    **Returns:** the axes.
    """
    ax = axes_of(ax, 6.0, 4.0)
    order = np.argsort(result.kt, kind="stable")
    lines = [
        ("F", result.frustration, {"color": GROUPS[0]}),
        ("normalised F", result.normalised, {"color": GROUPS[1], "dashes": (5, 1.5)}),
    ]
    if result.unconnected.max() > 1e-3:
        lines.append(("occupation not connected", result.unconnected, {"color": NEUTRAL}))
    handles = []
    for label, values, style in lines:
        handles += ax.plot(result.kt[order], values[order], lw=1.6, label=label, **style)
    ax.set_ylabel(ylabel)
    ax.set_ylim(bottom=0.0)
    set_temperature_axis(ax, xlabel)
    ax.spines[["top", "right"]].set_visible(False)
    add_legend(ax, handles)
    return ax
