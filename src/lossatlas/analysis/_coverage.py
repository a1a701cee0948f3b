"""How many minima are still missing, judged by how often each one was hit."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Coverage:
    """How much of the landscape independent random starts have seen.

    - `good_turing`: estimated probability that the next start falls into a known minimum, 0 to 1,
        dimensionless.
    - `chao1`: estimated number of minima, known and unknown, at least the number of minima that
        were hit.
    """

    good_turing: float
    chao1: float


def coverage(hits: np.ndarray) -> Coverage:
    """Estimate from the hits of each minimum how many minima are missing.

    With n the sum of the hits, S the number of minima hit at least once and f1, f2 the numbers of
    minima hit exactly once and twice, the Good-Turing coverage is 1 - f1/n and the bias-corrected
    Chao1 estimate is S + f1 (f1 - 1) / (2 (f2 + 1)). Minima that no random start has hit (found on
    a pathway, for instance) count nowhere. Without any hit both numbers are 0.

    Both assume that the starts are independent; Chao1 is a lower bound when basins differ in size.

    **Arguments:**

    - `hits`: how many independent random starts ended in each minimum, integers >= 0, shape
        (minima,).

    **Returns:** `Coverage`.

    **Raises:** `ValueError` when `hits` is not a vector of whole numbers >= 0.

    Source: I. J. Good, Biometrika 40, 237 (1953), doi:10.1093/biomet/40.3-4.237; A. Chao, Scand. J.
    Stat. 11, 265 (1984), here in its usual bias-corrected form.
    """
    counts = np.asarray(hits)
    if counts.ndim != 1:
        raise ValueError(f"`hits` must have shape (minima,), got shape {counts.shape}.")
    if counts.size and (counts.dtype.kind not in "iuf" or not np.all(counts == np.floor(counts))):
        raise ValueError("`hits` must hold whole numbers.")
    if np.any(counts < 0):
        raise ValueError(f"`hits` must not be negative, got {counts.min()}.")
    total, seen = int(counts.sum()), int(np.count_nonzero(counts))
    if total == 0:
        return Coverage(good_turing=0.0, chao1=0.0)
    once, twice = int(np.count_nonzero(counts == 1)), int(np.count_nonzero(counts == 2))
    return Coverage(
        good_turing=1.0 - once / total,
        chao1=seen + once * (once - 1) / (2 * (twice + 1)),
    )
