"""A made-up landscape of any size, for timings: funnels, hubs, triangles, all energies consistent."""

import numpy as np

from lossatlas.analysis import TransitionNetwork


MODES = 60  # non-zero eigenvalues at a minimum
HIDDEN = 10  # nodes of the hidden layer whose signed permutations make the images


def synthetic_network(
    minima: int, transition_states: int, *, seed: int = 0, funnels: int = 50
) -> TransitionNetwork:
    """Make a connected landscape with a known number of funnels.

    - Funnels share the minima at random, funnel f with a weight 1 / (f + 1). The bottom of funnel 0 has
      energy 0, the others are spread over (0, 0.5). The other minima of a funnel lie above its bottom by a
      gamma variable of shape 3 and mean 1.5. Minima are numbered by energy.
    - Within a funnel, minimum r in order of energy is joined to minimum floor(r u^2), u uniform in (0, 1):
      low minima become hubs, and every minimum but the bottom has a lower neighbour. The highest minimum
      of each funnel is joined to the highest of one of the funnels before it. This makes one tree.
    - Of the transition states left over, half join a minimum with the neighbour of its neighbour in that
      tree (triangles), 48 % two minima of one funnel whose orders differ by a geometric variable of mean
      50, and 2 % lead from a minimum to itself. So there are exactly `funnels` bottoms.
    - A transition state lies above both minima by an exponential variable of mean 0.3, between funnels 1.5.
    - Log-products of eigenvalues: normal, lower by 2 for each unit of energy (higher minima are softer), at
      a transition state 59/60 of the mean of its minima plus noise. Orbits: the 2^10 10! images of ten
      hidden nodes, over a stabiliser of order 1, 2 or 4.

    **Arguments:**

    - `minima`: at least two for each funnel.
    - `transition_states`: at least `minima - 1`.
    - `seed`: the same seed, the same landscape.
    - `funnels`: number of bottoms.
    """
    if funnels < 1 or minima < 2 * funnels or transition_states < minima - 1:
        raise ValueError("There must be two minima for each funnel and a tree of transition states.")
    rng = np.random.default_rng(seed)
    funnel, energies = _minima(minima, funnels, rng)
    pairs = _tree(funnel, rng)
    crossing = np.arange(minima - 1) >= minima - funnels
    extra = _extra(funnel, pairs, transition_states - len(pairs), rng)
    pairs = np.concatenate([pairs, extra])
    crossing = np.append(crossing, np.zeros(len(extra), dtype=bool))
    barriers = rng.exponential(np.where(crossing, 1.5, 0.3))
    log_products = rng.normal(-100.0 - 2.0 * energies, 3.0)
    at_ends = log_products[pairs].mean(axis=1)
    images = np.log(2.0) * HIDDEN + np.log(np.arange(1, HIDDEN + 1)).sum()
    return TransitionNetwork(
        energies=energies,
        ts_energies=energies[pairs].max(axis=1) + barriers,
        ts_minima=pairs,
        log_products=log_products,
        ts_log_products=rng.normal(at_ends * (MODES - 1) / MODES, 1.0),
        log_orbit_sizes=images - np.log(rng.choice([1, 2, 4], minima, p=[0.8, 0.15, 0.05])),
        ts_log_orbit_sizes=images - np.log(rng.choice([1, 2], transition_states, p=[0.9, 0.1])),
        modes=MODES,
    )


def _minima(minima, funnels, rng):
    """Funnel and energy of each minimum, by energy."""
    weights = 1 / np.arange(1, funnels + 1)
    rest = rng.choice(funnels, minima - 2 * funnels, p=weights / weights.sum())
    funnel = np.concatenate([np.repeat(np.arange(funnels), 2), rest])
    bottoms = rng.uniform(0.0, 0.5, funnels)
    bottoms[0] = 0.0
    above = rng.gamma(3.0, 0.5, minima)
    above[: 2 * funnels : 2] = 0.0
    energies = bottoms[funnel] + above
    order = np.argsort(energies, kind="stable")
    return funnel[order], energies[order]


def _tree(funnel, rng):
    """Pairs that join everything; the last ones lead from funnel to funnel."""
    members, pairs, rims = [], [], []
    for f in range(funnel.max() + 1):
        inside = np.flatnonzero(funnel == f)
        place = np.arange(1, len(inside))
        pairs.append(
            np.stack([inside[1:], inside[(place * rng.random(len(place)) ** 2).astype(int)]], axis=1)
        )
        members.append(inside)
        if f:
            rims.append((inside[-1], members[rng.integers(f)][-1]))
    return np.concatenate([*pairs, np.array(rims, dtype=int).reshape(-1, 2)])


def _extra(funnel, tree, count, rng):
    """Pairs that close triangles, join minima of similar energy, or are loops."""
    minima, funnels = len(funnel), funnel.max() + 1
    triangles, loops = count // 2, count // 50
    lower = np.arange(minima)
    within = tree[: minima - funnels]
    lower[within[:, 0]] = within[:, 1]
    start = within[rng.integers(len(within), size=triangles), 0]
    closing = np.stack([start, lower[lower[start]]], axis=1)

    by_funnel = np.argsort(funnel, kind="stable")  # within a funnel still by energy
    ends = np.searchsorted(funnel[by_funnel], np.arange(funnels), side="right")
    a = rng.integers(minima, size=count - triangles - loops)
    b = np.minimum(a + rng.geometric(1 / 50, len(a)), ends[funnel[by_funnel[a]]] - 1)
    alone = rng.integers(minima, size=loops)
    return np.concatenate([closing, by_funnel[np.stack([a, b], axis=1)], np.stack([alone, alone], axis=1)])
