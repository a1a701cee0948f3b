"""What the import hook checks while tests run: the shapes that annotations name, and nothing else.

Arguments of a wrong class are refused by the library, in its own words, which tests look for. Public
functions of numpy's arrays take whatever numpy makes an array of: only what they return is checked.
"""

import collections
import functools
import inspect
import typing

import beartype
import jax
import jaxtyping


ENOUGH = 50  # calls of a function in one process that are checked: a check costs more than most calls
_calls: collections.Counter = collections.Counter()
_jaxtyped = jaxtyping.jaxtyped


def install():
    """Have every function of the library that names a shape checked; before the library is imported."""
    jaxtyping.install_import_hook("lossatlas", "shapes.checked")
    jaxtyping.jaxtyped = _sparing  # the hook writes this name above every function


def checked(function):
    """Check the annotations of a function that name shapes."""
    name = function.__name__
    private = name.startswith("_") and not name.startswith("__")
    function.__annotations__ = {
        argument: hint
        for argument, hint in function.__annotations__.items()
        if _names_a_shape(hint, jax.Array if argument != "return" and not private else object)
    }
    return beartype.beartype(function) if function.__annotations__ else function


def _sparing(what=None, *, typechecker):
    """Stand in for `jaxtyping.jaxtyped`: check functions that name a shape, in their first calls alone."""
    if what is None:
        return functools.partial(_sparing, typechecker=typechecker)
    if inspect.isclass(what):
        return _jaxtyped(what, typechecker=typechecker)
    code = what.__code__  # one for all functions that are made within another one
    if _calls[code] >= ENOUGH or not any(_names_a_shape(hint) for hint in what.__annotations__.values()):
        return what
    decorated = functools.cache(lambda: _jaxtyped(what, typechecker=typechecker))

    @functools.wraps(what)
    def spared(*arguments, **named):
        _calls[code] += 1
        return (what if _calls[code] > ENOUGH else decorated())(*arguments, **named)

    return spared


def _names_a_shape(hint, kind: type = object) -> bool:
    """Whether a shape of that kind of array is named somewhere in an annotation."""
    if inspect.isclass(hint) and issubclass(hint, jaxtyping.AbstractArray):
        return issubclass(hint.array_type, kind)
    return any(_names_a_shape(part, kind) for part in typing.get_args(hint))
