"""Minimisations per second against scipy's L-BFGS-B on the same starts, in the same run.

    python benchmarks/minimise.py [--starts 32]

scipy gets the same compiled loss and gradient and stops at rms gradient 1e-6; ours goes on to rounding
level and computes the spectrum. `ratio` is scipy's time over ours on one core, `cores` the gain of all
cores over one.
"""

import argparse
import statistics
import time

import jax
import numpy as np
import scipy.optimize

from lossatlas.datasets import iris
from lossatlas.landscapes import Perceptron, xor
from lossatlas.searches import available_cores, minimise
from lossatlas.searches.global_search import random_starts


def problems():
    table, rng = iris(), np.random.default_rng(0)
    yield "xor 2-3-2, lam 1e-3", xor(3)
    yield "xor 2-6-2, lam 1e-4", xor(6, l2=1e-4)
    yield "iris 4-3-3, lam 1e-3", Perceptron(table.inputs, table.targets, hidden=[3], l2=1e-3)
    random = Perceptron(rng.random((1000, 2)), rng.integers(0, 4, 1000), hidden=[10], l2=1e-4)
    yield "random [2,10,4,1000,1e-4]", random


def scipy_time(landscape, starts):
    evaluate = jax.jit(lambda x: landscape.value_and_gradient(x))

    def function(x):
        energy, gradient = evaluate(x)
        return float(energy), np.asarray(gradient)

    function(starts[0])
    # pgtol bounds the largest component; with it the rms is at most 1e-6.
    options = {"maxcor": 50, "maxiter": 100_000, "maxfun": 100_000, "ftol": 0.0, "gtol": 1e-6}
    begin = time.perf_counter()
    for x in starts:
        scipy.optimize.minimize(function, x, jac=True, method="L-BFGS-B", options=options)
    return time.perf_counter() - begin


def our_time(landscape, starts, workers):
    minimise(landscape, starts[:4], workers=workers)  # compilation
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        result = minimise(landscape, starts, workers=workers)
        times.append(time.perf_counter() - begin)
    return statistics.median(times), result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=32)
    count = parser.parse_args().starts
    print(f"{'problem':28s}{'ours ms':>9s}{'scipy ms':>10s}{'ratio':>7s}{'cores':>7s}{'converged':>11s}")
    for name, landscape in problems():
        starts = random_starts(landscape, jax.random.key(0), np.arange(count))
        scipy_seconds = scipy_time(landscape, starts)
        one, result = our_time(landscape, starts, 1)
        both, _ = our_time(landscape, starts, available_cores())
        print(
            f"{name:28s}{1e3 * one / count:9.2f}{1e3 * scipy_seconds / count:10.2f}"
            f"{scipy_seconds / one:7.1f}{one / both:7.2f}{result.converged.sum():8d}/{count}"
        )


if __name__ == "__main__":
    main()
