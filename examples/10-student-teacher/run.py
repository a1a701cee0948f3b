"""Train students from many starts, and keep their losses after 1, 2, 4, ... gradients in a table.

    python run.py digits 5,10,20,40 --gradients 8192 --starts 16 --out digits.csv

A run that was stopped goes on where it was.
"""

import argparse
import csv
from pathlib import Path

import jax
import numpy as np

from lossatlas._results import RESULTS
from lossatlas.landscapes import Perceptron
from lossatlas.recipes import AbstractDataRecipe, rank_bound, read_recipe
from lossatlas.searches import LBFGS, Descents, GradientDescent, QuasiNewton, basin_hopping, descend
from lossatlas.searches.global_search import random_starts


METHODS = ("gradient", "lbfgs", "hopping")
PAIRS = 40  # of L-BFGS
TOLERANCE = 1e-9  # rms gradient: a loss of 1e-12 is still on its way down at 1e-7
QUENCHES = 8  # of a hopping chain, each with an equal part of the gradients


def usual_starts(network: Perceptron, starts: int) -> np.ndarray:
    """Draw weights and biases uniformly from +-1/sqrt(inputs of the node), as is usual in training."""
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(starts):
        parts = []
        for inputs, outputs in zip(network.sizes, network.sizes[1:]):
            parts.append(rng.uniform(-1, 1, (inputs + 1) * outputs) / np.sqrt(inputs))
        rows.append(np.concatenate(parts))
    return np.stack(rows)


def train(network: Perceptron, x: np.ndarray, method: str, gradients: int, step: float, hop: float) -> dict:
    """Run a method from every start with at most so many gradients, and return how it went.

    `step` is that of gradient descent, `hop` the length of the longest hops, parameter units.
    """
    if method == "hopping":
        each = gradients // QUENCHES
        hops = basin_hopping(
            network, x, steps=QUENCHES - 1, temperature=0.0, key=jax.random.key(1), step=hop,
            method=QuasiNewton(LBFGS(PAIRS)), max_gradients=each, polish=False, workers=1,
        )  # fmt: skip
        assert isinstance(hops.quenches, Descents)
        table = hops.quenches.history.reshape(QUENCHES, len(x), -1)
        best = np.minimum.accumulate(table[:, :, -1])
        doublings = [best[2**k - 1] for k in range(1, QUENCHES.bit_length())]
        curve = np.column_stack([table[0], *doublings])
        last = hops.quenches[(QUENCHES - 1) * len(x) :]
        spent = hops.quenches.gradients.reshape(QUENCHES, len(x)).sum(axis=0)
        return {"curve": curve, "rms": last.rms_gradient, "gradients": spent, "outcome": last.outcome}
    by = GradientDescent(step) if method == "gradient" else QuasiNewton(LBFGS(PAIRS))
    end = descend(network, x, method=by, tolerance=TOLERANCE, max_gradients=gradients, workers=1)
    return {
        "curve": end.history, "rms": end.rms_gradient, "gradients": end.gradients, "outcome": end.outcome
    }  # fmt: skip


def main() -> None:
    """Read the command line and run what the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("hidden", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--teacher", type=int, default=10)
    parser.add_argument("--gradients", type=int, default=8192)
    parser.add_argument("--starts", type=int, default=16)
    parser.add_argument("--kind", choices=("usual", "wide"), default="usual")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--step", type=float, default=0.0125, help="of gradient descent")
    parser.add_argument("--hop", type=float, default=0.1, help="of basin-hopping, parameter units")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    counts = [2**k for k in range((given.gradients - 1).bit_length() + 1)]
    columns = [
        "kind",
        "hidden",
        "bound",
        "method",
        "start",
        "scale",
        "outcome",
        "rms_gradient",
        "gradients",
    ]
    columns += [f"loss_{count}" for count in counts]
    done = set()
    if given.out.exists():
        with open(given.out, newline="") as file:
            done = {(row["kind"], int(row["hidden"]), row["method"]) for row in csv.DictReader(file)}
    else:
        given.out.write_text(",".join(columns) + "\n")
    for hidden in given.hidden:
        recipe = read_recipe({"landscape": given.data, "teacher": given.teacher, "hidden": hidden})
        assert isinstance(recipe, AbstractDataRecipe)
        network = recipe.build().landscape
        assert isinstance(network, Perceptron)
        if given.kind == "usual":
            x = usual_starts(network, given.starts)
        else:
            x = random_starts(network, jax.random.key(0), np.arange(given.starts), workers=1)
        scale = np.sqrt(np.mean(x * x, axis=1))
        bound = rank_bound(recipe.lesson().targets, hidden)
        for method in given.methods.split(","):
            if (given.kind, hidden, method) in done:
                continue
            found = train(network, x, method, given.gradients, given.step, given.hop)
            with open(given.out, "a", newline="") as file:
                for i in range(len(x)):
                    ends = [f"{found['rms'][i]:.3g}", found["gradients"][i]]
                    row = [given.kind, hidden, f"{bound:.5g}", method, i, f"{scale[i]:.4g}"]
                    row += [RESULTS(int(found["outcome"][i])).name, *ends]
                    csv.writer(file).writerow([*row, *(f"{loss:.5g}" for loss in found["curve"][i])])
            final = np.quantile(found["curve"][:, -1], [0.0, 0.25, 0.5, 0.75])
            print(given.data, hidden, method, "best and quartiles", final, flush=True)


if __name__ == "__main__":
    main()
