"""`lossatlas table`: one row per atlas, with the columns of published tables."""

from typing import Annotated

import typer

from ._report import AtlasFiles


def table(
    files: AtlasFiles,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV with numbers in full in place of Markdown.")
    ] = False,
    quantity: Annotated[
        list[str] | None,
        typer.Option(
            help="Add this quantity, at the global minimum and over all; may be given several times."
        ),
    ] = None,
) -> None:
    """Print a row per atlas: numbers of points, coverage, loss, and metrics of the minima."""
    from lossatlas.atlas import Atlas
    from lossatlas.sweeps import quantity_columns, summarise, to_csv, to_markdown, unjudged

    names = quantity or []
    rows = [summarise(file, names) for file in files]
    for file in files:
        with Atlas(file, readonly=True) as atlas:
            left, minima = int(unjudged(atlas).sum()), len(atlas.minima)
        if left and left < minima:
            hint = f"run: lossatlas evaluate {file}"
            typer.echo(
                f"lossatlas: {left} of {minima} minima of {file} are not evaluated; {hint}", err=True
            )
    typer.echo((to_csv if as_csv else to_markdown)(rows, last=quantity_columns(names)), nl=False)
