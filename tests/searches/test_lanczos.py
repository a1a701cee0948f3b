"""The lowest eigenpair from products against dense linear algebra."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import derivatives, rows
from lossatlas.landscapes import AbstractLandscape, spin_glass, xor
from lossatlas.searches.curvature import lowest_eigenpair, spectrum


class Quadratic(AbstractLandscape):
    """0.5 x^T A x; all of one size share a program."""

    matrix: jax.Array

    @property
    def dimension(self):
        return self.matrix.shape[0]

    def energy(self, x):
        return 0.5 * x @ self.matrix @ x

    def sample(self, key):
        return jax.random.normal(key, (self.dimension,))

    def fingerprint(self):
        return {"landscape": "quadratic"}


def diagonal(values) -> Quadratic:
    return Quadratic(jnp.diag(jnp.array(values, float)))


def with_spectrum(values) -> Quadratic:
    """The given eigenvalues and random eigenvectors."""
    values = np.asarray(values, float)
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(len(values), len(values))))[0]
    return Quadratic(jnp.asarray(basis @ np.diag(values) @ basis.T))


# 30 products on 40 variables converge where the lowest eigenvalue stands apart; on as many
# variables as products, or fewer, the Krylov space is everything.
CASES = {
    "one variable": (with_spectrum([3.0]), 30),
    "spread": (with_spectrum(np.linspace(-1, 5, 12)), 30),
    "all negative": (with_spectrum(-np.geomspace(1, 50, 12)), 30),
    "positive": (with_spectrum(np.geomspace(1e-3, 1, 12)), 30),
    "gap": (with_spectrum([-3.0, *np.linspace(0, 5, 39)]), 30),
    "sphere": (spin_glass(6), 30),
    "network": (xor(2), 30),
    "repeated": (diagonal([-2, -2, -2, *[1] * 5, *[3] * 4]), 30),
    "low rank": (diagonal([-2, 2, *[0] * 38]), 30),
    "bowl": (diagonal([1] * 12), 30),
}


@functools.partial(jax.jit, static_argnums=3)
def lowest(landscape, x, guess, products):
    return lowest_eigenpair(landscape, x, guess, products=products)


@pytest.mark.parametrize(("landscape", "products"), rows(CASES))
def test_lowest_eigenpair_matches_dense(landscape, products):
    x = np.asarray(landscape.sample(jax.random.key(1)))
    values, vectors = map(np.asarray, jax.jit(spectrum)(landscape, x))
    hessian = np.asarray(derivatives(landscape, x)[2])
    modes = np.asarray(landscape.zero_modes(x))
    inside = np.eye(len(x)) - modes.T @ modes
    size = np.abs(values).max()
    full = np.linalg.eigvalsh(inside @ hessian @ inside)
    np.testing.assert_allclose(
        values, np.delete(full, np.argmin(np.abs(full))) if len(modes) else full, atol=1e-13 * size
    )
    for guess in (np.ones(len(x)), vectors[:, 0], vectors[:, -1]):
        value, vector = map(np.asarray, lowest(landscape, x, guess, products))
        # Full Krylov space or a wide gap: the value to rounding of the largest eigenvalue; a guess
        # without the wanted vector has 1e-3 of it mixed in, which costs some digits.
        assert float(value) == pytest.approx(values[0], abs=1e-9 * size)
        assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-12)
        residual = inside @ hessian @ vector - value * vector
        assert np.linalg.norm(residual) <= 1e-5 * size
        assert np.abs(modes @ vector).max(initial=0) <= 1e-10


def test_the_minimum_of_no_weights_has_no_negative_eigenvalue():
    landscape, x = xor(2), np.zeros(12)
    dense = np.linalg.eigvalsh(derivatives(landscape, x)[2])
    assert dense[0] == pytest.approx(2e-3, rel=1e-12)
    assert float(lowest(landscape, x, np.ones(12), 30)[0]) == pytest.approx(2e-3, abs=1e-9)


def test_products_with_the_hessian():
    landscape = xor(2)
    x = np.asarray(landscape.sample(jax.random.key(2)))
    vector = np.random.default_rng(1).normal(size=12)
    product = jax.jit(lambda land, x, v: land.hessian_product(x)(v))(landscape, x, vector)
    hessian = np.asarray(derivatives(landscape, x)[2])
    np.testing.assert_allclose(product, hessian @ vector, atol=1e-13 * np.abs(hessian).max())


def test_few_products_bound_the_lowest_eigenvalue_from_above():
    landscape = with_spectrum([-1.0, *np.linspace(1, 5, 39)])
    x, guess = jnp.zeros(40), jnp.ones(40)
    found = [float(lowest(landscape, x, guess, products)[0]) for products in (4, 30)]
    assert found[0] > found[1] + 0.01
    assert found[1] == pytest.approx(-1.0, abs=1e-9)
