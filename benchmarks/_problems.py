"""The landscapes of the table, and the files in which the peers get the same ones."""

import numpy as np

from lossatlas.datasets import iris, ljat3, mnist
from lossatlas.landscapes import Perceptron, xor


def random_network() -> Perceptron:
    """[2, 10, 4, 1000, 1e-4] on random data, as in peers/problems.py."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.random((1000, 2)), rng.integers(0, 4, 1000)
    return Perceptron(inputs, targets, hidden=[10], l2=1e-4)


def d1() -> Perceptron:
    """[2, 10, 4, 1000, 1e-4] on the outcomes of geometry optimisations."""
    data = ljat3("D1", inputs=2, items=2000).split(0.5)[0]
    return Perceptron(data.inputs, data.targets, hidden=[10], l2=1e-4)


def lj3() -> Perceptron:
    """[3, 3, 4, 500, 1e-4] on the outcomes of geometry optimisations, all three distances known."""
    data = ljat3("D1", inputs=3, items=1000).split(0.5)[0]
    return Perceptron(data.inputs, data.targets, hidden=[3], l2=1e-4)


def xor6() -> Perceptron:
    return xor(6, l2=1e-4)


def iris_network() -> Perceptron:
    """4-3-3 on Fisher's irises, lam 1e-3."""
    data = iris()
    return Perceptron(data.inputs, data.targets, hidden=[3], l2=1e-3)


def mnist_network() -> Perceptron:
    """[784, 10, 10, 1000, 0.1] on the first training images."""
    data = mnist()
    return Perceptron(data.inputs, data.targets, hidden=[10], l2=0.1)


def starts(landscape, count: int, seed: int = 1) -> np.ndarray:
    """Draw points uniformly from [-5, 5]."""
    return np.random.default_rng(seed).uniform(-5.0, 5.0, (count, landscape.dimension))


def for_peers(network: Perceptron, points: np.ndarray) -> dict:
    """Return the arrays of a problem file; the order of the variables is the same."""
    return {
        "inputs": np.asarray(network.inputs),
        "targets": np.argmax(np.asarray(network.targets), axis=1),
        "hidden": network.sizes[1],
        "l2": float(network.l2),
        "starts": points,
    }
