"""The user's own loss: a JAX function of a flat vector or of a parameter pytree."""

import functools
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, PRNGKeyArray, PyTree

from lossatlas._checks import check_flag, check_is, check_positive
from lossatlas._types import Point, Scalar

from ._box import Box
from ._geometry import AbstractGeometry, Euclidean
from ._landscape import SAME_ENERGY, check_landscape, data_hash, value_and_gradient
from ._model import AbstractModel, Inputs, Items, Outputs, Targets, as_values
from ._per_variable import (
    check_bounds_kept,
    check_exchanged,
    checked_bounds,
    checked_periods,
    checked_scale,
    finite_or_none,
    usual_scale,
)
from ._periodic import PeriodicSymmetry
from ._predictions import check_predictions, read_features
from ._smoothness import Smoothness, check_smoothness, inferred_smoothness
from ._symmetry import AbstractSymmetry, FiniteSymmetry, NoSymmetry
from ._units import Units, power_of_two


PROBES = 16  # random starts whose energies show the size of differences that matter


class Loss(AbstractModel):
    """A landscape made of any JAX function that maps parameters to one number.

    **Arguments:**

    - `function`: `function(parameters)` or `function(parameters, data)`, returning a float64 scalar.
    - `parameters`: an example of the parameters: a number of variables, a float64 vector, or a pytree
        of float64 arrays. Only its shape matters.
    - `data`: optional pytree of arrays, passed as the second argument, real numbers in float64; new data
        of the same shape do not recompile.
    - `scale`: steps, distances and curvatures are measured by it, in parameter units: one positive number,
        or one for every variable, in the form of the parameters or as a vector. Starts are normal with this
        standard deviation, but uniform for variables with a period or with two finite bounds. Default: 1; a
        quarter of the distance of two finite bounds; 1 / (2 pi) of a period.
    - `bounds`: `(lower, upper)`, each as `scale`, in parameter units; infinite where there is none. Minima
        and transition states may lie on bounds. The function is never called outside them.
    - `periodic`: periods after which the function repeats, as `scale`, in parameter units; infinite for
        variables that have none. Points that differ by whole periods are one; they are stored between 0
        and the period.
    - `energy_scale`: size of the energy differences that matter, loss units; tolerances are relative to it
        (or to the energy, where that is larger). Default: the spread of the energies of random starts.
    - `symmetry`: orthogonal maps that leave the function unchanged.
    - `smooth`: `smooth` if second derivatives exist everywhere; `piecewise` if smooth pieces meet in kinks,
        as with ReLU, hinge, `max` or `min`: every point is tested for a kink before it counts; `kinked` if
        minima lie on kinks, as with an L1 penalty: no transition states are looked for. Default: `smooth`
        if the function is made of smooth operations alone, else `piecewise`.
    - `confining`: say True if the function grows in every direction, so that the Morse sum is 1.
    - `predict`: makes the loss a model: `predict(parameters, inputs)` with inputs of shape
        (items, features) returns probabilities, shape (items, classes), or values, shape (items,) or
        (items, outputs); see `AbstractModel`.
    - `features`: number of inputs of one item, for `predict`.
    - `classes`: number of classes for a classifier; None for a regression.
    - `item_losses`: `item_losses(parameters, inputs, targets)` returns the loss of each item without the
        penalty, shape (items,). Targets are class numbers or values, shape (items,). Default: -ln p of the
        target class, or the squared error.
    - `name`: for the fingerprint.

    **Raises:** `ValueError` if parameters or data are not float64, the function does not return one finite
    float64 number, or a setting does not fit.
    """

    data: PyTree
    energy_unit: Scalar
    function: Callable = eqx.field(static=True)
    unravel: Callable = eqx.field(static=True)
    size: int = eqx.field(static=True)
    scale: float | tuple[float, ...] = eqx.field(static=True)
    bounds: tuple[tuple[float, ...], tuple[float, ...]] | None = eqx.field(static=True)
    periods: tuple[float, ...] | None = eqx.field(static=True)
    group: AbstractSymmetry = eqx.field(static=True)
    declared: Smoothness | None = eqx.field(static=True)
    confining: bool = eqx.field(static=True)
    name: str = eqx.field(static=True)
    predictor: Callable | None = eqx.field(static=True)
    judge: Callable | None = eqx.field(static=True)
    feature_count: int = eqx.field(static=True)
    class_count: int | None = eqx.field(static=True)

    def __init__(
        self,
        function: Callable,
        parameters: int | PyTree,
        *,
        data: PyTree = None,
        scale: float | PyTree | None = None,
        bounds: tuple[Any, Any] | None = None,
        periodic: float | PyTree | None = None,
        energy_scale: float | None = None,
        symmetry: AbstractSymmetry | None = None,
        smooth: Smoothness | None = None,
        confining: bool = False,
        predict: Callable | None = None,
        features: int | None = None,
        classes: int | None = None,
        item_losses: Callable | None = None,
        name: str | None = None,
    ):
        if isinstance(parameters, bool):
            raise ValueError("`parameters` must be a number of variables or float64 arrays, got a bool.")
        if isinstance(parameters, int | np.integer):
            if parameters < 1:
                raise ValueError(f"A loss needs at least one variable, got {parameters}.")
            parameters = np.zeros(parameters)
        for path, leaf in jax.tree_util.tree_leaves_with_path(parameters):
            if getattr(leaf, "dtype", type(leaf)) not in (np.float64, float):
                where = jax.tree_util.keystr(path) or "the vector"
                raise ValueError(
                    f"Every parameter must be float64, but {where} is "
                    f"{getattr(leaf, 'dtype', type(leaf).__name__)}: convert the pytree first."
                )
        if not callable(function):
            raise ValueError(f"`function` must be a function of the parameters, got {function!r}.")
        if energy_scale is not None:
            energy_scale = check_positive("energy_scale", energy_scale)
        if smooth is not None:
            check_smoothness(smooth)
        check_is("symmetry", symmetry, AbstractSymmetry | None, "a symmetry, such as sign_symmetry(2)")
        check_is("name", name, str | None, "a text")
        confining = check_flag("confining", confining)
        leaves, structure = jax.tree.flatten(parameters)
        shapes = tuple(np.shape(leaf) for leaf in leaves)
        self.data = _checked_data(data)
        self.unravel = _unravel(structure, shapes)
        self.function, self.declared = function, smooth
        self.size = sum(math.prod(shape) for shape in shapes)
        if self.size == 0:
            raise ValueError("The parameters hold no variable.")
        self.bounds = None if bounds is None else checked_bounds(bounds, self.size)
        self.periods = None if periodic is None else checked_periods(periodic, self.size, self.bounds)
        usual = usual_scale(self.size, self.bounds, self.periods) if scale is None else scale
        self.scale = checked_scale(usual, self.size)
        self.group = symmetry or NoSymmetry()
        self.confining = confining
        self.name = name or getattr(function, "__qualname__", type(function).__name__)
        self.predictor, self.judge, self.class_count = predict, item_losses, classes
        self.feature_count = read_features(predict, features, classes, item_losses)
        self.energy_unit = jnp.asarray(1.0)
        self._check_symmetry()
        check_landscape(self)  # so that a mistake is named before any search starts
        if self.periods is not None:
            self._check_periods(self.periods)
        if predict is not None:
            check_predictions(self, own_losses=item_losses is not None)
        size = _spread(self) if energy_scale is None else energy_scale
        self.energy_unit = jnp.asarray(power_of_two(size))

    def _check_symmetry(self) -> None:
        """Refuse a symmetry that does not fit the other settings."""
        if isinstance(self.scale, tuple):
            check_exchanged("scale", np.array(self.scale), self.group)
        if self.bounds is not None:
            check_bounds_kept(self.bounds, self.group)
        if self.periods is None:
            return
        if not isinstance(self.group, NoSymmetry | FiniteSymmetry):
            raise ValueError(
                f"A loss with `periodic` variables takes a FiniteSymmetry as `symmetry`, got "
                f"{type(self.group).__name__}."
            )
        check_exchanged("periodic", np.array(self.periods), self.group)

    def _check_periods(self, periods: tuple[float, ...]) -> None:
        """Refuse a period after which the energy is another one than before."""
        variables = np.flatnonzero(np.isfinite(periods))
        x = np.asarray(self.sample(jax.random.key(1)))
        moved = x + np.eye(self.size)[variables] * np.array(periods)[variables, None]
        points = jnp.asarray(np.concatenate([x[None], moved]))
        energies = np.asarray(jax.jit(lambda loss, rows: jax.lax.map(loss.energy, rows))(self, points))
        change = np.abs(energies[1:] - energies[0])
        if not change.max() <= SAME_ENERGY * max(abs(float(energies[0])), _spread(self)):
            i = int(np.argmax(change))
            raise ValueError(
                f"{periods[variables[i]]:g} is no period of variable {variables[i]}: the loss is "
                f"{energies[0]:.9g} at a random point and {energies[1 + i]:.9g} one period on."
            )

    def parameters(self, x: Point) -> PyTree:
        """Return a point in the form that the function takes."""
        return self.unravel(x)

    @property
    def dimension(self) -> int:
        """Number of variables in all leaves."""
        return self.size

    def energy(self, x: Point) -> Scalar:
        """Call the function."""
        if self.data is None:
            return self.function(self.unravel(x))
        return self.function(self.unravel(x), self.data)

    @property
    def predicts(self) -> bool:
        """Whether `predict` was given."""
        return self.predictor is not None

    @property
    def features(self) -> int:
        """As given; 0 for a loss that does not predict."""
        return self.feature_count

    @property
    def classes(self) -> int | None:
        """As given."""
        return self.class_count

    def predict(self, x: Point, inputs: Inputs) -> Outputs:
        """Call the function that was given."""
        if self.predictor is None:
            raise ValueError("This Loss was not told how its points predict: give it `predict`.")
        return as_values(self.predictor(self.unravel(x), inputs))

    def item_losses(self, x: Point, inputs: Inputs, targets: Targets) -> Items:
        """Call the function that was given, else as of `AbstractModel`."""
        if self.judge is None:
            return super().item_losses(x, inputs, targets)
        return self.judge(self.unravel(x), inputs, targets)

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw normal variables, uniform ones where there is a period or are two finite bounds."""
        x = jnp.asarray(self.scale) * jax.random.normal(key, (self.size,))
        if self.bounds is None and self.periods is None:
            return x
        lower, upper = np.array(self.bounds or (np.full(self.size, -np.inf), np.full(self.size, np.inf)))
        if self.periods is not None:
            periodic = np.isfinite(self.periods)
            lower, upper = np.where(periodic, 0.0, lower), np.where(periodic, self.periods, upper)
        closed = np.isfinite(lower) & np.isfinite(upper)
        low, width = np.where(closed, lower, 0.0), np.where(closed, upper - lower, 0.0)
        x = jnp.where(closed, low + width * jax.random.uniform(key, (self.size,)), x)
        # Beside one finite bound, variables that fall outside are reflected at it.
        x = jnp.where(x < lower, 2.0 * np.where(np.isfinite(lower), lower, 0.0) - x, x)
        return jnp.where(x > upper, 2.0 * np.where(np.isfinite(upper), upper, 0.0) - x, x)

    def fingerprint(self) -> dict[str, Any]:
        """Return name, size and the loss at three fixed points.

        A function cannot be hashed; its values can. Nine digits survive another compiler.
        """
        starts = [self.sample(jax.random.key(i)) for i in range(3)]
        return {
            "landscape": self.name,
            "variables": self.size,
            "scale": list(self.scale) if isinstance(self.scale, tuple) else self.scale,
            "confining": self.confining,
            **({} if self.bounds is None else {"bounds": [finite_or_none(side) for side in self.bounds]}),
            **({} if self.periods is None else {"periods": finite_or_none(self.periods)}),
            "symmetry": f"{type(self.group).__name__} of order {self.group.order}",
            "probes": [f"{float(self.energy(x)):.8e}" for x in starts],
            "data": data_hash(*(leaf for leaf in jax.tree.leaves(self.data) if isinstance(leaf, Array))),
        }

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The given group, and shifts by whole periods."""
        if self.periods is None:
            return self.group
        assert isinstance(self.group, FiniteSymmetry | NoSymmetry)  # others were refused
        return PeriodicSymmetry(np.array(self.periods), self.group)

    @property
    def symmetry_is_declared(self) -> bool:
        """Whether a group was given."""
        return self.group.order > 1

    @property
    def geometry(self) -> AbstractGeometry:
        """All of space, or the box between the bounds."""
        return Euclidean() if self.bounds is None else Box(*jnp.array(self.bounds))

    @property
    def length_scale(self) -> float:
        """The given scale, of several their geometric mean."""
        return float(np.exp(np.mean(np.log(self.scale))))

    @property
    def region(self) -> float:
        """1,000 times the largest scale, or farther where bounds lie farther away."""
        bounds = np.abs(np.array(self.bounds or 0.0))
        return max(
            1e3 * float(np.max(self.scale)), 2.0 * float(bounds[np.isfinite(bounds)].max(initial=0.0))
        )

    @property
    def smoothness(self) -> Smoothness:
        """As given, else as the program of the function shows."""
        return self.declared or inferred_smoothness(self)

    @property
    def units(self) -> Units:
        """Near the scales, and near the spread of the energies of random starts.

        They are powers of two, which round nothing. Where variables have different scales the ratios of
        their units are those of the scales, so that curvatures and path lengths do not depend on how far
        each scale is from a power of two; between bounds they are powers of two all the same, because a
        point on a bound must stay there.
        """
        scale = np.asarray(self.scale)
        if scale.ndim == 0 or self.bounds is not None:
            unit = power_of_two(scale)
        else:
            unit = scale * (power_of_two(self.length_scale) / self.length_scale)
        return Units(float(unit) if unit.ndim == 0 else unit, float(self.energy_unit))

    @property
    def morse_sum(self) -> int | None:
        """1 if the user says that the loss grows in every direction; 0 if all variables are periodic.

        Nothing is said of a box, on whose faces other points count than those that are stored.
        """
        if self.periods is not None and np.all(np.isfinite(self.periods)):
            return 0
        return 1 if self.confining and self.bounds is None and self.periods is None else None


