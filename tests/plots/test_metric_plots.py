"""Pictures of metrics and distances: what is drawn where, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch

from lossatlas import plots


rng = np.random.default_rng(0)
GROUPS = [rng.normal(mean, 0.003, 150) for mean in (0.733, 0.729, 0.726, 0.718, 0.712)]
PERCENT = [0, 10, 25, 50, 100]


def boxes_of(ax):
    return [patch for patch in ax.patches if isinstance(patch, PathPatch)]


def overlapping(texts):
    """Pairs of drawn texts that cover each other."""
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    return [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def offsets_of(ax):
    """Where points were scattered."""
    points = [np.asarray(c.get_offsets()) for c in ax.collections if not isinstance(c, PolyCollection)]
    points = np.concatenate(points)
    return points[np.isfinite(points).all(axis=1)]


# ---- boxes -----------------------------------------------------------------------------------------


def test_a_box_for_every_group_at_its_quartiles():
    ax = plots.metric_boxes(GROUPS, PERCENT, xlabel="mislabelled (%)", ylabel="test AUC")
    boxes = boxes_of(ax)
    assert len(boxes) == 5
    for place, (box, values) in enumerate(zip(boxes, GROUPS)):
        vertices = box.get_path().vertices
        ends = [vertices[:, 1].min(), vertices[:, 1].max()]
        np.testing.assert_allclose(ends, np.percentile(values, [25, 75]))
        assert vertices[:, 0].min() < place < vertices[:, 0].max()
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "10", "25", "50", "100"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mislabelled (%)", "test AUC")
    assert ax.get_legend() is None


def test_second_metric_beside_the_first_and_marks():
    training = [values + 0.012 for values in GROUPS]
    marks = [values[0] for values in GROUPS]
    marks[2] = np.nan
    ax = plots.metric_boxes(GROUPS, PERCENT, second=training, marked=marks, second_marked=training[0][:5])
    boxes = boxes_of(ax)
    assert len(boxes) == 10
    assert len({box.get_edgecolor() for box in boxes}) == 2
    assert not any(a.get_extents().overlaps(b.get_extents()) for a, b in zip(boxes[:5], boxes[5:]))
    points = offsets_of(ax)
    assert len(points) == 9
    np.testing.assert_allclose(points[:4, 1], [mark for mark in marks if np.isfinite(mark)])
    assert np.all(np.diff(points[:4, 0]) > 0)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["test", "training", "global minimum"]


def test_few_values_are_dots_and_what_is_not_finite_is_left_out():
    few = [np.append(GROUPS[0], [np.nan, np.inf]), GROUPS[1][:3], [0.7, np.nan], [], [np.nan]]
    ax = plots.metric_boxes(few, list("abcde"))
    assert len(boxes_of(ax)) == 1
    points = offsets_of(ax)
    assert len(points) == 4
    np.testing.assert_allclose(np.sort(points[:3, 1]), np.sort(GROUPS[1][:3]))
    assert len(np.unique(points[:3, 0])) == 3 and np.all(np.abs(points[:3, 0] - 1) < 0.25)


@pytest.mark.parametrize(
    "labels",
    [
        PERCENT,
        ["all 150 minima", "10 % mislabelled items", "25 % mislabelled", "50 %", "100 %"],
        ["a_name_without_spaces"] * 5,
        [str(i) for i in range(45)],
    ],
)
@pytest.mark.parametrize("width", [6, 2.5])
def test_labels_and_legend_cover_nothing(labels, width):
    _, ax = plt.subplots(figsize=(width, 3.5), layout="constrained")
    groups = [GROUPS[i % 5] for i in range(len(labels))]
    plots.metric_boxes(groups, labels, ax=ax, second=groups, marked=[0.73] * len(labels))
    ax.figure.canvas.draw()
    assert len(ax.get_xticklabels()) >= min(len(labels), 8)
    assert not overlapping(ax.get_xticklabels())
    legend = ax.transData.inverted().transform(ax.get_legend().get_window_extent())
    assert legend[0, 1] > max(values.max() for values in groups)
    assert ax.get_window_extent().x0 < ax.get_legend().get_window_extent().x0
    assert ax.get_yticks().max() < legend[1, 1]


@pytest.mark.slow
def test_twenty_thousand_minima_in_boxes(tmp_path):
    heavy = [rng.standard_t(3, 20_000) * 0.003 + 0.73 for _ in range(5)]
    ax = plots.metric_boxes(heavy, PERCENT, second=heavy)
    plots.save_picture(ax.figure, tmp_path / "boxes.pdf")
    assert len(boxes_of(ax)) == 10


# ---- curve -----------------------------------------------------------------------------------------


def test_curves_are_in_order_with_bands_where_there_is_a_spread():
    s = np.array([20.0, 0.0, 10.0, 40.0])
    values = np.stack([0.9 - 0.004 * s, 0.88 - 0.004 * s], axis=1)
    spread = np.stack([np.full(4, np.nan), np.full(4, 0.01)], axis=1)
    ax = plots.metric_curve(s, values, spread=spread, labels=["global minimum", "mean and sd"])
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 10, 20, 40]] * 2
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 0.9 - 0.004 * np.sort(s))
    assert len({str(line.get_marker()) for line in ax.lines}) == 2
    (band,) = ax.collections
    np.testing.assert_allclose(band.get_paths()[0].get_extents().intervaly, [0.71, 0.89])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["global minimum", "mean and sd"]
    assert ax.get_xlabel() == "steps before convergence"


def test_one_series_with_a_gap_on_given_axes():
    _, ax = plt.subplots()
    values = np.array([0.9, np.nan, 0.7])
    assert plots.metric_curve([0, 1, 2], values, ax=ax, ylabel="accuracy") is ax
    assert np.isnan(ax.lines[0].get_ydata()[1]) and ax.get_legend() is None and not ax.collections


def test_no_ticks_beside_the_legend():
    ax = plots.metric_curve(np.arange(9), np.linspace(1, 0.5, 9), labels=["a"])
    ax.figure.canvas.draw()
    assert ax.get_ylim()[1] > 1.05
    assert np.all(ax.get_yticks() <= 1.05)
    ax.set_ylim(2, 3)
    assert len(ax.get_yticks()) > 3


# ---- heat map --------------------------------------------------------------------------------------


def clustered(n, kinds=4, seed=0):
    """Misclassification distances of n minima of several kinds, and their kinds."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, kinds, n)
    wrong = (rng.random((kinds, 2000)) < 0.15)[kind] ^ (rng.random((n, 2000)) < 0.02)
    wrong = wrong.astype(float)
    counts = wrong.sum(axis=1)
    return (counts[:, None] + counts - 2 * wrong @ wrong.T) / 2000, kind


