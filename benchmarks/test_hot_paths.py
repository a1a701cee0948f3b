"""The hot paths under pytest-benchmark, for comparing two versions of the code on one machine.

    python -m pytest benchmarks/test_hot_paths.py -n 0 --benchmark-autosave
    python -m pytest benchmarks/test_hot_paths.py -n 0 --benchmark-compare

`table.py` compares with other programs; this compares with yesterday.
"""

import functools

import jax
import numpy as np
import pytest

from _problems import d1
from lossatlas.landscapes import xor
from lossatlas.searches import find_bands, find_pathways, find_saddles, minimise


@functools.cache
def points():
    """Minima of the D1 network, guesses between them, transition states and their directions."""
    landscape = d1()
    starts = np.random.default_rng(0).uniform(-5.0, 5.0, (12, landscape.dimension))
    minima = minimise(landscape, starts, workers=1)
    minima = minima.where(minima.converged).x
    bands = find_bands(landscape, minima[:-1], minima[1:], workers=1)
    states = find_saddles(landscape, bands.x, directions=bands.direction, workers=1)
    return landscape, starts, minima, bands, states.where(states.converged)


@pytest.mark.parametrize("part", ["value_and_gradient", "hessian"])
def test_derivatives(benchmark, part):
    landscape, starts, *_ = points()
    evaluate = jax.jit(lambda x: jax.lax.map(getattr(landscape, part), x))
    jax.block_until_ready(evaluate(starts))
    benchmark(lambda: jax.block_until_ready(evaluate(starts)))


@pytest.mark.parametrize("problem", ["D1", "XOR 6"])
def test_minimise(benchmark, problem):
    landscape, starts, *_ = points()
    if problem == "XOR 6":
        landscape = xor(6, l2=1e-4)
        starts = np.random.default_rng(0).uniform(-5.0, 5.0, (64, landscape.dimension))
    found = benchmark(minimise, landscape, starts, workers=1)
    assert found.converged.mean() > 0.9


def test_find_bands(benchmark):
    landscape, _, minima, *_ = points()
    benchmark(find_bands, landscape, minima[:-1], minima[1:], workers=1)


def test_find_saddles(benchmark):
    landscape, _, _, bands, _ = points()
    benchmark(find_saddles, landscape, bands.x, directions=bands.direction, workers=1)


def test_find_pathways(benchmark):
    landscape, *_, states = points()
    benchmark(find_pathways, landscape, states.x, states.direction, workers=1)
