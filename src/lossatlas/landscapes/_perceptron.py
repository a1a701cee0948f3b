"""Multilayer perceptrons: classifiers and regressors with any number of hidden layers."""

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from lossatlas._types import Array, Matrix, Point, Scalar

from ._geometry import AbstractGeometry, Euclidean, Gauge
from ._landscape import AbstractLandscape, data_hash
from ._neighbour_mask import neighbour_mask
from ._node_symmetry import NodeSymmetry
from ._perceptron_hessian import data_hessian
from ._smoothness import Smoothness
from ._symmetry import AbstractSymmetry
from ._units import Units, power_of_two


ACTIVATIONS = {
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "relu": jax.nn.relu,
}
LOSSES = ("cross_entropy", "binary_cross_entropy", "squared_error")


class Perceptron(AbstractLandscape):
    """The training loss of a multilayer perceptron with an L2 penalty.

    With hidden layers h_l = f(W_l h_(l-1) + b_l) and linear outputs y,

        E = (1/N) sum_d loss(y(x_d), t_d) + lam ||w||^2

    (no factor 1/2), where loss is -ln softmax(y)_t (`cross_entropy`, targets are class numbers),
    ln(1 + e^y) - t y (`binary_cross_entropy`, one output, targets 0 or 1) or sum_c (y_c - t_c)^2
    (`squared_error`). Variables: W_0 row by row, b_0, W_1, b_1, ...; masked links are left out.

    **Arguments:**

    - `inputs`: shape (items, inputs).
    - `targets`: class numbers (items,), or values (items,) or (items, outputs) for squared error.
    - `hidden`: nodes of the one hidden layer, such as 3, or of each of several, such as (5, 5).
    - `l2`: lam, in loss units per squared parameter unit, >= 0.
    - `activation`: tanh, sigmoid, softplus, gelu or relu (relu is not twice differentiable
        everywhere: some searches will not converge, and are counted).
    - `loss`: cross_entropy, binary_cross_entropy or squared_error.
    - `penalise_biases`: L2 over all variables, or over the weights only. In the second case a common
        shift of the output biases of a softmax is a zero mode, fixed by making their sum zero; and a
        node with zero weights leaves its own bias undetermined, so such points are degenerate.
    - `mask`: one boolean array per layer, shape (outputs of the layer, inputs of the layer); False
        freezes the link at zero.
    - `neighbours`: in place of a mask, keep the links of every hidden node to its nearest nodes only,
        see `neighbour_mask`.
    - `classes`: number of classes; default the largest class number plus one. Needed where the items
        may lack the last class.
    - `input_symmetries`: permutations of the inputs that leave the data set unchanged.

    **Raises:** `ValueError` where shapes or settings do not fit.

    Source: Ballard et al., Phys. Chem. Chem. Phys. 19, 12585 (2017), doi:10.1039/C7CP01108C.
    """

    inputs: Float[Array, "inputs items"]  # data last: one matrix product per layer and a contiguous tanh
    targets: Float[Array, "outputs items"]
    l2: Scalar
    penalised: Float[Array, " full"]
    sizes: tuple[int, ...] = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    loss: str = eqx.field(static=True)
    penalise_biases: bool = eqx.field(static=True)
    name: str = eqx.field(static=True)
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
        activation: str = "tanh",
        loss: str = "cross_entropy",
        penalise_biases: bool = True,
        mask: Sequence[Any] | None = None,
        neighbours: int | None = None,
        classes: int | None = None,
        input_symmetries: Sequence[Sequence[int]] = (),
        name: str = "perceptron",
    ):
        data = _finite(inputs, "inputs")
        if data.ndim != 2 or data.shape[0] == 0:
            raise ValueError(f"`inputs` must have shape (items, inputs), got {data.shape}.")
        nodes = _hidden_layers(hidden)
        if not isinstance(l2, int | float | np.number) or not (np.isfinite(l2) and l2 >= 0):
            raise ValueError(f"`l2` must be zero or positive, got {l2!r}.")
        if activation not in ACTIVATIONS:
            raise ValueError(f"`activation` must be one of {', '.join(ACTIVATIONS)}, got {activation}.")
        if loss not in LOSSES:
            raise ValueError(f"`loss` must be one of {', '.join(LOSSES)}, got {loss}.")
        values = _targets(targets, loss, data.shape[0], classes)
        self.inputs = jnp.asarray(data.T)
        self.targets = jnp.asarray(values)
        self.l2 = jnp.asarray(float(l2))
        self.sizes = (data.shape[1], *nodes, values.shape[0])
        self.activation, self.loss, self.name = activation, loss, name
        self.penalise_biases = bool(penalise_biases)
        if neighbours is not None:
            if mask is not None:
                raise ValueError("Give `mask` or `neighbours`, not both.")
            mask = neighbour_mask(self.sizes, neighbours)
        self.free = _free_variables(self.sizes, mask)
        biases = _bias_positions(self.sizes)
        self.penalised = jnp.asarray(np.where(biases & (not penalise_biases), 0.0, 1.0))
        self.input_symmetries = tuple(tuple(int(i) for i in p) for p in input_symmetries)
        for permutation in self.input_symmetries:
            _check_exchange(data, values.T, permutation)
        self.shifts = _softmax_shifts(self)

    @property
    def dimension(self) -> int:
        """Number of free variables."""
        return _full_size(self.sizes) if self.free is None else len(self.free)

    def layers(self, x: Point) -> list[tuple[Array, Array]]:
        """Return (weights, biases) of each layer; weights have shape (outputs, inputs)."""
        full = self._full(x)
        result, start = [], 0
        for inputs, outputs in zip(self.sizes[:-1], self.sizes[1:]):
            weights = full[start : start + inputs * outputs].reshape(outputs, inputs)
            start += inputs * outputs
            result.append((weights, full[start : start + outputs]))
            start += outputs
        return result

    def outputs(self, x: Point, inputs: Float[Array, "inputs items"]) -> Float[Array, "outputs items"]:
        """Return the linear outputs for data given column by column."""
        (weights, biases), *following = self.layers(x)
        # The bias as the weight of an input that is one: its gradient comes with the matrix product.
        weights = jnp.concatenate([weights, biases[:, None]], axis=1)
        signal = weights @ jnp.concatenate([inputs, jnp.ones((1, inputs.shape[1]))])
        for weights, biases in following:
            signal = weights @ ACTIVATIONS[self.activation](signal) + biases[:, None]
        return signal

    def energy(self, x: Point) -> Scalar:
        """Return loss plus penalty."""
        y = self.outputs(x, self.inputs)
        if self.loss == "cross_entropy":
            items = jax.nn.logsumexp(y, axis=0) - jnp.sum(self.targets * y, axis=0)
        elif self.loss == "binary_cross_entropy":
            items = jnp.sum(jax.nn.softplus(y) - self.targets * y, axis=0)
        else:
            items = jnp.sum((y - self.targets) ** 2, axis=0)
        full = self._full(x)
        return jnp.mean(items) + self.l2 * jnp.sum(self.penalised * full * full)

    def hessian(self, x: Point) -> Matrix:
        """Return the Hessian of `surface_energy`, analytic; of ReLU that of the region around `x`."""
        full = data_hessian(
            self.layers(self.geometry.retract(x)),
            self.inputs,
            self.targets,
            activation=ACTIVATIONS[self.activation],
            output_derivatives=_OUTPUT_DERIVATIVES[self.loss],
        )
        full = full / self.inputs.shape[1] + jnp.diag(2.0 * self.l2 * self.penalised)
        free = full if self.free is None else full[np.ix_(self.free, self.free)]
        if not self.shifts:
            return free
        modes = self.zero_modes(x)
        inside = jnp.eye(self.dimension) - modes.T @ modes
        return inside @ free @ inside

    @property
    def hessian_cost(self) -> float:
        """Return 10; measured with the spectrum: 7 for 4-3-3 on iris, 13 for 2-10-4 on 1,000 items.

        More for ReLU, whose Hessian does not know the kinks near by.
        """
        return 10.0 if self.smoothness == "smooth" else super().hessian_cost

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw normal variables whose scale is itself drawn, log-uniformly from 0.1 to 5.

        One fixed scale misses minima: the origin attracts small starts, saturated nodes large ones.
        """
        normal, scale = jax.random.split(key)
        sigma = 0.1 * 50.0 ** jax.random.uniform(scale)
        return self.geometry.retract(sigma * jax.random.normal(normal, (self.dimension,)))

    def fingerprint(self) -> dict[str, Any]:
        """Return settings and data hash."""
        return {
            "landscape": self.name,
            "sizes": list(self.sizes),
            "items": int(self.inputs.shape[1]),
            "activation": self.activation,
            "loss": self.loss,
            "l2": float(self.l2),
            "penalise_biases": self.penalise_biases,
            "links": "all" if self.free is None else data_hash(np.asarray(self.free)),
            "input_symmetries": [list(permutation) for permutation in self.input_symmetries],
            "data": data_hash(self.inputs, self.targets),
        }

    @property
    def geometry(self) -> AbstractGeometry:
        """All of space, without the common shifts of unpenalised softmax outputs."""
        if not self.shifts:
            return Euclidean()
        nodes, outputs = self.sizes[-2:]
        last = np.arange(self.dimension)[-(nodes + 1) * outputs :]
        columns = [*last[:-outputs].reshape(outputs, nodes).T, last[-outputs:]]
        directions = np.zeros((self.shifts, self.dimension))
        for direction, column in zip(directions, columns[-self.shifts :]):
            direction[column] = outputs**-0.5
        return Gauge(jnp.asarray(directions))

    @property
    def symmetry(self) -> AbstractSymmetry:
        """Signed permutations of hidden nodes, and the given permutations of the inputs."""
        return _node_symmetry(self.sizes, self.activation, self.free, self.input_symmetries)

    @property
    def morse_sum(self) -> int | None:
        """1 where the penalty confines every variable of a smooth network."""
        return 1 if self.smoothness == "smooth" and self.penalise_biases and float(self.l2) > 0 else None

    @property
    def smoothness(self) -> Smoothness:
        """`piecewise` for ReLU: smooth as long as no node switches on any item."""
        return "piecewise" if self.activation == "relu" else "smooth"

    @property
    def units(self) -> Units:
        """Of squared error the variance of the targets, else 1."""
        variance = float(np.mean(np.var(np.asarray(self.targets), axis=1)))
        known = self.loss == "squared_error" and 0 < variance < np.inf
        return Units(energy=float(power_of_two(variance)) if known else 1.0)

    def _full(self, x: Point) -> Array:
        if self.free is None:
            return x
        return jnp.zeros(_full_size(self.sizes)).at[np.asarray(self.free)].set(x)


def xor(
    hidden: int | Sequence[int] = 2,
    *,
    l2: float = 1e-3,
    activation: str = "tanh",
    penalise_biases: bool = True,
    neighbours: int | None = None,
) -> Perceptron:
    """Return the XOR classifier: inputs (0,0), (0,1), (1,0), (1,1), classes 0, 1, 1, 0, two outputs.

    **Arguments:**

    - `hidden`: number of hidden nodes, or the numbers of several hidden layers.
    - `l2`: penalty over all variables, or over the weights only without `penalise_biases`.
    - `activation`, `neighbours`: as of `Perceptron`.
    """
    return Perceptron(
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
        [0, 1, 1, 0],
        hidden=hidden,
        l2=l2,
        activation=activation,
        penalise_biases=penalise_biases,
        neighbours=neighbours,
        input_symmetries=[(1, 0)],
        name="xor",
    )


def _softmax_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    p = jax.nn.softmax(y, axis=0)
    i, j = np.triu_indices(y.shape[0])
    return p - targets, p[i] * ((i == j)[:, None] - p[j])


def _binary_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    p = jax.nn.sigmoid(y)
    return p - targets, p * (1.0 - p)


def _squared_derivatives(y: Array, targets: Array) -> tuple[Array, Array]:
    i, j = np.triu_indices(y.shape[0])
    return 2.0 * (y - targets), jnp.broadcast_to(2.0 * (i == j)[:, None], (len(i), y.shape[1]))


_OUTPUT_DERIVATIVES: dict[str, Callable] = {
    "cross_entropy": _softmax_derivatives,
    "binary_cross_entropy": _binary_derivatives,
    "squared_error": _squared_derivatives,
}


def _hidden_layers(hidden: Any) -> tuple[int, ...]:
    """Return the nodes of each hidden layer from one whole number or several."""
    given = hidden.tolist() if isinstance(hidden, np.ndarray) else hidden
    layers: list[Any] = (
        list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    )
    if any(isinstance(h, bool | np.bool_) or not isinstance(h, int | np.integer) for h in layers):
        raise ValueError(
            f"`hidden` must be a whole number of nodes, such as 3, or one for each layer, such as (5, 5); "
            f"got {hidden!r}."
        )
    if not layers or min(layers) < 1:
        shown = ", ".join(str(nodes) for nodes in layers) or "none"
        raise ValueError(f"`hidden`: every layer needs at least one node, got {shown}.")
    return tuple(int(h) for h in layers)


def _finite(values: Any, argument: str) -> np.ndarray:
    try:
        given = np.asarray(values)
    except ValueError:  # rows of different length
        given = np.zeros(0, dtype=object)
    if given.dtype.kind not in "fiub":
        raise ValueError(f"`{argument}` must be an array of real numbers.")
    array = given.astype(np.float64)
    if not np.all(np.isfinite(array)):
        raise ValueError(f"`{argument}` holds values that are not finite; remove or replace them.")
    return array


def _targets(targets: Any, loss: str, items: int, classes: int | None) -> np.ndarray:
    values = _finite(targets, "targets")
    if values.shape[:1] != (items,) or values.ndim > 2:
        raise ValueError(f"`targets` must have {items} items like `inputs`, got {values.shape}.")
    if loss == "squared_error":
        return values.reshape(items, -1).T
    whole = values.ndim == 1 and np.all(values == np.floor(values)) and values.min() >= 0
    if not whole:
        raise ValueError("`targets` must be class numbers 0, 1, 2, ... , one per item.")
    largest = int(values.max())
    if values.min() == largest:
        raise ValueError(f"`targets` hold one class only, {largest}; there is nothing to tell apart.")
    if loss == "binary_cross_entropy":
        if largest > 1:
            raise ValueError(f"binary_cross_entropy needs classes 0 and 1, got {largest + 1} classes.")
        return values[None, :]
    if classes is not None and (isinstance(classes, bool) or not isinstance(classes, int | np.integer)):
        raise ValueError(f"`classes` must be a whole number, got {classes!r}.")
    if classes is not None and largest >= classes:
        raise ValueError(f"`targets` must be below `classes`, {classes}, got {largest}.")
    count = classes or largest + 1
    missing = np.setdiff1d(np.arange(count), values)
    if len(missing):
        warnings.warn(
            f"No item has class {', '.join(map(str, missing))} of the {count}, so the network learns only "
            "that it does not occur.",
            stacklevel=3,
        )
    return np.eye(count)[values.astype(int)].T


def _full_size(sizes: Sequence[int]) -> int:
    return sum((a + 1) * b for a, b in zip(sizes[:-1], sizes[1:]))


def _bias_positions(sizes: Sequence[int]) -> np.ndarray:
    blocks = [np.repeat([False, True], [a * b, b]) for a, b in zip(sizes[:-1], sizes[1:])]
    return np.concatenate(blocks)


def _free_variables(sizes: Sequence[int], mask: Sequence[Any] | None) -> tuple[int, ...] | None:
    if mask is None:
        return None
    if not isinstance(mask, Sequence) or len(mask) != len(sizes) - 1:
        got = len(mask) if isinstance(mask, Sequence) else type(mask).__name__
        raise ValueError(f"`mask` needs a list of one array per layer, {len(sizes) - 1}, got {got}.")
    blocks = []
    for layer, inputs, outputs in zip(mask, sizes[:-1], sizes[1:]):
        links = np.asarray(layer, dtype=bool)
        if links.shape != (outputs, inputs):
            raise ValueError(f"A mask must have shape {(outputs, inputs)}, got {links.shape}.")
        blocks += [links.ravel(), np.ones(outputs, dtype=bool)]
    return tuple(int(i) for i in np.flatnonzero(np.concatenate(blocks)))


@functools.lru_cache(maxsize=64)
def _node_symmetry(
    sizes: tuple[int, ...],
    activation: str,
    free: tuple[int, ...] | None,
    input_symmetries: tuple[tuple[int, ...], ...],
) -> NodeSymmetry:
    mask = None
    if free is not None:
        mask = np.zeros(_full_size(sizes), dtype=bool)
        mask[list(free)] = True
    extra = [_input_exchange(sizes, permutation) for permutation in input_symmetries]
    return NodeSymmetry(sizes, odd=activation == "tanh", mask=mask, extra=extra)


def _softmax_shifts(network: Perceptron) -> int:
    """Return the number of directions that add one number to all outputs of a softmax, unpenalised.

    Without penalised biases that is the bias; without any penalty the weights from each node too.
    """
    if network.loss != "cross_entropy" or network.free is not None and float(network.l2) == 0:
        return int(network.loss == "cross_entropy")  # masked columns may lack a link: the bias alone
    if float(network.l2) == 0:
        return network.sizes[-2] + 1
    return int(not network.penalise_biases)


def _check_exchange(inputs: np.ndarray, targets: np.ndarray, permutation: tuple[int, ...]) -> None:
    """Refuse a permutation of the inputs that turns the data set into another one."""
    if sorted(permutation) != list(range(inputs.shape[1])):
        raise ValueError(f"`input_symmetries` must permute {inputs.shape[1]} inputs, got {permutation}.")
    before = np.hstack([inputs, targets])
    after = np.hstack([inputs[:, list(permutation)], targets])
    if not np.array_equal(before[np.lexsort(before.T)], after[np.lexsort(after.T)]):
        raise ValueError(
            f"`input_symmetries`: exchanging the inputs as {permutation} changes the data set, so it is "
            "no symmetry."
        )


def _input_exchange(sizes: Sequence[int], permutation: Sequence[int]) -> np.ndarray:
    """Return the permutation of all parameters that exchanges the inputs."""
    index = np.arange(_full_size(sizes))
    first = index[: sizes[0] * sizes[1]].reshape(sizes[1], sizes[0])[:, list(permutation)]
    return np.concatenate([first.ravel(), index[first.size :]])
