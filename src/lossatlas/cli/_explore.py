"""`lossatlas explore`: map a landscape, print a table, write the atlas and a picture."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lossatlas._cache import ignore_damaged_programs

from . import _landscape as options
from ._report import draw_to
from ._summary import print_summary


def explore(
    context: typer.Context,
    name: options.Name,
    *,
    seed: Annotated[
        int | None,
        typer.Option(help="Seed of the searches: the same seed gives the same atlas. (default: 0)"),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(help="Wall-clock time, such as 90, 120s, 5m, 2h, or none. (default: 150s)"),
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Stop after this many gradients and Hessians.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    kinks: Annotated[
        bool, typer.Option("--kinks", help="Also store minima on kinks of the loss (ReLU).")
    ] = False,
    toolkit: options.Toolkit = None,
    memory: options.Memory = None,
    quiet: options.Quiet = False,
    out: Annotated[
        Path | None,
        typer.Option(help="File of the atlas. (default: NAME.atlas for a landscape, table or config NAME)"),
    ] = None,
) -> None:
    """Find minima, transition states and how they connect; write the atlas and a PNG beside it.

    Running the same command again continues where it stopped.
    """
    from lossatlas.analysis import summary

    given = options.given(context)
    asked: dict[str, Any] = {"seed": seed, "evaluations": evaluations, "workers": workers, "memory": memory}
    asked |= {"kinks": kinks or None, "toolkit": options.toolkit_parts(toolkit)}
    recipe, settings = recipe_and_settings(name, given, asked, time_limit)
    options.limit_memory(settings.memory)
    problem = built(name, recipe)
    out = atlas_path(name, given, out)
    _state_memory(problem.landscape, settings.workers)
    atlas, interrupted = _searched(recipe, problem, out, settings, quiet)
    with atlas:
        picture = out.with_suffix(".png")
        print_summary(summary(atlas))
        if len(atlas.minima):
            draw_to(picture, lambda plots: plots.atlas_graph(atlas))
        typer.echo(f"atlas    {out}")
        if len(atlas.minima):
            typer.echo(f"picture  {picture}")
        else:
            if interrupted:
                raise KeyboardInterrupt
            raise ValueError("No minimum was found; `lossatlas show` says how the searches ended.")


def recipe_and_settings(
    name: str, given: dict[str, Any], asked: dict[str, Any], time_limit: str | None
) -> tuple[Any, Any]:
    """Return the recipe of a command line or a config, and how to search."""
    from lossatlas.recipes import RecipeError
    from lossatlas.sweeps import read_config, read_explore, seconds

    asked = {key: value for key, value in asked.items() if value is not None}
    if time_limit is not None:
        asked["time_limit"] = seconds(time_limit)
    try:
        settings = read_explore(asked)
    except RecipeError as error:
        raise ValueError(error.named(f"--{error.key}")) from None
    if not name.endswith(".toml"):
        return options.recipe_of(name, given), settings
    config = read_config(Path(name))
    if config.sweep:
        raise ValueError(f"{name} has a [sweep]; run it by: lossatlas sweep {name}.")
    return config.recipe(given), config.explore.model_copy(update=asked)


def built(name: str, recipe: Any) -> Any:
    """Return landscape and data of a recipe, and print what the data are."""
    from lossatlas.recipes import build_problem

    try:
        problem = build_problem(recipe)
    except ValueError as error:
        raise (ValueError(f"{name}: {error}") if name.endswith(".toml") else error) from None
    parts = {"training": problem.training, "validation": problem.validation, "test": problem.test}
    known = {part: data for part, data in parts.items() if data is not None and name != "xor"}
    for part, data in known.items():
        typer.echo(f"{part}: {data}" if len(known) > 1 else str(data))
    if "test" in known and getattr(recipe, "tests_by_default", False):
        used, kept = len(known["training"]), len(known["test"])
        typer.echo(
            f"{kept} items are held out for tests, {used} train the models; to train on all: --test 0"
        )
    return problem


def atlas_path(name: str, given: dict[str, Any], out: Path | None) -> Path:
    """Return the file of the atlas, by default named like the landscape or the table."""
    path = out or Path(f"{Path(given.get('table', name)).stem}.atlas")
    if path.suffix.lower() in (".png", ".svg", ".pdf"):
        raise ValueError(f"--out names the atlas, such as {path.stem}.atlas; the picture goes beside it.")
    return path


@contextlib.contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print warnings at the end, each as one line."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        ignore_damaged_programs()
        yield
    for warning in said:
        sys.stderr.write(f"lossatlas: {warning.message}\n")


def _searched(recipe, problem, out: Path, settings, quiet: bool) -> tuple[Any, bool]:
    """Explore; return the atlas, open for reading, and whether Ctrl-C ended the exploration."""
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import explore_recipe

    with warnings_as_lines():
        try:
            return explore_recipe(recipe, problem, out, settings, progress=not quiet), False
        except KeyboardInterrupt:
            if not out.exists():
                raise
            return Atlas(out, readonly=True), True


def _state_memory(landscape, workers: int | None) -> None:
    """Print the memory that the searches need, for landscapes searched without Hessians."""
    from lossatlas.searches import memory_needed, toolkit_for

    if not toolkit_for(landscape).hessians:
        needed = memory_needed(landscape, workers=workers)
        typer.echo(
            f"memory   {landscape.dimension} variables: {needed / 2**20:.0f} MiB for the searches at once, "
            "besides up to a GiB for JAX and its compiler"
        )
