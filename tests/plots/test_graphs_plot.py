"""Disconnectivity graphs side by side: shared axes, one scale of colours."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from lossatlas import plots
from networks import tree_of


def random_tree(n, base=0.9, seed=0):
    rng = np.random.default_rng(seed)
    energies = base + 0.3 * rng.beta(2, 3, n)
    back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
    pairs = np.stack([np.arange(1, n), back], axis=1)
    return tree_of(energies, energies[pairs].max(axis=1) + rng.exponential(0.05, n - 1), pairs)


TREES = [
    random_tree(n, base, i) for i, (n, base) in enumerate([(30, 0.85), (5, 1.0), (70, 1.2), (12, 1.3)])
]
AUC = [np.random.default_rng(i).normal(0.73, 0.003, len(tree)) for i, tree in enumerate(TREES)]
TITLES = ["0 %", "10 %", "25 %", "50 %"]


def colours_of(ax):
    """The colour of the branch that starts at each energy."""
    drawn = [c for c in ax.collections if isinstance(c, LineCollection)]
    return {
        float(line[0, 1]): tuple(rgba)
        for c in drawn[:1]
        for line, rgba in zip(c.get_segments(), c.get_colors())
    }


def test_panels_share_the_energy_axis_and_the_scale():
    axes = plots.graphs(TREES, TITLES, colours=AUC, colour_label="test AUC", ylabel="loss")
    figure = axes[0].figure
    assert axes.shape == (4,) and len(figure.axes) == 5
    assert [ax.get_title() for ax in axes] == TITLES
    assert len({ax.get_ylim() for ax in axes}) == 1
    low, high = axes[0].get_ylim()
    assert (
        low < min(tree.energy.min() for tree in TREES) and max(tree.energy.max() for tree in TREES) < high
    )
    bar = figure.axes[-1]
    assert bar.get_ylabel() == "test AUC"
    values = np.concatenate(AUC)
    np.testing.assert_allclose(bar.get_ylim(), [values.min(), values.max()])
    # The same value has the same colour in every panel.
    extremes = np.array([values.min(), values.max()])
    alone = plots.disconnectivity(TREES[1], colour=AUC[1], colour_limits=extremes)
    assert colours_of(axes[1]) == colours_of(alone)
    assert [ax.get_ylabel() for ax in axes] == ["loss", "", "loss", ""]


def test_stubs_of_separate_trees_reach_the_shared_top():
    trees = [TREES[2], tree_of([0.9, 1.0], [], [])]
    axes = plots.graphs(trees, "ab")
    stubs = [c for c in axes[1].collections if isinstance(c, LineCollection)][1]
    assert {float(line[1, 1]) for line in stubs.get_segments()} == {axes[0].get_ylim()[1]}


def test_a_single_value_of_all_trees_has_a_legend():
    axes = plots.graphs(
        TREES, TITLES, colours=[np.full(len(tree), 0.5) for tree in TREES], colour_label="AUC"
    )
    assert len(axes[0].figure.axes) == 4
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["0.5"]


def test_own_energy_axes_and_no_colours():
    axes = plots.graphs(TREES, TITLES, share_energy=False)
    assert len({ax.get_ylim() for ax in axes}) == 4
    assert len(axes[0].figure.axes) == 4
    axes[0].figure.canvas.draw()
    assert all(any(text.get_text() for text in ax.get_yticklabels()) for ax in axes)


@pytest.mark.parametrize(
    "n, options, shape",
    [
        (1, {}, (1, 1)),
        (3, {}, (1, 3)),
        (4, {}, (2, 2)),
        (5, {}, (2, 3)),
        (5, {"columns": 5}, (1, 5)),
        (5, {"rows": 5}, (5, 1)),
        (3, {"rows": 2, "columns": 2}, (2, 2)),
    ],
)
def test_grids(n, options, shape):
    axes = plots.graphs([TREES[i % 4] for i in range(n)], TITLES[:1] * n, **options)
    grid = axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape and len(axes[0].figure.axes) == n
    axes[0].figure.canvas.draw()
    titles = [ax.title.get_window_extent() for ax in axes]
    assert not any(box.overlaps(other) for i, box in enumerate(titles) for other in titles[:i])


def test_missing_values_are_grey_and_limits_are_kept():
    colours = [values.copy() for values in AUC]
    colours[1][:] = np.nan
    axes = plots.graphs(TREES, TITLES, colours=colours, colour_limits=(0.0, 1.0))
    assert set(colours_of(axes[1]).values()) == {to_rgba("#a0a0a0")}
    assert axes[0].figure.axes[-1].get_ylim() == (0.0, 1.0)
    everything = [np.full(len(tree), np.nan) for tree in TREES]
    plots.graphs(TREES, TITLES, colours=everything)[0].figure.canvas.draw()


def test_twenty_thousand_minima(tmp_path):
    trees = [random_tree(20_000), TREES[0]]
    axes = plots.graphs(trees, "ab", colours=[np.arange(len(tree)) for tree in trees])
    plots.save_picture(axes[0].figure, tmp_path / "graphs.png")


@pytest.mark.parametrize(
    "trees, titles, options, message",
    [
        ([], [], {}, "1 or more trees"),
        (TREES, TITLES[:2], {}, "`titles` must have one text for each"),
        (TREES, TITLES, {"rows": 1, "columns": 3}, "grid of 1 x 3 has no room for 4"),
        (TREES, TITLES, {"rows": 0}, "`rows` must be at least 1"),
        (TREES, TITLES, {"colours": AUC[:2]}, "one array for each of 4 trees, got 2"),
        (TREES, TITLES, {"colours": AUC[::-1]}, "a number for each of 30 minima of tree 0"),
        (TREES[:1], ["a"], {"colours": [["x"] * 30]}, "a number for each of 30 minima"),
        (TREES, TITLES, {"colours": AUC, "colour_limits": (1.0, 1.0)}, "the lower one first"),
        (TREES, TITLES, {"order": "random"}, "`order` must be"),
    ],
)
def test_errors(trees, titles, options, message):
    with pytest.raises(ValueError, match=message):
        plots.graphs(trees, titles, **options)
    assert not plt.get_fignums()


# ---- what plots.disconnectivity does for them -------------------------------------------------------


@pytest.mark.parametrize("low, high", [(0.7312, 0.7368), (0.73120, 0.731204), (-3.0, 40.0)])
def test_ticks_of_a_narrow_scale_are_written_out(low, high):
    ax = plots.disconnectivity(TREES[2], colour=np.linspace(low, high, 70))
    ax.figure.canvas.draw()
    bar = ax.figure.axes[1]
    assert not bar.yaxis.get_offset_text().get_text()
    texts = [text.get_text().replace("\N{MINUS SIGN}", "-") for text in bar.get_yticklabels()]
    np.testing.assert_allclose([float(text) for text in texts], bar.get_yticks(), atol=1e-9)
    assert np.count_nonzero((bar.get_yticks() >= low) & (bar.get_yticks() <= high)) >= 3


def test_no_bar_no_legend_and_limits():
    tree = TREES[3]
    ax = plots.disconnectivity(tree, colour=np.arange(12.0), colour_bar=False)
    assert len(ax.figure.axes) == 1
    ax = plots.disconnectivity(tree, colour=["a", "b"] * 6, colour_bar=False)
    assert ax.get_legend() is None
    ax = plots.disconnectivity(tree, colour=np.arange(12) % 3, colour_limits=(0, 4), energy_limits=(0, 2))
    assert ax.figure.axes[1].get_ylim() == (0, 4) and ax.get_legend() is None and ax.get_ylim() == (0, 2)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"colour": np.arange(12.0), "colour_limits": (2, 1)}, "`colour_limits` must be two finite"),
        ({"colour": ["a"] * 12, "colour_limits": (0, 1)}, "`colour_limits` need a `colour` of numbers"),
        ({"energy_limits": (0, np.inf)}, "`energy_limits` must be two finite"),
    ],
)
def test_wrong_limits(options, message):
    with pytest.raises(ValueError, match=message):
        plots.disconnectivity(TREES[3], **options)
    assert not plt.get_fignums()
