"""Commands whose first argument is a landscape; they take its settings as options."""

import inspect
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from lossatlas._suggestions import did_you_mean

from ._mistakes import NAME, kind_of


if TYPE_CHECKING:
    from lossatlas.recipes import AbstractRecipe, Problem, Setting


Name = Annotated[
    str,
    typer.Argument(
        metavar="LANDSCAPE",
        help="Name of a landscape; for explore also a config file, CONFIG.toml.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(help="Memory of the searches, such as 4G or 500M. (default: half of the machine's)"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not show how far it has got.")]
Toolkit = Annotated[
    list[str] | None,
    typer.Option(
        help="Search to use for a part of the toolkit (descent, polish, saddle, pathway, band), such as "
        "descent=GradientDescent(rate=0.1) or descent=my_package.HeavyBall(0.05); may be given several "
        "times. `--toolkit default`: those that suit the landscape. (default: as in the last run on the "
        "atlas, else those)"
    ),
]
METHODS = {"bfgs": "QuasiNewton(BFGS())", "lbfgs": "QuasiNewton(LBFGS())"}  # short for these
GIVEN = "lossatlas.given"  # where a context keeps the settings


class LandscapeCommand(TyperCommand):
    """A command on a landscape. Its help shows the settings of the named landscape, else the names.

    Settings are read from the recipes when the command is chosen, since recipes import JAX.
    The function of the command takes the context first; `given` reads the settings from it.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note which landscape is named, for the help; the value of an option names none."""
        from lossatlas.recipes import RECIPES

        strict, ctx.resilient_parsing = ctx.resilient_parsing, True  # mistakes are answered below
        parser = self.make_parser(ctx)
        parser.ignore_unknown_options = True
        found, *_ = parser.parse_args(args=list(args))
        ctx.resilient_parsing = strict
        ctx.meta[NAME] = found["name"] if found.get("name") in RECIPES else None
        return super().parse_args(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the name of the landscape, all settings of all landscapes, and the command's own options.

        The help hides settings that the named landscape does not take. If one is given, `read_recipe`
        refuses it.
        """
        from lossatlas.recipes import RECIPES

        parameters: list[Any] = super().get_params(ctx)
        landscape, *own = parameters
        landscape.help = (
            f"{', '.join(RECIPES)}; or, for explore, a config file, CONFIG.toml. "
            "LANDSCAPE --help shows its settings."
        )
        settings = _parameters(ctx.meta.get(NAME))
        taken = {parameter.name for parameter in own}
        clashing = [parameter for parameter in settings if parameter.name in taken]
        if any(not parameter.hidden for parameter in clashing):
            raise ValueError(
                f"The landscape {ctx.meta[NAME]} has a setting {clashing[0].name!r}, which is an option of "
                "this command: its recipe must call it otherwise."
            )
        return [landscape, *(parameter for parameter in settings if parameter not in clashing), *own]

    def invoke(self, ctx: Any) -> Any:
        """Move the settings from the arguments of the command to its context, and run it."""
        own = {parameter.name for parameter in super().get_params(ctx)}
        ctx.meta[GIVEN] = {
            parameter.name: value
            for parameter in _parameters(None)
            if parameter.name not in own and (value := ctx.params.pop(parameter.name)) is not None
        }
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line, without settings that the named landscape does not take."""
        shown = [parameter for parameter in self.get_params(ctx) if not getattr(parameter, "hidden", False)]
        return ["[OPTIONS]", *(piece for parameter in shown for piece in parameter.get_usage_pieces(ctx))]


def given(context: typer.Context) -> dict[str, Any]:
    """Return the settings of the landscape that stand on the command line, by key."""
    return context.meta[GIVEN]


def _parameters(landscape: str | None) -> list[Any]:
    """Return the settings of all landscapes as parameters; the help shows those of the named one."""
    from lossatlas.recipes import RECIPES, settings_of

    shown = settings_of(RECIPES[landscape]) if landscape else {}
    every: dict[str, Setting] = {}
    for recipe in RECIPES.values():
        every |= settings_of(recipe)
    panel = f"Settings of {landscape}"
    parameters = [
        _parameter(shown.get(key, setting), panel if key in shown else None)
        for key, setting in every.items()
    ]

    def command(**settings: Any) -> None: ...

    command.__signature__ = inspect.Signature(parameters)  # pyright: ignore
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    made = typer.Typer(add_completion=False)
    made.command()(command)
    return list(typer.main.get_command(made).params)


def _parameter(setting: "Setting", panel: str | None) -> inspect.Parameter:
    """Return a setting as a parameter for typer, hidden without a panel; None means not given."""
    default = "required" if setting.default is None else f"default: {setting.default}"
    shown: Any = {
        "help": f"{setting.help.text} ({default})",
        "hidden": panel is None,
        "show_default": False,
        "rich_help_panel": panel,
    }
    name = setting.key.replace("_", "-")
    if setting.help.argument:
        read: Any = typer.Argument(metavar=setting.help.argument, **shown)
    elif setting.kind is bool and setting.default == "yes":
        read = typer.Option(f"--{name}/--no-{name}", **shown)
    else:
        read = typer.Option(f"--{name}", **shown)
    return inspect.Parameter(
        setting.key,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[setting.kind | None, read],
    )


def limit_memory(text: str | None) -> None:
    """Set the memory budget of this process.

    **Raises:** `ValueError` for anything but a positive number of bytes, or of K, M, G or T.
    """
    if text is None:
        return
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    size = float(match[1]) * 1024 ** " kmgt".index(match[2] or " ") if match else 0.0
    if not 1 <= size < 2**63:
        raise ValueError(f"--memory takes a positive size such as 4G or 500M, got {text!r}.")
    from lossatlas.searches import limit_memory as limit

    limit(int(size))


def toolkit_parts(texts: list[str] | None) -> dict[str, str] | None:
    """Return the searches that `--toolkit` names, by part; None if it is not given, {} for the default.

    **Raises:** `ValueError` for anything but PART=SEARCH, or default alone.
    """
    if not texts or texts == ["default"]:
        return {} if texts else None
    parts = {part: search for part, _, search in (text.partition("=") for text in texts)}
    if len(parts) < len(texts) or not all(search.strip() for search in parts.values()):
        raise ValueError(
            "--toolkit takes default, or PART=SEARCH once per part, such as "
            f"descent=GradientDescent(rate=0.1), got {', '.join(texts)}."
        )
    return parts


def method_of(text: str | None) -> Any:
    """Return the search that `--method` names, None for the default of the command.

    **Raises:** `ValueError` as `read_search`.
    """
    from lossatlas.searches import read_search

    try:
        return None if text is None else read_search(METHODS.get(text, text))
    except ValueError as error:
        raise ValueError(f"--method: {error}") from None


def recipe_of(name: str, given: dict[str, Any]) -> "AbstractRecipe":
    """Return the recipe of a command line.

    **Raises:** `ValueError` for an unknown landscape, or an option that the landscape does not take.
    """
    from lossatlas.recipes import RECIPES, RecipeError, read_recipe

    if name.endswith(".toml"):
        raise ValueError(f"A config is for explore and sweep only, got {name}.")
    if name not in RECIPES:
        kind, meant = kind_of(name), did_you_mean(name, RECIPES)
        choice = f"; {kind}." if kind else meant or f"; choose one of {', '.join(RECIPES)}."
        raise ValueError(f"There is no landscape {name!r}{choice}")
    if name == "csv" and not {"table", "target"} <= given.keys():
        raise ValueError("`csv` needs a table and a target: explore csv TABLE.csv --target COLUMN.")
    try:
        return read_recipe({"landscape": name, **given})
    except RecipeError as error:
        extra = f" {str(given[error.key])!r}" if error.key == "table" else ""
        raise ValueError(error.named(_label(error.key) + extra)) from None


def problem_of(name: str, given: dict[str, Any]) -> "Problem":
    """Return landscape and data of a command line; raises as `recipe_of`."""
    from lossatlas.recipes import build_problem

    return build_problem(recipe_of(name, given))


def _label(key: str) -> str:
    """Return what a setting is called on the command line."""
    known = {"table": "a table", "biases": "--no-biases"}
    return known.get(key, f"--{key.replace('_', '-')}")