def _checked_data(data: PyTree) -> PyTree:
    """Return data as JAX arrays; raises `ValueError` for fewer digits than float64, and for no numbers."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(data):
        where = f"data{jax.tree_util.keystr(path)}"
        try:
            dtype = jnp.asarray(leaf).dtype
        except (TypeError, ValueError):
            raise ValueError(f"`data` must be a pytree of arrays, but {where} is {leaf!r:.40}.") from None
        if jnp.issubdtype(dtype, jnp.inexact) and dtype not in (np.float64, np.complex128):
            raise ValueError(
                f"Every real number must be float64, but {where} is {dtype}: convert it first."
            )
    return jax.tree.map(jnp.asarray, data)


@functools.lru_cache(maxsize=64)
def _unravel(structure: Any, shapes: tuple[tuple[int, ...], ...]) -> Callable:
    """Return one and the same function for parameters of one form, so that new data do not recompile."""
    return ravel_pytree(jax.tree.unflatten(structure, [np.zeros(shape) for shape in shapes]))[1]


def _spread(loss: Loss) -> float:
    """Return the median distance of the energies of random starts from their median, or their size."""
    starts = map(loss.sample, jax.random.split(jax.random.key(0), PROBES))
    energies = np.array([value_and_gradient(loss, x)[0] for x in starts])
    energies = energies[np.isfinite(energies)]
    middle = np.median(energies)
    for size in (np.median(np.abs(energies - middle)), abs(middle)):
        if 1e-290 < size < 1e290:
            return float(size)
    return 1.0
