"""`lossatlas evaluate`: evaluate the minima of an atlas as models."""

from typing import Annotated

import typer

from ._console import print_table
from ._report import AtlasFile


def evaluate(
    file: AtlasFile,
    reference: Annotated[
        int, typer.Option(help="Number of the class whose AUC is computed, against all others.")
    ] = 0,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
) -> None:
    """Evaluate every minimum as a model, on training and test data; store the metrics in the atlas."""
    import numpy as np

    from lossatlas.analysis import paired_differences
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import evaluate_atlas

    metrics = evaluate_atlas(file, reference=reference, workers=workers)
    columns = metrics.columns
    with Atlas(file, readonly=True) as atlas:
        energy = atlas.minima.energy
    lowest = int(np.argmin(energy))
    rows = []
    for name, values in columns.items():
        known = values[np.isfinite(values)]
        if known.size:
            error = metrics.errors[name][lowest] if name in metrics.errors else np.nan
            numbers = (values[lowest], error, known.mean(), known.std(), known.min(), known.max())
            rows.append((name, *("-" if number != number else f"{number:.6g}" for number in numbers)))
        else:
            rows.append((name, *["-"] * 6))
    print_table(
        f"{len(energy)} minima",
        ("metric", "global minimum", "+-", "mean", "sd", "smallest", "largest"),
        rows,
    )
    if not any(name.startswith("test_") for name in columns):
        typer.echo("no test data: explore with --items to keep some for tests")
    elif "test" in metrics.misclassified and len(energy) > 1:
        z = paired_differences(metrics.misclassified["test"], lowest)
        apart = int(np.sum(np.abs(z) > 2))
        typer.echo(
            f"{apart} of {len(z) - 1} other minima differ from the global minimum in test accuracy by more "
            "than 2 standard errors (on the same items)"
        )
