"""Draw numbers of critical points of spin glasses by index and energy: theory and samples."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lossatlas import analysis
from lossatlas.analysis import complexity_zeros, mean_critical_points, threshold_energy

from ._colours import GROUPS, NEUTRAL
from ._frame import axes_of


def complexity(p: int, *, indices: Sequence[int] = (0, 1, 2, 3), ax: Axes | None = None) -> Axes:
    """Draw the complexity of a p-spin glass: Theta_k for some indices, and Theta for all indices.

    Energies run from just below that of the ground state to just above -E_inf. A dot marks the zero -E_k of
    each curve; a dashed line marks -E_inf.

    **Arguments:**

    - `p`: order of the glass, at least 3.
    - `indices`: indices k of the curves, 1 to 9 of them.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for an order below 3 (where all E_k are equal), a negative index, or too many
    indices.
    """
    if p < 3:
        raise ValueError(f"`p` must be at least 3, got {p}: with two there is nothing below -E_inf.")
    if not 0 < len(indices) < len(GROUPS):
        raise ValueError(f"`indices` must hold 1 to {len(GROUPS) - 1} numbers, got {len(indices)}.")
    threshold, zeros = threshold_energy(p), complexity_zeros(p, indices)
    ground = complexity_zeros(p, 0)
    margin = ground - threshold
    u = np.linspace(-ground - 0.2 * margin, -threshold + 0.4 * margin, 600)
    ax = axes_of(ax, 6.5, 4.5)
    ax.axhline(0.0, color=NEUTRAL, lw=0.8)
    ax.axvline(-threshold, color=NEUTRAL, lw=1.2, dashes=(5, 2))
    for index, zero, colour in zip(indices, zeros, GROUPS):
        ax.plot(u, analysis.complexity(u, p, index=index), color=colour, lw=1.5, label=f"index {index}")
        ax.plot(-zero, 0.0, color=colour, marker="o", markersize=5, zorder=3)
    ax.plot(u, analysis.complexity(u, p), color=GROUPS[-1], lw=1.5, dashes=(2, 1.5), label="all indices")
    top = float(analysis.complexity(u[-1], p))
    ax.set(xlim=(u[0], u[-1]), ylim=(-0.4 * top, 1.1 * top))
    ax.annotate(
        "$-E_\\infty$", (-threshold, -0.4 * top), (4, 4), textcoords="offset points", color="#606060"
    )
    ax.set(xlabel="energy per spin $u = H/N$", ylabel="complexity $\\Theta(u)$")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper left", fontsize=9, frameon=False, title=f"p = {p}")
    return ax


def index_counts(counts: np.ndarray, p: int, *, ax: Axes | None = None) -> Axes:
    """Draw the mean number of critical points of each index over sampled spin glasses, and the exact mean.

    Dots are averages over the glasses with standard errors; bars are the exact means.

    **Arguments:**

    - `counts`: number of points of index 0, ..., N - 1 of each glass, shape (glasses, N), at least two
        glasses.
    - `p`: order of the glasses, at least 2.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for another shape of `counts`, and as `mean_critical_points`.
    """
    counts = np.asarray(counts)
    if counts.ndim != 2 or len(counts) < 2:
        raise ValueError(f"`counts` must have shape (glasses, N), at least 2 glasses, got {counts.shape}.")
    glasses, size = counts.shape
    exact = mean_critical_points(p, size)
    ax = axes_of(ax, 5.0, 3.6)
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


def energy_counts(
    energies: Mapping[int, Sequence[np.ndarray]], p: int, index: int, *, ax: Axes | None = None
) -> Axes:
    """Draw the mean number of critical points of one index below an energy, from samples and theory.

    For each number of spins N, a line shows ln(mean number of points with H <= N u) / N over the sampled
    glasses, with a band of one standard error; a dashed line shows the same of the exact mean. The limit
    for large N, `complexity`, is black. Where a mean is below 1, its logarithm is negative.

    **Arguments:**

    - `energies`: for each N (1 to 9 values, up to 30) a list with one array per glass: the energies per
        spin of its points of this index, dimensionless. At least two glasses, or an empty list to draw only
        the exact mean.
    - `p`: order of the glasses, at least 2.
    - `index`: index k of the points, below every N.
    - `ax`: axes to draw in; default those of a new figure.

    **Returns:** the axes.

    **Raises:** `ValueError` for too many curves, a single glass, an index that is not below N, no points at
    all, and as `mean_critical_points` and `complexity`.
    """
    if not 0 < len(energies) < len(GROUPS):
        raise ValueError(f"`energies` must hold 1 to {len(GROUPS) - 1} sizes, got {len(energies)}.")
    for size, glasses in energies.items():
        if len(glasses) == 1:
            raise ValueError(f"`energies` must hold no glass or at least 2 for N = {size}, got 1.")
        if not index < size:
            raise ValueError(f"`index` must be below N = {size}, got {index}.")
    pooled = np.concatenate([glass for glasses in energies.values() for glass in glasses] + [[]])
    if not len(pooled):
        raise ValueError(f"`energies` holds no point of index {index}.")
    low, high, most = pooled.min(), pooled.max(), max(map(len, energies.values()))
    u = np.linspace(low - 0.05 * (high - low), high, 100)
    ax = axes_of(ax, 5.0, 4.0)
    for (size, glasses), colour in zip(energies.items(), GROUPS):
        if len(glasses):
            _draw_counts(ax, glasses, size, high, colour)
        exact = mean_critical_points(p, size, below=u)[:, index]
        shown = exact > 0.5 / most
        label = None if len(glasses) else f"N = {size}"
        ax.plot(u[shown], np.log(exact[shown]) / size, color=colour, lw=1.3, dashes=(4, 2), label=label)
    ax.plot(u, analysis.complexity(u, p, index=index), color=GROUPS[-1], lw=1.5, label=f"$\\Theta_{index}$")
    ax.axhline(0.0, color=NEUTRAL, lw=0.8)
    bottom = min(float(np.min(np.asarray(line.get_ydata()))) for line in ax.lines[:-2])
    ax.set(xlim=(u[0], high), ylim=(bottom - 0.02, None))
    ax.set(xlabel="energy per spin $u = H/N$", ylabel="ln(mean number below $u$) / $N$")
    ax.set_title(f"p = {p}, index {index}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="lower right", fontsize=9, frameon=False, title="dashed: exact means")
    return ax


def _draw_counts(ax: Axes, glasses: Sequence[np.ndarray], size: int, high: float, colour: str) -> None:
    """Draw the mean over glasses of the number of energies below u, as ln(mean) / N, with its band."""
    places = np.append(np.sort(np.concatenate(glasses)), high)
    counts = np.array([np.searchsorted(np.sort(glass), places, side="right") for glass in glasses])
    mean, error = counts.mean(axis=0), counts.std(axis=0, ddof=1) / np.sqrt(len(glasses))
    # A single point gives 1 +- 1, and ln 0 is infinite: so the band ends at a tenth of the mean.
    ends = [np.log(end) / size for end in (np.maximum(mean - error, 0.1 * mean), mean + error)]
    ax.fill_between(places, *ends, step="post", color=colour, alpha=0.2, lw=0)
    ax.step(places, np.log(mean) / size, where="post", color=colour, lw=1.3, label=f"N = {size}")
