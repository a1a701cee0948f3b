"""The spherical spin glass with p = 3, minimised by scipy's L-BFGS-B in plain numpy.

    H = (1/N) sum x_ijk w_i w_j w_k   on   ||w||^2 = N,   with w = sqrt(N) v / ||v|| and v free

The file holds `coefficients` (N, N, N) and `starts` (n, N). The last line printed is the result as JSON.
"""

import itertools

import numpy as np
from scipy_peer import basic_arguments, evaluate, minimise, quench, report


def spin_glass(coefficients):
    """Return a function of v that returns H and its gradient: one product of a matrix with a vector."""
    size = len(coefficients)
    symmetric = sum(coefficients.transpose(order) for order in itertools.permutations(range(3))) / 6.0
    rows, columns = np.triu_indices(size)
    pairs = symmetric[:, rows, columns] * np.where(rows == columns, 1.0, 2.0)

    def energy_and_gradient(v):
        scale = np.sqrt(size / (v @ v))
        w = scale * v
        slope = pairs @ (w[rows] * w[columns])
        energy = (w @ slope) / size
        return energy, scale * (3.0 * slope / size - (3.0 * energy / size) * w)

    return energy_and_gradient


def rms_on_sphere(v, gradient):
    """Return the rms gradient with respect to w; the one with respect to v falls as ||v|| grows."""
    return np.linalg.norm(gradient) * np.linalg.norm(v) / len(v)


def main():
    options = basic_arguments(__doc__, tolerance=1e-6, memory=20).parse_args()
    problem = np.load(options.problem)
    function, starts = spin_glass(problem["coefficients"]), problem["starts"]

    def quencher(x):
        settings = {"tolerance": options.tolerance, "memory": options.memory}
        return quench(function, x, measure=rms_on_sphere, **settings)

    report(minimise(quencher, starts) | {"evaluation": evaluate(function, starts[0])})


if __name__ == "__main__":
    main()
