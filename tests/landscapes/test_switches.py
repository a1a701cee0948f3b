"""Switches: the values in the program of an energy whose signs decide which piece applies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.landscapes import switches


X = np.array([0.5, -2.0, 3.0])
LEVELS = np.array([1.0, 2.0])
hooked = jax.custom_jvp(lambda x: jnp.abs(x[0]))
hooked.defjvp(lambda x, t: (hooked(*x), t[0][0]))


reversed_only = jax.custom_vjp(lambda x: jnp.sum(x * x))
reversed_only.defvjp(lambda x: (reversed_only(x), x), lambda x, g: (2 * g * x,))


def halved(x):
    return jax.lax.while_loop(lambda y: y > 0.1, lambda y: y / 2, x)


def called(x):
    there = jax.ShapeDtypeStruct((), float)
    return jax.pure_callback(lambda x: np.abs(x).max(), there, x) + jnp.abs(x[0])


@pytest.mark.parametrize(
    ("energy", "known"),
    [
        (lambda x: jnp.abs(x[0] * x[1]), [-1.0]),
        (lambda x: jnp.maximum(x[0], 2.0) + jnp.minimum(x[0], x[1]), [-1.5, 2.5]),
        (lambda x: jax.nn.relu(x[1]) + jax.nn.softplus(x[0]), [-2.0]),
        (lambda x: jnp.where(x[0] > x[2], x[0], 0.0), [-2.5]),
        (lambda x: jnp.max(x) + x[jnp.argmin(x)], [2.5, 2.5]),  # the extreme value and the next one
        (lambda x: jnp.sort(x)[0], [2.5, 2.5]),  # -2, 0.5, 3
        (lambda x: jax.lax.top_k(x, 2)[0][0], [2.5, 2.5]),
        (lambda x: jnp.clip(x[0], -1.0, 2.0), [1.5, -1.5]),
        (lambda x: jax.lax.clamp(-1.0, x[0], 2.0), [1.5, -1.5]),
        (lambda x: jax.lax.scan(lambda s, a: (s + jnp.abs(a * x[0] - s), a), 0.0, LEVELS)[0], [0.5, 0.5]),
        (lambda x: jax.jit(jnp.abs)(jax.checkpoint(jnp.sin)(x[0])), [np.sin(0.5)]),
        (hooked, [0.5]),
        (lambda x: jnp.sum(x * jnp.abs(LEVELS).sum() + jnp.tanh(x)), []),  # constants switch nothing
        (called, []),  # a program of another framework cannot be read
        (lambda x: jnp.abs(reversed_only(x)), []),  # has no forward derivatives
        (lambda x: jnp.abs(halved(x[0])), []),  # has no reverse derivatives
    ],
)
def test_switches_of_a_program(energy, known):
    found = jax.jit(lambda x: switches(energy, x))(X)
    np.testing.assert_allclose(np.sort(found), np.sort(known), rtol=1e-15)
