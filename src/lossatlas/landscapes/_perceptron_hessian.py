"""The exact Hessian of a multilayer perceptron as a few matrix products over the data.

For one item let z_l be the linear signals of layer l, h_l = f(z_l), and e the item's loss. With

    d_l = de/dz_l,   Q_lm = d2e/dz_l dz_m   (z_l and z_m displaced independently),

the second derivative with respect to the weights W_l[i, a] and W_m[j, b], l <= m, is

    Q_lm[i, j] h_(l-1)[a] h_(m-1)[b] + d_m[j] (dh_(m-1)[b] / dz_l[i]) h_(l-1)[a],

where a bias is the weight of a signal that is one. From the last layer downwards Q_ll = f' f' (W^T Q W) +
diag(f'' W^T d) and Q_lm = f' W^T Q_(l+1)m. The sums over items are products of matrices (pairs, items) and
(items, pairs); automatic differentiation does the same work once per variable.

The formulas are derived here; for one hidden layer they are the Gauss-Newton matrix J^T A J plus one term
per layer.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._types import Array, Matrix

from ._activations import Activation, curves
from ._triangle import pair_numbers


Items = Float[Array, "_ items"]
BLOCK = 2048  # items per block: the arrays of a block stay in the cache, whatever the size of the data set
PRODUCTS = 2**21  # largest array of products formed at once; above, pairs of nodes are handled one by one


def data_hessian(
    layers: Sequence[tuple[Array, Array]],
    inputs: Items,
    targets: Items,
    *,
    activation: Activation,
    output_derivatives,
    weights: Float[Array, " items"] | None = None,
) -> Matrix:
    """Return the Hessian of the sum of the items' losses over all weights and biases.

    **Arguments:**

    - `layers`: weights (outputs, inputs) and biases (outputs,) of each layer.
    - `inputs`, `targets`: shapes (inputs, items) and (outputs, items).
    - `activation`: activation of the hidden layers, differentiable twice by JAX.
    - `output_derivatives`: function of outputs and targets, see `OUTPUT_DERIVATIVES`.
    - `weights`: weights of the items in the sum, shape (items,); default 1.

    **Returns:** shape (full, full), variables ordered W_0 row by row, b_0, W_1, ...
    """
    part = functools.partial(
        _block_hessian, layers, activation=activation, output_derivatives=output_derivatives
    )
    items = inputs.shape[1]
    weights = jnp.ones(items) if weights is None else weights
    if items <= BLOCK:
        return part(inputs, targets, weights)
    blocks = -(-items // BLOCK)
    padding = blocks * BLOCK - items
    counted = jnp.pad(weights, (0, padding)).reshape(blocks, BLOCK)
    cut = lambda a: jnp.pad(a, ((0, 0), (0, padding))).reshape(-1, blocks, BLOCK).swapaxes(0, 1)
    size = sum((w.shape[1] + 1) * w.shape[0] for w, _ in layers)
    total, _ = jax.lax.scan(
        lambda sum_, block: (sum_ + part(*block), None),
        jnp.zeros((size, size)),
        (cut(inputs), cut(targets), counted),
    )
    return total


def _block_hessian(
    layers, inputs: Items, targets: Items, counted: Array, *, activation, output_derivatives
) -> Matrix:
    signals, slopes, bends = [inputs], [], []
    *hidden, (last, biases) = layers
    for weights, bias in hidden:
        signal, slope, bend = curves(activation, weights @ signals[-1] + bias[:, None])
        signals.append(signal)
        slopes.append(slope)
        bends.append(bend)
    delta, curvature = output_derivatives(last @ signals[-1] + biases[:, None], targets)
    deltas, squares, mixed = _second_derivatives(
        layers, slopes, bends, delta * counted[None, :], curvature * counted[None, :]
    )
    one = jnp.ones((1, inputs.shape[1]))
    signals = [jnp.concatenate([signal, one]) for signal in signals]
    rows: list[list[Array]] = [[] for _ in layers]
    for m in range(len(layers)):
        for l in range(m):
            block = _mixed_block(layers, l, m, signals, slopes, deltas, mixed[l, m])
            rows[l].append(block)
            rows[m].append(block.T)
        rows[m].append(_square_block(squares[m], signals[m]))
    # Within a layer the blocks are ordered node by node, each with its bias last.
    order = np.argsort(_node_order([(w.shape[0], w.shape[1]) for w, _ in layers]))
    return jnp.block(rows)[order][:, order]


def _second_derivatives(layers, slopes, bends, delta: Items, curvature: Items):
    """Return d_l and the upper triangle of Q_ll of every layer, and Q_lm of every pair l < m."""
    top, items = len(layers) - 1, delta.shape[1]
    deltas, squares, mixed = {top: delta}, {top: curvature}, {}
    for l in reversed(range(top)):
        weights, slope = layers[l + 1][0], slopes[l]
        outputs, nodes = weights.shape
        (i, j), (c, e) = np.triu_indices(nodes), np.triu_indices(outputs)
        # Q is symmetric, so each pair of outputs off the diagonal counts twice.
        expand = weights[c][:, i] * weights[e][:, j]
        expand = expand + jnp.where((c != e)[:, None], weights[e][:, i] * weights[c][:, j], 0.0)
        below = weights.T @ deltas[l + 1]
        square = slope[i] * slope[j] * (expand.T @ squares[l + 1])
        squares[l] = square.at[np.flatnonzero(i == j)].add(bends[l] * below)
        deltas[l] = slope * below
        for m in range(l + 1, top + 1):
            upper = squares[m][pair_numbers(outputs)] if m == l + 1 else mixed[l + 1, m]
            product = weights.T @ upper.reshape(outputs, -1)
            mixed[l, m] = slope[:, None, :] * product.reshape(nodes, -1, items)
    return deltas, squares, mixed


def _square_block(square: Items, signal: Items) -> Matrix:
    """Return the block of one layer with itself from the triangle of Q and the signals below."""
    nodes, links = _side(square.shape[0]), signal.shape[0]
    a, b = np.triu_indices(links)
    if len(a) * signal.shape[1] <= PRODUCTS:
        block = (square @ (signal[a] * signal[b]).T)[:, pair_numbers(links)]
    else:
        block = jax.lax.map(lambda row: (signal * row[None, :]) @ signal.T, square)
    block = block[pair_numbers(nodes)]
    return block.transpose(0, 2, 1, 3).reshape(nodes * links, nodes * links)


def _mixed_block(layers, l: int, m: int, signals, slopes, deltas, q: Array) -> Array:
    """Return the block of layer l with a layer m above it."""
    below, above = signals[l], signals[m]
    lower, upper, items = q.shape
    if q.size * below.shape[0] <= PRODUCTS:
        first = (q[:, None] * below[None, :, None, :]).reshape(-1, items)
        block = (first @ above.T).reshape(lower, -1, upper, above.shape[0])
    else:
        pairs = jax.lax.map(lambda row: (below * row[None, :]) @ above.T, q.reshape(-1, items))
        block = pairs.reshape(lower, upper, -1, above.shape[0]).transpose(0, 2, 1, 3)
    # Derivatives of the signals below layer m with respect to z_l: of the same node, or through the layers
    # between.
    if m == l + 1:
        moved = (deltas[m][:, None] * slopes[l][None]).reshape(-1, items) @ below.T
        moved = moved.reshape(upper, lower, -1)
        nodes = np.arange(lower)
        block = block.at[nodes, :, :, nodes].add(moved.transpose(1, 2, 0))
    else:
        change = jnp.eye(lower)[:, :, None] * slopes[l][None]
        for k in range(l + 1, m):
            change = slopes[k][None] * jnp.einsum("bc,icd->ibd", layers[k][0], change)
        moved = jnp.einsum("jd,ibd,ad->iajb", deltas[m], change, below)
        block = block.at[:, :, :, : moved.shape[3]].add(moved)
    return block.reshape(lower * below.shape[0], -1)


def _side(pairs: int) -> int:
    return (round((8 * pairs + 1) ** 0.5) - 1) // 2


def _node_order(shapes: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return the position in the full vector of every (layer, node, link), with the bias as last link."""
    places, start = [], 0
    for outputs, inputs in shapes:
        weights = start + np.arange(outputs * inputs).reshape(outputs, inputs)
        biases = start + outputs * inputs + np.arange(outputs)
        places.append(np.concatenate([weights, biases[:, None]], axis=1).ravel())
        start += outputs * (inputs + 1)
    return np.concatenate(places)
