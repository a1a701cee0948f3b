"""Three atoms with Lennard-Jones and Axilrod-Teller energy, minimised by scipy's L-BFGS-B in plain numpy.

    V = 4 sum (r^-12 - r^-6) + 2 (1 + 3 cos t1 cos t2 cos t3) / (r12 r13 r23)^3

L-BFGS-B stops short of rms gradient 1e-10 in about half the cases, where the energy no longer changes;
scipy's Levenberg-Marquardt search for a zero of the gradient finishes. The file holds `starts` (n, 9).
The last line printed is the result as JSON.
"""

import numpy as np
from scipy.optimize import OptimizeResult, root
from scipy_peer import basic_arguments, evaluate, minimise, quench, report, rms_gradient


UNIT = 0.1  # L-BFGS-B's first step has unit length: in these units no atom lands on another


def energy_and_gradient(x):
    """By squared distances s: cos t1 cos t2 cos t3 = product of (sum of s - 2 s) / (8 product of s)."""
    atoms = x.reshape(3, 3)
    bonds = atoms - atoms[[1, 2, 0]]
    s = np.einsum("ij,ij->i", bonds, bonds)
    inverse = 1.0 / s
    third = inverse**3
    angles = s.sum() - 2.0 * s
    others = angles[[1, 2, 0]] * angles[[2, 0, 1]]
    triple, product = angles[0] * others[0], inverse.prod()
    first, second = 2.0 * product**1.5, 0.75 * product**2.5
    energy = 4.0 * (third @ third - third.sum()) + first + second * triple
    slope = 12.0 * inverse * third * (1.0 - 2.0 * third)
    slope -= (1.5 * first + 2.5 * second * triple) * inverse
    slope += second * (others.sum() - 2.0 * others)
    forces = (2.0 * slope)[:, None] * bonds
    return energy, (forces - forces[[2, 0, 1]]).ravel()


def polish(x, evaluations, tolerance):
    """Go on to the root of the gradient."""
    settings = {"ftol": 0.0, "xtol": 1e-15, "gtol": 0.0}
    found = root(lambda x: energy_and_gradient(x)[1], x, method="lm", options=settings)
    rms = rms_gradient(None, found.fun)
    energy = energy_and_gradient(found.x)[0]
    return OptimizeResult(fun=energy, rms=rms, nfev=evaluations + found.nfev, success=rms <= tolerance)


def main():
    options = basic_arguments(__doc__, tolerance=1e-10, memory=10).parse_args()
    starts = np.load(options.problem)["starts"]

    def scaled(y):
        energy, gradient = energy_and_gradient(UNIT * y)
        return energy, UNIT * gradient

    def rms(_, gradient):
        return rms_gradient(_, gradient) / UNIT

    def quencher(x):
        settings = {"tolerance": options.tolerance, "memory": options.memory, "restarts": 1}
        result = quench(scaled, x / UNIT, measure=rms, **settings)
        if not result.success:
            result = polish(UNIT * result.x, result.nfev, options.tolerance)
        return result

    report(minimise(quencher, starts) | {"evaluation": evaluate(energy_and_gradient, starts[0])})


if __name__ == "__main__":
    main()
