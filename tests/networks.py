"""Random networks of minima and transition states, and slow, independent ways to their properties."""

import mpmath
import numpy as np
from hypothesis import strategies as st

from lossatlas.analysis import TransitionNetwork, disconnectivity


def tree_of(energies, ts_energies, ts_minima, levels=None):
    """The disconnectivity tree of minima and transition states; ids are positions."""
    return disconnectivity(TransitionNetwork(energies, ts_energies, ts_minima), levels=levels)


def random_network(n, edges, seed, *, spread=1.0):
    """A connected network with several transition states for some pairs, and some loops."""
    rng = np.random.default_rng(seed)
    energies = spread * rng.normal(size=n)
    tree = [(i, rng.integers(0, i)) for i in range(1, n)]
    pairs = np.concatenate([np.array(tree), rng.integers(0, n, size=(edges - n + 1, 2))])
    return TransitionNetwork(
        energies,
        energies[pairs].max(axis=1) + spread * rng.exponential(size=edges),
        pairs,
        rng.normal(size=n),
        rng.normal(size=edges),
        np.log(rng.integers(1, 5, n)),
        np.log(rng.integers(1, 5, edges)),
    )


def chain(n, seed, *, spread=1.0):
    """States in a row."""
    rng = np.random.default_rng(seed)
    energies = spread * rng.normal(size=n)
    pairs = np.stack([np.arange(n - 1), np.arange(1, n)], axis=1)
    return TransitionNetwork(
        energies, energies[pairs].max(axis=1) + spread * rng.exponential(size=n - 1), pairs
    )


def exact_times(rates, target, digits):
    """Mean first-passage times by Gaussian elimination with many digits, rows as dictionaries."""
    with mpmath.workdps(digits):
        rows = [{} for _ in range(len(rates))]
        for (a, b), c in zip(rates.pairs.tolist(), rates.log_conductances):
            c = mpmath.exp(mpmath.mpf(float(c)))
            for i, j in ((a, b), (b, a)):
                rows[i][i] = rows[i].get(i, 0) + c
                if j not in target:
                    rows[i][j] = rows[i].get(j, 0) - c
        free = [i for i in range(len(rates)) if i not in target]
        right = {i: mpmath.exp(mpmath.mpf(float(rates.log_weights[i]))) for i in free}
        order = sorted(free, key=lambda i: len(rows[i]))
        left = set(free)
        for i in order:
            left.discard(i)
            for j in [j for j in rows[i] if j in left]:
                factor = rows[j].pop(i) / rows[i][i]
                right[j] -= factor * right[i]
                for k, value in rows[i].items():
                    if k in left:
                        rows[j][k] = rows[j].get(k, 0) - factor * value
        times = {}
        for i in reversed(order):
            known = sum(value * times[j] for j, value in rows[i].items() if j in times)
            times[i] = (right[i] - known) / rows[i][i]
        return {i: mpmath.log(time) for i, time in times.items()}


def dense_generator(rates):
    """The matrix Q of dp/dt = p Q."""
    matrix = rates.rates().toarray()
    return matrix - np.diag(matrix.sum(axis=1))


def random_points(n, states, seed, connected=True):
    """Minima, and transition states above both of theirs."""
    rng = np.random.default_rng(seed)
    energies = rng.normal(size=n)
    pairs = rng.integers(0, n, size=(states, 2))
    if connected:
        back = (rng.random(n - 1) * np.arange(1, n)).astype(int)
        pairs = np.concatenate([np.stack([np.arange(1, n), back], axis=1), pairs])
    return energies, energies[pairs].max(axis=1) + rng.exponential(size=len(pairs)), pairs


def minimax(energies, ts_energies, ts_minima):
    """Lowest highest transition state between any two minima, as Floyd and Warshall would."""
    barriers = np.full((len(energies), len(energies)), np.inf)
    for energy, (a, b) in zip(ts_energies, ts_minima):
        barriers[a, b] = barriers[b, a] = min(barriers[a, b], energy)
    np.fill_diagonal(barriers, energies)
    for k in range(len(energies)):
        barriers = np.minimum(barriers, np.maximum(barriers[:, k : k + 1], barriers[k : k + 1]))
    np.fill_diagonal(barriers, energies)
    return barriers


# Few distinct values, so that equal, zero and negative energies and repeated pairs are common.
networks = st.integers(1, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0]), min_size=n, max_size=n),
        st.lists(
            st.tuples(
                st.integers(0, n - 1),
                st.integers(0, n - 1),
                st.sampled_from([0.0, 0.25, 1.0, 2.0, 1e-3]),
            ),
            max_size=20,
        ),
    )
)


def build(network):
    energies = np.array(network[0])
    pairs = np.array([(a, b) for a, b, _ in network[1]], dtype=int).reshape(-1, 2)
    above = np.array([height for _, _, height in network[1]])
    return energies, energies[pairs].max(axis=1, initial=-np.inf) + above, pairs
