"""What the import hook checks while tests run: the shapes that annotations name, and nothing else.

Arguments of a wrong class are refused by the library, in its own words, which tests look for.
"""

import inspect
import typing

import beartype
import jaxtyping


def checked(function):
    """Check the annotations of a function that name shapes; called by the hook for every function."""
    function.__annotations__ = {
        name: hint for name, hint in function.__annotations__.items() if _named(hint)
    }
    return beartype.beartype(function) if function.__annotations__ else function


def _named(hint) -> bool:
    """Whether a shape is named somewhere in an annotation."""
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return True
    return any(map(_named, typing.get_args(hint)))
