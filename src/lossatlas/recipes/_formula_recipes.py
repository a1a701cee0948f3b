"""Recipes of landscapes that are formulas: surfaces, spin glasses, fits of two sines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt

import lossatlas as la  # not its rooms: they import JAX, and settings are read for the help of commands

from ._recipe import AbstractRecipe, Help, Problem


class SurfaceRecipe(AbstractRecipe, frozen=True):
    """Surfaces in the plane with known stationary points."""

    landscape: Literal["mueller-brown", "six-hump-camel"]

    def build(self) -> Problem:
        """Return the surface."""
        known = {"mueller-brown": la.landscapes.MuellerBrown, "six-hump-camel": la.landscapes.SixHumpCamel}
        return Problem(known[self.landscape]())


class SpinGlassRecipe(AbstractRecipe, frozen=True):
    """A spherical p-spin glass or a p-partite one, with random coefficients or those of a file."""

    landscape: Literal["spin-glass"]
    size: Annotated[int | None, Help("Number of spins; with partite, of each part.", unset="6")] = None
    p: Annotated[int | None, Help("Number p of spins in each interaction, or of parts.", unset="3")] = None
    partite: Annotated[bool, Help("Make a spin glass of p parts, each on its own unit sphere.")] = False
    disorder: Annotated[int, Field(ge=0), Help("Seed of the random coefficients.")] = 0
    coefficients: Annotated[
        Path | None,
        Help("An .npy file of coefficients, shape (N,) * p; with partite, any shape.", unset="random ones"),
    ] = None

    def build(self) -> Problem:
        """Return the spin glass."""
        if self.coefficients is not None:
            tensor = self._read(self.coefficients)
            return Problem(
                (la.landscapes.PartiteSpinGlass if self.partite else la.landscapes.SpinGlass)(tensor)
            )
        size, p = 6 if self.size is None else self.size, 3 if self.p is None else self.p
        if self.partite:
            return Problem(la.landscapes.partite_spin_glass((size,) * p, seed=self.disorder))
        if 2 <= size < p:
            raise ValueError(f"A p-spin glass needs at least as many spins as p, got {size} and p = {p}.")
        return Problem(la.landscapes.spin_glass(size, order=p, seed=self.disorder))

    def _read(self, file: Path) -> np.ndarray:
        """Return the coefficients of a file, whose shape must agree with `size` and `p`."""
        try:
            tensor = np.load(file, allow_pickle=False)
        except FileNotFoundError:
            raise ValueError(f"There is no file {file}.") from None
        except (ValueError, EOFError, OSError):
            raise ValueError(f"{file} is not an .npy file that holds an array of numbers.") from None
        if not isinstance(tensor, np.ndarray):
            raise ValueError(f"{file} holds several arrays; --coefficients takes one .npy array.")
        for option, given, found in (("size", self.size, tensor.shape[:1]), ("p", self.p, (tensor.ndim,))):
            if given is not None and found != (given,):
                raise ValueError(f"--{option} {given} does not fit {file}, which has shape {tensor.shape}.")
        if not self.partite and len(set(tensor.shape)) == 1 and 2 <= len(tensor) < tensor.ndim:
            raise ValueError(
                f"A p-spin glass needs at least as many spins as p, but {file} has shape {tensor.shape}."
            )
        return tensor


class NonlinearRegressionRecipe(AbstractRecipe, frozen=True):
    """Fits of a damped product of two sines to noisy data."""

    landscape: Literal["nonlinear-regression"]
    items: Annotated[PositiveInt, Help("Number of training items.")] = 100
    data_seed: Annotated[int, Field(ge=0), Help("Seed of the data and their noise.")] = 0
    noise: Annotated[float, Help("Standard deviation of the noise on the data.")] = 0.02
    highest_frequency: Annotated[
        float, Help("Bound on |q1|, |q2| and |q4|; a larger one admits more minima.")
    ] = 10.0

    def build(self) -> Problem:
        """Return the regression and its training data."""
        landscape = la.landscapes.nonlinear_regression(
            self.data_seed,
            items=self.items,
            noise=self.noise,
            highest_frequency=self.highest_frequency,
        )
        inputs, targets = map(np.asarray, landscape.training)
        source = f"a damped product of two sines with noise {self.noise:g}"
        return Problem(
            landscape, la.datasets.DataSet(self.landscape, inputs, targets, None, ("t",), "y", source)
        )
