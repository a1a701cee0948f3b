"""The metrics of one minimum on data, with their standard errors, as a program of JAX."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from lossatlas._types import Array, Point, Scalar
from lossatlas.landscapes import AbstractLandscape, AbstractModel

from ._areas import areas


ROUNDING = 1e-12  # losses that differ by less than this fraction are those of one model


class OnData(AbstractLandscape):
    """The loss of a model on a data set other than its own, without the penalty.

    - `scale`: what one unit of the targets is in units of the quantity to predict, of each for several.
    - `reference`: the minimum to compare with, shape (dim,), or None.
    """

    model: AbstractModel
    inputs: Float[Array, "items features"]
    targets: Array
    scale: Array
    reference: Point | None = None

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


class Judge(eqx.Module):
    """Computes the metrics of one minimum on data.

    It returns dictionaries `values` and `errors` by metric, scalars and arrays of shape (classes,) or, for
    several numbers to predict, (targets,); for classes also `wrong`, shape (items,); with a reference also
    `difference`, that of the mean loss from the reference in standard errors, positive where the minimum is
    better.

    - `classes`: number of classes of the data; 0 for numbers to predict.
    """

    classes: int = eqx.field(static=True)

    def __call__(self, trial: OnData, x: Point) -> dict[str, Any]:
        losses = self._losses(trial, x)
        found = self._classes(trial, x) if self.classes else self._numbers(trial, x)
        count = losses.shape[0]
        found["values"]["loss"] = jnp.mean(losses)
        found["errors"]["loss"] = jnp.std(losses) / jnp.sqrt(count)
        if trial.reference is not None:
            better = self._losses(trial, trial.reference) - losses
            spread = jnp.std(better)
            known = spread > ROUNDING * jnp.max(jnp.abs(losses))
            error = jnp.where(known, spread, 1.0) / jnp.sqrt(count)
            found["difference"] = jnp.where(known, jnp.mean(better) / error, 0.0)
        return found

    def _losses(self, trial: OnData, x: Point) -> Float[Array, " items"]:
        """Return the losses of the items; on classes, outputs of a regression are logits."""
        if not self.classes or trial.model.classes is not None:
            return trial.model.item_losses(x, trial.inputs, trial.targets)
        logits = trial.model.predict(x, trial.inputs)
        own = jnp.take_along_axis(logits, trial.targets[:, None], axis=1)[:, 0]
        return jax.nn.logsumexp(logits, axis=1) - own

    def _numbers(self, trial: OnData, x: Point) -> dict[str, Any]:
        """Return RMSE and R^2 of each target, for several the mean R^2, and errors by linearisation."""
        said = trial.model.predict(x, trial.inputs)
        scores = regression_scores(said[:, 0] if trial.targets.ndim == 1 else said, trial.targets)
        scale = {name: trial.scale if name == "rmse" else 1.0 for name in scores}
        return {
            kind: {name: scale[name] * pair[place] for name, pair in scores.items()}
            for place, kind in enumerate(("values", "errors"))
        }

    def _classes(self, trial: OnData, x: Point) -> dict[str, Any]:
        """Return metrics of the classes with their errors."""
        model, inputs, labels = trial.model, trial.inputs, trial.targets
        targets = labels[None, :] == jnp.arange(self.classes)[:, None]
        logits = (model.predict if model.classes is None else model.logits)(x, inputs).T
        said = jnp.argmax(logits, axis=0)
        wrong = said != labels
        fraction = jnp.mean(wrong, dtype=jnp.float64)  # JAX averages booleans in single precision
        area, contributions = areas(logits, targets)
        guesses = said[None, :] == jnp.arange(self.classes)[:, None]
        hits = jnp.sum(targets & guesses, axis=1)
        recall, recall_error, macro_recall = _fractions(hits, jnp.sum(targets, axis=1), targets)
        precision, precision_error, macro_precision = _fractions(hits, jnp.sum(guesses, axis=1), targets)
        values = {
            "accuracy": 1.0 - fraction,
            "misclassification": fraction,
            "macro_auc": jnp.mean(area),
            "macro_recall": macro_recall[0],
            "macro_precision": macro_precision[0],
            "auc": area,
            "recall": recall,
            "precision": precision,
        }
        spread = jnp.sqrt(fraction * (1.0 - fraction) / len(labels))
        errors = {
            "accuracy": spread,
            "misclassification": spread,
            "macro_auc": jnp.sqrt(jnp.sum(jnp.mean(contributions, axis=0) ** 2)),
            "macro_recall": macro_recall[1],
            "macro_precision": macro_precision[1],
            "auc": jnp.sqrt(jnp.sum(contributions**2, axis=1)),
            "recall": recall_error,
            "precision": precision_error,
        }
        return {"values": values, "errors": errors, "wrong": wrong}


def regression_scores(
    predicted: Array | np.ndarray, targets: Array | np.ndarray
) -> dict[str, tuple[Array, Array]]:
    """Return RMSE and R^2 of predicted numbers, each with its standard error.

    The errors are linearised: those of functions of means over the items. R^2 is NaN where all targets are
    equal.

    **Arguments:**

    - `predicted`, `targets`: in the same units, shape (items,), or for several targets (items, targets).

    **Returns:** `rmse`, in those units, and `r2`, each with its error; of several targets arrays of shape
    (targets,), and `macro_r2`, the mean of R^2 over the targets.
    """
    known = targets.reshape(len(targets), -1)
    squares = (predicted.reshape(known.shape) - known) ** 2
    spreads = (known - jnp.mean(known, axis=0, keepdims=True)) ** 2
    mean, variance, root = jnp.mean(squares, axis=0), jnp.mean(spreads, axis=0), len(known) ** 0.5
    ratio, rmse = jnp.where(variance > 0, mean / variance, jnp.nan), jnp.sqrt(mean)
    error = jnp.std(squares, axis=0) / (2.0 * jnp.where(rmse > 0, rmse, 1.0)) / root
    parts = (squares - ratio[None, :] * spreads) / variance[None, :]
    scores = {"rmse": (rmse, error), "r2": (1.0 - ratio, jnp.std(parts, axis=0) / root)}
    if targets.ndim == 1:
        return {name: (value[0], error[0]) for name, (value, error) in scores.items()}
    return scores | {"macro_r2": (jnp.mean(1.0 - ratio), jnp.std(jnp.mean(parts, axis=1)) / root)}


def _fractions(hits: Array, counts: Array, targets: Array) -> tuple[Array, Array, tuple[Scalar, Scalar]]:
    """Return hits / counts of each class, their errors, and their mean over the classes that have items.

    A fraction of no items is NaN, and counts as 0 in the mean, as in scikit-learn.
    """
    defined = counts > 0
    fractions = hits / jnp.maximum(counts, 1)
    errors = jnp.sqrt(fractions * (1.0 - fractions) / jnp.maximum(counts, 1))
    there = jnp.any(targets, axis=1)
    classes = jnp.sum(there)
    mean = jnp.sum(jnp.where(there, fractions, 0.0)) / classes
    error = jnp.sqrt(jnp.sum(jnp.where(there, errors, 0.0) ** 2)) / classes
    return jnp.where(defined, fractions, jnp.nan), jnp.where(defined, errors, jnp.nan), (mean, error)
