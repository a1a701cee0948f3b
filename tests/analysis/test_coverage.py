"""Coverage from hits, against the formulas by hand."""

import numpy as np
import pytest

from lossatlas.analysis import coverage


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
