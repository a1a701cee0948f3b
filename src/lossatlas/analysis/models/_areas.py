"""Areas under ROC curves as rank statistics, and what every item contributes to their errors."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._types import Array, Scalar


def auc(scores: Float[np.ndarray, " items"], positive: Bool[np.ndarray, " items"]) -> float:
    """Return the area under the ROC curve, ties counting one half.

    With P positive items among n, and R the sum of the ranks of the positive ones (ties share their mean
    rank), AUC = (R - P (P + 1)/2) / (P (n - P)), the Mann-Whitney statistic.

    **Arguments:**

    - `scores`: score of each item, larger for items that are more likely positive, shape (items,).
    - `positive`: whether each item is positive, shape (items,).

    **Returns:** the AUC, 0 to 1.

    **Raises:** `ValueError` for shapes that differ, scores that are NaN, and where all items are positive
    or none is.

    Source: Hanley & McNeil, Radiology 143, 29 (1982), doi:10.1148/radiology.143.1.7063747.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(positive)
    if values.ndim != 1 or labels.shape != values.shape or labels.dtype != bool:
        raise ValueError(
            "`scores` and `positive` must be numbers and booleans of shape (items,), got shapes "
            f"{values.shape} and {labels.shape} and {labels.dtype}."
        )
    if np.isnan(values).any():
        raise ValueError("`scores` must not hold NaN.")
    if labels.all() or not labels.any():
        raise ValueError("The AUC needs items inside and outside the class.")
    return float(_area(jnp.asarray(values), jnp.asarray(labels)))


def area(scores: Array, positive: Array) -> tuple[Scalar, Float[Array, " items"]]:
    """Return an AUC and what each item contributes to its error; NaN where one kind of items is missing.

    Of P positive and N other items, a positive item i is above a fraction V_i of the others, and an item j
    of the others is below a fraction V_j of the positive ones. Both have the mean A, the AUC. The
    contributions are (V_i - A) / sqrt(P (P - 1)) and (V_j - A) / sqrt(N (N - 1)); the sum of their squares
    is the squared standard error. The error of a mean of several AUCs on the same items is that of the mean
    of their contributions.

    Source: DeLong, DeLong & Clarke-Pearson, Biometrics 44, 837 (1988), doi:10.2307/2531595, eqs 4 and 5.
    """
    order = jnp.argsort(scores)
    ordered = scores[order]
    below = jnp.searchsorted(ordered, scores, side="left")
    upto = jnp.searchsorted(ordered, scores, side="right")
    inside = jnp.sum(positive)
    outside = scores.shape[0] - inside
    ranks = 0.5 * (below + upto + 1)
    pairs = inside * outside
    total = jnp.sum(jnp.where(positive, ranks, 0.0)) - 0.5 * inside * (inside + 1)
    found = jnp.where(pairs > 0, total / jnp.maximum(pairs, 1), jnp.nan)
    # Numbers of positive items below each item, a tie counting one half; the same of the others.
    sums = jnp.concatenate([jnp.zeros(1), jnp.cumsum(positive[order].astype(float))])
    positive_below = 0.5 * (sums[below] + sums[upto])
    others_below = 0.5 * (below + upto) - positive_below
    shares = jnp.where(positive, others_below / outside, (inside - positive_below) / inside)
    kind = jnp.where(positive, inside, outside).astype(float)
    spread = jnp.sqrt(jnp.where(kind > 1, kind * (kind - 1.0), jnp.nan))  # one item says nothing of it
    return found, (shares - found) / spread


def areas(outputs: Float[Array, "classes items"], targets: Array) -> tuple[Array, Array]:
    """Return the AUC of every class against the rest, and the contributions of the items.

    **Arguments:**

    - `outputs`: logits.
    - `targets`: whether each item is of each class, shape (classes, items).

    **Returns:** shapes (classes,) and (classes, items).
    """
    return jax.lax.map(  # one class after the other: a program for all at once takes longer to compile
        lambda row: area(_log_odds(outputs, row[0]), row[1]), (jnp.arange(len(outputs)), targets)
    )


def _log_odds(outputs: Array, c: Array) -> Array:
    """Return ln(p_c / (1 - p_c)), which orders items as p_c does but does not saturate near p_c = 1."""
    own = (jnp.arange(len(outputs)) == c)[:, None]
    return outputs[c] - jax.nn.logsumexp(jnp.where(own, -jnp.inf, outputs), axis=0)


@jax.jit
def _area(scores: Array, positive: Array) -> Scalar:
    return area(scores, positive)[0]
