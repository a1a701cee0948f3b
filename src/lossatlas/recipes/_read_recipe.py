"""All recipes by the name of their landscape, and the function that reads one."""

from typing import Any, get_args

from pydantic import ValidationError

from lossatlas._checks import check_is
from lossatlas._plugins import load_plugins
from lossatlas._suggestions import did_you_mean

from ._csv_recipe import CsvRecipe
from ._formula_recipes import NonlinearRegressionRecipe, SpinGlassRecipe, SurfaceRecipe
from ._network_recipes import (
    DigitsRecipe,
    IrisRecipe,
    Ljat3Recipe,
    MnistRecipe,
    RegressionRecipe,
    XorRecipe,
)
from ._recipe import AbstractRecipe, RecipeError, first_error, settings_of


SHOWN = 3  # landscapes that take a setting, in a sentence
KINDS = (
    XorRecipe,
    Ljat3Recipe,
    MnistRecipe,
    DigitsRecipe,
    IrisRecipe,
    CsvRecipe,
    RegressionRecipe,
    NonlinearRegressionRecipe,
    SpinGlassRecipe,
    SurfaceRecipe,
)


class Registry(dict[str, type[AbstractRecipe]]):
    """Recipes by the name of their landscape; a name is entered once."""

    def __setitem__(self, name: str, recipe: type[AbstractRecipe]) -> None:
        """Enter a recipe.

        **Raises:** `ValueError` for a name that another recipe has, or that is not one of the recipe's
        `landscape`.
        """
        if self.get(name, recipe) is not recipe:
            raise ValueError(f"There is a landscape {name!r} already; enter the recipe by another name.")
        if name not in names_of(recipe):
            own = ", ".join(names_of(recipe)) or "a Literal"
            raise ValueError(
                f"The recipe {recipe.__name__} is entered as {name!r}, but its `landscape` is {own}."
            )
        super().__setitem__(name, recipe)


def names_of(recipe: type[AbstractRecipe]) -> tuple[str, ...]:
    """Return the names of the landscapes that a recipe builds."""
    return get_args(recipe.model_fields["landscape"].annotation)


RECIPES = Registry((name, kind) for kind in KINDS for name in names_of(kind))


def read_recipe(settings: dict[str, Any]) -> AbstractRecipe:
    """Check settings, such as `{"landscape": "ljat3", "cube": "D1"}`, and return their recipe.

    **Raises:** `RecipeError`, a `ValueError`, that names the first invalid key.
    """
    check_is("settings", settings, dict, 'settings by key, such as {"landscape": "xor"}')
    name = settings.get("landscape")
    if name not in RECIPES:
        load_plugins()
    if not isinstance(name, str) or name not in RECIPES:
        said = "is missing" if name is None else f"{name!r} is not known"
        choice = did_you_mean(name, RECIPES) or f"; choose one of {', '.join(RECIPES)}."
        raise RecipeError("landscape", f"The landscape {said}{choice}")
    try:
        return RECIPES[name].model_validate(settings)
    except ValidationError as error:
        key, predicate, kind = first_error(error)
    if kind == "extra_forbidden":
        raise RecipeError(key, f"The landscape {name} does not take {{}}{_remedy(key, RECIPES[name])}")
    if kind == "missing":
        raise RecipeError(key, f"The landscape {name} needs {{}}.")
    raise RecipeError(key, f"{{}} {predicate}.")


def _remedy(key: str, recipe: type[AbstractRecipe]) -> str:
    """Return the end of the sentence on a setting that a landscape does not take."""
    others = [name for name, other in RECIPES.items() if key in settings_of(other)]
    if others:
        more = f" and {len(others) - SHOWN} others" if len(others) > SHOWN + 1 else ""
        listed = others[:SHOWN] if more else others
        return f"; {', '.join(listed)}{more} {'does' if len(others) == 1 else 'do'}."
    return did_you_mean(key, settings_of(recipe)) or "."
