"""Draw how many critical points spin glasses have, by index: large ones below an energy, small ones."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lossatlas.analysis import complexity, complexity_zeros, mean_critical_points, threshold_energy

from ._colours import GROUPS, NEUTRAL
from ._frame import new_axes


def plot_complexity(p: int, *, indices: Sequence[int] = (0, 1, 2, 3), ax: Axes | None = None) -> Axes:
    """Draw the complexity of a p-spin glass: Theta_k for some indices, and Theta for all together.

    Energies run from just below that of the ground state to just above -E_inf. Each curve has a dot where
    it is zero, at -E_k; a dashed line stands at -E_inf.

    **Arguments:**

    - `p`: order of the glass, at least 3.
    - `indices`: k of the curves, 1 to 9 of them.
    - `ax`: where; default a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for an order below 3, where all E_k are the same, a wrong index, or too many.
    """
    if p < 3:
        raise ValueError(f"`p` must be at least 3, got {p}: with two there is nothing below -E_inf.")
    if not 0 < len(indices) < len(GROUPS):
        raise ValueError(f"`indices` must hold 1 to {len(GROUPS) - 1} numbers, got {len(indices)}.")
    threshold, zeros = threshold_energy(p), complexity_zeros(p, indices)
    ground = complexity_zeros(p, 0)
    margin = ground - threshold
    u = np.linspace(-ground - 0.2 * margin, -threshold + 0.4 * margin, 600)
    ax = new_axes(6.5, 4.5) if ax is None else ax
    ax.axhline(0.0, color=NEUTRAL, lw=0.8)
    ax.axvline(-threshold, color=NEUTRAL, lw=1.2, dashes=(5, 2))
    for index, zero, colour in zip(indices, zeros, GROUPS):
        ax.plot(u, complexity(u, p, index=index), color=colour, lw=1.5, label=f"index {index}")
        ax.plot(-zero, 0.0, color=colour, marker="o", markersize=5, zorder=3)
    ax.plot(u, complexity(u, p), color=GROUPS[-1], lw=1.5, dashes=(2, 1.5), label="all indices")
    top = float(complexity(u[-1], p))
    ax.set(xlim=(u[0], u[-1]), ylim=(-0.4 * top, 1.1 * top))
    ax.annotate(
        "$-E_\\infty$", (-threshold, -0.4 * top), (4, 4), textcoords="offset points", color="#606060"
    )
    ax.set(xlabel="energy per spin $u = H/N$", ylabel="complexity $\\Theta(u)$")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper left", fontsize=9, frameon=False, title=f"p = {p}")
    return ax


def plot_index_counts(counts: np.ndarray, p: int, *, ax: Axes | None = None) -> Axes:
    """Draw numbers of critical points by index, averaged over spin glasses, against the exact means.

    Dots are averages over the glasses with standard errors; bars are the exact means.

    **Arguments:**

    - `counts`: points of index 0, ..., N - 1 of each glass, shape (glasses, N), at least two glasses.
    - `p`: order of the glasses, at least 2.
    - `ax`: where; default a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for another shape of `counts`, and as `mean_critical_points`.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or len(counts) < 2:
        raise ValueError(f"`counts` must have shape (glasses, N), at least 2 glasses, got {counts.shape}.")
    glasses, size = counts.shape
    exact = mean_critical_points(p, size)
    ax = new_axes(5.0, 3.6) if ax is None else ax
    ax.bar(np.arange(size), exact, width=0.7, color=NEUTRAL, alpha=0.5, label="exact mean")
    ax.errorbar(
        np.arange(size), counts.mean(axis=0), counts.std(axis=0, ddof=1) / np.sqrt(glasses), ls="none",
        marker="o", markersize=5, capsize=3, color=GROUPS[0], label=f"mean of {glasses} glasses",
    )  # fmt: skip
    ax.set(xlabel="index", ylabel="critical points")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        fontsize=9,
        frameon=False,
        title=f"p = {p}, N = {size}",
    )
    return ax
