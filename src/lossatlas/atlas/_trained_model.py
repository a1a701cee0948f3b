"""A minimum of a model as something to use: predictions for raw rows, scores, weights, a file."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Shaped

from lossatlas._checks import as_numbers, check_folder, check_path
from lossatlas.datasets import DataSet, as_labels, read_numbers, read_table
from lossatlas.landscapes import AbstractModel, check_model


class Layer(NamedTuple):
    """One layer of a network: what comes out is activation(weights @ inputs + biases).

    - `weights`: shape (outputs, inputs).
    - `biases`: shape (outputs,).
    - `inputs`, `outputs`: names: those of the columns of the data, of the classes or targets, or h1.3 for
        node 3 of the first hidden layer.
    """

    weights: Float[np.ndarray, "outputs inputs"]
    biases: Float[np.ndarray, " outputs"]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedModel:
    """One minimum of a model, with all that is needed to predict.

    **Arguments:**

    - `landscape`: the model.
    - `x`: the minimum, shape (dim,), parameter units.
    - `data`: the data set that the model learnt from. Its encoder turns raw rows into inputs, and it has
        the names of inputs and classes. None: inputs are taken as they are, and classes are numbers.
    - `minimum`: id of the minimum in its atlas; None for one of no atlas.

    **Raises:** `ValueError` for a landscape that does not predict, or a point of another shape.
    """

    landscape: AbstractModel
    x: Float[np.ndarray, " dim"]
    data: DataSet | None = None
    minimum: int | None = None

    def __post_init__(self):
        """Check that everything fits."""
        check_model(self.landscape)
        object.__setattr__(self, "x", as_numbers("x", self.x))
        if not isinstance(self.data, DataSet | None):
            raise ValueError(f"`data` must be a DataSet or None, got {type(self.data).__name__}.")
        if self.data is not None and len(self.data.columns) != self.landscape.features:
            raise ValueError(
                f"{self.data.name} has {len(self.data.columns)} inputs, but the model takes "
                f"{self.landscape.features}."
            )
        if self.x.shape != (self.landscape.dimension,) or not np.isfinite(self.x).all():
            raise ValueError(
                f"`x` must be finite, of shape ({self.landscape.dimension},), got {self.x.shape}."
            )

    # ---- what is predicted ---------------------------------------------------------------------

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes; None for numbers to predict."""
        if self.data is not None:
            return self.data.classes
        count = self.landscape.classes
        return None if count is None else tuple(map(str, range(count)))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs of the model, after the encoding."""
        count = self.landscape.features
        return tuple(f"x{i + 1}" for i in range(count)) if self.data is None else self.data.columns

    def predict(self, rows: Any) -> Shaped[np.ndarray, "items *targets"]:
        """Return the name of the most probable class of each row, or the number, in units of the target.

        Of several targets all numbers are returned, each in the unit of its target.

        **Arguments:**

        - `rows`: raw rows as they stood in the table: path of a CSV file, data frame, mapping from names to
            values, list of mappings, or an array of numbers, shape (items, columns). Without an encoder:
            the inputs, shape (items, features).

        **Returns:** shape (items,), or for several targets (items, targets).

        **Raises:** `ValueError` that names the row and the column of what is missing or does not fit.
        """
        outputs = self._outputs(rows)
        if self.classes is not None:
            return np.array(self.classes)[np.argmax(outputs, axis=1)]
        numbers = outputs[:, 0] if outputs.shape[1] == 1 else outputs
        encoder = None if self.data is None else self.data.encoder
        return numbers if encoder is None else encoder.in_target_units(numbers)

    def predict_proba(self, rows: Any) -> Float[np.ndarray, "items classes"]:
        """Return the probability of each class for each row; `rows` and errors as of `predict`.

        **Raises:** `ValueError` for a number to predict, too.
        """
        if self.classes is None:
            raise ValueError("A model that predicts a number has no probabilities of classes.")
        outputs = self._outputs(rows)
        if self.landscape.classes is not None:
            return outputs
        # A student that learnt the linear outputs of a classifier.
        weights = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def score(self, rows: Any, targets: Any = None) -> float:
        """Return the accuracy, or for a number R^2 = 1 - sum (t - y)^2 / sum (t - mean t)^2.

        Of several targets it is the mean of their R^2, as in scikit-learn.

        **Arguments:**

        - `rows`: as of `predict`.
        - `targets`: what is right: labels, or numbers in units of the targets, shape (items,), or for
            several targets (items, targets); default the columns of the targets in `rows`.

        **Raises:** `ValueError` as `predict`, for missing targets, and for labels that are no class.
        """
        if targets is None:
            targets = self.targets_of(rows)
        said = self.predict(rows)
        if np.shape(targets) != said.shape:
            raise ValueError(f"`targets` must have shape {said.shape}, got {np.shape(targets)}.")
        if self.classes is not None:
            return float(np.mean(as_labels(said, self.classes) == as_labels(targets, self.classes)))
        right = as_numbers("targets", targets)
        rest, total = np.sum((right - said) ** 2, axis=0), np.sum((right - right.mean(axis=0)) ** 2, axis=0)
        return float(np.mean(1.0 - rest / total))

    def targets_of(self, rows: Any) -> Shaped[np.ndarray, "items *targets"]:
        """Return what is right for the rows of a table: labels, or numbers in the units of the targets.

        **Returns:** shape (items,), or for several targets (items, targets).

        **Raises:** `ValueError` for a column that is not there, and what is missing or not a number.
        """
        if self.data is None or isinstance(rows, np.ndarray):
            raise ValueError("`rows` do not say what is right, so give the `targets`.")
        table, names = read_table(rows), self.data.target_names
        for name in names:
            if name not in table.columns:
                raise ValueError(f"`rows` have no column {name!r}, so give the `targets`.")
        return read_numbers(table, names) if self.classes is None else np.array(table.columns[names[0]])

    def _outputs(self, rows: Any) -> np.ndarray:
        if self.data is not None and self.data.encoder is not None:
            inputs = self.data.encoder.inputs(rows)
        else:
            inputs = as_numbers("rows", rows)
            if inputs.ndim != 2 or inputs.shape[1] != self.landscape.features:
                raise ValueError(
                    f"`rows` must have shape (items, {self.landscape.features}), got {inputs.shape}."
                )
            if not np.isfinite(inputs).all():
                raise ValueError("`rows` hold values that are not finite; remove or replace them.")
        outputs = np.asarray(_predict(self.landscape, self.x, inputs))
        if self.data is not None and self.data.classes is None:
            names = self.data.target_names
            if outputs.shape[1] != len(names):
                raise ValueError(
                    f"{self.data.name} has the target{'s' * (len(names) > 1)} {', '.join(names)}, but the "
                    f"model has {outputs.shape[1]} outputs."
                )
        return outputs

    # ---- what it is made of --------------------------------------------------------------------

    def layers(self) -> list[Layer]:
        """Return the layers of a network, with the names of what goes in and comes out.

        **Raises:** `ValueError` for a model that is not made of layers.
        """
        pairs = [(np.asarray(w), np.asarray(b)) for w, b in self.landscape.layers(jnp.asarray(self.x))]
        names, layers = self.inputs, []
        for number, (weights, biases) in enumerate(pairs, 1):
            if number < len(pairs):
                outputs = tuple(f"h{number}.{node + 1}" for node in range(len(biases)))
            elif self.classes is not None and len(self.classes) == len(biases):
                outputs = self.classes
            elif self.classes is None and self.data is not None:
                outputs = self.data.target_names
            else:
                outputs = tuple(f"y{i + 1}" for i in range(len(biases)))
            layers.append(Layer(weights, biases, names, outputs))
            names = outputs
        return layers

    def save(self, path: str | os.PathLike) -> Path:
        """Write the network to an .npz file that a few lines of numpy can use; see the documentation.

        It holds the arrays W1, b1, W2, b2, ..., and the text `about`, JSON with `activation`, `classes`
        (null for numbers), `target` (a list of names for several), `inputs` and `encoder`.

        **Returns:** the path.

        **Raises:** `ValueError` for a model that is not made of layers, an activation without a name, and a
        path that does not end in .npz.
        """
        target = check_path("path", path, "the model")
        if target.suffix != ".npz":
            raise ValueError(f"`path` must end in .npz, got {target}.")
        check_folder(target, "the model")
        layers = self.layers()
        activation = self.landscape.fingerprint().get("activation")
        if not isinstance(activation, str):
            raise ValueError("The activation is a function of your own, so a file cannot say what it is.")
        encoder = None if self.data is None or self.data.encoder is None else self.data.encoder.to_dict()
        about = {
            "activation": activation,
            "classes": self.classes,
            "target": None if self.data is None else self.data.target,
            "inputs": self.inputs,
            "encoder": encoder,
        }
        arrays = {f"W{i}": layer.weights for i, layer in enumerate(layers, 1)}
        arrays |= {f"b{i}": layer.biases for i, layer in enumerate(layers, 1)}
        partial = target.with_name(f".{target.name}.part.npz")
        np.savez(partial, allow_pickle=False, about=np.array(json.dumps(about)), **arrays)
        partial.replace(target)
        return target

    def to_sklearn(self) -> Any:
        """Return a fitted estimator of scikit-learn: `predict`, `score` and, for classes, `predict_proba`.

        Its `fit` refuses: the model is trained already.
        """
        from ._estimator import estimator

        return estimator(self)

    def __repr__(self) -> str:
        """Return what the model is and predicts."""
        names = () if self.data is None else self.data.target_names
        what = "a number" if len(names) < 2 else f"{len(names)} numbers"
        what = what if self.classes is None else f"{len(self.classes)} classes"
        target = f" of {', '.join(names)}" if names else ""
        which = "" if self.minimum is None else f"minimum {self.minimum}, "
        return f"TrainedModel({which}{len(self.inputs)} inputs -> {what}{target})"


@jax.jit
def _predict(landscape: AbstractModel, x: Any, inputs: Any) -> Any:
    return landscape.predict(x, inputs)
