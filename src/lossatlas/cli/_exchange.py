"""`lossatlas export` and `lossatlas import`: PATHSAMPLE databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ._report import AtlasFile


_COLUMNS = {"log_product": "log-product", "orbit_size": "point-group order"}

Format = Annotated[str, typer.Option("--format", help="Format of the files; pathsample is the only one.")]


def export_atlas(
    file: AtlasFile,
    directory: Annotated[Path, typer.Argument(help="Folder to write min.data and ts.data to.")],
    form: Format = "pathsample",
) -> None:
    """Write an atlas as min.data, ts.data and points files."""
    from lossatlas.atlas import Atlas, export_pathsample

    _check(form)
    with Atlas(file, readonly=True) as atlas:
        export_pathsample(atlas, directory)
        for line in _unknown(atlas, ("log_product",)):
            typer.echo(f"{line}, written as NaN", err=True)
        held = int((atlas.minima.held > 0).sum() + (atlas.transition_states.held > 0).sum())
        if held:
            typer.echo(
                f"log-products of {held} points on bounds written as NaN: the format has no slopes",
                err=True,
            )
        typer.echo(
            f"{len(atlas.minima)} minima and {len(atlas.transition_states)} transition states "
            f"written to {directory}"
        )


def import_atlas(
    directory: Annotated[Path, typer.Argument(help="Folder that holds min.data and ts.data.")],
    out: Annotated[Path, typer.Option(help="The atlas to write.")],
    columns: Annotated[
        Path | None, typer.Option(help="A CSV file of further columns, with the header id,NAME,...")
    ] = None,
    form: Format = "pathsample",
) -> None:
    """Make an atlas from min.data and, where they exist, ts.data, points files, min.A and min.B."""
    from lossatlas.analysis import summary
    from lossatlas.atlas import Atlas, import_pathsample

    from ._summary import print_flags

    _check(form)
    import_pathsample(directory, out, columns=columns)
    with Atlas(out, readonly=True) as atlas:
        sets = "".join(f", set {name} of {len(ids)}" for name, ids in atlas.sets.items())
        typer.echo(
            f"{len(atlas.minima)} minima and {len(atlas.transition_states)} transition states{sets} "
            f"read into {out}"
        )
        if not (directory / "ts.data").exists():
            typer.echo("there is no ts.data: what joins the minima is not known", err=True)
        print_flags(summary(atlas), err=True)
        for line in _unknown(atlas, ("log_product", "orbit_size")):
            typer.echo(line, err=True)


def _unknown(atlas, names: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for every column that has unknown values."""
    import numpy as np

    for kind, points in (("minima", atlas.minima), ("transition states", atlas.transition_states)):
        for name in names:
            bad = np.flatnonzero(np.isnan(points[name]))
            some = f"{len(bad)} {kind}, the first of them number {bad[0] + 1}" if len(bad) else ""
            if len(bad):
                yield f"not known of {f'the {kind}' if len(bad) == len(points) else some}: {_COLUMNS[name]}"


def _check(form: str) -> None:
    if form != "pathsample":
        raise ValueError(f"--format must be pathsample, got {form!r}.")
