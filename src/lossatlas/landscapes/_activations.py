"""Activations of networks: five known by name, and any elementwise function of JAX."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array


Activation = str | Callable[[Array], Array]
Signals = Float[Array, "..."]

ACTIVATIONS: dict[str, Callable] = {
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "relu": jax.nn.relu,
}
ROUNDING = 1e-12  # relative difference of two ways to compute one value
PROBES = 0.01 * 1.15 ** np.arange(64)  # 0.01 to 67: z at which f(-z) = -f(z) is tested
MARKS = np.array([-3.0, -1.0, -0.3, 0.0, 0.2, 0.7, 1.0, 2.0, 5.0])  # z whose f(z) enter a fingerprint


def read_activation(given: Any) -> Activation:
    """Return the name of a known activation, or the function that was given.

    **Raises:** `ValueError` for an unknown name, or a function that is not hashable, that JAX cannot trace,
    that does not return float64 of the same shape, that is not elementwise, or not finite.
    """
    if not callable(given):
        if not (isinstance(given, str) and given in ACTIVATIONS):
            raise ValueError(
                f"`activation` must be one of {', '.join(ACTIVATIONS)}, or a function, got {given!r}."
            )
        return given
    function: Any = given
    for name, known in ACTIVATIONS.items():
        if function is known:
            return name
    _check_elementwise(function)
    return function


def function_of(activation: Activation) -> Callable[[Array], Array]:
    """Return the function that an activation names, or the function itself."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


def curves(activation: Activation, z: Signals) -> tuple[Signals, Signals, Signals]:
    """Return the values f(z) and the first two derivatives of an activation, each of the shape of z."""
    function = function_of(activation)
    if activation == "tanh":
        h = jnp.tanh(z)
        slope = 1.0 - h * h
        return h, slope, -2.0 * h * slope
    if isinstance(activation, str):
        along = lambda f: lambda s: jax.jvp(f, (s,), (jnp.ones_like(s),))[1]
    else:  # reverse mode, since a function may define its own derivative for this mode only
        along = lambda f: lambda s: jax.vjp(f, s)[1](jnp.ones_like(s))[0]
    slope = along(function)
    return function(z), slope(z), along(slope)(z)


def is_odd(activation: Activation) -> bool:
    """Return whether f(-z) = -f(z), so that a node may change sign; a function is tested at 64 points."""
    return activation == "tanh" if isinstance(activation, str) else _looks_odd(activation)


def settings_of(activation: Activation) -> str:
    """Return the text for a fingerprint: the name, or values of the function, which cannot be hashed."""
    if isinstance(activation, str):
        return activation
    values = np.asarray(activation(jnp.asarray(MARKS)))
    return "function of values " + ", ".join(f"{value:.8e}" for value in values)


@functools.lru_cache(maxsize=256)
def _looks_odd(function: Callable) -> bool:
    there, back = (np.asarray(function(jnp.asarray(sign * PROBES))) for sign in (1.0, -1.0))
    return bool(np.all(np.abs(there + back) <= ROUNDING * np.maximum(np.abs(there), np.abs(back))))


def _check_elementwise(function: Callable) -> None:
    """Refuse a function that cannot be an activation; raises `ValueError`."""
    try:
        hash(function)
    except TypeError:
        raise ValueError(
            "`activation` must be hashable: a function, or an object without arrays."
        ) from None
    z = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4)))
    try:
        shape = jax.eval_shape(function, z)
    except Exception as error:  # the user's function may raise anything
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"`activation` must be a function of one array, written with jax.numpy: {why}"
        ) from error
    if getattr(shape, "shape", None) != z.shape or shape.dtype != jnp.float64:
        got = f"{shape.dtype} of shape {shape.shape}" if hasattr(shape, "shape") else type(shape).__name__
        raise ValueError(
            f"`activation` must turn an array into one of the same shape in float64; of float64 of shape "
            f"{z.shape} it made {got}."
        )
    whole, one_by_one = function(z), jnp.stack([function(number.reshape(1))[0] for number in z.ravel()])
    if not np.allclose(whole.ravel(), one_by_one, rtol=ROUNDING, atol=ROUNDING, equal_nan=True):
        raise ValueError(
            "`activation` must work element by element: a number of its result depends on other numbers."
        )
    if not np.all(np.isfinite(whole)):
        raise ValueError("`activation` is not finite at random points of size one.")
