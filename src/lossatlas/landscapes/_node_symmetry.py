"""Symmetry of multilayer perceptrons: permutations and sign flips of nodes, symmetries of the data."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Int
from scipy.optimize import linear_sum_assignment

from ._symmetry import (
    SAME_POINT,
    AbstractSymmetry,
    Alignment,
    FiniteSymmetry,
    HostImages,
    HostPoint,
    distinct_images,
    margin,
)


Twins = tuple[Int[np.ndarray, "nodes links"], int]
Labels = Int[np.ndarray, " full"]
Colours = Int[np.ndarray, "graphs nodes"]
Edges = Int[np.ndarray, "graphs nodes nodes"]

MOST_REPRESENTATIVES = 4096
ZERO_DISTANCE = 1e-9  # distance of exact copies, relative to max(1, ||a||)
# Labels of frozen links and of the edge between a node and its flipped copy. They are above any label of a
# value, and their product with a colour still fits int64.
FROZEN, PAIR = 2**32, 2**32 + 1


class NodeSymmetry(AbstractSymmetry):
    """Permutations and sign flips of the hidden nodes of a multilayer perceptron.

    Hidden nodes h_l = f(W_l h_(l-1) + b_l) of each layer are permuted by p_l with signs s_l:

        W_l[i, j] -> s_l[i] s_(l-1)[j] W_l[p_l[i], p_(l-1)[j]],    b_l[i] -> s_l[i] b_l[p_l[i]],

    with signs only where f is odd. A mask splits a layer into classes of twins, nodes with the same free
    links. Permutations and flips within these classes form a normal subgroup, over which the nearest image
    is found by assignment. The rest of the group, permutations that preserve the mask only if they act on
    several layers at once and symmetries of the data, is represented by one element of each coset.

    **Arguments:**

    - `sizes`: nodes of each layer (inputs, hidden, ..., hidden, outputs).
    - `odd`: whether the activation is odd, so that a node may change sign.
    - `mask`: which variables of the full vector (W_0 row by row, b_0, W_1, ...) are free, shape
        (full,); the others are frozen at zero and left out of the points. Permutations of nodes without
        any free link or bias are not counted.
    - `extra`: symmetries of the data, permutations of the full vector, each of shape (full,), closed under
        composition (the identity may be left out). They may move only columns of the first layer and rows
        of the last. A permutation that violates the mask, whichever permutation of nodes follows it, is
        dropped.

    **Raises:** `ValueError` if shapes do not fit, `extra` is not a group, or there are more than 4096
    cosets.

    Source: Sussmann, Neural Networks 5, 589 (1992), doi:10.1016/S0893-6080(05)80037-1.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        odd: bool,
        mask: Bool[np.ndarray, " full"] | None = None,
        extra: Sequence[Int[np.ndarray, " full"]] | None = None,
    ):
        self.sizes, self.odd = tuple(int(size) for size in sizes), bool(odd)
        if len(self.sizes) < 3 or min(self.sizes) < 1:
            raise ValueError(
                f"`sizes` needs inputs, hidden layers and outputs, all positive; got {self.sizes}."
            )
        full = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(self.sizes))
        self.mask = np.ones(full, bool) if mask is None else np.asarray(mask, bool)
        if self.mask.shape != (full,):
            raise ValueError(f"`mask` must have shape ({full},); got {self.mask.shape}.")
        self._data_group = _data_group(extra, full)
        position = np.cumsum(self.mask) - 1
        self._twins = _mask_twins(self.mask, position, self.sizes)
        cosets = list(itertools.islice(self._cosets(), MOST_REPRESENTATIVES + 1))
        if len(cosets) > MOST_REPRESENTATIVES:
            raise ValueError(
                f"`mask` is preserved by more than {MOST_REPRESENTATIVES} exchanges of nodes in "
                "several layers at once, too many to list."
            )
        self._representatives = [position[coset[self.mask]] for coset in cosets]

    @property
    def order(self) -> int:
        """Number of elements of the group: node symmetries times data symmetries that respect the mask."""
        sizes = [len(rows) for rows, _ in self._twins]
        order = math.prod(math.factorial(size) for size in sizes) * len(self._representatives)
        return order * 2 ** sum(sizes) if self.odd else order

    def align(self, a: HostPoint, b: HostPoint) -> Alignment:
        """Return the image of `b` nearest to `a`, by linear assignment of nodes.

        With one hidden layer the nearest image maximises sum_i |G[i, p(i)]| over permutations p (without
        |.| if f is not odd), where G = A B^T and the rows of A and B hold all links of a node. This is a
        linear assignment problem, solved exactly. With several layers each is assigned in turn, with the
        others held fixed, until the distance no longer falls; this distance is an upper bound, unless it
        vanishes. The iteration starts from `b`, and from an image whose layers are matched one after the
        other by incoming links alone, which finds exact copies that the first start misses.

        Source: Ainsworth, Hayase and Srinivasa, Git Re-Basin, ICLR 2023, arXiv:2209.04836
        (weight matching, doi:10.48550/arXiv.2209.04836); the signs and the second start are ours.
        """
        a, b = np.asarray(a, float), np.asarray(b, float)
        image, distance = self._align_twins(a, b[self._representatives[0]])
        for representative in self._representatives[1:]:
            other, other_distance = self._align_twins(a, b[representative])
            if other_distance < distance:
                image, distance = other, other_distance
        one_layer = len(self.sizes) == 3
        exact = one_layer or distance <= ZERO_DISTANCE * max(1.0, math.sqrt(a @ a))
        return Alignment(image, distance, exact)

    def orbit_size(self, x: HostPoint, tol: float = SAME_POINT) -> int:
        """Return |group| / |stabiliser|, without listing the group.

        The stabiliser of `x` has as many elements as the automorphism group of the network whose links are
        labelled by the values of `x`, times the number of data symmetries that give an isomorphic network.

        Source: McKay and Piperno, J. Symb. Comput. 60, 94 (2014), doi:10.1016/j.jsc.2013.09.003
        (refinement and individualisation).
        """
        x = np.asarray(x, float)
        labels = np.full(len(self.mask), FROZEN)
        labels[self.mask] = _value_labels(x, margin(x, tol))
        network = _Network(labels, self.sizes, self.odd)
        moved = (_Network(labels[data], self.sizes, self.odd) for data in self._data_group)
        isomorphic = sum(any(map(len, _isomorphisms(other, network))) for other in moved)
        return self.order // (_count_automorphisms(network) * isomorphic)

    def neighbour_images(self, x: HostPoint, limit: int) -> HostImages:
        """Return the nearest images under one flip, one exchange of twins, or one representative.

        A representative is followed by the permutations and flips of twins that bring its image nearest to
        `x`.
        """
        x = np.asarray(x, float)
        moves: list[tuple[float, Any, HostPoint]] = []
        for representative in self._representatives:
            image, distance = self._align_twins(x, x[representative])
            moves.append((distance, slice(None), image))
        for rows, _ in self._twins:
            nodes = x[rows]
            if self.odd:
                flips = zip(2 * np.linalg.norm(nodes, axis=1), rows, -nodes)
                moves += [(float(distance), row, node) for distance, row, node in flips]
            for i, j in itertools.combinations(range(len(rows)), 2):
                for sign in (1, -1) if self.odd else (1,):
                    distance = math.sqrt(2) * float(np.linalg.norm(nodes[i] - sign * nodes[j]))
                    moves.append((distance, rows[[i, j]], sign * nodes[[j, i]]))
        moves.sort(key=lambda move: move[0])
        return distinct_images(x, (_replaced(x, where, new) for _, where, new in moves), limit)

    def random_image(self, x: HostPoint, rng: np.random.Generator) -> HostPoint:
        """Return the image of `x` under an element drawn uniformly from the group."""
        representative = self._representatives[rng.integers(len(self._representatives))]
        image = np.asarray(x, float)[representative]
        for rows, _ in self._twins:
            signs = rng.choice((1, -1), (len(rows), 1)) if self.odd else 1
            image[rows] = signs * image[rows[rng.permutation(len(rows))]]
        return image

    def _align_twins(self, a: HostPoint, start: HostPoint) -> tuple[HostPoint, float]:
        """Return the image of `start` nearest to `a` under exchanges and flips of twins only."""
        if len(self.sizes) == 3:
            return start, self._sweep(a, start)
        forward = start.copy()
        for rows, incoming in self._twins:
            _assign(a, forward, rows, incoming, self.odd)
        candidates = [(image, self._descend(a, image)) for image in (forward, start)]
        return min(candidates, key=lambda candidate: candidate[1])

    def _descend(self, a: HostPoint, image: HostPoint) -> float:
        """Sweep over the layers until the distance stops falling; changes `image` in place."""
        distance = self._sweep(a, image)
        while (closer := self._sweep(a, image)) < distance * (1 - 1e-12):
            distance = closer
        return closer

    def _sweep(self, a: HostPoint, image: HostPoint) -> float:
        """Assign every class of twins once, in place, and return the distance."""
        for rows, _ in self._twins:
            _assign(a, image, rows, rows.shape[1], self.odd)
        # The explicit difference: ||a||^2 + ||b||^2 - 2 a.b loses half the digits for near copies.
        difference = a - image
        return math.sqrt(difference @ difference)

    def _cosets(self) -> Iterator[Labels]:
        """Yield one element per coset of the twin subgroup, as a permutation of the full vector."""
        labels = np.where(self.mask, 0, FROZEN)
        network = _Network(labels, self.sizes, odd=False)
        for data in self._data_group:
            moved = _Network(labels[data], self.sizes, odd=False)
            for nodes in _isomorphisms(moved, network):
                layers, starts = _layers(data, self.sizes), np.cumsum([0, *self.sizes[1:-1]])
                for number, (start, end) in enumerate(itertools.pairwise(starts)):
                    order = nodes[start:end] - start
                    layers[number] = layers[number][order]
                    layers[number + 1][:, :-1] = layers[number + 1][:, order]
                yield np.concatenate(
                    [part for layer in layers for part in (layer[:, :-1].ravel(), layer[:, -1])]
                )


