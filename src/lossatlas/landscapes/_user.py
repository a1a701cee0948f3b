"""The landscape of a user's loss, a JAX function of a flat vector or of a parameter pytree."""

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

from lossatlas._checks import as_numbers, check_flag, check_is, check_positive
from lossatlas._types import Point, Scalar

from ._box import Box
from ._check_landscape import SAME_ENERGY, check_landscape, start_of, value_and_gradient
from ._geometry import AbstractGeometry, Euclidean
from ._landscape import data_hash
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


PROBES = 16  # random starts whose energies give the default energy scale


class Loss(AbstractModel):
    """A landscape made of any JAX function that maps parameters to one number.

    **Arguments:**

    - `function`: `function(parameters)` or `function(parameters, data)`, returning a float64 scalar.
    - `parameters`: an example of the parameters: a number of variables, a vector, or a pytree of arrays of
        numbers. Only its form and shapes matter; the function gets float64.
    - `data`: pytree of arrays, passed as the second argument, with real numbers in float64, whatever their
        precision was; new data of the same shapes do not recompile. Default: none.
    - `scale`: typical size of the variables in parameter units, by which steps, distances and curvatures
        are measured: one positive number, or one for every variable, in the form of the parameters or as a
        vector. Starts are normal with this standard deviation, but uniform for variables with a period or
        with two finite bounds. Default: a quarter of the distance of two finite bounds, 1 / (2 pi) of a
        period, and 1 for other variables.
    - `bounds`: `(lower, upper)`, each in the form of `scale`, in parameter units; infinite where there is
        no bound. Minima and transition states may lie on bounds. Searches do not call the function outside
        the bounds.
    - `periodic`: periods after which the function repeats, in the form of `scale`, in parameter units;
        infinite for variables without one. Points that differ by whole periods count as one, and are stored
        between 0 and the period.
    - `energy_scale`: size of the energy differences that matter, loss units; tolerances are relative to it
        (or to the energy, where that is larger). Default: the spread of the energies of random starts.
    - `symmetry`: orthogonal maps that leave the function unchanged, such as a `FiniteSymmetry`.
    - `smooth`: `smooth` if second derivatives exist everywhere; `piecewise` if smooth pieces meet in kinks,
        as with ReLU, hinge, `max` or `min`, so that every point found is tested for a kink; `kinked` if
        minima lie on kinks, as with an L1 penalty, so that no transition states are looked for. Default:
        `smooth` if the function is made of smooth operations alone, else `piecewise`.
    - `confining`: True if the function grows in every direction, so that the Morse sum is 1.
    - `predict`: function that makes the loss a model: `predict(parameters, inputs)` with inputs of shape
        (items, features) returns probabilities, shape (items, classes), or values, shape (items,) or
        (items, outputs); see `AbstractModel`.
    - `features`: number of inputs of one item, for `predict`.
    - `classes`: number of classes of a classifier; None for a regression.
    - `item_losses`: function `item_losses(parameters, inputs, targets)` that returns the loss of each item
        without the penalty, shape (items,). Targets are class numbers or values, shape (items,), or for
        several outputs (items, outputs). Default: -ln p of the target class, or the squared error.
    - `name`: name of the loss in its fingerprint; default the name of the function.

    **Raises:** `ValueError` if parameters or data are no numbers, a setting does not fit, a symmetry or a
    period changes the loss, or the loss is not one finite float64 number that depends on the parameters and
    that JAX can differentiate twice.
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
        if not callable(function):
            raise ValueError(f"`function` must be a function of the parameters, got {function!r}.")
        if isinstance(parameters, bool):
            raise ValueError("`parameters` must be a number of variables or arrays, got a bool.")
        if isinstance(parameters, int | np.integer):
            if parameters < 1:
                raise ValueError(f"A loss needs at least one variable, got {parameters}.")
            parameters = np.zeros(parameters)
        if energy_scale is not None:
            energy_scale = check_positive("energy_scale", energy_scale)
        if smooth is not None:
            check_smoothness(smooth)
        check_is("symmetry", symmetry, AbstractSymmetry | None, "a symmetry, such as sign_symmetry(2)")
        check_is("name", name, str | None, "a text")
        confining = check_flag("confining", confining)
        shapes = tuple(
            as_numbers(f"parameters{jax.tree_util.keystr(path)}", leaf).shape
            for path, leaf in jax.tree_util.tree_leaves_with_path(parameters)
        )
        structure = jax.tree.structure(parameters)
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
        self.energy_unit = jnp.asarray(np.float64(1.0))  # of one type with the unit that replaces it
        self._check_symmetry()
        check_landscape(self)  # refuse mistakes before any search starts
        if self.periods is not None:
            self._check_periods(self.periods)
        if predict is not None:
            check_predictions(self, own_losses=item_losses is not None)
        size = _spread(self) if energy_scale is None else energy_scale
        self.energy_unit = jnp.asarray(power_of_two(size))

    def _check_symmetry(self) -> None:
        """Refuse a symmetry that does not fit the other settings; raises `ValueError`."""
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
        """Refuse a period that changes the energy; raises `ValueError`."""
        variables = np.flatnonzero(np.isfinite(periods))
        x = start_of(self, 1)
        moved = x + np.eye(self.size)[variables] * np.array(periods)[variables, None]
        points = jnp.asarray(np.concatenate([x[None], moved]))
        energies = np.asarray(jax.jit(lambda loss, rows: jax.lax.map(loss.energy, rows))(self, points))
        change = np.abs(energies[1:] - energies[0])
        if not change.max() <= SAME_ENERGY * max(abs(float(energies[0])), _spread(self)):
            i = int(np.argmax(change))
            raise ValueError(
                f"{periods[variables[i]]:g} is no period of variable {variables[i]}: the loss is "
                f"{energies[0]:.9g} at a random point and {energies[1 + i]:.9g} one period further."
            )

    def parameters(self, x: Point) -> PyTree:
        """Return a point, shape (dim,), in the form of the parameters of the function."""
        return self.unravel(x)

    @property
    def dimension(self) -> int:
        """Number of variables in all leaves."""
        return self.size

    def energy(self, x: Point) -> Scalar:
        """Return the value of the function."""
        if self.data is None:
            return self.function(self.unravel(x))
        return self.function(self.unravel(x), self.data)

    @property
    def predicts(self) -> bool:
        """Whether `predict` was given."""
        return self.predictor is not None

    @property
    def features(self) -> int:
        """Number of inputs of one item; 0 for a loss without `predict`."""
        return self.feature_count

    @property
    def classes(self) -> int | None:
        """Number of classes of a classifier; None for a regression."""
        return self.class_count

    def predict(self, x: Point, inputs: Inputs) -> Outputs:
        """Return the result of the function `predict`, see `AbstractModel`.

        **Raises:** `ValueError` for a loss without `predict`.
        """
        if self.predictor is None:
            raise ValueError("This Loss was not told how its points predict: give it `predict`.")
        return as_values(self.predictor(self.unravel(x), inputs))

    def item_losses(self, x: Point, inputs: Inputs, targets: Targets) -> Items:
        """Return the result of the function `item_losses`, or the default of `AbstractModel`."""
        if self.judge is None:
            return super().item_losses(x, inputs, targets)
        return self.judge(self.unravel(x), inputs, targets)

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw normal variables, or uniform ones where there is a period or two finite bounds."""
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
        # With one finite bound, variables drawn outside are reflected at the bound.
        x = jnp.where(x < lower, 2.0 * np.where(np.isfinite(lower), lower, 0.0) - x, x)
        return jnp.where(x > upper, 2.0 * np.where(np.isfinite(upper), upper, 0.0) - x, x)

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings, the data hash and the loss at three fixed points.

        The values stand for the function, which cannot be hashed; nine digits of them do not depend on the
        compiler.
        """
        probes = [value_and_gradient(self, start_of(self, seed))[0] for seed in range(3)]
        return {
            "landscape": self.name,
            "variables": self.size,
            "scale": list(self.scale) if isinstance(self.scale, tuple) else self.scale,
            "confining": self.confining,
            **({} if self.bounds is None else {"bounds": [finite_or_none(side) for side in self.bounds]}),
            **({} if self.periods is None else {"periods": finite_or_none(self.periods)}),
            "symmetry": f"{type(self.group).__name__} of order {self.group.order}",
            "probes": [f"{float(energy):.8e}" for energy in probes],
            "data": data_hash(*(leaf for leaf in jax.tree.leaves(self.data) if isinstance(leaf, Array))),
        }

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The given group, with shifts by whole periods."""
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
        """The given scale; the geometric mean of several scales."""
        return float(np.exp(np.mean(np.log(self.scale))))

    @property
    def region(self) -> float:
        """1,000 times the largest scale, or twice the largest finite |bound| if that is more."""
        bounds = np.abs(np.array(self.bounds or 0.0))
        return max(
            1e3 * float(np.max(self.scale)), 2.0 * float(bounds[np.isfinite(bounds)].max(initial=0.0))
        )

    @property
    def smoothness(self) -> Smoothness:
        """The given smoothness, or that inferred from the program of the function."""
        return self.declared or inferred_smoothness(self)

    @property
    def units(self) -> Units:
        """Units near the scales of the variables and near the energy scale.

        They are powers of two, which cause no rounding. If variables without bounds have different scales,
        the ratios of their units are instead those of the scales, so that curvatures and path lengths do
        not depend on how far each scale is from a power of two. With bounds they are always powers of two,
        because a point on a bound must stay exactly on it.
        """
        scale = np.asarray(self.scale)
        if scale.ndim == 0 or self.bounds is not None:
            unit = power_of_two(scale)
        else:
            unit = scale * (power_of_two(self.length_scale) / self.length_scale)
        return Units(float(unit) if unit.ndim == 0 else unit, float(self.energy_unit))

    @property
    def morse_sum(self) -> int | None:
        """1 if the loss is `confining`, 0 if all variables are periodic, else None.

        With bounds it is None, because Morse theory on a box counts other points on the faces than those
        that are stored.
        """
        if self.periods is not None and np.all(np.isfinite(self.periods)):
            return 0
        return 1 if self.confining and self.bounds is None and self.periods is None else None


