"""Losses as functions of the linear outputs of a network, and their derivatives; items are columns."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array


LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error")
Columns = Float[Array, "outputs items"]


def column_losses(loss: str, y: Columns, targets: Columns) -> Float[Array, " items"]:
    """Return the loss of each item, shape (items,), from outputs and targets, both (outputs, items)."""
    if loss == "cross_entropy":
        return jax.nn.logsumexp(y, axis=0) - jnp.sum(targets * y, axis=0)
    if loss == "binary_cross_entropy":
        return jnp.sum(jax.nn.softplus(y) - targets * y, axis=0)
    return jnp.sum((y - targets) ** 2, axis=0)


def _softmax_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    p = jax.nn.softmax(y, axis=0)
    i, j = np.triu_indices(y.shape[0])
    return p - targets, p[i] * ((i == j)[:, None] - p[j])


def _binary_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    p = jax.nn.sigmoid(y)
    return p - targets, p * (1.0 - p)


def _squared_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    i, j = np.triu_indices(y.shape[0])
    return 2.0 * (y - targets), jnp.broadcast_to(2.0 * (i == j)[:, None], (len(i), y.shape[1]))


# Functions of outputs and targets, both (outputs, items). They return the gradient (outputs, items) and the
# upper triangle of the Hessian (pairs, items) of each item's loss with respect to its outputs.
OUTPUT_DERIVATIVES: dict[str, Callable] = {
    "cross_entropy": _softmax_derivatives,
    "binary_cross_entropy": _binary_derivatives,
    "squared_error": _squared_derivatives,
}
