"""Tables of atlases with the columns of published tables: numbers of points, metrics of the minima."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossatlas.analysis import coverage
from lossatlas.atlas import Atlas


COLUMNS = {
    "atlas": "atlas",
    "variables": "variables",
    "minima": "minima",
    "transition_states": "TS",
    "components": "components",
    "coverage": "coverage",
    "chao1": "Chao1",
    "loss": "gmin loss",
    "training_auc": "gmin training AUC",
    "training_auc_mean": "training AUC, mean",
    "training_auc_sd": "sd",
    "test_auc": "gmin test AUC",
    "test_auc_mean": "test AUC, mean",
    "test_auc_sd": "sd",
    "test_misclassification_mean": "misclassified, mean",
    "test_misclassification_sd": "sd",
    "test_rmse": "gmin test RMSE",
    "test_r2": "gmin test R2",
    "test_macro_r2": "gmin test macro R2",
    "validation_loss": "gmin validation loss",
    "validation_accuracy": "gmin validation accuracy",
    "validation_rmse": "gmin validation RMSE",
}


def summarise(path: Path, quantities: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row of an atlas in a table, a value for each key of `COLUMNS` that is known.

    `loss` is the energy of the global minimum, gmin. Each metric has its value at gmin, and the mean and
    standard deviation over the minima, each counted once. If some minima were not evaluated, metrics are
    left out.

    **Arguments:**

    - `path`: the atlas.
    - `quantities`: names of further quantities of minima or transition states. Mean and standard deviation
        are over the points for which they are known; the keys are those of `quantity_columns`.

    **Raises:** `ValueError` if the atlas lacks one of the quantities.
    """
    with Atlas(path, readonly=True) as atlas:
        minima, states, components = atlas.minima, atlas.transition_states, atlas.component_count
        dimension, estimate, is_judged = atlas.dimension, coverage(atlas), not unjudged(atlas).any()
    for name in quantities:
        if name not in (*minima.quantities, *states.quantities):
            there = ", ".join(dict.fromkeys([*minima.quantities, *states.quantities])) or "none"
            raise ValueError(f"{path} has no quantity {name!r}; there is {there}.")
    row: dict[str, Any] = {
        "atlas": path.stem,
        "variables": dimension,
        "minima": len(minima),
        "transition_states": len(states),
        "components": components,
    }
    if not len(minima):
        return row
    lowest = int(np.argmin(minima.energy))
    row["loss"] = float(minima.energy[lowest])
    if minima.hits.any():  # imported atlases have no hits
        row |= {"coverage": estimate.good_turing, "chao1": estimate.chao1}
    for name in COLUMNS if is_judged else ():
        row |= _summary(name, minima.quantities, lowest)
    row = {key: value for key, value in row.items() if key in COLUMNS}
    for name in quantities:
        if name in minima.quantities:
            row |= _summary(name, minima.quantities, lowest)
        else:
            row |= _summary(name, states.quantities, None)
    return row


def quantity_columns(quantities: Sequence[str]) -> dict[str, str]:
    """Return the columns of further quantities in a table, headings by key."""
    columns: dict[str, str] = {}
    for name in quantities:
        columns |= {name: f"gmin {name}", f"{name}_mean": f"{name}, mean", f"{name}_sd": "sd"}
    return columns


def _summary(name: str, columns: dict[str, np.ndarray], lowest: int | None) -> dict[str, float]:
    """Return mean and standard deviation of a quantity and, for minima, its value at the global minimum."""
    values = columns.get(name)
    if values is None or not np.isfinite(values).any():
        return {}
    mean = {f"{name}_mean": float(np.nanmean(values)), f"{name}_sd": float(np.nanstd(values))}
    return mean if lowest is None else {name: float(values[lowest]), **mean}


def unjudged(atlas: Atlas) -> Any:
    """Return a mask of the minima without metrics of `evaluate`, shape (minima,)."""
    minima, metrics = atlas.minima, atlas.quantities.written_by("evaluate")
    known = [np.isfinite(minima.quantities[name]) for name in metrics]
    return ~np.any(known, axis=0) if known else np.ones(len(minima), dtype=bool)


def check_judged(atlas: Atlas) -> None:
    """Check that all minima of an atlas have metrics.

    **Raises:** `ValueError` that says how to add the missing ones.
    """
    left = int(unjudged(atlas).sum())
    if left:
        raise ValueError(
            f"{left} of {len(atlas.minima)} minima of {atlas.path} have no metrics; add them by: "
            f"lossatlas evaluate {atlas.path}."
        )


def to_markdown(
    rows: Sequence[dict[str, Any]],
    first: dict[str, str] | None = None,
    last: dict[str, str] | None = None,
) -> str:
    """Return rows as a Markdown table.

    **Arguments:**

    - `rows`: rows that `summarise` returns.
    - `first`, `last`: columns to add before and after the usual ones, headings by key.
    """
    columns = _used(rows, first, last)
    lines = ["| " + " | ".join(columns.values()) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        lines.append("| " + " | ".join(_shown(row.get(key)) for key in columns) + " |")
    return "\n".join(lines) + "\n"


def to_csv(
    rows: Sequence[dict[str, Any]],
    first: dict[str, str] | None = None,
    last: dict[str, str] | None = None,
) -> str:
    """Return rows as CSV with the keys as header and numbers in full; arguments as in `to_markdown`."""
    columns = _used(rows, first, last)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _used(
    rows: Sequence[dict[str, Any]], first: dict[str, str] | None, last: dict[str, str] | None
) -> dict[str, str]:
    # A quantity that stands among the usual columns keeps its place and heading.
    every = {"atlas": COLUMNS["atlas"], **(first or {}), **COLUMNS, **{**(last or {}), **COLUMNS}}
    return {key: heading for key, heading in every.items() if any(key in row for row in rows)}


def _shown(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
