"""`lossatlas fit`: good models at once, from many starts; `explore` goes on from the same atlas."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from . import _landscape as options
from ._console import print_table
from ._explore import atlas_path, built, recipe_and_settings, warnings_as_lines


SHOWN = 10  # minima
METRICS = (
    "validation_loss",
    "test_loss",
    "test_accuracy",
    "test_macro_auc",
    "test_rmse",
    "test_r2",
    "test_macro_r2",
    "training_loss",
    "training_accuracy",
)


def fit(
    context: typer.Context,
    name: options.Name,
    *,
    starts: Annotated[int, typer.Option(min=1, help="Searches: random starts and hops.")] = 200,
    seed: Annotated[int | None, typer.Option(help="Seed of the starts. (default: 0)")] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Such as 90, 120s or 5m; none for no limit. (default: 150s)")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    toolkit: options.Toolkit = None,
    memory: options.Memory = None,
    quiet: options.Quiet = False,
    out: Annotated[Path | None, typer.Option(help="The atlas. (default: LANDSCAPE.atlas)")] = None,
) -> None:
    """Minimise from many starts and list the best minima; write the atlas.

    `lossatlas explore` with the same arguments goes on from there and maps what lies between the minima.
    """
    from lossatlas.analysis import within_sampling_error
    from lossatlas.atlas import Atlas
    from lossatlas.searches import plain_code
    from lossatlas.sweeps import evaluate_atlas, fit_recipe

    given = options.given(context)
    asked = {"seed": seed, "workers": workers, "memory": memory}
    asked |= {"toolkit": options.toolkit_parts(toolkit)}
    recipe, settings = recipe_and_settings(name, given, asked, time_limit)
    options.limit_memory(settings.memory)
    problem = built(name, recipe)
    path = atlas_path(name, given, out)
    said = ""
    with warnings_as_lines(), plain_code():
        report = False if quiet else _Report(starts)
        fit_recipe(recipe, problem, path, settings, starts=starts, progress=report).close()
        if problem.training is not None and getattr(problem.landscape, "predicts", False):
            said = within_sampling_error(evaluate_atlas(path, workers=settings.workers).differences)
    with Atlas(path, readonly=True) as atlas:
        if not len(atlas.minima):
            raise ValueError("No minimum was found; `lossatlas show` says how the searches ended.")
        _print(atlas)
    if said:
        typer.echo(said)
    typer.echo(f"atlas    {path}")


class _Report:
    """Prints a line when a lower minimum was found."""

    def __init__(self, starts: int):
        self.starts, self.begun, self.lowest = starts, time.monotonic(), float("inf")

    def __call__(self, progress: Any) -> None:
        if progress.lowest < self.lowest:
            self.lowest = progress.lowest
            typer.echo(
                f"{time.monotonic() - self.begun:5.1f} s  {progress.searches} of {self.starts} searches, "
                f"{progress.minima} minim{'um' if progress.minima == 1 else 'a'}, "
                f"lowest loss {progress.lowest:.10g}"
            )


def _print(atlas: Any) -> None:
    """List the minima by loss, and name the best one."""
    import numpy as np

    minima = atlas.minima
    names = [name for name in METRICS if name in minima.quantities]
    order = np.argsort(minima.energy, kind="stable")[:SHOWN]
    shown = f", the lowest {SHOWN}" if len(minima) > SHOWN else ""
    print_table(
        f"{len(minima)} minim{'um' if len(minima) == 1 else 'a'}{shown}",
        ("id", "loss", "hits", *(name.replace("_", " ") for name in names)),
        [
            (
                str(minima.id[i]),
                f"{minima.energy[i]:.10g}",
                str(minima.hits[i]),
                *(f"{minima[name][i]:.6g}" for name in names),
            )
            for i in order
        ],
    )
    if "validation_loss" in minima.quantities:
        typer.echo(
            f"best on the validation data: minimum {minima.id[np.nanargmin(minima['validation_loss'])]}"
        )
    best = order[0]
    typer.echo(
        f"lowest: minimum {minima.id[best]}, the end of {minima.hits[best]} of {minima.hits.sum()} random "
        "starts that reached a minimum"
    )
