"""Explore the landscape of a recipe, and evaluate the minima of an atlas as models."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lossatlas.analysis import ModelMetrics, evaluate
from lossatlas.atlas import Atlas
from lossatlas.exploration import Budget, Progress, explore, fit, no_empty_file
from lossatlas.landscapes import check_model
from lossatlas.recipes import AbstractRecipe, Problem, data_card, remembered
from lossatlas.searches import Toolkit, read_toolkit

from ._config import ExploreSettings


def explore_recipe(
    recipe: AbstractRecipe,
    problem: Problem,
    out: Path,
    settings: ExploreSettings,
    *,
    progress: Callable[[Progress], None] | bool | None = None,
) -> Atlas:
    """Explore the landscape of a recipe, and store the recipe in the atlas for `evaluate_atlas`.

    **Arguments:**

    - `recipe`, `problem`: the recipe, and the result of `build_problem(recipe)`.
    - `out`: file of the atlas; continued if it exists.
    - `settings`: seed, budget, threads and toolkit; the caller sets the memory limit.
    - `progress`: as in `explore`.

    **Returns:** the atlas, open for reading.
    """
    budget = Budget(
        seconds=settings.time_limit,
        evaluations=settings.evaluations,
        minima=settings.minima,
        transition_states=settings.transition_states,
    )
    with _remembering(recipe, problem, out):
        return explore(
            problem.landscape,
            out,
            budget=budget,
            seed=settings.seed,
            progress=progress,
            workers=settings.workers,
            kinks=settings.kinks,
            toolkit=_toolkit(settings, problem),
        )


def fit_recipe(
    recipe: AbstractRecipe,
    problem: Problem,
    out: Path,
    settings: ExploreSettings,
    *,
    starts: int = 200,
    progress: Callable[[Progress], None] | bool | None = None,
) -> Atlas:
    """Minimise from many starts, see `fit`, and store the recipe in the atlas for `evaluate_atlas`.

    **Arguments:**

    - `recipe`, `problem`, `out`, `progress`: as in `explore_recipe`.
    - `settings`: seed, time limit, threads and toolkit; its other limits are not used.
    - `starts`: number of searches.

    **Returns:** the atlas, open for reading.
    """
    with _remembering(recipe, problem, out):
        return fit(
            problem.landscape,
            out,
            starts=starts,
            seconds=settings.time_limit,
            seed=settings.seed,
            progress=progress,
            workers=settings.workers,
            toolkit=_toolkit(settings, problem),
        )


def _toolkit(settings: ExploreSettings, problem: Problem) -> Toolkit | None:
    """Return the toolkit that the settings name, None if they name none."""
    return None if settings.toolkit is None else read_toolkit(settings.toolkit, problem.landscape)


@contextlib.contextmanager
def _remembering(recipe: AbstractRecipe, problem: Problem, out: Path) -> Iterator[None]:
    """Store the recipe and what predictions need in the atlas, which is made if it is not there."""
    with no_empty_file(out):
        with Atlas(out, problem.landscape) as atlas:
            known = remembered(recipe, problem)
            with atlas.transaction():
                _delete_metrics_of_another(atlas, known)
                atlas.set_recipe(known)
                if problem.training is not None:
                    atlas.set_data(data_card(problem.training))
        yield


def _delete_metrics_of_another(atlas: Atlas, recipe: dict[str, Any]) -> None:
    """Delete, with a warning, quantities computed with another recipe, such as one of other test data."""
    older = atlas.quantities_of_another(recipe)
    if older:
        atlas.quantities.delete(*older)
        warnings.warn(
            f"{', '.join(older)} of {atlas.path} were of another recipe and are deleted; evaluate again.",
            stacklevel=3,
        )


def judge_atlas(path: Path, *, reference: int = 0, workers: int | None = None) -> ModelMetrics:
    """Evaluate the minima of an atlas as models, see `evaluate`; nothing is written.

    **Raises:** `ValueError` if the landscape is not a model, or the atlas has no minimum.
    """
    with Atlas(path, readonly=True) as atlas:
        return _judged(atlas, atlas.problem, reference, workers)


def evaluate_atlas(
    path: Path, *, reference: int = 0, workers: int | None = None, data: Path | None = None
) -> ModelMetrics:
    """Evaluate the minima of an atlas as models, and store the metrics as quantities.

    **Arguments:**

    - `path`: the atlas.
    - `reference`, `workers`: as in `evaluate`.
    - `data`: where the data are now, as in `Atlas.problem_from`.

    **Raises:** `ValueError` as `judge_atlas`.
    """
    with Atlas(path, readonly=True) as atlas:
        problem = atlas.problem if data is None else atlas.problem_from(data)
        metrics = _judged(atlas, problem, reference, workers)
    with Atlas(path, problem.landscape) as atlas:
        settings = {"reference": reference, "recipe": atlas.recipe}
        with atlas.transaction():
            for name, values in metrics.columns.items():
                error = metrics.errors.get(name)
                atlas.set_quantity(name, values, error=error, run="evaluate", settings=settings)
    return metrics


def _judged(atlas: Atlas, problem: Problem, reference: int, workers: int | None) -> ModelMetrics:
    minima = atlas.minima
    try:
        model = check_model(problem.landscape)
    except ValueError as error:
        raise ValueError(f"{atlas.path}: {error}") from None
    if problem.training is None:
        raise ValueError(f"{atlas.path} was made of no data, so there are none to judge its minima on.")
    if len(minima) == 0:
        raise ValueError(f"{atlas.path} holds no minimum to judge.")
    return evaluate(
        model,
        minima.x,
        problem.training,
        problem.test,
        validation=problem.validation,
        reference=reference,
        lowest=int(np.argmin(minima.energy)),
        workers=workers,
    )
