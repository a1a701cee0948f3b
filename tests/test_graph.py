"""The graph of a network agrees with scipy and with plain loops, however it was put together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from lossatlas import _graph
from lossatlas._graph import Graph


def random_network(seed, minima, states):
    rng = np.random.default_rng(seed)
    # Few different energies, so that there are ties.
    return rng.integers(minima, size=(states, 2)), rng.integers(20, size=states) / 4


def grown(minima, ends, energies, pieces, seed=0):
    """Return a graph that gained its minima and states in pieces, and was looked at in between."""
    rng = np.random.default_rng(seed)
    graph, known, done = Graph(), 0, 0
    for piece in np.array_split(np.arange(len(ends)), pieces):
        needed = ends[piece].max(initial=-1) + 1
        if needed > known:
            graph.add_minima(int(needed) - known)
            known = int(needed)
        graph.add_states(ends[piece], energies[piece])
        done += len(piece)
        if rng.random() < 0.5 and known:
            assert len(graph.components) == known
            assert graph.edges.states.tolist() == [*lowest_states(ends[:done], energies[:done]).values()]
    graph.add_minima(minima - known)
    return graph


def lowest_states(ends, energies):
    """Return the number of the lowest state of every pair of different minima, by a loop."""
    lowest = {}
    for state, (a, b) in enumerate(np.sort(ends, axis=1).tolist()):
        if a != b and ((a, b) not in lowest or energies[state] < energies[lowest[a, b]]):
            lowest[a, b] = state
    return dict(sorted(lowest.items()))


@pytest.mark.parametrize("few", [0, 10**9])  # all states are joined by scipy, or one by one
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    minima=st.integers(1, 60),
    states=st.integers(0, 90),
    pieces=st.integers(1, 9),
)
def test_everything_agrees_with_scipy_and_loops(few, seed, minima, states, pieces):
    ends, energies = random_network(seed, minima, states)
    before, _graph.FEW = _graph.FEW, few
    try:
        graph = grown(minima, ends, energies, pieces, seed)
    finally:
        _graph.FEW = before
    lowest = lowest_states(ends, energies)
    assert list(map(tuple, graph.edges.pairs.tolist())) == list(lowest)
    assert graph.edges.states.tolist() == list(lowest.values())
    assert graph.edges.energies.tolist() == energies[list(lowest.values())].tolist()

    links = coo_array((np.ones(len(ends)), ends.T), shape=(minima, minima)).tocsr()
    count, component = connected_components(links, directed=False)
    assert graph.component_count == count and graph.components.tolist() == component.tolist()
    assert [rows.tolist() for rows in graph.members()] == [
        np.flatnonzero(component == number).tolist() for number in range(count)
    ]
    joined = np.zeros((minima, minima), dtype=bool)
    for a, b in lowest:
        joined[a, b] = joined[b, a] = True
    a, b = np.divmod(np.arange(minima**2), minima)
    assert np.array_equal(graph.connected(a, b), component[a] == component[b])
    assert np.array_equal(graph.adjacent(a, b), joined.ravel())
    assert np.array_equal(graph.degrees, joined.sum(axis=1))
    assert all(np.array_equal(graph.neighbours(i), np.flatnonzero(joined[i])) for i in range(minima))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), minima=st.integers(1, 40), states=st.integers(0, 90))
def test_the_spanning_forest_is_as_light_as_scipys_and_merges_the_same_parts(seed, minima, states):
    ends, energies = random_network(seed, minima, states)
    forest = Graph(minima, ends, energies).spanning_forest()
    keys = list(zip(forest.energies.tolist(), forest.states.tolist()))
    assert keys == sorted(keys)
    lowest = lowest_states(ends, energies)
    weights = np.array([1.0 + energies[state] for state in lowest.values()])  # scipy takes 0 for no edge
    links = coo_array((weights, np.array([*lowest], dtype=int).reshape(-1, 2).T), shape=(minima, minima))
    assert np.sum(1.0 + forest.energies) == minimum_spanning_tree(links.tocsr()).sum()
    for level in np.unique(energies):
        below, merged = energies <= level, forest.energies <= level
        whole = Graph(minima, ends[below], energies[below]).components
        assert (
            Graph(minima, forest.pairs[merged], forest.energies[merged]).components.tolist()
            == whole.tolist()
        )


def test_states_keep_their_numbers():
    ends, energies = np.array([[0, 1], [1, 0], [1, 2]]), np.array([2.0, 1.0, 3.0])
    graph = Graph(3, ends, energies, states=np.array([7, 9, 8]))
    assert graph.edges.states.tolist() == [9, 8]
    assert graph.spanning_forest().states.tolist() == [9, 8]
    assert repr(graph) == "Graph(3 minima in 1 components, 3 transition states)"


def test_a_long_chain_is_one_part_in_few_steps():
    n = 200_000
    chain = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    graph = Graph(n)
    for piece in np.array_split(chain[::-1], 2000):  # always the next smaller row, the deepest trees
        graph.add_states(piece, np.zeros(len(piece)))
    assert graph.component_count == 1 and not graph.components.any()


@pytest.mark.parametrize("ends, energies, sentence", [
    ([[0, 1]], [1.0, 2.0], r"`ends` must have shape \(2, 2\), got shape \(1, 2\)"),
    ([[0, 3]], [1.0], "`ends` must be rows of minima, 0 to 2"),
    ([[-1, 2]], [1.0], "`ends` must be rows of minima, 0 to 2"),
])  # fmt: skip
def test_refused_states_say_what_is_wrong(ends, energies, sentence):
    graph = Graph(3)
    with pytest.raises(ValueError, match=sentence):
        graph.add_states(np.array(ends), np.array(energies))
    assert graph.component_count == 3 and len(graph.edges) == 0
