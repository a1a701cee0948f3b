"""The abstract model: a landscape whose points predict something of items that they are given."""

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

    A model defines `features`, `classes` and `predict` beside what a landscape defines; the rest has
    defaults. It is a landscape and not a part of one, because what it predicts with is a point of the
    landscape, and each search, symmetry and atlas of the landscape is one of its models.

    Items come as rows: inputs have shape (items, features).
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
        """Return what a point predicts for items; traceable by JAX.

        **Arguments:**

        - `x`: a point, shape (dim,), parameter units.
        - `inputs`: shape (items, features).

        **Returns:** of a classifier the probability of each class, shape (items, classes), rows that sum to
        one; of a regression the predicted values, shape (items, outputs), in the unit of the targets.
        """

    @property
    def predicts(self) -> bool:
        """Whether `predict` may be called; False for a `Loss` that was not told how."""
        return True

    def logits(self, x: Point, inputs: Inputs) -> Outputs:
        """Return logarithms of the probabilities of a classifier, up to one constant for each item.

        By default ln p. A model that computes them before it computes probabilities should return them:
        a probability that rounds to one no longer tells items apart, its logits do.

        **Returns:** shape (items, classes).
        """
        return jnp.log(self.predict(x, inputs))

    def item_losses(self, x: Point, inputs: Inputs, targets: Targets) -> Items:
        """Return the loss of each item, without any penalty.

        By default -sum_c t_c ln p_c of a classifier, with t the probabilities that the targets give to the
        classes, and the sum of squared errors of a regression.

        **Arguments:**

        - `x`: a point, shape (dim,), parameter units.
        - `inputs`: shape (items, features).
        - `targets`: class numbers (items,) or probabilities (items, classes); of a regression values,
            (items,) for one output or (items, outputs).

        **Returns:** shape (items,), loss units.
        """
        if self.classes is None:
            errors = self.predict(x, inputs) - as_values(targets)
            return jnp.sum(errors**2, axis=1)
        return cross_entropies(self.logits(x, inputs), as_probabilities(targets, self.classes))

    @property
    def training(self) -> tuple[Array, Array] | None:
        """The items that the energy is made of, inputs and targets as in `item_losses`; None if unknown."""
        return None

    def layers(self, x: Point) -> Layers:
        """Return (weights, biases) of each layer of a network, shapes (outputs, inputs) and (outputs,).

        **Raises:** `ValueError` for a model that is not made of layers.
        """
        raise ValueError(
            f"{type(self).__name__} is not made of layers of weights, so it cannot be drawn as a network."
        )

    def describe(self, x: HostPoint) -> str:
        """Return what a title of a picture says of a point beside its loss, one line; empty by default."""
        return ""


def check_model(landscape: Any) -> AbstractModel:
    """Return a landscape that is a model.

    **Raises:** `ValueError` for anything else, which says what is needed.
    """
    check_kind(landscape)
    if not isinstance(landscape, AbstractModel):
        raise ValueError(
            f"`landscape` must be a model, one whose points predict; {type(landscape).__name__} predicts "
            "nothing."
        )
    if not landscape.predicts:
        raise ValueError(
            "`landscape` must be a model, one whose points predict; this Loss was not told how: give it "
            "`predict` and `features`."
        )
    return landscape


def as_probabilities(targets: Targets, classes: int) -> Outputs:
    """Return the probability of each class, shape (items, classes), of class numbers or probabilities."""
    targets = jnp.asarray(targets)
    if targets.ndim == 2:
        return targets
    return (targets[:, None] == jnp.arange(classes)[None, :]).astype(jnp.float64)


def as_values(targets: Targets) -> Outputs:
    """Return values as rows, shape (items, outputs)."""
    targets = jnp.asarray(targets)
    return targets[:, None] if targets.ndim == 1 else targets


def cross_entropies(logits: Outputs, probabilities: Outputs) -> Items:
    """Return -sum_c t_c ln p_c of each item; classes that cannot be do not count, whatever their p."""
    given = jnp.where(probabilities > 0, probabilities * logits, 0.0)
    return jax.nn.logsumexp(logits, axis=1) - jnp.sum(given, axis=1)
