"""Pictures of disconnectivity graphs: where things stand, and that files get written."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from lossatlas import plots
from networks import tree_of


ORDERS = ("energy", "size", "centre")


def random_tree(n, seed=0, levels=None):
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    pairs = rng.integers(0, n, size=(2 * n, 2))
    back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
    pairs = np.concatenate([np.stack([np.arange(1, n), back], axis=1), pairs])
    states = energies[pairs].max(axis=1) + rng.exponential(size=len(pairs))
    return tree_of(energies, states, pairs, levels=levels)


def lines_of(ax):
    """Branches, with what they have of level joins in the third place, and stubs."""
    branches, stubs, *joins = (c for c in ax.collections if isinstance(c, LineCollection))
    lines = [np.array(line) for line in branches.get_segments()]
    ends = {tuple(line[0]): line[1:] for join in joins for line in join.get_segments()}
    return [np.concatenate([line, ends.get(tuple(line[-1]), line[-1:])]) for line in lines], stubs


def leaf_places(ax, tree):
    """The place of every minimum, found by the energy where its branch starts."""
    starts = {float(line[0, 1]): float(line[0, 0]) for line in lines_of(ax)[0]}
    return np.array([starts[float(energy)] for energy in tree.energy[: len(tree)]])


def crosses(a, b, c, d):
    """Do the open segments a-b and c-d cross?"""
    side = lambda p, q, r: (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    tiny = 1e-9
    return side(a, b, c) * side(a, b, d) < -tiny and side(c, d, a) * side(c, d, b) < -tiny


@pytest.mark.parametrize("levels", [None, 8])
@pytest.mark.parametrize("order", ORDERS)
def test_branches_end_at_their_minimum_and_do_not_cross(order, levels):
    tree = random_tree(25, levels=levels)
    ax = plots.disconnectivity(tree, order=order)
    lines, _ = lines_of(ax)
    assert len(lines) == len(tree.parent) - 1
    np.testing.assert_array_equal(
        np.sort([line[0, 1] for line in lines]), np.sort(tree.energy[tree.parent >= 0])
    )
    assert all(np.all(np.diff(line[:, 1]) >= 0) for line in lines)
    pieces = [piece for line in lines for piece in zip(line[:-1], line[1:])]
    for i, first in enumerate(pieces):
        assert not any(crosses(*first, *second) for second in pieces[:i])
    places = leaf_places(ax, tree)
    assert np.unique(np.diff(np.sort(places))).tolist() == [1.0]


@pytest.mark.parametrize("seed", range(5))
def test_energy_order_has_the_lowest_on_the_left(seed):
    tree = random_tree(30, seed)
    places = leaf_places(plots.disconnectivity(tree, order="energy"), tree)
    assert np.argmin(places) == np.argmin(tree.energy[:30])


def test_size_order_has_the_largest_basin_on_the_left():
    # 0 alone; 1 and 2 merge first, then with 0.
    tree = tree_of([0.0, 0.2, 0.1], [1.0, 2.0], [[1, 2], [0, 1]])
    places = leaf_places(plots.disconnectivity(tree, order="size"), tree)
    assert np.argsort(places).tolist() == [2, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_centre_order_has_the_global_minimum_in_the_middle(seed):
    tree = random_tree(31, seed)
    ax = plots.disconnectivity(tree, order="centre")
    places, lowest = leaf_places(ax, tree), np.argmin(tree.energy[:31])
    # One side may lead by the largest basin that joins the trunk.
    trunk = np.isin(tree.lowest, lowest)
    joining = tree.n_leaves[~trunk & np.isin(tree.parent, np.flatnonzero(trunk))]
    lean = np.count_nonzero(places > places[lowest]) - np.count_nonzero(places < places[lowest])
    assert abs(lean) <= joining.max()
    at_lowest = [line for line in lines_of(ax)[0] if line[0, 0] == places[lowest]]
    assert len(at_lowest) == np.count_nonzero(trunk) - 1  # the trunk goes straight up
    assert all(np.ptp(line[:, 0]) == 0 for line in at_lowest)


def test_separate_trees_have_dashed_stubs_to_the_top():
    tree = tree_of([0.0, 0.1, 0.2, 0.3], [1.0, 0.9], [[0, 1], [2, 2]])
    ax = plots.disconnectivity(tree)
    _, stubs = lines_of(ax)
    assert len(stubs.get_segments()) == 3
    assert stubs.get_linestyle()[0][1] is not None
    assert {float(line[1, 1]) for line in stubs.get_segments()} == {ax.get_ylim()[1]}
    feet = sorted(float(line[0, 0]) for line in stubs.get_segments())
    assert min(np.diff(feet)) >= 2  # a gap between neighbouring trees


def test_above_sixty_minima_branches_join_at_levels_by_default():
    def slanted(tree, **options):
        return any(line[0, 0] != line[-1, 0] and line[1, 1] < line[2, 1] for line in
                   lines_of(plots.disconnectivity(tree, **options))[0])  # fmt: skip

    assert not slanted(random_tree(60)) and slanted(random_tree(60), levels=20)
    tree = random_tree(61)
    assert slanted(tree) and not slanted(tree, levels=0)
    ax = plots.disconnectivity(tree, levels=10)
    tops = np.unique([line[-1, 1] for line in lines_of(ax)[0]])
    step = (tree.energy.max() - tree.energy.min()) / 10
    np.testing.assert_allclose((tops - tree.energy.max()) / step % 1.0 % (1 - 1e-9), 0.0, atol=1e-9)
    with pytest.raises(ValueError, match="`levels` are for an exact tree; this one has 8 levels"):
        plots.disconnectivity(random_tree(61, levels=8), levels=5)
    with pytest.raises(ValueError, match="`levels` must be a whole number of at least 0"):
        plots.disconnectivity(tree, levels=-1)


def test_lines_are_thicker_the_more_minima_are_below():
    tree = random_tree(200)
    branches = plots.disconnectivity(tree, order="centre").collections[0]
    width = {tuple(line[0]): w for line, w in zip(branches.get_segments(), branches.get_linewidths())}
    at_lowest = [w for _, w in sorted((at[1], w) for at, w in width.items() if at[0] == max(width)[0])]
    thin = min(width.values())
    assert thin < max(width.values()) <= 4 * thin
    assert at_lowest == sorted(at_lowest)
    even = plots.disconnectivity(tree, weighted=False).collections[0].get_linewidths()
    assert np.ptp(even) == 0


@pytest.mark.parametrize("energies, lowest", [([0.0, 0.35], 0.0), ([0.01, 0.35], 0.0), ([-0.1, 0.3], None)])
def test_the_axis_of_losses_ends_at_zero(energies, lowest):
    ax = plots.disconnectivity(tree_of(energies, [0.5], [[0, 1]]), labels=True)
    ax.figure.canvas.draw()
    line = ax.transData.inverted().transform(
        ax.spines["left"].get_transform().transform(ax.spines["left"].get_path().vertices)
    )[:, 1]
    assert line.min() == pytest.approx(ax.get_ylim()[0] if lowest is None else lowest, abs=1e-9)
    assert (lowest is None) == bool(np.any(ax.get_yticks() < 0) or ax.get_ylim()[0] < -0.1)
    ax.set_ylim(0.1, 0.2)  # somebody zooms in
    assert ax.spines["left"].get_bounds() in ((0.1, 0.2), None)


@pytest.mark.parametrize(
    "points, note",
    [
        (([0.0, 0.1], [], []), "no known path joins these 2 minima (dashed)"),
        (([0.0, 0.1, 0.2], [0.5], [[0, 1]]), "no known path joins these 2 components (dashed)"),
        (([0.0, 0.1], [0.5], [[0, 1]]), ""),
        (([0.0], [], []), ""),
    ],
)
def test_a_note_says_that_parts_are_not_joined(points, note):
    ax = plots.disconnectivity(tree_of(*points))
    assert ax.get_xlabel() == note and ax.xaxis.get_visible() == bool(note)
    x = plots.disconnectivity(tree_of(*points), x=np.arange(len(points[0])), xlabel="width").get_xlabel()
    assert x.replace("\n", " ") == f"width {note}".strip()


def test_thresholds_that_leave_parts_apart_are_no_lack_of_paths():
    ax = plots.disconnectivity(tree_of([0.0, 0.1], [0.5], [[0, 1]], levels=[0.2]))
    assert ax.get_xlabel() == "these 2 components merge at none of the levels (dashed)"


def test_exact_joins_are_level_and_those_with_levels_slant():
    for line in lines_of(plots.disconnectivity(random_tree(25)))[0]:
        assert line[0, 0] == line[1, 0] and line[1, 1] == line[2, 1]
    lines = lines_of(plots.disconnectivity(random_tree(25, levels=8)))[0]
    assert any(line[1, 1] < line[2, 1] and line[1, 0] != line[2, 0] for line in lines)


def broken_tree(levels=None):
    """Eight minima at 0.010 to 0.017, and two at ln 2 with merges 1e-7 above: XOR in small."""
    energies = np.append(0.01 + 0.001 * np.arange(8), [0.69314718, 0.69314718])
    pairs = np.stack([np.zeros(9, dtype=int), np.arange(1, 10)], axis=1)
    return tree_of(energies, energies[1:] + [*[4e-4] * 7, 6e-8, 6e-8], pairs, levels=levels)


def heights_of(ax, energies):
    """Energies as parts of the height of the axes."""
    points = np.stack([np.zeros(len(energies)), energies], axis=1)
    return ax.transAxes.inverted().transform(ax.transData.transform(points))[:, 1]


def test_broken_axis_makes_room_for_a_squashed_group():
    tree = broken_tree()
    ax = plots.disconnectivity(tree)
    ax.figure.canvas.draw()
    bottom, top, high = heights_of(ax, [0.01, 0.0174, 0.69314718])
    assert top - bottom > 0.6
    assert 0.05 < high - top < 0.25
    assert high < 0.98
    assert heights_of(plots.disconnectivity(tree, breaks=False), [0.0174])[0] < 0.1
    scale = ax.yaxis.get_transform()
    some = np.array([-1.0, 0.01, 0.012, 0.3, 0.69314718, 2.0])
    np.testing.assert_allclose(scale.inverted().transform(scale.transform(some)), some, rtol=1e-12)
    lines = lines_of(ax)[0]
    assert {float(line[2, 1]) for line in lines} <= set(tree.energy.tolist())


def test_ticks_on_both_sides_of_a_break():
    ax = plots.disconnectivity(broken_tree())
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(box.overlaps(other) for i, box in enumerate(boxes) for other in boxes[:i])
    texts = [label.get_text() for label in ax.get_yticklabels()]
    assert "0.012" in texts and "0.69315" in texts and not ax.yaxis.get_offset_text().get_text()
    np.testing.assert_allclose(ax.get_yticks(), [float(text) for text in texts])
    assert np.count_nonzero(ax.get_yticks() < 0.1) >= 3
    ax.set_ylim(0.0102, 0.0118)  # what somebody zooms in to has ticks too
    assert len(ax.get_yticks()) > 3
    ax.set_ylim(0.6931, 0.6932)
    assert [text.get_text() for text in ax.get_yticklabels()]
    ax.set_ylim(0.1, 0.2)
    assert not len(ax.get_yticks())


@pytest.mark.parametrize("options", [{}, {"order": "centre", "labels": True}, {"colour": np.arange(161)}])
def test_two_breaks(tmp_path, options):
    rng = np.random.default_rng(0)
    energies = np.concatenate([rng.random(80) * 0.01, 1 + rng.random(80) * 0.02, [-1.2]])
    pairs = np.stack([np.arange(160), np.arange(1, 161)], axis=1)
    ax = plots.disconnectivity(tree_of(energies, energies[pairs].max(1) + 0.002, pairs), **options)
    plots.save_picture(ax.figure, tmp_path / "graph.png")
    assert len(ax.patches) >= 2
    parts = np.digitize(ax.get_yticks(), [-0.5, 0.5])
    assert set(parts.tolist()) == {0, 1, 2}
    heights = heights_of(ax, [energies.min(), 0.0, energies[:80].max() + 0.002, 1.0, 1.022])
    assert heights[2] - heights[1] > 0.25 and heights[4] - heights[3] > 0.25


@pytest.mark.parametrize(
    "tree",
    [
        tree_of([0.0, 0.5], [1.0], [[0, 1]]),  # nothing squashed
        tree_of([0.0, 0.0, 1.0], [1e-9, 1.1], [[0, 1], [1, 2]]),  # rounding, not a group
        tree_of([0.0, 0.2, 1.0], [0.3, 1.1], [[0, 1], [1, 2]]),
        tree_of(np.zeros(4), [], []),
        random_tree(60),
    ],
)
def test_no_break_without_need(tree):
    assert plots.disconnectivity(tree).get_yscale() == "linear"


def test_no_break_on_axes_in_use():
    _, (left, right) = plt.subplots(1, 2, sharey=True)
    assert plots.disconnectivity(broken_tree(), ax=left).get_yscale() == "linear"
    _, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])
    assert plots.disconnectivity(broken_tree(), ax=ax).get_yscale() == "linear"
    _, ax = plt.subplots()
    assert plots.disconnectivity(broken_tree(), ax=ax).get_yscale() == "function"


def test_levels_with_a_break_do_not_cross():
    levels = np.append(0.01 + 0.002 * np.arange(5), 0.7)
    ax = plots.disconnectivity(broken_tree(levels), labels=True)
    assert ax.get_yscale() == "function"
    lines = [ax.transData.transform(line) for line in lines_of(ax)[0]]
    pieces = [piece for line in lines for piece in zip(line[:-1], line[1:])]
    for i, first in enumerate(pieces):
        assert not any(crosses(*first, *second) for second in pieces[:i])


def test_energies_that_differ_little_have_whole_tick_labels():
    ax = plots.disconnectivity(tree_of([1.0, 1.0 + 1e-7], [1.0 + 3e-7], [[0, 1]]))
    ax.figure.canvas.draw()
    assert "1.00000" in ax.get_yticklabels()[1].get_text()


def test_continuous_colours_have_a_bar():
    tree = random_tree(20)
    values = np.linspace(0, 1, 20)
    values[3] = np.nan
    ax = plots.disconnectivity(tree, colour=values, colour_label="log product", cmap="cividis")
    assert len(ax.figure.axes) == 2
    assert ax.figure.axes[1].get_ylabel() == "log product"
    assert ax.get_legend() is None


@pytest.mark.parametrize("value, said", [(0.0, "0"), (0.75, "0.75"), (np.nan, "not known")])
def test_a_single_value_has_a_legend_and_no_bar(value, said):
    ax = plots.disconnectivity(random_tree(5), colour=np.full(5, value), colour_label="AUC")
    ax.figure.canvas.draw()
    assert len(ax.figure.axes) == 1 and ax.get_legend().get_title().get_text() == "AUC"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [said]
    limited = plots.disconnectivity(random_tree(5), colour=np.full(5, value), colour_limits=(0, 1))
    assert len(limited.figure.axes) == 2


def test_group_colours_reach_up_to_mixed_joins():
    tree = tree_of([0.0, 0.1, 0.2, 0.3], [1.0, 1.5, 2.0], [[0, 1], [2, 3], [1, 2]])  # (0 1) (2 3)
    ax = plots.disconnectivity(tree, colour=["a", "a", "b", "c"], colour_label="kind")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]
    branches = ax.collections[0]
    shade = {
        float(line[0, 1]): tuple(rgba) for line, rgba in zip(branches.get_segments(), branches.get_colors())
    }
    assert shade[1.0] == shade[0.0] == shade[0.1] == to_rgba("#0072b2")
    assert shade[1.5] not in (shade[0.2], shade[0.3])


def test_integers_are_groups_up_to_ten_values():
    tree = random_tree(12)
    assert plots.disconnectivity(tree, colour=np.arange(12) % 10).get_legend() is not None
    assert plots.disconnectivity(tree, colour=np.arange(12)).get_legend() is None


def test_highlight_by_number_and_by_mask():
    tree, mask = random_tree(12), np.zeros(12, dtype=bool)
    mask[[2, 5]] = True
    for highlight in ([2, 5], mask):
        branches = plots.disconnectivity(tree, highlight=highlight).collections[0]
        accent = np.all(branches.get_colors() == to_rgba("#d55e00"), axis=1)
        energies = {float(branches.get_segments()[i][0, 1]) for i in np.flatnonzero(accent)}
        assert energies == {float(tree.energy[2]), float(tree.energy[5])}


@pytest.mark.parametrize("n", [5, 60, 400])
def test_labels_do_not_overlap(n):
    ax = plots.disconnectivity(random_tree(n), order="centre", labels=True)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent().padded(-1) for text in ax.texts]
    assert len(boxes) == n if n < 60 else len(boxes) > 30
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


@pytest.mark.parametrize("n", [60, 200])
def test_labels_cover_no_lines(n):
    tree = random_tree(n)
    ax = plots.disconnectivity(tree, order="centre", labels=True)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent().padded(-2) for text in ax.texts]
    lowest = f"#{np.argmin(tree.energy[:n])}"
    assert len(boxes) > 20 and lowest in [text.get_text() for text in ax.texts]
    ends = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines_of(ax)[0]])
    ends = ax.transData.transform(ends.reshape(-1, 2)).reshape(-1, 2, 2)
    along = np.linspace(0.0, 1.0, 200)[:, None, None]
    x, y = ((1 - along) * ends[:, 0] + along * ends[:, 1]).reshape(-1, 2).T
    for box in boxes:
        assert not np.any((box.x0 < x) & (x < box.x1) & (box.y0 < y) & (y < box.y1))


def test_own_labels_and_axes():
    _, ax = plt.subplots()
    tree = tree_of([0.5, 0.0], [1.0], [[0, 1]])
    assert plots.disconnectivity(tree, ax=ax, labels=["x", "y"], ylabel="loss") is ax
    assert [text.get_text() for text in ax.texts] == ["y", "x"]
    assert ax.get_ylabel() == "loss"


@pytest.mark.parametrize(
    "options, message",
    [
        ({"order": "random"}, "`order` must be energy, size or centre"),
        ({"colour": np.zeros(4)}, "`colour` must have shape"),
        ({"colour": [str(i) for i in range(12)]}, "up to 10 groups, got 12"),
        ({"highlight": [12]}, "`highlight`: there is no minimum 12"),
        ({"highlight": [0.5]}, "`highlight` must hold ids"),
        ({"highlight": np.zeros(3, dtype=bool)}, "boolean `highlight`"),
        ({"labels": ["a"]}, "`labels` must have one text"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        plots.disconnectivity(random_tree(12), **options)
    assert not plt.get_fignums()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".PNG"])
def test_pictures_are_written(tmp_path, suffix, order):
    picture = tmp_path / f"graph{suffix}"
    plots.save_picture(plots.disconnectivity(random_tree(20), order=order, labels=True).figure, picture)
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix.lower()]
    assert picture.read_bytes().startswith(start)
    assert picture.stat().st_size > 3000
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_without_transition_states(tmp_path, n):
    tree = tree_of(np.zeros(n), [], [])
    plots.save_picture(plots.disconnectivity(tree, order="centre").figure, tmp_path / "graph.png")


def test_bad_places_for_pictures(tmp_path):
    figure = plt.figure()
    with pytest.raises(ValueError, match=r"ends in .png, .svg, .pdf, got '.jpg'"):
        plots.save_picture(figure, tmp_path / "graph.jpg")
    with pytest.raises(ValueError, match="got 'graph'"):
        plots.save_picture(figure, tmp_path / "graph")
    with pytest.raises(ValueError, match="does not exist"):
        plots.save_picture(figure, tmp_path / "nowhere" / "graph.png")


def test_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    picture, figure = tmp_path / "graph.png", plt.figure()
    picture.write_bytes(b"old")

    def broken(file, **options):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        plots.save_picture(figure, picture)
    assert picture.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [picture]


def test_deep_chain_is_no_recursion():
    n = 5000
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    tree = tree_of(np.zeros(n), np.arange(1.0, n), pairs)
    for order in ORDERS:
        plots.disconnectivity(tree, order=order)


@pytest.mark.slow
def test_hundred_thousand_minima(tmp_path):
    tree = random_tree(100_000)
    figure = plots.disconnectivity(tree, order="centre", colour=tree.energy[:100_000]).figure
    plots.save_picture(figure, tmp_path / "graph.png")
    plots.save_picture(figure, tmp_path / "graph.pdf")
    assert (tmp_path / "graph.pdf").stat().st_size < 5e6  # a bitmap inside, not 200,000 lines


def colour_at(ax, tree):
    """The colour of the branch that starts at each energy."""
    branches = ax.collections[0]
    return {
        float(line[0, 1]): tuple(rgba) for line, rgba in zip(branches.get_segments(), branches.get_colors())
    }


def test_sets_have_colours_of_their_own():
    # (0 1) (2 3); 3 belongs to both sets, so to the last.
    tree = tree_of([0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 1.5, 2.0, 2.5], [[0, 1], [2, 3], [1, 2], [0, 4]])
    ax = plots.disconnectivity(tree, highlight={"gaining": [0, 1, 3], "losing": np.arange(5) == 3})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["gaining", "losing"]
    shade, blue = colour_at(ax, tree), to_rgba("#0072b2")
    assert shade[0.0] == shade[0.1] == shade[1.0] == blue  # and the join of what is in one set alone
    assert shade[0.3] == to_rgba("#d55e00")
    assert len({shade[0.2], shade[0.4], shade[1.5], shade[2.0]}) == 1 and shade[0.2] != blue


def test_sets_beside_a_scale_are_dots():
    tree = random_tree(80)
    values = np.linspace(0, 1, 80)
    plain = colour_at(plots.disconnectivity(tree, colour=values), tree)
    ax = plots.disconnectivity(tree, colour=values, highlight={"a": [3], "b": [5, 7]})
    assert colour_at(ax, tree) == plain
    dots = ax.collections[-1]
    np.testing.assert_array_equal(dots.get_offsets()[:, 1], tree.energy[[3, 5, 7]])
    assert [tuple(rgba) for rgba in dots.get_facecolors()] == [
        to_rgba(c) for c in ("#0072b2", *["#d55e00"] * 2)
    ]


def test_labels_of_some():
    tree = random_tree(30)
    ax = plots.disconnectivity(tree, labels={4: "four", np.int64(20): "twenty"})
    written = {text.get_text(): text.xy[1] for text in ax.texts}
    assert written == {"four": tree.energy[4], "twenty": tree.energy[20]}
    assert not plots.disconnectivity(tree, labels={}).texts


def test_branches_stand_at_a_metric():
    tree = random_tree(25)
    x = np.random.default_rng(1).normal(size=25)
    ax = plots.disconnectivity(tree, x=x, xlabel="width")
    np.testing.assert_array_equal(leaf_places(ax, tree), x)
    joins = {float(line[0, 1]): float(line[0, 0]) for line in lines_of(ax)[0]}
    inner = np.arange(25, len(tree.parent) - 1)
    np.testing.assert_array_equal([joins[float(e)] for e in tree.energy[inner]], x[tree.lowest[inner]])
    ax.figure.canvas.draw()
    assert ax.get_xlabel() == "width" and ax.xaxis.get_visible() and len(ax.get_xticklabels()) > 2
    low, high = ax.get_xlim()
    assert low < x.min() and x.max() < high
    plots.disconnectivity(tree, x=np.full(25, 3)).figure.canvas.draw()  # all at one place


def decades_tree():
    """A global minimum at -5, others 1e-6 to 1 above it."""
    above = np.append(0.0, 10.0 ** -np.arange(7))
    pairs = np.stack([np.zeros(7, dtype=int), np.arange(1, 8)], axis=1)
    return tree_of(above - 5.0, above[1:] * 2 - 5.0, pairs)


def test_logarithmic_energies():
    ax = plots.disconnectivity(decades_tree(), scale="log", labels=True, ylabel="loss")
    ax.figure.canvas.draw()
    assert ax.get_ylabel() == "loss above the lowest minimum"
    feet = np.sort([line[0, 1] for line in lines_of(ax)[0]])
    np.testing.assert_allclose(np.unique(feet)[1], 1e-6, rtol=1e-8)  # rounding of -5 + 1e-6
    heights = heights_of(ax, np.append(0.0, 10.0 ** np.arange(-6, 1)))
    np.testing.assert_allclose(np.diff(heights)[1:], np.diff(heights)[1], rtol=1e-6)  # decades alike
    assert 0 < heights[0] < heights[1] < heights[-1] < 1
    ticks = {text.get_text() for text in ax.get_yticklabels()}
    assert {"0", "$10^{-6}$", "$10^{0}$"} <= ticks


def test_floor_of_logarithmic_energies():
    energies = np.array([0.3, 0.3 * (1 + 1e-15), 0.3004, 0.4])  # two that are equal within rounding
    pairs = [[0, 1], [0, 2], [0, 3]]
    tree = tree_of(energies, [0.31, 0.32, 0.41], pairs)
    ax = plots.disconnectivity(tree, scale="log")
    assert ax.yaxis.get_transform().linthresh == 1e-4
    assert min(line[0, 1] for line in lines_of(ax)[0]) == 0
    assert plots.disconnectivity(tree_of([2.0], [], []), scale="log").get_yscale() == "symlog"


def test_logarithmic_levels_do_not_cross():
    tree = decades_tree()
    levels = -5 + 10.0 ** np.arange(-5, 2)
    pairs = np.stack([np.zeros(7, dtype=int), np.arange(1, 8)], axis=1)
    energies = tree.energy[:8]
    ax = plots.disconnectivity(
        tree_of(energies, energies[1:] + 1e-6, pairs, levels=levels), scale="log", order="centre"
    )
    lines = [ax.transData.transform(line) for line in lines_of(ax)[0]]
    pieces = [piece for line in lines for piece in zip(line[:-1], line[1:])]
    for i, first in enumerate(pieces):
        assert not any(crosses(*first, *second) for second in pieces[:i])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"x": np.zeros(4)}, "`x` must hold a number for each of 12 minima"),
        ({"x": ["a"] * 12}, "`x` must hold a number for each of 12 minima"),
        ({"x": [0.0] * 11 + [np.nan]}, "`x` must be finite, got nan at position 11"),
        ({"scale": "cubic"}, "`scale` must be linear or log"),
        ({"labels": {12: "a"}}, "`labels`: there is no minimum 12; ids are 0 to 11"),
        ({"labels": {"3": "a"}}, "`labels` must hold ids of minima"),
        ({"highlight": {"a": [0], "b": [12]}}, "`highlight..b..`: there is no minimum 12; ids are 0 to 11"),
        ({"highlight": {str(i): [i] for i in range(11)}}, "up to 10 sets, got 11"),
        ({"highlight": {"a": [0]}, "colour": ["x"] * 12}, "`colour` must be a scale"),
    ],
)
def test_errors_of_more_options(options, message):
    with pytest.raises(ValueError, match=message):
        plots.disconnectivity(random_tree(12), **options)
    assert not plt.get_fignums()


@pytest.mark.parametrize("parts, reaches_top", [(60, True), (61, False)])
def test_stubs_of_many_parts_are_short(parts, reaches_top):
    tree = tree_of(np.arange(float(parts)), np.zeros(0), np.zeros((0, 2), dtype=int))
    ax = plots.disconnectivity(tree)
    tops = [line[:, 1].max() for drawn in ax.collections for line in getattr(drawn, "get_segments", list)()]
    lowest = min(tops)
    assert (lowest == ax.get_ylim()[1]) == reaches_top
    assert reaches_top or lowest == pytest.approx(0.03 * (parts - 1), rel=1e-6)
