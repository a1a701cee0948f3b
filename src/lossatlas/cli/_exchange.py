"""`lossatlas export` and `lossatlas import`: PATHSAMPLE databases."""

from pathlib import Path
from typing import Annotated

import typer


Format = Annotated[str, typer.Option("--format", help="Only pathsample.")]


def export_atlas(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    directory: Annotated[Path, typer.Argument(help="Where min.data and ts.data are written.")],
    form: Format = "pathsample",
) -> None:
    """Write an atlas as min.data, ts.data and points files."""
    from lossatlas.atlas import Atlas, export_pathsample

    _check(form)
    with Atlas(file, readonly=True) as atlas:
        export_pathsample(atlas, directory)
        typer.echo(
            f"{len(atlas.minima)} minima and {len(atlas.transition_states)} transition states "
            f"written to {directory}"
        )


def import_atlas(
    directory: Annotated[Path, typer.Argument(help="Where min.data and ts.data lie.")],
    out: Annotated[Path, typer.Option(help="The atlas to make.")],
    form: Format = "pathsample",
) -> None:
    """Make an atlas of min.data and ts.data, with or without points files."""
    from lossatlas.analysis import transition_network
    from lossatlas.atlas import Atlas, import_pathsample

    _check(form)
    import_pathsample(directory, out)
    with Atlas(out, readonly=True) as atlas:
        typer.echo(
            f"{len(atlas.minima)} minima and {len(atlas.transition_states)} transition states "
            f"read into {out}"
        )
        try:
            transition_network(atlas)
        except ValueError as error:
            typer.echo(f"lossatlas: {error} No analysis will take this atlas.", err=True)


def _check(form: str) -> None:
    if form != "pathsample":
        raise ValueError(f"--format must be pathsample, got {form!r}.")
