"""What was probably meant by a name that does not exist: the closest one, or the one for the same thing."""

import difflib
import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar


Called = TypeVar("Called", bound=Callable[..., Any])

# Names that people know from other tools, and what the same thing is called here.
SYNONYMS = {
    "adam": ("gradient",),
    "alpha": ("l2",),
    "apply": ("predict",),
    "convert": ("export",),
    "cores": ("workers",),
    "describe": ("show",),
    "draw": ("graph",),
    "dump": ("export",),
    "info": ("show",),
    "inspect": ("show",),
    "jobs": ("workers",),
    "lam": ("l2",),
    "lambda": ("l2",),
    "learn": ("fit",),
    "load": ("import",),
    "ls": ("show",),
    "map": ("explore",),
    "max_iter": ("max_gradients", "max_steps", "evaluations"),
    "maxiter": ("max_gradients", "max_steps", "evaluations"),
    "metrics": ("evaluate",),
    "minimise": ("fit", "minimise"),
    "minimize": ("fit", "minimise"),
    "mfpt": ("rates",),
    "mse": ("squared_error",),
    "n_jobs": ("workers",),
    "neurons": ("hidden",),
    "nodes": ("hidden",),
    "o": ("out",),
    "optimise": ("fit",),
    "optimize": ("fit",),
    "plot": ("graph", "plot"),
    "print": ("show",),
    "random_state": ("seed", "key"),
    "regularisation": ("l2",),
    "rng": ("seed", "key"),
    "run": ("explore",),
    "saddles": ("explore", "transition_states"),
    "score": ("evaluate",),
    "seed": ("key",),
    "search": ("explore",),
    "stats": ("show", "network"),
    "summary": ("show",),
    "t": ("kt",),
    "temperature": ("kt",),
    "test": ("evaluate",),
    "threads": ("workers",),
    "time": ("time_limit", "seconds"),
    "timeout": ("time_limit", "seconds"),
    "tol": ("tolerance",),
    "train": ("fit", "training"),
    "v": ("version",),
    "view": ("show",),
    "weight_decay": ("l2",),
    "x0": ("starts",),
}


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that a word probably stands for, or None.

    Case, dashes and underscores make no difference.
    """
    names = {_bare(name): name for name in known}
    bare = _bare(word)
    meant = [bare] if bare in names else [name for name in SYNONYMS.get(bare, ()) if name in names]
    meant = meant or difflib.get_close_matches(bare, names, n=1, cutoff=0.65)
    return names[meant[0]] if meant else None


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for the end of a sentence, empty if nothing is close."""
    meant = closest(word, known) if isinstance(word, str) else None
    return "" if meant is None else f"; did you mean {meant}?"


def suggest_arguments(room: dict[str, Any]) -> None:
    """Make the functions and classes of a room answer a keyword that they do not take with a closer one.

    A room calls this at the end of its `__init__.py`, so that what is added to the room has it, too.

    **Arguments:**

    - `room`: the names of the room, its `globals()`; they are changed in place.
    """
    for name, called in list(room.items()):
        if name.startswith("_") or not getattr(called, "__module__", "").startswith("lossatlas"):
            continue
        if isinstance(called, type) and "__init__" in vars(called):
            called.__init__ = _with_suggestions(called.__init__)
        elif inspect.isfunction(called):
            room[name] = _with_suggestions(called)
            home = sys.modules[called.__module__]
            if vars(home).get(called.__name__) is called:  # pickles name functions by their home
                setattr(home, called.__name__, room[name])


def _with_suggestions(called: Called) -> Called:
    """Return a function that answers an unknown keyword with a closer one.

    **Raises:** (when called) `TypeError` with one sentence in place of Python's for such a keyword, and for
    arguments without a keyword that need one.
    """
    kinds = inspect.Parameter
    every = inspect.signature(called).parameters.values()
    if hasattr(called, "suggests") or any(p.kind is kinds.VAR_KEYWORD for p in every):
        return called
    parameters = [parameter for parameter in every if parameter.name != "self"]
    names = frozenset(p.name for p in parameters if p.kind is not kinds.VAR_POSITIONAL)
    named = [p.name for p in parameters if p.kind is kinds.KEYWORD_ONLY]
    # The class of a method is named in the sentence, `__init__` is not.
    title = called.__qualname__.removesuffix(".__init__")
    placed = [p.name for p in parameters if p.name not in named]
    takes_all = any(p.kind is kinds.VAR_POSITIONAL for p in every)
    count = sys.maxsize if takes_all else len(placed) + (title != called.__qualname__)

    @functools.wraps(called)
    def checked(*values: Any, **keywords: Any) -> Any:
        unknown = next((name for name in keywords if name not in names), None)
        if unknown is not None:
            meant = closest(unknown, names)
            said = f"did you mean `{meant}`?" if meant else f"it takes {_listed(parameters)}."
            raise TypeError(f"{title}() takes no `{unknown}`; {said}")
        if len(values) > count and named:
            after = f" after `{placed[-1]}`" if placed else ""
            listed = f"such as {named[0]}=...: {', '.join(named)}"
            raise TypeError(f"{title}() takes arguments{after} by name only, {listed}.")
        return called(*values, **keywords)

    vars(checked)["suggests"] = True  # a class may be a name of several rooms
    return checked  # pyright: ignore[reportReturnType]


def _listed(parameters: list[inspect.Parameter]) -> str:
    return ", ".join(parameter.name for parameter in parameters) or "no arguments"


def _bare(name: str) -> str:
    return name.lower().strip("-_").replace("-", "_")
