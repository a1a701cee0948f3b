"""What an atlas remembers of a recipe and its data, and what can be built again from it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from lossatlas.datasets import DataSet, Encoder
from lossatlas.landscapes import data_hash

from ._network_recipes import AbstractNetworkRecipe
from ._read_recipe import RECIPES, read_recipe
from ._recipe import AbstractRecipe, Problem, RecipeError, build_problem, settings_of, to_settings


TEST_DATA = "test_data_hash"  # key of the hash of the test data, beside the settings of the recipe


def remembered(recipe: AbstractRecipe, problem: Problem) -> dict[str, Any]:
    """Return what an atlas stores of a recipe: its settings, and the hash of the test data, JSON-able.

    The hash of the training data is part of the landscape's fingerprint.
    """
    settings = to_settings(recipe)
    if problem.test is not None:
        settings[TEST_DATA] = data_hash(problem.test.inputs, problem.test.targets)
    return json.loads(json.dumps(settings))


def rebuild(memory: dict[str, Any], *, folder: Path, data: Path | None = None) -> Problem:
    """Build landscape and data again from what `remembered` returned.

    **Arguments:**

    - `memory`: what `remembered` returned.
    - `folder`: where a file that is no longer in its place is looked for, by its name.
    - `data`: the folder to look in instead, or a file in it; its files have kept their names.

    The caller compares the landscape with that of before, whose fingerprint has the hash of the data.

    **Raises:** `ValueError` for a recipe that cannot be read, data that are not there, and test data that
    have changed.
    """
    settings = {key: value for key, value in memory.items() if key != TEST_DATA}
    settings |= _moved(settings, folder, data)
    try:
        problem = build_problem(read_recipe(settings))
    except RecipeError as error:
        raise ValueError(f"its recipe cannot be read, {error}") from None
    known = memory.get(TEST_DATA)
    if known is not None and known != remembered(read_recipe(settings), problem).get(TEST_DATA):
        raise ValueError("its test data have changed since it was explored.")
    return problem


def _moved(settings: dict[str, Any], folder: Path, data: Path | None) -> dict[str, str]:
    """Return the settings that name a file which is no longer there, with its new place if it has one."""
    kind = RECIPES.get(str(settings.get("landscape")))
    keys = [] if kind is None else [key for key, known in settings_of(kind).items() if known.kind is Path]
    named = {key: Path(settings[key]) for key in keys if settings.get(key)}
    if data is not None:
        folder = data if data.is_dir() else data.parent
        names = ", ".join(path.name for path in named.values())
        if not any((folder / path.name).exists() for path in named.values()) or (
            folder != data and data.name not in names.split(", ")
        ):
            raise ValueError(f"`data` must be the folder or the path of {names or 'no file'}, got {data}.")
    # The name of a table is part of the identity of its landscape, so a file keeps its name.
    return {
        key: str(folder / path.name)
        for key, path in named.items()
        if (data is not None or not path.exists()) and (folder / path.name).exists()
    }


def data_card(data: DataSet) -> dict[str, Any]:
    """Return what predictions need of a data set: names, classes and encoder, JSON-able; no item."""
    return {
        "name": data.name,
        "columns": list(data.columns),
        "classes": None if data.classes is None else list(data.classes),
        "target": data.target if isinstance(data.target, str) else list(data.target),
        "encoder": None if data.encoder is None else data.encoder.to_dict(),
    }


def rebuild_for_predictions(memory: dict[str, Any], card: dict[str, Any]) -> Problem:
    """Build a model without its data, from the settings of its recipe and a `data_card`.

    The model predicts what that on the data predicts; its energy is not that of the landscape.

    **Raises:** `ValueError` if the recipe is not that of a network.
    """
    recipe = read_recipe({key: value for key, value in memory.items() if key != TEST_DATA})
    if not isinstance(recipe, AbstractNetworkRecipe):
        raise ValueError(f"{recipe.landscape} cannot be built without its data.")
    classes = None if card["classes"] is None else tuple(card["classes"])
    # An item of each class, since no network learns from fewer; predictions do not know them.
    count = 2 if classes is None else len(classes)
    values, several = np.arange(2.0), not isinstance(card["target"], str)
    if several:
        values = np.repeat(values[:, None], len(card["target"]), axis=1)
    items = DataSet(
        name=card["name"],
        inputs=np.zeros((count, len(card["columns"]))),
        targets=values if classes is None else np.arange(count),
        classes=classes,
        columns=tuple(card["columns"]),
        target=card["target"],
        source="the atlas, which has no items",
        encoder=None if card["encoder"] is None else Encoder.from_dict(card["encoder"]),
    )
    outputs = None
    if getattr(recipe, "teacher", None) is not None:  # a student learns the linear outputs of a network
        outputs = np.zeros((count, len(items.target_names) if classes is None else count))
    return Problem(recipe.network(items, outputs), items)