@pytest.mark.parametrize("n", [12, 150, 501])
def test_heat_map_is_ordered_by_clusters(n):
    distance, kind = clustered(n)
    ax = plots.misclassification(distance, labels=[f"{k}/{i}" for i, k in enumerate(kind)])
    shown = np.asarray(ax.images[0].get_array())
    np.testing.assert_allclose(np.sort(shown, axis=None), np.sort(distance, axis=None))
    np.testing.assert_allclose(shown, shown.T)
    # The order as a permutation: rows sorted by their values are unique.
    rows = {tuple(np.sort(row)): i for i, row in enumerate(distance)}
    order = np.array([rows[tuple(np.sort(row))] for row in shown])
    assert np.count_nonzero(np.diff(kind[order])) == len(np.unique(kind)) - 1
    clustering, bar = ax.child_axes[1], ax.child_axes[0]
    assert len(clustering.collections[0].get_segments()) == n - 1
    assert clustering.get_xlim() == ax.get_xlim()
    assert bar.get_ylabel() == "fraction classified by one of two alone"
    texts = [text.get_text() for text in ax.get_xticklabels()]
    assert texts == ([f"{kind[i]}/{i}" for i in order] if n <= 40 else [])
    ax.figure.canvas.draw()
    assert not overlapping(ax.get_xticklabels()) and not overlapping(ax.get_yticklabels())


def test_dendrogram_joins_at_mean_distances():
    distance = np.array([[0.0, 0.1, 0.4], [0.1, 0.0, 0.6], [0.4, 0.6, 0.0]])
    ax = plots.misclassification(distance)
    low, high = ax.child_axes[1].collections[0].get_segments()
    assert low[1, 1] == pytest.approx(0.1) and high[1, 1] == pytest.approx(0.5)
    assert low[[0, -1], 1].tolist() == [0, 0]
    assert sorted(high[[0, -1], 1].tolist()) == pytest.approx([0.0, 0.1])
    assert len(plots.misclassification(distance, dendrogram=False).child_axes) == 1


def test_unknown_distances_are_grey_and_do_not_stop_the_clustering():
    distance, _ = clustered(12)
    distance[3, 5] = distance[5, 3] = np.nan
    image = plots.misclassification(distance, colour_limits=(0, 1)).images[0]
    assert np.count_nonzero(np.isnan(np.ma.filled(image.get_array(), np.nan))) == 2
    assert tuple(image.get_cmap().get_bad()) == to_rgba("#a0a0a0")
    assert image.get_clim() == (0, 1)
    plots.misclassification(np.full((3, 3), np.nan)).figure.canvas.draw()


@pytest.mark.parametrize(
    "distance", [np.zeros((1, 1)), np.ones((2, 2)), np.zeros((3, 3)), -1e-17 * np.eye(3)]
)
def test_heat_maps_of_nothing_much(distance):
    plots.misclassification(distance).figure.canvas.draw()


def test_thousand_minima_in_a_heat_map(tmp_path):
    ax = plots.misclassification(clustered(1000)[0])
    plots.save_picture(ax.figure, tmp_path / "heat.png")
    assert ax.get_xlabel() == "1000 minima"


# ---- density ---------------------------------------------------------------------------------------


def distances(n=60):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 5))
    aligned = np.sqrt(((x[:, None] - x) ** 2).sum(-1))
    noise = rng.random((n, n))
    return 0.02 * aligned, aligned, aligned + noise + noise.T


