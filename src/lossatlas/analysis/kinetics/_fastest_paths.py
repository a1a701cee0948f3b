"""The fastest paths between two sets of states."""

import dataclasses

import numpy as np
from scipy.sparse import csgraph, csr_array

from lossatlas._abstract_result import AbstractResult

from ._rate_network import RateNetwork, check_rates, check_sets


_MOST = 10_000  # most paths; csgraph allocates memory for all of them
_NOTHING = 1e-300  # stands for a cost of zero, which csgraph takes for a missing edge


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FastestPath(AbstractResult):
    """A path through a rate network, from a source to a target.

    - `states`: ids of the states along the path, shape (length,).
    - `log_probability`: ln of the probability that a trajectory which starts in the source at
        equilibrium takes exactly these steps.
    - `log_branching`: ln of the branching probability of each step, shape (length - 1,).
    - `free_energies`: free energy of the transition states of each step, shape (length - 1,), loss units.
    """

    states: np.ndarray
    log_probability: float
    log_branching: np.ndarray
    free_energies: np.ndarray

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per step."""
        return {
            "from": self.states[:-1],
            "to": self.states[1:],
            "log_branching": self.log_branching,
            "free_energy": self.free_energies,
        }


def fastest_paths(network: RateNetwork, source, target, *, count: int = 1) -> list[FastestPath]:
    """Find the paths from source to target with the largest product of branching probabilities.

    From state a a trajectory jumps to b with the branching probability P_ab = k_ab / sum_c k_ac. With edge
    lengths -ln P_ab, the most probable path is the shortest one (found by Dijkstra's algorithm; further
    paths by Yen's). The probability of a path includes that of its first state within the source at
    equilibrium. A path ends when it reaches the target, does not return to the source, and visits no state
    twice.

    **Arguments:**

    - `network`: the rates.
    - `source`, `target`: two sets of states without common members, as ids.
    - `count`: largest number of paths.

    **Returns:** the paths, most probable first; an empty list if no path joins the sets.

    **Raises:** `ValueError` for bad sets, and a count outside 1 to 10,000.

    Source: D. J. Wales, Mol. Phys. 100, 3285 (2002), doi:10.1080/00268970210162691; J. Y. Yen, Manage.
    Sci. 17, 712 (1971), doi:10.1287/mnsc.17.11.712.
    """
    check_rates(network)
    if not 1 <= count <= _MOST:
        raise ValueError(f"`count` must be 1 to {_MOST}, got {count}.")
    n = len(network)
    source, target = check_sets(source, target, network.ids)
    start, end, steps, _ = network.branching()
    allowed = ~np.isin(end, source) & ~np.isin(start, target)
    log_source = network.log_weights[source] - np.logaddexp.reduce(network.log_weights[source])
    # State n leads to the source, and the target leads to state n + 1.
    rows = np.concatenate([start[allowed], np.full(len(source), n), target])
    columns = np.concatenate([end[allowed], source, np.full(len(target), n + 1)])
    costs = np.concatenate([-steps[allowed], -log_source, np.zeros(len(target))])
    places = rows.astype(np.int32), columns.astype(np.int32)  # csgraph.yen takes no other integers
    graph = csr_array((np.maximum(costs, _NOTHING), places), shape=(n + 2, n + 2))
    branching = csr_array((steps, (start, end)), shape=(n, n))  # no step has probability 1 both ways
    return [_path(network, branching, states, cost) for states, cost in _shortest(graph, n, count)]


def _shortest(graph, n: int, count: int) -> list[tuple[np.ndarray, float]]:
    """Return, for the shortest paths from n to n + 1, the states between and the total cost."""
    if count == 1:  # csgraph.yen would give the same, but copies more memory
        costs, before = csgraph.dijkstra(graph, indices=n, return_predecessors=True)
        found = [(float(costs[n + 1]), before)] if np.isfinite(costs[n + 1]) else []
    else:
        costs, before = csgraph.yen(graph, n, n + 1, count, return_predecessors=True)
        found = list(zip(costs.tolist(), before))
    paths = []
    for cost, predecessors in found:
        states = [int(predecessors[n + 1])]
        while predecessors[states[-1]] != n:
            states.append(int(predecessors[states[-1]]))
        paths.append((np.array(states[::-1]), cost))
    return paths


def _path(network: RateNetwork, branching, states: np.ndarray, cost: float) -> FastestPath:
    a, b = states[:-1], states[1:]
    keys = network.pairs @ [len(network), 1]
    wanted = np.minimum(a, b) * len(network) + np.maximum(a, b)
    heights = network.free_energies()[1][np.searchsorted(keys, wanted)]
    return FastestPath(network.ids[states], -cost, np.asarray(branching[a, b]).ravel(), heights)
