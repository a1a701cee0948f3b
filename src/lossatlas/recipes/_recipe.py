"""Recipes: what a command line or a config file says of a landscape and its data, checked."""

import abc
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from lossatlas.datasets import DataSet
from lossatlas.landscapes import AbstractLandscape


TEST_DATA = "test_data"  # in what an atlas remembers, beside the settings: a hash of the test data


class Problem(NamedTuple):
    """A landscape, and the data behind it.

    - `landscape`: what is explored.
    - `training`: the data that its loss is made of; None where there are none.
    - `test`: further data to judge minima on, or None.
    """

    landscape: AbstractLandscape
    training: DataSet | None = None
    test: DataSet | None = None


class AbstractRecipe(BaseModel, extra="forbid", frozen=True):
    """What all recipes have in common: the name of the landscape, and `build`."""

    landscape: str

    @abc.abstractmethod
    def build(self) -> Problem:
        """Return the landscape and its data."""


class RecipeError(ValueError):
    """A key of a recipe that does not fit.

    **Arguments:**

    - `key`: the key.
    - `sentence`: what is wrong, with `{}` in the place of the key.
    """

    def __init__(self, key: str, sentence: str):
        super().__init__(sentence.replace("{}", f"`{key}`"))
        self.key, self.sentence = key, sentence

    def named(self, label: str) -> str:
        """Return the sentence with another name for the key, such as `--hidden`."""
        return self.sentence.replace("{}", label)


def first_error(error: ValidationError) -> tuple[str, str, str]:
    """Return the key, what is wrong with its value as a predicate, and pydantic's name for it."""
    first = error.errors()[0]
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    return str(first["loc"][0]), f"{said}, got {first['input']!r}", first["type"]


def to_settings(recipe: AbstractRecipe) -> dict[str, Any]:
    """Return what `read_recipe` takes, JSON-able; paths are made absolute."""
    settings = recipe.model_dump(by_alias=True, exclude_none=True)
    return {
        key: str(value.resolve()) if isinstance(value, Path) else value for key, value in settings.items()
    }


def shown(value: Any) -> str:
    """Return the value of a setting as it stands in names of files and in pictures."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value).replace("/", "_")
