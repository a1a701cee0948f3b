"""Losses of training: what is drawn is quantiles of what is given."""

import numpy as np
import pytest
from training_pictures import plot_final_losses, plot_training


LOSSES = 10.0 ** np.random.default_rng(0).uniform(-6, 1, (7, 5))


def test_median_and_quartiles():
    ax = plot_training({"a": LOSSES, "b": LOSSES[:3]}, bound=1e-3)
    first, second, bound = ax.lines
    np.testing.assert_array_equal(first.get_xdata(), [1, 2, 4, 8, 16])
    np.testing.assert_allclose(first.get_ydata(), np.sort(LOSSES, axis=0)[3])
    np.testing.assert_allclose(second.get_ydata(), np.sort(LOSSES[:3], axis=0)[1])
    np.testing.assert_array_equal(bound.get_ydata(), [1e-3, 1e-3])
    band = ax.collections[0].get_paths()[0].vertices
    quartiles = np.mean(np.sort(LOSSES, axis=0)[[[1, 4], [2, 5]]], axis=0)
    assert {*np.round(band[:, 1], 12)} >= {*np.round(quartiles.ravel(), 12)}
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_a_loss_of_nothing_is_drawn_at_the_level_of_rounding():
    ax = plot_training({"a": np.array([[1.0, 0.0]])})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 1e-30])
    assert ax.get_legend() is None and len(ax.lines) == 1


def test_every_start_is_a_dot_at_its_size():
    ax = plot_final_losses(
        {"a": {10: LOSSES[:, 0], 5: LOSSES[:3, 1]}, "b": {20: LOSSES[:1, 2]}},
        bounds={5: 0.1, 10: 0.0, 7: 1},
    )
    ten, five, twenty = ax.lines
    for line, place, values in (
        (ten, 1, LOSSES[:, 0]),
        (five, 0, LOSSES[:3, 1]),
        (twenty, 2, LOSSES[:1, 2]),
    ):
        assert np.all(np.abs(np.asarray(line.get_xdata()) - place) < 0.5)
        np.testing.assert_array_equal(np.sort(line.get_ydata()), np.sort(values))
    heights = [path.vertices[0, 1] for c in ax.collections for path in c.get_paths()]
    medians = [np.median(LOSSES[:, 0]), np.median(LOSSES[:3, 1]), LOSSES[0, 2]]
    np.testing.assert_allclose(heights, [*medians, 0.1])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["5", "10", "20"]


@pytest.mark.parametrize("call, sentence", [
    (lambda: plot_training({}), "`losses` must hold 1 to 4 series, got 0"),
    (lambda: plot_training({"a": LOSSES[0]}), r"`losses` of a must have shape \(starts, levels\)"),
    (lambda: plot_training({"a": -LOSSES}), "must be finite and not negative"),
    (lambda: plot_training({"a": LOSSES * np.nan}), "must be finite and not negative"),
    (lambda: plot_final_losses({str(i): {} for i in range(5)}), "1 to 4 series, got 5"),
    (lambda: plot_final_losses({"a": {3: LOSSES}}), r"`losses` of a, size 3 must have shape \(starts,\)"),
    (lambda: plot_final_losses({"a": {3: []}}), "not be empty"),
])  # fmt: skip
def test_mistakes(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
