"""Metrics of minima as models: loss, accuracy, AUC and misclassification, for all minima at once."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray

from lossatlas._abstract_result import AbstractResult
from lossatlas._suggestions import named_arguments
from lossatlas._types import Array, Point, Scalar
from lossatlas.datasets import DataSet
from lossatlas.landscapes import AbstractLandscape, AbstractModel, check_model
from lossatlas.searches import as_points, run_batch

from ._sampling_error import auc_error, fraction_error


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ModelMetrics(AbstractResult):
    """Metrics of all minima by name, and the items that each minimum misclassifies.

    - `columns`: name -> one value per minimum, shape (minima,); NaN where the metric is not defined. A name
        joins a part of the data and a metric, such as `test_auc`. The parts are `training`, `validation`,
        `test`, `correct` and `wrong` (training items with a correct and with a wrong label); the metrics
        are those of `evaluate`.
    - `misclassified`: part -> whether a minimum misclassifies an item, shape (minima, items).
    - `errors`: name -> standard error of the metric, from the number of items and their spread, shape
        (minima,); of `loss`, `accuracy`, `misclassification` and `auc`.
    """

    columns: dict[str, Float[np.ndarray, " minima"]]
    misclassified: dict[str, Bool[np.ndarray, "minima items"]]
    errors: dict[str, Float[np.ndarray, " minima"]] = dataclasses.field(default_factory=dict)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum: the metrics by name."""
        return dict(self.columns)

    def __repr__(self) -> str:
        """Return the number of minima and the names of the metrics."""
        minima = len(next(iter(self.columns.values()), ()))
        return f"ModelMetrics({minima}: {', '.join(self.columns)})"


@named_arguments
def evaluate(
    landscape: AbstractModel,
    x: Float[np.ndarray, "minima dim"],
    training: DataSet,
    test: DataSet | None = None,
    *,
    validation: DataSet | None = None,
    reference: int = 0,
    lowest: int | None = None,
    workers: int | None = None,
) -> ModelMetrics:
    """Compute metrics of every minimum as a model, on training and test data and on parts of them.

    For classes, where p_c are the predicted probabilities and n is the number of items of the part:

    - `loss`: mean loss per item, without the penalty; for a `Perceptron` this is -(1/n) sum ln p_target.
        Each item has weight 1, whatever its weight in training.
    - `accuracy`: fraction of items whose most probable class is their label, be the label right or wrong.
    - `misclassification`: f = 1 - accuracy.
    - `auc`: area under the ROC curve of the reference class against the rest, with a threshold on p_c.
        This is the fraction of pairs (one item of the class, one of another class) in which the first has
        the larger p_c; ties count one half. NaN where the class has none of the items, or all.
    - `macro_auc`: mean of the AUC over all classes.
    - `misclassification_index` (with `lowest`): fraction of items that are misclassified by exactly one
        of this minimum and the lowest one.

    For a number to predict the only metric is `loss`, the mean squared error unless the model has another
    loss. A regression of several outputs (such as a student trained on the outputs of a classifier) can be
    evaluated on classes: its outputs are taken as the inputs of a softmax, and `loss` is
    -(1/n) sum ln p_target.

    **Arguments:**

    - `landscape`: any model, such as a `Perceptron`, or a `Loss` with `predict`; its own data are not used.
    - `x`: minima, shape (minima, dim), parameter units.
    - `training`, `test`, `validation`: data sets with as many inputs as the model. Training data with wrong
        labels give the parts `correct` and `wrong` as well.
    - `reference`: the class of `auc`; class 0 in the literature on LJAT3.
    - `lowest`: position of the global minimum in `x`.
    - `workers`: number of threads; default one per core.

    **Returns:** `ModelMetrics`.

    **Raises:** `ValueError` for a landscape that does not predict, points that are not finite or have
    another dimension, data that do not fit the model, and a class or position that does not exist.

    Source: Chitturi, Verpoort, Lee & Wales, Mach. Learn.: Sci. Technol. 1, 023002 (2020),
    doi:10.1088/2632-2153/ab7aef; the rank statistic is Mann and Whitney's.
    """
    points = as_points(check_model(landscape), x, "x")
    if not np.all(np.isfinite(points)):
        raise ValueError("`x` holds values that are not finite.")
    classes = landscape.classes or _output_count(landscape)
    for name, number, count in (("reference", reference, classes), ("lowest", lowest, len(points))):
        if number is not None and not (isinstance(number, int | np.integer) and 0 <= number < count):
            raise ValueError(f"`{name}` must be a whole number from 0 to {count - 1}, got {number!r}.")
    for name, data in (("training", training), ("test", test), ("validation", validation)):
        if data is not None and not (isinstance(data, DataSet) and len(data)):
            raise ValueError(f"`{name}` must be a DataSet with at least one item.")
    parts = {"training": training}
    if training.mislabelled.any():
        parts |= {"correct": training[~training.mislabelled], "wrong": training[training.mislabelled]}
    for name, data in (("validation", validation), ("test", test)):
        if data is not None:
            parts[name] = data
    columns: dict[str, np.ndarray] = {}
    errors: dict[str, np.ndarray] = {}
    misclassified = {}
    for name, data in parts.items():
        if len(data) == 0:
            continue  # every item is mislabelled
        judge = _Judge(0 if data.classes is None else classes, reference)
        judged = run_batch(judge, _on(landscape, data), points, workers=workers)
        wrong = judged.pop("misclassified", None)
        errors |= {f"{name}_{key}": values for key, values in _errors(judged, data, reference).items()}
        columns |= {f"{name}_{metric}": values for metric, values in judged.items()}
        if wrong is not None:
            misclassified[name] = wrong
            if lowest is not None:
                columns[f"{name}_misclassification_index"] = np.mean(wrong != wrong[lowest], axis=1)
    return ModelMetrics(columns, misclassified, errors)


