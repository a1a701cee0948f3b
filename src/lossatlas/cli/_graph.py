"""`lossatlas graph`: draw the disconnectivity graph of an atlas."""

from pathlib import Path
from typing import Annotated, Literal

import typer


Order = Literal["energy", "size", "centre"]


def graph(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Picture: .png, .svg or .pdf.")],
    colour: Annotated[str | None, typer.Option(help="Column of the minima to colour by.")] = None,
    order: Annotated[Order, typer.Option(help="Order of the branches.")] = "centre",
    levels: Annotated[
        int | None, typer.Option(help="Regular energy thresholds; default: the exact merge tree.")
    ] = None,
    labels: Annotated[bool, typer.Option(help="Write the id of each minimum.")] = False,
) -> None:
    """Draw the disconnectivity graph."""
    from lossatlas.atlas import Atlas

    if levels is not None and levels < 1:
        raise ValueError(f"--levels must be at least 1, got {levels}.")
    with Atlas(file, readonly=True) as atlas:
        draw(atlas, out, colour=colour, order=order, levels=levels, labels=labels)
    typer.echo(f"picture  {out}")


def draw(
    atlas,
    picture: Path,
    *,
    colour: str | None = None,
    order: Order = "centre",
    levels: int | None = None,
    labels: bool = False,
) -> None:
    """Draw an atlas to a file."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    from lossatlas.analysis import disconnectivity
    from lossatlas.plots import plot_disconnectivity, save_picture

    minima, states = atlas.minima, atlas.transition_states
    if not len(minima):
        raise ValueError("The atlas holds no minimum, so there is nothing to draw.")
    values = None
    if colour is not None:
        columns = ("energy", "lowest_eigenvalue", "log_product", "orbit_size", "hits", "degree")
        if colour not in columns and colour not in minima.metrics:
            there = ", ".join([*columns, *minima.metrics])
            hint = "" if minima.metrics else "; metrics are added by: lossatlas evaluate FILE"
            raise ValueError(f"There is no column {colour!r} to colour by; there is {there}{hint}.")
        if colour in minima.metrics:
            check_judged(minima, atlas.path)
        values = np.asarray(minima[colour], dtype=float)
        if colour in ("orbit_size", "degree") and np.all(np.abs(values) < 2**53):
            values = values.astype(int)  # a few whole numbers are told apart better in a legend
    # Ids are 1, 2, 3, ... without gaps.
    tree = disconnectivity(minima.energy, states.energy, states.minima - 1, levels=levels)
    figure, ax = plt.subplots(figsize=(6.0, 5.4), layout="constrained")
    plot_disconnectivity(
        tree,
        ax=ax,
        order=order,
        colour=values,
        colour_label=label(colour) if colour else None,
        labels=[str(m) for m in minima.id] if labels else None,
    )
    name = atlas.landscape.get("landscape", "import")
    ax.set_title(
        f"{name}: {len(minima)} minim{'um' if len(minima) == 1 else 'a'}, "
        f"{len(states)} transition state{'' if len(states) == 1 else 's'}"
    )
    try:
        save_picture(figure, picture)
    finally:
        plt.close(figure)


def label(column: str) -> str:
    """Return the name of a column as it is written in pictures."""
    return column.replace("_", " ").replace("auc", "AUC")


def check_judged(minima, file: Path) -> None:
    """Refuse metrics of a part of the minima.

    **Raises:** `ValueError` that says how to add them.
    """
    from lossatlas.studies import unjudged

    left = int(unjudged(minima).sum())
    if left:
        raise ValueError(
            f"{left} of {len(minima)} minima of {file} have no metrics; add them by: "
            f"lossatlas evaluate {file}."
        )
