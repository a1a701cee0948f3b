"""Files in the user's cache directory that hold LJAT3 data sets."""

import hashlib
import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np


VERSION = 1  # version of the numbers in the cache, to be raised whenever they change


def file_name(side: float, items: int, seed: int, strength: float, steps_before: int | None) -> str:
    """Return the name of the file for these settings, which no other settings share."""
    settings = [VERSION, side.hex(), items, seed, strength]
    settings += [] if steps_before is None else [steps_before]
    return f"ljat3-{hashlib.sha256(json.dumps(settings).encode()).hexdigest()}.npz"


def read(path: Path, items: int, classes: int) -> dict[str, np.ndarray] | None:
    """Return the stored arrays by name; None if there is no file or it is damaged."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            known = {name: stored[name] for name in ("distances", "targets", "evaluations")}
    except Exception:  # a damaged file can raise almost anything; the data are then made anew
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
    """Write the data to a temporary file and rename it, so that no reader sees an incomplete file."""
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
