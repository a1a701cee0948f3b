"""Pictures of heat capacity, occupation and frustration: what is drawn where, and what is refused."""

import numpy as np
import pytest

from lossatlas import plots
from lossatlas.analysis import (
    TransitionNetwork,
    frustration,
    heat_capacity_peaks,
    occupation,
    shallow,
    temperature_scan,
    thermodynamics,
)


NETWORK = TransitionNetwork(
    [0.0, 0.01, 1.0, 1.2], [1.5, 1.4], [[0, 1], [1, 2]], None, None, np.log([1.0, 1.0, 20.0, 30.0])
)
KT = np.geomspace(1e-3, 3.0, 60)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawn_ticks(ax):
    """The labels inside the axes, which must not cover each other."""
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    labels = [label for label, x in zip(ax.get_xticklabels(), ax.get_xticks()) if low <= x <= high]
    boxes = [label.get_window_extent() for label in labels]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert len(labels) >= 2 and not any(label.get_text() for label in ax.get_xticklabels(minor=True))
    return [label.get_text() for label in labels]


def test_temperatures_that_are_not_to_be_trusted_are_hatched():
    scan = temperature_scan(NETWORK, KT)
    figure = plots.temperature_scan(NETWORK, scan)
    figure.canvas.draw()
    hatched = [[patch for patch in ax.patches if patch.get_hatch()] for ax in figure.axes]
    assert [len(patches) for patches in hatched] == [1, 1]
    left, right = hatched[0][0].get_extents().x0, hatched[0][0].get_extents().x1
    inside = [left < x < right for x in figure.axes[0].transData.transform([(kt, 0.0) for kt in KT])[:, 0]]
    trusted = shallow(NETWORK, KT).trusted
    assert np.count_nonzero(np.array(inside) == trusted) <= 2  # the ends lie between temperatures
    assert "not to be trusted" in figure.legends[0].get_texts()[0].get_text()
    cold = temperature_scan(NETWORK, KT[:10])
    assert not plots.temperature_scan(NETWORK, cold).legends


def test_heat_capacity_with_peaks_and_partial_sums():
    peaks = heat_capacity_peaks(NETWORK)
    partial = [thermodynamics(NETWORK, KT, lowest=2)]
    thermo = thermodynamics(NETWORK, KT[::-1])  # any order
    ax = plots.heat_capacity(thermo, peaks=peaks, partial=partial, xlabel="kT (loss units)")
    whole, lowest, *dots = ax.lines
    np.testing.assert_array_equal(whole.get_xdata(), KT)
    np.testing.assert_array_equal(whole.get_ydata(), thermo.heat_capacity[::-1])
    np.testing.assert_array_equal(lowest.get_ydata(), partial[0].heat_capacity)
    assert whole.get_linewidth() > lowest.get_linewidth()
    places = [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots]
    assert places == [(peak.kt, peak.height) for peak in peaks] and len(peaks) == 2
    assert [text.get_text() for text in ax.texts] == [f"{peak.kt:.3g}" for peak in peaks]
    assert legend_of(ax) == ["all 4 minima", "lowest 2"]
    assert ax.get_xlabel() == "kT (loss units)"


@pytest.mark.parametrize("low, high", [(0.0022, 0.085), (1e-6, 0.01), (0.3, 0.9), (1.0, 300.0)])
def test_temperatures_can_be_read(low, high):
    ax = plots.heat_capacity(thermodynamics(NETWORK, np.geomspace(low, high, 30)))
    for text in drawn_ticks(ax):
        assert low <= float(text) <= high
    assert ax.get_legend() is None


def test_occupation_adds_up_to_one():
    p = occupation(NETWORK, KT)
    ax = plots.occupation(KT, p, labels=list("abcd"), count=3)
    # The one that is lowest is occupied first, and the first in the stack.
    assert legend_of(ax)[0] == "a" and legend_of(ax)[-1] == "others" and len(legend_of(ax)) == 4
    (first, *_, others) = ax.collections
    np.testing.assert_allclose(first.get_paths()[0].vertices[:, 1].max(), p[:, 0].max())
    np.testing.assert_allclose(others.get_paths()[0].vertices[:, 1].max(), 1.0)
    assert plots.occupation(KT, p).get_legend().get_texts()[-1].get_text() != "others"


def test_occupation_of_some_minima_leaves_the_rest_grey():
    ax = plots.occupation(KT, occupation(NETWORK, KT, minima=[0, 2]), labels=["1", "3"])
    assert legend_of(ax) == ["1", "3", "others"]


def test_frustration_and_what_it_leaves_out():
    result = frustration(NETWORK, KT)
    ax = plots.frustration(result)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), result.frustration)
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), result.normalised)
    assert legend_of(ax) == ["F", "normalised F", "occupation not connected"]
    joined = TransitionNetwork(NETWORK.energies[:3], NETWORK.ts_energies, NETWORK.ts_minima)
    assert legend_of(plots.frustration(frustration(joined, KT))) == ["F", "normalised F"]


@pytest.mark.parametrize(
    "draw, message",
    [
        (lambda: plots.occupation(KT, np.ones((3, 4))), r"`occupation` must have shape \(60, minima\)"),
        (lambda: plots.occupation(KT, np.ones((60, 2)), labels=["a"]), "`labels` must have one text"),
        (lambda: plots.occupation(KT, np.ones((60, 2)), count=0), "`count` must be 1 to 10, got 0"),
        (
            lambda: plots.heat_capacity(
                thermodynamics(NETWORK, KT), partial=[thermodynamics(NETWORK, KT)] * 9
            ),
            "`partial` may hold up to 8",
        ),
    ],
)
def test_mistakes(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
