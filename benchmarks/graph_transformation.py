"""Times one rate constant by graph transformation: `python benchmarks/graph_transformation.py`.

Alternatives, in the same run and on one core: pele's C++ (in an environment of its own), PyGT, a dense
solve with numpy, and graph transformation in logarithms, one state at a time. All get the same rates; the
mean first-passage times are checked to agree where the alternative can (at the lower temperature the dense
solve cannot). Where doubles end: `--temperatures 0.01 0.006 --peers logarithms`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path


for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]

import numpy as np  # noqa: E402
from environments import interpreter  # noqa: E402
from scipy.sparse import csr_matrix, diags_array  # noqa: E402

from lossatlas.analysis import TransitionNetwork  # noqa: E402
from lossatlas.analysis.kinetics import first_passage, rate_network  # noqa: E402


def network(n, seed=0):
    """A random connected network with 2.8 transition states per minimum, as the largest published one."""
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    tree = np.stack([np.arange(1, n), (rng.random(n - 1) * np.arange(1, n)).astype(int)], axis=1)
    pairs = np.concatenate([tree, rng.integers(0, n, size=(int(1.8 * n), 2))])
    heights = energies[pairs].max(axis=1) + rng.exponential(size=len(pairs))
    return TransitionNetwork(energies, heights, pairs)


def ours(rates):
    begin = time.process_time()
    return first_passage(rates, [0], [1]).mfpt, time.process_time() - begin


def pele(rates):
    start, end, logs = rates.directed()
    python = interpreter("pele")
    if isinstance(python, str):
        return python
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rates.npz"
        np.savez(file, start=start, end=end, rates=np.exp(logs), weights=rates.occupation[:2])
        command = [python, HERE / "peers" / "pele_rates_peer.py", file]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    found = json.loads(done.stdout.splitlines()[-1])
    return found["mfpt"], found["seconds"]


def pygt(rates):
    """Remove all states but two, in the fastest of its block sizes."""
    try:
        from PyGT import GT
    except ImportError:
        return "PyGT is not installed."
    k = csr_matrix(rates.rates())
    total = np.asarray(k.sum(axis=1)).ravel()
    branching = csr_matrix((diags_array(1 / total) @ k).T)  # a column is where a jump begins
    fastest = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in (1, 20, 50):
            removed = np.arange(len(rates)) > 1
            begin = time.process_time()
            try:
                left, tau = GT.blockGT(removed, branching.copy(), 1 / total, block=block)
            except Exception as error:  # a peer's failure is a result
                return f"{type(error).__name__}: {error}"
            seconds = time.process_time() - begin
            if fastest is None or seconds < fastest[1]:
                jump = csr_matrix(left).toarray()[1, 0]
                fastest = float(np.ravel(tau)[0] / jump), seconds
    return fastest


def logarithms(rates):
    """Remove all states but the first and the target, those with fewest neighbours first, by logaddexp."""
    begin = time.process_time()
    n = len(rates)
    matrix, log_times = np.full((n, n), -np.inf), rates.log_weights.copy()
    matrix[tuple(rates.pairs.T)] = matrix[tuple(rates.pairs[:, ::-1].T)] = rates.log_conductances
    degree = np.count_nonzero(matrix > -np.inf, axis=1)
    degree[:2] = 2 * n
    for _ in range(n - 2):
        i = int(np.argmin(degree))
        later = np.flatnonzero(matrix[i] > -np.inf)
        row = matrix[i, later]
        part = row - np.logaddexp.reduce(row)
        block = np.ix_(later, later)
        matrix[block] = np.logaddexp(matrix[block], part[:, None] + row)
        log_times[later] = np.logaddexp(log_times[later], part + log_times[i])
        matrix[later, later] = matrix[later, i] = -np.inf
        degree[i] = 2 * n
        free = later[degree[later] < 2 * n]
        degree[free] = np.count_nonzero(matrix[free] > -np.inf, axis=1)
    return float(np.exp(log_times[0] - matrix[0, 1])), time.process_time() - begin


def dense(rates):
    begin = time.process_time()
    matrix = -rates.rates().toarray()
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    free = np.arange(len(rates)) != 1
    try:
        times = np.linalg.solve(matrix[np.ix_(free, free)], np.ones(free.sum()))
    except np.linalg.LinAlgError as error:
        return f"LinAlgError: {error}"
    return float(times[0]), time.process_time() - begin


PEERS = {"pele": pele, "PyGT": pygt, "numpy": dense, "logarithms": logarithms}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.3, 0.03])
    parser.add_argument("--peers", choices=PEERS, nargs="+", default=["pele", "PyGT", "numpy"])
    options = parser.parse_args()
    for n in options.sizes:
        for kt in options.temperatures:
            rates = rate_network(network(n), kt)
            time_of, best = min((ours(rates) for _ in range(3)), key=lambda found: found[1])
            print(f"{n} states, kT {kt}: ours {best:.3f} s, mean first-passage time {time_of:.12e}")
            for name in options.peers:
                found = PEERS[name](rates)
                if isinstance(found, str):
                    print(f"  {name}: {found}")
                    continue
                there, seconds = found
                print(
                    f"  {name}: {seconds:.3f} s, {seconds / best:.1f} times ours, differs by "
                    f"{abs(there / time_of - 1):.1e}"
                )


if __name__ == "__main__":
    main()
