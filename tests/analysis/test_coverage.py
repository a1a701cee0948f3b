"""Coverage from hits, against the formulas by hand."""

import numpy as np
import pytest

from lossatlas.analysis import coverage
from lossatlas.atlas import Atlas
from lossatlas.landscapes import SixHumpCamel


@pytest.mark.parametrize(
    "hits, good_turing, chao1",
    [
        ([], 0.0, 0.0),
        ([0, 0], 0.0, 0.0),
        ([1], 0.0, 1.0),
        ([5, 4, 3], 1.0, 3.0),
        ([1, 1, 1], 0.0, 3 + 3 * 2 / 2),
        ([1, 1, 2, 5], 1 - 2 / 9, 4 + 2 * 1 / (2 * 2)),
        ([0, 1, 1, 2, 5, 0], 1 - 2 / 9, 4.5),
    ],
)
def test_known_values(hits, good_turing, chao1):
    estimate = coverage(np.array(hits, dtype=int))
    assert estimate.good_turing == pytest.approx(good_turing, abs=1e-15)
    assert estimate.chao1 == pytest.approx(chao1, abs=1e-12)


def test_equal_basins_are_counted():
    """With equal basins Chao1 is nearly unbiased and Good-Turing close to the fraction seen."""
    minima = 400
    hits = np.bincount(np.random.default_rng(0).integers(0, minima, size=800), minlength=minima)
    estimate = coverage(hits)
    assert estimate.chao1 == pytest.approx(minima, rel=0.1)
    assert estimate.good_turing == pytest.approx(np.count_nonzero(hits) / minima, abs=0.05)


@pytest.mark.parametrize("hits", [np.ones((2, 2), int), [1.5], [-1, 2], ["a"], [np.nan]])
def test_bad_hits(hits):
    with pytest.raises(ValueError, match="`hits`"):
        coverage(np.array(hits))


def held(sizes, starts, repeats=400, seed=0):
    """Return how often the intervals hold the true coverage and the true number of basins."""
    rng = np.random.default_rng(seed)
    right = np.zeros(2)
    for hits in rng.multinomial(starts, sizes / sizes.sum(), size=repeats):
        estimate = coverage(hits)
        truth = sizes[hits > 0].sum() / sizes.sum(), len(sizes)
        for i, interval in enumerate((estimate.good_turing_interval, estimate.chao1_interval)):
            # The sum of the sizes of all basins is 1 within rounding.
            right[i] += interval[0] <= truth[i] <= interval[1] + 1e-12
    return right / repeats


# 400 repeats of something that is true in 95 % give 91.7 % or more, three standard deviations.
@pytest.mark.parametrize("basins, starts", [(30, 100), (100, 100), (100, 300), (300, 300), (1000, 1000)])
def test_intervals_of_equal_basins(basins, starts):
    assert np.all(held(np.ones(basins), starts) > 0.917)


@pytest.mark.parametrize("basins, ratio, starts", [(100, 0.95, 300), (300, 0.98, 300), (1000, 0.99, 1000)])
def test_intervals_of_geometric_basins(basins, ratio, starts):
    """That of the coverage holds; Chao1 is a lower bound, and its interval lies below the truth."""
    in_coverage, in_number = held(ratio ** np.arange(basins), starts)
    assert in_coverage > 0.917
    assert in_number < 0.8


def test_intervals_by_hand():
    """Without a minimum hit twice Wilson's interval of f1/n; by the log-normal formula of Chao1."""
    hits = np.array([1] * 4 + [3] * 12)
    z, n, share = 1.959963984540054, 40, 0.1
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    wide = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    found = coverage(hits)
    np.testing.assert_allclose(
        found.good_turing_interval, [1 - middle - wide, 1 - middle + wide], rtol=1e-14
    )
    hits = np.array([1] * 10 + [2] * 4 + [5] * 6)
    unseen = 10 * 9 / (2 * 5)
    variance = unseen + 10 * 19**2 / (4 * 25) + 100 * 4 * 81 / (4 * 625)
    factor = np.exp(z * np.sqrt(np.log(1 + variance / unseen**2)))
    found = coverage(hits).chao1_interval
    np.testing.assert_allclose(found, [np.floor(20 + unseen / factor), 20 + unseen * factor], rtol=1e-14)


@pytest.mark.parametrize("hits", [[], [0, 0], [1], [1, 1, 1]])
def test_nothing_hit_twice_gives_no_upper_bound(hits):
    found = coverage(np.array(hits, dtype=int))
    assert found.chao1_interval == (float(sum(hits)), np.inf)
    assert found.good_turing_interval[0] == 0.0
    assert found.good_turing_interval[1] == pytest.approx(3.8415 / (sum(hits) + 3.8415), abs=1e-4)


def test_full_coverage_may_still_miss_something():
    """Where every minimum was hit often, a probability of z^2 / (n + z^2) may be missing."""
    found = coverage(np.full(5, 20))
    assert found.good_turing_interval == (pytest.approx(1 - 3.8415 / 103.8415, abs=1e-5), 1.0)
    assert found.chao1_interval == (5.0, pytest.approx(5.0, abs=1e-3))


def test_failed_starts_are_said_beside_the_estimates():
    found = coverage(np.array([200, 81]), failed={"max_steps": 300, "wrong_index": 0, "degenerate": 75})
    alone = coverage(np.array([200, 81]))
    assert found.good_turing == alone.good_turing == 1.0 and found.chao1 == alone.chao1
    assert found.starts == 656 and alone.starts == 281
    said = str(alone).replace("281 of 281", "281 of 656")
    assert str(found) == f"{said}; 375 of 656 starts ended in no minimum (max_steps 300, degenerate 75)"
    assert found.lost == 375 / 656 and not found.conclusive and alone.conclusive


@pytest.mark.parametrize("failed, conclusive", [
    ({}, True),
    ({"max_steps": 10}, True),
    ({"max_steps": 11}, False),
    ({"max_steps": 6, "left_region": 5}, False),
    ({"wrong_index": 70}, True),
    ({"wrong_index": 70, "nonfinite": 10}, True),
])  # fmt: skip
def test_more_than_a_tenth_of_lost_starts_leaves_the_question_open(failed, conclusive):
    """Of a hundred starts; one that ends on a saddle is not lost."""
    assert coverage(np.array([100 - sum(failed.values())]), failed=failed).conclusive == conclusive


def test_only_failures_say_nothing_of_minima():
    found = coverage(np.zeros(0, int), failed={"max_steps": 7})
    assert (found.good_turing, found.starts, found.lost) == (0.0, 7, 1.0)


def test_an_atlas_knows_its_starts(tmp_path):
    with Atlas(tmp_path / "a.atlas", SixHumpCamel()) as atlas:
        x = np.array([[0.1, -0.7], [1.7, 0.8]])
        atlas.points.add_minima(x, [-1.0, -0.2], [0, 0], [1, 1], [0, 0], hits=[5, 4])
        atlas.log.count_failure("sample", "max_steps", 3)
        atlas.log.count_failure("climb", "max_steps", 99)
        found = coverage(atlas)
        assert (found.starts, dict(found.failed)) == (12, {"max_steps": 3})
        assert found.to_dict() == coverage(atlas.minima.hits, failed=atlas.log.failures["sample"]).to_dict()


@pytest.mark.parametrize("failed", [{"lost": 1}, {"converged": 1}, {"max_steps": -1}, {"max_steps": 0.5}])
def test_bad_failures(failed):
    with pytest.raises(ValueError, match="`failed` must"):
        coverage(np.array([1]), failed=failed)