def _checked_data(data: PyTree) -> PyTree:
    """Return data as JAX arrays of full precision; raises `ValueError` for leaves that are not arrays."""

    def converted(path: Any, leaf: Any) -> Array:
        try:
            array = jnp.asarray(leaf)
        except (TypeError, ValueError):
            where = f"data{jax.tree_util.keystr(path)}"
            raise ValueError(f"`data` must be a pytree of arrays, but {where} is {leaf!r:.40}.") from None
        if jnp.issubdtype(array.dtype, jnp.inexact):
            return array.astype(jnp.promote_types(array.dtype, jnp.float64))
        return array

    return jax.tree_util.tree_map_with_path(converted, data)


@functools.lru_cache(maxsize=64)
def _unravel(structure: Any, shapes: tuple[tuple[int, ...], ...]) -> Callable:
    """Return the same function object for parameters of one form, so that new data do not recompile."""
    return ravel_pytree(jax.tree.unflatten(structure, [np.zeros(shape) for shape in shapes]))[1]


def _spread(loss: Loss) -> float:
    """Return the median distance of the energies of random starts from their median.

    If that is zero it is |median|, and if that is zero, too, 1.
    """
    energies = np.array([value_and_gradient(loss, start_of(loss, seed))[0] for seed in range(PROBES)])
    energies = energies[np.isfinite(energies)]
    middle = np.median(energies)
    for size in (np.median(np.abs(energies - middle)), abs(middle)):
        if 1e-290 < size < 1e290:
            return float(size)
    return 1.0
