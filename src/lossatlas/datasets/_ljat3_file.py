"""The file in the user's cache that holds an LJAT3 data set."""

import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np


VERSION = 1  # of the numbers in the cache: raise it whenever they change


def file_name(side: float, items: int, seed: int, strength: float, steps_before: int | None) -> str:
    """Return a name that other settings do not share."""
    settings = [VERSION, side.hex(), items, seed, strength]
    settings += [] if steps_before is None else [steps_before]
    return f"ljat3-{hashlib.sha256(json.dumps(settings).encode()).hexdigest()}.npz"


def read(path: Path, items: int, classes: int) -> dict[str, np.ndarray] | None:
    """Return what is stored; None if there is nothing, or nothing sound."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            known = {name: stored[name] for name in ("distances", "targets", "evaluations")}
    except Exception:  # a damaged file can raise almost anything; whatever it was, the data are made anew
        return None
    sound = (
        known["distances"].shape == (items, 3)
        and known["distances"].dtype == np.float64
        and known["targets"].shape == (items,)
        and known["targets"].dtype == np.uint8
        and known["evaluations"].shape == (items,)
        and known["evaluations"].dtype == np.uint16
        and bool(np.all(known["targets"] < classes))
    )
    return known if sound else None


def write(path: Path, known: dict[str, np.ndarray]) -> None:
    """Store the data under their name at once, so that no reader sees half a file."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = file.name
            np.savez(file, **known)  # pyright: ignore[reportArgumentType]
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        warnings.warn(
            f"The data set could not be kept in {path.parent} ({error}); it will be made anew next time. "
            "Set LOSSATLAS_CACHE to a directory that can be written to, or pass cache=False.",
            stacklevel=3,
        )
