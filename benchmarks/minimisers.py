"""Which minimiser for which size: time per minimum on LJAT3 networks, from random starts to rms 1e-6.

    python benchmarks/minimisers.py [--hidden 3,10,30] [--starts 12]

All methods use the same compiled loss, gradient, Hessian and Hessian product on one core. The Newton
methods are SciPy's, called from Python: their own overhead (about 0.2 ms a step) is in the times.
"""

import argparse
import os
import time

import jax
import numpy as np
import scipy.optimize

from lossatlas.datasets import ljat3
from lossatlas.landscapes import Perceptron
from lossatlas.searches import BFGS, LBFGS, QuasiNewton, run_batch, toolkit_for


TOLERANCE = 1e-6
SCIPY = ("trust-exact", "trust-ncg", "Newton-CG")


def ours(landscape, method, starts):
    search = QuasiNewton(method, TOLERANCE, max_gradients=20_000)
    run_batch(search, landscape, starts[:1], workers=1)
    begin = time.perf_counter()
    found = run_batch(search, landscape, starts, workers=1)
    seconds = time.perf_counter() - begin
    rms = np.linalg.norm(found.gradient, axis=1) / np.sqrt(landscape.dimension)
    return seconds, found.gradients.mean(), found.hessians.mean(), (rms <= TOLERANCE).sum()


def scipys(landscape, method, starts):
    evaluate = jax.jit(lambda x: landscape.value_and_gradient(x))
    hessian = jax.jit(lambda x: landscape.hessian(x))
    product = jax.jit(lambda x, v: landscape.hessian_product(x)(v))
    counts = {"gradients": 0, "hessians": 0}

    def value(x):
        counts["gradients"] += 1
        energy, gradient = evaluate(x)
        return float(energy), np.asarray(gradient)

    def second(x, *v):
        counts["hessians"] += 1
        return np.asarray(product(x, *v) if v else hessian(x))

    curvature = {"hess": second} if method == "trust-exact" else {"hessp": second}
    goal = TOLERANCE * np.sqrt(landscape.dimension)
    # Newton-CG stops on the length of its step only; the others on the gradient.
    stop = {"xtol": 1e-9} if method == "Newton-CG" else {"gtol": goal}
    run = lambda x: scipy.optimize.minimize(
        value, x, jac=True, method=method, options={"maxiter": 5000, **stop}, **curvature
    )
    run(starts[0])
    counts.update(gradients=0, hessians=0)
    begin = time.perf_counter()
    ends = [run(x).x for x in starts]
    seconds = time.perf_counter() - begin
    reached = sum(np.linalg.norm(evaluate(x)[1]) <= 1.01 * goal for x in ends)
    return seconds, counts["gradients"] / len(starts), counts["hessians"] / len(starts), reached


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hidden", default="3,10,30")
    parser.add_argument("--starts", type=int, default=12)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = ljat3("D1", items=2000).split(0.5)[0]
    print(f"{'d':>5s}  {'method':22s}{'ms':>8s}{'gradients':>11s}{'Hessians':>10s}{'reached':>9s}")
    for hidden in options.hidden.split(","):
        landscape = Perceptron(data.inputs, data.targets, hidden=[int(hidden)], l2=1e-4)
        starts = np.random.default_rng(1).uniform(-5, 5, (options.starts, landscape.dimension))
        methods = {"L-BFGS(5)": LBFGS(5), "L-BFGS(20)": LBFGS(20), "L-BFGS(100)": LBFGS(100)}
        methods |= {"BFGS": BFGS(), "BFGS, exact every 25": BFGS(25)}
        for name in [*methods, *SCIPY]:
            measure, method = (ours, methods[name]) if name in methods else (scipys, name)
            seconds, gradients, hessians, reached = measure(landscape, method, starts)
            name = name if name in methods else f"scipy {name}"
            chosen = (
                " *"
                if name in methods and toolkit_for(landscape).descent == QuasiNewton(methods[name])
                else ""
            )
            print(
                f"{landscape.dimension:5d}  {name + chosen:22s}{1e3 * seconds / len(starts):8.1f}"
                f"{gradients:11.0f}{hessians:10.1f}{reached:6d}/{len(starts)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
