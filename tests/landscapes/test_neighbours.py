"""Reduced connectivity, and the arguments of a perceptron that go with data sets."""

import numpy as np
import pytest

from lossatlas.landscapes import Perceptron, neighbour_mask, xor


def brute_force(sizes, neighbours):
    """Keep links node by node with exact distances, as in the definition."""
    from fractions import Fraction

    place = lambda i, n: Fraction(i, n - 1) if n > 1 else Fraction(0)
    mask = [np.zeros((b, a), dtype=bool) for a, b in zip(sizes[:-1], sizes[1:])]
    for layer in range(1, len(sizes) - 1):
        for node in range(sizes[layer]):
            here = place(node, sizes[layer])
            for other, side in ((layer - 1, 0), (layer + 1, 1)):
                gaps = [(abs(place(j, sizes[other]) - here), j) for j in range(sizes[other])]
                for _, j in sorted(gaps)[:neighbours]:
                    if side == 0:
                        mask[layer - 1][node, j] = True
                    else:
                        mask[layer][j, node] = True
    return mask


@pytest.mark.parametrize("neighbours, frozen", [(1, 40), (2, 20), (3, 10), (4, 0)])
def test_published_counts(neighbours, frozen):
    assert sum(int((~kept).sum()) for kept in neighbour_mask((2, 10, 4), neighbours)) == frozen


@pytest.mark.parametrize(
    "sizes", [(2, 10, 4), (3, 4, 4), (2, 5, 5, 4), (1, 3, 1), (4, 1, 3), (2, 4, 3, 5, 4)]
)
def test_against_the_definition(sizes):
    for neighbours in range(1, max(sizes[:-2] + sizes[2:]) + 1):
        for ours, theirs in zip(neighbour_mask(sizes, neighbours), brute_force(sizes, neighbours)):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("neighbours, sentence", [
    (5, "`neighbours` must be 1 to 4, the nodes of the largest layer next to a hidden one, got 5"),
    (0, "got 0"),
    (1.5, "must be a whole number, got 1.5"),
    (True, "must be a whole number, got True"),
])  # fmt: skip
def test_more_neighbours_than_nodes(neighbours, sentence):
    with pytest.raises(ValueError, match=sentence):
        neighbour_mask((2, 10, 4), neighbours)


def test_perceptron_with_neighbours():
    rng = np.random.default_rng(0)
    data = dict(inputs=rng.normal(size=(30, 2)), targets=rng.integers(0, 4, 30), hidden=[10], l2=1e-4)
    network = Perceptron(**data, neighbours=1)
    assert network.dimension == 74 - 40
    masked = Perceptron(**data, mask=neighbour_mask((2, 10, 4), 1))
    assert masked.fingerprint() == network.fingerprint()
    with pytest.raises(ValueError, match="`mask` or `neighbours`, not both"):
        Perceptron(**data, neighbours=1, mask=neighbour_mask((2, 10, 4), 1))
    assert xor(3, neighbours=1).dimension == 17 - 6


def test_classes():
    inputs = np.random.default_rng(0).normal(size=(6, 2))
    with pytest.warns(UserWarning, match="No item has class 2, 3 of the 4"):
        network = Perceptron(inputs, [0, 1, 0, 1, 1, 0], hidden=[2], l2=1e-3, classes=4)
    assert network.sizes == (2, 2, 4)
    with pytest.warns(UserWarning, match="No item has class 1 of the 3"):
        Perceptron(inputs, [0, 2, 0, 2, 2, 0], hidden=[2], l2=1e-3)
    with pytest.raises(ValueError, match="must be below `classes`, 2, got 2"):
        Perceptron(inputs, [0, 1, 2, 1, 1, 0], hidden=[2], l2=1e-3, classes=2)
    for targets in ([1] * 6, [0] * 6):
        with pytest.raises(ValueError, match="hold one class only"):
            Perceptron(inputs, targets, hidden=[2], l2=1e-3)
    with pytest.raises(ValueError, match="must be class numbers"):
        Perceptron(inputs, [0, 1, 0.5, 1, 1, 0], hidden=[2], l2=1e-3)
    with pytest.raises(ValueError, match="must be class numbers"):
        Perceptron(inputs, [0, -1, 0, 1, 1, 0], hidden=[2], l2=1e-3)
