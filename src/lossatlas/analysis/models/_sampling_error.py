"""Standard errors of metrics, from the number of items, and differences between minima beyond them."""

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._checks import check_whole


Minima = Float[np.ndarray, " minima"]


def fraction_error(fraction: Minima, items: int) -> Minima:
    """Return the standard error of a fraction of independent items, sqrt(f (1 - f) / items)."""
    return np.sqrt(fraction * (1.0 - fraction) / items)


def auc_error(auc: Minima, positive: int, negative: int) -> Minima:
    """Return the standard error of an AUC.

    With Q1 = A / (2 - A) and Q2 = 2 A^2 / (1 + A),
    SE^2 = (A (1 - A) + (P - 1) (Q1 - A^2) + (N - 1) (Q2 - A^2)) / (P N).

    **Arguments:**

    - `auc`: A, shape (minima,); NaN where it is not defined.
    - `positive`, `negative`: P and N, numbers of items in the class and outside.

    Source: Hanley & McNeil, Radiology 143, 29 (1982), doi:10.1148/radiology.143.1.7063747.
    """
    first, second = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    spread = (positive - 1) * (first - auc**2) + (negative - 1) * (second - auc**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(np.maximum(auc * (1.0 - auc) + spread, 0.0) / (positive * negative))


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
