"""Times what reads a landscape of 200,000 minima and 540,000 transition states.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/large_network.py

Every analysis runs in a process of its own, for its peak memory: resident memory at its highest less
that before, the landscape included in neither. The landscape is made by `_synthetic.py`. Alternatives in
networkx are timed in the same run at a tenth of the size, beside ours there; the answers are compared.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import resource
import time

import networkx as nx
import numpy as np

from _synthetic import synthetic_network
from disconnectivity import with_networkx
from lossatlas._graph import Graph
from lossatlas.analysis import (
    communities,
    disconnectivity,
    frustration,
    funnels,
    network_statistics,
    sequence_basins,
    thermodynamics,
)
from lossatlas.analysis.topology._graph_measures import count_triangles, measure_distances


SOURCES = np.arange(64)
KT = np.geomspace(0.01, 1.0, 20)


def graph(net):
    """Build the graph and ask for all that it tells."""
    graph = Graph(len(net), net.ts_minima, net.ts_energies)
    return graph.component_count, graph.components, graph.edges, graph.degrees, graph.spanning_forest()


def parts_as_it_grows(net):
    """Count connected components after each of 2,000 batches, as an exploration does."""
    graph = Graph(len(net))
    for batch in np.array_split(np.arange(len(net.ts_energies)), 2000):
        graph.add_states(net.ts_minima[batch], net.ts_energies[batch])
        assert graph.component_count


ANALYSES = {
    "graph": graph,
    "parts in 2,000 batches": parts_as_it_grows,
    "merge tree": disconnectivity,
    "sequence basins": sequence_basins,
    "sequence basins, lowest TS": lambda net: sequence_basins(net, via="lowest_ts"),
    "funnels": funnels,
    "network statistics": network_statistics,
    "communities": communities,
    "thermodynamics, 20 kT": lambda net: thermodynamics(net, KT),
    "frustration, 20 kT": lambda net: frustration(net, KT),
}


def measure(name, minima, states):
    """Seconds and peak MB of one analysis; run in a process of its own."""
    network = synthetic_network(minima, states)
    with open("/proc/self/statm") as file:
        before = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    start = time.process_time()
    ANALYSES[name](network)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return seconds, max(peak - before, 0) / 1e6


def merges(net):
    return ANALYSES["merge tree"](net).energy[len(net) :]


def merges_nx(net, graph):
    return with_networkx(net.energies, net.ts_energies, net.ts_minima)


def bottoms_nx(net, graph):
    energies = net.energies.tolist()
    towards = [min((energies[j], j) for j in [i, *graph[i]])[1] for i in range(len(net))]
    bottom = [0] * len(net)
    for i in np.argsort(net.energies, kind="stable").tolist():
        bottom[i] = i if towards[i] == i else bottom[towards[i]]
    return bottom


def triangles(net):
    return count_triangles(len(net), net.edges()[0])


def distances(net):
    return measure_distances(len(net), net.edges()[0], SOURCES).mean


def distances_nx(net, graph):
    totals = [sum(nx.single_source_shortest_path_length(graph, i).values()) for i in SOURCES.tolist()]
    return np.array(totals) / (len(net) - 1)


PEERS = {
    "merge tree": (merges, merges_nx),
    "sequence basins": (lambda net: sequence_basins(net).bottom, bottoms_nx),
    "triangles": (triangles, lambda net, graph: list(nx.triangles(graph).values())),
    "64 breadth-first searches": (distances, distances_nx),
}


def timed(function, *arguments):
    start = time.process_time()
    found = function(*arguments)
    return time.process_time() - start, found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minima", type=int, default=200_000)
    parser.add_argument("--transition-states", type=int, default=540_000)
    arguments = parser.parse_args()
    size = (arguments.minima, arguments.transition_states)

    print(f"{size[0]} minima, {size[1]} transition states, {os.cpu_count()} cores")
    print(f"{'analysis':28} {'CPU s':>8} {'peak MB':>8}")
    for name in ANALYSES:
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds, memory = pool.submit(measure, name, *size).result()
        print(f"{name:28} {seconds:8.2f} {memory:8.0f}", flush=True)

    network = synthetic_network(size[0] // 10, size[1] // 10)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(network)))
    graph.add_edges_from(network.edges()[0].tolist())
    print(f"\n{network} beside networkx {nx.__version__}, best of 3; its graph is built beforehand")
    print(f"{'analysis':28} {'CPU s':>8} {'networkx':>8} {'ratio':>8}")
    for name, (ours, theirs) in PEERS.items():
        runs = [(timed(ours, network), timed(theirs, network, graph)) for _ in range(3)]
        mine, others = (min(run[i][0] for run in runs) for i in (0, 1))
        np.testing.assert_allclose(runs[0][0][1], runs[0][1][1], rtol=1e-11)
        print(f"{name:28} {mine:8.4f} {others:8.3f} {others / mine:8.1f}", flush=True)


if __name__ == "__main__":
    main()
