"""Multilayer perceptrons: classifiers and regressors with any number of hidden layers, or none."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from lossatlas._checks import check_flag, check_is, check_not_negative
from lossatlas._types import Array, Matrix, Point, Scalar

from ._activations import Activation, function_of, is_odd, read_activation, settings_of
from ._geometry import AbstractGeometry, Euclidean, Gauge
from ._landscape import data_hash
from ._model import AbstractModel, Inputs, Items, Outputs, Targets, as_probabilities, as_values
from ._neighbour_mask import neighbour_mask
from ._node_symmetry import NodeSymmetry
from ._output_losses import LOSSES, OUTPUT_DERIVATIVES, Columns, column_losses
from ._perceptron_arguments import (
    bias_positions,
    check_exchange,
    free_variables,
    full_size,
    read_finite,
    read_hidden,
    read_targets,
    read_weights,
)
from ._perceptron_hessian import data_hessian
from ._smoothness import Smoothness, inferred_smoothness
from ._symmetry import AbstractSymmetry, FiniteSymmetry, NoSymmetry
from ._units import Units, power_of_two


class Perceptron(AbstractModel):
    """The training loss of a multilayer perceptron with an L2 penalty.

    With hidden layers h_l = f(W_l h_(l-1) + b_l) and linear outputs y,

        E = sum_d v_d loss(y(x_d), t_d) / sum_d v_d + lam ||w||^2

    (no factor 1/2), where the sums run over items with inputs x_d, targets t_d and weights v_d, by default
    1, and w holds the penalised variables. The loss is -sum_c t_c ln softmax(y)_c (`cross_entropy`),
    ln(1 + e^y) - t y (`binary_cross_entropy`, one output) or sum_c (y_c - t_c)^2 (`squared_error`). So the
    squared error is a mean over items and a sum over outputs: each of several targets weighs as much
    against the penalty as it would alone. Without a hidden layer this is logistic or linear regression,
    which is convex. The variables of a point are W_0 row by row, b_0, W_1, b_1, ..., without those that are
    frozen at zero.

    As a model it predicts probabilities of the classes (of two classes for `binary_cross_entropy`), or the
    outputs for `squared_error`.

    **Arguments:**

    - `inputs`: shape (items, features).
    - `targets`: class numbers (items,) or probabilities (items, classes) that sum to one for each item; for
        squared error values (items,) or (items, outputs).
    - `hidden`: number of nodes of the hidden layer, such as 3, or of several layers, such as (5, 5); 0 or
        () for no hidden layer.
    - `l2`: the penalty lam, in loss units per squared parameter unit, >= 0.
    - `activation`: tanh, sigmoid, softplus, gelu or relu, or a function of JAX that works element by
        element. If it is odd, sign flips of nodes are symmetries; if it has kinks, as relu has, every point
        found is tested for a kink. Two other symmetries are not used: sign flips of the incoming links of
        nodes with an even activation, so that images of one minimum count as several, and rotations of
        nodes with a linear activation, which make minima degenerate.
    - `loss`: cross_entropy, binary_cross_entropy or squared_error.
    - `biases`: False for a network without biases.
    - `penalise_biases`: True for L2 over all variables, False for L2 over the weights only. In the second
        case a common shift of the output biases of a softmax is a zero mode, which is fixed by making their
        sum zero, and points with a node of zero weights are degenerate, since its bias has no effect.
    - `weights`: weights of the items, shape (items,), not negative; only their ratios matter.
    - `mask`: one boolean array per layer, shape (outputs of the layer, inputs of the layer); False
        freezes the link at zero.
    - `neighbours`: in place of a mask, the number of nearest nodes to which every hidden node is linked,
        see `neighbour_mask`.
    - `classes`: number of classes; default the largest class number plus one. Needed if the items may lack
        the last class.
    - `input_symmetries`: permutations of the inputs that leave the data set unchanged.
    - `name`: name of the landscape in its fingerprint.

    **Raises:** `ValueError` if shapes or settings do not fit.

    Source: Ballard et al., Phys. Chem. Chem. Phys. 19, 12585 (2017), doi:10.1039/C7CP01108C.
    """

    # Items are columns, so that a layer is one matrix product and activations read contiguous memory.
    input_columns: Float[Array, "features items"]
    target_columns: Columns
    shares: Float[Array, " items"] | None  # weights of the items divided by their sum; None: equal weights
    l2: Scalar
    penalised: Float[Array, " full"]
    sizes: tuple[int, ...] = eqx.field(static=True)
    activation: Activation = eqx.field(static=True)
    loss: str = eqx.field(static=True)
    biases: bool = eqx.field(static=True)
    penalise_biases: bool = eqx.field(static=True)
    name: str = eqx.field(static=True)
    masked: bool = eqx.field(static=True)
    free: tuple[int, ...] | None = eqx.field(static=True)
    input_symmetries: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    shifts: int = eqx.field(static=True)

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        *,
        hidden: int | Sequence[int],
        l2: float,
        activation: Activation = "tanh",
        loss: str = "cross_entropy",
        biases: bool = True,
        penalise_biases: bool = True,
        weights: Any = None,
        mask: Sequence[Any] | None = None,
        neighbours: int | None = None,
        classes: int | None = None,
        input_symmetries: Sequence[Sequence[int]] = (),
        name: str = "perceptron",
    ):
        data = read_finite(inputs, "inputs")
        if data.ndim != 2 or data.shape[0] == 0:
            raise ValueError(f"`inputs` must have shape (items, features), got {data.shape}.")
        nodes = read_hidden(hidden)
        l2 = check_not_negative("l2", l2)
        check_is("name", name, str, "a text")
        if loss not in LOSSES:
            raise ValueError(f"`loss` must be one of {', '.join(LOSSES)}, got {loss}.")
        self.activation, self.loss, self.name = read_activation(activation), loss, name
        values = read_targets(targets, loss, data.shape[0], classes)
        shares = None if weights is None else read_weights(weights, data.shape[0])
        self.input_columns, self.target_columns = jnp.asarray(data.T), jnp.asarray(values)
        self.shares = None if shares is None else jnp.asarray(shares)
        self.l2 = jnp.asarray(float(l2))
        self.sizes = (data.shape[1], *nodes, values.shape[0])
        self.biases = check_flag("biases", biases)
        self.penalise_biases = check_flag("penalise_biases", penalise_biases) or not self.biases
        if neighbours is not None:
            if mask is not None:
                raise ValueError("Give `mask` or `neighbours`, not both.")
            if not nodes:
                raise ValueError("`neighbours` applies to hidden nodes, but there is no hidden layer.")
            mask = neighbour_mask(self.sizes, neighbours)
        self.masked = mask is not None
        self.free = free_variables(self.sizes, mask, self.biases)
        spared = bias_positions(self.sizes) & (not penalise_biases)
        self.penalised = jnp.asarray(np.where(spared, 0.0, 1.0))
        self.input_symmetries = tuple(tuple(int(i) for i in p) for p in input_symmetries)
        items = np.hstack([data, values.T] if shares is None else [data, values.T, shares[:, None]])
        for permutation in self.input_symmetries:
            check_exchange(items, permutation, data.shape[1])
        self.shifts = _softmax_shifts(self)

    @property
    def dimension(self) -> int:
        """Number of free variables."""
        return full_size(self.sizes) if self.free is None else len(self.free)

    @property
    def features(self) -> int:
        """Number of inputs of one item."""
        return self.sizes[0]

    @property
    def classes(self) -> int | None:
        """Number of classes, two for `binary_cross_entropy`; None for `squared_error`."""
        return None if self.loss == "squared_error" else max(2, self.sizes[-1])

    @property
    def inputs(self) -> Float[Array, "items features"]:
        """Inputs of the training items."""
        return self.input_columns.T

    @property
    def targets(self) -> Float[Array, "items outputs"]:
        """Targets of the training items: values or class probabilities (of class 1 for the binary loss)."""
        return self.target_columns.T

    @property
    def training(self) -> tuple[Array, Array]:
        """Inputs and targets of the training items; probabilities of both classes for the binary loss."""
        targets = self.targets
        if self.loss == "binary_cross_entropy":
            targets = jnp.concatenate([1.0 - targets, targets], axis=1)
        return self.inputs, targets

    def layers(self, x: Point) -> list[tuple[Array, Array]]:
        """Return (weights, biases) of each layer, shapes (outputs, inputs) and (outputs,)."""
        full = self._full(x)
        result, start = [], 0
        for inputs, outputs in itertools.pairwise(self.sizes):
            weights = full[start : start + inputs * outputs].reshape(outputs, inputs)
            start += inputs * outputs
            result.append((weights, full[start : start + outputs]))
            start += outputs
        return result

    def outputs(self, x: Point, inputs: Inputs) -> Outputs:
        """Return the linear outputs y, shape (items, outputs)."""
        return self._columns(x, jnp.asarray(inputs).T).T

    def predict(self, x: Point, inputs: Inputs) -> Outputs:
        """Return the probability of each class, shape (items, classes); for `squared_error` the outputs."""
        if self.loss == "squared_error":
            return self.outputs(x, inputs)
        return jax.nn.softmax(self.logits(x, inputs), axis=1)

    def logits(self, x: Point, inputs: Inputs) -> Outputs:
        """Return the linear outputs; for `binary_cross_entropy` (0, y), whose softmax are two classes."""
        y = self.outputs(x, inputs)
        return jnp.concatenate([jnp.zeros_like(y), y], axis=1) if self.loss == "binary_cross_entropy" else y

    def item_losses(self, x: Point, inputs: Inputs, targets: Targets) -> Items:
        """Return the loss of each item, without the penalty and without the weights of items."""
        if self.classes is None:
            wanted = as_values(targets)
        else:
            wanted = as_probabilities(targets, self.classes)
        wanted = wanted[:, 1:] if self.loss == "binary_cross_entropy" else wanted
        return column_losses(self.loss, self._columns(x, jnp.asarray(inputs).T), wanted.T)

    def energy(self, x: Point) -> Scalar:
        """Return loss plus penalty."""
        items = column_losses(self.loss, self._columns(x, self.input_columns), self.target_columns)
        mean = jnp.mean(items) if self.shares is None else jnp.sum(self.shares * items)
        full = self._full(x)
        return mean + self.l2 * jnp.sum(self.penalised * full * full)

    def hessian(self, x: Point) -> Matrix:
        """Return the analytic Hessian of `surface_energy`; with kinks, that of the smooth piece at `x`."""
        full = data_hessian(
            self.layers(self.geometry.retract(x)),
            self.input_columns,
            self.target_columns,
            activation=self.activation,
            output_derivatives=OUTPUT_DERIVATIVES[self.loss],
            weights=self.shares,
        )
        full = full if self.shares is not None else full / self.input_columns.shape[1]
        full = full + jnp.diag(2.0 * self.l2 * self.penalised)
        free = full if self.free is None else full[np.ix_(self.free, self.free)]
        if not self.shifts:
            return free
        modes = self.zero_modes(x)
        inside = jnp.eye(self.dimension) - modes.T @ modes
        return inside @ free @ inside

    @property
    def hessian_cost(self) -> float:
        """10 gradients for a smooth network; the number of variables with kinks.

        Measured with the spectrum: 7 for 4-3-3 on iris, 13 for 2-10-4 on 1,000 items. With kinks a Hessian
        helps less, since it does not see those near by, so minimisations compute it less often.
        """
        return 10.0 if self.smoothness == "smooth" else super().hessian_cost

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw normal variables, whose standard deviation is drawn log-uniformly from 0.1 to 5.

        One fixed scale misses minima: small starts go to the origin, and large ones have saturated nodes.
        """
        normal, scale = jax.random.split(key)
        sigma = 0.1 * 50.0 ** jax.random.uniform(scale)
        return self.geometry.retract(sigma * jax.random.normal(normal, (self.dimension,)))

    def fingerprint(self) -> dict[str, Any]:
        """Return settings and data hash; `biases` and `weights` only if they differ from the defaults."""
        known = {
            "landscape": self.name,
            "sizes": list(self.sizes),
            "items": int(self.input_columns.shape[1]),
            "activation": settings_of(self.activation),
            "loss": self.loss,
            "l2": float(self.l2),
            "penalise_biases": self.penalise_biases,
            "links": data_hash(np.asarray(self.free)) if self.masked else "all",
            "input_symmetries": [list(permutation) for permutation in self.input_symmetries],
            "data": data_hash(self.input_columns, self.target_columns),
        }
        if not self.biases:
            known["biases"] = False
        if self.shares is not None:
            known["weights"] = data_hash(self.shares)
        return known

    @property
    def geometry(self) -> AbstractGeometry:
        """All of space, without the common shifts of unpenalised softmax outputs."""
        if not self.shifts:
            return Euclidean()
        nodes, outputs = self.sizes[-2:]
        last = np.arange(self.dimension)
        columns = [last[-outputs:]] if self.biases else []
        if self.shifts > len(columns):  # also one shift for the outgoing weights of each node
            last = last[: -outputs if self.biases else None][-nodes * outputs :]
            columns = [*last.reshape(outputs, nodes).T, *columns]
        directions = np.zeros((self.shifts, self.dimension))
        for direction, column in zip(directions, columns):
            direction[column] = outputs**-0.5
        return Gauge(jnp.asarray(directions))

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Permutations of hidden nodes, with signs if the activation is odd, and the `input_symmetries`."""
        return _symmetry(self.sizes, is_odd(self.activation), self.free, self.input_symmetries)

    @property
    def morse_sum(self) -> int | None:
        """1 if the network is smooth and all variables are penalised, else None."""
        return 1 if self.smoothness == "smooth" and self.penalise_biases and float(self.l2) > 0 else None

    @property
    def smoothness(self) -> Smoothness:
        """`piecewise` for relu with hidden layers, `smooth` for other names; inferred for a function."""
        if not isinstance(self.activation, str):
            return inferred_smoothness(self)
        return "piecewise" if self.activation == "relu" and len(self.sizes) > 2 else "smooth"

    @property
    def units(self) -> Units:
        """Unit of the energy: for squared error about the variance of the targets, else 1."""
        targets = np.asarray(self.target_columns)
        mean = np.average(targets, axis=1, weights=self.shares)[:, None]
        variance = float(np.mean(np.average((targets - mean) ** 2, axis=1, weights=self.shares)))
        known = self.loss == "squared_error" and 0 < variance < np.inf
        return Units(energy=float(power_of_two(variance)) if known else 1.0)

    def _full(self, x: Point) -> Array:
        if self.free is None:
            return x
        return jnp.zeros(full_size(self.sizes)).at[np.asarray(self.free)].set(x)

    def _columns(self, x: Point, inputs: Float[Array, "features items"]) -> Columns:
        """Return the linear outputs, shape (outputs, items), for items given as columns."""
        (weights, biases), *following = self.layers(x)
        # The bias is the weight of an input that is one: its gradient comes with the matrix product.
        weights = jnp.concatenate([weights, biases[:, None]], axis=1)
        signal = weights @ jnp.concatenate([inputs, jnp.ones((1, inputs.shape[1]))])
        for weights, biases in following:
            signal = weights @ function_of(self.activation)(signal) + biases[:, None]
        return signal


def xor(
    hidden: int | Sequence[int] = 2,
    *,
    l2: float = 1e-3,
    activation: Activation = "tanh",
    biases: bool = True,
    penalise_biases: bool = True,
    neighbours: int | None = None,
) -> Perceptron:
    """Return the XOR classifier: inputs (0,0), (0,1), (1,0), (1,1), classes 0, 1, 1, 0, two outputs.

    **Arguments:**

    - `hidden`: number of hidden nodes, or the numbers of several hidden layers.
    - `l2`: penalty, in loss units per squared parameter unit, >= 0.
    - `activation`, `biases`, `penalise_biases`, `neighbours`: see `Perceptron`.

    **Raises:** `ValueError` if settings do not fit.
    """
    return Perceptron(
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
        [0, 1, 1, 0],
        hidden=hidden,
        l2=l2,
        activation=activation,
        biases=biases,
        penalise_biases=penalise_biases,
        neighbours=neighbours,
        input_symmetries=[(1, 0)],
        name="xor",
    )


@functools.lru_cache(maxsize=64)
def _symmetry(
    sizes: tuple[int, ...],
    odd: bool,
    free: tuple[int, ...] | None,
    input_symmetries: tuple[tuple[int, ...], ...],
) -> AbstractSymmetry:
    mask = np.ones(full_size(sizes), dtype=bool)
    if free is not None:
        mask[:] = False
        mask[list(free)] = True
    exchanges = [_input_exchange(sizes, permutation) for permutation in input_symmetries]
    if len(sizes) > 2:
        return NodeSymmetry(sizes, odd=odd, mask=mask, extra=exchanges)
    # Without hidden nodes only permutations of inputs that keep the mask are symmetries.
    allowed = [exchange[mask] for exchange in exchanges if np.array_equal(mask[exchange], mask)]
    places = (np.cumsum(mask) - 1)[np.unique([np.flatnonzero(mask), *allowed], axis=0)]
    return NoSymmetry() if len(places) == 1 else FiniteSymmetry(places, np.ones_like(places))


def _softmax_shifts(network: Perceptron) -> int:
    """Return the number of directions that add one number to all outputs of a softmax at no penalty.

    If only biases are not penalised there is one direction, a shift of the output biases. Without any
    penalty the outgoing weights of each node of the last layer can be shifted, too.
    """
    if network.loss != "cross_entropy":
        return 0
    if float(network.l2) > 0:
        return int(not network.penalise_biases)
    if network.masked:  # weights of a node may lack a link, so only biases can be shifted
        return int(network.biases)
    return network.sizes[-2] + int(network.biases)


def _input_exchange(sizes: Sequence[int], permutation: Sequence[int]) -> np.ndarray:
    """Return the permutation of all parameters that exchanges the inputs."""
    index = np.arange(full_size(sizes))
    first = index[: sizes[0] * sizes[1]].reshape(sizes[1], sizes[0])[:, list(permutation)]
    return np.concatenate([first.ravel(), index[first.size :]])
