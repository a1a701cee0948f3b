"""Random graphs to compare a network with: of the same size, or of the same degrees."""

from collections.abc import Iterator

import numpy as np


_FIRST_ROUNDS, _ROUNDS = 10, 3  # rounds of switches before the first graph, and between graphs


def same_size(n: int, edges: int, rng: np.random.Generator) -> np.ndarray:
    """Return the pairs of a simple graph drawn uniformly from all with n nodes and a number of edges.

    Source: P. Erdos & A. Renyi, Publ. Math. Debrecen 6, 290 (1959).
    """
    number = rng.choice(n * (n - 1) // 2, edges, replace=False, shuffle=False)
    # Number k stands for the pair (i, j), i < j, with k = j (j - 1) / 2 + i.
    j = ((1 + np.sqrt(1 + 8.0 * number)) / 2).astype(np.int64)
    j -= j * (j - 1) // 2 > number  # corrects square roots that were rounded up
    return np.stack([number - j * (j - 1) // 2, j], axis=1)


def same_degrees(n: int, pairs: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield simple graphs with the degrees of a given graph, without end, by switching ends of edges.

    In a round the edges are paired at random, and a pair (a, b), (c, d) becomes (a, d), (c, b) with
    probability 0.9. All pairs switch at once, but a pair stays as it is if it would make a loop, or if one
    of its old or new edges is also an old or new edge of another pair. The reversed move obeys the same
    rule, so the rounds are a reversible Markov chain with a uniform stationary distribution. Consecutive
    graphs are separated by several rounds, so that each edge has been switched several times.

    Source: R. Milo et al., arXiv:cond-mat/0312028 (2003), for the chain of single switches.
    """
    rounds = _FIRST_ROUNDS
    while True:
        for _ in range(rounds):
            pairs = _switch(n, pairs, rng)
        yield pairs
        rounds = _ROUNDS


def _switch(n: int, pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the edges after one round of switches; if their number is odd, one edge stays as it is."""
    count, half = len(pairs), len(pairs) // 2
    place = rng.permutation(count)
    turned = rng.integers(2, size=count)
    start, end = pairs[place, turned], pairs[place, 1 - turned]
    other = end.copy()
    other[:half], other[half : 2 * half] = end[half : 2 * half], end[:half]

    starts, ends = np.tile(start, 2), np.concatenate([end, other])
    keys = np.minimum(starts, ends) * n + np.maximum(starts, ends)
    order = np.argsort(keys)
    equal = np.diff(keys[order]) == 0
    stays = starts == ends
    stays[order[1:][equal]] = stays[order[:-1][equal]] = True
    stays = stays[:count] | stays[count:]  # because of the old edge or the new one
    stays[:half] |= stays[half : 2 * half] | (rng.random(half) < 0.1)
    stays[half : 2 * half] = stays[:half]
    return np.stack([start, np.where(stays, end, other)], axis=1)
