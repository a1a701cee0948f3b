"""Biases without a penalty: their shift is projected out, and the stationary points stay the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.landscapes import Loss, Perceptron
from lossatlas.searches import find_saddles, minimise


def problem():
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(40, 2))
    targets = (inputs[:, 0] * inputs[:, 1] > 0).astype(int) + (inputs[:, 0] > 1)
    return Perceptron(inputs, targets, hidden=[3], l2=3e-3, penalise_biases=False)


def pinned(network):
    """Fix the shift in another way: the last output bias is zero and no variable."""
    size = network.dimension - 1
    weights = jnp.asarray(np.asarray(network.penalised))

    def loss(x):
        full = jnp.concatenate([x, jnp.zeros(1)])
        y = network.outputs(full, network.inputs)
        items = jax.nn.logsumexp(y, axis=1) - jnp.sum(network.targets * y, axis=1)
        return jnp.mean(items) + network.l2 * jnp.sum(weights * full * full)

    return Loss(loss, jnp.zeros(size), scale=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("search", [minimise, find_saddles])
def test_the_same_stationary_points(search):
    network = problem()
    other = pinned(network)
    starts = np.stack([network.sample(jax.random.key(i)) for i in range(24)])
    ours = search(network, starts)
    ours = ours.where(ours.converged)
    assert len(np.unique(np.round(ours.energy, 8))) >= 3
    # The projected points have no component along the shift.
    np.testing.assert_allclose(ours.x[:, -3:].sum(axis=1), 0.0, atol=1e-12)
    shifted = ours.x.copy()
    shifted[:, -3:] -= ours.x[:, -1:]
    theirs = search(other, shifted[:, :-1])
    assert theirs.converged.all()
    np.testing.assert_allclose(theirs.x, shifted[:, :-1], atol=1e-7)
    np.testing.assert_allclose(theirs.energy, ours.energy, rtol=1e-12)
    # And back again.
    again = search(network, np.concatenate([theirs.x, np.zeros((len(theirs), 1))], axis=1))
    np.testing.assert_allclose(again.x, ours.x, atol=1e-7)
