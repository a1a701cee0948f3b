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

from lossatlas._types import Point, Scalar

from ._landscape import AbstractLandscape, check_landscape, data_hash
from ._symmetry import AbstractSymmetry, NoSymmetry


class Loss(AbstractLandscape):
    """A landscape made of any JAX function that maps parameters to one number.

    **Arguments:**

    - `function`: `function(parameters)` or `function(parameters, data)`, returning a float64 scalar.
    - `parameters`: an example of the parameters: a number of variables, a float64 vector, or a pytree
        of float64 arrays. Only its shape matters.
    - `data`: optional pytree of arrays, passed as the second argument; new data of the same shape do
        not recompile.
    - `scale`: starts are normal with this standard deviation, and steps are measured by it, in
        parameter units.
    - `symmetry`: orthogonal maps that leave the function unchanged.
    - `confining`: say True if the function grows in every direction, so that the Morse sum is 1.
    - `name`: for the fingerprint.

    **Raises:** `ValueError` if the parameters are not float64, or the function does not return one
    finite float64 number.
    """

    data: PyTree
    function: Callable = eqx.field(static=True)
    unravel: Callable = eqx.field(static=True)
    size: int = eqx.field(static=True)
    scale: float = eqx.field(static=True)
    group: AbstractSymmetry = eqx.field(static=True)
    confining: bool = eqx.field(static=True)
    name: str = eqx.field(static=True)

    def __init__(
        self,
        function: Callable,
        parameters: int | PyTree,
        *,
        data: PyTree = None,
        scale: float = 1.0,
        symmetry: AbstractSymmetry | None = None,
        confining: bool = False,
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
        if not 0 < scale < math.inf:
            raise ValueError(f"`scale` must be positive, got {scale}.")
        leaves, structure = jax.tree.flatten(parameters)
        shapes = tuple(np.shape(leaf) for leaf in leaves)
        self.data = jax.tree.map(jnp.asarray, data)
        self.unravel = _unravel(structure, shapes)
        self.function, self.scale = function, float(scale)
        self.size = sum(math.prod(shape) for shape in shapes)
        self.group = symmetry or NoSymmetry()
        self.confining = confining
        self.name = name or getattr(function, "__qualname__", type(function).__name__)
        if self.size == 0:
            raise ValueError("The parameters hold no variable.")

    def __check_init__(self):
        """Evaluate the function once, so that a mistake is named before any search starts."""
        check_landscape(self)

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

    def sample(self, key: PRNGKeyArray) -> Point:
        """Draw normal variables."""
        return self.scale * jax.random.normal(key, (self.size,))

    def fingerprint(self) -> dict[str, Any]:
        """Return name, size and the loss at three fixed points.

        A function cannot be hashed; its values can. Nine digits survive another compiler.
        """
        starts = [self.sample(jax.random.key(i)) for i in range(3)]
        return {
            "landscape": self.name,
            "variables": self.size,
            "scale": self.scale,
            "confining": self.confining,
            "symmetry": f"{type(self.group).__name__} of order {self.group.order}",
            "probes": [f"{float(self.energy(x)):.8e}" for x in starts],
            "data": data_hash(*(leaf for leaf in jax.tree.leaves(self.data) if isinstance(leaf, Array))),
        }

    @property
    def symmetry(self) -> AbstractSymmetry:
        """The given group."""
        return self.group

    @property
    def length_scale(self) -> float:
        """The given scale."""
        return self.scale

    @property
    def morse_sum(self) -> int | None:
        """1 if the user says that the loss grows in every direction."""
        return 1 if self.confining else None


@functools.lru_cache(maxsize=64)
def _unravel(structure: Any, shapes: tuple[tuple[int, ...], ...]) -> Callable:
    """Return one and the same function for parameters of one form, so that new data do not recompile."""
    return ravel_pytree(jax.tree.unflatten(structure, [np.zeros(shape) for shape in shapes]))[1]
