"""Pictures of descents: what is drawn is what was given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lossatlas.analysis import ExponentFit
from lossatlas.plots import (
    plot_best_energy,
    plot_energy_histograms,
    plot_energy_mean,
    plot_energy_variance,
)


LEVELS = {"low": -1.5, "lower": -1.7}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_histograms_have_area_one_on_common_bins():
    rng = np.random.default_rng(0)
    energies = {"10": rng.normal(-1.3, 0.2, 200), "20": rng.normal(-1.5, 0.1, 100), "none": np.array([])}
    ax = plot_energy_histograms(energies, levels=LEVELS, label="H/N", title="size")
    first, second = (patch.get_data() for patch in ax.patches)
    for name, drawn in (("10", first), ("20", second)):
        np.testing.assert_array_equal(drawn.edges, first.edges)
        assert np.sum(drawn.values * np.diff(drawn.edges)) == pytest.approx(1)
        counts = drawn.values * np.diff(drawn.edges) * len(energies[name])
        np.testing.assert_allclose(counts, np.histogram(energies[name], first.edges)[0], atol=1e-9)
    assert labels(ax) == ["10", "20", "low", "lower"]
    assert [line(ax, name).get_xdata()[0] for name in LEVELS] == [-1.5, -1.7]
    with pytest.raises(ValueError, match="holds none"):
        plot_energy_histograms({"10": np.array([])})


def test_variance_and_fit():
    fit = ExponentFit(exponent=-1.5, error=0.1, factor=2.0, chi_squared=1.0)
    points = {"lbfgs": ([10.0, 100.0], [0.06, 0.002], [0.01, 0.0005])}
    ax = plot_energy_variance(points, fits={"lbfgs": fit}, label="N")
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_xlabel()) == ("log", "log", "N")
    assert labels(ax) == ["lbfgs: exponent -1.50 $\\pm$ 0.10"]
    x, y = ax.lines[0].get_xydata().T
    np.testing.assert_allclose(y, 2 * x**-1.5)
    np.testing.assert_allclose(ax.containers[0][0].get_xydata(), np.transpose(points["lbfgs"][:2]))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10", "100"]


def test_means():
    points = {"a": ([5.0, 6.0, 50.0], [-1.0, -1.1, -1.4], [0.1, 0.1, 0.05])}
    ax = plot_energy_mean(points, levels=LEVELS, energy_label="H/N")
    ends = np.array(ax.containers[0][2][0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, [[-1.1, -0.9], [-1.2, -1.0], [-1.45, -1.35]])
    assert line(ax, "lower").get_ydata()[0] == -1.7
    assert list(ax.get_xticks()) == [5, 50]  # 6 would stand on 5


def test_best_so_far():
    curves = {"10": {"lbfgs": np.array([[-1.0, -1.2], [-1.2, -1.2]]), "hopping": np.array([[-1.0, -1.5]])}}
    ax = plot_best_energy(curves, levels=LEVELS, title="size")
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_label()[0] == "_"]
    np.testing.assert_allclose(drawn[0].get_xydata(), [[1, -1.1], [2, -1.2]])
    np.testing.assert_allclose(drawn[1].get_xydata(), [[1, -1.0], [2, -1.5]])
    band = ax.collections[0].get_paths()[0].vertices
    assert len(ax.collections) == 1  # none for one draw
    np.testing.assert_allclose([band[:, 1].min(), band[:, 1].max()], [-1.2, -1.0])
    assert labels(ax) == ["10", "lbfgs", "hopping", "low", "lower"]


@pytest.mark.parametrize("plot", [plot_energy_mean, plot_energy_variance])
def test_given_axes_are_used(plot):
    ax = plt.figure().subplots()
    assert plot({"a": ([1.0, 2.0], [1.0, 0.5], [0.1, 0.1])}, ax=ax) is ax
