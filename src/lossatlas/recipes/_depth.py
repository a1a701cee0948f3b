"""Shallow against deep networks: many minimisations of each, kept in files, and what they say."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lossatlas._checks import check_whole
from lossatlas._results import RESULTS
from lossatlas.analysis import (
    AbstractResult,
    LogDeterminants,
    ParameterDistances,
    TradeOff,
    log_determinants,
    mean_distance,
    parameter_distances,
    relative_distances,
    trade_off,
)
from lossatlas.landscapes import Perceptron

from ._depth_ends import Ends, minimised, read, start, write
from ._network_recipes import AbstractDataRecipe, CsvRecipe
from ._read_recipe import RECIPES, read_recipe
from ._recipe import AbstractRecipe, to_settings


AT_ONCE = 4  # starts between two writes of a file
SAME_LOSS, SAME_PLACE = 1e-9, 1e-5  # relative, as in an atlas
TRIVIAL = 0.99  # of the loss of the best constant output: an error above that is of one


class DepthCell(NamedTuple):
    """Networks of one data set, activation and number of hidden layers, and the name of their file."""

    data: str
    activation: str
    layers: int
    recipe: AbstractRecipe

    @property
    def name(self) -> str:
        """The file, without folder."""
        return f"{self.data}-{self.activation}-{self.layers}.npz"


@dataclasses.dataclass(frozen=True, eq=False)
class DepthResult(AbstractResult):
    """What one cell says.

    - `cell`: the networks.
    - `starts`, `minima`, `unverified`, `trivial`: how many searches there were, how many ended in verified
        minima, how many in ends of ReLU descents that are not, and how many in a constant output (not
        counted among the others). These and searches that failed are left out of what follows.
    - `distinct`: which of the points used are the first of their kind: not the image of an earlier one
        under a symmetry, shape (points,).
    - `ends`: the points used.
    - `distances`: between them, relative to their norms, see `relative_distances`.
    - `start_distances`: the same between all random starts: what alignment gives for unrelated networks.
    - `widths`: -ln |det Hessian| per variable of them.
    - `fit`: how that goes with the loss, over the distinct points.
    """

    cell: DepthCell
    starts: int
    minima: int
    unverified: int
    trivial: int
    distinct: np.ndarray
    ends: Ends
    distances: ParameterDistances
    start_distances: ParameterDistances
    widths: LogDeterminants
    fit: TradeOff

    @property
    def losses_and_entropies(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and entropy of the distinct points, shape (distinct,) each."""
        return self.ends.energy[self.distinct], self.widths.entropy[self.distinct]

    def to_columns(self) -> dict[str, np.ndarray]:
        """Return one row per point that is used."""
        ends, widths = self.ends, self.widths
        same = lambda value: np.full(len(ends), value)
        return {
            "set": same(self.cell.data),
            "activation": same(self.cell.activation),
            "layers": same(self.cell.layers),
            "loss": ends.energy,
            "error": ends.error,
            "rms_gradient": ends.rms_gradient,
            "verified": ends.converged,
            "norm": np.linalg.norm(ends.x, axis=1),
            "entropy": widths.entropy,
            "zeros": widths.zeros,
            "negative": widths.negative,
            "gradients": ends.gradients,
        }

    def summary(self) -> dict[str, Any]:
        """Return one row of numbers with their errors."""
        aligned, plain = mean_distance(self.distances.aligned), mean_distance(self.distances.plain)
        ends = self.ends
        return {
            "set": self.cell.data,
            "activation": self.cell.activation,
            "layers": self.cell.layers,
            "variables": ends.x.shape[1],
            "starts": self.starts,
            "minima": self.minima,
            "unverified": self.unverified,
            "trivial": self.trivial,
            "distinct": int(self.distinct.sum()),
            "loss": _mean(ends.energy),
            "loss_sd": float(np.std(ends.energy, ddof=1)) if self.distinct.sum() > 1 else np.nan,
            "error": _mean(ends.error),
            "rms_variable": _mean(np.linalg.norm(ends.x, axis=1)) / np.sqrt(ends.x.shape[1]),
            "plain": plain.value,
            "plain_error": plain.error,
            "aligned": aligned.value,
            "aligned_error": aligned.error,
            "starts_aligned": mean_distance(self.start_distances.aligned).value,
            "entropy": _mean(self.widths.entropy),
            "slope": self.fit.slope,
            "slope_error": self.fit.error,
            "slope_bootstrap_error": self.fit.bootstrap_error,
            "spearman": self.fit.spearman,
            "zeros": _mean(self.widths.zeros),
            "negative": _mean(self.widths.negative),
        }


