"""Pictures of the theory: what is drawn is what the functions give."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas import plots
from lossatlas.analysis import (
    clustering_bound,
    complexity,
    complexity_zeros,
    hessian_entropy,
    mean_critical_points,
    most_critical_pairs,
    nodes_per_layer,
    threshold_energy,
)


def curves(ax):
    return {
        line.get_label(): line.get_xydata() for line in ax.lines if not line.get_label().startswith("_")
    }


def dots(ax):
    return np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() == "o"])


def test_complexity():
    ax = plots.complexity(3, indices=[0, 5])
    drawn = curves(ax)
    assert list(drawn) == ["index 0", "index 5", "all indices"]
    u, theta = drawn["index 5"].T
    np.testing.assert_array_equal(theta, complexity(u, 3, index=5))
    np.testing.assert_array_equal(dots(ax), [[-zero, 0.0] for zero in complexity_zeros(3, [0, 5])])
    assert u[0] < -complexity_zeros(3, 0) and u[-1] > -threshold_energy(3)
    given = plt.figure().subplots()
    assert plots.complexity(4, ax=given) is given


def test_index_counts():
    ax = plots.index_counts([[2, 4, 2], [4, 6, 4], [3, 8, 3]], 3)
    np.testing.assert_array_equal([bar.get_height() for bar in ax.patches], mean_critical_points(3, 3))
    dots, _, (bars,) = ax.containers[1]
    np.testing.assert_allclose(dots.get_xydata(), [[0, 3], [1, 6], [2, 3]])
    ends = np.array(bars.get_segments())[:, :, 1]
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2 * np.array([1, 2, 1]) / np.sqrt(3))


def test_energy_counts():
    """Two glasses: one point below -1, four up to -0.5; then theory at the same places."""
    ax = plots.energy_counts({4: [[-1.0, -0.5], [-0.5, -0.5]], 6: [[-1.2], []], 7: []}, 3, 1)
    found, exact = ax.lines[:2]
    u, height = found.get_xydata().T
    at = lambda place: height[np.flatnonzero(u <= place)[-1]]
    assert u[0] == -1.0 and at(-0.9) == pytest.approx(np.log(0.5) / 4)
    assert at(-0.5) == pytest.approx(np.log(2.0) / 4)
    (band,) = ax.collections[:1]
    ends = band.get_paths()[0].vertices
    assert ends[:, 1].max() == pytest.approx(np.log(2.0) / 4)  # both glasses have two: no error
    inside = ends[(ends[:, 0] > -0.99) & (ends[:, 0] < -0.51), 1]
    assert inside.size == 0  # no corner between the steps
    assert np.log(1.0) / 4 in ends[:, 1].round(12)  # at -1: 0.5 +- 0.5
    place, theory = exact.get_xydata()[-1]
    assert theory == pytest.approx(np.log(mean_critical_points(3, 4, below=place)[1]) / 4)
    assert list(curves(ax)) == ["N = 4", "N = 6", "N = 7", "$\\Theta_1$"]
    place, theory = curves(ax)["N = 7"][-1]
    assert theory == pytest.approx(np.log(mean_critical_points(3, 7, below=place)[1]) / 7)
    place, limit = curves(ax)["$\\Theta_1$"][0]
    assert limit == complexity(place, 3, index=1)


def test_critical_pairs():
    ax = plots.critical_pairs([110.0], most_layers=12)
    layers, bound = curves(ax)["110 parameters"].T
    assert layers[0] == 2 and bound[0] == pytest.approx(np.log10(10.0))  # 10 nodes: 100 + 10 weights
    assert len(layers) == 11
    np.testing.assert_array_equal(dots(ax)[0], [layers[np.argmax(bound)], bound.max()])
    three = plots.critical_pairs([2 * 7**2 + 7], most_layers=3)
    assert curves(three)["105 parameters"][1, 1] == pytest.approx(np.log10(most_critical_pairs(3, 7)))


def test_clustering():
    ax = plots.clustering([3, 6], part=1.0)
    r, bound = curves(ax)[f"3 layers, e = {-complexity_zeros(3, 0):.3f}"].T
    np.testing.assert_array_equal(bound, clustering_bound(r, -float(complexity_zeros(3, 0)), 3))
    assert bound[0] == pytest.approx(0.0, abs=1e-12) and np.all(bound[1:] < 0)
    assert len(curves(ax)) == 2


def test_hessian_entropy():
    ax = plots.hessian_entropy(1e3, layers=[3])
    e, entropy = curves(ax)["3 layers"].T
    nodes = nodes_per_layer(1e3, 3)
    np.testing.assert_array_equal(entropy, hessian_entropy(e, 3, nodes))
    assert e[0] == -complexity_zeros(3, 0) and e[-1] == 0.0
    assert dots(ax)[0, 0] == -threshold_energy(3)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: plots.complexity(2), "`p` must be at least 3"),
        (lambda: plots.complexity(3, indices=[]), "`indices` must hold 1 to 9"),
        (lambda: plots.index_counts([1, 2], 3), "`counts` must have shape"),
        (lambda: plots.energy_counts({}, 3, 0), "`energies` must hold 1 to 9 sizes"),
        (lambda: plots.energy_counts({4: [[-1.0]]}, 3, 0), "no glass or at least 2 for N = 4"),
        (lambda: plots.energy_counts({4: [[], []], 5: []}, 3, 0), "holds no point of index 0"),
        (lambda: plots.energy_counts({4: [[-1.0], []]}, 3, 4), "`index` must be below N = 4"),
        (lambda: plots.critical_pairs([]), "`parameters` must hold 1 to 10"),
        (lambda: plots.critical_pairs(most_layers=2), "`most_layers` must be at least 3"),
        (lambda: plots.clustering(range(2, 13)), "`layers` must hold 1 to 10"),
        (lambda: plots.clustering(part=1.5), "`part` must be 0 to 1"),
        (lambda: plots.hessian_entropy(layers=[]), "`layers` must hold 1 to 10"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
