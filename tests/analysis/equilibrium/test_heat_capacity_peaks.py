"""Peaks of the heat capacity against roots of closed forms and brute force over partial sums."""

import mpmath
import numpy as np
import pytest
from test_thermodynamics import minima, random_minima

from lossatlas.analysis import heat_capacity_peaks, occupation, thermodynamics


def schottky(gap, log_ratio):
    """Position and excess height of the peak of two states: (x/2) tanh((x - ln g)/2) = 1 for x = gap/kT."""
    with mpmath.workdps(40):
        condition = lambda x: x / 2 * mpmath.tanh((x - log_ratio) / 2) - 1
        x = mpmath.findroot(condition, (max(2.0, log_ratio), log_ratio + 4.0), solver="anderson")
        p = 1 / (1 + mpmath.exp(x - log_ratio))
        return float(gap / x), float(x**2 * p * (1 - p))


# The narrowest peak is 1,000 times narrower than its place, and the steps of the first grid wider.
@pytest.mark.parametrize("log_ratio", [-6.0, 0.0, 3.0, 60.0, 4000.0])
def test_two_states(log_ratio):
    (peak,) = heat_capacity_peaks(minima([5.0, 5.25], None, [0.0, log_ratio], 3))
    kt, excess = schottky(0.25, log_ratio)
    assert peak.kt == pytest.approx(kt, rel=1e-13)
    assert peak.excess == pytest.approx(excess, rel=1e-9)  # x - ln g loses digits where ln g is large
    assert peak.height == pytest.approx(peak.excess + 3, rel=1e-15)
    assert (peak.gaining().tolist(), peak.losing().tolist(), peak.lowest) == ([1], [0], 2)


def test_two_peaks_of_three_levels():
    """The gaps differ by 1000, so each peak is that of two states; the order of the minima is mixed."""
    network = minima([10.0, 0.0, 0.01], None, np.log([50.0, 1.0, 1.0]))
    first, second = heat_capacity_peaks(network)
    kt, excess = schottky(0.01, 0.0)
    assert (first.kt, first.excess) == (pytest.approx(kt, rel=1e-9), pytest.approx(excess, rel=1e-9))
    assert (first.lowest, second.lowest) == (2, 3)
    assert (first.gaining().tolist(), first.losing().tolist()) == ([2], [1])
    # A share of 99 % of the losing side needs both of the lower ones, which lose alike.
    assert second.gaining().tolist() == [0] and set(second.losing()) == {1, 2}
    assert len(second.losing(0.4)) == 1
    # The heat capacity falls on both sides.
    for peak in (first, second):
        around = thermodynamics(network, peak.kt * np.array([0.999, 1.0, 1.001])).heat_capacity
        assert around[1] == pytest.approx(peak.height, rel=1e-14) and around[1] > around[[0, 2]].max()


@pytest.mark.parametrize("seed", range(4))
def test_contributions_add_up(seed):
    network = random_minima(50, seed)
    for convention, part in (("vibrational", 7.0), ("configurational", 3.5)):
        for peak in heat_capacity_peaks(network, convention=convention):
            whole = thermodynamics(network, peak.kt, convention=convention).heat_capacity[0]
            assert peak.height == pytest.approx(whole, rel=1e-14)
            assert peak.contribution.sum() == pytest.approx(whole - part, rel=1e-12)
            for zero in (0.0, 100.0):  # of energy
                assert peak.gain @ (network.energies - zero) == pytest.approx(whole - part, rel=1e-11)
            assert np.all(peak.contribution >= 0)
            h = 1e-5 * peak.kt
            change = np.diff(occupation(network, [peak.kt - h, peak.kt + h]), axis=0)[0] / (2 * h)
            np.testing.assert_allclose(peak.gain, change, rtol=1e-7, atol=1e-9 * np.abs(change).max())
            for chosen, side in ((peak.gaining(0.9), peak.gain > 0), (peak.losing(0.9), peak.gain < 0)):
                total = peak.contribution[side].sum()
                assert np.all(side[chosen])
                # 90 % with the last of them, less without.
                assert peak.contribution[chosen].sum() >= 0.9 * total
                assert peak.contribution[chosen[:-1]].sum() < 0.9 * total
                assert np.all(np.diff(peak.contribution[chosen]) <= 0)


@pytest.mark.parametrize("seed", range(4))
def test_lowest_minima_that_make_a_peak(seed):
    """Every partial sum by itself: has it a peak within 1 % of the place and the height?"""
    rng = np.random.default_rng(seed)
    energies = np.concatenate([[0.0, 0.02], rng.uniform(1.0, 2.0, 30)])
    network = minima(energies, None, np.concatenate([[0.0, 0.0], rng.normal(4.0, 1.0, 30)]))
    peaks = heat_capacity_peaks(network)
    assert len(peaks) == 2
    for peak in peaks:
        kt = peak.kt * np.array([0.99, 1.0, 1.01])
        h = 1e-5
        has = [False]  # one minimum has no peak
        for m in range(2, 33):
            excess = lambda at, m=m: thermodynamics(network, at, lowest=m).heat_capacity
            slope = excess(kt * (1 + h)) - excess(kt * (1 - h))
            close = abs(excess(kt)[1] - peak.excess) <= 0.01 * peak.excess
            has.append(bool(slope[0] > 0 > slope[2] and close))
        assert peak.lowest == max(m for m in range(1, 33) if not has[m - 1]) + 1
    assert peaks[0].lowest == 2 < peaks[1].lowest


def test_shoulder_is_no_peak():
    network = minima([0.0, 1.0, 2.2], None, np.log([1.0, 30.0, 300.0]))
    assert len(heat_capacity_peaks(network)) == 1


def test_limits_and_no_peak():
    network = minima([0.0, 0.01, 10.0], None, np.log([1.0, 1.0, 50.0]))
    first, second = heat_capacity_peaks(network)
    assert [p.kt for p in heat_capacity_peaks(network, low=0.1)] == [pytest.approx(second.kt, rel=1e-13)]
    assert [p.kt for p in heat_capacity_peaks(network, high=0.1)] == [pytest.approx(first.kt, rel=1e-13)]
    assert heat_capacity_peaks(network, low=0.1, high=0.2) == []
    assert heat_capacity_peaks(minima([1.0, 1.0])) == []


@pytest.mark.parametrize(
    "options, message",
    [
        ({"low": 0.0}, "`low` must be a positive number"),
        ({"low": 2.0, "high": 1.0}, "`low` must be below `high`, got 2.0 and 1.0"),
        ({"convention": "other"}, "`convention`"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        heat_capacity_peaks(random_minima(5), **options)


def test_bad_share():
    with pytest.raises(ValueError, match="`share` must be above 0 and up to 1, got 0"):
        heat_capacity_peaks(random_minima(5))[0].gaining(0)
