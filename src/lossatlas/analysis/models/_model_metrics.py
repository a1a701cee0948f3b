"""What minima are worth as models: loss, accuracy, AUC and misclassification, all minima at once."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._types import Array, Point, Scalar
from lossatlas.datasets import DataSet
from lossatlas.landscapes import Perceptron
from lossatlas.searches import as_points, run_batch

from .._result import AbstractResult


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ModelMetrics(AbstractResult):
    """Metrics of all minima by name, and what they get wrong.

    - `columns`: name -> one value per minimum, shape (minima,); NaN where it is not defined. A name is a
        part (`training`, `test`, `correct`, `wrong`: the correctly and the wrongly labelled part of the
        training items) and a metric, such as `test_auc`; see `evaluate`.
    - `misclassified`: part -> which minimum gets which item wrong, shape (minima, items).
    """

    columns: dict[str, Float[np.ndarray, " minima"]]
    misclassified: dict[str, Bool[np.ndarray, "minima items"]]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum: the metrics by name."""
        return dict(self.columns)

    def __repr__(self) -> str:
        """Return the number of minima and the names of the metrics."""
        minima = len(next(iter(self.columns.values()), ()))
        return f"ModelMetrics({minima}: {', '.join(self.columns)})"


def evaluate(
    landscape: Perceptron,
    x: Float[np.ndarray, "minima dim"],
    training: DataSet,
    test: DataSet | None = None,
    *,
    reference: int = 0,
    lowest: int | None = None,
    workers: int | None = None,
) -> ModelMetrics:
    """Judge every minimum as a model, on training and test data and on parts of them.

    For classes, with p_c the softmax probabilities, n items of the part:

    - `loss`: -(1/n) sum ln p_target, without the penalty.
    - `accuracy`: fraction of items whose most probable class is their own (their label, in a part of
        mislabelled training data).
    - `misclassification`: f = 1 - accuracy.
    - `auc`: area under the ROC curve of the reference class against the rest as the threshold on p_c
        varies: the fraction of pairs of an item inside and one outside the class that p_c puts in order,
        ties counting one half. `macro_auc`: its mean over the classes. NaN where a class has no items,
        or all.
    - `misclassification_index` (with `lowest`): fraction of items that are misclassified by exactly one
        of this minimum and the lowest one.

    For a number to predict: `loss`, the mean squared error, alone. A network of several outputs that
    learnt their values by squared error, such as a student, is judged as if they were a classifier's.

    **Arguments:**

    - `landscape`: the network; its own data are not used.
    - `x`: minima, shape (minima, dim), parameter units.
    - `training`, `test`: data sets of as many inputs as the network has. Mislabelled training data give
        the parts `correct` and `wrong` as well.
    - `reference`: the class of `auc`; class 0 in the literature on LJAT3.
    - `lowest`: row of the global minimum in `x`.
    - `workers`: threads; default one per core.

    **Returns:** `ModelMetrics`.

    **Raises:** `ValueError` for data that do not fit the network.

    Source: Chitturi, Verpoort, Lee & Wales, Mach. Learn.: Sci. Technol. 1, 023002 (2020),
    doi:10.1088/2632-2153/ab7aef; the rank statistic is Mann and Whitney's.
    """
    points = as_points(landscape, x, "x")
    if not np.all(np.isfinite(points)):
        raise ValueError("`x` holds values that are not finite.")
    classes = 2 if landscape.loss == "binary_cross_entropy" else landscape.sizes[-1]
    for name, number, count in (("reference", reference, classes), ("lowest", lowest, len(points))):
        if number is not None and not (isinstance(number, int | np.integer) and 0 <= number < count):
            raise ValueError(f"`{name}` must be a whole number from 0 to {count - 1}, got {number!r}.")
    for name, data in (("training", training), ("test", test)):
        if data is not None and not (isinstance(data, DataSet) and len(data)):
            raise ValueError(f"`{name}` must be a DataSet with at least one item.")
    parts = {"training": training}
    if training.mislabelled.any():
        parts |= {"correct": training[~training.mislabelled], "wrong": training[training.mislabelled]}
    if test is not None:
        parts["test"] = test
    columns: dict[str, np.ndarray] = {}
    misclassified = {}
    for name, data in parts.items():
        if len(data) == 0:
            continue  # every item is mislabelled
        judged = run_batch(_Judge(reference), _on(landscape, data), points, workers=workers)
        wrong = judged.pop("misclassified", None)
        columns |= {f"{name}_{metric}": values for metric, values in judged.items()}
        if wrong is not None:
            misclassified[name] = wrong
            if lowest is not None:
                columns[f"{name}_misclassification_index"] = np.mean(wrong != wrong[lowest], axis=1)
    return ModelMetrics(columns, misclassified)


