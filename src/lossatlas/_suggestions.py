"""What was probably meant by a name that does not exist: the closest one, or the one for the same thing."""

import difflib
import functools
import inspect
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


def named_arguments(called: Called) -> Called:
    """Decorate a function or class so that a keyword that it does not take is answered with a closer one.

    **Raises:** (when called) `TypeError` with one sentence in place of Python's for such a keyword, and for
    arguments without a keyword that need one.
    """
    if isinstance(called, type):
        called.__init__ = named_arguments(called.__init__)  # pyright: ignore[reportAttributeAccessIssue]
        return called  # pyright: ignore[reportReturnType]
    parameters = [
        parameter for name, parameter in inspect.signature(called).parameters.items() if name != "self"
    ]
    names = frozenset(parameter.name for parameter in parameters)
    named = [p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY]
    # The class of a method is named in the sentence, `__init__` is not.
    title = called.__qualname__.removesuffix(".__init__")
    count = len(parameters) - len(named) + (title != called.__qualname__)

    @functools.wraps(called)
    def checked(*values: Any, **keywords: Any) -> Any:
        unknown = next((name for name in keywords if name not in names), None)
        if unknown is not None:
            meant = closest(unknown, names)
            said = (
                f"did you mean `{meant}`?"
                if meant
                else f"it takes {', '.join(p.name for p in parameters)}."
            )
            raise TypeError(f"{title}() takes no `{unknown}`; {said}")
        if len(values) > count and named:
            raise TypeError(
                f"{title}() takes arguments after `{parameters[len(parameters) - len(named) - 1].name}` by "
                f"name only, such as {named[0]}=...: {', '.join(named)}."
            )
        return called(*values, **keywords)

    return checked  # pyright: ignore[reportReturnType]


def _bare(name: str) -> str:
    return name.lower().strip("-_").replace("-", "_")
