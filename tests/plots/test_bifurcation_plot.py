"""Bifurcation diagrams: every segment in the style of its index, every event marked."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas import plots
from lossatlas._results import RESULTS
from lossatlas.plots._colours import GROUPS
from lossatlas.searches import Branch, Branches, Event


def fold(logarithmic=True):
    """Two minima of which one meets a transition state at p = 0.1, from 0.01 to 1."""
    p = np.array([0.01, 0.05, 0.1, 0.1, 0.05, 0.01])
    x = np.array([3.0, 2.5, 2.0, 2.0, 1.5, 1.0])[:, None]
    meeting = Branch(p, x, x[:, 0] / 2, np.array([0, 0, 0, 1, 1, 1]), 2, 0, 1, RESULTS.converged)
    other = Branch(
        np.array([0.01, 1.0]), np.zeros((2, 1)), np.ones(2), np.zeros(2, int), 1, 2, -1, RESULTS(0)
    )
    failed = Branch(
        np.zeros(0), np.zeros((0, 1)), np.zeros(0), np.zeros(0, int), 0, 3, -1, RESULTS.degenerate
    )
    event = Event("fold", 0, 0.1, np.array([2.0]), 1.0, (0, 1), 1, 0.0, (0, 1))
    return Branches(0.01, 1.0, logarithmic, (meeting, other, failed), (event,), ("a", "b"), 1)


@pytest.mark.parametrize("y, heights", [("energy", [1.5, 1.25, 1.0]), ("norm", [3.0, 2.5, 2.0])])
def test_segments_and_marks(y, heights):
    ax = plots.bifurcation(fold(), y=y, xlabel="L2")
    first, second, third, mark = ax.get_lines()
    np.testing.assert_allclose(first.get_ydata(), heights)
    np.testing.assert_allclose(second.get_xdata(), [0.1, 0.05, 0.01])
    styles = [(line.get_color(), line.get_linestyle()) for line in (first, second, third)]
    assert styles == [(GROUPS[0], "-"), (GROUPS[1], "--"), (GROUPS[0], "-")]
    assert mark.get_marker() == "o"
    np.testing.assert_allclose(mark.get_xydata(), [[0.1, heights[-1]]])
    assert ax.get_xscale() == "log" and ax.get_xlim() == (0.01, 1.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "L2",
        "loss" if y == "energy" else "norm of the variables",
    )
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["minima", "transition states", "fold"]


@pytest.mark.parametrize("images, values", [(False, [[2, 1], [1, 0]]), (True, [[3, 1], [2, 0]])])
def test_counts_change_where_something_happens(images, values):
    _, ax = plt.subplots()
    assert plots.point_counts(fold(False), images=images, ax=ax, legend=False) is ax
    assert len(ax.patches) == 2
    for patch, expected in zip(ax.patches, values):
        np.testing.assert_array_equal(patch.get_data().edges, [0.01, 0.1, 1.0])
        np.testing.assert_array_equal(patch.get_data().values, expected)
    assert ax.get_xscale() == "linear" and ax.get_legend() is None
    assert all(tick == round(tick) for tick in ax.get_yticks())


def test_mistakes():
    with pytest.raises(ValueError, match="`y` must be energy or norm, got 'x'"):
        plots.bifurcation(fold(), y="x")
    empty = Branches(0.01, 1.0, True, (), (), (), 0)
    for plot in (plots.bifurcation, plots.point_counts):
        with pytest.raises(ValueError, match="hold no point"):
            plot(empty)
