"""The abstract search downhill from a transition state."""

import abc
from typing import NamedTuple, Self

from lossatlas._types import Images, Integer, Point, Scalar
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch


class HalfPathway(NamedTuple):
    """One side of a pathway.

    - `x`: its end near a minimum, shape (dim,).
    - `length`: arc length from the transition state, in the units of `x`; NaN where no path was followed.
    - `points`: points of the path, shape (keep, dim), of which the first `kept` + 1 are used.
    - `gradients`, `hessians`: evaluations spent.
    """

    x: Point
    length: Scalar
    points: Images
    kept: Integer
    gradients: Integer
    hessians: Integer


class AbstractPathway(AbstractSearch):
    """A search downhill from a transition state that `find_pathways` takes as its `method`.

    A lane is `(x, direction)`: the transition state and its unit unstable mode, whose sign is the side.
    The result is a `HalfPathway`.
    """

    @abc.abstractmethod
    def keeping(self, points: int) -> Self:
        """Return the same search with room for `points` points of the path in its result."""

    @abc.abstractmethod
    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent.

        A Hessian counts as `landscape.hessian_cost` gradients, a product with it as `PRODUCT_COST`.
        """
