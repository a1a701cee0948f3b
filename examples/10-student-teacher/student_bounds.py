"""What is known of the losses of students: their ground state, and a bound for those that are too small."""

import jax.numpy as jnp
import numpy as np

from lossatlas.landscapes import Perceptron
from lossatlas.recipes import Lesson


def ground_state(lesson: Lesson, student: Perceptron) -> np.ndarray:
    """Return the teacher as a point of the student's landscape, where its squared error is zero.

    Hidden nodes beyond the teacher's have no weights and no bias, so nothing comes from them.

    **Arguments:**

    - `lesson`: holds the teacher.
    - `student`: at least as many nodes in each hidden layer, as many layers, the same activation, all
        links.

    **Returns:** shape (dim of the student,), parameter units.

    **Raises:** `ValueError` for a student that the teacher does not fit in.
    """
    if student.loss != "squared_error":
        raise ValueError(f"The ground state is known for squared_error, not for {student.loss}.")
    sizes, needed = student.sizes, lesson.teacher.sizes
    ends = len(sizes) == len(needed) and (sizes[0], sizes[-1]) == (needed[0], needed[-1])
    if not ends or any(have < need for have, need in zip(sizes, needed)):
        raise ValueError(f"A teacher {list(needed)} does not fit in a student {list(sizes)}.")
    if student.activation != lesson.teacher.activation:
        raise ValueError(
            f"A {lesson.teacher.activation} teacher does not fit in a {student.activation} student."
        )
    if student.free is not None or lesson.teacher.free is not None:
        raise ValueError("A teacher fits in a student only if neither has links left out.")
    parts = []
    layers = lesson.teacher.layers(jnp.asarray(lesson.x))
    for (weights, biases), inputs, outputs in zip(layers, sizes, sizes[1:]):
        wider = outputs - len(biases)
        parts.append(np.pad(weights, ((0, wider), (0, inputs - weights.shape[1]))).ravel())
        parts.append(np.pad(biases, (0, wider)))
    return np.concatenate(parts)


def rank_bound(targets: np.ndarray, nodes: int) -> float:
    """Return a loss that no network with so few nodes in its last hidden layer gets below.

    Its outputs are W A + b with A of shape (`nodes`, items), so of rank `nodes` but for a constant; by
    Eckart and Young the mean squared error is at least

        (1/N) sum_(k > nodes) s_k^2

    with s_k the singular values of the `targets` less their mean over the N items. With `nodes` = 0 it
    is their variance, the loss of the best constant.

    **Arguments:**

    - `targets`: shape (items, outputs).
    - `nodes`: of the last hidden layer, whatever the layers before it.

    **Raises:** `ValueError` for a negative number of nodes, and targets of another shape or not finite.

    Source: Eckart & Young, Psychometrika 1, 211 (1936), doi:10.1007/BF02288367.
    """
    if not isinstance(nodes, int | np.integer) or nodes < 0:
        raise ValueError(f"`nodes` must be a whole number of at least 0, got {nodes!r}.")
    targets = np.asarray(targets, dtype=float)
    if targets.ndim != 2 or not targets.size or not np.all(np.isfinite(targets)):
        raise ValueError(f"`targets` must be finite, of shape (items, outputs), got {targets.shape}.")
    singular = np.linalg.svd(targets - targets.mean(axis=0), compute_uv=False)
    return float(np.sum(singular[nodes:] ** 2) / len(targets))
