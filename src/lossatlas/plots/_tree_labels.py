"""Texts under the minima of a disconnectivity graph."""

from collections.abc import Mapping

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from lossatlas.analysis import DisconnectivityTree

from ._energy_axis import AbstractEnergyAxis
from ._frame import size_of


_MOST = 2000  # largest number of texts that are tried; most of the others would be left out anyway


def read_labels(labels, tree: DisconnectivityTree) -> dict[int, str]:
    """Return texts by position of the minimum, see `disconnectivity`; raises `ValueError`."""
    n = len(tree)
    if labels is None or labels is False:
        return {}
    if labels is True:
        return {i: f"#{minimum}" for i, minimum in enumerate(tree.ids.tolist())}
    if isinstance(labels, Mapping):
        places = tree.positions(list(labels), "labels")
        return dict(zip(places.tolist(), map(str, labels.values())))
    texts = [str(text) for text in labels]
    if len(texts) != n:
        raise ValueError(f"`labels` must have one text for each of {n} minima, got {len(texts)}.")
    return dict(enumerate(texts))


def write_labels(
    ax: Axes, place: np.ndarray, energies: np.ndarray, scale: AbstractEnergyAxis, texts: dict[int, str]
) -> None:
    """Write texts under minima, lowest first, and leave out texts that would cover another one.

    **Arguments:**

    - `ax`: the axes, with their final limits but for the room below the lowest minimum.
    - `place`, `energies`: horizontal positions and energies of the minima, shape (minima,) each.
    - `scale`: the energy axis.
    - `texts`: texts by position of the minimum.
    """
    numbers = np.array(sorted(texts, key=lambda minimum: (energies[minimum], minimum)))
    size = 8.0 if len(numbers) <= 25 else 6.5
    across, up = size_of(ax)
    (x0, x1), (y0, y1) = ax.get_xlim(), scale.to_height(np.array(ax.get_ylim()))
    x = (place[numbers] - x0) / (x1 - x0) * across
    longest = max(len(text) for text in texts.values()) * 0.73 * size
    upright = longest > 0.9 * np.min(np.diff(np.sort(x)), initial=np.inf)
    wide, high = (1.1 * size, longest) if upright else (longest, 1.1 * size)
    # Room below the lowest minimum for its own label.
    y0 = y1 - (y1 - y0) * up / max(up - high - 4, 0.5 * up)
    ax.set_ylim(bottom=float(scale.to_energy(y0)))
    y = (scale.to_height(energies[numbers]) - y0) / (y1 - y0) * up
    kept: list[int] = []
    for i, minimum in enumerate(numbers[:_MOST].tolist()):
        near = np.abs(x[kept] - x[i]) < wide
        if not np.any(near & (np.abs(y[kept] - y[i]) < high)):
            kept.append(i)
            ax.annotate(
                texts[minimum],
                (place[minimum], energies[minimum]),
                xytext=(0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=size,
                rotation=90 if upright else 0,
                path_effects=[patheffects.withStroke(linewidth=2, foreground="white")],
            )
