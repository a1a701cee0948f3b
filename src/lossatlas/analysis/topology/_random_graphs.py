"""Random graphs to compare a network with: of the same size, or of the same degrees."""

from collections.abc import Iterator

import numpy as np


_FIRST_ROUNDS, _ROUNDS = 10, 3


def same_size(n: int, edges: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one of the simple graphs with n nodes and so many edges, all equally likely; pairs.

    Source: P. Erdos & A. Renyi, Publ. Math. Debrecen 6, 290 (1959).
    """
    number = rng.choice(n * (n - 1) // 2, edges, replace=False, shuffle=False)
    # Number k stands for the pair (i, j), i < j, with k = j (j - 1) / 2 + i.
    j = ((1 + np.sqrt(1 + 8.0 * number)) / 2).astype(np.int64)
    j -= j * (j - 1) // 2 > number  # where rounding went up
    return np.stack([number - j * (j - 1) // 2, j], axis=1)


def same_degrees(n: int, pairs: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw simple graphs with the degrees of a given one, without end, by switching ends of edges.

    In a round the edges are paired at random, and a pair (a, b), (c, d) becomes (a, d), (c, b), nine
    times of ten. All do so at once; those that would make a loop, or whose old or new edges are also old
    or new edges of another pair, stay. That rule is the same backwards, so the rounds are a reversible
    Markov chain, and its stationary distribution is uniform. A graph follows the one before it by some
    rounds, in which each edge has been switched about as often.

    Source: R. Milo et al., arXiv:cond-mat/0312028 (2003), for the chain of single switches.
    """
    rounds = _FIRST_ROUNDS
    while True:
        for _ in range(rounds):
            pairs = _switch(n, pairs, rng)
        yield pairs
        rounds = _ROUNDS


def _switch(n: int, pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Do one round; an odd edge out stays."""
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
    stays = stays[:count] | stays[count:]  # of an edge, and of what it would become
    stays[:half] |= stays[half : 2 * half] | (rng.random(half) < 0.1)
    stays[half : 2 * half] = stays[:half]
    return np.stack([start, np.where(stays, end, other)], axis=1)
