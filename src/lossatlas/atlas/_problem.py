"""The landscape and the data of an atlas, built again from its recipe, and its minima as models."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossatlas.datasets import DataSet
from lossatlas.landscapes import AbstractLandscape, AbstractModel, check_model
from lossatlas.recipes import Problem, rebuild, rebuild_for_predictions

from ._errors import AtlasError
from ._trained_model import TrainedModel


if TYPE_CHECKING:
    from ._atlas import Atlas


def problem_of(atlas: "Atlas", data: Path | None = None) -> Problem:
    """Build the landscape and the data of an atlas again; see `Atlas.problem_from`."""
    if not isinstance(atlas.recipe, dict):
        raise AtlasError(
            f"{atlas.path} does not say how its landscape is built: open it with the landscape, "
            "Atlas(path, landscape), or explore by the command line or a config."
        )
    try:
        return rebuild(atlas.recipe, folder=atlas.path.parent, data=data)
    except ValueError as error:
        raise AtlasError(f"{atlas.path}: {error}") from None


def model_of(
    atlas: "Atlas", given: AbstractLandscape | None, minimum: int | str, data: DataSet | None
) -> TrainedModel:
    """Return a minimum as a model; see `Atlas.model`."""
    chosen = best_minimum(atlas) if minimum == "best" else minimum
    if isinstance(chosen, bool) or not isinstance(chosen, int | np.integer):
        raise ValueError(f"`minimum` must be best or the id of a minimum, got {minimum!r}.")
    x = atlas.minimum_x(int(chosen))
    if given is not None:
        return TrainedModel(_model(atlas, given), x, data, int(chosen))
    problem = _problem_for_predictions(atlas)
    known = problem.training if data is None else data
    return TrainedModel(_model(atlas, problem.landscape), x, known, int(chosen))


def best_minimum(atlas: "Atlas") -> int:
    """Return the id of the minimum of lowest validation loss; without validation data, of lowest energy."""
    minima = atlas.minima
    if not len(minima):
        raise ValueError(f"{atlas.path} holds no minimum.")
    known = minima.quantities.get("validation_loss")
    energies = minima.energy if known is None or np.isnan(known).all() else known
    return int(minima.id[np.nanargmin(energies)])


def _problem_for_predictions(atlas: "Atlas") -> Problem:
    """Return the problem; where its data are gone or have changed, that of a network without its data."""
    try:
        return atlas.problem
    except AtlasError as error:
        if atlas.recipe is None or atlas.data is None:
            raise
        try:
            return rebuild_for_predictions(atlas.recipe, atlas.data)
        except ValueError:
            raise error from None


def _model(atlas: "Atlas", landscape: Any) -> AbstractModel:
    try:
        return check_model(landscape)
    except ValueError as error:
        raise ValueError(f"{atlas.path}: {error}") from None
