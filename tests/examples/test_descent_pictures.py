"""Pictures of descents: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
from descent_pictures import plot_best, plot_mean, plot_variance
from energy_spread import ExponentFit


LEVELS = {"low": -1.5, "lower": -1.7}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_variance_and_fit():
    fit = ExponentFit(exponent=-1.5, error=0.1, factor=2.0, chi_squared=1.0)
    points = {"lbfgs": ([10.0, 100.0], [0.06, 0.002], [0.01, 0.0005])}
    ax = plot_variance(points, {"lbfgs": fit}, ax=plt.figure().subplots())
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "size")
    assert labels(ax) == ["lbfgs: exponent -1.50 $\\pm$ 0.10"]
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(y, 2 * x**-1.5)
    np.testing.assert_allclose(ax.containers[0][0].get_xydata(), np.transpose(points["lbfgs"][:2]))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10", "100"]


def test_means():
    points = {"a": ([5.0, 6.0, 50.0], [-1.0, -1.1, -1.4], [0.1, 0.1, 0.05])}
    ax = plot_mean(points, levels=LEVELS, label="H/N", ax=plt.figure().subplots())
    ends = np.array(ax.containers[0][2][0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, [[-1.1, -0.9], [-1.2, -1.0], [-1.45, -1.35]])
    assert line(ax, "lower").get_ydata()[0] == -1.7
    assert list(ax.get_xticks()) == [5, 50]  # 6 would stand on 5


def test_best_so_far():
    curves = {"10": {"lbfgs": np.array([[-1.0, -1.2], [-1.2, -1.2]]), "hopping": np.array([[-1.0, -1.5]])}}
    ax = plot_best(curves, levels=LEVELS, label="H/N", ax=plt.figure().subplots())
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_label()[0] == "_"]
    np.testing.assert_allclose(drawn[0].get_xydata(), [[1, -1.1], [2, -1.2]])
    np.testing.assert_allclose(drawn[1].get_xydata(), [[1, -1.0], [2, -1.5]])
    band = ax.collections[0].get_paths()[0].vertices
    assert len(ax.collections) == 1  # none for one draw
    np.testing.assert_allclose([band[:, 1].min(), band[:, 1].max()], [-1.2, -1.0])
    assert labels(ax) == ["10", "lbfgs", "hopping", "low", "lower"]
