"""Draw the occupation of the minima against temperature."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ._colours import GROUPS, NEUTRAL
from ._frame import add_legend, axes_of, set_temperature_axis


def occupation(
    kt: np.ndarray,
    occupation: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    count: int = 8,
    ax: Axes | None = None,
    xlabel: str = "kT",
    ylabel: str = "occupation",
) -> Axes:
    """Draw the occupation of the minima against kT as stacked bands, with all other minima in grey.

    The bands are those of the minima with the highest occupation at any temperature. The minimum whose
    maximum lies at the lowest temperature is at the bottom.

    **Arguments:**

    - `kt`: temperatures, loss units, shape (temperatures,).
    - `occupation`: occupation of all minima or of some, 0 to 1, shape (temperatures, minima).
    - `labels`: a text for each minimum; default their positions, from 0.
    - `count`: largest number of minima with a band, 1 to 10; a minimum that never exceeds 0.01 has none.
    - `ax`: axes to draw in; default those of a new figure.
    - `xlabel`, `ylabel`: labels of the axes, with units.

    **Returns:** the axes.

    **Raises:** `ValueError` for shapes that do not fit and a count outside 1 to 10.
    """
    kt, occupation = np.asarray(kt, dtype=float), np.asarray(occupation, dtype=float)
    if kt.ndim != 1 or occupation.ndim != 2 or len(occupation) != len(kt):
        raise ValueError(f"`occupation` must have shape ({kt.size}, minima), got {occupation.shape}.")
    n = occupation.shape[1]
    texts = [str(i) for i in range(n)] if labels is None else list(labels)
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} minima, got {len(texts)}.")
    if not 1 <= count <= len(GROUPS):
        raise ValueError(f"`count` must be 1 to {len(GROUPS)}, got {count}.")
    order = np.argsort(kt, kind="stable")
    kt, occupation = kt[order], occupation[order]
    highest = occupation.max(axis=0)
    chosen = np.argsort(-highest, kind="stable")[:count]
    chosen = chosen[highest[chosen] > 0.01]  # a thinner band cannot be seen
    chosen = chosen[np.argsort(occupation[:, chosen].argmax(axis=0), kind="stable")]
    bands = np.cumsum(occupation[:, chosen], axis=1).T
    ax = axes_of(ax, 6.0, 4.0)
    below, handles = np.zeros(len(kt)), []
    for band, minimum, colour in zip(bands, chosen, GROUPS):
        ax.fill_between(kt, below, band, color=colour, linewidth=0)
        handles.append(Patch(color=colour, label=texts[minimum]))
        below = band
    if np.any(below < 0.999):
        ax.fill_between(kt, below, 1.0, color=NEUTRAL, alpha=0.5, linewidth=0)
        handles.append(Patch(color=NEUTRAL, alpha=0.5, label="others"))
    ax.set(ylim=(0.0, 1.0), ylabel=ylabel)
    set_temperature_axis(ax, xlabel)
    ax.spines[["top", "right"]].set_visible(False)
    add_legend(ax, handles, "minimum")
    return ax