def _assign(a: HostPoint, image: HostPoint, rows: np.ndarray, columns: int, odd: bool):
    """Permute and flip the nodes `rows` of `image`, in place, to match `a` on the first columns."""
    nodes = image[rows]
    overlap = a[rows[:, :columns]] @ nodes[:, :columns].T
    if odd:
        order = linear_sum_assignment(np.abs(overlap), maximize=True)[1]
        signs = np.copysign(1.0, overlap[np.arange(len(rows)), order])
        image[rows] = signs[:, None] * nodes[order]
    else:
        image[rows] = nodes[linear_sum_assignment(overlap, maximize=True)[1]]


def _replaced(x: HostPoint, where: Any, new: np.ndarray) -> HostPoint:
    image = x.copy()
    image[where] = new
    return image


def _data_group(extra: Sequence[Int[np.ndarray, " full"]] | None, full: int) -> np.ndarray:
    """Return the distinct data symmetries and the identity, shape (elements, full)."""
    extra = () if extra is None else extra
    if any(np.shape(element) != (full,) for element in extra):
        raise ValueError(f"Each of `extra` must permute the {full} variables of the full vector.")
    elements = np.unique([np.arange(full), *extra], axis=0)
    return FiniteSymmetry(elements, np.ones_like(elements)).indices


