"""Differences between minima in standard errors of the number of items."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._checks import check_whole


Minima = Float[np.ndarray, " minima"]
LIMIT = 2  # standard errors
CHANCE = 0.046  # share of equal minima that differ by more, of a normal distribution


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


def within_sampling_error(differences: Mapping[str, Minima]) -> str:
    """Say in a sentence how many minima differ from the global one on test data by more than its sampling.

    **Arguments:**

    - `differences`: those of `ModelMetrics`, of all minima, in standard errors.

    **Returns:** the sentence, empty without test data and for one minimum.
    """
    name = next((n for n in ("test_accuracy", "test_loss") if n in differences), None)
    sizes = np.abs(differences[name]) if name else np.zeros(0)
    others = len(sizes) - 1
    if name is None or others < 1:
        return ""
    what, apart = name.replace("_", " "), int(np.sum(sizes > LIMIT))
    if apart:
        chance = f"; about {CHANCE * others:.0f} would by chance" if CHANCE * others >= 0.5 else ""
        return (
            f"{apart} of {others} other minima differ from the global minimum in {what} by more than "
            f"{LIMIT} standard errors (on the same items){chance}"
        )
    if not sizes.any():
        which = "the other minimum has" if others == 1 else f"the {others} other minima have"
        return f"{which} the same {what} as the global minimum"
    which = "the other minimum differs" if others == 1 else f"the {others} other minima differ"
    return (
        f"{which} from the global minimum in {what} within sampling error only: by at most "
        f"{sizes.max():.1f} standard errors (on the same items)"
    )
