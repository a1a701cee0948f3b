"""The abstract double-ended search."""

import abc
from typing import Self

from lossatlas.landscapes import AbstractLandscape
from lossatlas.searches._search import AbstractSearch


class AbstractBand(AbstractSearch):
    """A search between two minima for guesses of transition states; `find_bands` takes it as its `method`.

    A lane is `(a, b)`, two minima, aligned. The result is a dictionary of `guesses` and unit `tangents`,
    shape (gaps, dim), `is_maximum`, shape (gaps,), and the `gradients` spent.
    """

    @abc.abstractmethod
    def within(self, landscape: AbstractLandscape, max_gradients: int) -> Self:
        """Return the same search, in which no step begins once `max_gradients` were spent."""

    @abc.abstractmethod
    def denser(self) -> Self:
        """Return a more expensive search, for a pair of minima that this one did not connect."""
