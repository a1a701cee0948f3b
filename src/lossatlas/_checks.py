"""Checks of arguments that many functions share, so that all of them raise the same sentences."""

import math
import os
import reprlib
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
        raise ValueError(f"`{name}` must be a whole number of at least {least}, got {value!r}.")
    if below is not None and value >= below:
        raise ValueError(f"`{name}` must be a whole number of at most {below - 1}, got {value!r}.")
    return int(value)


def check_positive(name: str, value: Any) -> float:
    """Return a number above zero as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and 0 < value < math.inf):
        raise ValueError(f"`{name}` must be a positive number, got {value!r}.")
    return float(value)


def check_not_negative(name: str, value: Any) -> float:
    """Return a finite number of at least zero as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and 0 <= value < math.inf):
        raise ValueError(f"`{name}` must be a finite number of at least 0, got {value!r}.")
    return float(value)


def check_number(name: str, value: Any) -> float:
    """Return a finite number as a Python float; raises `ValueError` for anything else."""
    if not (is_number(value) and math.isfinite(value)):
        raise ValueError(f"`{name}` must be a finite number, got {value!r}.")
    return float(value)


def check_seed(value: Any) -> int:
    """Return the seed of a JAX random key; raises `ValueError` for anything but 0 to 2^63 - 1."""
    return check_whole("seed", value, least=0, below=2**63)


def check_flag(name: str, value: Any) -> bool:
    """Return a boolean; raises `ValueError` for anything else, since Python takes even "no" for True."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"`{name}` must be True or False, got {value!r}.")
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
        raise ValueError(f"`{name}` must be {needed}, got {_SHOWN.repr(value)}.")


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


def check_real(name: str, values: Any) -> None:
    """Refuse an array of complex numbers, whose imaginary parts NumPy would drop; raises `ValueError`."""
    if np.iscomplexobj(values):
        raise ValueError(f"`{name}` must hold real numbers, got complex ones.")


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number; a boolean does not count as one."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether a value is a real number; a boolean does not count as one."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
