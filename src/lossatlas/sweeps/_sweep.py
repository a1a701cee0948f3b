"""Sweeps: one atlas for every point of a grid of settings."""

import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lossatlas._cache import ignore_damaged_programs
from lossatlas.atlas import Atlas
from lossatlas.exploration import ENDED
from lossatlas.recipes import (
    TEST_DATA,
    AbstractNetworkRecipe,
    AbstractRecipe,
    build_problem,
    shown,
    to_settings,
)

from ._config import Config, ExploreSettings, where
from ._run import evaluate_atlas, explore_recipe
from ._table import summarise, to_csv, to_markdown, unjudged


class Cell(NamedTuple):
    """One point of a grid: swept values, recipe, settings of the exploration, name of its atlas."""

    values: dict[str, Any]
    recipe: AbstractRecipe
    explore: ExploreSettings
    name: str


def cells(config: Config) -> list[Cell]:
    """Return the points of the grid of a config, the last key changing fastest.

    `[sweep]` has a list of values for each of some keys of the recipe, and for `seed`.

    **Raises:** `ValueError` that names the file, line and key of an invalid value, before anything runs.
    """
    if not config.sweep:
        raise ValueError(f"{config.path} has no [sweep] with lists of values.")
    result = []
    for values in itertools.product(*config.sweep.values()):
        chosen = dict(zip(config.sweep, values))
        seed = chosen.get("seed", config.explore.seed)
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            place = where(config.path, config.text, "seed", "sweep")
            raise ValueError(f"{place}: seed takes whole numbers from 0, got {seed!r}.")
        recipe = config.recipe({key: value for key, value in chosen.items() if key != "seed"})
        name = "-".join(f"{key}_{shown(value)}" for key, value in chosen.items())
        result.append(Cell(chosen, recipe, config.explore.model_copy(update={"seed": seed}), name))
    names = [cell.name for cell in result]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"{config.path}: [sweep] has {repeated} more than once.")
    return result


def run_sweep(
    config: Config, folder: Path, *, report: Callable[[str], None] = lambda line: None
) -> list[Path]:
    """Explore and evaluate every point of the grid, and write `summary.csv` and `summary.md`.

    Runs that are complete, or have used all their time, are not repeated. An interrupted run continues for
    the time that it has left; the time of a run that was killed does not count. Ctrl-C ends the sweep in
    `KeyboardInterrupt`, and the atlases keep what was found before.

    **Arguments:**

    - `config`: a config with a grid.
    - `folder`: folder of the atlases, `KEY_VALUE-....atlas`; made if it does not exist.
    - `report`: called with one line of text before and after every run.

    **Returns:** the atlases in the order of the grid.

    **Raises:** `ValueError`, before anything runs, for invalid settings, and for an atlas in the folder
    that was made with other settings.
    """
    grid = cells(config)
    paths = [folder / f"{cell.name}.atlas" for cell in grid]
    for cell, path in zip(grid, paths):
        try:
            build_problem(cell.recipe)
        except ValueError as error:
            raise ValueError(f"{config.path}, {cell.name}: {error}") from None
        _check_same(cell, path)
    folder.mkdir(parents=True, exist_ok=True)
    for number, (cell, path) in enumerate(zip(grid, paths), 1):
        left = _time_left(path, cell.explore)
        said = f"{number} of {len(grid)}: {cell.name}"
        if left == 0:
            report(f"{said}: done before")
        else:
            report(said)
            problem = build_problem(cell.recipe)
            settings = cell.explore.model_copy(update={"time_limit": left})
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always", UserWarning)
                ignore_damaged_programs()
                with explore_recipe(cell.recipe, problem, path, settings) as atlas:
                    found = f"{len(atlas.minima)} minima, {len(atlas.transition_states)} transition states"
            for warning in heard:
                report(f"{cell.name}: {warning.message}")
            report(f"{cell.name}: {found}")
        if isinstance(cell.recipe, AbstractNetworkRecipe) and _is_unjudged(path):
            evaluate_atlas(path)
        _write_summary(grid[:number], paths[:number], folder)
    return paths


def _check_same(cell: Cell, path: Path) -> None:
    """Refuse an atlas that was made with other settings."""
    if not path.exists():
        return
    with Atlas(path, readonly=True) as atlas:
        recipe, state = atlas.recipe or {}, atlas.log.get_state("exploration", None)
    before = {**recipe, "seed": state["seed"] if state else cell.explore.seed}
    now = {**to_settings(cell.recipe), "seed": cell.explore.seed}
    for key in dict.fromkeys([*now, *before]):
        if key != TEST_DATA and before.get(key) != now.get(key):
            raise ValueError(
                f"{path} was made with {key} = {before.get(key)}, not {now.get(key)}: "
                "name another folder, or remove it."
            )


def _is_unjudged(path: Path) -> bool:
    """Return whether some minima have no metrics, as after a kill between exploring and evaluating."""
    with Atlas(path, readonly=True) as atlas:
        return bool(unjudged(atlas).any())


def _time_left(path: Path, settings: ExploreSettings) -> float | None:
    """Return the seconds that a run has left, 0 if it has ended, None without a limit."""
    if not path.exists():
        return settings.time_limit
    with Atlas(path, readonly=True) as atlas:
        state, runs = atlas.log.get_state("exploration", None), atlas.log.runs
        counts = len(atlas.minima), len(atlas.transition_states)
    if state is None or state["seed"] != settings.seed:
        return settings.time_limit
    limits = settings.minima, settings.transition_states, settings.evaluations
    reached = any(limit and done >= limit for limit, done in zip(limits, (*counts, state["evaluations"])))
    if state["phase"] in ENDED or reached:
        return 0
    if settings.time_limit is None:
        return None
    return max(0.0, settings.time_limit - sum(run["seconds"] or 0.0 for run in runs))


def _write_summary(grid: list[Cell], paths: list[Path], folder: Path) -> None:
    headings = {key: key.replace("_", " ") for key in grid[0].values}
    rows = [{**summarise(path), **_words(cell.values)} for cell, path in zip(grid, paths)]
    for name, text in (
        ("summary.md", to_markdown(rows, headings)),
        ("summary.csv", to_csv(rows, headings)),
    ):
        partial = folder / f".{name}"
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / name)


def _words(values: dict[str, Any]) -> dict[str, Any]:
    return {key: shown(value) if isinstance(value, list) else value for key, value in values.items()}
