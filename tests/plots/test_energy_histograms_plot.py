"""Histograms of energies: what is drawn is what was given."""

import numpy as np
import pytest

from lossatlas import plots


LEVELS = {"low": -1.5, "lower": -1.7}


def test_histograms_have_area_one_on_common_bins():
    rng = np.random.default_rng(0)
    energies = {"10": rng.normal(-1.3, 0.2, 200), "20": rng.normal(-1.5, 0.1, 100), "none": np.array([])}
    ax = plots.energy_histograms(energies, levels=LEVELS, label="H/N", title="size")
    first, second = (patch.get_data() for patch in ax.patches)
    for name, drawn in (("10", first), ("20", second)):
        np.testing.assert_array_equal(drawn.edges, first.edges)
        assert np.sum(drawn.values * np.diff(drawn.edges)) == pytest.approx(1)
        counts = drawn.values * np.diff(drawn.edges) * len(energies[name])
        np.testing.assert_allclose(counts, np.histogram(energies[name], first.edges)[0], atol=1e-9)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["10", "20", "low", "lower"]
    drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
    assert drawn == LEVELS
    with pytest.raises(ValueError, match="holds no energy"):
        plots.energy_histograms({"10": np.array([])})


def test_energies_over_many_decades_have_a_logarithmic_axis():
    ax = plots.energy_histograms({"a": np.array([1e-6, 1e-3, 1.0, 2.0])})
    (patch,) = ax.patches
    assert ax.get_xscale() == "log" and ax.get_ylabel() == "fraction"
    assert patch.get_data().values.sum() == pytest.approx(1)
