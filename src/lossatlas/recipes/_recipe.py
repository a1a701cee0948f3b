"""Recipes: what a command line or a config file says of a landscape and its data, checked."""

import abc
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

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


class Help(NamedTuple):
    """What people are told of a setting; it stands in the annotation: `Annotated[int, Help("Items.")]`.

    - `text`: one sentence.
    - `unset`: what None stands for, where None is the default.
    - `argument`: a name such as FILE for a setting that commands take without the name of an option.
    """

    text: str
    unset: str | None = None
    argument: str | None = None


class Setting(NamedTuple):
    """A setting as configs, commands and documentation show it.

    - `key`: in configs; commands write it with dashes.
    - `kind`: what is typed in: int, float, bool, Path, or str for everything else.
    - `default`: in words; None for a setting that must be given.
    - `help`: what people are told.
    """

    key: str
    kind: type
    default: str | None
    help: Help


class AbstractRecipe(BaseModel, extra="forbid", frozen=True):
    """What all recipes have in common: the name of the landscape, and `build`.

    Every other field is a setting. Its default, its limits and its `Help` stand in the class alone:
    configs, options of commands and the documentation read them there.
    """

    landscape: str

    @abc.abstractmethod
    def build(self) -> Problem:
        """Return the landscape and its data."""


def settings_of(recipe: type[AbstractRecipe]) -> dict[str, Setting]:
    """Return the settings of a recipe by their keys, in order."""
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
    """Return the one of `Setting.kind` that fits an annotation."""
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
