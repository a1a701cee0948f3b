"""GMIN's basin-hopping (Fortran, its own network loss MLPVB3) through the program that pylfl carries.

GMIN is under the GPL; it runs as a program, in a temporary folder. Seconds are the CPU seconds that GMIN
prints, to 0.1 s, of the hops and the first minimisation; the final tight minimisations come on top.
`--seed` has no effect: GMIN repeats its own random numbers. The last line printed is the result as JSON.
"""

import platform
import re
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from network import read_problem
from scipy_peer import arguments, report


KEYWORDS = """SLOPPYCONV {tolerance:.1E}
TIGHTCONV 1.0D-9
SAVE 1
UPDATES {memory}
MAXIT 5000 5000
EDIFF 1.0D-4
STEPS {hops} 1.0
STEP {step}
TEMPERATURE {temperature}
FIXBOTH
MLPVB3 {inputs} 1 {hidden} {classes} {items} {l2}
"""
HOP = re.compile(r"^ *Qu +\d+ E= *(\S+) +steps= *(\d+) RMS= *(\S+) .* t= *(\S+)", re.MULTILINE)
CALLS = re.compile(r"Number of potential calls +(\d+)")


def program():
    system = {"Linux": "linux/GMIN", "Darwin": "mac/GMIN", "Windows": "win/GMIN.exe"}[platform.system()]
    return Path(find_spec("pylfl").origin).parent / "bin" / system


def to_gmin(w, inputs, hidden, classes):
    """Reorder (W1, b1, W2, b2) as GMIN has it: (W1, W2, b1, b2)."""
    weights1, bias1, weights2, bias2 = np.split(w, np.cumsum([hidden * inputs, hidden, classes * hidden]))
    return np.concatenate([weights1, weights2, bias1, bias2])


def from_gmin(w, inputs, hidden, classes):
    weights1, weights2, bias1, bias2 = np.split(w, np.cumsum([hidden * inputs, classes * hidden, hidden]))
    return np.concatenate([weights1, bias1, weights2, bias2])


def main():
    options = arguments(__doc__, ["basinhopping"], memory=500).parse_args()
    function, problem = read_problem(options.problem)
    start, hidden = problem["starts"][0], int(problem["hidden"])
    items, inputs = problem["inputs"].shape
    classes = (len(start) - hidden * (inputs + 1)) // (hidden + 1)
    settings = vars(options) | {"inputs": inputs, "hidden": hidden, "classes": classes, "items": items}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = np.column_stack([problem["targets"], problem["inputs"]])  # labels count from 0
        np.savetxt(folder / "MLPdata", table, fmt=["%d"] + ["%.16f"] * inputs, delimiter="\t")
        np.savetxt(folder / "coords", to_gmin(start, inputs, hidden, classes), fmt="%.12f")
        (folder / "data").write_text(KEYWORDS.format(l2=float(problem["l2"]), **settings))
        begin = time.perf_counter()
        done = subprocess.run([program()], cwd=folder, capture_output=True, text=True)
        elapsed, text = time.perf_counter() - begin, done.stdout
        hops, calls = HOP.findall(text), CALLS.search(text)
        if done.returncode or calls is None or len(hops) != options.hops + 1:
            tail = (text + done.stderr)[-200:]
            raise SystemExit(f"GMIN stopped after {len(hops)} minimisations: {tail!r}")
        lines = (folder / "lowest").read_text().split("\n")
    lowest = from_gmin(np.array(lines[2 : 2 + len(start)], float), inputs, hidden, classes)
    result = {
        "seconds": float(hops[-1][3]),
        "hops": options.hops,
        "evaluations": [int(steps) for _, steps, _, _ in hops],  # L-BFGS steps; calls: below
        "energies": [float(energy) for energy, _, _, _ in hops],
        "converged": sum(float(rms.replace("D", "E")) <= options.tolerance for _, _, rms, _ in hops),
        "calls": int(calls[1]),  # of the loss, with the tight minimisations
        "elapsed": elapsed,  # wall clock, with the tight minimisations
        "lowest": float(lines[1].split("=")[1].split()[0]),
        "lowest_by_numpy": float(function(lowest)[0]),  # the same point by network.py
    }
    report(result, ["pylfl"])


if __name__ == "__main__":
    main()
