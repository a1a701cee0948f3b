"""Strict numerics for every test: float64, no silent rank promotion, warnings are errors."""

import jax
import pytest


jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forget JAX's own programs between modules: each takes memory maps, of which there are 65,530."""
    yield
    jax.clear_caches()


@pytest.fixture
def key():
    return jax.random.key(0)
