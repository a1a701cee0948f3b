"""Minimisations and basin-hopping of networks against scipy, pele and GMIN, on the same starts."""

import functools

import jax
import numpy as np

from _measure import Line, Measured, Row, Settings, Value, ask, clock, compare, on_accelerator, seconds
from _problems import d1, for_peers, iris_network, lj3, random_network, starts, xor6
from _scipy import lbfgs
from lossatlas.searches import basin_hopping, minimise, run_batch, toolkit_for
from lossatlas.searches.global_search import accepted
from lossatlas.searches.minimisers import Descended


STARTS, STARTS_ON_ACCELERATOR = 24, 2048  # the peers get the first 24
SWITCH = 1e-6  # rms gradient that all methods go to, the tolerance of our default
CHAINS, HOPS = 8, 24
CHAINS_ON_ACCELERATOR = 512


def quenches(landscape, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, Descended]:
    """Minimise to rms gradient 1e-6; returns points, energies, which converged, and all that was found."""
    end = run_batch(toolkit_for(landscape).descent, landscape, points, workers=1)
    rms = np.linalg.norm(end.gradient, axis=1) / np.sqrt(landscape.dimension)
    return end.x, end.energy, rms <= SWITCH, end


def by_peer(name: str, script: str, landscape, points: np.ndarray) -> Measured:
    """Return the peer's minimisations a second."""
    found = ask(name, script, for_peers(landscape, points), task="minimise")
    if isinstance(found, str):
        return found
    note = f"{found['converged']}/{len(points)}, {np.mean(found['evaluations']):.0f} gradients"
    return Value(found["converged"] / sum(found["seconds"]), note)


def by_scipy(quench, points: np.ndarray) -> Value:
    begin = clock()
    ends = [quench(x) for x in points]
    spent, converged = clock() - begin, sum(end.rms <= SWITCH for end in ends)
    note = f"{converged}/{len(points)}, {np.mean([end.nfev for end in ends]):.0f} gradients"
    return Value(converged / spent, note)


def minimisations(name: str, problem, settings: Settings) -> list[Line]:
    landscape = problem()
    points = starts(landscape, STARTS_ON_ACCELERATOR if on_accelerator() else STARTS)
    few = points[:STARTS]
    run, tight = lambda: quenches(landscape, points), lambda: minimise(landscape, points, workers=1)
    run(), tight()  # compilation

    def ours() -> Value:
        *_, converged, end = run()
        note = f"{converged.sum()}/{len(points)}, {end.gradients.mean():.0f} gradients"
        return Value(converged.sum() / seconds(run), f"{note}, {end.hessians.mean():.0f} Hessians")

    def ours_tight() -> Value:
        return Value(1e3 * seconds(tight) / len(points), f"{tight().converged.sum()}/{len(points)}")

    peers = {
        peer: functools.partial(by_peer, peer, f"{peer}_peer.py", landscape, few)
        for peer in ("scipy", "pele")
    }
    peers["scipy, our loss"] = functools.partial(by_scipy, lbfgs(landscape, 20), few)
    loose = {"to rms 1e-6": lambda: Value(1e3 * seconds(run) / len(points))}
    return [
        *compare(name, "/s", ours, peers, settings.repeats),
        *compare(f"{name} tight", "ms", ours_tight, loose, settings.repeats, cost=True),
    ]


def hop(landscape, first: np.ndarray) -> tuple[int, int]:
    """Basin-hopping as the peers do it; returns minimisations and how many converged."""
    rng = np.random.default_rng(0)
    x, energy, done, _ = quenches(landscape, first)
    energy, count = np.where(done, energy, np.inf), int(done.sum())
    for _ in range(HOPS):
        new, there, done, _ = quenches(landscape, x + rng.uniform(-1.0, 1.0, x.shape))
        there = np.where(done, there, np.inf)
        taken = accepted(energy, there, 1.0, rng)
        x, energy = np.where(taken[:, None], new, x), np.where(taken, there, energy)
        count += int(done.sum())
    return (HOPS + 1) * len(first), count


def hopping(settings: Settings) -> list[Line]:
    """Basin-hopping steps a second of [2,10,4,1000,1e-4]; first minimisations counted as steps."""
    landscape = random_network()
    chains = CHAINS_ON_ACCELERATOR if on_accelerator() else CHAINS
    points = starts(landscape, chains)
    library = lambda: basin_hopping(
        landscape, points, steps=HOPS, temperature=1.0, key=jax.random.key(0), step=1.0, workers=1
    )
    run = lambda: hop(landscape, points)
    minimise(landscape, points[:1], workers=1)  # compilation
    basin_hopping(landscape, points[:1], steps=1, temperature=1.0, key=jax.random.key(0), workers=1)

    def descents() -> Value:
        total, converged = run()
        return Value(total / seconds(run), f"{converged}/{total}")

    def polished() -> Value:
        total = (HOPS + 1) * chains
        return Value(total / seconds(library), f"{library().quenches.converged.sum()}/{total}")

    def peer(name: str, script: str) -> Measured:
        found = ask(name, script, for_peers(landscape, points[:1]), task="basinhopping", hops=HOPS)
        if isinstance(found, str):
            return found
        note = f"{found['converged']}/{HOPS + 1}"
        return Value((HOPS + 1) / found["seconds"], note)

    scripts = {"scipy": "scipy", "pele": "pele", "GMIN": "pylfl"}
    peers = {
        label: functools.partial(peer, name, "gmin_peer.py" if label == "GMIN" else f"{name}_peer.py")
        for label, name in scripts.items()
    }
    lines = compare("hopping-random to rms 1e-6", "/s", descents, peers, settings.repeats)
    lines += compare(
        "hopping-random polished, spectrum",
        "/s",
        polished,
        {"to rms 1e-6": lambda: Value((HOPS + 1) * chains / seconds(run))},
        settings.repeats,
    )
    return lines


def _row(name: str, problem) -> Row:
    run = functools.partial(minimisations, name, problem)
    run.__doc__ = f"Minimisations a second: {problem.__name__}, starts uniform in [-5, 5], rms 1e-6; tight."
    return run


ROWS: dict[str, Row] = {
    "minimise-random": _row("minimise-random", random_network),
    "minimise-d1": _row("minimise-d1", d1),
    "minimise-lj3": _row("minimise-lj3", lj3),
    "minimise-iris": _row("minimise-iris", iris_network),
    "minimise-xor6": _row("minimise-xor6", xor6),
    "hopping-random": hopping,
}
