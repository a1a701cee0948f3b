"""Access to the arrays that are shipped with the package."""

import importlib.resources

import numpy as np


def shipped(name: str, *arrays: str) -> list[np.ndarray]:
    """Return arrays from an npz file of the package, in the order of the names given."""
    file = importlib.resources.files("lossatlas.datasets") / f"{name}.npz"
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
        return [stored[array] for array in arrays]


def pixel_names(rows: int, columns: int) -> tuple[str, ...]:
    """Return a name for each pixel of an image, row by row."""
    return tuple(f"row {i} column {j}" for i in range(1, rows + 1) for j in range(1, columns + 1))
