"""The energy axis: its breaks, the map from energies to heights, ticks and break marks."""

import abc
import dataclasses

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, Locator, MaxNLocator, ScalarFormatter
from matplotlib.transforms import Bbox, TransformedBbox


_WIDE = 0.4  # a gap above this fraction of the energy range is wide
_SQUASHED = 0.25  # a part below this fraction of the energy range is squashed
_EQUAL = 1e-6  # a part below this fraction is rounding, which must not be magnified
_GAP = 0.06  # height of a compressed gap, as a fraction of the axis
_SHARE = 0.12  # least height of a part, as a fraction of the axis
_PAD = 0.06  # room at the ends of a part, as a fraction of the part
_MAGNIFIED = 20.0  # a part of one merge may be stretched so many times as much as the widest part
_MARKED = 40  # up to so many lines that cross a break, each one gets a mark
_BAND = "#f2f2f2"  # colour behind a compressed gap


class AbstractEnergyAxis(abc.ABC):
    """Map from energies to heights: 0 at or just below the lowest energy of a tree, 1 at the highest."""

    @abc.abstractmethod
    def to_height(self, energy) -> np.ndarray:
        """Return the height of energies, loss units."""

    @abc.abstractmethod
    def to_energy(self, height) -> np.ndarray:
        """Return the energy at heights, the inverse of `to_height`."""

    @abc.abstractmethod
    def set_up(self, ax: Axes, energies: np.ndarray) -> None:
        """Set scale and ticks of axes whose data are energies; `energies` are those of all nodes."""


@dataclasses.dataclass(frozen=True, eq=False)
class PartsAxis(AbstractEnergyAxis):
    """An axis that is linear in one or several parts, with a compressed gap between parts.

    - `knots`: the lower and upper end of each part, shape (2, 2 parts): a row of increasing energies, loss
        units, and a row of their heights.
    """

    knots: np.ndarray

    def to_height(self, energy) -> np.ndarray:
        """Return heights: linear in every part, in every gap, and beyond the ends."""
        return _interpolated(energy, self.knots[0], self.knots[1])

    def to_energy(self, height) -> np.ndarray:
        """Return energies, by inverse linear interpolation."""
        return _interpolated(height, self.knots[1], self.knots[0])

    def set_up(self, ax: Axes, energies: np.ndarray) -> None:
        """Set scale and ticks, with breaks if there are several parts."""
        if self.knots.shape[1] > 2:
            ax.set_yscale("function", functions=(self.to_height, self.to_energy))
            ax.yaxis.set_major_locator(_PartLocator(self, energies))
            ax.yaxis.set_major_formatter(_PartFormatter(self.knots))
        elif isinstance(ax.yaxis.get_major_formatter(), ScalarFormatter):
            ax.ticklabel_format(axis="y", useOffset=False)


def parts_axis(energies: np.ndarray, breaks: bool) -> PartsAxis:
    """Find the parts of the axis and their heights.

    The axis breaks at gaps between consecutive energies that take up more than 40 % of the range (at most
    two gaps), if any part of three or more energies would otherwise have less than a quarter of the axis.

    **Arguments:**

    - `energies`: energies of all nodes, shape (nodes,), loss units.
    - `breaks`: False for a single part.

    **Returns:** the axis.
    """
    values = np.unique(energies)
    span = float(np.ptp(values)) or abs(float(values[0])) or 1.0
    parts = np.split(values, np.flatnonzero(np.diff(values) > _WIDE * span) + 1)
    if not (breaks and len(parts) > 1 and any(_is_squashed(part, span) for part in parts)):
        return PartsAxis(np.array([[values[0], values[0] + span], [0.0, 1.0]]))
    widest = max(np.ptp(part) for part in parts)
    ends, heights, below = [], [], 0.0
    rest = 1.0 - _GAP * (len(parts) - 1)
    for part in parts:
        # A single merge that is much smaller than the others is not magnified to their size.
        extent = max(np.ptp(part), widest / _MAGNIFIED if len(part) <= 3 else 0.0, _EQUAL * span)
        middle, half = (part[0] + part[-1]) / 2, (0.5 + _PAD) * extent
        share = _SHARE + (1.0 - _SHARE * len(parts)) * len(part) / len(values)
        ends += [middle - half, middle + half]
        heights += [below, below + rest * share]
        below = heights[-1] + _GAP
    return PartsAxis(np.array([ends, heights]))


def _is_squashed(part: np.ndarray, span: float) -> bool:
    """Return whether a linear axis would squash several energies into one."""
    return len(part) > 2 and _EQUAL * span < np.ptp(part) < _SQUASHED * span


def end_at_zero(ax: Axes) -> None:
    """Draw neither the line of the axis nor ticks below 0, where there is only room for texts."""
    ax.yaxis.set_major_locator(_TicksFromZero(ax.yaxis.get_major_locator()))
    ax.callbacks.connect("ylim_changed", _cut_at_zero)
    _cut_at_zero(ax)


def _cut_at_zero(ax: Axes) -> None:
    low, high = ax.get_ylim()
    ax.spines["left"].set_bounds(max(low, min(0.0, high)), high)


