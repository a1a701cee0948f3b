"""Draw the degree distribution of a network, its power-law fit, and a random graph of the same size."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter
from scipy import special, stats

from lossatlas.analysis import NetworkStatistics

from ._colours import GROUPS, NEUTRAL
from ._frame import axes_of


def degree_distribution(
    statistics: NetworkStatistics,
    *,
    ax: Axes | None = None,
    xlabel: str = "degree",
    ylabel: str = "part of the minima of this degree or more",
) -> Axes:
    """Draw the complementary cumulative distribution of the degrees, both axes logarithmic.

    The power law starts at its x_min, where it meets the data. The line for random graphs is the binomial
    distribution of the degrees of a graph with the same numbers of nodes and edges.

    **Arguments:**

    - `statistics`: what `network_statistics` returns.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes.

    **Returns:** the axes.

    **Raises:** `ValueError` for a network without any edge.
    """
    if not statistics.edges:
        raise ValueError("The network has no edge: there are no degrees to draw.")
    ax = axes_of(ax, 6.0, 4.5)
    n = len(statistics.degree)
    degrees, counts = np.unique(statistics.degree, return_counts=True)
    above = counts[::-1].cumsum()[::-1] / n
    positive = degrees > 0
    lowest = 0.5 / n

    chance = min(statistics.mean_degree / (n - 1), 1.0)
    places = np.arange(1, degrees[-1] + 1)
    random = stats.binom(n - 1, chance).sf(places - 1)
    shown = random > lowest
    ax.plot(places[shown], random[shown], color=NEUTRAL, lw=1.4, label="random graph of the same size")
    fit = statistics.power_law
    if fit is not None:
        places = np.unique(np.geomspace(fit.x_min, fit.largest, 200).round())
        line = special.zeta(fit.exponent, places) / special.zeta(fit.exponent, fit.x_min) * fit.tail / n
        label = (
            f"power law, exponent {fit.exponent:.2f} ± {fit.exponent_error:.2f} from degree {fit.x_min}, "
            f"p = {fit.p_value:.2f}"
        )
        ax.plot(places, line, color=GROUPS[1], lw=1.6, dashes=(5, 1.5), label=label)
    points = {"ls": "none", "marker": "o", "markersize": 4, "color": GROUPS[0], "zorder": 3}
    ax.plot(degrees[positive], above[positive], label="minima", **points)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(bottom=lowest)
    for choose in (ax.xaxis.set_major_formatter, ax.xaxis.set_minor_formatter):
        choose(LogFormatter(minor_thresholds=(1.5, 0.5)))  # writes numbers in full
    ax.spines[["top", "right"]].set_visible(False)
    # The legend stands above the axes, because curves may run through any of their corners.
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=9, frameon=False)
    return ax
