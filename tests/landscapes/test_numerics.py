"""What the numbers rest on: float64, and a version of JAX that multiplies correctly."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest


SENTENCE = (
    "lossatlas needs float64, but JAX was already used in float32: import lossatlas before the first "
    "array is made, or set the environment variable JAX_ENABLE_X64=1."
)


@pytest.mark.parametrize(
    ("before", "environment", "works"),
    [
        ("jnp.ones(1)", {}, False),
        pytest.param("pass", {}, True, marks=pytest.mark.slow),
        ("jnp.ones(1)", {"JAX_ENABLE_X64": "1"}, True),
    ],
    ids=["used in float32", "not used", "used in float64"],
)
def test_float64_is_switched_on_or_the_import_says_why_not(before, environment, works):
    code = f"import jax, jax.numpy as jnp\n{before}\nimport lossatlas.landscapes\nprint(jnp.ones(1).dtype)"
    clean = {k: v for k, v in os.environ.items() if k != "JAX_ENABLE_X64"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True
    )
    if works:
        assert (done.returncode, done.stdout.strip()) == (0, "float64"), done.stderr
    else:
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1] == f"RuntimeError: {SENTENCE}"


@pytest.mark.parametrize("shape", [(3, 2), (5, 5), (12, 7), (64, 33)], ids=str)
def test_compiled_vectorised_sums_of_squares_are_right(shape):
    """JAX 0.10.2 returns wrong numbers here (jax-ml/jax#39103)."""
    rng = np.random.default_rng(0)
    matrix, rows = jnp.asarray(rng.normal(size=shape)), jnp.asarray(rng.normal(size=(9, shape[1])))
    square = lambda r: jnp.sum((matrix @ r) ** 2)
    compiled = jax.jit(jax.vmap(square))(rows)
    np.testing.assert_allclose(compiled, [square(r) for r in rows], rtol=1e-13)
    known = ((np.asarray(rows) @ np.asarray(matrix).T) ** 2).sum(axis=1)
    np.testing.assert_allclose(compiled, known, rtol=1e-13)