def _errors(judged: dict[str, np.ndarray], data: DataSet, reference: int) -> dict[str, np.ndarray]:
    """Return the standard errors of the metrics of one part, and take the spread of the losses out."""
    found = {"loss": judged.pop("loss_spread") / np.sqrt(len(data))}
    if "accuracy" in judged:
        of_class = int(np.sum(data.targets == reference))
        found["accuracy"] = found["misclassification"] = fraction_error(judged["accuracy"], len(data))
        found["auc"] = auc_error(judged["auc"], of_class, len(data) - of_class)
    return found


def auc(scores: Float[np.ndarray, " items"], positive: Bool[np.ndarray, " items"]) -> float:
    """Return the area under the ROC curve, ties counting one half.

    With P positive items among n, and R the sum of the ranks of the positive ones (ties share their mean
    rank), AUC = (R - P (P + 1)/2) / (P (n - P)), the Mann-Whitney statistic.

    **Arguments:**

    - `scores`: score of each item, larger for items that are more likely positive, shape (items,).
    - `positive`: whether each item is positive, shape (items,).

    **Returns:** the AUC, 0 to 1.

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


class _OnData(AbstractLandscape):
    """The loss of a model on a data set other than its own, without the penalty."""

    model: AbstractModel
    inputs: Float[Array, "items features"]
    targets: Array

    def energy(self, x: Point) -> Scalar:
        """Return the mean loss of the items."""
        return jnp.mean(self.model.item_losses(x, self.inputs, self.targets))

    @property
    def dimension(self) -> int:
        """Number of variables of the model."""
        return self.model.dimension

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw a start of the model."""
        return self.model.sample(key)

    def fingerprint(self) -> dict[str, Any]:
        """Return the fingerprint of the model."""
        return self.model.fingerprint()


class _Judge(eqx.Module):
    """Computes the metrics of one minimum on data.

    - `classes`: number of classes of the data; 0 for a number to predict.
    - `reference`: the class of `auc`.
    """

    classes: int = eqx.field(static=True)
    reference: int = eqx.field(static=True)

    def __call__(self, trial: _OnData, x: Point) -> dict[str, Array]:
        model, inputs, labels = trial.model, trial.inputs, trial.targets
        if not self.classes:
            losses = model.item_losses(x, inputs, labels)
            return {"loss": jnp.mean(losses), "loss_spread": jnp.std(losses)}
        targets = (labels[None, :] == jnp.arange(self.classes)[:, None]).astype(float)
        if model.classes is None:
            logits = model.predict(x, inputs).T
            losses = jax.nn.logsumexp(logits, axis=0) - jnp.sum(targets * logits, axis=0)
        else:
            logits, losses = model.logits(x, inputs).T, model.item_losses(x, inputs, labels)
        wrong = jnp.argmax(logits, axis=0) != labels
        areas = jnp.stack([_auc(_log_odds(logits, c), targets[c] > 0.5) for c in range(self.classes)])
        fraction = jnp.mean(wrong, dtype=jnp.float64)  # JAX averages booleans in single precision
        return {
            "loss": jnp.mean(losses),
            "loss_spread": jnp.std(losses),
            "accuracy": 1.0 - fraction,
            "misclassification": fraction,
            "auc": areas[self.reference],
            "macro_auc": jnp.mean(areas),
            "misclassified": wrong,
        }


def _output_count(model: AbstractModel) -> int:
    """Return the number of outputs, from shapes alone."""
    shapes = (jax.ShapeDtypeStruct(shape, float) for shape in ((model.dimension,), (1, model.features)))
    return jax.eval_shape(model.predict, *shapes).shape[1]


def _on(model: AbstractModel, data: DataSet) -> _OnData:
    """Return the model on a data set; raises `ValueError` if the two do not fit."""
    if len(data.columns) != model.features:
        raise ValueError(
            f"{data.name} has {len(data.columns)} inputs, but the model takes {model.features}."
        )
    outputs = _output_count(model)
    if data.classes is None:
        if model.classes is not None:
            raise ValueError(
                f"{data.name} has a number to predict, but the model tells {model.classes} classes apart."
            )
        if outputs != 1:
            raise ValueError(f"{data.name} has one number to predict, but the model has {outputs} outputs.")
    elif model.classes is None and outputs == 1:
        raise ValueError(f"{data.name} has classes, but the model predicts one number.")
    elif data.targets.max() >= outputs:
        raise ValueError(
            f"{data.name} has class {data.targets.max()}, but the model has {outputs} outputs."
        )
    return _OnData(model, jnp.asarray(data.inputs), jnp.asarray(data.targets))


def _log_odds(outputs: Array, c: int) -> Array:
    """Return ln(p_c / (1 - p_c)), which orders items as p_c does but does not saturate near p_c = 1."""
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
