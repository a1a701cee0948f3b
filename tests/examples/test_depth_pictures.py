"""Pictures of shallow against deep networks: what is drawn is what is given."""

import numpy as np
import pytest
from depth_pictures import plot_depth_distances, plot_depth_entropy

from lossatlas.analysis import ParameterDistances


def distances(values):
    """Three minima with these three distances; not aligned they are twice as far apart."""
    matrix = np.zeros((3, 3))
    matrix[np.triu_indices(3, 1)] = values
    matrix += matrix.T
    return ParameterDistances(matrix, 2 * matrix, False)


def test_distances():
    panels = {
        "yacht, tanh": {"2": distances([0.1, 0.1, 0.5]), "6": distances([0.1, 0.2, 0.3])},
        "energy, tanh": {
            "2": distances([0.5, 0.5, 0.5]),
            "6": ParameterDistances(*[np.zeros((1, 1))] * 2, True),
        },
    }
    axes = plot_depth_distances(panels)
    assert [ax.get_title() for ax in axes] == list(panels)
    first, second = axes
    assert len(first.patches) == 4 and len(second.patches) == 2  # one minimum has no distance
    aligned, plain = (patch.get_xy() for patch in first.patches[:2])
    # Bins from 0 to 1.02 in 25 parts: two of three pairs lie in the third, one in the 13th.
    assert aligned[:, 1].max() == pytest.approx(2 / 3) and plain[:, 1].max() == pytest.approx(2 / 3)
    width = 1.02 / 25
    high = aligned[np.isclose(aligned[:, 1], 2 / 3), 0]
    np.testing.assert_allclose(sorted(set(np.round(high, 9))), [2 * width, 3 * width], atol=1e-9)
    assert all(ax.get_xlim() == pytest.approx((0, 1.02)) for ax in axes)
    legend = first.figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["2", "6", "not aligned"]


def test_entropy():
    loss = np.array([1.0, 2.0, 3.0, 6.0])
    panels = {
        "a": {"2": (loss, 5 + 2 * loss), "6": (loss[:2], loss[:2])},
        "b": {"6": (np.zeros(0), np.zeros(0))},
    }
    axes = plot_depth_entropy(panels, columns=1)
    dots = [collection.get_offsets() for collection in axes[0].collections]
    np.testing.assert_allclose(dots[0], np.stack([loss - 3, 2 * (loss - 3)], axis=1))
    (line,) = axes[0].lines  # two points make no line
    np.testing.assert_allclose(line.get_xydata(), [[-2, -4], [3, 6]])
    assert len(axes) == 2 and not axes[1].collections


def test_bad_input():
    for draw in (plot_depth_distances, plot_depth_entropy):
        with pytest.raises(ValueError, match="`panels`"):
            draw({})
    lonely = {"a": {"2": ParameterDistances(np.zeros((1, 1)), np.zeros((1, 1)), True)}}
    with pytest.raises(ValueError, match="`panels` holds no pair of minima"):
        plot_depth_distances(lonely)
    many = {"a": {str(i): (np.ones(1), np.ones(1)) for i in range(5)}}
    with pytest.raises(ValueError, match="1 or more panels of 1 to 4 groups, got 1 of 5"):
        plot_depth_entropy(many)
