"""`lossatlas picture`: pictures of the minima of one atlas or of several as models."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ._mistakes import check_atlas_file
from ._report import draw_to


Kind = Literal["boxes", "curve", "graphs", "misclassification", "distances", "networks", "fits"]


def picture(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="boxes, curve or graphs of several atlases; misclassification, distances, networks or "
            "fits of one atlas."
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Atlases; for boxes, curve and graphs evaluated ones.", callback=check_atlas_file
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png, .svg or .pdf.")],
    metric: Annotated[str, typer.Option(help="Metric for boxes, curve and graphs.")] = "auc",
    by: Annotated[
        str | None,
        typer.Option(help="Setting that labels the atlases. (default: all in which they differ)"),
    ] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Draw all graphs on one energy axis.")] = False,
) -> None:
    """Draw metrics against a setting, graphs side by side, distances between models, networks, or fits."""
    from lossatlas.sweeps import picture as drawn

    draw_to(out, lambda _: drawn(kind, files, metric=metric, by=by, shared=shared))
    typer.echo(f"picture  {out}")
