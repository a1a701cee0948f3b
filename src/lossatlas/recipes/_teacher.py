"""Teachers: a network is trained, and what it says of other data is what its students learn."""

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
