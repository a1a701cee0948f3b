"""What every descent is: a search that goes downhill to a tolerance, within a number of steps."""

import dataclasses
from typing import TYPE_CHECKING, Any, Self

import equinox as eqx

from lossatlas._checks import check_positive
from lossatlas.landscapes import Units
from lossatlas.searches._search import AbstractSearch


class AbstractDescent(AbstractSearch):
    """A search downhill that `minimise`, `descend` and `basin_hopping` take as their `method`.

    A lane is `(x,)`, a start of shape (dim,). One step is one gradient. The state has the fields `energy`,
    loss units, and `gradients`, how many were spent. The result is a dictionary with `x`, `energy`,
    `gradient`, `gradients`, `hessians` (evaluations spent) and `outcome`, a RESULTS code.

    - `tolerance`: rms gradient at which the search has converged, loss units per parameter unit.
    - `max_steps`: gradients.
    """

    if TYPE_CHECKING:
        # A type checker takes abstract variables for fields, and would put them before those of subclasses.
        def __getattr__(self, name: str) -> Any: ...
    else:
        tolerance: eqx.AbstractVar[float]
        max_steps: eqx.AbstractVar[int]

    def in_units(self, units: Units) -> Self:
        """Return the same descent in a landscape's own units."""
        return dataclasses.replace(
            self, tolerance=check_positive("tolerance", self.tolerance) / units.slope
        )
