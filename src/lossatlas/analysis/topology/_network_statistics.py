"""Network statistics: degrees, clustering and shortest paths, compared with random graphs."""

import dataclasses
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from lossatlas._abstract_result import AbstractResult, AbstractRows, to_json

from .._ids import positions_of
from .._transition_network import TransitionNetwork, check_network
from ._communities import Communities
from ._communities import communities as find_communities
from ._graph_measures import (
    count_triangles,
    find_components,
    mean_distance,
    measure_distances,
    take_largest_component,
)
from ._power_law import PowerLawFit, fit_power_law
from ._random_graphs import same_degrees, same_size
from ._sequence_basins import sequence_basins


_EXACT = 5000  # up to so many minima in a component, shortest paths are searched from every one
_GRAPHS, _GRAPHS_OF_LARGE = 20, 5  # random graphs of each kind, by default
_HUBS = 10


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PathStatistics(AbstractResult):
    """Shortest paths within the largest component of a graph; lengths in edges.

    - `mean`: mean length over all pairs of different nodes; NaN for a component of one node.
    - `mean_error`: standard error of the mean, from the spread over the sources; 0 if every node was a
        source.
    - `diameter`: length of the longest shortest path; a lower bound unless every node was a source.
    - `sources`: number of nodes from which the paths to all others were searched.
    - `nodes`: number of nodes of the component.
    """

    mean: float
    mean_error: float
    diameter: int
    sources: int
    nodes: int

    @property
    def exact(self) -> bool:
        """Whether every node was a source."""
        return self.sources == self.nodes

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name, and `exact`."""
        return super().to_dict() | {"exact": self.exact}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RandomGraphs(AbstractRows):
    """Random graphs beside the largest component of a network of clustering C and mean path length L.

    - `clustering`: average local clustering coefficient of each graph, shape (graphs,), dimensionless.
    - `mean_shortest_path`: mean length of the shortest paths in the largest component of each graph, shape
        (graphs,), edges.
    - `sigma`: small-world coefficient (C / C_random) / (L / L_random) with means over the graphs,
        dimensionless; a small world has sigma > 1. NaN where the random graphs have no triangle.
    - `sigma_error`: standard deviation of sigma over the graphs, propagated to first order from those of
        clustering and path length.
    """

    clustering: np.ndarray
    mean_shortest_path: np.ndarray
    sigma: float
    sigma_error: float


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class NetworkStatistics(AbstractResult):
    """Statistics of the graph whose nodes are minima and whose edges are pairs joined by transition states.

    - `ids`, `energy`: ids and energies of the minima, shape (n,); energies in loss units.
    - `degree`: number of neighbours of each minimum, shape (n,).
    - `clustering`: local clustering coefficient of each minimum, the fraction of pairs of its neighbours
        that are joined (0 with fewer than two neighbours); shape (n,).
    - `component`: number of the connected component of each minimum, by decreasing size from 0; shape (n,).
    - `basin`: id of the minimum in which the monotonic sequence of each minimum ends, see
        `sequence_basins`; shape (n,).
    - `transition_states`: number of transition states.
    - `edges`: number of pairs of different minima joined by at least one transition state.
    - `transitivity`: fraction of the paths of two edges that close to a triangle; 0 without such paths.
    - `assortativity`: correlation of the degrees at both ends of an edge; NaN where all are equal.
    - `paths`: shortest paths in the largest component.
    - `same_size`: comparison of the largest component with random graphs of as many nodes and edges.
    - `same_degrees`: comparison of the largest component with random graphs of the same degrees.
    - `power_law`: power-law fit of the degrees; None if fewer than two different degrees above 0 occur.
    - `hubs`: ids of up to ten minima of highest degree, the lower energy first on ties.
    - `communities`: division into communities; None if it was not asked for.
    """

    ids: np.ndarray
    energy: np.ndarray
    degree: np.ndarray
    clustering: np.ndarray
    component: np.ndarray
    basin: np.ndarray
    transition_states: int
    edges: int
    transitivity: float
    assortativity: float
    paths: PathStatistics
    same_size: RandomGraphs
    same_degrees: RandomGraphs
    power_law: PowerLawFit | None
    hubs: np.ndarray
    communities: Communities | None = None

    @property
    def components(self) -> int:
        """Number of connected components."""
        return int(self.component.max()) + 1

    @property
    def mean_degree(self) -> float:
        """Mean number of neighbours of a minimum."""
        return 2 * self.edges / len(self.degree)

    @property
    def average_clustering(self) -> float:
        """Mean of the local clustering coefficients, minima with fewer than two neighbours included."""
        return float(self.clustering.mean())

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum."""
        columns = {"id": self.ids} | {
            name: getattr(self, name) for name in ("energy", "degree", "clustering", "component", "basin")
        }
        return columns | (self.communities.to_columns() if self.communities else {})

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers by name, with the hubs and the comparisons with random graphs."""
        names = (
            "edges",
            "components",
            "mean_degree",
            "average_clustering",
            "transitivity",
            "assortativity",
        )
        rows = positions_of(self.hubs, self.ids, "hubs")
        record = {
            "minima": len(self.ids),
            "transition_states": self.transition_states,
            **{name: getattr(self, name) for name in names},
            "paths": self.paths,
            "random_graphs": {"same_size": self.same_size, "same_degrees": self.same_degrees},
            "power_law": self.power_law,
            "hubs": [
                {"id": self.ids[row], "degree": self.degree[row], "energy": self.energy[row]}
                for row in rows
            ],
        }
        if self.communities is not None:
            groups = self.communities
            record["communities"] = {"modularity": groups.modularity, "sizes": groups.sizes}
        return to_json(record)


def network_statistics(
    network: TransitionNetwork,
    *,
    seed: int = 0,
    samples: int = 64,
    random_graphs: int | None = None,
    bootstraps: int = 200,
    communities: bool = False,
) -> NetworkStatistics:
    """Compute statistics of the network of minima, and compare it with random graphs.

    Transition states from a minimum to itself are left out, and several that join one pair are one edge.
    Degrees, clustering and assortativity are those of the whole network. Shortest paths exist only within
    a connected component, so they, and the comparison with random graphs, are those of the largest
    component. If it has up to 5000 minima, its paths are searched from every one; otherwise from `samples`
    minima drawn at random, and for the diameter also from the minima farthest from those. Each random graph
    is searched from `samples` nodes.

    **Arguments:**

    - `network`: the minima and transition states.
    - `seed`: seed of all random numbers.
    - `samples`: number of nodes from which paths are searched where not all nodes are used.
    - `random_graphs`: number of random graphs of each kind; default 20, or 5 for a component of more than
        5000 minima, where they differ little.
    - `bootstraps`: number of bootstrap samples in the power-law fit.
    - `communities`: whether to divide the minima into communities as well; needs scikit-network.

    **Returns:** `NetworkStatistics`.

    **Raises:** `ValueError` for fewer than 2 samples, random graphs or bootstraps; `ImportError` without
    scikit-network, where communities are asked for.

    Source: D. J. Watts & S. H. Strogatz, Nature 393, 440 (1998), doi:10.1038/30918 (clustering, small
    worlds); M. D. Humphries & K. Gurney, PLoS ONE 3, e2051 (2008), doi:10.1371/journal.pone.0002051
    (sigma); M. E. J. Newman, Phys. Rev. Lett. 89, 208701 (2002), doi:10.1103/PhysRevLett.89.208701
    (assortativity).
    """
    check_network(network)
    for name, value in (("samples", samples), ("random_graphs", random_graphs), ("bootstraps", bootstraps)):
        if value is not None and value < 2:
            raise ValueError(f"`{name}` must be at least 2, got {value}.")
    groups = find_communities(network, seed=seed) if communities else None
    rng = np.random.default_rng(seed)
    n, pairs = len(network), network.edges()[0]
    degree = np.bincount(pairs.ravel(), minlength=n)
    clustering, transitivity = _clustering(n, pairs)
    component = find_components(n, pairs)
    nodes, inner = take_largest_component(n, pairs, component)
    paths = _paths(nodes, inner, rng, samples)
    if random_graphs is None:
        random_graphs = _GRAPHS if nodes <= _EXACT else _GRAPHS_OF_LARGE
    own = (float(clustering[component == 0].mean()), paths.mean)
    of_size = (same_size(nodes, len(inner), rng) for _ in range(random_graphs))
    of_degrees = itertools.islice(same_degrees(nodes, inner, rng), random_graphs)
    return NetworkStatistics(
        ids=network.ids,
        energy=network.energies,
        degree=degree,
        clustering=clustering,
        component=component,
        basin=sequence_basins(network).bottom,
        transition_states=len(network.ts_energies),
        edges=len(pairs),
        transitivity=transitivity,
        assortativity=_assortativity(degree, pairs),
        paths=paths,
        same_size=_compare(own, nodes, of_size, rng, samples),
        same_degrees=_compare(own, nodes, of_degrees, rng, samples),
        power_law=_power_law(degree, seed, bootstraps),
        hubs=network.ids[np.lexsort((network.energies, -degree))[:_HUBS]],
        communities=groups,
    )


def _clustering(n: int, pairs: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the local clustering coefficients and the transitivity."""
    degree, triangles = np.bincount(pairs.ravel(), minlength=n), count_triangles(n, pairs)
    wedges = degree * (degree - 1) // 2
    local = triangles / np.maximum(wedges, 1)
    return local, float(triangles.sum() / max(int(wedges.sum()), 1))


