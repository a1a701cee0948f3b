"""scipy's L-BFGS-B and basin-hopping on the plain numpy loss of `network.py`.

The last line printed is the result as JSON. `problem` is a file that `problems.py` describes.
"""

import argparse
import json
import statistics
import time
from importlib.metadata import version

import numpy as np
from network import read_problem
from scipy.optimize import OptimizeResult, basinhopping, minimize


def rms_gradient(_, gradient):
    return np.linalg.norm(gradient) / np.sqrt(len(gradient))


def quench(function, start, *, tolerance, memory, measure=rms_gradient, restarts=3):
    """Minimise by L-BFGS-B until `measure(x, gradient)`, the rms gradient, is at most `tolerance`.

    L-BFGS-B has no such stop (its own bounds the largest component), so the callback supplies it. Where the
    line search gives up first, because the loss no longer changes in its last digits, it starts afresh.
    """
    gradient, evaluations = None, 0

    def remembering(x):
        nonlocal gradient, evaluations
        evaluations += 1
        loss, gradient = function(x)
        return loss, gradient

    def stop(intermediate_result):  # L-BFGS-B evaluates the point that it accepts last
        if measure(intermediate_result.x, gradient) <= tolerance:
            raise StopIteration

    options = {"maxcor": memory, "maxiter": 100_000, "maxfun": 1_000_000, "ftol": 0.0, "gtol": 0.0}
    x = start
    for _ in range(1 + restarts):
        result = minimize(remembering, x, jac=True, method="L-BFGS-B", callback=stop, options=options)
        x, rms = result.x, measure(result.x, result.jac)
        if rms <= tolerance:
            break
    success = bool(rms <= tolerance)
    return OptimizeResult(
        x=x, fun=float(result.fun), jac=result.jac, rms=float(rms), nfev=evaluations, success=success
    )


def evaluate(function, x, blocks=21, calls=200):
    """Return the seconds per loss and gradient: the median over blocks."""
    times = []
    for _ in range(blocks):
        begin = time.process_time()
        for _ in range(calls):
            function(x)
        times.append((time.process_time() - begin) / calls)
    return {"seconds": statistics.median(times), "fastest": min(times), "slowest": max(times)}


def minimise(quencher, starts):
    """Return seconds, evaluations, energy and rms gradient for every start."""
    found = {"seconds": [], "evaluations": [], "energies": [], "rms": [], "converged": 0}
    for start in starts:
        begin = time.process_time()
        result = quencher(start)
        found["seconds"].append(time.process_time() - begin)
        found["evaluations"].append(int(result.nfev))
        found["energies"].append(float(result.fun))
        found["rms"].append(float(result.rms))
        found["converged"] += bool(result.success)
    return found


def hop(quencher, start, options):
    """Basin-hopping with a fixed step size from one start; the seconds include the first minimisation."""
    results = []

    def method(_, x, **__):
        results.append(quencher(x))
        return results[-1]

    begin = time.process_time()
    basinhopping(
        lambda x: 0.0,  # not called: the minimiser above knows the loss
        start,
        niter=options.hops,
        T=options.temperature,
        stepsize=options.step,
        interval=options.hops + 1,  # the step size stays
        minimizer_kwargs={"method": method},
        rng=options.seed,
    )
    return {
        "seconds": time.process_time() - begin,
        "hops": options.hops,
        "evaluations": [int(result.nfev) for result in results],
        "energies": [float(result.fun) for result in results],
        "converged": sum(bool(result.success) for result in results),
    }


def basic_arguments(description, *, tolerance, memory):
    """Return the parser of the options that all the peers share."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("problem", help="npz file")
    parser.add_argument("--tolerance", type=float, default=tolerance, help="rms gradient")
    parser.add_argument("--memory", type=int, default=memory, help="number of L-BFGS updates kept")
    return parser


def arguments(description, tasks, memory):
    """Return the parser of the options that the network peers share."""
    parser = basic_arguments(description, tolerance=1e-6, memory=memory)
    parser.add_argument("--task", choices=tasks, default=tasks[0])
    parser.add_argument("--hops", type=int, default=100)
    parser.add_argument("--step", type=float, default=1.0, help="largest change of a variable in a hop")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def report(result, packages=("numpy", "scipy")):
    """Print a result as JSON, with the versions of what computed it."""
    print(json.dumps(result | {"versions": {name: version(name) for name in packages}}))


def main():
    options = arguments(__doc__, ["evaluate", "minimise", "basinhopping"], memory=20).parse_args()
    function, problem = read_problem(options.problem)
    starts = problem["starts"]

    def quencher(x):
        return quench(function, x, tolerance=options.tolerance, memory=options.memory)

    function(starts[0])
    if options.task == "evaluate":
        result = evaluate(function, starts[0])
    elif options.task == "minimise":
        result = minimise(quencher, starts)
    else:
        result = hop(quencher, starts[0], options)
    report(result)


if __name__ == "__main__":
    main()