def depth_cells(
    sets: Sequence[str],
    *,
    layers: Sequence[int] = (2, 6),
    activations: Sequence[str] = ("relu", "tanh"),
    nodes: int = 22,
    items: int = 300,
    l2: float = 3e-3,
    inputs: int | None = 10,
    data_seed: int = 0,
) -> list[DepthCell]:
    """Return the networks to compare: all combinations of sets, activations and layers.

    **Arguments:**

    - `sets`: names of recipes with data, such as boston.
    - `layers`: numbers of hidden layers.
    - `activations`: as of `Perceptron`.
    - `nodes`: of each hidden layer.
    - `items`: for training, drawn at random by `data_seed`.
    - `l2`: penalty, above zero: without one no minimum is isolated.
    - `inputs`: after the map of `project`; None leaves the columns.

    **Raises:** `ValueError` for a landscape without data, and settings that do not fit.
    """
    for name, given in (("sets", sets), ("layers", layers), ("activations", activations)):
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise ValueError(f"`{name}` must be a list, got {given!r}.")
        if not given or len(set(given)) < len(given):
            raise ValueError(f"`{name}` must name one or more, each once, got {list(given)}.")
    for name, numbers in (("layers", layers), ("nodes", [nodes])):
        if min(numbers) < 1:
            raise ValueError(f"`{name}` must be at least 1, got {min(numbers)}.")
    if not l2 > 0:
        raise ValueError(f"`l2` must be above zero, got {l2}: without a penalty no minimum is isolated.")
    cells = []
    for data, activation, depth in itertools.product(sets, activations, layers):
        settings = {
            "landscape": data,
            "hidden": [nodes] * depth,
            "activation": activation,
            "items": items,
            "l2": l2,
            "project": inputs,
            "data_seed": data_seed,
        }
        kind = RECIPES.get(data)
        if kind is not None and not (issubclass(kind, AbstractDataRecipe) and kind is not CsvRecipe):
            raise ValueError(f"{data} is no shipped data set of which items could be drawn.")
        recipe = read_recipe({key: value for key, value in settings.items() if value is not None})
        cells.append(DepthCell(data, activation, depth, recipe))
    return cells


