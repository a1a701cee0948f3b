"""Teachers: trained networks whose outputs on other data are the targets of students."""

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


TEACHER_STARTS = 4  # random starts; the lowest verified minimum is the teacher


class Lesson(NamedTuple):
    """A teacher and the data that its students learn.

    - `teacher`: landscape of the teacher, on the first half of the data.
    - `x`: the minimum of that landscape that is the teacher, shape (dim,), parameter units.
    - `data`: the second half of the data, relabelled: with the class of the teacher's largest output, or,
        where numbers are predicted, with its outputs.
    - `targets`: linear outputs of the teacher on the second half, shape (items, outputs).
    """

    teacher: Perceptron
    x: Float[np.ndarray, " dim"]
    data: DataSet
    targets: Float[np.ndarray, "items outputs"]


def halves(data: DataSet, *, seed: int = 0) -> tuple[DataSet, DataSet]:
    """Split data into two halves at random, without rescaling; the second gets an odd item.

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
    """Train a teacher: return the lowest verified minimum from random starts, shape (dim,).

    **Arguments:**

    - `network`: landscape of the teacher on its data; it needs a penalty to have non-degenerate minima.
    - `seed`: start i is drawn with `fold_in(key(seed), i)`.
    - `starts`: number of random starts.
    - `workers`: threads; default one per core.

    **Raises:** `ValueError` if no start leads to a verified minimum.
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

    **Arguments:**

    - `teacher`: landscape of the teacher.
    - `x`: the teacher, shape (dim,), parameter units.
    - `data`: data with as many inputs as the teacher.

    **Returns:** `Lesson`; `clean_targets` of its data are None: the teacher's labels count as right.

    **Raises:** `ValueError` if `x` or `data` does not fit the teacher.
    """
    x = np.asarray(x, dtype=float)
    if x.shape != (teacher.dimension,) or not np.all(np.isfinite(x)):
        raise ValueError(f"`x` must be finite, of shape ({teacher.dimension},), got {x.shape}.")
    if data.inputs.shape[1] != teacher.sizes[0]:
        raise ValueError(f"`data` has {data.inputs.shape[1]} inputs, the teacher {teacher.sizes[0]}.")
    targets = np.asarray(teacher.outputs(jnp.asarray(x), jnp.asarray(data.inputs)))
    if data.classes is not None:
        said = np.argmax(targets, axis=1)
    else:
        said = targets[:, 0] if isinstance(data.target, str) else targets
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
        encoder=data.encoder,
    )
    return Lesson(teacher, x, relabelled, targets)
