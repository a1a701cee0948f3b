"""Statistics of minima against closed forms and brute force."""

import math

import numpy as np
import pytest
from scipy import stats

from lossatlas.analysis import (
    ParameterDistances,
    compare,
    log_determinants,
    mean_distance,
    parameter_distances,
    relative_distances,
    trade_off,
)
from lossatlas.landscapes import NoSymmetry


def test_relative_distances():
    x = np.array([[3.0, 0.0], [0.0, 4.0], [-3.0, 0.0], [3.0, 0.0]])
    found = relative_distances(parameter_distances(NoSymmetry(), x), x)
    expected = np.array(
        [[0, 1, math.sqrt(2), 0], [1, 0, 1, 1], [math.sqrt(2), 1, 0, math.sqrt(2)], [0, 1, math.sqrt(2), 0]]
    )
    np.testing.assert_allclose(found.plain, expected, atol=1e-15)
    np.testing.assert_array_equal(found.aligned, found.plain)
    # Points of one norm: 1 - r^2 is their overlap.
    y = np.random.default_rng(0).normal(size=(5, 7))
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    r = relative_distances(parameter_distances(NoSymmetry(), y), y).plain
    np.testing.assert_allclose(1 - r**2, y @ y.T, atol=1e-14)


def test_relative_distances_at_the_origin_and_bad_input():
    zero = np.zeros((2, 3))
    found = relative_distances(parameter_distances(NoSymmetry(), zero), zero)
    np.testing.assert_array_equal(found.plain, 0.0)
    with pytest.raises(ValueError, match="`x` has 3 minima, `distances` 2"):
        relative_distances(ParameterDistances(zero[:, :2], zero[:, :2], True), np.ones((3, 4)))


def test_log_determinants():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(4, 6, 6))
    matrices = a + a.transpose(0, 2, 1)
    found = log_determinants(np.linalg.eigvalsh(matrices))
    np.testing.assert_allclose(found.entropy, -np.linalg.slogdet(matrices)[1] / 6, rtol=1e-12)
    np.testing.assert_array_equal(found.negative % 2, np.linalg.slogdet(matrices)[0] < 0)
    np.testing.assert_array_equal(found.zeros, 0)


def test_zero_eigenvalues_are_left_out():
    found = log_determinants([[-2e-9, 1e-10, 0.5, 2.0], [1.0, 1.0, 4.0, 8.0]], zero=1e-9)
    np.testing.assert_allclose(found.entropy[1], -math.log(32.0) / 4)
    np.testing.assert_array_equal(found.zeros, [2, 0])
    assert found.entropy[0] == pytest.approx(0.0, abs=1e-15)
    kept = log_determinants([[-2e-9, 1e-10, 0.5, 2.0]], zero=1e-10)
    assert kept.zeros[0] == 1 and kept.negative[0] == 1
    assert kept.entropy[0] == pytest.approx(-math.log(2e-9) / 4)
    for wrong, message in (
        (np.ones(3), "must be finite, of shape"),
        ([[np.nan, 1.0]], "must be finite"),
        ([[0.0, 0.0]], "all those of one point are zero"),
    ):
        with pytest.raises(ValueError, match=message):
            log_determinants(wrong)


def test_mean_distance_against_drawing_by_hand():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(6, 2))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = mean_distance(distances, draws=4000)
    assert found.value == pytest.approx(distances[np.triu_indices(6, 1)].mean())
    drawn = []
    i, j = np.triu_indices(6, 1)
    for _ in range(4000):
        chosen = rng.integers(0, 6, 6)
        first, second = chosen[i], chosen[j]
        if np.any(first != second):
            drawn.append(distances[first, second][first != second].mean())
    # Two standard deviations of 4,000 draws each agree within 5 / sqrt(2 * 4000) = 6 %, twice.
    assert found.error == pytest.approx(np.std(drawn), rel=0.12)
    assert mean_distance(distances, draws=4000).to_dict() == found.to_dict()


def test_few_minima_have_no_mean_distance():
    one, two = mean_distance(np.zeros((1, 1))), mean_distance(np.array([[0, 2.0], [2.0, 0]]))
    assert math.isnan(one.value) and math.isnan(one.error)
    assert two.value == 2.0 and math.isnan(two.error)


def test_trade_off_against_scipy():
    rng = np.random.default_rng(3)
    loss = rng.uniform(size=40)
    entropy = 5.0 + 3.0 * loss + 0.2 * rng.normal(size=40)
    found, line = trade_off(loss, entropy), stats.linregress(loss, entropy)
    assert found.slope == pytest.approx(line.slope) and found.error == pytest.approx(line.stderr)
    assert found.spearman == pytest.approx(stats.spearmanr(loss, entropy).statistic)
    # With normal noise of one size both errors estimate the same; 40 points know it to 1/sqrt(80) = 11 %.
    assert found.bootstrap_error == pytest.approx(found.error, rel=0.4)
    exact = trade_off(loss, 1 - 2 * loss)
    assert exact.slope == pytest.approx(-2.0) and exact.error < 1e-12 and exact.bootstrap_error < 1e-12


def test_trade_off_that_is_not_defined():
    for loss in ([1.0, 2.0], [], [3.0, 3.0, 3.0, 3.0 * (1 + 1e-12)]):
        found = trade_off(loss, np.arange(len(loss)))
        assert all(math.isnan(value) for value in vars(found).values())
    level = trade_off([1.0, 2.0, 4.0], [7.0, 7.0, 7.0])
    assert level.slope == 0.0 and math.isnan(level.spearman)
    with pytest.raises(ValueError, match="must have one shape"):
        trade_off([1.0, 2.0], [1.0])


@pytest.mark.parametrize("signs", [[1, 1, 1, 1, 1, 1], [1, -1, 1, 1, 1, -1], [-1] * 5, [1, -1], [1]])
def test_compare_against_scipy(signs):
    differences = np.array(signs) * np.linspace(1, 2, len(signs))
    found = compare([*differences, np.nan, 0.0])
    values = [*differences, 0.0]
    assert found.mean == pytest.approx(np.mean(values))
    assert found.error == pytest.approx(stats.sem(values))
    assert found.median == pytest.approx(np.median(values))
    assert (found.positive, found.count) == (signs.count(1), len(signs))  # zeros have no sign
    assert found.p_value == pytest.approx(stats.binomtest(signs.count(1), len(signs)).pvalue)


def test_compare_needs_a_number():
    assert math.isnan(compare([2.0]).error)
    with pytest.raises(ValueError, match="holds no finite number"):
        compare([np.nan])
