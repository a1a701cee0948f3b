"""Which items go to which part of a data set: shuffled by a seed and, on request, class by class."""

import numpy as np
from jaxtyping import Int, Shaped

from lossatlas._checks import check_seed


Rows = Int[np.ndarray, " _"]


def two_parts(
    items: int, count: int, seed: int | None, labels: Shaped[np.ndarray, " items"] | None = None
) -> tuple[Rows, Rows]:
    """Return the rows of a first part of `count` items, and those of the rest.

    **Arguments:**

    - `items`: number of all items.
    - `count`: number of items of the first part.
    - `seed`: seed of `numpy.random.default_rng`, by which the rows are shuffled; None keeps their order.
    - `labels`: class number of each item. With them both parts have the classes in the proportions of the
        whole, each to within one item, and a class that has an item in the rest has one in the first part.
    """
    order = np.arange(items) if seed is None else np.random.default_rng(check_seed(seed)).permutation(items)
    if labels is None:
        return order[:count], order[count:]
    classes, ordered = np.unique(labels), labels[order]
    taken = _shares(np.array([np.sum(ordered == kind) for kind in classes]), items - count)
    later = np.zeros(items, dtype=bool)
    for kind, number in zip(classes, taken):
        later[np.flatnonzero(ordered == kind)[:number]] = True
    return order[~later], order[later]


def fold_rows(
    items: int, fold: int, folds: int, seed: int, labels: Shaped[np.ndarray, " items"] | None = None
) -> tuple[Rows, Rows]:
    """Return the rows outside one of several folds, and those in it.

    The folds hold every item once, and their sizes differ by at most one item; with `labels`, those of each
    class do, too. Arguments as in `two_parts`.
    """
    order = np.random.default_rng(check_seed(seed)).permutation(items)
    if labels is not None:  # class after class, so that dealing out is fair to each
        order = order[np.argsort(labels[order], kind="stable")]
    inside = np.arange(items) % folds == fold
    return order[~inside], order[inside]


def _shares(counts: np.ndarray, rest: int) -> np.ndarray:
    """Return how many items of each class go to the rest: the nearest whole numbers that add up to it.

    One item of each class stays, unless the rest is too large for that.
    """
    wanted = counts * (rest / counts.sum())
    most = counts - 1 if rest <= np.sum(counts - 1) else counts
    taken = np.minimum(np.floor(wanted).astype(int), most)
    while taken.sum() < rest:
        taken[np.argmax(np.where(taken < most, wanted - taken, -np.inf))] += 1
    return taken
