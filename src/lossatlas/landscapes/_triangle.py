"""Symmetric matrices stored as their upper triangle, one entry per pair of indices i <= j."""

import functools

import numpy as np


@functools.lru_cache(maxsize=256)
def pair_numbers(size: int) -> np.ndarray:
    """Return the position in the triangle of each entry (i, j), shape (size, size).

    The triangle is ordered as by `numpy.triu_indices`.
    """
    numbers = np.zeros((size, size), dtype=np.int64)
    i, j = np.triu_indices(size)
    numbers[i, j] = numbers[j, i] = np.arange(len(i))
    return numbers
