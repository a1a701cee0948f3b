"""Checks of the functions that make a user's loss a model."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from lossatlas._checks import check_whole, traced

from ._model import AbstractModel


ITEMS = 3  # number of items with which the shapes of results are checked


def read_features(predict: Any, features: Any, classes: Any, item_losses: Any) -> int:
    """Return the number of inputs of an item, 0 without `predict`.

    **Raises:** `ValueError` if the arguments do not make a model together.
    """
    if predict is None:
        given = {"features": features, "classes": classes, "item_losses": item_losses}
        extra = [f"`{name}`" for name, value in given.items() if value is not None]
        if extra:
            raise ValueError(f"{extra[0]} is for a loss that predicts: give `predict` as well.")
        return 0
    for name, function in (("predict", predict), ("item_losses", item_losses)):
        if function is not None and not callable(function):
            raise ValueError(f"`{name}` must be a function, got {function!r}.")
    if features is None:
        raise ValueError("`predict` needs `features`: how many inputs has one item?")
    if classes is not None:
        check_whole("classes", classes, least=2)
    return check_whole("features", features)


def check_predictions(model: AbstractModel, *, own_losses: bool) -> None:
    """Refuse functions whose results have a wrong shape, or that JAX cannot trace; nothing is compiled.

    **Arguments:**

    - `model`: the model, whose `predict` calls the user's function.
    - `own_losses`: whether `item_losses` calls a function of the user as well.

    **Raises:** `ValueError` that names the function.
    """
    x, inputs = jnp.zeros(model.dimension), jnp.zeros((ITEMS, model.features))
    outputs = _shape_of("predict", model.predict, x, inputs)
    if len(outputs) != 2 or outputs[0] != ITEMS or model.classes not in (None, outputs[1]):
        wanted = "(items,) or (items, outputs)" if model.classes is None else f"(items, {model.classes})"
        raise ValueError(f"`predict` must return shape {wanted}; for {ITEMS} items it returned {outputs}.")
    if own_losses:
        values = jnp.zeros(ITEMS if outputs[1] == 1 else outputs)
        targets = values if model.classes is None else jnp.zeros(ITEMS, dtype=int)
        losses = _shape_of("item_losses", model.item_losses, x, inputs, targets)
        if losses != (ITEMS,):
            raise ValueError(
                f"`item_losses` must return shape (items,); for {ITEMS} items it returned {losses}."
            )


def _shape_of(name: str, function: Callable, *arguments: Any) -> tuple[int, ...]:
    with traced(f"`{name}`"):
        return jax.eval_shape(function, *arguments).shape
