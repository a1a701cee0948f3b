"""Students and teachers: a network learns the outputs of another, so its ground state is known."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from lossatlas._results import RESULTS
from lossatlas.datasets import DataSet
from lossatlas.landscapes import Perceptron
from lossatlas.searches import minimise
from lossatlas.searches.global_search import random_starts


TEACHER_STARTS = 4  # of which the lowest verified minimum teaches


class Lesson(NamedTuple):
    """What a teacher gives its students.

    - `teacher`: the landscape that the teacher is a minimum of, on the first half of the data.
    - `x`: that minimum, shape (dim,), parameter units.
    - `data`: the second half, with the teacher's answers: for classes the class of its largest output,
        else its output.
    - `targets`: its linear outputs there, shape (items, outputs).
    """

    teacher: Perceptron
    x: Float[np.ndarray, " dim"]
    data: DataSet
    targets: Float[np.ndarray, "items outputs"]


def halves(data: DataSet, *, seed: int = 0) -> tuple[DataSet, DataSet]:
    """Return two halves of data, drawn at random, in the scale of the whole; an odd item goes second.

    **Raises:** `ValueError` for fewer than two items.
    """
    if len(data) < 2:
        raise ValueError(f"{data.name}: a teacher and a student need an item each, got {len(data)}.")
    order = np.random.default_rng(seed).permutation(len(data))
    middle = len(data) // 2
    return data[order[:middle]], data[order[middle:]]


def train_teacher(
    network: Perceptron, *, seed: int = 0, starts: int = TEACHER_STARTS, workers: int | None = None
) -> Float[np.ndarray, " dim"]:
    """Return the lowest verified minimum from random starts, shape (dim,).

    **Arguments:**

    - `network`: the teacher on its data; without a penalty it has no minimum, or degenerate ones.
    - `seed`, `starts`: start i is drawn with `fold_in(key(seed), i)`.
    - `workers`: threads; default one per core.

    **Raises:** `ValueError` if no start led to a verified minimum.
    """
    numbers = np.arange(starts)
    x = random_starts(network, jax.random.key(seed), numbers, workers=workers)
    found = minimise(network, x, workers=workers)
    if not found.converged.any():
        said = ", ".join(f"{count} {name}" for name, count in found.outcomes().items())
        raise ValueError(
            f"The teacher reached no verified minimum from {starts} starts ({said}); "
            "a larger `teacher_l2` makes that easier."
        )
    return found.x[np.argmin(np.where(found.outcome == RESULTS.converged, found.energy, np.inf))]


def teach(teacher: Perceptron, x: Float[np.ndarray, " dim"], data: DataSet) -> Lesson:
    """Relabel data with the outputs of a teacher at `x`.

    **Returns:** `Lesson`; `clean_targets` of its data are None: what the teacher says is right.
    """
    x = np.asarray(x, dtype=float)
    if x.shape != (teacher.dimension,) or not np.all(np.isfinite(x)):
        raise ValueError(f"`x` must be finite, of shape ({teacher.dimension},), got {x.shape}.")
    if data.inputs.shape[1] != teacher.sizes[0]:
        raise ValueError(f"`data` has {data.inputs.shape[1]} inputs, the teacher {teacher.sizes[0]}.")
    targets = np.asarray(teacher.outputs(jnp.asarray(x), jnp.asarray(data.inputs)))
    classes = data.classes is not None
    said = np.argmax(targets, axis=1) if classes else targets[:, 0]
    note = f"{len(data)} items with the answers of a teacher {list(teacher.sizes)}"
    relabelled = DataSet(
        name=data.name,
        inputs=data.inputs,
        targets=said,
        classes=data.classes,
        columns=data.columns,
        target=data.target,
        source=data.source,
        note="; ".join(part for part in (data.note, note) if part),
        standardised=data.standardised,
    )
    return Lesson(teacher, x, relabelled, targets)


def ground_state(lesson: Lesson, student: Perceptron) -> Float[np.ndarray, " dim"]:
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


def rank_bound(targets: Float[np.ndarray, "items outputs"], nodes: int) -> float:
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