def test_every_pair_counts_once_in_each_panel():
    misclassification, aligned, plain = distances()
    plain[:10] = np.nan
    axes = plots.distance_density(misclassification, aligned, plain)
    counts = [ax.collections[0].get_array().sum() for ax in axes]
    assert counts == [60 * 59 / 2, 50 * 49 / 2]
    assert axes[0].get_ylim() == axes[1].get_ylim()
    norms = [ax.collections[0].norm for ax in axes]
    assert norms[0] is norms[1] and norms[0].vmin == 1
    assert len(axes[0].figure.axes) == 3  # one colour bar
    assert axes[0].get_title(loc="right") == "Spearman 1.00"
    assert float(axes[1].get_title(loc="right").split()[1]) > 0.8
    assert [ax.get_xlabel() for ax in axes] == [
        "aligned distance\n(parameter units)",
        "plain distance\n(parameter units)",
    ]
    axes[0].figure.canvas.draw()
    assert not overlapping([ax.xaxis.label for ax in axes])


def test_pearson_of_a_falling_line_in_a_given_figure():
    misclassification, aligned, _ = distances()
    figure = plt.figure(figsize=(6, 3), layout="constrained")
    axes = plots.distance_density(
        1 - misclassification, aligned, figure=figure, correlation="pearson", bins=9
    )
    assert axes.shape == (1,) and axes[0].figure is figure
    assert axes[0].get_title(loc="right") == "Pearson \N{MINUS SIGN}1.00"


@pytest.mark.parametrize("misclassification", [np.zeros((2, 2)), np.zeros((4, 4)), np.full((4, 4), 0.2)])
def test_equal_distances_have_no_correlation(misclassification):
    axes = plots.distance_density(misclassification, np.ones_like(misclassification))
    assert axes[0].get_title(loc="right") == "Spearman not defined"
    axes[0].figure.canvas.draw()


# ---- refusals --------------------------------------------------------------------------------------


USED = object()


@pytest.mark.parametrize(
    "draw, arguments, options, message",
    [
        (plots.metric_boxes, ([], []), {}, "at least one group"),
        (plots.metric_boxes, (GROUPS, ["a"]), {}, "`labels` must have one text for each of 5"),
        (plots.metric_boxes, ([np.zeros((2, 2))], ["a"]), {}, "`groups` must hold vectors"),
        (plots.metric_boxes, ([[np.nan]], ["a"]), {}, "no finite value"),
        (plots.metric_boxes, (GROUPS, PERCENT), {"second": GROUPS[:2]}, "`second` must have one array"),
        (plots.metric_boxes, (GROUPS, PERCENT), {"marked": [1.0]}, "`marked` must have one value"),
        (plots.metric_boxes, (GROUPS, PERCENT), {"second_marked": [1.0] * 5}, "needs `second`"),
        (plots.metric_boxes, (GROUPS, PERCENT), {"names": ("a",)}, "`names` must be two"),
        (plots.metric_curve, ([0, np.nan], [1, 2]), {}, "`s` must be a vector of finite"),
        (plots.metric_curve, ([0, 1], [1, 2, 3]), {}, r"`values` must have shape \(2, series\)"),
        (plots.metric_curve, ([0, 1], np.zeros((2, 11))), {}, "up to 10 series, got 11"),
        (plots.metric_curve, ([0, 1], [1, 2]), {"spread": [1]}, "`spread` must be of shape"),
        (plots.metric_curve, ([0, 1], [1, 2]), {"spread": [1, -1]}, "nowhere negative"),
        (plots.metric_curve, ([0, 1], [1, 2]), {"labels": "a"}, "`labels` must be a list"),
        (plots.metric_curve, ([0, 1], [np.nan, np.nan]), {}, "no finite value"),
        (plots.misclassification, (np.zeros((2, 3)),), {}, r"shape \(minima, minima\)"),
        (plots.misclassification, (np.array([[0, 1], [2, 0]]),), {}, "must be symmetric"),
        (plots.misclassification, (np.array([[0, -1], [-1, 0]]),), {}, "no negative"),
        (plots.misclassification, (np.zeros((2, 2)),), {"labels": ["a"]}, "`labels` must have one text"),
        (plots.misclassification, (np.zeros((2, 2)),), {"colour_limits": (1, 0)}, "the lower one first"),
        (plots.distance_density, (np.zeros((1, 1)), np.zeros((1, 1))), {}, "2 or more"),
        (plots.distance_density, (np.zeros((3, 3)), np.zeros((2, 2))), {}, "`aligned` must have shape"),
        (plots.distance_density, (np.zeros((3, 3)), np.full((3, 3), np.nan)), {}, "have no pair"),
        (plots.distance_density, (np.zeros((3, 3)),) * 2, {"correlation": "x"}, "spearman or pearson"),
        (plots.distance_density, (np.zeros((3, 3)),) * 2, {"bins": 1}, "`bins` must be"),
        (plots.distance_density, (np.zeros((3, 3)),) * 2, {"figure": USED}, "`figure` must be empty"),
    ],
)
def test_errors(draw, arguments, options, message):
    if options.get("figure") is USED:
        options = {"figure": plt.subplots()[0]}
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=message):
        draw(*arguments, **options)
    assert plt.get_fignums() == before