def run_depth(
    cells: Sequence[DepthCell],
    folder: Path,
    *,
    starts: int = 20,
    seed: int = 0,
    max_steps: int = 10_000,
    workers: int | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> list[DepthResult]:
    """Minimise from many starts in every cell, keep the ends in a folder, and compare them.

    Start i is drawn from `seed` and i alone, so a run that was killed goes on where it was, and one with
    more starts adds to those that are there.

    **Arguments:**

    - `cells`: of `depth_cells`.
    - `folder`: where the files go; made if it is not there.
    - `starts`: per cell, at least 2; where a file holds more, all of them are used.
    - `seed`: of the starts.
    - `max_steps`: gradients per descent.
    - `workers`: threads; default one per core.
    - `report`: called with one line per cell.

    **Returns:** one result per cell.

    **Raises:** `ValueError`, before anything runs, if a file in the folder was made with other settings.
    """
    for name, value, least in (("starts", starts, 2), ("seed", seed, 0), ("max_steps", max_steps, 1)):
        check_whole(name, value, least=least, below=2**31)
    folder = Path(folder)
    if not folder.is_dir() and any(
        part.exists() and not part.is_dir() for part in (folder, *folder.parents)
    ):
        raise ValueError(f"{folder} cannot be made: a part of it is a file.")
    paths = [folder / cell.name for cell in cells]
    notes = [{**to_settings(cell.recipe), "seed": seed, "max_steps": max_steps} for cell in cells]
    for path, note in zip(paths, notes):
        read(path, note)
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for number, (cell, path, note) in enumerate(zip(cells, paths, notes), 1):
        network = cell.recipe.build().landscape
        assert isinstance(network, Perceptron)
        parts = [found for found in [read(path, note)] if found is not None]
        done = sum(map(len, parts))
        report(f"{number} of {len(cells)}: {cell.name}, {done} of {starts} starts done")
        for first in range(done, starts, AT_ONCE):
            if first > done:
                report(f"{number} of {len(cells)}: {cell.name}, {first} of {starts} starts done")
            chosen = [start(network, seed, i) for i in range(first, min(first + AT_ONCE, starts))]
            parts.append(minimised(network, np.stack(chosen), max_steps, workers))
            write(path, note, Ends.concatenate(parts))
        ends = Ends.concatenate(parts)
        results.append(_judged(cell, network, ends, [start(network, seed, i) for i in range(len(ends))]))
    return results


def _judged(cell: DepthCell, network: Perceptron, ends: Ends, starts: list[np.ndarray]) -> DepthResult:
    constant = ends.error > TRIVIAL * _constant_loss(network)
    verified = ends.converged & ~constant
    on_kinks = (ends.outcome == RESULTS.max_steps) & (network.smoothness != "smooth") & ~constant
    used = ends[verified | on_kinks]
    distances = parameter_distances(network.symmetry, used.x)
    widths, distinct = log_determinants(used.eigenvalues), _distinct(used, distances)
    return DepthResult(
        cell,
        starts=len(ends),
        minima=int(verified.sum()),
        unverified=int(on_kinks.sum()),
        trivial=int(constant.sum()),
        distinct=distinct,
        ends=used,
        distances=relative_distances(_without_rounding(distances, used), used.x),
        start_distances=relative_distances(
            parameter_distances(network.symmetry, np.array(starts)), np.array(starts)
        ),
        widths=widths,
        fit=trade_off(used.energy[distinct], widths.entropy[distinct]),
    )


def _constant_loss(network: Perceptron) -> float:
    """Return the loss of the best outputs that are the same for all items."""
    targets = np.asarray(network.targets).T
    if network.loss == "squared_error":
        return float(np.sum(np.var(targets, axis=1)))
    part = targets.mean(axis=1)  # of items in each class
    if network.loss == "binary_cross_entropy":
        part = np.concatenate([part, 1.0 - part])
    return float(-np.sum(part * np.log(np.where(part > 0, part, 1.0))))


def _same(ends: Ends, distances: ParameterDistances) -> np.ndarray:
    """Return which pairs are one point, images under the symmetry being one, shape (points, points)."""
    norm = np.linalg.norm(ends.x, axis=1)
    near = distances.aligned <= SAME_PLACE * np.maximum(1.0, norm[:, None])
    limit = SAME_LOSS * np.maximum(1.0, np.abs(ends.energy))
    return near & (np.abs(ends.energy[:, None] - ends.energy[None, :]) <= limit)


def _distinct(ends: Ends, distances: ParameterDistances) -> np.ndarray:
    """Return which points are the first of their kind."""
    same = _same(ends, distances)
    first = np.argmax(same, axis=1) if len(ends) else np.zeros(0, dtype=int)
    return first == np.arange(len(ends))


def _without_rounding(distances: ParameterDistances, ends: Ends) -> ParameterDistances:
    """Return the distances with zero between two images of one point."""
    aligned = np.where(_same(ends, distances), 0.0, distances.aligned)
    return dataclasses.replace(distances, aligned=aligned)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
