"""Explore what a recipe describes, and judge what was found."""

import json
from collections.abc import Callable
from pathlib import Path

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
    """Explore the landscape of a recipe; the atlas remembers the recipe, so it can be evaluated later.

    **Arguments:**

    - `recipe`, `problem`: what is explored, and what `recipe.build()` returned.
    - `out`: the atlas; continued if it is there.
    - `settings`: seed, budget and threads; its memory limit is the caller's to set.
    - `progress`: as of `explore`.

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
            known = json.loads(json.dumps({**to_settings(recipe), **_test_data(problem)}))  # as it is read
            with atlas.transaction():
                if atlas.recipe not in (None, known):
                    atlas.delete_metrics()  # they may be of other test data
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


def problem_of(path: Path) -> Problem:
    """Build the landscape and data of an atlas again, from the recipe that it remembers.

    **Raises:** `AtlasError` if it has none, or one whose data are no longer there.
    """
    with Atlas(path, readonly=True) as atlas:
        recipe = atlas.recipe
    if not isinstance(recipe, dict):
        raise AtlasError(
            f"{path} does not say which data its landscape was made of: explore by the command line or a "
            "config, or use lossatlas.evaluate and Atlas.set_metrics."
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
    """Judge the minima of an atlas as models, see `evaluate`; nothing is written.

    **Raises:** `ValueError` if the landscape is no model, or the atlas has no minimum.
    """
    return _judged(path, problem_of(path), reference, workers)


def evaluate_atlas(path: Path, *, reference: int = 0, workers: int | None = None) -> ModelMetrics:
    """Judge the minima of an atlas and store the metrics as columns; raises as `judge_atlas`."""
    problem = problem_of(path)
    metrics = _judged(path, problem, reference, workers)
    with Atlas(path, problem.landscape) as atlas:
        atlas.set_metrics(dict(metrics.columns))
    return metrics


def _judged(path: Path, problem: Problem, reference: int, workers: int | None) -> ModelMetrics:
    try:
        model = check_model(problem.landscape)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if problem.training is None:
        raise ValueError(f"{path} was made of no data, so there are none to judge its minima on.")
    # Opened with its landscape, the atlas is refused if the data are not those that it was made of.
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
