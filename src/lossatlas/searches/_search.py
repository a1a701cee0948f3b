"""The abstract search: a loop cut into its parts, so that one driver can run it in many ways."""

import abc
import dataclasses
from typing import Protocol, Self, TypeVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from lossatlas._checks import check_is
from lossatlas._types import Flag
from lossatlas.landscapes import AbstractLandscape, Units


class Searched(Protocol):
    """What the driver needs of an object that is searched: a landscape or a family of landscapes."""

    @property
    def dimension(self) -> int:
        """Number of variables."""
        ...

    @property
    def shares_passes(self) -> bool:
        """Whether lanes may step together on a CPU because one pass over the data serves all of them."""
        ...


Converted = TypeVar("Converted", bound="AbstractSearch")


class AbstractSearch(eqx.Module):
    """Settings of a search, and the parts of its loop; pure and traceable.

    A subclass defines `init`, `step`, `finished` and `result`, and `run_batch` runs it from many starts.
    On a CPU each lane runs its loop to its own end; on an accelerator many lanes step together, and a lane
    that has finished is refilled from the queue.
    """

    def __check_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            kind = "array" if any(map(_is_array, jax.tree.leaves(value))) else type(value).__name__
            if kind in ("array", "list", "dict", "set"):
                a = "an" if kind == "array" else "a"
                raise ValueError(
                    f"The settings of a search must be Python numbers, but `{field.name}` of "
                    f"{type(self).__name__} is or holds {a} {kind}."
                )

    @abc.abstractmethod
    def init(self, landscape: AbstractLandscape, *lane) -> PyTree:
        """Return the state before the first step."""

    @abc.abstractmethod
    def step(self, landscape: AbstractLandscape, state: PyTree) -> PyTree:
        """Return the next state."""

    @abc.abstractmethod
    def finished(self, landscape: AbstractLandscape, state: PyTree) -> Flag:
        """Return whether the search is over."""

    @abc.abstractmethod
    def result(self, landscape: AbstractLandscape, state: PyTree) -> PyTree:
        """Return the result of a search from its final state: a dictionary or named tuple of arrays."""

    @property
    def shares_passes(self) -> bool:
        """Whether lanes gain by stepping together on a CPU if the landscape `shares_passes`.

        They gain where a step is a gradient and little else; decompositions have nothing to share.
        """
        return False

    def in_units(self, units: Units) -> Self:
        """Return the same search in a landscape's own units; unchanged if no setting has a unit."""
        return self

    def __call__(self, landscape: AbstractLandscape, *lane) -> PyTree:
        """Run one lane to its end."""
        final = jax.lax.while_loop(
            lambda s: ~self.finished(landscape, s),
            lambda s: self.step(landscape, s),
            self.init(landscape, *lane),
        )
        return self.result(landscape, final)


def _is_array(value: object) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def converted(search: Converted, units: Units) -> Converted:
    """Return a search in a landscape's own units; raises `ValueError` if its `in_units` returns none."""
    own = search.in_units(units)
    name = type(search).__name__
    check_is(f"{name}.in_units(units)", own, type(search), f"a {name} with converted settings")
    return own
