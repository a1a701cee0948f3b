"""`lossatlas quantities`: the user's own numbers per minimum or transition state."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ._console import print_table
from ._report import AtlasFile


def quantities(
    file: AtlasFile,
    columns: Annotated[
        Path | None,
        typer.Argument(help="A CSV file to store, with the header id,NAME,... and optional NAME_error."),
    ] = None,
    kind: Annotated[
        Literal["minimum", "ts"], typer.Option(help="Kind of the points that the quantities belong to.")
    ] = "minimum",
    delete: Annotated[
        list[str] | None, typer.Option(help="Delete this quantity; may be given several times.")
    ] = None,
) -> None:
    """List the quantities of an atlas, after deleting some or storing those of a CSV file."""
    from lossatlas.atlas import Atlas

    points = "transition_state" if kind == "ts" else kind
    if columns is not None or delete:
        with Atlas(file, readonly=False) as atlas, atlas.transaction():
            if delete:
                atlas.quantities.delete(*delete, kind=points)
            if columns is not None:
                atlas.quantities.read_csv(columns, kind=points)
    with Atlas(file, readonly=True) as atlas:
        rows = [
            (
                quantity.name,
                quantity.kind.replace("_", " "),
                str(len(quantity)),
                str(int((quantity.errors == quantity.errors).sum())),
                ", ".join(dict.fromkeys(f"{run.call}, {run.written or '-'}" for run in quantity.runs)),
            )
            for quantity in atlas.quantities
        ]
    print_table(f"{len(rows)} quantities", ("name", "of", "points", "errors", "written by"), rows)