class _TicksFromZero(Locator):
    """The ticks of another locator that are not negative."""

    def __init__(self, inner: Locator):
        self.inner = inner

    def __call__(self):
        return self._kept(self.inner())

    def tick_values(self, vmin, vmax):
        return self._kept(self.inner.tick_values(vmin, vmax))

    def set_axis(self, axis):
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_params(self, **settings):
        self.inner.set_params(**settings)

    def _kept(self, values) -> np.ndarray:
        return np.asarray(values)[np.asarray(values) >= 0]


def _interpolated(x, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Interpolate linearly and, unlike np.interp, extrapolate with the slopes of both ends."""
    x = np.asanyarray(x, dtype=float)
    i = np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2)
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


class _PartLocator(Locator):
    """Locator of ticks in each part of a broken axis."""

    def __init__(self, scale: PartsAxis, energies: np.ndarray):
        self.scale, self.knots = scale, scale.knots
        parts = [energies[(a <= energies) & (energies <= b)] for a, b in self.knots[0].reshape(-1, 2)]
        self.extents = [(part.min(), part.max()) for part in parts]

    def __call__(self):
        return self.tick_values(*self.axis.get_view_interval())  # pyright: ignore

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        vmin, vmax = min(vmin, vmax), max(vmin, vmax)
        axes = self.axis.axes  # pyright: ignore
        low, high = self.scale.to_height([vmin, vmax])
        scale = axes.get_window_extent().height * 72 / axes.figure.dpi / (high - low)  # in points
        starts = np.maximum(np.append(vmin, self.knots[0, 2::2]), vmin)
        stops = np.minimum(np.append(self.knots[0, 1:-1:2], vmax), vmax)
        found = []
        for start, stop, (first, last) in zip(starts, stops, self.extents):
            if start < stop:
                room = scale * np.ptp(self.scale.to_height([start, stop]))
                values = _part_ticks(start, stop, first, last, max(int(room / 30), 1))
                found += [(len(values), value) for value in values.tolist()]
        # Parts with one tick come first; where ticks are too close, a part with several ticks loses one.
        kept: list[float] = []
        for _, value in sorted(found):
            near = self.scale.to_height(kept) - self.scale.to_height(value)
            if np.all(np.abs(near) * scale > 14):
                kept.append(value)
        return np.array(kept)


def _part_ticks(start: float, stop: float, first: float, last: float, count: int) -> np.ndarray:
    """Return up to about `count` ticks of a part whose visible range is `start` to `stop`.

    If its energies, `first` to `last`, are too close to be told apart, or no two round numbers fit, there
    is one tick at them, rounded by less than can be seen.
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
    """Return the number of decimals that give the values within a tolerance."""
    return next((d for d in range(17) if np.all(np.abs(np.round(values, d) - values) < tolerance)), 17)


class _PartFormatter(Formatter):
    """Formatter with as many decimals as each part of a broken axis needs."""

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
        """Return the number of the part in which each value lies."""
        return np.searchsorted((self.knots[0, 1:-1:2] + self.knots[0, 2::2]) / 2, values)


def mark_breaks(ax: Axes, scale: PartsAxis, lines: np.ndarray, colour: str) -> None:
    """Mark every break by two slanted strokes, on the axis and on the lines that cross the break.

    **Arguments:**

    - `ax`: the axes, after `scale.set_up`.
    - `scale`: the energy axis.
    - `lines`: horizontal position and energy of the points of each line, upwards, shape
        (lines, points, 2).
    - `colour`: colour of the strokes on lines.
    """
    for below, above in scale.knots[:, 1:-1].T.reshape(-1, 2, 2):
        crossed = np.array([0.5 - 0.12, 0.5 + 0.12]) * (above[1] - below[1]) + below[1]
        low, high = scale.to_energy(crossed)
        places = _places_at(scale, lines, float(crossed.mean()))
        ax.axhspan(below[0], above[0], facecolor=_BAND, edgecolor="none", zorder=0)
        _draw_marks(ax, [0.0], low, high, ax.spines["left"].get_edgecolor(), on_axis=True)
        if len(places) <= _MARKED:
            _draw_marks(ax, places, low, high, colour, on_axis=False)
        else:
            ax.axhspan(low, high, facecolor=_BAND, edgecolor="none", zorder=2.6)


def _places_at(scale: PartsAxis, lines: np.ndarray, height: float) -> list[float]:
    """Return the horizontal positions at which lines cross a height."""
    heights = scale.to_height(lines[..., 1])
    crossing = (heights[:, 0] < height) & (heights[:, -1] > height)
    return [float(np.interp(height, heights[line], lines[line, :, 0])) for line in np.flatnonzero(crossing)]


def _draw_marks(ax: Axes, places, low: float, high: float, colour, *, on_axis: bool) -> None:
    """Cut vertical lines at these positions between two energies, and draw strokes at both ends."""
    transform = ax.get_yaxis_transform() if on_axis else ax.transData
    back = ax.get_facecolor() if on_axis else _BAND
    # Marks on the axis stick out sideways, but vanish with the break when the limits change.
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
