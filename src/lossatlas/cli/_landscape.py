"""Options that say which landscape is meant, shared by `explore` and `census`."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer


if TYPE_CHECKING:
    from lossatlas.recipes import AbstractRecipe


Name = Annotated[
    str,
    typer.Argument(
        metavar="LANDSCAPE",
        help="xor, ljat3, mnist, digits, iris, csv, boston, concrete, energy, power, wine_red, yacht, "
        "nonlinear-regression, spin-glass, mueller-brown or six-hump-camel; or a config file, CONFIG.toml.",
    ),
]
TablePath = Annotated[
    Path | None,
    typer.Argument(metavar="[TABLE.csv]", help="The table, for `csv`.", show_default=False),
]
Memory = Annotated[
    str | None,
    typer.Option(help="What searches may use at once, such as 4G or 500M. (default: half of the memory)"),
]
Option = typer.Option
OPTIONS: dict[str, Any] = {
    "table": TablePath,
    "hidden": Annotated[
        str | None,
        Option(
            help="Hidden nodes, or of several layers: 5,5; 0 for none. "
            "(default: xor 2; ljat3, mnist, digits 10; else 3)"
        ),
    ],
    "l2": Annotated[
        float | None,
        Option(help="L2 penalty lambda. (default: ljat3 1e-4, mnist 0.1, digits 1e-2, else 1e-3)"),
    ],
    "activation": Annotated[
        str | None, Option(help="tanh, sigmoid, softplus, gelu or relu. (default: tanh)")
    ],
    "regularise": Annotated[
        str | None, Option(help="Penalise all variables or weights only. (default: all)")
    ],
    "biases": Annotated[
        bool | None, Option("--biases/--no-biases", help="Whether nodes have biases. (default: they have)")
    ],
    "neighbours": Annotated[
        int | None, Option(help="Nearest nodes that a hidden node keeps its links to. (default: all)")
    ],
    "items": Annotated[
        int | None,
        Option(
            help="Training items. (default: ljat3, mnist, digits 1000; nonlinear-regression 100; else all)"
        ),
    ],
    "test_items": Annotated[
        int | None, Option(help="Test items. (default: ljat3 and mnist 10000, else the rest)")
    ],
    "mislabelled": Annotated[
        float | None, Option(help="Fraction of training items that get another class. (default: 0)")
    ],
    "data_seed": Annotated[
        int | None, Option(help="Seed of the data: their split, mislabelling, noise. (default: 0)")
    ],
    "project": Annotated[
        int | None,
        Option(
            help="Inputs after a linear map: leading principal components, or the columns turned into a "
            "larger space. (default: the columns)"
        ),
    ],
    "teacher": Annotated[
        str | None,
        Option(
            help="Hidden nodes of a teacher, such as 10 or 5,5: half of the data train it, the network "
            "learns its outputs on the rest. (default: none; with one, --l2 0)"
        ),
    ],
    "teacher_l2": Annotated[float | None, Option(help="L2 penalty of the teacher. (default: 1e-3)")],
    "cube": Annotated[
        str | None, Option(help="Cube of ljat3: D1, D2, D3, or the length of its side. (default: D1)")
    ],
    "inputs": Annotated[int | None, Option(help="Distances that ljat3 is given, 2 or 3. (default: 2)")],
    "steps_before": Annotated[
        int | None, Option(help="Distances of ljat3 so many steps before convergence. (default: the start)")
    ],
    "data": Annotated[
        Path | None, Option(help="The full set of mnist: an .npz file, or a folder of IDX files.")
    ],
    "target": Annotated[str | None, Option(help="Column of the table to predict.")],
    "task": Annotated[
        str | None, Option(help="What the target is: auto, classes or number. (default: auto)")
    ],
    "weights": Annotated[
        str | None, Option(help="Column of the table that says how much each row counts. (default: none)")
    ],
    "noise": Annotated[
        float | None, Option(help="Standard deviation of the noise on regression data. (default: 0.02)")
    ],
    "highest_frequency": Annotated[
        float | None,
        Option(help="Limit of the parameters of nonlinear-regression; more minima beyond. (default: 10)"),
    ],
    "size": Annotated[int | None, Option(help="Spins of a spin glass, or of each part. (default: 6)")],
    "p": Annotated[int | None, Option(help="p of the p-spin glass, or its parts. (default: 3)")],
    "partite": Annotated[
        bool | None,
        Option("--partite", help="A spin glass of p parts, each on a unit sphere of its own."),
    ],
    "coefficients": Annotated[
        Path | None,
        Option(metavar="FILE.npy", help="Spin-glass coefficients, shape (N,) * p; of parts, any sides."),
    ],
    "disorder": Annotated[int | None, Option(help="Seed of random spin-glass coefficients. (default: 0)")],
}


def with_landscape_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all landscapes; it gets those that were given as one dictionary.

    The command takes `(name, given, ...)`.
    """
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    shared = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for key, kind in OPTIONS.items()
    ]
    rest = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own[2:]]

    def wrapper(name: str, **options: Any) -> None:
        given = {key: options.pop(key) for key in OPTIONS}
        command(name, {key: value for key, value in given.items() if value is not None}, **options)

    parameters = [own[0], *shared, *rest]
    wrapper.__name__, wrapper.__doc__ = command.__name__, command.__doc__
    wrapper.__signature__ = inspect.Signature(parameters)  # pyright: ignore
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def limit_memory(text: str | None) -> None:
    """Set the memory budget of this process.

    **Raises:** `ValueError` for anything but a positive number of bytes, or of K, M, G or T of them.
    """
    if text is None:
        return
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    size = float(match[1]) * 1024 ** " kmgt".index(match[2] or " ") if match else 0.0
    if not 1 <= size < 2**63:
        raise ValueError(f"--memory takes a positive size such as 4G or 500M, got {text!r}.")
    from lossatlas.searches import limit_memory as limit

    limit(int(size))


def recipe_of(name: str, given: dict[str, Any]) -> "AbstractRecipe":
    """Return the recipe of a command line.

    **Raises:** `ValueError` for an unknown landscape, or an option that it would ignore.
    """
    from lossatlas.recipes import RECIPES, RecipeError, read_recipe

    if name.endswith(".toml"):
        raise ValueError(f"A config is for explore and sweep only, got {name}.")
    if name not in RECIPES:
        raise ValueError(f"There is no landscape {name!r}; choose one of {', '.join(RECIPES)}.")
    if name == "csv" and not {"table", "target"} <= given.keys():
        raise ValueError("`csv` needs a table and a target: explore csv TABLE.csv --target COLUMN.")
    try:
        return read_recipe({"landscape": name, **given})
    except RecipeError as error:
        known = {"table": "a table", "biases": "--no-biases"}
        label = known.get(error.key, f"--{error.key.replace('_', '-')}")
        raise ValueError(error.named(label)) from None
