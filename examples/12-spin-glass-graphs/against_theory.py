"""Critical points of many random spin glasses against their exact mean numbers.

    python against_theory.py census [--glasses 20]
    python against_theory.py explore [--glasses 20]
    python against_theory.py graphs

The first counts all points of small glasses, p = 3 and 4, and writes census.csv and, for p = 3,
energies.png; the second counts minima and transition states of larger ones, and writes explored.csv. The
third draws the atlases of `lossatlas sweep spin-glass-graphs.toml` and writes graphs.png and barriers.csv.
Half an hour on one core.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lossatlas as la
from lossatlas import plots
from lossatlas.analysis import (
    barriers_to_global_minimum,
    mean_critical_points,
    most_critical_pairs,
    threshold_energy,
    transition_network,
)
from lossatlas.atlas import Atlas


CENSUS = {3: range(3, 11), 4: range(4, 9)}  # N for each p
EXPLORED = (10, 15, 20)  # N, p = 3
DRAWN = (6, 8, 10, 20)  # N in the picture, the last without glasses
GRAPHS = (20, 40, 60, 100)  # N


def main():
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["census", "explore", "graphs"])
    parser.add_argument("--glasses", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    if options.what == "graphs":
        graphs(Path("spin-glass-graphs"), options.out)
    else:
        {"census": census, "explore": explore}[options.what](options.glasses, options.out)


def census(glasses: int, out: Path, sizes=CENSUS, drawn=DRAWN) -> None:
    """Count the points of every index, and draw those of index 0, 1 and 2 by energy."""
    rows, energies = [], {}
    for p, size in [(order, size) for order in sizes for size in sizes[order]]:
        found = [la.census(la.landscapes.spin_glass(size, order=p, seed=seed)) for seed in range(glasses)]
        totals = np.array([sum(one.orbit_size) for one in found])
        exact = float(mean_critical_points(p, size).sum())
        rows.append({
            "p": p, "N": size, "glasses": glasses, **compared("points", totals, exact),
            "fewest": totals.min(), "most": totals.max(), "bound": 2 * most_critical_pairs(p, size),
            "morse_sum_met": sum(one.morse_sum == one.expected for one in found),
        })  # fmt: skip
        print(rows[-1], flush=True)
        if p == 3:
            energies[size] = [(one.energy / size, one.index) for one in found]
        write(rows, out / "census.csv")
    figure, axes = plt.subplots(1, 3, figsize=(12.0, 4.2), layout="constrained")
    for index, ax in enumerate(axes):
        of_index = {size: [u[k == index] for u, k in energies.get(size, [])] for size in drawn}
        plots.energy_counts(of_index, 3, index, ax=ax)
    la.plots.save_picture(figure, out / "energies.png", dpi=100)


def explore(glasses: int, out: Path, sizes=EXPLORED) -> None:
    """Count minima and transition states until nothing new comes."""
    rows = []
    for size in sizes:
        minima, states, complete, connected, seen, chao1, barriers = np.zeros((7, glasses))
        for seed in range(glasses):
            with tempfile.TemporaryDirectory() as folder:
                with la.explore(
                    la.landscapes.spin_glass(size, order=3, seed=seed), Path(folder) / "a.atlas"
                ) as atlas:
                    minima[seed], states[seed] = len(atlas.minima), len(atlas.transition_states)
                    complete[seed] = atlas.log.get_state("exploration")["phase"] == "complete"
                    connected[seed] = atlas.component_count == 1
                    estimate = la.analysis.coverage(atlas)
                    seen[seed], chao1[seed] = estimate.good_turing, estimate.chao1
                    network = transition_network(atlas)
            climbs = barriers_to_global_minimum(network) - network.energies
            barriers[seed] = climbs[np.isfinite(climbs)].max()
        exact = mean_critical_points(3, size)
        rows.append({
            "N": size, "glasses": glasses, **compared("minima", minima, exact[0]),
            **compared("transition_states", states, exact[1]), "complete": int(complete.sum()),
            "connected": int(connected.sum()), "coverage": seen.mean(),
            "chao1": chao1.mean(), "highest_barrier": barriers.mean(),
            "highest_barrier_error": barriers.std(ddof=1) / np.sqrt(glasses),
        })  # fmt: skip
        print(rows[-1], flush=True)
        write(rows, out / "explored.csv")


def graphs(folder: Path, out: Path, sizes=GRAPHS) -> None:
    """Draw disconnectivity graphs by energy per spin, and measure barriers."""
    rows, trees, titles = [], [], []
    for size in sizes:
        with Atlas(folder / f"size_{size}.atlas", readonly=True) as atlas:
            network, hits = transition_network(atlas), atlas.minima.hits
        energies, pairs = network.energies, network.ts_minima
        per_spin = la.analysis.TransitionNetwork(energies / size, network.ts_energies / size, pairs)
        trees.append(la.disconnectivity(per_spin))
        titles.append(f"N = {size}\n{len(energies)} minima, {len(pairs)} transition states")
        order = np.argsort(energies)
        climbs = (barriers_to_global_minimum(network) - energies)[order[1:]]
        rows.append({
            "N": size, "lowest": energies.min() / size, "reached": energies @ hits / hits.sum() / size,
            "below_threshold": int(np.sum(energies < -threshold_energy(3) * size)),
            "starts_to_lowest": hits[order[0]] / hits.sum(), "second_gap": np.diff(energies[order[:2]])[0],
            "second_barrier": climbs[0], "median_barrier": np.median(climbs),
            "highest_barrier": climbs.max(),
        })  # fmt: skip
    write(rows, out / "barriers.csv")
    figure = plt.figure(figsize=(9.0, 7.5), layout="constrained")
    axes = plots.graphs(trees, titles, ylabel="energy per spin $H/N$", figure=figure)
    for ax in axes:
        ax.axhline(-threshold_energy(3), color="#d55e00", lw=1.0, dashes=(5, 2), zorder=0)
    axes[-1].annotate(
        "$-E_\\infty$", (1, -threshold_energy(3)), (-2, -3), textcoords="offset points", color="#d55e00",
        xycoords=("axes fraction", "data"), ha="right", va="top",
    )  # fmt: skip
    la.plots.save_picture(figure, out / "graphs.png", dpi=130)


def compared(name: str, counts: np.ndarray, exact: float) -> dict:
    """Return mean, standard error and exact mean as columns."""
    error = counts.std(ddof=1) / np.sqrt(len(counts))
    return {
        name: float(counts.mean()),
        f"{name}_error": float(error),
        f"{name}_exact": float(exact),
    }


def write(rows: list[dict], file: Path) -> None:
    """Write a table."""
    with open(file, "w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
            for row in rows
        )


if __name__ == "__main__":
    main()
