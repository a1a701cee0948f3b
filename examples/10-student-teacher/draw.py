"""Draw the tables that run.py made: losses against gradients, and final losses by size.

Losses against gradients are drawn for the sizes that all methods of a table were run for.

python draw.py digits.csv mnist.csv
"""

import csv
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from training_pictures import plot_final_losses, plot_training

from lossatlas import plots


NAMES = {"gradient": "gradient descent", "lbfgs": "L-BFGS", "hopping": "basin-hopping"}


def read(file: Path) -> tuple[dict[int, dict[str, np.ndarray]], dict[int, float]]:
    """Return losses by size and method, shape (starts, levels), and the bound of each size."""
    with open(file, newline="") as text:
        rows = list(csv.DictReader(text))
    rows.sort(key=lambda row: (int(row["hidden"]), list(NAMES).index(row["method"])))
    curves: dict[int, dict[str, list]] = {}
    for row in rows:
        losses = [float(value) for name, value in row.items() if name.startswith("loss_")]
        curves.setdefault(int(row["hidden"]), {}).setdefault(NAMES[row["method"]], []).append(losses)
    arrays = {
        hidden: {name: np.array(a) for name, a in series.items()} for hidden, series in curves.items()
    }
    # Singular values that are rounding make no bound.
    bounds = {int(row["hidden"]): float(row["bound"]) for row in rows if float(row["bound"]) > 1e-20}
    return arrays, bounds


def main() -> None:
    """Draw both pictures of every table beside it."""
    for file in map(Path, sys.argv[1:]):
        curves, bounds = read(file)
        methods = max(map(len, curves.values()))
        whole = {hidden: losses for hidden, losses in curves.items() if len(losses) == methods}
        figure = plt.figure(figsize=(3.3 * len(whole), 3.3), layout="constrained")
        panels = figure.subplots(1, len(whole), sharey=True, squeeze=False)[0]
        for ax, (hidden, losses) in zip(panels, whole.items()):
            plot_training(losses, bound=bounds.get(hidden), ax=ax)
            ax.set_title(f"{hidden} hidden nodes", fontsize=10)
            ax.label_outer()
        plots.save_picture(figure, file.with_name(f"{file.stem}-training.png"), dpi=120)
        final = {
            name: {hidden: losses[name][:, -1] for hidden, losses in curves.items() if name in losses}
            for name in NAMES.values()
            if any(name in losses for losses in curves.values())
        }
        figure = plt.figure(figsize=(6.0, 4.0), layout="constrained")
        plot_final_losses(final, bounds=bounds, ax=figure.subplots())
        plots.save_picture(figure, file.with_name(f"{file.stem}-final.png"), dpi=150)


if __name__ == "__main__":
    main()
