"""Metrics of minima as models: loss, accuracy, AUC, RMSE and others, for all minima at once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from lossatlas._abstract_result import AbstractResult
from lossatlas.datasets import DataSet
from lossatlas.landscapes import AbstractModel, check_model
from lossatlas.searches import as_points, run_batch

from ._judge import Judge, OnData
from ._metric_names import name_words
from ._sampling_error import paired_differences


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ModelMetrics(AbstractResult):
    """Metrics of all minima by name, and the items that each minimum misclassifies.

    - `columns`: name -> one value per minimum, shape (minima,); NaN where the metric is not defined. A name
        joins a part of the data and a metric, such as `test_auc`, and, for metrics of a single class or of
        one of several targets, its name, such as `test_recall_setosa`. The parts are `training`,
        `validation`, `test`, `correct` and `wrong` (training items with a correct and with a wrong label);
        the metrics are those of `evaluate`.
    - `misclassified`: part -> whether a minimum misclassifies an item, shape (minima, items).
    - `errors`: name -> standard error of the metric, from the number of items and their spread, shape
        (minima,); of all metrics but `misclassification_index`.
    - `differences`: for `loss` and `accuracy` of each part, name -> difference from the lowest minimum on
        the same items, in standard errors of that difference, positive where the minimum is better, shape
        (minima,); empty if no lowest minimum was named.
    """

    columns: dict[str, Float[np.ndarray, " minima"]]
    misclassified: dict[str, Bool[np.ndarray, "minima items"]]
    errors: dict[str, Float[np.ndarray, " minima"]] = dataclasses.field(default_factory=dict)
    differences: dict[str, Float[np.ndarray, " minima"]] = dataclasses.field(default_factory=dict)

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per minimum: the metrics by name."""
        return dict(self.columns)

    def __repr__(self) -> str:
        """Return the number of minima and the names of the metrics."""
        minima = len(next(iter(self.columns.values()), ()))
        return f"ModelMetrics({minima}: {', '.join(self.columns)})"


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
    - `auc_CLASS`, `recall_CLASS`, `precision_CLASS`: the AUC of each class against the rest, the fraction
        of its items that are taken for it, and the fraction of items taken for it that are of it; NaN where
        there are none. They are not computed for the parts `correct` and `wrong`.
    - `macro_auc`: mean of the AUC over all classes.
    - `macro_recall`, `macro_precision`: means over the classes that have items. A class that no item is
        taken for has precision 0 there, as in scikit-learn.
    - `misclassification_index` (with `lowest`): fraction of items that are misclassified by exactly one
        of this minimum and the lowest one.

    For a number to predict:

    - `loss`: the mean squared error in the scale of the targets, summed over several targets, unless the
        model has another loss.
    - `rmse`: root of the mean squared error, in units of the target: the standardisation is undone if the
        data have an encoder.
    - `r2`: 1 - sum (t - y)^2 / sum (t - mean t)^2, dimensionless; NaN where all t are equal.
    - `rmse_TARGET`, `r2_TARGET`, `macro_r2`: in their place for several targets, those of each target, and
        the mean R^2 over the targets.

    Errors of AUCs are those of DeLong, those of RMSE and R^2 are linearised. A regression of several
    outputs (such as a student trained on the outputs of a classifier) can be evaluated on classes: its
    outputs are taken as the inputs of a softmax, and `loss` is -(1/n) sum ln p_target.

    **Arguments:**

    - `landscape`: any model, such as a `Perceptron`, or a `Loss` with `predict`; its own data are not used.
    - `x`: minima, shape (minima, dim), parameter units.
    - `training`, `test`, `validation`: data sets with as many inputs as the model. Training data with wrong
        labels give the parts `correct` and `wrong` as well.
    - `reference`: the class of `auc`; class 0 in the literature on LJAT3.
    - `lowest`: position of the global minimum in `x`, with which the others are compared.
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
    found = ModelMetrics({}, {})
    for name, data in parts.items():
        if len(data) == 0:
            continue  # every item is mislabelled
        trial = _on(landscape, data)
        if lowest is not None:
            trial = dataclasses.replace(trial, reference=jnp.asarray(points[lowest]))
        judge = Judge(0 if data.classes is None else classes)
        judged = run_batch(judge, trial, points, workers=workers)
        _enter(found, name, judged, _words(data, classes), reference, lowest)
    return found


def _enter(
    found: ModelMetrics,
    part: str,
    judged: dict,
    words: tuple[str, ...],
    reference: int,
    lowest: int | None,
) -> None:
    """Enter the metrics of one part under their names."""
    for kind, columns in (("values", found.columns), ("errors", found.errors)):
        for metric, numbers in judged[kind].items():
            if numbers.ndim == 1:
                columns[f"{part}_{metric}"] = numbers
                continue
            if metric == "auc":
                columns[f"{part}_auc"] = numbers[:, reference]
            if part not in ("correct", "wrong"):
                for place, word in enumerate(words):
                    columns[f"{part}_{metric}_{word}"] = numbers[:, place]
    wrong = judged.get("wrong")
    if wrong is not None:
        found.misclassified[part] = wrong
    if lowest is not None:
        own = np.arange(len(judged["difference"])) == lowest  # compiled in another way, it may differ
        found.differences[f"{part}_loss"] = np.where(own, 0.0, judged["difference"])
    if lowest is not None and wrong is not None:
        found.columns[f"{part}_misclassification_index"] = np.mean(wrong != wrong[lowest], axis=1)
        found.differences[f"{part}_accuracy"] = paired_differences(wrong, lowest)


def _words(data: DataSet, classes: int) -> tuple[str, ...]:
    """Return the words that stand for the classes, or for several targets, in names of metrics.

    The model may know more classes than the data.
    """
    if data.classes is None:
        return name_words(data.target_names)
    return name_words([*data.classes, *map(str, range(len(data.classes), classes))])


def _output_count(model: AbstractModel) -> int:
    """Return the number of outputs, from shapes alone."""
    shapes = (jax.ShapeDtypeStruct(shape, float) for shape in ((model.dimension,), (1, model.features)))
    return jax.eval_shape(model.predict, *shapes).shape[1]


def _on(model: AbstractModel, data: DataSet) -> OnData:
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
        count = len(data.target_names)
        if outputs != count:
            said = "one number" if count == 1 else f"{count} numbers"
            raise ValueError(f"{data.name} has {said} to predict, but the model has {outputs} outputs.")
    elif model.classes is None and outputs == 1:
        raise ValueError(f"{data.name} has classes, but the model predicts one number.")
    elif data.targets.max() >= outputs:
        raise ValueError(
            f"{data.name} has class {data.targets.max()}, but the model has {outputs} outputs."
        )
    scale = 1.0 if data.encoder is None else data.encoder.target_scale
    return OnData(model, jnp.asarray(data.inputs), jnp.asarray(data.targets), jnp.asarray(scale))
