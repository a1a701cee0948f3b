"""Mistakes on the command line as one sentence each: what was wrong, and what was probably meant."""

import re
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from lossatlas._suggestions import did_you_mean


NAME = "lossatlas.landscape"  # where a context keeps the name of the landscape
TABLES = (".csv", ".tsv")


class Commands(TyperGroup):
    """The commands of `lossatlas`; a word that is none is answered with what was probably meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names; raises `ValueError` if there is none."""
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            raise ValueError(no_command(word, list(self.commands)))
        return super().resolve_command(ctx, args)


class CommandLine(typer.Typer):
    """A `typer.Typer` in which a name is entered once, so that no package replaces a command of ours."""

    def command(self, name: str | None = None, **settings: Any) -> Any:
        """Return a decorator that enters a command, as that of typer.

        **Raises:** (the decorator) `ValueError` for a name that another command has.
        """
        enter = super().command(name, **settings)

        def entered(function: Any) -> Any:
            own = _name(name, function)
            for known in self.registered_commands:
                if _name(known.name, known.callback) == own and known.callback is not function:
                    raise ValueError(f"There is a command {own!r} already; enter it by another name.")
            return enter(function)

        return entered


def no_command(word: str, commands: list[str]) -> str:
    """Return the sentence on a word that stands where a command should."""
    kind = kind_of(word)
    if kind is not None:
        return f"A command comes first, and {kind}."
    if word in ("help", "version"):
        return f"There is no command {word!r}; did you mean --{word}?"
    meant = did_you_mean(word, commands) or "; lossatlas --help lists them."
    return f"There is no command {word!r}{meant}"


def kind_of(word: str) -> str | None:
    """Return what a word is, a landscape or a file, and the command for it; None for anything else."""
    from lossatlas.recipes import RECIPES

    ending = Path(word).suffix.lower()
    if word in RECIPES:
        return f"{word} is a landscape: lossatlas explore {word} maps it"
    if ending == ".toml":
        return f"{word} is a config: lossatlas explore {word} maps its landscape"
    if ending in TABLES:
        return f"{word} is a table: lossatlas explore csv {word} --target COLUMN maps a network on it"
    return f"{word} is an atlas: lossatlas show {word} lists its points" if ending == ".atlas" else None


def check_atlas_file(path: Any) -> Any:
    """Return the path of an atlas, or a list of such; raises `ValueError` with what else it is."""
    for file in path if isinstance(path, list) else [path]:
        if file is None or file.suffix.lower() == ".atlas":
            continue
        beside, kind = file.with_name(f"{file.name}.atlas"), kind_of(str(file))
        if not file.exists() and beside.exists():
            raise ValueError(f"There is no atlas {file}; did you mean {beside}?")
        if kind is not None and (file.suffix or not file.exists()):
            raise ValueError(f"An atlas is needed here, and {kind}.")
    return path


def sentence_of(error: Any) -> str:
    """Return a usage error of typer as one sentence that says what is needed."""
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None:
        return error.format_message()
    command = context.command.name if context.parent else "lossatlas"
    if hasattr(error, "possibilities"):
        return _no_option(error.option_name, context, command)
    if hasattr(error, "option_name"):
        return f"{error.option_name} needs a value; lossatlas {command} --help says which."
    if parameter is not None and type(error) is not typer.BadParameter:
        return f"{command} needs {_label(parameter)}: {parameter.help} Usage: {_usage(context)}."
    if parameter is not None:
        return f"{_label(parameter)} {_predicate(error)}"
    if "extra argument" in error.message:
        words = error.message.partition(" (")[2].rstrip(")")
        return f"{command} does not know what to do with {words!r}. Usage: {_usage(context)}."
    return error.format_message()


def _no_option(option: str, context: Any, command: str) -> str:
    every = context.command.get_params(context)
    shown = [parameter for parameter in every if not parameter.hidden] if context.meta.get(NAME) else every
    for parameter in shown:
        if parameter.param_type_name == "argument" and parameter.name == option.strip("-"):
            return f"{_label(parameter)} is given without {option}. Usage: {_usage(context)}."
    names = [name for parameter in shown for name in (*parameter.opts, *parameter.secondary_opts)]
    meant = did_you_mean(option, [*(name for name in names if name.startswith("--")), "--help"])
    if context.parent is None:
        return f"There is no option {option} before a command{meant or '; options come after it.'}"
    return f"{command} has no option {option}{meant or f'; lossatlas {command} --help lists them.'}"


def _predicate(error: Any) -> str:
    """Return what a value should be, and what was given instead."""
    from pydantic import ValidationError

    from lossatlas.recipes import first_error

    value, *choices = re.findall(r"'([^']*)'", error.message) or [""]
    if " one of " in error.message and choices:
        meant = did_you_mean(value, choices) or "."
        return f"should be one of {', '.join(choices)}, got {value!r}{meant}"
    if isinstance(error.__cause__, ValidationError):
        return f"{first_error(error.__cause__)[1]}."
    return f"is wrong: {error.message}"


def _label(parameter: Any) -> str:
    """Return what a parameter is called on the command line."""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    return max(parameter.opts, key=len)


def _usage(context: Any) -> str:
    return re.sub(r"[{}]", "", " ".join(context.get_usage().removeprefix("Usage: ").split()))


def _name(name: str | None, function: Any) -> str:
    return name or function.__name__.replace("_", "-")
