"""Checks of arguments that many functions share, so that all of them raise the same sentences."""

import contextlib
import math
import os
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


_SHOWN = reprlib.Repr()  # shortens the value that an error message shows
_SHOWN.maxother = _SHOWN.maxstring = 80


def check_whole(name: str, value: Any, *, least: int = 1, below: int | None = None) -> int:
    """Return a whole number as a Python integer.

    **Arguments:**

    - `name`: name of the argument, for the message.
    - `value`: what the caller gave.
    - `least`: the smallest number allowed.
    - `below`: an upper limit that is itself excluded; None for no limit.

    **Raises:** `ValueError` for anything but a whole number within the limits; booleans are refused, too.
    """
    if not is_whole(value) or value < least:
        raise ValueError(f"`{name}` must be a whole number of at least {least}, got {_shown(value)}.")
    if below is not None and value >= below:
        raise ValueError(f"`{name}` must be a whole number of at most {below - 1}, got {_shown(value)}.")
    return int(value)


def check_positive(name: str, value: Any) -> float:
    """Return a number above zero as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and 0 < value < math.inf):
        raise ValueError(f"`{name}` must be a positive number, got {_shown(value)}.")
    return float(value)


def check_not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least zero as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and 0 <= value < math.inf):
        raise ValueError(f"`{name}` must be a finite number of at least 0, got {_shown(value)}.")
    return float(value)


def check_number(name: str, value: Any) -> float:
    """Return a finite number as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and math.isfinite(value)):
        raise ValueError(f"`{name}` must be a finite number, got {_shown(value)}.")
    return float(value)


def check_seed(value: Any) -> int:
    """Return the seed of a JAX random key; raises `ValueError` for anything but 0 to 2^63 - 1."""
    return check_whole("seed", value, least=0, below=2**63)


def check_flag(name: str, value: Any) -> bool:
    """Return a boolean; raises `ValueError` for anything else, since Python takes even "no" for True."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"`{name}` must be True or False, got {_shown(value)}.")
    return bool(value)


def check_is(name: str, value: Any, kind: Any, needed: str) -> None:
    """Refuse an argument of another type.

    **Arguments:**

    - `name`: name of the argument, for the message.
    - `value`: what the caller gave.
    - `kind`: the type or types allowed, as for `isinstance`.
    - `needed`: what the argument must be, in words, with an example of how to get it.

    **Raises:** `ValueError` that says what is needed and shows what was given.
    """
    if not isinstance(value, kind):
        raise ValueError(f"`{name}` must be {needed}, got {_shown(value)}.")


def check_path(name: str, value: Any, what: str) -> Path:
    """Return a path.

    **Arguments:**

    - `name`: name of the argument, for the message.
    - `value`: what the caller gave.
    - `what`: what the path leads to, in words, for the message.

    **Raises:** `ValueError` for anything but a string or a path.
    """
    check_is(name, value, str | os.PathLike, f"the path of {what}")
    return Path(value)


def check_folder(path: Path, what: str) -> Path:
    """Return the path of a file to write; raises `ValueError` if it is a folder, or in none."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file to write {what} to.")
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent} to write {what} {path.name} to.")
    return path


def as_numbers(name: str, values: Any) -> np.ndarray:
    """Return real numbers as a float64 array.

    **Arguments:**

    - `name`: name of the argument, for the message.
    - `values`: numbers of any precision, whole numbers or booleans: an array, lists, a tensor of another
        framework, a data frame.

    **Raises:** `ValueError` for words, complex numbers, rows of different lengths, and anything else.
    """
    try:
        # A tensor of PyTorch that records gradients, or lies on an accelerator, refuses to become an array.
        given = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
        if given.dtype.kind == "O" and not any(isinstance(value, str) for value in given.flat):
            given = given.astype(np.float64)  # whole numbers in a data frame that may have gaps
    except Exception:  # what claims to be an array may raise anything
        given = np.zeros(0, dtype=object)
    if given.dtype.kind == "c":
        raise ValueError(f"`{name}` must hold real numbers, got complex ones.")
    if given.dtype.kind not in "fiub" or values is None:
        raise ValueError(f"`{name}` must be an array of numbers, got {_shown(values)}.")
    return given.astype(np.float64)


@contextlib.contextmanager
def traced(what: str) -> Iterator[None]:
    """Turn what JAX, or code of a user, raises in the body of `with` into one sentence.

    **Arguments:**

    - `what`: what is traced, such as "The loss", for the message.

    **Raises:** `ValueError`; one that lossatlas itself raised stays as it is.
    """
    try:
        yield
    except Exception as error:
        import jax  # the command line answers mistakes without waiting for it

        if isinstance(error, ValueError) and _is_ours(error):
            raise
        if isinstance(error, jax.errors.JAXTypeError | jax.errors.JAXIndexError):
            raise ValueError(
                f"{what} cannot be traced by JAX: write it with jax.numpy, without float(), numpy or `if` "
                "on its values."
            ) from error
        raise ValueError(f"{what} cannot be computed: {type(error).__name__}: {brief(error)}") from error


def _shown(value: Any) -> str:
    """Return a value as code, shortened, in one line."""
    return " ".join(_SHOWN.repr(value).split())


def brief(error: Exception) -> str:
    """Return the message of an error in one line of at most 200 characters, or its kind."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _is_ours(error: Exception) -> bool:
    """Return whether the last frame of an error lies in lossatlas."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and Path(place.tb_frame.f_code.co_filename).is_relative_to(
        Path(__file__).parent
    )


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number; a boolean does not count as one."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether a value is a real number; a boolean does not count as one."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
