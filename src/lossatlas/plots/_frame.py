"""New figures, and the layout of titles, labels and legends, which must not overlap the data."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import AutoLocator, FuncFormatter, LogLocator, NullFormatter

from lossatlas._checks import check_is


def new_figure(width: float, height: float, *, wspace: float = 0.02) -> Figure:
    """Make a figure; sizes in inches, `wspace` is the room between columns as a fraction of their width."""
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return plt.figure(figsize=(width, height), layout=ConstrainedLayoutEngine(wspace=wspace))


def new_axes(width: float, height: float) -> Axes:
    """Make axes in a figure of their own; sizes in inches."""
    return new_figure(width, height).subplots()


def axes_of(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, or new ones; raises `ValueError` for anything else, such as a figure."""
    check_is("ax", ax, Axes | None, "the axes to draw in, such as plt.figure().subplots()")
    return new_axes(width, height) if ax is None else ax


def size_of(ax: Axes) -> tuple[float, float]:
    """Return width and height of axes in points, after the layout engine has run."""
    figure = ax.figure.figure  # the whole figure, also if the axes are in a subfigure
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.execute(figure)
    box = ax.get_window_extent()
    return box.width * 72 / figure.dpi, box.height * 72 / figure.dpi


def label_places(ax: Axes, places, texts: Sequence[str], size: float = 10.0) -> None:
    """Write texts under the horizontal axis so that they do not overlap.

    Long texts are broken into up to four lines, or rotated; where even that is too much, some are left out.
    The positions must be equally spaced, and the limits of the axis must be set.
    """
    low, high = ax.get_xlim()
    room = size_of(ax)[0] * (places[1] - places[0] if len(places) > 1 else high - low) / (high - low)
    letters = max(int(room / (0.6 * size)) - 1, 1)
    wrapped = [textwrap.wrap(text, letters, break_long_words=False) for text in texts]
    upright = any(len(lines) > 4 or max(map(len, lines), default=0) > letters for lines in wrapped)
    size = 0.85 * size if upright else size
    every = math.ceil(1.25 * size / room) if upright else 1
    shown = list(texts) if upright else ["\n".join(lines) for lines in wrapped]
    ax.set_xticks(places[::every], shown[::every], fontsize=size, rotation=90 if upright else 0)


def set_temperature_axis(ax: Axes, label: str) -> None:
    """Make the horizontal axis logarithmic, without margins, with numbers that do not overlap."""
    ax.set_xscale("log")
    ax.set_xlabel(label)
    ax.margins(x=0.0)
    low, high = ax.get_xlim()
    if high < 100 * low:
        ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda kt, _: f"{kt:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def set_title(ax: Axes, text: str, size: float) -> None:
    """Write a title, broken into lines that fit the width of the panel; size in points."""
    width = ax.get_window_extent().width * 72 / ax.figure.figure.dpi
    letters = max(int(width / (0.6 * size)), 8)
    ax.set_title("\n".join(textwrap.fill(line, letters) for line in text.split("\n")), fontsize=size)


def add_legend(ax: Axes, handles: Sequence, title: str | None = None) -> None:
    """Add a legend at the top of the axes, and raise the upper limit so that no data lie behind it."""
    width, height = size_of(ax)
    longest = max(len(handle.get_label()) for handle in handles)
    columns = max(1, min(len(handles), int(width / (9.0 * (0.6 * longest + 4.5)))))
    rows = -(-len(handles) // columns) + (title is not None)
    part = min((rows * 13.0 + 10.0) / height, 0.5)
    low, high = ax.get_ylim()
    ax.set_ylim(low, low + (high - low) / (1 - part))
    ax.yaxis.set_major_locator(_TicksUpTo(high))
    ax.legend(handles=handles, title=title, loc="upper center", ncols=columns, fontsize=9, frameon=False)


class _TicksUpTo(AutoLocator):
    """Locator that sets no ticks above the data, beside the legend: an AUC of 1.1 does not exist."""

    def __init__(self, top: float):
        super().__init__()
        self.top = top

    def tick_values(self, vmin, vmax):
        ticks = np.asarray(super().tick_values(vmin, vmax))
        return ticks[ticks <= self.top] if vmin < self.top else ticks


def check_figure(figure: Figure | SubFigure | None) -> None:
    """Raise `ValueError` for a figure that has axes already, over which the panels would be drawn."""
    if figure is not None and figure.axes:
        raise ValueError(f"`figure` must be empty, this one has {len(figure.axes)} axes.")
