"""`lossatlas evaluate`: evaluate the minima of an atlas as models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._console import print_table
from ._report import AtlasFile


if TYPE_CHECKING:
    from lossatlas.analysis import ModelMetrics
    from lossatlas.datasets import DataSet


def evaluate(
    file: AtlasFile,
    reference: Annotated[
        int, typer.Option(help="Number of the class whose AUC is computed, against all others.")
    ] = 0,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="New path of a table that has moved, or its folder. (default: where it was, else beside "
            "the atlas)"
        ),
    ] = None,
) -> None:
    """Evaluate every minimum as a model, on training and test data; store the metrics in the atlas."""
    import numpy as np

    from lossatlas.analysis import within_sampling_error
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import evaluate_atlas

    metrics = evaluate_atlas(file, reference=reference, workers=workers, data=data)
    with Atlas(file, readonly=True) as atlas:
        energy, problem = atlas.minima.energy, atlas.problem_from(data)
    lowest = int(np.argmin(energy))
    _print_metrics(metrics, lowest)
    part = "test" if problem.test is not None else "training"
    judged = problem.test or problem.training
    if judged is not None and judged.classes is not None:
        _print_classes(metrics, lowest, part, judged)
    elif judged is not None:
        if len(judged.target_names) > 1:
            _print_targets(metrics, lowest, part, judged.target_names)
        if judged.encoder is not None:
            typer.echo(_units(judged.target_names))
    said = within_sampling_error(metrics.differences)
    if problem.test is None:
        typer.echo("no test data: explore with --items, or a table with --test, to keep some for tests")
    elif said:
        typer.echo(said)


def _print_metrics(metrics: "ModelMetrics", lowest: int) -> None:
    """Print the metrics that are not of a single class or target."""
    import numpy as np

    from lossatlas.analysis import is_detail

    rows = []
    for name, values in metrics.columns.items():
        known = values[np.isfinite(values)]
        if is_detail(name):
            continue
        if known.size:
            error = metrics.errors[name][lowest] if name in metrics.errors else np.nan
            numbers = (values[lowest], error, known.mean(), known.std(), known.min(), known.max())
            rows.append((name, *(shown(number) for number in numbers)))
        else:
            rows.append((name, *["-"] * 6))
    minima = len(next(iter(metrics.columns.values())))
    print_table(
        f"{minima} minim{'um' if minima == 1 else 'a'}",
        ("metric", "global minimum", "+-", "mean", "sd", "smallest", "largest"),
        rows,
    )


def _print_classes(metrics: "ModelMetrics", lowest: int, part: str, data: "DataSet") -> None:
    """Print recall, precision and AUC of each class at the global minimum."""
    import numpy as np

    from lossatlas.analysis import name_words

    rows = []
    for number, (name, word) in enumerate(zip(data.classes or (), name_words(data.classes or ()))):
        cells = []
        for metric in ("recall", "precision", "auc"):
            column = f"{part}_{metric}_{word}"
            cells += [shown(numbers[column][lowest]) for numbers in (metrics.columns, metrics.errors)]
        rows.append((name, str(int(np.sum(data.targets == number))), *cells))
    print_table(
        f"classes on the {part} data, global minimum",
        ("class", "items", "recall", "+-", "precision", "+-", "AUC", "+-"),
        rows,
    )


def _print_targets(metrics: "ModelMetrics", lowest: int, part: str, names: tuple[str, ...]) -> None:
    """Print RMSE and R2 of each target at the global minimum."""
    from lossatlas.analysis import name_words

    rows = []
    for name, word in zip(names, name_words(names)):
        columns = [f"{part}_{metric}_{word}" for metric in ("rmse", "r2")]
        known = [(metrics.columns[column], metrics.errors[column]) for column in columns]
        rows.append((name, *(shown(numbers[lowest]) for pair in known for numbers in pair)))
    print_table(f"targets on the {part} data, global minimum", ("target", "RMSE", "+-", "R2", "+-"), rows)


def _units(names: tuple[str, ...]) -> str:
    """Return a sentence on the units of the metrics of numbers."""
    if len(names) == 1:
        return f"rmse is in units of {names[0]}, loss in those of its standard deviation, squared"
    return (
        "RMSE is in units of the target; loss is the sum over the targets of the mean squared error in "
        "units of the variance; macro_r2 is the mean of R2 over the targets"
    )


def shown(number: float) -> str:
    """Return a number for a table, or a dash where it is not defined."""
    return "-" if number != number else f"{number:.6g}"