def _layers(vector: np.ndarray, sizes: tuple[int, ...]) -> list[np.ndarray]:
    """Cut a full vector into matrices [W_l | b_l], each of shape (outputs, inputs + 1)."""
    layers, start = [], 0
    for inputs, outputs in itertools.pairwise(sizes):
        middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
        weights = vector[start:middle].reshape(outputs, inputs)
        layers.append(np.column_stack([weights, vector[middle:end]]))
        start = end
    return layers


def _links(layers: list[np.ndarray], number: int) -> np.ndarray:
    """Return incoming links, bias and outgoing links of the nodes of a hidden layer, one row per node."""
    return np.hstack([layers[number], layers[number + 1][:, :-1].T])


def _mask_twins(mask: np.ndarray, position: np.ndarray, sizes: tuple[int, ...]) -> list[Twins]:
    """Return the classes of nodes with the same free links, layer by layer.

    **Returns:** for each class the positions of the free variables of its nodes, shape (nodes, links), and
    how many of these columns are incoming links or biases.
    """
    masks, positions, twins = _layers(mask, sizes), _layers(position, sizes), []
    for number, inputs in enumerate(sizes[:-2]):
        free, rows = _links(masks, number), _links(positions, number)
        for nodes in _classes(free):
            links = free[nodes[0]]
            if not links.any():
                continue  # a permutation of nodes without links changes no variable
            twins.append((rows[nodes][:, links], int(links[: inputs + 1].sum())))
    return twins


