"""Pictures of networks: links, dead nodes, output maps."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba

from lossatlas import plots
from lossatlas.datasets import iris
from lossatlas.landscapes import Perceptron, xor


POSITIVE, NEGATIVE = to_rgba("#0072b2"), to_rgba("#d55e00")


def random_points(landscape, n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, landscape.dimension))


def links_of(ax):
    """Ends, widths and colours of all links."""
    drawn = [c for c in ax.collections if isinstance(c, LineCollection)]
    lines = [line for c in drawn for line in c.get_segments()]
    return lines, [w for c in drawn for w in c.get_linewidths()], [x for c in drawn for x in c.get_colors()]


def nodes_of(ax):
    """Places of live and of dead nodes."""
    kinds = {False: [], True: []}
    for c in ax.collections:
        if isinstance(c, PathCollection) and len(c.get_offsets()):
            kinds[c.get_linestyle()[0][1] is not None].append(np.asarray(c.get_offsets()))
    return [np.concatenate(found) if found else np.zeros((0, 2)) for found in kinds.values()]


@pytest.mark.parametrize("hidden", [[2], [6], [2, 2], [4, 3, 2]])
def test_all_links_and_nodes_of_a_full_network(hidden):
    landscape = xor(hidden)
    axes = plots.networks(landscape, random_points(landscape, 3), [0.1, 0.2, 0.3], maps=False)
    assert axes.shape == (1, 3)
    sizes = landscape.sizes
    for ax in axes[0]:
        assert len(links_of(ax)[0]) == sum(a * b for a, b in zip(sizes[:-1], sizes[1:]))
        live, dead = nodes_of(ax)
        assert len(live) == sum(sizes) and not len(dead)
        assert len(np.unique(live, axis=0)) == sum(sizes)
    assert [ax.get_title() for ax in axes[0]] == ["loss 0.1", "loss 0.2", "loss 0.3"]


def test_images_of_one_minimum_are_drawn_alike():
    landscape = xor(3)
    point = random_points(landscape, 1)[0]
    image = landscape.symmetry.random_image(point, np.random.default_rng(1))
    assert not np.allclose(image, point)
    first, second = plots.networks(landscape, np.stack([point, image]), [0.1, 0.1], maps=False)[0]
    np.testing.assert_allclose(links_of(first)[1], links_of(second)[1], rtol=1e-12)


def test_names_of_inputs_and_classes_stand_beside_the_outer_nodes():
    data = iris()
    landscape = Perceptron(data.inputs, data.targets, hidden=[3], l2=1e-3, loss=data.loss)
    points = random_points(landscape, 2)
    left, right = plots.networks(landscape, points, [0.1, 0.2], maps=False, data=data)[0]
    assert [text.get_text() for text in left.texts] == list(data.columns)
    assert [text.get_text() for text in right.texts] == list(data.classes)
    left, right = plots.networks(landscape, points, [0.1, 0.2], maps=False)[0]
    assert [text.get_text() for text in left.texts] == ["input 1", "input 2", "input 3", "input 4"]
    assert [text.get_text() for text in right.texts] == ["class 0", "class 1", "class 2"]
    with pytest.raises(ValueError, match="`data` must have 2 inputs, iris has 4"):
        plots.networks(xor(2), random_points(xor(2), 1), [0.1], maps=False, data=data)


def test_width_and_colour_are_size_and_sign_of_the_weight():
    landscape = xor(1)  # weights of the node, its bias, weights of the outputs, their biases
    point = np.array([2.0, -1.0, 0.5, 4.0, -0.02, 0.0, 0.0])
    ax = plots.networks(landscape, point[None], [0.1], maps=False)[0, 0]
    lines, widths, colours = links_of(ax)
    assert [bool(line[0, 0] == 0) for line in lines] == [True, True, False, False]
    np.testing.assert_allclose(widths, [2.0, 1.0, 4.0, 0.3])
    assert [tuple(colour) for colour in colours] == [POSITIVE, NEGATIVE, POSITIVE, NEGATIVE]


def test_dead_links_are_absent_and_dead_nodes_hollow():
    landscape = xor(3)
    point = random_points(landscape, 1)[0]
    (first, _), (second, _) = landscape.layers(np.arange(1.0 * landscape.dimension))
    point[np.asarray(first[1]).astype(int)] = 1e-11  # the middle node gets nothing,
    point[np.asarray(second[:, 1]).astype(int)] = 0.0  # and gives nothing
    point[np.asarray(first[0, :1]).astype(int)] = 1e-9
    ax = plots.networks(landscape, point[None], [0.1])[0, 0]
    assert len(links_of(ax)[0]) == 8
    live, dead = nodes_of(ax)
    assert dead.tolist() == [[1.0, 0.0]] and len(live) == 6
    assert "dead node" in [text.get_text() for text in ax.figure.legends[0].get_texts()]


def test_origin_has_dead_nodes_only():
    landscape = xor(2)
    axes = plots.networks(landscape, np.zeros((1, landscape.dimension)), [np.log(2)])
    assert not links_of(axes[0, 0])[0]
    assert len(nodes_of(axes[0, 0])[1]) == 6
    np.testing.assert_allclose(axes[1, 0].images[0].get_array(), 0.5)
    axes[0, 0].figure.canvas.draw()


def test_frozen_links_are_absent():
    mask = [np.array([[True, False], [False, True], [True, True]]), np.array([[True, True, False]] * 2)]
    data = np.random.default_rng(0).normal(size=(20, 2))
    landscape = Perceptron(data, data[:, 0] > 0, hidden=[3], l2=1e-3, mask=mask)
    ax = plots.networks(landscape, random_points(landscape, 1), [0.5])[0, 0]
    assert len(links_of(ax)[0]) == 8
    assert nodes_of(ax)[1].shape == (1, 2)  # the third has nothing to say


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("shown_class", [0, 1])
def test_map_is_the_probability_at_the_inputs(loss, shown_class):
    landscape = Perceptron(
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0], hidden=[3], l2=1e-3, loss=loss
    )
    point = random_points(landscape, 1)
    axes = plots.networks(landscape, point, [0.5], shown_class=shown_class)
    image = axes[1, 0].images[0]
    shown, (low, high, *_) = np.asarray(image.get_array()), image.get_extent()
    assert shown.shape == (134, 134)  # -0.5 to 1.495
    x, y = -0.5 + 0.015 * 20, -0.5 + 0.015 * 100
    outputs = np.asarray(landscape.outputs(point[0], np.array([[x, y]])))[0]
    odds = outputs[1] - outputs[0] if len(outputs) == 2 else outputs[0]
    one = 1 / (1 + np.exp(-odds))
    np.testing.assert_allclose(shown[100, 20], one if shown_class else 1 - one)
    np.testing.assert_allclose([low, high], [-0.5075, 1.5025])
    points = [np.asarray(c.get_offsets()).tolist() for c in axes[1, 0].collections]
    assert points == [[[0, 0], [1, 1]], [[0, 1], [1, 0]]]
    label = axes[0, 0].figure.axes[-1].get_ylabel()
    assert label == f"probability of class {shown_class}"


@pytest.mark.parametrize("n", [1, 5])
def test_each_map_is_under_its_network(n):
    landscape = xor(2)
    titles = [f"minimum {i}" for i in range(n)]
    axes = plots.networks(landscape, random_points(landscape, n), np.zeros(n), titles=titles, step=0.05)
    figure = axes[0, 0].figure
    figure.canvas.draw()
    assert axes.shape == (2, n) and len(figure.axes) == 2 * n + 1
    assert [ax.get_title() for ax in axes[0]] == titles
    for network, picture in axes.T:
        above, below = network.get_position(), picture.get_position()
        assert above.y0 > below.y1 - 1e-9 and below.x0 < (above.x0 + above.x1) / 2 < below.x1
    boxes = [ax.title.get_window_extent() for ax in axes[0]]
    assert not any(box.overlaps(other) for i, box in enumerate(boxes) for other in boxes[:i])


def test_three_classes_in_a_subfigure():
    data = np.random.default_rng(0).normal(size=(90, 2))
    landscape = Perceptron(data, np.arange(90) % 3, hidden=[3, 2], l2=1e-3)
    left = plt.figure(figsize=(9, 4), layout="constrained").subfigures(1, 2)[0]
    options = {"region": (-3, 3), "step": 0.1, "shown_class": 2, "figure": left}
    axes = plots.networks(landscape, random_points(landscape, 2), [0.5, 0.6], **options)
    left.figure.canvas.draw()
    assert axes[0, 0].get_figure() is left
    assert sum(len(c.get_offsets()) for c in axes[1, 0].collections) == 90
    assert [text.get_text() for text in left.legends[0].get_texts()][-3:] == [
        "class 0",
        "class 1",
        "class 2",
    ]


WIDE = Perceptron(np.zeros((2, 2)), [0, 1], hidden=[17], l2=1e-3)
THREE = Perceptron(np.zeros((2, 3)), [0, 1], hidden=[2], l2=1e-3)
VALUES = Perceptron(np.zeros((2, 2)), [0, 1], hidden=[2], l2=1e-3, loss="squared_error")


@pytest.mark.parametrize(
    "landscape, n, options, message",
    [
        (xor(2), 13, {}, "up to 12 minima can be drawn in one picture, got 13"),
        (xor(2), 0, {}, r"`points` must have shape \(minima, 12\)"),
        (WIDE, 1, {}, "up to 16 nodes in a layer can be drawn, one has 17"),
        (THREE, 1, {}, "Output maps need two inputs, not 3; set `maps=False`"),
        (VALUES, 1, {}, "Output maps need a classifier"),
        (xor(2), 1, {"shown_class": 2}, "`shown_class` must be 0 to 1, got 2"),
        (xor(2), 1, {"step": 0.0}, "`step` must give a map"),
        (xor(2), 1, {"step": 1e-4}, "`step` must give a map of up to 1000000 points"),
        (xor(2), 1, {"region": (1, 0)}, "`region` must be two finite numbers"),
        (xor(2), 2, {"titles": ["a"]}, "`titles` must be a list with one text for each of 2"),
    ],
)
def test_errors(landscape, n, options, message):
    with pytest.raises(ValueError, match=message):
        plots.networks(landscape, random_points(landscape, n), np.zeros(n), **options)
    assert not plt.get_fignums()


def test_points_of_another_landscape_are_refused():
    with pytest.raises(ValueError, match=r"`points` must have shape \(minima, 12\)"):
        plots.networks(xor(2), np.zeros((1, 7)), [0.0])
    with pytest.raises(ValueError, match="`points` must be finite"):
        plots.networks(xor(2), np.full((1, 12), np.nan), [0.0])
    with pytest.raises(ValueError, match=r"`energies` must have shape \(1,\)"):
        plots.networks(xor(2), np.zeros((1, 12)), [0.0, 1.0])
    plots.networks(THREE, random_points(THREE, 1), [0.5], maps=False)
    plots.networks(VALUES, random_points(VALUES, 1), [0.5], maps=False)


def test_twelve_are_not_too_many():
    landscape = xor(2)
    assert plots.networks(landscape, random_points(landscape, 12), np.zeros(12), step=0.1).shape == (2, 12)
