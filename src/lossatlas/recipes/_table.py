"""Tables of atlases as they are published: how many points, and what the minima are worth."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossatlas.analysis import coverage
from lossatlas.atlas import Atlas, Minima


COLUMNS = {
    "atlas": "atlas",
    "variables": "variables",
    "minima": "minima",
    "transition_states": "TS",
    "parts": "parts",
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
}


def summarise(path: Path) -> dict[str, Any]:
    """Return one row: the keys of `COLUMNS`; what was not evaluated is left out.

    `loss` is the energy of the global minimum, gmin; metrics are at gmin, and mean and standard deviation
    over the minima, each counted once. They are left out where some minima were not evaluated.
    """
    with Atlas(path, readonly=True) as atlas:
        minima, states, parts = atlas.minima, atlas.transition_states, atlas.component_count
        dimension, estimate = atlas.dimension, coverage(atlas)
    row: dict[str, Any] = {
        "atlas": path.stem,
        "variables": dimension,
        "minima": len(minima),
        "transition_states": len(states),
        "parts": parts,
    }
    if not len(minima):
        return row
    lowest = int(np.argmin(minima.energy))
    row["loss"] = float(minima.energy[lowest])
    if minima.hits.any():  # nobody knows an import's
        row |= {"coverage": estimate.good_turing, "chao1": estimate.chao1}
    if unjudged(minima).any():
        return row
    for name in ("training_auc", "test_auc", "test_misclassification"):
        values = minima.metrics.get(name)
        if values is None or not np.isfinite(values).any():
            continue
        row[name] = float(values[lowest])
        row[f"{name}_mean"], row[f"{name}_sd"] = float(np.nanmean(values)), float(np.nanstd(values))
    return {key: value for key, value in row.items() if key in COLUMNS}


def unjudged(minima: Minima) -> Any:
    """Return which minima have no metric yet, such as those found since, shape (minima,)."""
    if not minima.metrics:
        return np.ones(len(minima), dtype=bool)
    known = np.isfinite(np.stack(list(minima.metrics.values())))
    return ~np.any(known, axis=0)


def to_markdown(rows: Sequence[dict[str, Any]], first: dict[str, str] | None = None) -> str:
    """Return rows as a Markdown table; `first` maps keys of further leading columns to their headings."""
    columns = _used(rows, first)
    lines = ["| " + " | ".join(columns.values()) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        lines.append("| " + " | ".join(_shown(row.get(key)) for key in columns) + " |")
    return "\n".join(lines) + "\n"


def to_csv(rows: Sequence[dict[str, Any]], first: dict[str, str] | None = None) -> str:
    """Return rows as CSV with the keys as header, numbers in full."""
    columns = _used(rows, first)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _used(rows: Sequence[dict[str, Any]], first: dict[str, str] | None) -> dict[str, str]:
    every = {"atlas": COLUMNS["atlas"], **(first or {}), **COLUMNS}
    return {key: heading for key, heading in every.items() if any(key in row for row in rows)}


def _shown(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
