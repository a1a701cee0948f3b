"""Pictures of fits: a curve over the data in every panel."""

import numpy as np
import pytest

from lossatlas import plots
from lossatlas.landscapes import nonlinear_regression


TRUE = np.array([0.1, 2.13, 0.0, -1.34, np.pi])


def test_panels_show_data_and_curve():
    landscape = nonlinear_regression(noise=0.0)
    points = np.stack([landscape.point(TRUE * k) for k in (1.0, 0.9, 1.1, 1.2)])
    axes = plots.fits(landscape, points, np.array([0.0, 1.0, 2.0, 3.0]))
    assert axes.shape == (4,) and len(axes[0].figure.axes) == 4
    data, curve = axes[0].get_lines()
    np.testing.assert_array_equal(data.get_xdata(), landscape.inputs)
    np.testing.assert_array_equal(data.get_ydata(), landscape.targets)
    t = curve.get_xdata()
    known = np.exp(-0.1 * t) * np.sin(2.13 * t) * np.sin(1.34 * t)
    np.testing.assert_allclose(curve.get_ydata(), known, rtol=0, atol=1e-13)
    assert axes[0].get_title() == "loss 0.000\ndecay 0.10, frequencies 2.13, 1.34"
    bottom, top = axes[3].get_ylim()
    assert bottom < np.min(landscape.targets) and top > np.max(landscape.targets)


@pytest.mark.parametrize("points, energies, more, sentence", [
    (np.zeros((13, 7)), np.zeros(13), {}, "1 to 12 minima"),
    (np.zeros((0, 7)), np.zeros(0), {}, "1 to 12 minima"),
    (np.zeros((2, 5)), np.zeros(2), {}, r"got \(2, 5\)"),
    (np.zeros((2, 7)), np.zeros(3), {}, r"and \(3,\)"),
    (np.full((2, 7), np.nan), np.zeros(2), {}, "must be finite"),
    (np.zeros((2, 7)), np.zeros(2), {"titles": "ab"}, "`titles`"),
])  # fmt: skip
def test_mistakes(points, energies, more, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.fits(nonlinear_regression(), points, energies, **more)