def _classes(rows: np.ndarray) -> list[np.ndarray]:
    """Return the positions of equal rows, one array per distinct row."""
    kinds, classes = np.unique(rows, axis=0, return_inverse=True)
    return [np.flatnonzero(classes.ravel() == kind) for kind in range(len(kinds))]


def _value_labels(x: HostPoint, same: float) -> Int[np.ndarray, " dim"]:
    """Return integer labels that are equal where values are equal, and have their signs.

    Sorted sizes belong together if no gap wider than `same` separates them, so that equality is transitive.
    """
    order = np.argsort(np.abs(x))
    labels = np.empty(len(x), int)
    labels[order] = np.cumsum(np.diff(np.abs(x)[order], prepend=0.0) > same)
    return labels * np.sign(x).astype(int)


def _flipped(labels: np.ndarray) -> np.ndarray:
    """Return the labels of links with opposite signs; a frozen link keeps its label."""
    return np.where(labels == FROZEN, FROZEN, -labels)


class _Network:
    """The hidden nodes as a coloured graph, whose automorphisms are those of the labelled network.

    With an odd activation a node appears twice, as itself and with flipped sign, and an edge joins the two;
    signed permutations of nodes are then permutations of the graph. Links to inputs and outputs and biases
    cannot move, so they are part of the colour of a node. Nodes that are equal up to sign get different
    colours, so that the graph keeps one automorphism of each coset of their `twin_order` permutations and
    flips.
    """

    def __init__(self, labels: Labels, sizes: tuple[int, ...], odd: bool):
        layers, starts = _layers(labels, sizes), np.cumsum([0, *sizes[1:-1]])
        edges = np.zeros((starts[-1], starts[-1]), int)
        # Output biases belong to no hidden node; they are part of every colour, since they must agree.
        outputs = layers[-1][:, -1].tobytes()
        upright, flipped, self.twin_order = [], [], 1
        for number, inputs in enumerate(sizes[:-2]):
            links, first, last = _links(layers, number), number == 0, number == len(sizes) - 3
            fixed = links[:, slice(0 if first else inputs, None if last else inputs + 1)]
            rank = np.empty(len(links), int)
            absent = (links == FROZEN).all(axis=1)
            for nodes in _classes(_upright(links) if odd else links):
                rank[nodes] = np.arange(len(nodes))
                self.twin_order *= 1 if absent[nodes[0]] else math.factorial(len(nodes))
            # A zero node equals its flipped copy, so these two get different colours as well.
            zero = ((links == 0) | (links == FROZEN)).all(axis=1) & odd
            self.twin_order *= 2 ** int((zero & ~absent).sum())
            for place, apart, row in zip(rank.tolist(), zero.tolist(), fixed):
                upright.append((number, place, False, row.tobytes(), outputs))
                flipped.append((number, place, apart, _flipped(row).tobytes(), outputs))
            if not last:
                here, onward = (slice(*starts[n : n + 2]) for n in (number, number + 1))
                edges[here, onward] = links[:, inputs + 1 :]
                edges[onward, here] = edges[here, onward].T
        if odd:
            across = _flipped(edges) + PAIR * np.eye(len(edges), dtype=int)
            edges = np.block([[edges, across], [across, edges]])
        self.edges, self.colours = edges, upright + flipped if odd else upright


