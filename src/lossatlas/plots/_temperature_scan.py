"""Draw heat capacity and occupation against temperature, and the minima behind each peak."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lossatlas import analysis
from lossatlas.analysis import (
    DisconnectivityTree,
    HeatCapacityPeak,
    TemperatureScan,
    TransitionNetwork,
    temperature_grid,
    thermodynamics,
)

from ._disconnectivity import disconnectivity
from ._heat_capacity import heat_capacity
from ._occupation import occupation


_DOUBTFUL = "#b8b8b8"
_POINTS = 300  # points of a curve
_SHOWN = 8  # largest number of partial sums, and of minima with a band
_COMPONENTS = 60  # from so many connected components on, most of them are left out of the graph
_LABELLED = 4  # so many minima that gain most, and that lose most, are labelled


def temperature_scan(network: TransitionNetwork, scan: TemperatureScan) -> Figure:
    """Draw the heat capacity with the partial sums that make its peaks, and below it the occupation.

    Temperatures at which a tenth of the occupation or more is in minima with barriers below kT, where the
    harmonic approximation ends, are hatched.

    **Arguments:**

    - `network`: the network of the scan.
    - `scan`: what `analysis.temperature_scan` returns; the axis runs over its temperatures.

    **Returns:** the figure.

    **Raises:** `ValueError` for a single temperature if all minima that are ever occupied have one energy.
    """
    import matplotlib.pyplot as plt

    convention = scan.thermodynamics.convention
    good = [kt for kt, error in zip(scan.kt, scan.errors) if error is None]
    grid = temperature_grid(network, _POINTS, kt=good)
    inside = [peak for peak in scan.peaks if grid[0] <= peak.kt <= grid[-1]]
    kt = np.unique([*grid, *(peak.kt for peak in inside)])
    curve, *partial = (
        thermodynamics(network, kt, convention=convention, lowest=m)
        for m in [None, *sorted({peak.lowest for peak in inside} - {len(network)})[:_SHOWN]]
    )
    highest = analysis.occupation(network, np.geomspace(grid[0], grid[-1], 25)).max(axis=0)
    most = network.ids[np.argsort(-highest, kind="stable")[:_SHOWN]]
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(6.5, 7.0), layout="constrained")
    heat_capacity(curve, peaks=inside, partial=partial, ax=above, xlabel="")
    p = analysis.occupation(network, kt, minima=most)
    occupation(kt, p, labels=[str(i) for i in most], ax=below, xlabel="kT (loss units)")
    tops = {above: max(np.max(one.heat_capacity) for one in (curve, *partial)), below: 1.0}
    _hatch(figure, tops, kt, ~analysis.shallow(network, kt).trusted)
    return figure


def _hatch(figure: Figure, tops: dict[Axes, float], kt: np.ndarray, doubtful: np.ndarray) -> None:
    """Hatch the doubtful temperatures up to the top of the data, and say below what that means."""
    steps = np.diff(doubtful.astype(int), prepend=0, append=0)
    ends = np.append(np.sqrt(kt[1:] * kt[:-1]), kt[-1])  # halfway between two temperatures
    style: dict[str, Any] = {"facecolor": "none", "edgecolor": _DOUBTFUL, "linewidth": 0.0, "hatch": "///"}
    for start, stop in zip(np.flatnonzero(steps > 0), np.flatnonzero(steps < 0)):
        for ax, top in tops.items():
            low, high = ax.get_ylim()
            part = (top - low) / (high - low)  # legends stand above
            ax.axvspan(
                kt[0] if start == 0 else ends[start - 1], ends[stop - 1], 0, part, **style, zorder=1.5
            )
    if doubtful.any():
        entry = Patch(label="not to be trusted: barriers of occupied minima are below kT", **style)
        figure.legend(handles=[entry], loc="outside lower center", fontsize=9, frameon=False)


def peak_graphs(
    network: TransitionNetwork, peaks: Sequence[HeatCapacityPeak], *, ylabel: str = "energy"
) -> Figure:
    """Draw the disconnectivity graph once for every peak, with the minima that gain and lose there.

    If the network has 60 or more connected components, only that of the global minimum and the minima that
    gain and lose at the peaks are drawn.

    **Arguments:**

    - `network`: the network of the peaks.
    - `peaks`: peaks of the heat capacity, at least one.
    - `ylabel`: label of the energy axes.

    **Returns:** the figure.

    **Raises:** `ValueError` if there is no peak.
    """
    import matplotlib.pyplot as plt

    if not len(peaks):
        raise ValueError("The heat capacity has no peak, so there is no graph to draw.")
    sides = [{"gaining": peak.gaining(), "losing": peak.losing()} for peak in peaks]
    tree = _shown_part(
        analysis.disconnectivity(network), np.concatenate([ids for pair in sides for ids in pair.values()])
    )
    columns = min(len(peaks), 3)
    rows = -(-len(peaks) // columns)
    size = (4.5 * columns, 4.5 * rows)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=size, layout="constrained")
    panels = axes.ravel()
    for ax, peak, pair in zip(panels, peaks, sides):
        named = {int(i): str(i) for ids in pair.values() for i in ids[:_LABELLED]}
        disconnectivity(tree, ax=ax, order="centre", highlight=pair, labels=named, ylabel=ylabel)
        count = "" if len(tree) == len(network) else f": {len(tree)} of {len(network)} minima"
        ax.set_title(f"kT = {peak.kt:.3g}{count}")
        if peak is not peaks[-1]:
            ax.get_legend().remove()  # one legend is enough for all panels
    for spare in panels[len(peaks) :]:
        spare.remove()
    return figure


def _shown_part(tree: DisconnectivityTree, wanted: np.ndarray) -> DisconnectivityTree:
    """Return the tree; if it has many components, only that of the global minimum and the minima wanted."""
    if tree.component.max() < _COMPONENTS:
        return tree
    return tree.where((tree.component == 0) | np.isin(tree.ids, wanted))
