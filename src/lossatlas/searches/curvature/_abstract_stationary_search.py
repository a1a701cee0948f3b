"""The abstract search for stationary points of a given index."""

import abc
from typing import Self

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._search import AbstractSearch


NEWTON = -1  # order for Newton's method on the gradient, which accepts a stationary point of any index


class AbstractStationarySearch(AbstractSearch):
    """A search that converges to a stationary point at rounding level and checks its index.

    `find_saddles` takes it as its `method`, and a toolkit has one as its `polish` and one as its `saddle`.
    A lane is `(x, direction, order)`: a start, a mode to climb or zeros, and the index wanted. The result
    is a dictionary with the fields of `StationaryPoints`, unless a subclass overrides `refine`.
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
        """Return the searches that `refine` runs one after the other."""
        return (self,)

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
        orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(x))
        directions = np.zeros_like(x) if directions is None else directions
        return StationaryPoints(**run_batch(self, landscape, x, directions, orders, workers=workers))
