"""Config files in TOML: a recipe, how to explore it, and a grid of values to sweep over."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError

from lossatlas._suggestions import did_you_mean
from lossatlas.recipes import RECIPES, AbstractRecipe, RecipeError, first_error, read_recipe, settings_of


def seconds(text: str) -> float | None:
    """Read a time limit such as 90, 120s, 5m or 2h; None for `none`.

    **Raises:** `ValueError` for anything else.
    """
    if text.strip().lower() == "none":
        return None
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h)?\s*", text)
    if match is None or float(match[1]) == 0:
        raise ValueError(f"--time-limit takes a positive time such as 120s, 5m or 2h, got {text!r}.")
    return float(match[1]) * {"s": 1, "m": 60, "min": 60, "h": 3600}[match[2] or "s"]


def _limit(value: Any) -> Any:
    """Read a time limit that is text, such as "5m"; a number of seconds stays as it is."""
    if isinstance(value, str):
        try:
            return seconds(value)
        except ValueError:
            raise ValueError("should be a time such as 120s, 5m, 2h or none") from None
    return value


class ExploreSettings(BaseModel, extra="forbid", frozen=True):
    """The table `[explore]` of a config.

    - `seed`: seed of the searches.
    - `time_limit`: seconds, or text such as 5m; None for no limit.
    - `evaluations`, `minima`, `transition_states`: limits, as in `Budget`.
    - `workers`: threads; default one per core.
    - `kinks`: also store minima on kinks.
    - `memory`: memory of the searches, such as 4G; default half of the machine's.
    - `toolkit`: searches by the part of the toolkit in which they are used, in words, see `read_toolkit`;
        default those of the last run on the atlas; {} for those that suit the landscape.
    """

    seed: NonNegativeInt = 0
    time_limit: Annotated[PositiveFloat | None, BeforeValidator(_limit)] = 150.0
    evaluations: PositiveInt | None = None
    minima: PositiveInt | None = None
    transition_states: PositiveInt | None = None
    workers: PositiveInt | None = None
    kinks: bool = False
    memory: str | None = None
    toolkit: dict[str, str] | None = None


def read_explore(settings: dict[str, Any]) -> ExploreSettings:
    """Check the settings of a table `[explore]`.

    **Raises:** `RecipeError` that names the first invalid key.
    """
    try:
        return ExploreSettings.model_validate(settings)
    except ValidationError as error:
        key, predicate, kind = first_error(error)
    if kind == "extra_forbidden":
        known = ExploreSettings.model_fields
        meant = did_you_mean(key, known) or f"; there is {', '.join(known)}."
        raise RecipeError(key, f"{{}} is not known{meant}")
    raise RecipeError(key, f"{{}} {predicate}.")


class Config(NamedTuple):
    """The contents of a config file.

    - `settings`: settings of the recipe, as `read_recipe` takes them.
    - `explore`: settings of the exploration.
    - `sweep`: list of values for each key; empty without `[sweep]`. The key `seed` is that of the searches.
    - `path`, `text`: path and text of the file, for error messages.
    """

    settings: dict[str, Any]
    explore: ExploreSettings
    sweep: dict[str, list]
    path: Path
    text: str

    def recipe(self, changes: dict[str, Any] | None = None) -> AbstractRecipe:
        """Return the checked recipe, with some settings changed.

        **Raises:** `ValueError` that names file, line and key.
        """
        try:
            return read_recipe({**self.settings, **(changes or {})})
        except RecipeError as error:
            raise ValueError(
                f"{where(self.path, self.text, error.key)}: {error.named(error.key)}"
            ) from None


def read_config(path: Path) -> Config:
    """Read a config file; paths in it are relative to its folder.

    **Raises:** `ValueError` that names the file and, for an invalid key, its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise ValueError(f"{path} is not a text file in UTF-8.") from None
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "; words need quotes" if "Invalid value" in str(error) else ""
        raise ValueError(f"{path} is not TOML: {error}{hint}.") from None
    explore, sweep = settings.pop("explore", {}), settings.pop("sweep", {})
    for name, table in (("explore", explore), ("sweep", sweep)):
        if not isinstance(table, dict):
            raise ValueError(f"{where(path, text, name)}: {name} must be a table, [{name}].")
    for name, value in settings.items():
        if isinstance(value, dict):
            meant = did_you_mean(name, ("explore", "sweep")) or "; there is [explore] and [sweep]."
            raise ValueError(f"{path}: there is no table [{name}]{meant}")
    for key in _files(settings.get("landscape")):
        if isinstance(settings.get(key), str):
            settings[key] = str(path.parent / settings[key])
        if isinstance(sweep, dict) and isinstance(sweep.get(key), list):
            sweep[key] = [str(path.parent / value) for value in sweep[key]]
    try:
        searched = read_explore(explore)
    except RecipeError as error:
        place = where(path, text, error.key, "explore")
        raise ValueError(f"{place}: {error.named(error.key)}") from None
    for key, values in sweep.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"{where(path, text, key, 'sweep')}: {key} needs a list of values.")
        if key == "landscape":
            raise ValueError(
                f"{where(path, text, key, 'sweep')}: every landscape needs a config of its own."
            )
    return Config(settings, searched, sweep, path, text)


def _files(landscape: Any) -> list[str]:
    """Return the keys of a landscape whose values are paths of files; none for an unknown landscape."""
    known = settings_of(RECIPES[landscape]) if isinstance(landscape, str) and landscape in RECIPES else {}
    return [key for key, setting in known.items() if setting.kind is Path]


def where(path: Path, text: str, key: str, table: str | None = None) -> str:
    """Return the file and the number of the line that sets a key, in a table if one is given, in words."""
    current = None
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        heading = re.match(r"\s*\[([\w-]+)\]", line)
        current = heading[1] if heading else current
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line) and (table is None or current == table):
            found = number
            break
    return f"{path}, line {found}" if found else str(path)
