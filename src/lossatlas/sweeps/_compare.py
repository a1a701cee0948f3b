"""Compare atlases: the settings in which they differ, and a metric of their minima."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from lossatlas.analysis import is_detail
from lossatlas.atlas import Atlas
from lossatlas.recipes import shown

from ._table import check_judged


class Comparison(NamedTuple):
    """A metric of the minima of several atlases.

    - `labels`: for each atlas the values of the settings that distinguish it, such as "0.1"; the name of
        its file if the settings are the same for all.
    - `heading`: names of these settings, such as "mislabelled"; "atlas" if there are none.
    - `values`: for each part of the data, test before training, one array per atlas: the metric of every
        minimum, shape (minima,), in the order of the ids.
    - `lowest`: for each part the metric of the global minimum of every atlas, shape (atlases,).
    """

    labels: list[str]
    heading: str
    values: dict[str, list[Float[np.ndarray, " minima"]]]
    lowest: dict[str, Float[np.ndarray, " atlases"]]


def compare_atlases(paths: Sequence[Path], metric: str = "auc", *, by: str | None = None) -> Comparison:
    """Read a metric of several atlases, and the settings in which they differ.

    **Arguments:**

    - `paths`: the atlases, evaluated before.
    - `metric`: a metric of `evaluate`, without the part of the data: `auc`, `accuracy`, `loss`, ...
    - `by`: the setting that labels the atlases; default all settings in which they differ.

    **Raises:** `ValueError` for an atlas that lacks the metric, or has it for some minima only, and for one
    without the setting.
    """
    labels, heading = labels_of(paths, by)
    parts = _parts(paths, metric)
    values: dict[str, list] = {part: [] for part in parts}
    lowest: dict[str, list[float]] = {part: [] for part in parts}
    for path in paths:
        with Atlas(path, readonly=True) as atlas:
            minima = atlas.minima
        for part in parts:
            found = np.asarray(minima[f"{part}_{metric}"], dtype=float)
            values[part].append(found)
            lowest[part].append(float(found[np.argmin(minima.energy)]))
    return Comparison(labels, heading, values, {part: np.array(marks) for part, marks in lowest.items()})


def labels_of(paths: Sequence[Path], by: str | None = None) -> tuple[list[str], str]:
    """Return one label per atlas, and the heading, as in `Comparison`.

    **Raises:** `ValueError` for an atlas without the setting.
    """
    recipes = []
    for path in paths:
        with Atlas(path, readonly=True) as atlas:
            state = atlas.log.get_state("exploration", None) or {}
            recipes.append({**(atlas.recipe or {}), "seed": state.get("seed")})
    if by is not None:
        missing = [path for path, recipe in zip(paths, recipes) if by not in recipe]
        if missing:
            raise ValueError(f"{missing[0]} was explored without the setting {by!r}.")
        keys = [by]
    else:
        every = dict.fromkeys(key for recipe in recipes for key in recipe)
        keys = [key for key in every if len({str(recipe.get(key)) for recipe in recipes}) > 1]
    if not keys:
        return [path.stem for path in paths], "atlas"
    names = [", ".join(shown(recipe.get(key, "-")) for key in keys) for recipe in recipes]
    return names, ", ".join(key.replace("_", " ") for key in keys)


def _parts(paths: Sequence[Path], metric: str) -> list[str]:
    """Return the parts of the data for which all atlases have the metric, test before training."""
    parts = ["test", "training"]
    for path in paths:
        with Atlas(path, readonly=True) as atlas:
            check_judged(atlas)
            metrics = atlas.minima.quantities
        if f"training_{metric}" not in metrics:
            there = ", ".join(
                name.removeprefix("training_")
                for name in metrics
                if "training" in name and not is_detail(name)
            )
            raise ValueError(f"{path} has no metric {metric!r}; there is {there}.")
        known = {name for name, values in metrics.items() if not np.isnan(values).all()}
        if f"training_{metric}" not in known:
            raise ValueError(f"The metric {metric!r} is not defined for the training data of {path}.")
        parts = [part for part in parts if f"{part}_{metric}" in known]
    return parts
