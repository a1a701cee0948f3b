"""MNIST, 7,960 variables: minima, a transition state with its pathways, lowest eigenpair, log-product."""

import functools
import resource
import sys

import jax
import numpy as np
import scipy.linalg
from scipy.sparse.linalg import LinearOperator, eigsh

from _measure import Line, Row, Settings, Value, clock, compare
from _problems import mnist_network
from _scipy import lbfgs
from lossatlas.searches import (
    LBFGS,
    QuasiNewton,
    find_bands,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
)
from lossatlas.searches.curvature import lowest_eigenpair


RESIDUAL = 1e-6  # ||H v - mu v|| over the largest eigenvalue
PRODUCTS = (40, 50, 60, 70, 80, 100, 150, 200, 300, 400, 800)  # tried in this order


def peak() -> str:
    """Say how much memory this process has held at most until now."""
    unit = 1 if sys.platform == "darwin" else 1024
    return f"peak so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30:.2f} GiB"


def mnist(settings: Settings) -> list[Line]:
    """[784,10,10,1000,0.1]: first minimum to rms 1e-6, lowest eigenpair, log-product; peak memory."""
    landscape, minima = mnist_network(), []
    start = np.asarray(landscape.sample(jax.random.key(0)))
    lines = first_minimum(landscape, start, minima, settings.repeats)
    x = minima[-1]
    lines += network_growth(landscape, settings.repeats)
    lines += eigenpair(landscape, x, settings.repeats)
    return lines + log_product(landscape, x, settings.repeats)


def first_minimum(landscape, start: np.ndarray, minima: list, repeats: int) -> list[Line]:
    descent = QuasiNewton(LBFGS(100), 1e-6)
    run_batch(descent, landscape, start[None], workers=1)  # compilation
    other = lbfgs(landscape, 100)

    def ours() -> Value:
        begin = clock()
        end = run_batch(descent, landscape, start[None], workers=1)
        spent = clock() - begin
        minima.append(end.x[0])
        rms = np.linalg.norm(end.gradient[0]) / np.sqrt(len(start))
        note = f"E {end.energy[0]:.9f}, rms {rms:.0e}, {end.gradients[0]} gradients, {peak()}"
        return Value(spent, note)

    def peer() -> Value:
        begin = clock()
        end = other(start)
        spent = clock() - begin
        return Value(spent, f"E {end.fun:.9f}, rms {end.rms:.0e}, {end.nfev} gradients")

    return compare("mnist first minimum", "s", ours, {"scipy, our loss": peer}, repeats)


def network_growth(landscape, repeats: int) -> list[Line]:
    """To rounding level with the index checked: minima, and transition states between near ones."""
    starts = np.stack([landscape.sample(jax.random.key(i)) for i in range(12)])
    minimise(landscape, starts[:1], workers=1)  # compilation
    begin = clock()
    found = minimise(landscape, starts, workers=1)
    spent = (clock() - begin) / len(starts)
    note = f"{np.sum(found.converged)} of 12, {found.gradients.mean():.0f} gradients each, {peak()}"
    lines = compare("mnist verified minimum", "s", lambda: Value(spent, note), {}, 1)
    x = found.x[found.converged]
    align = landscape.symmetry.align
    pairs = sorted((align(a, b).distance, i, j) for i, a in enumerate(x) for j, b in enumerate(x[:i]))
    pairs = [pair for pair in pairs if pair[0] > 1e-3][:4]  # none of a minimum found twice
    a, b = (x[[pair[side] for pair in pairs]] for side in (1, 2))

    def ours() -> Value:
        begin = clock()
        bands = find_bands(landscape, a, b, workers=1)
        states = find_saddles(landscape, bands.x, directions=bands.direction, workers=1)
        states = states.where(states.converged)
        paths = find_pathways(landscape, states.x, states.direction, workers=1)
        good = np.sum(paths.forward.converged & paths.backward.converged)
        note = f"{good} of {len(bands.x)} guesses, bands and both pathways counted in, {peak()}"
        return Value((clock() - begin) / max(good, 1), note)

    ours()  # compilation
    return lines + compare("mnist transition state", "s", ours, {}, repeats)


def eigenpair(landscape, x: np.ndarray, repeats: int) -> list[Line]:
    product = jax.jit(lambda land, x, v: land.hessian_product(x)(v))
    operator = LinearOperator(
        (len(x), len(x)), lambda v: np.asarray(product(landscape, x, v.ravel())), dtype=float
    )
    largest = eigsh(operator, k=1, which="LA", tol=1e-3)[0][0]
    pair = jax.jit(lowest_eigenpair, static_argnames="products")
    for products in PRODUCTS:
        run = functools.partial(pair, landscape, x, np.zeros_like(x), products=products)
        value, vector = map(np.asarray, run())
        residual = np.linalg.norm(operator @ vector - value * vector) / largest
        if residual < RESIDUAL:
            break

    def ours() -> Value:
        begin = clock()
        jax.block_until_ready(run())
        spent = clock() - begin
        note = f"mu {value:.8f}, {products} products, residual {residual:.0e} of mu_max {largest:.3g}"
        return Value(spent, f"{note}, {peak()}")

    def arpack() -> Value:
        begin = clock()
        values, vectors = eigsh(operator, k=1, which="SA", tol=RESIDUAL * largest / max(abs(value), 1e-300))
        spent = clock() - begin
        left = np.linalg.norm(operator @ vectors[:, 0] - values[0] * vectors[:, 0]) / largest
        return Value(spent, f"mu {values[0]:.8f}, residual {left:.0e}")

    return compare("mnist lowest eigenpair", "s", ours, {"ARPACK, our product": arpack}, repeats)


def log_product(landscape, x: np.ndarray, repeats: int) -> list[Line]:
    hessian = jax.jit(lambda land, p: land.hessian(p))
    jax.block_until_ready(hessian(landscape, x))  # compilation
    parts = []

    def ours() -> Value:
        begin = clock()
        matrix = np.array(hessian(landscape, x))
        parts.append(clock() - begin)
        factor = scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        total = 2.0 * np.log(np.diag(factor)).sum()
        spent = clock() - begin
        return Value(spent, f"{total:.6f}, {parts[-1]:.1f} s of it the Hessian, {peak()}")

    return compare("mnist log-product by Cholesky", "s", ours, {}, repeats)


ROWS: dict[str, Row] = {"mnist": mnist}
