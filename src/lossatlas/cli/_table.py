"""`lossatlas table`: one row per atlas, as in published tables."""

from pathlib import Path
from typing import Annotated

import typer


def table(
    files: Annotated[list[Path], typer.Argument(help="Atlases.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with numbers in full, not Markdown.")] = False,
) -> None:
    """Print minima, transition states, and the AUC of the global minimum and over all minima."""
    from lossatlas.atlas import Atlas
    from lossatlas.recipes import summarise, to_csv, to_markdown, unjudged

    rows = [summarise(file) for file in files]
    for file in files:
        with Atlas(file, readonly=True) as atlas:
            left, minima = int(unjudged(atlas.minima).sum()), len(atlas.minima)
        if left and left < minima:
            hint = f"run: lossatlas evaluate {file}"
            typer.echo(
                f"lossatlas: {left} of {minima} minima of {file} are not evaluated; {hint}", err=True
            )
    typer.echo((to_csv if as_csv else to_markdown)(rows), nl=False)
