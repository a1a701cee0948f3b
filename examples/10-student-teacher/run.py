"""Train students from many starts, and keep their losses after 1, 2, 4, ... gradients in a table.

    python run.py digits 5,10,20,40 --gradients 8192 --starts 16 --out digits.csv

A run that was stopped goes on where it was.
"""

import argparse
import itertools
import sys
from pathlib import Path

import jax
import numpy as np
from student_bounds import rank_bound

from lossatlas.landscapes import Perceptron
from lossatlas.recipes import read_recipe
from lossatlas.searches import LBFGS, Descents, GradientDescent, QuasiNewton, basin_hopping, descend
from lossatlas.searches.global_search import random_starts


sys.path.append(str(Path(__file__).parents[1]))
from run_table import RunTable  # noqa: E402


SETTINGS = ("data", "teacher", "kind", "hidden", "method", "budget", "step", "hop", "chains", "start")
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


def wide_starts(network: Perceptron, starts: int) -> np.ndarray:
    """Draw starts as `explore` does, on scales from 0.1 to 5."""
    return random_starts(network, jax.random.key(0), np.arange(starts), workers=1)


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
        table = hops.quenches.history.reshape(QUENCHES, len(x), -1)
        best = np.minimum.accumulate(table[:, :, -1])
        doublings = [best[2**k - 1] for k in range(1, QUENCHES.bit_length())]
        curve = np.column_stack([table[0], *doublings])
        last = hops.quenches.rows(np.arange((QUENCHES - 1) * len(x), len(hops.quenches)))
        spent = hops.quenches.gradients.reshape(QUENCHES, len(x)).sum(axis=0)
        return {"curve": curve, "rms": last.rms_gradient, "gradients": spent, "outcome": outcomes(last)}
    by = GradientDescent(step) if method == "gradient" else QuasiNewton(LBFGS(PAIRS))
    end = descend(network, x, method=by, tolerance=TOLERANCE, max_gradients=gradients, workers=1)
    return {
        "curve": end.history, "rms": end.rms_gradient, "gradients": end.gradients, "outcome": outcomes(end)
    }  # fmt: skip


def outcomes(ends: Descents) -> list[str]:
    """Return how each descent ended."""
    return [name for row in range(len(ends)) for name in ends.rows([row]).outcomes()]


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
    run(parser.parse_args())


def run(given: argparse.Namespace) -> None:
    """Train students of every size by every method, as far as the table lacks it."""
    counts = [2**k for k in range((given.gradients - 1).bit_length() + 1)]
    results = ("bound", "scale", "outcome", "rms_gradient", "gradients")
    table = RunTable(given.out, SETTINGS, (*results, *(f"loss_{count}" for count in counts)))
    for hidden, method in itertools.product(given.hidden, given.methods.split(",")):
        settings = {
            **dict.fromkeys(SETTINGS), "data": given.data, "teacher": given.teacher, "kind": given.kind,
            "hidden": hidden, "method": method, "budget": given.gradients,
        }  # fmt: skip
        if method == "gradient":
            settings["step"] = given.step
        elif method == "hopping":  # which hop is drawn depends on the number of chains
            settings |= {"hop": given.hop, "chains": given.starts}
        if all({**settings, "start": i} in table for i in range(given.starts)):
            continue
        recipe = read_recipe({"landscape": given.data, "teacher": given.teacher, "hidden": hidden})
        network = recipe.build().landscape
        x = {"usual": usual_starts, "wide": wide_starts}[given.kind](network, given.starts)
        found = train(network, x, method, given.gradients, given.step, given.hop)
        for i, losses in enumerate(found["curve"]):
            table.add({
                **settings, "start": i, "bound": f"{rank_bound(recipe.lesson().targets, hidden):.5g}",
                "scale": f"{np.sqrt(np.mean(x[i] ** 2)):.4g}", "outcome": found["outcome"][i],
                "rms_gradient": f"{found['rms'][i]:.3g}", "gradients": found["gradients"][i],
                **{f"loss_{count}": f"{loss:.5g}" for count, loss in zip(counts, losses)},
            })  # fmt: skip
        final = np.quantile(found["curve"][:, -1], [0.0, 0.25, 0.5, 0.75])
        print(given.data, hidden, method, "best and quartiles", final, flush=True)


if __name__ == "__main__":
    main()
