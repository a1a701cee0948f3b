"""One loss and gradient, one Hessian, one product; and the losses that are no networks."""

import functools

import jax
import numpy as np

from _measure import Line, Measured, Row, Settings, Value, ask, compare, on_accelerator, seconds
from _problems import for_peers, random_network, starts
from lossatlas.datasets import ljat3
from lossatlas.landscapes import spin_glass
from lossatlas.searches import run_batch, toolkit_for


POINTS = 64  # evaluated by one call of a compiled program
GLASS = 100  # spins
GLASSES, GLASSES_ON_ACCELERATOR, GLASSES_OF_PEER = 64, 4096, 24  # minimisations of them
ATOMS = 20_000  # minimisations of three atoms
ATOMS_OF_PEER = 300


def per_point(function, landscape, points: np.ndarray) -> Value:
    """Return microseconds per point of a function of landscape and point."""
    lanes = len(points) if on_accelerator() else None
    run = jax.jit(lambda land, x: jax.lax.map(lambda p: function(land, p), x, batch_size=lanes))
    jax.block_until_ready(run(landscape, points))  # compilation
    return Value(1e6 * seconds(lambda: run(landscape, points)) / len(points))


def value_and_gradient(landscape, x):
    return landscape.value_and_gradient(x)


def gradient(settings: Settings) -> list[Line]:
    """Loss and gradient of [2,10,4,1000,1e-4] against plain numpy."""
    landscape = random_network()
    points = starts(landscape, POINTS)

    def peer() -> Measured:
        found = ask("scipy", "scipy_peer.py", for_peers(landscape, points), task="evaluate")
        return found if isinstance(found, str) else Value(1e6 * found["seconds"])

    ours = lambda: per_point(value_and_gradient, landscape, points)
    return compare("gradient", "us", ours, {"numpy": peer}, settings.repeats)


def hessian(settings: Settings) -> list[Line]:
    """The analytic Hessian against jax.hessian, and a Hessian-vector product against the gradient."""
    landscape = random_network()
    points = starts(landscape, POINTS)
    automatic = lambda land, x: jax.hessian(land.surface_energy)(x)
    product = lambda land, x: land.hessian_product(x)(x)
    analytic = lambda land, x: land.hessian(x)
    time = lambda function: lambda: per_point(function, landscape, points)
    lines = compare("hessian", "us", time(analytic), {"jax.hessian": time(automatic)}, settings.repeats)
    peers = {"our gradient": time(value_and_gradient)}
    lines += compare("hessian in gradients", "us", time(analytic), peers, settings.repeats, cost=True)
    lines += compare("product in gradients", "us", time(product), peers, settings.repeats, cost=True)
    return lines


def atoms(settings: Settings) -> list[Line]:
    """LJAT3: 20,000 minimisations of three atoms to rms gradient 1e-10."""
    ljat3("D1", items=10, cache=False, workers=1)  # compilation
    points = np.random.default_rng(0).uniform(0.0, 2.0 * np.sqrt(3.0), (ATOMS_OF_PEER, 9))

    def ours() -> Value:
        return Value(seconds(lambda: ljat3("D1", items=ATOMS, cache=False, workers=1).targets))

    def peer() -> Measured:
        found = ask("scipy", "triatomic_peer.py", {"starts": points})
        if isinstance(found, str):
            return found
        note = f"{found['converged']}/{ATOMS_OF_PEER}, scaled"
        return Value(sum(found["seconds"]) * ATOMS / ATOMS_OF_PEER, note)

    return compare("ljat3 20,000 minimisations", "s", ours, {"scipy": peer}, settings.repeats)


def glass(settings: Settings) -> list[Line]:
    """Spin glass with p = 3, N = 100: loss and gradient, minimisations to rms gradient 1e-6.

    The peers are plain numpy with scipy's L-BFGS-B: with the symmetric tensor, and with half of it.
    """
    landscape = spin_glass(GLASS)
    count = GLASSES_ON_ACCELERATOR if on_accelerator() else GLASSES
    points = np.random.default_rng(1).standard_normal((count, GLASS))
    points *= np.sqrt(GLASS) / np.linalg.norm(points, axis=1, keepdims=True)
    descent = toolkit_for(landscape).descent
    run = lambda: run_batch(descent, landscape, points, workers=1)
    run()  # compilation
    arrays = {"coefficients": np.asarray(landscape.coefficients), "starts": points[:GLASSES_OF_PEER]}
    answers: dict[str, list[dict | str]] = {"full": [], "pairs": []}

    def evaluation(form: str) -> Measured:  # one run of the peer measures both
        answers[form].append(ask("scipy", "spin_glass_peer.py", arrays, form=form))
        found = answers[form][-1]
        return found if isinstance(found, str) else Value(1e6 * found["evaluation"]["seconds"])

    def minimisations(form: str) -> Measured:
        found = answers[form].pop(0) if len(answers[form]) > 1 else answers[form][0]
        if isinstance(found, str):
            return found
        note = f"{found['converged']}/{GLASSES_OF_PEER}, {np.mean(found['evaluations']):.0f} gradients"
        return Value(found["converged"] / sum(found["seconds"]), note)

    def ours() -> Value:
        end, spent = run(), seconds(run)
        rms = np.linalg.norm(end.gradient, axis=1) / np.sqrt(GLASS)
        converged = int((rms <= 1e-6).sum())
        note = f"{converged}/{len(points)}, {end.gradients.mean():.0f} gradients"
        return Value(converged / spent, note)

    def of_peers(measure):
        return {f"numpy, {form}": functools.partial(measure, form) for form in answers}

    repeats = settings.repeats
    time = lambda: per_point(value_and_gradient, landscape, points[:POINTS])
    return [
        *compare("glass gradient", "us", time, of_peers(evaluation), repeats),
        *compare("glass minimise", "/s", ours, of_peers(minimisations), repeats),
    ]


ROWS: dict[str, Row] = {"gradient": gradient, "hessian": hessian, "ljat3": atoms, "glass": glass}
