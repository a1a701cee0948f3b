"""Pictures of degrees and funnels: what is drawn where, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas import plots
from lossatlas.analysis import TransitionNetwork, funnels, network_statistics


EMPTY = TransitionNetwork([0.0, 0.1], [], [])
# Two parts: 0, 1 and 2 are bottoms below 3, and 4 is alone.
NETWORK = TransitionNetwork([0.0, 0.5, 0.75, 0.9, 0.3], [1.0, 1.0, 2.0], [[0, 3], [1, 3], [2, 3]])


def statistics_of(network):
    return network_statistics(network, random_graphs=2, bootstraps=3)


def test_degrees():
    """Degrees 3, 1, 1, 1, 0 of five minima; the line is that of a binomial distribution."""
    statistics = statistics_of(NETWORK)
    ax = plots.degree_distribution(statistics)
    random, fit, points = ax.lines
    np.testing.assert_allclose(points.get_xydata(), [[1, 0.8], [3, 0.2]])
    chance = 2 * 3 / (5 * 4)
    assert random.get_ydata()[0] == pytest.approx(1 - (1 - chance) ** 4)
    assert fit.get_ydata()[0] == pytest.approx(0.8)
    assert f"{statistics.power_law.exponent:.2f}" in fit.get_label()
    ax.figure.canvas.draw()
    ticks = [*ax.xaxis.get_major_ticks(), *ax.xaxis.get_minor_ticks()]
    low, high = ax.get_xlim()
    shown = [tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high]
    assert set(shown) - {""} == {"1", "2", "3"}


def test_equal_degrees_have_no_fit():
    ax = plots.degree_distribution(statistics_of(TransitionNetwork([0.0, 0.1], [1.0], [[0, 1]])))
    assert len(ax.lines) == 2


def test_funnels():
    ax = plots.funnels(funnels(NETWORK))
    circles, triangles = ax.collections
    np.testing.assert_allclose(circles.get_offsets(), [[0.75, 1.25], [0.5, 0.5]])
    assert triangles.get_offsets()[:, 0].tolist() == [0.0, 0.3]
    assert np.all(triangles.get_offsets()[:, 1] > 1.25)
    assert max(ax.get_yticks()) <= 1.25  # endless depths have no number
    sizes = np.concatenate([circles.get_sizes(), triangles.get_sizes()])
    assert sizes.tolist() == [150.0, 150.0, 300.0, 150.0]
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["size 1", "2", "lowest of its component"]


def test_depths_of_many_magnitudes():
    network = TransitionNetwork(
        [0.0, 0.1, 0.2, 0.3], [1.0, 1.0, 0.3001, 0.3001], [[0, 3], [1, 3], [2, 3], [1, 3]]
    )
    ax = plots.funnels(funnels(network))
    assert ax.get_yscale() == "linear"
    network = TransitionNetwork([0.0, 0.1, 0.2999, 0.3], [1.0, 0.3, 0.3], [[0, 3], [1, 3], [2, 3]])
    ax = plots.funnels(funnels(network))
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    for points in ax.collections:
        heights = points.get_offsets()[:, 1]
        assert np.all((low < heights) & (heights < high))


def test_given_axes_are_used():
    _, (first, second) = plt.subplots(1, 2)
    assert plots.degree_distribution(statistics_of(NETWORK), ax=first) is first
    assert plots.funnels(funnels(EMPTY), ax=second) is second
    assert len(second.get_yticks()) == 0


def test_mistakes():
    with pytest.raises(ValueError, match="no edge"):
        plots.degree_distribution(statistics_of(EMPTY))
    chain = TransitionNetwork([0.0, 0.2, 0.1], [1.0, 2.0], [[0, 1], [1, 2]])
    found = funnels(chain, min_depth=1e9)
    assert found.bottom.tolist() == [0]
    with pytest.raises(ValueError, match="no funnel"):
        plots.funnels(found.rows([]))
