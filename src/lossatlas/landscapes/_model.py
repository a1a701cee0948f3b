"""The abstract model: a landscape whose points predict outputs from the inputs of items."""

import abc
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num

from lossatlas._types import Array, Point

from ._landscape import AbstractLandscape, check_kind
from ._symmetry import HostPoint


Inputs = Float[Array, "items features"]
Outputs = Float[Array, "items outputs"]
Targets = Num[Array, " items"] | Float[Array, "items outputs"]
Items = Float[Array, " items"]
Layers = list[tuple[Array, Array]]


class AbstractModel(AbstractLandscape):
    """A landscape whose points predict: every point maps the inputs of items to outputs.

    Analyses of predictions, such as accuracies and ensembles of minima, need one. A subclass defines
    `features`, `classes` and `predict` in addition to what a landscape defines; the rest has defaults. A
    model is a landscape, not a part of one, because the parameters with which it predicts are a point of
    the landscape, and searches, symmetries and atlases apply to it.

    Items are rows: inputs have shape (items, features).
    """

    @property
    @abc.abstractmethod
    def features(self) -> int:
        """Number of inputs of one item."""

    @property
    @abc.abstractmethod
    def classes(self) -> int | None:
        """Number of classes of a classifier; None for a regression."""

    @abc.abstractmethod
    def predict(self, x: Point, inputs: Inputs) -> Outputs:
        """Return the prediction of a point for items; traceable by JAX.

        **Arguments:**

        - `x`: a point, shape (dim,), parameter units.
        - `inputs`: shape (items, features).

        **Returns:** for a classifier the probability of each class, shape (items, classes), rows that sum
        to one; for a regression the predicted values, shape (items, outputs), in the unit of the targets.
        """

    @property
    def predicts(self) -> bool:
        """Whether `predict` may be called; False for a `Loss` without `predict`."""
        return True

    def logits(self, x: Point, inputs: Inputs) -> Outputs:
        """Return logarithms of the probabilities of a classifier, up to one constant for each item.

        By default they are ln p. A model that computes probabilities from logits should return the logits:
        they still tell items apart where a probability rounds to one.

        **Arguments:** those of `predict`.

        **Returns:** shape (items, classes).
        """
        return jnp.log(self.predict(x, inputs))

    def item_losses(self, x: Point, inputs: Inputs, targets: Targets) -> Items:
        """Return the loss of each item, without any penalty.

        By default it is -sum_c t_c ln p_c for a classifier, where t_c are the probabilities of the classes
        in the targets, and the sum of squared errors for a regression.

        **Arguments:**

        - `x`: a point, shape (dim,), parameter units.
        - `inputs`: shape (items, features).
        - `targets`: class numbers (items,) or probabilities (items, classes); for a regression values,
            (items,) for one output or (items, outputs).

        **Returns:** shape (items,), loss units.
        """
        if self.classes is None:
            errors = self.predict(x, inputs) - as_values(targets)
            return jnp.sum(errors**2, axis=1)
        return cross_entropies(self.logits(x, inputs), as_probabilities(targets, self.classes))

    @property
    def training(self) -> tuple[Array, Array] | None:
        """Inputs and targets of the items in the energy, as in `item_losses`; None if unknown."""
        return None

    def layers(self, x: Point) -> Layers:
        """Return (weights, biases) of each layer of a network, shapes (outputs, inputs) and (outputs,).

        **Raises:** `ValueError` for a model that is not made of layers.
        """
        raise ValueError(
            f"{type(self).__name__} is not made of layers of weights, so it cannot be drawn as a network."
        )

    def describe(self, x: HostPoint) -> str:
        """Return one line about a point for the title of its picture, after the loss; empty by default."""
        return ""


def check_model(landscape: Any) -> AbstractModel:
    """Return the landscape if it is a model.

    **Raises:** `ValueError` if it is not a model, or a `Loss` without `predict`.
    """
    check_kind(landscape)
    if not isinstance(landscape, AbstractModel):
        raise ValueError(
            f"`landscape` must be a model, whose points predict; {type(landscape).__name__} predicts "
            "nothing."
        )
    if not landscape.predicts:
        raise ValueError(
            "`landscape` must be a model, whose points predict; this Loss was not told how: give it "
            "`predict` and `features`."
        )
    return landscape


def as_probabilities(targets: Targets, classes: int) -> Outputs:
    """Return class numbers or probabilities as the probability of each class, shape (items, classes)."""
    targets = jnp.asarray(targets)
    if targets.ndim == 2:
        return targets
    return (targets[:, None] == jnp.arange(classes)[None, :]).astype(jnp.float64)


def as_values(targets: Targets) -> Outputs:
    """Return values as rows, shape (items, outputs)."""
    targets = jnp.asarray(targets)
    return targets[:, None] if targets.ndim == 1 else targets


def cross_entropies(logits: Outputs, probabilities: Outputs) -> Items:
    """Return -sum_c t_c ln p_c of each item, shape (items,); a term with t_c = 0 is 0 even if p_c = 0."""
    given = jnp.where(probabilities > 0, probabilities * logits, 0.0)
    return jax.nn.logsumexp(logits, axis=1) - jnp.sum(given, axis=1)
