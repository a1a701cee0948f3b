"""Times the disconnectivity graph: `python benchmarks/disconnectivity.py`.

The alternative, in the same run: networkx's minimum spanning tree, then superbasins merged one by
one in plain Python. Both get the same arrays; the merge energies are checked to agree.
"""

import pathlib
import tempfile
import time

import matplotlib
import networkx as nx
import numpy as np

from lossatlas import plots
from lossatlas.analysis import disconnectivity


matplotlib.use("Agg")


def network(n, seed=0):
    """A random connected network of n minima with about 3 transition states each."""
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
    pairs = np.concatenate(
        [np.stack([np.arange(1, n), back], axis=1), rng.integers(0, n, size=(2 * n + 1, 2))]
    )
    return energies, energies[pairs].max(axis=1) + rng.exponential(size=len(pairs)), pairs


def with_networkx(energies, ts_energies, ts_minima):
    """Merge energies of the exact tree."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(energies)))
    for energy, (a, b) in zip(ts_energies.tolist(), ts_minima.tolist()):
        if a != b and energy < graph.get_edge_data(a, b, {"weight": np.inf})["weight"]:
            graph.add_edge(a, b, weight=energy)
    tree = nx.minimum_spanning_tree(graph)
    superbasin = {i: [i] for i in range(len(energies))}
    merges = []
    for a, b, energy in sorted(tree.edges(data="weight"), key=lambda edge: edge[2]):
        small, large = sorted((superbasin[a], superbasin[b]), key=len)
        large += small
        for minimum in small:
            superbasin[minimum] = large
        merges.append(energy)
    return np.array(merges)


def seconds(run, arrays, repeats):
    """Best of several runs, and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run(*arrays)
        times.append(time.perf_counter() - start)
    return min(times), result


def main():
    print(f"{'minima':>8} {'states':>8} {'lossatlas / s':>14} {'networkx / s':>13} {'ratio':>6}")
    for n in (1000, 5000, 100_000):
        arrays = network(n)
        ours, tree = seconds(disconnectivity, arrays, 3)
        line = f"{n:8d} {len(arrays[1]):8d} {ours:14.4f}"
        if n <= 5000:
            theirs, merges = seconds(with_networkx, arrays, 3)
            np.testing.assert_allclose(tree.energy[n:], merges, rtol=1e-11)
            line += f" {theirs:13.4f} {theirs / ours:6.1f}"
        print(line)

    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "graph.png"

        def draw():
            ax = plots.disconnectivity(tree, order="centre", colour=tree.energy[: len(tree)])
            plots.save_picture(ax.figure, picture)

        print(f"drawing {len(tree)} minima to PNG: {seconds(draw, (), 1)[0]:.2f} s")


if __name__ == "__main__":
    main()
