"""Recipes: checked settings of a landscape and its data, from a command line or a config file."""

from __future__ import annotations

import abc
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError


if TYPE_CHECKING:
    from lossatlas.datasets import DataSet
    from lossatlas.landscapes import AbstractLandscape


class Problem(NamedTuple):
    """A landscape and its data.

    - `landscape`: the landscape to explore.
    - `training`: the data that its loss is computed from, or None.
    - `test`: further data on which minima are evaluated, or None.
    - `validation`: data held out of the training data to choose between minima, or None.
    """

    landscape: AbstractLandscape
    training: DataSet | None = None
    test: DataSet | None = None
    validation: DataSet | None = None


class Help(NamedTuple):
    """The help of a setting; it stands in the annotation: `Annotated[int, Help("Number of items.")]`.

    - `text`: the help text.
    - `unset`: the meaning of None in words, if None is the default.
    - `argument`: a name such as FILE, if commands take the setting as an argument, not as an option.
    """

    text: str
    unset: str | None = None
    argument: str | None = None


class Setting(NamedTuple):
    """A setting as configs, commands and documentation show it.

    - `key`: its key in configs; the option of a command has dashes in place of underscores.
    - `kind`: type of the value: int, float, bool, Path, or str for everything else.
    - `default`: the default in words; None for a setting that must be given.
    - `help`: its help.
    """

    key: str
    kind: type
    default: str | None
    help: Help


class AbstractRecipe(BaseModel, extra="forbid", frozen=True):
    """The base class of recipes: the name of the landscape, and `build`.

    Every other field is a setting. Its default, its limits and its `Help` are written in the class only;
    configs, options of commands and the documentation read them there.
    """

    landscape: str

    @abc.abstractmethod
    def build(self) -> Problem:
        """Return the landscape and its data."""


def settings_of(recipe: type[AbstractRecipe]) -> dict[str, Setting]:
    """Return the settings of a recipe by key, in the order of its fields."""
    found = {}
    for name, field in recipe.model_fields.items():
        if name == "landscape":
            continue
        key = field.alias or name
        told = next((item for item in field.metadata if isinstance(item, Help)), Help(""))
        default = None if field.is_required() else _in_words(field.default, told)
        found[key] = Setting(key, _kind(field.annotation), default, told)
    return found


def _kind(annotation: Any) -> type:
    """Return the `Setting.kind` of an annotation."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return type(parts[0])
    if parts and origin is not list:  # a union
        kinds = {_kind(part) for part in parts if part is not type(None)}
        return kinds.pop() if len(kinds) == 1 else str
    return annotation if annotation in (int, float, bool, Path) else str


def _in_words(default: Any, told: Help) -> str:
    if default is None:
        return told.unset or "none"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default:g}" if isinstance(default, float) else shown(default)


def build_problem(recipe: AbstractRecipe) -> Problem:
    """Build the landscape and the data of a recipe.

    **Raises:** `ValueError` if they cannot be built, or `build` does not return a `Problem`.
    """
    problem = recipe.build()
    if not isinstance(problem, Problem):
        raise ValueError(
            f"`build` of {type(recipe).__name__} must return a Problem, got {type(problem).__name__}."
        )
    return problem


class RecipeError(ValueError):
    """An invalid key of a recipe, or an invalid value.

    **Arguments:**

    - `key`: the key.
    - `sentence`: the error message, with `{}` in the place of the key.
    """

    def __init__(self, key: str, sentence: str):
        super().__init__(sentence.replace("{}", f"`{key}`"))
        self.key, self.sentence = key, sentence

    def named(self, label: str) -> str:
        """Return the sentence with another name for the key, such as `--hidden`."""
        return self.sentence.replace("{}", label)


def first_error(error: ValidationError) -> tuple[str, str, str]:
    """Return the key of the first error, its message as a predicate, and pydantic's name of the error."""
    first = error.errors()[0]
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    said = re.split(", (?:unable|got)", said)[0]  # what could not be parsed, or has a fraction, is shown
    for theirs, ours in (("a valid integer", "a whole number"), ("a valid number", "a number")):
        said = said.replace(theirs, ours)
    return str((*first["loc"], "")[0]), f"{said}, got {first['input']!r}", first["type"]


def to_settings(recipe: AbstractRecipe) -> dict[str, Any]:
    """Return the settings of a recipe, as `read_recipe` takes them, ready for JSON, with absolute paths."""
    settings = recipe.model_dump(by_alias=True, exclude_none=True)
    return {
        key: str(value.resolve()) if isinstance(value, Path) else value for key, value in settings.items()
    }


def shown(value: Any) -> str:
    """Return the value of a setting as names of files and pictures show it."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value).replace("/", "_")
