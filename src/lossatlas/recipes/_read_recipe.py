"""All recipes by the name of their landscape, and the one way to read one."""

from typing import Any

from pydantic import ValidationError

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


RECIPES: dict[str, type[AbstractRecipe]] = {
    "xor": XorRecipe,
    "ljat3": Ljat3Recipe,
    "mnist": MnistRecipe,
    "digits": DigitsRecipe,
    "iris": IrisRecipe,
    "csv": CsvRecipe,
    **dict.fromkeys(("boston", "concrete", "energy", "power", "wine_red", "yacht"), RegressionRecipe),
    "nonlinear-regression": NonlinearRegressionRecipe,
    "spin-glass": SpinGlassRecipe,
    **dict.fromkeys(("mueller-brown", "six-hump-camel"), SurfaceRecipe),
}


def read_recipe(settings: dict[str, Any]) -> AbstractRecipe:
    """Check settings, such as `{"landscape": "ljat3", "cube": "D1"}`.

    **Raises:** `RecipeError`, a `ValueError`, that names the first key that does not fit.
    """
    name = settings.get("landscape")
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
