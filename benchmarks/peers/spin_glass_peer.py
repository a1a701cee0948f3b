"""The spherical spin glass with p = 3, minimised by scipy's L-BFGS-B in plain numpy.

    H = (1/N) sum x_ijk w_i w_j w_k   on   ||w||^2 = N,   with w = sqrt(N) v / ||v|| and v free

The file holds `coefficients` (N, N, N) and `starts` (n, N). `--form full` keeps the symmetrised tensor
whole, as one would write it first; `pairs` half of it. The last line printed is the result as JSON.
"""

import itertools

import numpy as np
from scipy_peer import basic_arguments, evaluate, minimise, quench, report


def pair_slopes(symmetric):
    """Return a function of w: sum_jk x_ijk w_j w_k as a product with a matrix, over j <= k."""
    rows, columns = np.triu_indices(len(symmetric))
    pairs = symmetric[:, rows, columns] * np.where(rows == columns, 1.0, 2.0)
    return lambda w: pairs @ (w[rows] * w[columns])


def spin_glass(coefficients, form):
    """Return a function of v that returns H and its gradient."""
    size = len(coefficients)
    symmetric = sum(coefficients.transpose(order) for order in itertools.permutations(range(3))) / 6.0
    slopes = pair_slopes(symmetric) if form == "pairs" else lambda w: symmetric @ w @ w

    def energy_and_gradient(v):
        scale = np.sqrt(size / (v @ v))
        w = scale * v
        slope = slopes(w)
        energy = (w @ slope) / size
        return energy, scale * (3.0 * slope / size - (3.0 * energy / size) * w)

    return energy_and_gradient


def rms_on_sphere(v, gradient):
    """Return the rms gradient with respect to w; the one with respect to v falls as ||v|| grows."""
    return np.linalg.norm(gradient) * np.linalg.norm(v) / len(v)


def main():
    parser = basic_arguments(__doc__, tolerance=1e-6, memory=20)
    parser.add_argument("--form", choices=("pairs", "full"), default="pairs")
    options = parser.parse_args()
    problem = np.load(options.problem)
    function, starts = spin_glass(problem["coefficients"], options.form), problem["starts"]

    def quencher(x):
        settings = {"tolerance": options.tolerance, "memory": options.memory}
        return quench(function, x, measure=rms_on_sphere, **settings)

    report(minimise(quencher, starts) | {"evaluation": evaluate(function, starts[0])})


if __name__ == "__main__":
    main()
