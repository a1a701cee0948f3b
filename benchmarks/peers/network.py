"""Loss and gradient of a network with one hidden layer of tanh nodes, in plain numpy and float64.

    E = -(1/N) sum ln p + lam ||w||^2,   p = softmax(W2 tanh(W1 x + b1) + b2),   w = (W1, b1, W2, b2)

The items come last in every array.
"""

import numpy as np


def network(inputs, targets, hidden, classes, l2):
    """Return a function of w that returns the loss and its gradient."""
    items, width = inputs.shape
    ends = np.cumsum([hidden * width, hidden, classes * hidden])
    columns = np.ascontiguousarray(inputs.T)
    wanted = (np.arange(classes)[:, None] == targets).astype(np.float64)

    def loss_and_gradient(w):
        weights1, bias1, weights2, bias2 = np.split(w, ends)
        weights2 = weights2.reshape(classes, hidden)
        nodes = weights1.reshape(hidden, width) @ columns
        nodes += bias1[:, None]
        np.tanh(nodes, out=nodes)
        scores = weights2 @ nodes
        scores += bias2[:, None]
        scores -= scores.max(axis=0)
        loss = -np.vdot(scores, wanted)
        np.exp(scores, out=scores)
        total = scores.sum(axis=0)
        loss = (loss + np.log(total).sum()) / items + l2 * (w @ w)
        scores /= total
        scores -= wanted
        scores /= items  # the derivative with respect to the scores
        inner = weights2.T @ scores
        inner *= 1.0 - nodes * nodes
        parts = inner @ inputs, inner.sum(axis=1), scores @ nodes.T, scores.sum(axis=1)
        gradient = np.concatenate([part.ravel() for part in parts])
        gradient += 2.0 * l2 * w
        return loss, gradient

    return loss_and_gradient


def read_problem(file):
    """Return the loss and the arrays of a problem file: inputs, targets, hidden, l2, starts, ..."""
    problem = dict(np.load(file, allow_pickle=False))
    inputs, hidden = problem["inputs"], int(problem["hidden"])
    classes = (problem["starts"].shape[1] - hidden * (inputs.shape[1] + 1)) // (hidden + 1)
    return network(inputs, problem["targets"], hidden, classes, float(problem["l2"])), problem
