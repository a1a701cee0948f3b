"""Checks of the arguments of a perceptron: hidden layers, items, targets, weights, links."""

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from lossatlas._checks import as_numbers, is_whole


SUM_OF_ONE = 1e-6  # allowed error of the sum of an item's probabilities, which are divided by their sum


def read_hidden(hidden: Any) -> tuple[int, ...]:
    """Return the number of nodes of each hidden layer; 0 or an empty sequence gives no hidden layer."""
    given = hidden.tolist() if isinstance(hidden, np.ndarray) else hidden
    layers: list[Any] = (
        list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    )
    if not all(map(is_whole, layers)):
        raise ValueError(
            f"`hidden` must be a whole number of nodes, such as 3, or one for each layer, such as (5, 5); "
            f"got {hidden!r}."
        )
    if layers == [0]:
        return ()
    if min(layers, default=1) < 1:
        shown = ", ".join(str(nodes) for nodes in layers)
        raise ValueError(f"`hidden`: every layer needs at least one node, got {shown}.")
    return tuple(int(nodes) for nodes in layers)


def read_finite(values: Any, argument: str) -> Float[np.ndarray, "..."]:
    """Return the values as a float64 array; raises `ValueError` if they are not real and finite."""
    array = as_numbers(argument, values)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"`{argument}` holds values that are not finite; remove or replace them.")
    return array


def read_targets(
    targets: Any, loss: str, items: int, classes: int | None
) -> Float[np.ndarray, "outputs items"]:
    """Return targets as columns: values, or the probability of each class (of class 1 for the binary loss).

    **Raises:** `ValueError` if they do not fit the loss, the items or the classes.
    """
    values = read_finite(targets, "targets")
    if values.shape[:1] != (items,) or values.ndim > 2:
        raise ValueError(f"`targets` must have {items} items like `inputs`, got {values.shape}.")
    if loss == "squared_error":
        return values.reshape(items, -1).T
    if classes is not None and not is_whole(classes):
        raise ValueError(f"`classes` must be a whole number, got {classes!r}.")
    if values.ndim == 2:
        probabilities = _soft_labels(values, 2 if loss == "binary_cross_entropy" else classes)
        if loss == "binary_cross_entropy":
            return probabilities[1:]
        _warn_of_missing(probabilities)
        return probabilities
    whole = np.all(values == np.floor(values)) and values.min() >= 0
    if not whole:
        raise ValueError(
            "`targets` must be class numbers 0, 1, 2, ... , one per item, or probabilities of shape "
            "(items, classes)."
        )
    largest = int(values.max())
    if values.min() == largest:
        raise ValueError(f"`targets` hold one class only, {largest}; there is nothing to tell apart.")
    if loss == "binary_cross_entropy":
        if largest > 1:
            raise ValueError(f"binary_cross_entropy needs classes 0 and 1, got {largest + 1} classes.")
        return values[None, :]
    if classes is not None and largest >= classes:
        raise ValueError(f"`targets` must be below `classes`, {classes}, got {largest}.")
    probabilities = np.eye(classes or largest + 1)[values.astype(int)].T
    _warn_of_missing(probabilities)
    return probabilities


def read_weights(weights: Any, items: int) -> Float[np.ndarray, " items"]:
    """Return the share of each item in the loss, its weight divided by the sum of weights."""
    values = read_finite(weights, "weights")
    if values.shape != (items,):
        raise ValueError(f"`weights` must be one number for each of {items} items, got {values.shape}.")
    if np.any(values < 0) or not np.any(values > 0):
        raise ValueError("`weights` must not be negative, and at least one must be positive.")
    largest = values.max()  # the sum of large weights may overflow
    return (values / largest) / np.sum(values / largest)


def full_size(sizes: Sequence[int]) -> int:
    """Return the number of all weights and biases, frozen ones included."""
    return sum((a + 1) * b for a, b in itertools.pairwise(sizes))


def bias_positions(sizes: Sequence[int]) -> Bool[np.ndarray, " full"]:
    """Return which variables of the full vector are biases."""
    blocks = [np.repeat([False, True], [a * b, b]) for a, b in itertools.pairwise(sizes)]
    return np.concatenate(blocks)


def free_variables(
    sizes: Sequence[int], mask: Sequence[Any] | None, biases: bool
) -> tuple[int, ...] | None:
    """Return the positions in the full vector of variables that are not frozen; None if all are free."""
    free = np.ones(full_size(sizes), dtype=bool) if biases else ~bias_positions(sizes)
    if mask is None:
        return None if biases else tuple(np.flatnonzero(free).tolist())
    if not isinstance(mask, Sequence) or len(mask) != len(sizes) - 1:
        got = len(mask) if isinstance(mask, Sequence) else type(mask).__name__
        raise ValueError(f"`mask` needs a list of one array per layer, {len(sizes) - 1}, got {got}.")
    start = 0
    for layer, (inputs, outputs) in zip(mask, itertools.pairwise(sizes)):
        links = np.asarray(layer, dtype=bool)
        if links.shape != (outputs, inputs):
            raise ValueError(f"A mask must have shape {(outputs, inputs)}, got {links.shape}.")
        free[start : start + links.size] &= links.ravel()
        start += links.size + outputs
    if not free.any():
        raise ValueError("`mask` freezes every link, and without biases no variable is left.")
    return tuple(np.flatnonzero(free).tolist())


def check_exchange(items: Float[np.ndarray, "items columns"], permutation: tuple[int, ...], inputs: int):
    """Refuse a permutation of the inputs that changes the data set; raises `ValueError`.

    **Arguments:**

    - `items`: one row per item: its inputs, then its targets and weight.
    - `permutation`: permutation of the inputs.
    - `inputs`: number of columns that are inputs.
    """
    if sorted(permutation) != list(range(inputs)):
        raise ValueError(f"`input_symmetries` must permute {inputs} inputs, got {permutation}.")
    after = np.hstack([items[:, list(permutation)], items[:, inputs:]])
    if not np.array_equal(items[np.lexsort(items.T)], after[np.lexsort(after.T)]):
        raise ValueError(
            f"`input_symmetries`: the permutation {permutation} of the inputs changes the data set, so it "
            "is not a symmetry."
        )


def _soft_labels(
    values: Float[np.ndarray, "items classes"], classes: int | None
) -> Float[np.ndarray, "classes items"]:
    """Return probabilities as columns that sum to one; raises `ValueError` if they are none."""
    sums = values.sum(axis=1, keepdims=True)
    if np.any(values < 0) or np.any(np.abs(sums - 1.0) > SUM_OF_ONE):
        raise ValueError(
            "`targets` must be class numbers, one per item, or probabilities of shape (items, classes), "
            f"not negative and with a sum of 1 for each item, got shape {values.shape}."
        )
    if values.shape[1] < 2 or classes not in (None, values.shape[1]):
        raise ValueError(
            f"`targets` must have one column for each of {classes or 'two or more'} classes, "
            f"got {values.shape}."
        )
    present = np.flatnonzero(values.max(axis=0) > 0)
    if len(present) == 1:
        raise ValueError(f"`targets` hold one class only, {present[0]}; there is nothing to tell apart.")
    return (values / sums).T


def _warn_of_missing(probabilities: Float[np.ndarray, "classes items"]) -> None:
    missing = np.flatnonzero(probabilities.max(axis=1) == 0)
    if len(missing):
        warnings.warn(
            f"No item has class {', '.join(map(str, missing))} of the {len(probabilities)}, so the network "
            "learns only that it does not occur.",
            stacklevel=4,
        )
