"""The energy axis: where it is broken, how heights follow from energies, ticks and break marks.

Everything hangs on the knots, shape (2, 2 parts): energies, increasing, and their heights, 0 to 1. They
are the lower and upper end of each part of the axis; between parts lies a compressed gap.
"""

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, Locator, MaxNLocator, ScalarFormatter
from matplotlib.transforms import Bbox, TransformedBbox


_WIDE = 0.4  # a gap is wide, as a part of the energy range
_SQUASHED = 0.1  # a part is squashed, as a part of the energy range
_EQUAL = 1e-6  # and below this it is rounding that must not be blown up
_GAP = 0.06  # height of a compressed gap
_SHARE = 0.12  # least height of a part
_PAD = 0.06  # room at the ends of a part, as a part of it
_MAGNIFIED = 20.0  # how much more than the widest part a part of one merge may be stretched
_MARKED = 40  # stems up to which each gets break marks
_BAND = "#f2f2f2"  # behind a compressed gap


def find_knots(energies: np.ndarray, breaks: bool) -> np.ndarray:
    """Find the parts of the axis, and how high each is.

    The axis breaks at gaps between consecutive energies that take up more than 40 % of the range,
    so two at most, if this helps a part of three or more energies that would have less than a tenth
    of the axis.

    **Arguments:**

    - `energies`: of all nodes, shape (nodes,), loss units.
    - `breaks`: False for a single part.

    **Returns:** the knots, shape (2, 2 parts): energies, loss units, and heights, 0 to 1.
    """
    values = np.unique(energies)
    span = float(np.ptp(values)) or max(abs(float(values[0])), 1.0)
    parts = np.split(values, np.flatnonzero(np.diff(values) > _WIDE * span) + 1)
    if not (breaks and len(parts) > 1 and any(_is_squashed(part, span) for part in parts)):
        return np.array([[values[0], values[0] + span], [0.0, 1.0]])
    widest = max(np.ptp(part) for part in parts)
    ends, heights, below = [], [], 0.0
    rest = 1.0 - _GAP * (len(parts) - 1)
    for part in parts:
        # A merge that is tiny beside all others stays tiny.
        extent = max(np.ptp(part), widest / _MAGNIFIED if len(part) <= 3 else 0.0, _EQUAL * span)
        middle, half = (part[0] + part[-1]) / 2, (0.5 + _PAD) * extent
        share = _SHARE + (1.0 - _SHARE * len(parts)) * len(part) / len(values)
        ends += [middle - half, middle + half]
        heights += [below, below + rest * share]
        below = heights[-1] + _GAP
    return np.array([ends, heights])


def _is_squashed(part: np.ndarray, span: float) -> bool:
    """Say whether a linear axis would show several energies as one."""
    return len(part) > 2 and _EQUAL * span < np.ptp(part) < _SQUASHED * span


def to_height(knots: np.ndarray, energy) -> np.ndarray:
    """Return the height of energies: linear in every part, in every gap, and beyond the ends."""
    return _interpolated(energy, knots[0], knots[1])


def to_energy(knots: np.ndarray, height) -> np.ndarray:
    """Return the energy at heights, the inverse of `to_height`."""
    return _interpolated(height, knots[1], knots[0])


