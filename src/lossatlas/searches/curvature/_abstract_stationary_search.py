"""The abstract search for stationary points of a given index."""

import abc
from typing import NamedTuple, Self

import numpy as np

from lossatlas._types import Integer, Point
from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._search import AbstractSearch


NEWTON = -1  # order for Newton's method on the gradient, which accepts a stationary point of any index


class Approached(NamedTuple):
    """Where a search for a stationary point ended, before anything was verified there.

    - `x`: shape (dim,), parameter units.
    - `outcome`: a RESULTS code. `max_steps`, `left_region` and `nonfinite` say that the search found
        nothing; with any other, `x` is verified.
    - `gradients`, `hessians`: evaluations spent.
    """

    x: Point
    outcome: Integer | int
    gradients: Integer | int
    hessians: Integer | int = 0


class AbstractStationarySearch(AbstractSearch):
    """A search that comes near to a stationary point of an index.

    `find_saddles` takes it as its `method`, a toolkit as its `saddle` or `polish`. A lane is
    `(x, direction, order)`, two vectors of shape (dim,) and a whole number: a start, a mode to climb or
    zeros for the lowest, and the index wanted or `NEWTON` for any. The result is an `Approached`.

    From where the search ended, the polish of the toolkit goes on to rounding level and verifies the point:
    its energy, gradient, index and curvatures are those that lossatlas computes, whatever the search says.
    """

    @abc.abstractmethod
    def finds(self, order: int) -> bool:
        """Return whether the search can find points of this index; `NEWTON` stands for any index."""

    @property
    @abc.abstractmethod
    def from_anywhere(self) -> bool:
        """Whether starts may lie anywhere; if not, they must lie near a stationary point."""

    @abc.abstractmethod
    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent.

        A Hessian counts as `landscape.hessian_cost` gradients, a product with it as `PRODUCT_COST`.
        """

    def stages(self) -> tuple[AbstractSearch, ...]:
        """Return the searches that run one after the other."""
        return (self,)


class AbstractVerifier(AbstractStationarySearch):
    """A search that verifies the points that it returns; only lossatlas itself has such searches."""

    @abc.abstractmethod
    def refine(
        self,
        landscape: AbstractLandscape,
        x: np.ndarray,
        order: int | np.ndarray,
        *,
        directions: np.ndarray | None = None,
        workers: int | None = None,
    ) -> StationaryPoints:
        """Search from every row of `x`.

        **Arguments:**

        - `landscape`: the landscape, in its own units.
        - `x`: starts, shape (points, dim), dimensionless.
        - `order`: index wanted; one number or one per point.
        - `directions`: modes to climb, shape (points, dim); default the lowest mode.
        - `workers`: threads; default one per core.

        **Returns:** `StationaryPoints`, one row per start.
        """


def described(
    search: AbstractVerifier,
    landscape: AbstractLandscape,
    x: np.ndarray,
    order: int | np.ndarray,
    directions: np.ndarray | None,
    workers: int | None,
) -> StationaryPoints:
    """Run a search whose result is a dictionary with the fields of `StationaryPoints`, but for bounds."""
    orders, directions = lanes_of(x, order, directions)
    ends = run_batch(search, landscape, x, directions, orders, workers=workers)
    return StationaryPoints(**ends, held=np.zeros(len(x), dtype=int), log_slopes=np.zeros(len(x)))


def lanes_of(
    x: np.ndarray, order: int | np.ndarray, directions: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return an index and a direction for each row of `x`; where no direction is given, zeros."""
    orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(x))
    return orders, np.zeros_like(x) if directions is None else directions
