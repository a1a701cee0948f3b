"""Texts under the minima of a disconnectivity graph."""

from collections.abc import Mapping

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from lossatlas.analysis import DisconnectivityTree

from ._energy_axis import AbstractEnergyAxis
from ._frame import size_of
from ._free_places import FreePlaces


_MOST = 2000  # largest number of texts that are tried; most of the others would be left out anyway
_GAP = 4.0  # room between a minimum and its text, points


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
    ax: Axes,
    place: np.ndarray,
    energies: np.ndarray,
    scale: AbstractEnergyAxis,
    texts: dict[int, str],
    lines: np.ndarray,
) -> None:
    """Write texts under or beside minima, lowest first; leave out those that would cover texts or lines.

    The text of the lowest of these minima is always written.

    **Arguments:**

    - `ax`: the axes, with their final limits but for the room below the lowest minimum.
    - `place`, `energies`: horizontal positions and energies of the minima, shape (minima,) each.
    - `scale`: the energy axis.
    - `texts`: texts by position of the minimum.
    - `lines`: horizontal position and energy of the points of each line, shape (lines, points, 2).
    """
    numbers = np.array(sorted(texts, key=lambda minimum: (energies[minimum], minimum)))[:_MOST]
    size: float = 8.0 if len(numbers) <= 25 else 6.5
    across, up = size_of(ax)
    (x0, x1), (y0, y1) = ax.get_xlim(), scale.to_height(np.array(ax.get_ylim()))
    to_right = lambda x: (x - x0) / (x1 - x0) * across
    x = to_right(place[numbers])
    lengths = [0.73 * size * len(texts[minimum]) for minimum in numbers.tolist()]
    longest: float = max(lengths)
    gaps = np.diff(np.sort(x)).tolist()
    upright = longest > 0.9 * min(gaps, default=np.inf)
    # Room below the lowest minimum for its own label.
    y0 = y1 - (y1 - y0) * up / max(up - (longest if upright else 1.1 * size) - 4, 0.5 * up)
    ax.set_ylim(bottom=float(scale.to_energy(y0)))
    to_top = lambda energy: (scale.to_height(energy) - y0) / (y1 - y0) * up
    places = FreePlaces(across, up)
    across_up = [to_right(lines[..., 0].ravel()), to_top(lines[..., 1].ravel())]
    corners = np.stack(across_up, axis=-1).reshape(lines.shape)
    places.add_lines(np.concatenate([corners[:, :-1], corners[:, 1:]], axis=-1).reshape(-1, 4))
    for rank, (minimum, right, top, length) in enumerate(
        zip(numbers.tolist(), x, to_top(energies[numbers]), lengths)
    ):
        wide, high = (1.1 * size, length) if upright else (length, 1.1 * size)
        for shift, drop in ((0.0, _GAP + high), (_GAP + wide / 2, 0.0), (-_GAP - wide / 2, 0.0)):
            middle, foot = right + shift, top - drop
            box = (middle - wide / 2, foot, middle + wide / 2, foot + high)
            fits = places.is_free(box) and (not shift or places.is_inside(box))
            if fits or not rank:
                places.take(box)
                at = (float(place[minimum]), float(energies[minimum]))
                _write(ax, texts[minimum], at, shift, size, upright)
                break


def _write(ax: Axes, text: str, at: tuple[float, float], shift: float, size: float, upright: bool) -> None:
    """Write a text with its upper edge below a point, or, if it is shifted, its lower edge beside it."""
    ax.annotate(
        text,
        at,
        xytext=(shift, 0 if shift else -_GAP),
        textcoords="offset points",
        ha="center",
        va="bottom" if shift else "top",
        fontsize=size,
        rotation=90 if upright else 0,
        path_effects=[patheffects.withStroke(linewidth=2, foreground="white")],
    )
