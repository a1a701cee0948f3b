"""Times the first good model, start-up included: `python benchmarks/fit.py [STARTS]`.

`lossatlas fit` against as many restarts of scikit-learn's MLPClassifier (solver lbfgs, two processes) and
of SciPy's L-BFGS-B with gradients by JAX, each as a program of its own with its imports and compilations.
All minimise one loss: cross entropy plus l2 times the sum of squares of the weights, biases unpenalised, as
scikit-learn has it. Lossatlas runs twice, with an empty cache of programs and with the cache it left.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris, load_wine


L2, HIDDEN = 1e-3, 3
SKLEARN = """
import sys, warnings
import numpy as np
from joblib import Parallel, delayed
from sklearn.neural_network import MLPClassifier
warnings.filterwarnings("ignore")
file, starts, l2, hidden = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
table = np.genfromtxt(file, delimiter=",", skip_header=1)
x, y = table[:, :-1], table[:, -1].astype(int)
x = (x - x.mean(0)) / x.std(0)
def one(seed):
    warnings.filterwarnings("ignore")
    # scikit-learn has alpha / 2 times the mean over items of the sum of squares of the weights.
    net = MLPClassifier([hidden], activation="tanh", solver="lbfgs", alpha=2 * l2 * len(y), max_iter=5000,
                        max_fun=50000, tol=1e-9, random_state=seed)
    net.fit(x, y)
    p = np.log(net.predict_proba(x)[np.arange(len(y)), y])
    return -p.mean() + l2 * sum((w ** 2).sum() for w in net.coefs_)
print(min(Parallel(n_jobs=2)(delayed(one)(seed) for seed in range(starts))))
"""
SCIPY = """
import sys
import numpy as np
import jax
import scipy.optimize
import lossatlas as la
data = la.load_table(sys.argv[1], "y")
l2, hidden = float(sys.argv[3]), int(sys.argv[4])
net = la.Perceptron(data.inputs, data.targets, hidden=hidden, l2=l2, penalise_biases=False)
gradient = jax.jit(jax.value_and_grad(net.surface_energy))
rng, best = np.random.default_rng(0), np.inf
for _ in range(int(sys.argv[2])):
    found = scipy.optimize.minimize(gradient, rng.normal(size=net.dimension), jac=True, method="L-BFGS-B",
                                    options={"maxiter": 5000, "maxfun": 50000, "gtol": 1e-6})
    best = min(best, found.fun)
print(best)
"""


def tables(folder: Path) -> dict[str, Path]:
    """Write three tables with the class in the column y."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 6))
    groups = rng.integers(0, 4, 2000)
    score = x @ rng.normal(size=(6, 3)) + rng.normal(size=(4, 3))[groups]
    synthetic = np.column_stack([x, np.eye(4)[groups]]), score.argmax(axis=1)
    sets = {"iris": load_iris(return_X_y=True), "wine": load_wine(return_X_y=True), "synthetic": synthetic}
    files = {}
    for name, (inputs, classes) in sets.items():
        files[name] = folder / f"{name}.csv"
        header = ",".join([*(f"x{i}" for i in range(inputs.shape[1])), "y"])
        rows = np.column_stack([inputs, classes])
        np.savetxt(files[name], rows, delimiter=",", header=header, comments="", fmt="%.10g")
    return files


def timed(command: list[str], **environment: str) -> tuple[float, str]:
    """Return the seconds that a program takes, and what it prints."""
    everything = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=everything | environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return time.perf_counter() - begun, done.stdout


def main() -> None:
    """Print a table of seconds, ratios and lowest losses."""
    starts = sys.argv[1] if len(sys.argv) > 1 else "50"
    print(f"{starts} starts; seconds with start-up, and the lowest loss")
    print(f"{'table':>10} {'program':>22} {'seconds':>8} {'ratio':>6}  lowest loss")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, file in tables(folder).items():
            more = [str(file), starts, str(L2), str(HIDDEN)]
            cache = str(folder / f"programs-{name}")
            rows = {"scikit-learn": timed([sys.executable, "-c", SKLEARN, *more])}
            rows["SciPy and JAX"] = timed([sys.executable, "-c", SCIPY, *more], LOSSATLAS_CACHE=cache)
            for label in ("lossatlas fit, cold", "lossatlas fit, cached"):
                command = [sys.executable, "-m", "lossatlas", "fit", "csv", str(file), "--target", "y"]
                options = [
                    "--task",
                    "classes",
                    "--hidden",
                    str(HIDDEN),
                    "--l2",
                    str(L2),
                    "--starts",
                    starts,
                ]
                atlas = folder / f"{label[-4:]}-{name}.atlas"
                command += [*options, "--regularise", "weights", "--out", str(atlas)]
                rows[label] = timed(command, LOSSATLAS_CACHE=f"{cache}-fit")
            for label, (seconds, out) in rows.items():
                ratio, lines = seconds / rows["scikit-learn"][0], out.split("\n")
                lowest = [line for line in lines if "lowest loss" in line][-1:] or [out.strip()]
                print(f"{name:>10} {label:>22} {seconds:8.1f} {ratio:6.2f}  {lowest[0].split()[-1]}")


if __name__ == "__main__":
    main()