def _upright(links: np.ndarray) -> np.ndarray:
    """Flip the rows whose first non-zero label is negative, so that rows equal up to sign become equal."""
    free = np.where(links == FROZEN, 0, links)
    leading = np.take_along_axis(free, (free != 0).argmax(axis=1)[:, None], axis=1)
    return np.where(leading < 0, _flipped(links), links)


def _joined(first: _Network, second: _Network) -> tuple[Colours, Edges]:
    """Number the colours of both graphs in the order in which they occur, the same in every process."""
    distinct = dict.fromkeys([*first.colours, *second.colours])
    number = {colour: i for i, colour in enumerate(distinct)}
    colours = np.array([[number[c] for c in network.colours] for network in (first, second)])
    return colours, np.stack([first.edges, second.edges])


def _isomorphisms(first: _Network, second: _Network) -> Iterator[np.ndarray]:
    """Yield the maps of `second` onto `first`: node i of `second` corresponds to node map[i]."""
    return _search(*_joined(first, second))


def _count_automorphisms(network: _Network) -> int:
    """Return the number of automorphisms: the product of orbit lengths as nodes are fixed one by one."""
    colours, edges = _joined(network, network)
    colours, count = _refine(colours, edges), network.twin_order
    while (node := _ambiguous(colours[1])) is not None:
        cell = np.flatnonzero(colours[0] == colours[1, node])
        searches = (_search(_marked(colours, other, node), edges) for other in cell)
        count *= sum(any(map(len, maps)) for maps in searches)
        colours = _refine(_marked(colours, node, node), edges)
    return count


def _search(colours: Colours, edges: Edges) -> Iterator[np.ndarray]:
    """Yield the isomorphisms of two coloured graphs, by refinement and individualisation of nodes."""
    colours = _refine(colours, edges)
    first, second = colours
    if not np.array_equal(np.sort(first), np.sort(second)):
        return
    node = _ambiguous(second)
    if node is None:
        yield np.argsort(first)[second]
        return
    for other in np.flatnonzero(first == second[node]):
        yield from _search(_marked(colours, other, node), edges)


def _refine(colours: Colours, edges: Edges) -> Colours:
    """Split colours by the colours and labels of the neighbours until nothing splits."""
    while True:
        seen = np.sort(edges * colours.size + colours[:, None, :], axis=2)
        rows = np.concatenate([colours[:, :, None], seen], axis=2).reshape(colours.size, -1)
        split = np.unique(rows, axis=0, return_inverse=True)[1].reshape(colours.shape)
        if split.max() == colours.max():
            return split
        colours = split


def _ambiguous(colours: np.ndarray) -> int | None:
    """Return a node of the smallest colour class with several nodes, if there is one."""
    counts = np.bincount(colours)[colours]
    several = np.flatnonzero(counts > 1)
    return int(several[counts[several].argmin()]) if len(several) else None


def _marked(colours: Colours, first: Any, second: Any) -> Colours:
    """Give one node of each graph a new colour."""
    marked = colours.copy()
    marked[0, first] = marked[1, second] = colours.max() + 1
    return marked
