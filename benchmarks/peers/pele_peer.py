"""pele's L-BFGS, basin-hopping and double-ended connection on the plain numpy loss of `network.py`.

pele is under the GPL-3.0-or-later. Runs in its own environment, with its fastest settings for this loss:
`lbfgs_cpp` with 100 updates and steps of at most 0.4. The last line printed is the result as JSON.
"""

import contextlib
import sys
import time

import numpy as np
from network import read_problem
from pele.basinhopping import BasinHopping
from pele.landscape import DoubleEndedConnect
from pele.optimize import lbfgs_cpp
from pele.potentials import BasePotential
from pele.storage import Database
from pele.takestep import RandomDisplacement
from pele.transition_states import FindTransitionState
from scipy_peer import arguments, minimise, report


class NumpyLoss(BasePotential):
    def __init__(self, function):
        self.function, self.evaluations = function, 0

    def getEnergyGradient(self, x):
        self.evaluations += 1
        return self.function(x)

    def getEnergy(self, x):
        return self.getEnergyGradient(x)[0]


def quencher_for(potential, options):
    settings = {"tol": options.tolerance, "M": options.memory, "maxstep": options.maxstep}
    settings["nsteps"] = 100_000

    def quench(x, **_):
        result = lbfgs_cpp(x, potential, **settings)
        result.fun = result.energy  # the name that scipy_peer reads
        return result

    return quench


def hop(potential, quench, start, options):
    """Basin-hopping with a fixed step size; the seconds include the first minimisation."""
    results = []

    def keeping(x):
        results.append(quench(x))
        return results[-1]

    np.random.seed(options.seed)
    begin = time.process_time()
    step = RandomDisplacement(stepsize=options.step)
    search = BasinHopping(
        start, potential, step, temperature=options.temperature, quench=keeping, outstream=None
    )
    search.run(options.hops)
    return {
        "seconds": time.process_time() - begin,
        "hops": options.hops,
        "evaluations": [int(result.nfev) for result in results],
        "energies": [float(result.energy) for result in results],
        "converged": sum(bool(result.success) for result in results),
    }


def distance(x, y):
    """pele's alignment for a system without symmetry: the distance and the two points."""
    return np.linalg.norm(x - y), x, y


def connect_settings(quench, options):
    """pele's own settings reject every saddle here; longer, tighter searches with more memory do not.

    Of a dozen settings tried these take the least time per transition state. A push-off of 0.01 leaves the
    rms gradient below 1e-6, so that the minimisation does not leave the saddle.
    """
    search = FindTransitionState.params() | {"tol": options.tolerance, "orthogZeroEigs": None}
    if options.own_settings:
        return {"tsSearchParams": search, "pushoff_params": {"quench": quench}}
    memory = {"M": options.memory}
    search["nsteps"], search["nsteps_tangent1"], search["nsteps_tangent2"] = 400, 30, 300
    search["tangentSpaceQuenchParams"] = memory | {"maxstep": options.maxstep}
    search["lowestEigenvectorQuenchParams"] = memory | {"nsteps": 1000, "tol": 1e-6, "cpp_lbfgs": True}
    return {
        "tsSearchParams": search,
        "NEBparams": {"max_images": options.images},
        "pushoff_params": {"quench": quench, "stepmin": 0.1},
    }


def connect(potential, quench, pairs, options):
    """Some cycles of DoubleEndedConnect per pair of minima, each pair in a fresh database in memory."""
    np.random.seed(options.seed)
    settings = connect_settings(quench, options)
    settings["tsSearchParams"]["index_seed"] = options.seed
    found = {"seconds": [], "evaluations": [], "transition_states": [], "distances": [], "connected": 0}
    for x, y in pairs:
        database = Database(accuracy=1e-7, compareMinima=lambda a, b: distance(a.coords, b.coords)[0] < 0.1)
        ends = [database.addMinimum(potential.getEnergy(end), end) for end in (x, y)]
        potential.evaluations, begin = 0, time.process_time()
        cycle = DoubleEndedConnect(
            *ends,
            potential,
            distance,
            database,
            verbosity=0,
            niter=options.cycles,
            local_connect_params=settings,
        )
        cycle.connect()
        found["seconds"].append(time.process_time() - begin)
        found["evaluations"].append(potential.evaluations)
        found["transition_states"].append([float(state.energy) for state in database.transition_states()])
        found["distances"].append(float(distance(x, y)[0]))
        found["connected"] += bool(cycle.success())
    return found


def main():
    parser = arguments(__doc__, ["minimise", "basinhopping", "connect"], memory=100)
    parser.add_argument("--maxstep", type=float, default=0.4, help="of one L-BFGS step")
    parser.add_argument("--pairs", type=int, default=5, help="at most; for connect")
    parser.add_argument("--cycles", type=int, default=1, help="per pair, at most; for connect")
    parser.add_argument("--images", type=int, default=10, help="of the elastic band, at most; for connect")
    parser.add_argument("--own-settings", type=int, default=0, help="1: connect with pele's own settings")
    options = parser.parse_args()
    function, problem = read_problem(options.problem)
    potential, starts = NumpyLoss(function), problem["starts"]
    quench = quencher_for(potential, options)
    with contextlib.redirect_stdout(sys.stderr):
        if options.task == "minimise":
            result = minimise(quench, starts)
        elif options.task == "basinhopping":
            result = hop(potential, quench, starts[0], options)
        else:  # minima of the file, or of its first starts; neighbours unless the file says
            given = problem.get("minima")
            minima = given if given is not None else [quench(x).coords for x in starts[: options.pairs + 1]]
            pairs = problem.get("pairs", [(i, i + 1) for i in range(len(minima) - 1)])[: options.pairs]
            result = connect(potential, quench, [(minima[i], minima[j]) for i, j in pairs], options)
    report(result, ["numpy", "scipy", "pele"])


if __name__ == "__main__":
    main()