def _paths(n: int, pairs: np.ndarray, rng: np.random.Generator, samples: int) -> PathStatistics:
    """Return the statistics of the shortest paths of a connected graph, from all nodes or from some."""
    if n < 2:
        return PathStatistics(float("nan"), 0.0, 0, n, n)
    if n <= max(_EXACT, samples):
        found = measure_distances(n, pairs, np.arange(n))
        return PathStatistics(float(found.mean.mean()), 0.0, int(found.eccentricity.max()), n, n)
    found = measure_distances(n, pairs, rng.choice(n, samples, replace=False))
    ends = measure_distances(n, pairs, np.unique(found.farthest))
    longest = max(found.eccentricity.max(), ends.eccentricity.max())
    error = found.mean.std(ddof=1) * np.sqrt((1 - samples / n) / samples)
    return PathStatistics(float(found.mean.mean()), float(error), int(longest), samples, n)


def _compare(
    own: tuple[float, float], n: int, graphs: Iterable[np.ndarray], rng: np.random.Generator, samples: int
) -> RandomGraphs:
    """Measure random graphs of n nodes; `own` holds the clustering and mean path to compare with."""
    found = []
    for pairs in graphs:
        nodes, inner = take_largest_component(n, pairs, find_components(n, pairs))
        sources = rng.choice(nodes, min(samples, nodes), replace=False)
        length = mean_distance(nodes, inner, sources) if nodes > 1 else float("nan")
        found.append((_clustering(n, pairs)[0].mean(), length))
    clustering, length = np.array(found).T
    sigma = error = float("nan")
    if clustering.any():
        sigma = float(own[0] / clustering.mean() * length.mean() / own[1])
        spreads = [values.std(ddof=1) / values.mean() for values in (clustering, length)]
        error = float(sigma * np.hypot(*spreads))
    return RandomGraphs(clustering, length, sigma, error)


def _assortativity(degree: np.ndarray, pairs: np.ndarray) -> float:
    """Return the correlation of the degrees at both ends of the edges, each edge in both directions."""
    ends = degree[pairs].astype(float)
    if not ends.size or np.all(ends == ends[0, 0]):
        return float("nan")
    ends -= ends.mean()
    return float(np.mean(ends[:, 0] * ends[:, 1]) / np.mean(ends**2))


def _power_law(degree: np.ndarray, seed: int, bootstraps: int) -> PowerLawFit | None:
    if len(np.unique(degree[degree > 0])) < 2:
        return None
    return fit_power_law(degree, seed=seed, bootstraps=bootstraps)
