"""`lossatlas census`: all stationary points of a small landscape, with the Morse certificate."""

from pathlib import Path
from typing import Annotated

import typer

from lossatlas._display import display

from . import _landscape as options
from ._console import print_table
from ._report import print_json
from ._summary import certificate


def census(
    context: typer.Context,
    name: options.Name,
    *,
    seed: Annotated[int, typer.Option(help="Seed of the random starts.")] = 0,
    starts: Annotated[
        int | None,
        typer.Option(
            help="Number of searches. (default: until the Morse sum agrees and no new points are found)"
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="A search for points of every index, with its settings, such as my_package.MySearch(). "
            "(default: EigenvectorFollowing(150))"
        ),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    memory: options.Memory = None,
    quiet: options.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    atlas: Annotated[
        Path | None, typer.Option(help="Store the result in this atlas, for `lossatlas show`.")
    ] = None,
) -> None:
    """Find stationary points of every index and compare with the Morse sum."""
    options.limit_memory(memory)
    from lossatlas.searches import census as run

    by = options.method_of(method)
    landscape, data, *_ = options.problem_of(name, options.given(context))
    if data is not None and name != "xor" and not as_json:
        typer.echo(str(data))
    if atlas is not None:
        _open(atlas, landscape).close()  # an atlas of another landscape is refused before the searches
    with display("compiling the searches", pipe=True, quiet=quiet) as update:
        result = run(
            landscape,
            starts=starts,
            seed=seed,
            method=by,
            workers=workers,
            progress=lambda done, found: update(f"{found} points after {done} searches", None),
        )
    if atlas is not None:
        with _open(atlas, landscape) as opened:
            opened.set_census(result.to_dict())
    if as_json:
        print_json(result)
        return
    print_table(
        f"{len(result.energy)} stationary points",
        ("energy", "index", "orbit size"),
        [(f"{e:.12f}", str(i), str(n)) for e, i, n in zip(result.energy, result.index, result.orbit_size)],
    )
    print_table(
        "images by index",
        ("index", "images"),
        [(str(index), str(images)) for index, images in result.by_index.items()],
    )
    typer.echo(
        f"{certificate(result.to_dict())} ({result.searches} searches: "
        f"{', '.join(f'{name} {count}' for name, count in result.outcomes().items())})"
    )


def _open(file: Path, landscape):
    from lossatlas.atlas import Atlas

    if not file.exists():
        raise ValueError(f"There is no atlas {file} to store the census in.")
    Atlas(file, readonly=True).close()  # with a landscape, an empty file would become an atlas
    return Atlas(file, landscape)
