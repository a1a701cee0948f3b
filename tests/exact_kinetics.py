"""Random networks at any temperature, and what is right for them with many digits.

`python tests/exact_kinetics.py 1000` compares a thousand of them and prints the largest errors.

Every linear system is solved by elimination that only adds, multiplies and divides positive numbers, in
mpmath with 60 digits and exponents without bounds: nothing cancels, so all these digits are right. How
occupations change is found by inverting their Laplace transform, which is such a system for every s, with
200 digits (Gaver and Stehfest: H. Stehfest, Commun. ACM 13, 47 (1970), doi:10.1145/361953.361969).
"""

import functools
import sys
import warnings

import mpmath
import numpy as np
from mpmath import mpf

from lossatlas.analysis import TransitionNetwork
from lossatlas.analysis.kinetics import RateNetwork, evolve, first_passage, rate_network


AVERAGES = ("log_rate", "log_mean_rate", "log_steady_state_rate", "log_non_steady_state_rate")
TERMS = 60  # of the inversion: with 40 there were errors of 1e-20, with 60 none that 80 change


def case(seed: int, largest: int = 60):
    """Rates and two sets of states: chains, networks and parts, barriers of 1e-3 to 1e6 kT."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, largest + 1))
    starts = np.arange(1, n)
    earlier = starts - 1 if rng.random() < 0.3 else (rng.random(n - 1) * starts).astype(int)
    pairs = np.stack([starts, earlier], axis=1)
    extra = rng.integers(0, n, size=(int(rng.integers(0, 2 * n)), 2))  # loops, and pairs that exist
    pairs = np.concatenate([pairs, extra, pairs[rng.random(n - 1) < 0.2]])
    if n > 5 and rng.random() < 0.25:  # several parts
        cut = n - int(rng.integers(2, n // 2 + 1))
        pairs = pairs[(pairs < cut).all(axis=1) | (pairs >= cut).all(axis=1)]
    kt = 10.0 ** rng.uniform(-4, 2)
    top = rng.uniform(-3, 6)
    spread = kt * 10.0 ** (rng.uniform(-3, top) if rng.random() < 0.5 else top)
    barriers = kt * 10.0 ** (rng.uniform(-3, top, len(pairs)) if rng.random() < 0.5 else top)
    energies = rng.normal(size=n) * min(spread, 2e5 * kt)
    network = TransitionNetwork(
        energies,
        energies[pairs].max(axis=1) + barriers * rng.uniform(0.3, 1.0, len(pairs)),
        pairs,
        rng.normal(size=n) * 10,
        rng.normal(size=len(pairs)) * 10,
        np.log(rng.integers(1, 500, n)),
        np.log(rng.integers(1, 500, len(pairs))),
    )
    states = rng.permutation(n)
    count = rng.integers(1, min(4, n), size=2)
    source = states[: count[0]]
    target = states[count[0] : count[0] + count[1]]
    return network, rate_network(network, kt), np.sort(source), np.sort(target)


def solve(edges, ground, sources):
    """Solve sum_j C_ij (x_i - x_j) + g_i x_i = s_i >= 0 for several right-hand sides, without subtractions.

    `edges` is a dictionary of dictionaries, `ground` and `sources` dictionaries; every state must have a
    path to one with g > 0.
    """
    rows = {i: dict(row) for i, row in edges.items()}
    ground, sources = dict(ground), {i: list(s) for i, s in sources.items()}
    steps = []
    while rows:
        i = min(rows, key=lambda state: len(rows[state]))
        row = rows.pop(i)
        pivot = sum(row.values()) + ground[i]
        steps.append((i, row, pivot))
        for j, c in row.items():
            part, mine = c / pivot, rows[j]
            del mine[i]
            ground[j] += part * ground[i]
            sources[j] = [a + part * b for a, b in zip(sources[j], sources[i])]
            for k, other in row.items():
                if k != j:
                    mine[k] = mine.get(k, 0) + part * other
    x = {}
    for i, row, pivot in reversed(steps):
        x[i] = [
            (s + sum(c * x[j][side] for j, c in row.items())) / pivot for side, s in enumerate(sources[i])
        ]
    return x


def conductances(rates: RateNetwork):
    """Return Z and C with many digits, from their logarithms, which are exact by definition."""
    edges = {i: {} for i in range(len(rates))}
    for (a, b), log in zip(rates.pairs.tolist(), rates.log_conductances.tolist()):
        edges[a][b] = edges[b][a] = mpmath.exp(mpf(log))
    return [mpmath.exp(mpf(log)) for log in rates.log_weights.tolist()], edges


def conductances_from_energies(network: TransitionNetwork, kt: float):
    """Return Z and C with many digits, from energies, log-products and orbit sizes."""

    def weight(energy, product, orbit):
        return mpmath.exp(mpf(float(orbit)) - mpf(float(energy)) / mpf(kt) - mpf(float(product)) / 2)

    columns = network.energies, network.log_products, network.log_orbit_sizes
    edges = {i: {} for i in range(len(network))}
    states = zip(network.ts_energies, network.ts_log_products, network.ts_log_orbit_sizes)
    for (a, b), state in zip(network.ts_minima.tolist(), states):
        if a != b:
            edges[a][b] = edges[b][a] = edges[a].get(b, 0) + weight(*state) / (2 * mpmath.pi)
    return [weight(*state) for state in zip(*columns)], edges


def inside(edges, states, outside):
    """Return the edges within a set of states, and the conductance of each to the states outside."""
    chosen = set(states)
    within = {i: {j: c for j, c in edges[i].items() if j in chosen} for i in states}
    return within, {i: sum((c for j, c in edges[i].items() if j in outside), mpf(0)) for i in states}


def reachable(edges, starts, without=()):
    """Return the states that paths from some lead to, but for those without."""
    found, new = set(starts), list(starts)
    while new:
        new = [j for i in new for j in edges[i] if j not in found and j not in without and not found.add(j)]
    return found


def exact_passage(weights, edges, source, target):
    """Return times, committors, shares and the four averages, or None where nothing arrives."""
    source, target = set(source.tolist()), set(target.tolist())
    connected = reachable(edges, target)
    starts = sorted(source & connected)
    if not starts:
        return None
    free = sorted(connected - target)
    within, ground = inside(edges, free, target)
    total = sum(weights[a] for a in starts)
    p = {a: weights[a] / total for a in starts}
    x = solve(within, ground, {i: (weights[i], p.get(i, mpf(0))) for i in free})
    shares = {b: sum(c * x[j][1] for j, c in edges[b].items() if j in x) for b in sorted(target)}
    committor, away = dict.fromkeys(starts, mpf(0)), dict.fromkeys(starts, mpf(0))
    between = [i for i in free if i not in p]
    within, ground = inside(edges, between, target | set(starts))
    _, exits = inside(edges, between, target)
    for i, (q, time) in solve(within, ground, {i: (exits[i], weights[i]) for i in between}).items():
        committor[i], away[i] = q, time
    flux, waits = {}, {}
    for a in starts:
        flux[a] = sum(c * (1 if j in target else committor[j]) for j, c in edges[a].items())
        waits[a] = weights[a] + sum(c * away.get(j, 0) for j, c in edges[a].items())
    averages = (
        1 / sum(p[a] * x[a][0] for a in starts),
        sum(p[a] / x[a][0] for a in starts),
        sum(flux.values()) / total,
        sum(p[a] * flux[a] / waits[a] for a in starts),
    )
    return {
        "log_times": {i: values[0] for i, values in x.items()},
        "log_committor": committor,
        "log_shares": shares,
        **{name: {0: value} for name, value in zip(AVERAGES, averages)},
    }


def off(found: float, exact) -> float:
    """Return by how much ln of a number is wrong, which is the relative error of the number."""
    if exact == 0:
        return 0.0 if found == -np.inf else np.inf
    return abs(float(mpf(found) - mpmath.log(exact))) if np.isfinite(found) else np.inf


def passage_errors(network: TransitionNetwork, rates: RateNetwork, source, target) -> dict[str, float]:
    """Return the largest error of ln of every quantity.

    Against the logarithms in `rates`, taken as exact: relative to ln where that is beyond 1. Against the
    energies: relative to the largest of the logarithms in `rates`, which are rounded themselves.
    """
    found, errors = first_passage(rates, source, target), {}
    assert np.all(found.committor[found.target] == 1.0)
    scale = max(1.0, np.abs(rates.log_weights).max(), np.abs(rates.log_conductances).max())
    with mpmath.workdps(60):
        for label, problem in (
            ("", conductances(rates)),
            (" from energies", conductances_from_energies(network, rates.kt)),
        ):
            exact = exact_passage(*problem, source, target)
            if exact is None:
                assert found.log_rate == -np.inf and np.all(found.log_times[source] == np.inf)
                return {}
            for name, values in exact.items():
                logs = np.atleast_1d(getattr(found, name))
                there = dict(zip(found.target.tolist(), logs)) if name == "log_shares" else logs
                errors[name + label] = max(
                    off(float(there[i]), v)
                    / (scale if label else max(1.0, abs(float(mpmath.log(v)))) if v else 1.0)
                    for i, v in values.items()
                )
    return errors


def occupation_errors(network: TransitionNetwork, rates: RateNetwork) -> dict[str, float]:
    """Return the largest error of ln p at equilibrium, relative to E / kT where that is beyond 1."""
    with mpmath.workdps(60):
        kt = mpf(rates.kt)
        logs = [
            mpf(n) - mpf(e) / kt - mpf(product) / 2
            for n, e, product in zip(
                *(v.tolist() for v in (network.log_orbit_sizes, network.energies, network.log_products))
            )
        ]
        top = max(logs)
        total = mpmath.log(sum(mpmath.exp(log - top) for log in logs)) + top
        found = rates.log_equilibrium(np.arange(len(rates)))
        return {
            "log_equilibrium": max(
                float(abs(mpf(there) - (log - total)) / max(1, abs(log - total)))
                for there, log in zip(found.tolist(), logs)
            )
        }


@functools.cache
def stehfest(terms: int) -> list:
    """Return the weights V_k of f(t) = ln 2 / t sum_k V_k F(k ln 2 / t), k = 1 to 2 terms."""
    factorial, weights = mpmath.factorial, []
    for k in range(1, 2 * terms + 1):
        total = sum(
            mpf(j) ** terms
            * factorial(2 * j)
            / (
                factorial(terms - j)
                * factorial(j)
                * factorial(j - 1)
                * factorial(k - j)
                * factorial(2 * j - k)
            )
            for j in range((k + 1) // 2, min(k, terms) + 1)
        )
        weights.append((-1) ** (k + terms) * total)
    return weights


def exact_occupation(weights, edges, initial, log_time, terms):
    """Return the occupation at a time."""
    unit = mpmath.log(2) / mpmath.exp(mpf(log_time))
    p = {i: mpf(0) for i in edges}
    for k, weight in enumerate(stehfest(terms), 1):
        s = k * unit
        x = solve(edges, {i: s * weights[i] for i in edges}, {i: (mpf(float(initial[i])),) for i in edges})
        for i in edges:
            p[i] += weight * unit * weights[i] * x[i][0]
    return p


def evolution_errors(rates: RateNetwork, seed: int, count: int = 3) -> dict[str, float]:
    """Return the largest error of p(t) at times from 1e-3 of the fastest to beyond the slowest process.

    Relative where p is above 1e-12, and divided by 1e-12 below: the inversion gives no more.
    """
    rng = np.random.default_rng(seed)
    initial = np.zeros(len(rates))
    initial[rng.integers(0, len(rates), size=2)] = 0.5
    initial /= initial.sum()
    log_rates = rates.directed()[2]
    ends = -log_rates.max() - 7.0, -log_rates.min() + 5.0
    # Single rates are where something happens.
    logs = np.concatenate([rng.uniform(*ends, size=1), -rng.choice(log_rates, size=count) + rng.normal()])
    found = evolve(rates, initial, log_times=np.append(logs, ends)).occupation
    assert (
        np.all(np.isfinite(found)) and np.all(found >= 0) and np.allclose(found.sum(axis=1), 1, atol=1e-12)
    )
    worst = 0.0
    with mpmath.workdps(200):
        weights, edges = conductances(rates)
        for log_time, p in zip(logs, found):
            exact = exact_occupation(weights, edges, initial, log_time, TERMS)
            worst = max(worst, *(float(abs(p[i] - exact[i]) / max(abs(exact[i]), 1e-12)) for i in edges))
    return {"evolve": worst}


def main(count: int) -> None:
    """Compare, and print the largest errors."""
    worst: dict[str, tuple[float, int]] = {}
    done: dict[str, int] = {}
    for seed in range(count):
        network, rates, source, target = case(seed)
        errors = passage_errors(network, rates, source, target) | occupation_errors(network, rates)
        if len(rates) <= 12 or seed % 50 == 0:
            errors |= evolution_errors(rates, seed)
        for name, error in errors.items():
            done[name] = done.get(name, 0) + 1
            worst[name] = max(worst.get(name, (0.0, -1)), (error, seed))
    for name, (error, seed) in worst.items():
        print(f"{name:40} {done[name]:5} networks, largest error {error:.1e} (seed {seed})")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
