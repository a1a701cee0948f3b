"""Layout of a disconnectivity graph: the horizontal positions of its branches."""

import numpy as np

from lossatlas.analysis import DisconnectivityTree

from ._energy_axis import AbstractEnergyAxis


def with_levels(
    tree: DisconnectivityTree, axis: AbstractEnergyAxis, count: int, limits: tuple[float, float] | None
) -> DisconnectivityTree:
    """Return an exact tree whose branches merge at energies that are equally spaced on the axis.

    **Arguments:**

    - `tree`: the exact tree.
    - `axis`: the energy axis.
    - `count`: number of levels from the lowest minimum, or the lower limit, to the upper end.
    - `limits`: ends of the axis, by which pictures with the same limits have the same levels; None: the
        upper end is the highest merge.
    """
    merges = tree.energy[len(tree) :]
    if not merges.size:
        return tree
    low, high = axis.to_height(np.array(limits or (tree.energy.min(), merges.max())))
    levels = axis.to_energy(high + (high - low) / count * np.arange(1 - count, 1))
    # Merges above the upper limit are out of sight, and rounding must not lose the highest merge.
    return tree.at_levels(np.append(levels[levels < merges.max() - 1e-9 * np.ptp(levels)], merges.max()))


def check_order(order: str) -> None:
    """Raise `ValueError` for an unknown order of the branches."""
    if order not in ("energy", "size", "centre"):
        raise ValueError(f"`order` must be energy, size or centre, got {order!r}.")


def place_nodes(tree: DisconnectivityTree, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Lay out the branches so that no lines cross.

    **Arguments:**

    - `tree`: the tree.
    - `order`: order of the branches at each join, see `disconnectivity`.

    **Returns:** the horizontal position of every node, in widths of a branch, and the number of minima to
    the left of its subtree; shape (nodes,) each.

    **Raises:** `ValueError` for an unknown order.
    """
    check_order(order)
    nodes = len(tree.parent)
    parent = np.where(tree.parent >= 0, tree.parent, nodes)  # one more node holds the roots together
    low = tree.energy[tree.lowest]
    if order == "energy":
        siblings = np.lexsort((tree.lowest, low, parent))
    elif order == "size":
        siblings = np.lexsort((tree.lowest, low, -tree.n_leaves, parent))
    else:
        slots = _slots_around_lowest(tree, parent, np.lexsort((tree.lowest, low, parent)))
        siblings = np.lexsort((slots, parent))
    before = np.cumsum(tree.n_leaves[siblings]) - tree.n_leaves[siblings]
    eldest = np.searchsorted(parent[siblings], parent[siblings])
    offset = np.empty(nodes, dtype=np.int64)
    offset[siblings] = before - before[eldest]
    first, above = [*offset.tolist(), 0], parent.tolist()
    for node in range(nodes - 1, -1, -1):
        first[node] += first[above[node]]
    first = np.array(first[:-1])
    # Gaps separate trees that are not joined; where they are many, the gaps must not squeeze the trees.
    roots = np.flatnonzero(tree.parent < 0)
    gap = max(1.0, len(tree) * min(0.02, 0.2 / len(roots)))
    rank = np.searchsorted(np.sort(first[roots]), first, side="right") - 1
    left = first + gap * rank
    if order == "centre":
        return (left[: len(tree)] + 0.5)[tree.lowest], first
    return left + 0.5 * tree.n_leaves, first


def _slots_around_lowest(tree: DisconnectivityTree, parent, siblings) -> np.ndarray:
    """Return the slot of every node among its siblings: 0 the lowest, then -1, 1, -2, ...

    Each next sibling goes to the side that has fewer minima, counted from the lowest minimum over all
    branches that have merged with it so far; so the lowest minimum stays in the middle.
    """
    size, above = tree.n_leaves.tolist(), parent.tolist()
    slots, lean = [0] * len(above), [0] * (len(above) + 1)  # lean: minima right less minima left
    current, left, right = -1, 0, 0
    for node in siblings.tolist():  # parents come in increasing order, so each node follows its children
        up = above[node]
        if up != current:
            current, left, right, lean[up] = up, 0, 0, lean[node]
        elif lean[up] > 0:
            left, lean[up] = left + 1, lean[up] - size[node]
            slots[node] = -left
        else:
            right, lean[up] = right + 1, lean[up] + size[node]
            slots[node] = right
    return np.array(slots)


def find_bends(tree: DisconnectivityTree) -> np.ndarray:
    """Return the energy at which the branches below each node leave the vertical, shape (nodes,).

    With levels, this energy lies at or above all inner nodes that merge there, so that a slanted line
    passes above all other branches below the same parent. In the exact tree, where merges may be close,
    slanted lines would be nearly horizontal, and horizontal ones are easier to read.
    """
    if tree.levels is None or len(tree.levels) < 2:
        return tree.energy
    place = np.searchsorted(tree.levels, tree.energy)
    below = np.concatenate([[2 * tree.levels[0] - tree.levels[1]], tree.levels[:-1]])
    bends = below[np.minimum(place, len(below) - 1)]
    inner = np.flatnonzero((tree.parent >= 0) & (np.arange(len(tree.parent)) >= len(tree)))
    np.maximum.at(bends, tree.parent[inner], tree.energy[inner])
    return bends
