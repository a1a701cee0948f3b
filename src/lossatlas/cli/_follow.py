"""`lossatlas follow`: how the points of an atlas move, appear and vanish as L2 changes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossatlas._display import display

from ._console import print_table
from ._report import AsCsv, AsJson, AtlasFile, Plot, print_result, read_ids, save_plot


if TYPE_CHECKING:
    from lossatlas.searches import Branches


def follow(
    file: AtlasFile,
    to: Annotated[float, typer.Option(help="Final L2; the first is that of the atlas.")],
    points: Annotated[
        str, typer.Option(help="Points to follow: minima, ts, all, or ids of minima such as 1,2,7-9.")
    ] = "all",
    workers: Annotated[int | None, typer.Option(help="Threads. (default: one per core)")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Follow minima and transition states as L2 changes; find folds and bifurcations."""
    if to < 0:
        raise ValueError(f"--to must not be negative, got {to:g}: a loss with a negative L2 has no minima.")
    landscape, x, names = _read(file, points)
    from lossatlas.searches import follow as run

    with display("following the points", pipe=True):
        branches = run(landscape, x, to=to, names=names, workers=workers)
    print_result(branches, as_json, as_csv, lambda: _print(branches, landscape.morse_sum))
    save_plot(plot, lambda plots: plots.branches(branches))


def _read(file: Path, points: str) -> tuple[Any, Any, list[str]]:
    """Return the landscape of an atlas, the points to follow, and their names."""
    import numpy as np

    from lossatlas.atlas import Atlas

    with Atlas(file, readonly=True) as atlas:
        known, states, landscape = atlas.minima.id, atlas.transition_states.id, atlas.landscape
        minima = known if points in ("minima", "all") else known[:0]
        if points not in ("minima", "ts", "all"):
            minima = read_ids(points, "--points", known)
        chosen = states if points in ("ts", "all") else states[:0]
        x = np.concatenate(
            [
                atlas.minima.x[np.isin(known, minima)],
                atlas.transition_states.x[np.isin(states, chosen)],
            ]
        )
    if not hasattr(landscape, "l2"):
        raise ValueError(f"The landscape of {file} has no L2 to follow.")
    if not len(x):
        raise ValueError(f"--points {points}: {file} holds no such point.")
    names = [f"minimum {i}" for i in minima] + [f"transition state {i}" for i in chosen]
    return landscape, x, names


def _print(branches: "Branches", morse_sum: int | None) -> None:
    named = lambda row: "-" if row is None else branches.points[row]
    print_table(
        f"{len(branches)} branches from L2 {branches.start:g} to {branches.end:g}",
        ("branch", "from", "to", "ends at L2", "outcome"),
        [
            (
                str(i),
                named(branch.first),
                named(branch.last),
                f"{branch.parameter[-1]:.9g}" if len(branch) else "-",
                branch.outcome.name,
            )
            for i, branch in enumerate(branches.branches)
        ],
    )
    for kind, title in (("fold", "folds"), ("bifurcation", "bifurcations"), ("end", "ends on an image")):
        events = [event for event in branches.events if event.kind == kind]
        meeting = ("between", "and") if kind == "fold" else ()
        rows = [
            (
                str(event.branch),
                f"{event.parameter:.9g}",
                f"{event.energy:.12f}",
                *map(str, event.indices),
                *(named(row) for row in event.points[: len(meeting)]),
            )
            for event in events
        ]
        if events:
            columns = ("branch", "L2", "energy", "index before", "after", *meeting)
            print_table(f"{len(events)} {title}", columns, rows)
    values = branches.grid(13)
    counts, images = branches.counts(values), branches.counts(values, images=True)
    print_table(
        "points on these branches, by index (with images)",
        ("L2", *(f"index {k}" for k in range(counts.shape[1])), "Morse sum"),
        [
            (
                f"{value:.6g}",
                *(f"{n} ({m})" for n, m in zip(*rows)),
                str(rows[1][::2].sum() - rows[1][1::2].sum()),
            )
            for value, *rows in zip(values, counts, images)
        ],
    )
    if morse_sum is not None:
        typer.echo(
            f"All points together have the Morse sum {morse_sum}: another one says that points lie on "
            "branches that were not followed; an atlas has no points of higher index to start from."
        )
