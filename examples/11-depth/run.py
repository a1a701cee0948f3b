"""Minimise shallow and deep networks from random starts, and keep every end in a table.

    python run.py boston power --activations tanh --layers 2,6 --l2 1e-2 --starts 8 --out tanh-runs.csv

The same command goes on with a run that was stopped; further sets and starts are added. Six layers of 22
nodes take long: begin with few starts.
"""

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from depth_ends import Cell, ends, random_start


sys.path.append(str(Path(__file__).parents[1]))
from run_table import RunTable  # noqa: E402


AT_ONCE = 4  # starts between two additions to the table
CELL = tuple(field.name for field in dataclasses.fields(Cell))
SETTINGS = (*CELL, "seed", "max_gradients", "start")
ENDS = ("outcome", "energy", "error", "rms_gradient", "gradients", "entropy", "zeros", "negative", "x")


def run(
    table: RunTable, cells: Sequence[Cell], *, starts: int = 20, seed: int = 0, max_gradients: int = 10_000,
    workers: int | None = None,
) -> None:  # fmt: skip
    """Minimise from the starts of every cell that the table lacks; start i is drawn from seed and i."""
    for cell in cells:
        of_cell = {**dataclasses.asdict(cell), "seed": seed, "max_gradients": max_gradients}
        missing = [i for i in range(starts) if {**of_cell, "start": i} not in table]
        print(f"{cell}: {starts - len(missing)} of {starts} starts done", file=sys.stderr, flush=True)
        network = cell.network() if missing else None
        for first in range(0, len(missing), AT_ONCE):
            numbers = missing[first : first + AT_ONCE]
            points = np.stack([random_start(network, seed, i) for i in numbers])
            for i, row in zip(numbers, ends(network, points, max_gradients=max_gradients, workers=workers)):
                table.add({**of_cell, "start": i, **row})


def main() -> None:
    """Read the command line and run what the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", nargs="+", help="such as boston or digits")
    parser.add_argument("--layers", default="2,6", help="numbers of hidden layers")
    parser.add_argument("--activations", default="relu,tanh")
    parser.add_argument("--nodes", type=int, default=22, help="of each hidden layer")
    parser.add_argument("--items", type=int, default=300, help="for training")
    parser.add_argument("--l2", type=float, default=3e-3)
    parser.add_argument("--inputs", type=int, default=10, help="after a linear map; 0 leaves the columns")
    parser.add_argument("--data-seed", type=int, default=0, help="of the items and the map")
    parser.add_argument("--starts", type=int, default=20, help="of each network")
    parser.add_argument("--seed", type=int, default=0, help="of the starts")
    parser.add_argument("--max-gradients", type=int, default=10_000, help="gradients of each descent")
    parser.add_argument("--workers", type=int, default=None, help="threads, by default one per core")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    cells = [
        Cell(data, activation, layers, given.nodes, given.items, given.l2, given.inputs, given.data_seed)
        for data, activation, layers in itertools.product(
            given.sets, given.activations.split(","), map(int, given.layers.split(","))
        )
    ]
    for cell in cells:
        cell.network()  # what does not fit is said before hours of work
    run(
        RunTable(given.out, SETTINGS, ENDS), cells, starts=given.starts, seed=given.seed,
        max_gradients=given.max_gradients, workers=given.workers,
    )  # fmt: skip


if __name__ == "__main__":
    main()
