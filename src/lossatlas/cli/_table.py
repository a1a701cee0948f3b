"""`lossatlas table`: one row per atlas, as in published tables."""

from pathlib import Path
from typing import Annotated

import typer


def table(
    files: Annotated[list[Path], typer.Argument(help="Atlases.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with numbers in full, not Markdown.")] = False,
) -> None:
    """Print minima, transition states, and the AUC of the global minimum and over all minima."""
    from lossatlas.studies import summarise, to_csv, to_markdown

    rows = [summarise(file) for file in files]
    typer.echo((to_csv if as_csv else to_markdown)(rows), nl=False)
