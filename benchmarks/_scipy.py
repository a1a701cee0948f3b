"""SciPy's L-BFGS-B on our compiled loss, called as a user would call it from Python."""

import jax
import numpy as np
import scipy.optimize


def lbfgs(landscape, memory: int, tolerance: float = 1e-6):
    """Return a function that minimises from a point until the rms gradient is at most `tolerance`.

    L-BFGS-B has no such stop, so the callback supplies it. It returns SciPy's result, `rms` added.
    """
    evaluate = jax.jit(lambda land, x: land.value_and_gradient(x))
    gradient = np.zeros(landscape.dimension)
    rms = lambda g: float(np.linalg.norm(g) / np.sqrt(landscape.dimension))
    options = {"maxcor": memory, "maxiter": 100_000, "maxfun": 1_000_000, "ftol": 0.0, "gtol": 0.0}

    def function(x):
        energy, gradient[:] = evaluate(landscape, x)
        return float(energy), gradient.copy()

    def stop(intermediate_result):  # L-BFGS-B evaluates the point that it accepts last
        if rms(gradient) <= tolerance:
            raise StopIteration

    def minimise(x):
        end = scipy.optimize.minimize(
            function, x, jac=True, method="L-BFGS-B", callback=stop, options=options
        )
        end.rms = rms(end.jac)
        return end

    function(np.zeros(landscape.dimension))  # compilation
    return minimise
