"""Reduced connectivity: each hidden node keeps the links to its nearest nodes."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool


def neighbour_mask(sizes: Sequence[int], neighbours: int) -> list[Bool[np.ndarray, "outputs inputs"]]:
    """Return which links of a perceptron are kept when hidden nodes see only near ones.

    The nodes of a layer of n sit at (i - 1)/(n - 1), i = 1 ... n, a single node at 0; each hidden node
    keeps its links to the nearest nodes of the layers before and after it, lowest index first on ties.
    Between two hidden layers a link stays if the node at either end keeps it. Biases are always kept.

    **Arguments:**

    - `sizes`: nodes of each layer (inputs, hidden, ..., outputs).
    - `neighbours`: nodes kept in each adjacent layer, at least 1; a layer that has fewer keeps all.

    **Returns:** one boolean array per layer of links, as `Perceptron` takes for `mask`. For [2, 10, 4]
    and 1, 2, 3 neighbours 40, 20 and 10 links are frozen.

    **Raises:** `ValueError` where no layer next to a hidden one has as many nodes.

    Source: Chitturi, Verpoort, Lee & Wales, Mach. Learn.: Sci. Technol. 1, 023002 (2020),
    doi:10.1088/2632-2153/ab7aef.
    """
    if len(sizes) < 3 or any(not isinstance(n, int | np.integer) or n < 1 for n in sizes):
        raise ValueError(f"`sizes` needs inputs, hidden layers and outputs, all positive, got {sizes!r}.")
    adjacent = [*sizes[:-2], *sizes[2:]]
    if isinstance(neighbours, bool) or not isinstance(neighbours, int | np.integer):
        raise ValueError(f"`neighbours` must be a whole number, got {neighbours!r}.")
    if not 1 <= neighbours <= max(adjacent):
        raise ValueError(
            f"`neighbours` must be 1 to {max(adjacent)}, the nodes of the largest layer next to a hidden "
            f"one, got {neighbours}."
        )
    mask = []
    last = len(sizes) - 2
    for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        kept = np.zeros((outputs, inputs), dtype=bool)
        if number < last:  # the layer after is hidden
            kept |= _nearest(outputs, inputs, neighbours)
        if number > 0:  # the layer before is hidden
            kept |= _nearest(inputs, outputs, neighbours).T
        mask.append(kept)
    return mask


def _nearest(nodes: int, others: int, neighbours: int) -> Bool[np.ndarray, "nodes others"]:
    """Return which of the others are nearest to each node."""
    # Distances in whole numbers, |i (others - 1) - j (nodes - 1)|, so that ties are exact.
    here = np.arange(nodes)[:, None] * max(others - 1, 1)
    there = np.arange(others)[None, :] * max(nodes - 1, 1)
    order = np.argsort(np.abs(here - there), axis=1, kind="stable")
    kept = np.zeros((nodes, others), dtype=bool)
    np.put_along_axis(kept, order[:, :neighbours], True, axis=1)
    return kept
