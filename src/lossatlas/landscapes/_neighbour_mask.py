"""Perceptrons of reduced connectivity: each hidden node keeps the links to its nearest nodes."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool


def neighbour_mask(sizes: Sequence[int], neighbours: int) -> list[Bool[np.ndarray, "outputs inputs"]]:
    """Return the mask of a perceptron whose hidden nodes are linked to their nearest nodes only.

    The n nodes of a layer have the positions (i - 1)/(n - 1), i = 1 ... n, and a single node has the
    position 0. Each hidden node keeps its links to the nearest nodes of the layers before and after it, the
    lowest index first if distances are equal. Between two hidden layers a link stays if the node at either
    end keeps it. Biases are always kept.

    **Arguments:**

    - `sizes`: nodes of each layer (inputs, hidden, ..., outputs).
    - `neighbours`: number of nodes kept in each adjacent layer, at least 1; a layer with fewer nodes keeps
        all of them.

    **Returns:** one boolean array per layer of links, shape (outputs, inputs), the `mask` of `Perceptron`.
    For [2, 10, 4] and 1, 2 or 3 neighbours 40, 20 or 10 links are frozen.

    **Raises:** `ValueError` if `sizes` are not three or more positive whole numbers, or `neighbours` is
    below 1 or above the number of nodes of every layer next to a hidden one.

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
    """Return which of the `others` nodes of one layer are nearest to each of the `nodes` of the other."""
    # Distances are whole numbers, |i (others - 1) - j (nodes - 1)|, so that ties are exact.
    here = np.arange(nodes)[:, None] * max(others - 1, 1)
    there = np.arange(others)[None, :] * max(nodes - 1, 1)
    order = np.argsort(np.abs(here - there), axis=1, kind="stable")
    kept = np.zeros((nodes, others), dtype=bool)
    np.put_along_axis(kept, order[:, :neighbours], True, axis=1)
    return kept
