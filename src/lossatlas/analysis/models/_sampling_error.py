"""Differences between minima in standard errors of the number of items."""

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._checks import check_whole


Minima = Float[np.ndarray, " minima"]


def paired_differences(misclassified: Bool[np.ndarray, "minima items"], reference: int) -> Minima:
    """Compare the accuracy of minima with that of one of them on the same items, in standard errors.

    Of the items that exactly one of the two misclassifies, b are those of the minimum alone and c those of
    the reference alone: z = (c - b) / sqrt(b + c), positive where the minimum is better. That is McNemar's
    statistic; independent samples would give larger errors, since two minima tend to miss the same items.

    **Arguments:**

    - `misclassified`: as of `ModelMetrics`, for one part of the data.
    - `reference`: row of the minimum to compare with.

    **Returns:** z, shape (minima,); 0 where both misclassify the same items.

    **Raises:** `ValueError` for a row that does not exist.

    Source: McNemar, Psychometrika 12, 153 (1947), doi:10.1007/BF02295996.
    """
    wrong = np.asarray(misclassified, dtype=bool)
    reference = check_whole("reference", reference, least=0)
    if wrong.ndim != 2 or reference >= len(wrong):
        raise ValueError(
            f"`misclassified` must have shape (minima, items) with a row {reference}, got {wrong.shape}."
        )
    alone = np.sum(wrong & ~wrong[reference], axis=1)
    other = np.sum(~wrong & wrong[reference], axis=1)
    return (other - alone) / np.sqrt(np.maximum(alone + other, 1))
