"""All recipes by the name of their landscape, and the function that reads one."""

from typing import Any, get_args

from pydantic import ValidationError

from lossatlas._plugins import load_plugins

from ._formula_recipes import NonlinearRegressionRecipe, SpinGlassRecipe, SurfaceRecipe
from ._network_recipes import (
    CsvRecipe,
    DigitsRecipe,
    IrisRecipe,
    Ljat3Recipe,
    MnistRecipe,
    RegressionRecipe,
    XorRecipe,
)
from ._recipe import AbstractRecipe, RecipeError, first_error


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
    name = settings.get("landscape")
    if name not in RECIPES:
        load_plugins()
    if not isinstance(name, str) or name not in RECIPES:
        said = "is missing" if name is None else f"{name!r} is not known"
        raise RecipeError("landscape", f"The landscape {said}; choose one of {', '.join(RECIPES)}.")
    try:
        return RECIPES[name].model_validate(settings)
    except ValidationError as error:
        key, predicate, kind = first_error(error)
    if kind == "extra_forbidden":
        raise RecipeError(key, f"The landscape {name} does not take {{}}.")
    if kind == "missing":
        raise RecipeError(key, f"The landscape {name} needs {{}}.")
    raise RecipeError(key, f"{{}} {predicate}.")
