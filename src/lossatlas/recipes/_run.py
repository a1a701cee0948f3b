"""Explore the landscape of a recipe, and evaluate the minima of an atlas as models."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lossatlas.analysis import ModelMetrics, evaluate
from lossatlas.atlas import Atlas, AtlasError
from lossatlas.exploration import Budget, Progress, explore, no_empty_file
from lossatlas.landscapes import check_model, data_hash

from ._config import ExploreSettings
from ._read_recipe import read_recipe
from ._recipe import TEST_DATA, AbstractRecipe, Problem, RecipeError, to_settings


def explore_recipe(
    recipe: AbstractRecipe,
    problem: Problem,
    out: Path,
    settings: ExploreSettings,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Atlas:
    """Explore the landscape of a recipe, and store the recipe in the atlas for `evaluate_atlas`.

    **Arguments:**

    - `recipe`, `problem`: the recipe, and the result of `recipe.build()`.
    - `out`: file of the atlas; continued if it exists.
    - `settings`: seed, budget and threads; the caller sets the memory limit.
    - `progress`: as in `explore`.

    **Returns:** the atlas, open for reading.
    """
    budget = Budget(
        seconds=settings.time_limit,
        evaluations=settings.evaluations,
        minima=settings.minima,
        transition_states=settings.transition_states,
    )
    with no_empty_file(out):
        with Atlas(out, problem.landscape) as atlas:
            known = json.loads(
                json.dumps({**to_settings(recipe), **_test_data(problem)})
            )  # as it will be read
            with atlas.transaction():
                _delete_metrics_of_another(atlas, known)
                atlas.set_recipe(known)
        return explore(
            problem.landscape,
            out,
            budget=budget,
            seed=settings.seed,
            progress=progress,
            workers=settings.workers,
            kinks=settings.kinks,
        )


def _delete_metrics_of_another(atlas: Atlas, recipe: dict[str, Any]) -> None:
    """Delete, with a warning, quantities computed with another recipe, such as one of other test data."""
    older = atlas.quantities_of_another(recipe)
    if older:
        atlas.quantities.delete(*older)
        warnings.warn(
            f"{', '.join(older)} of {atlas.path} were of another recipe and are deleted; evaluate again.",
            stacklevel=3,
        )


def problem_of(path: Path) -> Problem:
    """Build the landscape and data of an atlas again, from the recipe that it stores.

    **Raises:** `AtlasError` if there is no recipe or it cannot be read, or if the test data have changed;
        `ValueError` if its data cannot be read.
    """
    with Atlas(path, readonly=True) as atlas:
        recipe = atlas.recipe
    if not isinstance(recipe, dict):
        raise AtlasError(
            f"{path} does not say which data its landscape was made of: explore by the command line or a "
            "config, or use lossatlas.evaluate and Atlas.set_quantity."
        )
    known = recipe.pop(TEST_DATA, None)
    try:
        problem = read_recipe(recipe).build()
    except RecipeError as error:
        raise AtlasError(f"{path}: its recipe cannot be read, {error}") from None
    if known is not None and known != _test_data(problem).get(TEST_DATA):
        raise AtlasError(f"The test data of {path} have changed since it was explored.")
    return problem


def _test_data(problem: Problem) -> dict[str, str]:
    """Return the hash of the test data; that of the training data is in the landscape's fingerprint."""
    if problem.test is None:
        return {}
    return {TEST_DATA: data_hash(problem.test.inputs, problem.test.targets)}


def judge_atlas(path: Path, *, reference: int = 0, workers: int | None = None) -> ModelMetrics:
    """Evaluate the minima of an atlas as models, see `evaluate`; nothing is written.

    **Raises:** `ValueError` if the landscape is not a model, or the atlas has no minimum.
    """
    return _judged(path, problem_of(path), reference, workers)


def evaluate_atlas(path: Path, *, reference: int = 0, workers: int | None = None) -> ModelMetrics:
    """Evaluate the minima of an atlas as models, and store the metrics as quantities.

    **Raises:** `ValueError` as `judge_atlas`.
    """
    problem = problem_of(path)
    metrics = _judged(path, problem, reference, workers)
    with Atlas(path, problem.landscape) as atlas:
        settings = {"reference": reference, "recipe": atlas.recipe}
        with atlas.transaction():
            for name, values in metrics.columns.items():
                atlas.set_quantity(name, values, run="evaluate", settings=settings)
    return metrics


def _judged(path: Path, problem: Problem, reference: int, workers: int | None) -> ModelMetrics:
    try:
        model = check_model(problem.landscape)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if problem.training is None:
        raise ValueError(f"{path} was made of no data, so there are none to judge its minima on.")
    # Opening with the landscape refuses the atlas if the data are not those that it was made from.
    with Atlas(path, problem.landscape, readonly=True) as atlas:
        x, energy = atlas.minima.x, atlas.minima.energy
    if len(energy) == 0:
        raise ValueError(f"{path} holds no minimum to judge.")
    return evaluate(
        model,
        x,
        problem.training,
        problem.test,
        reference=reference,
        lowest=int(np.argmin(energy)),
        workers=workers,
    )
