"""Draw the heat capacity against temperature."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lossatlas.analysis import HeatCapacityPeak, Thermodynamics

from ._colours import GROUPS
from ._frame import add_legend, axes_of, set_temperature_axis


def heat_capacity(
    thermo: Thermodynamics,
    *,
    peaks: Sequence[HeatCapacityPeak] = (),
    partial: Sequence[Thermodynamics] = (),
    ax: Axes | None = None,
    xlabel: str = "kT",
    ylabel: str = "heat capacity",
) -> Axes:
    """Draw C_V against kT on a logarithmic axis, with partial sums over the lowest minima.

    **Arguments:**

    - `thermo`: thermodynamics of all minima, drawn as a thick line.
    - `peaks`: peaks to mark by a dot and the value of kT.
    - `partial`: up to eight partial sums over the lowest minima (`thermodynamics(..., lowest=m)`), drawn as
        thin lines.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.

    **Returns:** the axes.

    **Raises:** `ValueError` for more than eight partial sums.
    """
    if len(partial) > 8:
        raise ValueError(f"`partial` may hold up to 8 sums, got {len(partial)}.")
    ax = axes_of(ax, 6.0, 4.0)
    order = np.argsort(thermo.kt, kind="stable")
    name = f"all {thermo.lowest} minima"
    handles = ax.plot(thermo.kt[order], thermo.heat_capacity[order], color="black", lw=2.0, label=name)
    for part, colour in zip(partial, GROUPS):
        order = np.argsort(part.kt, kind="stable")
        handles += ax.plot(
            part.kt[order],
            part.heat_capacity[order],
            color=colour,
            lw=1.2,
            dashes=(5, 1.5),
            label=f"lowest {part.lowest}",
        )
    for peak in peaks:
        ax.plot(peak.kt, peak.height, "o", color="black", markersize=5.0)
        ax.annotate(
            f"{peak.kt:.3g}",
            (peak.kt, peak.height),
            (0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    ax.set_ylabel(ylabel)
    ax.margins(y=0.1)
    set_temperature_axis(ax, xlabel)
    ax.spines[["top", "right"]].set_visible(False)
    if partial:
        add_legend(ax, handles)
    return ax
