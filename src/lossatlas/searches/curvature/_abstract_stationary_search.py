"""What every search for stationary points of a given index is."""

import abc
from typing import Self

import numpy as np

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._driver import run_batch
from lossatlas.searches._records import StationaryPoints
from lossatlas.searches._search import AbstractSearch


NEWTON = -1  # order of a search that keeps the index of where it is: root finding on the gradient


class AbstractStationarySearch(AbstractSearch):
    """A search that ends in a stationary point at rounding level whose index was checked.

    `find_saddles` takes it as its `method`, `minimise` polishes with it. A lane is `(x, direction, order)`:
    a start, a mode to climb or zeros, and the index wanted. The result is a dictionary with the fields of
    `StationaryPoints`, unless a subclass overrides `refine`.
    """

    @abc.abstractmethod
    def finds(self, order: int) -> bool:
        """Return whether the search can be asked for this index (`NEWTON`: for any)."""

    @property
    @abc.abstractmethod
    def from_anywhere(self) -> bool:
        """Whether starts may lie anywhere; if not, the search needs one near a stationary point."""

    @abc.abstractmethod
    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search with a limit in gradients: no step begins once so many were spent.

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
        """Search from every row of `x`, shape (points, dim), dimensionless.

        **Arguments:**

        - `order`: index wanted; one number or one per point.
        - `directions`: shape (points, dim), modes to climb; default the lowest.
        - `workers`: threads; default one per core.
        """
        orders = np.broadcast_to(np.asarray(order, dtype=np.int64), len(x))
        directions = np.zeros_like(x) if directions is None else directions
        return StationaryPoints(**run_batch(self, landscape, x, directions, orders, workers=workers))
