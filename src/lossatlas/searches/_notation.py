"""Searches in words, as command lines, configs and atlases name them: `GradientDescent(rate=0.1)`."""

import ast
import dataclasses
import importlib
import inspect
import sys
from collections.abc import Mapping
from typing import Any

import equinox as eqx

from lossatlas._plugins import load_plugins
from lossatlas._suggestions import did_you_mean
from lossatlas.landscapes import AbstractLandscape

from ._search import AbstractSearch
from ._toolkit import KINDS, Toolkit, toolkit_for
from .minimisers import AbstractDirection


EXAMPLE = "a class with its settings, such as GradientDescent(rate=0.1) or my_package.MySearch(5)"


class Registry(dict[str, type[eqx.Module]]):
    """Searches of other packages, and parts of such, by the name of their class; a name is entered once."""

    def __setitem__(self, name: str, kind: type[eqx.Module]) -> None:
        """Enter a class.

        **Raises:** `ValueError` for anything but a class of `equinox.Module` under its own name, and for a
        name that another class has.
        """
        if not _is_module(kind) or name != kind.__name__:
            raise ValueError(f"A search is entered by the name of its class, got {name!r} for {kind!r}.")
        if named_searches().get(name, kind) is not kind:
            raise ValueError(f"There is a search {name!r} already; give the class another name.")
        super().__setitem__(name, kind)


SEARCHES = Registry()


def named_searches() -> dict[str, type[eqx.Module]]:
    """Return the classes that have a bare name: those of `lossatlas.searches`, and `SEARCHES`."""
    room = vars(sys.modules["lossatlas.searches"])
    kinds = (AbstractSearch, AbstractDirection)
    ours = {
        name: kind
        for name, kind in room.items()
        if _is_module(kind) and issubclass(kind, kinds) and not name.startswith("Abstract")
    }
    return ours | SEARCHES


def read_search(text: str) -> Any:
    """Return the search that a text names, as Python would: a class, and its settings in brackets.

    A class of this room, or of `SEARCHES`, has its bare name, any other one its import path, such as
    `my_package.HeavyBall(rate=0.05)`. Settings are numbers, words in quotes, True, False, None, tuples, and
    other searches. Nothing else is evaluated.

    **Arguments:**

    - `text`: the search in words.

    **Raises:** `ValueError` that says what is wrong: no such class, a module that cannot be imported, a
    class that is no search, or settings that the class does not take.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(f"{text!r} names no search; that takes {EXAMPLE}.") from None
    if not isinstance(node, ast.Call | ast.Name | ast.Attribute):
        raise ValueError(f"{text!r} names no search; that takes {EXAMPLE}.")
    return _made(node)


def search_in_words(search: Any) -> str:
    """Return the text from which `read_search` makes a search again, with all its settings."""
    if not isinstance(search, eqx.Module):
        if isinstance(search, tuple):
            return f"({''.join(f'{search_in_words(item)}, ' for item in search).rstrip()})"
        return repr(search)
    kind = type(search)
    name = (
        kind.__name__ if SEARCHES.get(kind.__name__) is kind else f"{kind.__module__}.{kind.__qualname__}"
    )
    fields = [field.name for field in dataclasses.fields(search) if field.init]
    settings = ", ".join(f"{field}={search_in_words(getattr(search, field))}" for field in fields)
    return f"{name}({settings})"


def read_toolkit(parts: Mapping[str, str], landscape: AbstractLandscape) -> Toolkit:
    """Return the default toolkit of a landscape with some parts replaced.

    **Arguments:**

    - `parts`: parts in words, by the names of the fields of `Toolkit`, such as
        `{"descent": "GradientDescent(rate=0.1)", "mix": "near"}`.
    - `landscape`: the landscape that is searched; lengths and energies of settings are in its units.

    **Raises:** `ValueError` that names the part, as `read_search` and `Toolkit`.
    """
    known = [field.name for field in dataclasses.fields(Toolkit)]
    read: dict[str, Any] = {}
    for name, text in parts.items():
        if name not in known:
            meant = did_you_mean(name, known) or f"; there is {', '.join(known)}."
            raise ValueError(f"A toolkit has no part {name!r}{meant}")
        try:
            read[name] = _part(name, text)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return dataclasses.replace(toolkit_for(landscape), **read)


def toolkit_in_words(toolkit: Toolkit) -> dict[str, str]:
    """Return the parts of a toolkit in words, from which `read_toolkit` makes the same again."""
    parts = {field.name: getattr(toolkit, field.name) for field in dataclasses.fields(toolkit)}
    return {name: search_in_words(part) if name in KINDS else str(part) for name, part in parts.items()}


def _part(name: str, text: str) -> Any:
    if name in KINDS:
        return read_search(text)
    if name == "hessians":
        if text not in ("True", "False"):
            raise ValueError(f"must be True or False, got {text!r}.")
        return text == "True"
    return text


def _made(node: ast.expr) -> Any:
    """Return the search that a call stands for; a class alone is called without settings."""
    call = node if isinstance(node, ast.Call) else ast.Call(node, [], [])
    kind, path = _class(call.func), ast.unparse(call.func)
    if any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(item, ast.Starred) for item in call.args
    ):
        raise ValueError(f"The settings of {path} must be written out.")
    values = [_value(item) for item in call.args]
    named = {str(keyword.arg): _value(keyword.value) for keyword in call.keywords}
    takes = list(inspect.signature(kind).parameters)
    unknown = next((name for name in named if name not in takes), None)
    if unknown is not None:
        meant = did_you_mean(unknown, takes) or f"; it takes {', '.join(takes) or 'none'}."
        raise ValueError(f"{path} has no setting {unknown!r}{meant}")
    try:
        inspect.signature(kind).bind(*values, **named)
    except TypeError as error:
        raise ValueError(f"{path} takes {', '.join(takes) or 'no setting'}: {error}.") from None
    try:
        return kind(*values, **named)
    except TypeError as error:
        raise ValueError(f"{path} cannot be made: {error}.") from None


def _value(node: ast.expr) -> Any:
    """Return a setting: a literal, or another search."""
    if isinstance(node, ast.Tuple):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Call | ast.Attribute | ast.Name):
        return _made(node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise ValueError(
            f"{ast.unparse(node)} is no setting: that is a number, a word in quotes, True, False, None, a "
            "tuple or a search."
        ) from None


def _class(node: ast.expr) -> type[eqx.Module]:
    """Return the class of a bare name, or of an import path."""
    path = ast.unparse(node)
    if isinstance(node, ast.Name):
        if path not in named_searches():
            load_plugins()
        known = named_searches()
        if path not in known:
            choice = f"; choose one of {', '.join(known)}, or give the import path of yours."
            raise ValueError(f"There is no search {path!r}{did_you_mean(path, known) or choice}")
        return known[path]
    module, _, name = path.rpartition(".")
    if not all(part.isidentifier() for part in path.split(".")):
        raise ValueError(f"{path} is no import path of a class, such as my_package.MySearch.")
    try:
        found = importlib.import_module(module)
    except Exception as error:  # a module of another package may raise anything
        hint = ""
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            hint = " (files of this folder are found if PYTHONPATH names it)"
        raise ValueError(
            f"The module {module} cannot be imported: {type(error).__name__}: {error}{hint}."
        ) from None
    kind = getattr(found, name, None)
    if kind is None:
        raise ValueError(f"The module {module} has no {name!r}{did_you_mean(name, vars(found)) or '.'}")
    if not _is_module(kind):
        raise ValueError(f"{path} is no search: it must be a subclass of AbstractSearch, or a part of one.")
    return kind


def _is_module(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, eqx.Module)
