"""What the import hook checks while tests run: the shapes that annotations name, and nothing else.

Arguments of a wrong class are refused by the library, in its own words, which tests look for. Public
functions of numpy's arrays take whatever numpy makes an array of: only what they return is checked.
"""

import inspect
import typing

import beartype
import jax
import jaxtyping


def checked(function):
    """Check the annotations of a function that name shapes; called by the hook for every function."""
    name = function.__name__
    private = name.startswith("_") and not name.startswith("__")
    function.__annotations__ = {
        argument: hint
        for argument, hint in function.__annotations__.items()
        if _names_a_shape(hint, jax.Array if argument != "return" and not private else object)
    }
    return beartype.beartype(function) if function.__annotations__ else function


def _names_a_shape(hint, kind: type) -> bool:
    """Whether a shape of that kind of array is named somewhere in an annotation."""
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return issubclass(hint.array_type, kind)
    return any(_names_a_shape(part, kind) for part in typing.get_args(hint))