def _interpolated(x, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Interpolate linearly; unlike np.interp, go on with the end slopes outside."""
    x = np.asanyarray(x, dtype=float)
    i = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


def set_energy_axis(ax: Axes, knots: np.ndarray, energies: np.ndarray) -> None:
    """Set scale and ticks of the energy axis; the data of the axes stay in energies.

    **Arguments:**

    - `ax`: the axes.
    - `knots`: from `find_knots`.
    - `energies`: of all nodes, shape (nodes,), loss units.
    """
    if knots.shape[1] > 2:
        ax.set_yscale("function", functions=(partial(to_height, knots), partial(to_energy, knots)))
        ax.yaxis.set_major_locator(_PartLocator(knots, energies))
        ax.yaxis.set_major_formatter(_PartFormatter(knots))
    elif isinstance(ax.yaxis.get_major_formatter(), ScalarFormatter):
        ax.ticklabel_format(axis="y", useOffset=False)


class _PartLocator(Locator):
    """Ticks for each part of a broken axis."""

    def __init__(self, knots: np.ndarray, energies: np.ndarray):
        self.knots = knots
        parts = [energies[(a <= energies) & (energies <= b)] for a, b in knots[0].reshape(-1, 2)]
        self.extents = [(part.min(), part.max()) for part in parts]

    def __call__(self):
        return self.tick_values(*self.axis.get_view_interval())  # pyright: ignore

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        vmin, vmax = min(vmin, vmax), max(vmin, vmax)
        axes = self.axis.axes  # pyright: ignore
        low, high = to_height(self.knots, [vmin, vmax])
        scale = axes.get_window_extent().height * 72 / axes.figure.dpi / (high - low)  # in points
        starts = np.maximum(np.append(vmin, self.knots[0, 2::2]), vmin)
        stops = np.minimum(np.append(self.knots[0, 1:-1:2], vmax), vmax)
        found = []
        for start, stop, (first, last) in zip(starts, stops, self.extents):
            if start < stop:
                room = scale * np.ptp(to_height(self.knots, [start, stop]))
                values = _part_ticks(start, stop, first, last, max(int(room / 30), 1))
                found += [(len(values), value) for value in values.tolist()]
        # Parts with one tick come first: where ticks are too close, a part with several can lose one.
        kept: list[float] = []
        for _, value in sorted(found):
            near = to_height(self.knots, kept) - to_height(self.knots, value)
            if np.all(np.abs(near) * scale > 14):
                kept.append(value)
        return np.array(kept)


def _part_ticks(start: float, stop: float, first: float, last: float, count: int) -> np.ndarray:
    """Return up to about `count` ticks of a part that is seen from start to stop.

    Where all its energies, first to last, look like one, or no two round numbers fit, this is one
    tick at them, rounded so little that it seems exact.
    """
    values = np.asarray(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(start, stop))
    values = values[(values >= start) & (values <= stop)]
    one = start <= first and last <= stop and last - first < 0.4 * (stop - start)
    if one or len(values) < 2:
        middle = (first + last) / 2 if one else (start + stop) / 2
        values = np.array([middle])
        return np.round(values, _decimals(values, 0.02 * (stop - start)))
    return values


def _decimals(values: np.ndarray, tolerance: float) -> int:
    """Return how many decimals write the values within a tolerance."""
    return next((d for d in range(17) if np.all(np.abs(np.round(values, d) - values) < tolerance)), 17)


class _PartFormatter(Formatter):
    """Plain decimals, as many as each part of a broken axis needs."""

    def __init__(self, knots: np.ndarray):
        self.knots = knots
        self.decimals: dict[int, int] = {}

    def set_locs(self, locs):
        parts = self._parts(locs)
        for part in np.unique(parts).tolist():
            values = np.asarray(locs)[parts == part]
            step = np.min(np.diff(np.sort(values)), initial=1e-6 * np.abs(values).max())
            self.decimals[part] = _decimals(values, 1e-3 * step or 1.0)

    def __call__(self, x, pos=None):
        part = int(self._parts(x))
        places = self.decimals.get(part, 3)
        return self.fix_minus(f"{x:.{places}f}")

    def _parts(self, values) -> np.ndarray:
        """Return the number of the part that values lie in."""
        return np.searchsorted((self.knots[0, 1:-1:2] + self.knots[0, 2::2]) / 2, values)


def mark_breaks(ax: Axes, knots: np.ndarray, lines: np.ndarray, colour: str) -> None:
    """Mark every break by two slanted strokes on the axis and on the lines that cross it.

    **Arguments:**

    - `ax`: the axes, after `set_energy_axis`.
    - `knots`: from `find_knots`.
    - `lines`: place and energy of their points, upwards, shape (lines, points, 2).
    - `colour`: of the strokes on lines.
    """
    for below, above in knots[:, 1:-1].T.reshape(-1, 2, 2):
        crossed = np.array([0.5 - 0.12, 0.5 + 0.12]) * (above[1] - below[1]) + below[1]
        low, high = to_energy(knots, crossed)
        places = _places_at(knots, lines, float(crossed.mean()))
        ax.axhspan(below[0], above[0], facecolor=_BAND, edgecolor="none", zorder=0)
        _draw_marks(ax, [0.0], low, high, ax.spines["left"].get_edgecolor(), on_axis=True)
        if len(places) <= _MARKED:
            _draw_marks(ax, places, low, high, colour, on_axis=False)
        else:
            ax.axhspan(low, high, facecolor=_BAND, edgecolor="none", zorder=2.6)


def _places_at(knots: np.ndarray, lines: np.ndarray, height: float) -> list[float]:
    """Return where lines cross a height."""
    heights = to_height(knots, lines[..., 1])
    crossing = (heights[:, 0] < height) & (heights[:, -1] > height)
    return [float(np.interp(height, heights[line], lines[line, :, 0])) for line in np.flatnonzero(crossing)]


def _draw_marks(ax: Axes, places, low: float, high: float, colour, *, on_axis: bool) -> None:
    """Cut what is vertical at these places between two energies, and draw strokes at both ends."""
    transform = ax.get_yaxis_transform() if on_axis else ax.transData
    back = ax.get_facecolor() if on_axis else _BAND
    # Marks on the axis stick out sideways, but leave with the break when the limits change.
    clip = TransformedBbox(Bbox([[-0.1, 0.0], [1.0, 1.0]]), ax.transAxes)
    for place in places:
        cut = Line2D([place, place], [low, high], color=back, linewidth=3, solid_capstyle="butt")
        stroke = Line2D([place, place], [low, high], color=colour, linestyle="none")
        stroke.set_marker([(-1, -0.5), (1, 0.5)])  # pyright: ignore[reportArgumentType]
        stroke.set(markersize=9 if on_axis else 7, markeredgewidth=0.8, fillstyle="none")
        for artist in (cut, stroke):
            artist.set(transform=transform, zorder=2.6, in_layout=False)
            ax.add_artist(artist)
            if on_axis:
                artist.set_clip_path(None)
                artist.set_clip_box(clip)