def auc(scores: Float[np.ndarray, " items"], positive: Bool[np.ndarray, " items"]) -> float:
    """Return the area under the ROC curve, ties counting one half.

    With R the sum of the ranks of the positive items among all n (ties share their mean rank) and P of
    them positive, AUC = (R - P (P + 1)/2) / (P (n - P)), Mann and Whitney's statistic.

    **Arguments:**

    - `scores`: larger for items that rather are positive, shape (items,).
    - `positive`: whether they are, shape (items,).

    **Raises:** `ValueError` for shapes that differ, scores that are NaN, and where all items are positive
    or none is.

    Source: Hanley & McNeil, Radiology 143, 29 (1982), doi:10.1148/radiology.143.1.7063747.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(positive)
    if values.ndim != 1 or labels.shape != values.shape or labels.dtype != bool:
        raise ValueError(
            "`scores` and `positive` must be numbers and booleans of shape (items,), got shapes "
            f"{values.shape} and {labels.shape} and {labels.dtype}."
        )
    if np.isnan(values).any():
        raise ValueError("`scores` must not hold NaN.")
    if labels.all() or not labels.any():
        raise ValueError("The AUC needs items inside and outside the class.")
    return float(_auc(jnp.asarray(values), jnp.asarray(labels)))


class _Judge(eqx.Module):
    """Judges one minimum on the data of the landscape it is given with."""

    reference: int = eqx.field(static=True)

    def __call__(self, network: Perceptron, x: Point) -> dict[str, Array]:
        outputs, targets = network.outputs(x, network.inputs), network.targets
        if network.loss == "squared_error" and len(targets) == 1:
            return {"loss": jnp.mean(jnp.sum((outputs - targets) ** 2, axis=0))}
        if network.loss == "binary_cross_entropy":
            outputs = jnp.concatenate([jnp.zeros_like(outputs), outputs])  # a softmax of two
            targets = jnp.concatenate([1.0 - targets, targets])
        total = jax.nn.logsumexp(outputs, axis=0)
        wrong = jnp.argmax(outputs, axis=0) != jnp.argmax(targets, axis=0)
        areas = jnp.stack([_auc(_log_odds(outputs, c), targets[c] > 0.5) for c in range(len(targets))])
        fraction = jnp.mean(wrong, dtype=jnp.float64)  # JAX averages booleans in single precision
        return {
            "loss": jnp.mean(total - jnp.sum(targets * outputs, axis=0)),
            "accuracy": 1.0 - fraction,
            "misclassification": fraction,
            "auc": areas[self.reference],
            "macro_auc": jnp.mean(areas),
            "misclassified": wrong,
        }


def _on(landscape: Perceptron, data: DataSet) -> Perceptron:
    """Return the network on other data of the same kind."""
    if len(data.columns) != landscape.sizes[0]:
        raise ValueError(
            f"{data.name} has {len(data.columns)} inputs, but the network takes {landscape.sizes[0]}."
        )
    outputs = 2 if landscape.loss == "binary_cross_entropy" else landscape.sizes[-1]
    values = landscape.loss == "squared_error"
    if not (values if data.classes is None else outputs > 1):
        raise ValueError(f"{data.name} does not fit a network with the loss {landscape.loss}.")
    if data.classes is None:
        if outputs != 1:
            raise ValueError(
                f"{data.name} has one number to predict, but the network has {outputs} outputs."
            )
    elif data.targets.max() >= outputs:
        raise ValueError(
            f"{data.name} has class {data.targets.max()}, but the network has {outputs} outputs."
        )
    if data.classes is not None and landscape.loss != "binary_cross_entropy":
        targets = np.eye(landscape.sizes[-1])[data.targets].T
    else:
        targets = np.asarray(data.targets, dtype=np.float64)[None, :]
    arrays = jnp.asarray(data.inputs.T), jnp.asarray(targets)
    return eqx.tree_at(lambda network: (network.inputs, network.targets), landscape, arrays)


def _log_odds(outputs: Array, c: int) -> Array:
    """Return ln(p_c / (1 - p_c)), which puts items in the order of p_c but never saturates at 1."""
    others = jnp.concatenate([outputs[:c], outputs[c + 1 :]])
    return outputs[c] - jax.nn.logsumexp(others, axis=0)


def _auc(scores: Array, positive: Array) -> Scalar:
    ordered = jnp.sort(scores)
    below = jnp.searchsorted(ordered, scores, side="left")
    upto = jnp.searchsorted(ordered, scores, side="right")
    ranks = 0.5 * (below + upto + 1)
    inside = jnp.sum(positive)
    pairs = inside * (scores.shape[0] - inside)
    area = jnp.sum(jnp.where(positive, ranks, 0.0)) - 0.5 * inside * (inside + 1)
    return jnp.where(pairs > 0, area / jnp.maximum(pairs, 1), jnp.nan)
