"""`lossatlas graph`: draw the disconnectivity graph of an atlas."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ._report import AtlasFile, draw_to, read_ids


if TYPE_CHECKING:
    from lossatlas.analysis import DisconnectivityTree, RateNetwork, Regrouping
    from lossatlas.atlas import Atlas


Order = Literal["energy", "size", "centre"]


def graph(
    file: AtlasFile,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", help="Picture (.png, .svg, .pdf), or a page to zoom in to (.html)."),
    ],
    colour: Annotated[str | None, typer.Option(help="Colour by this column of the minima.")] = None,
    order: Annotated[Order, typer.Option(help="Order of the branches.")] = "centre",
    x: Annotated[
        str | None,
        typer.Option("--x", help="Column of the minima for a horizontal axis, in place of --order."),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log", help="Draw energies above the lowest minimum on a logarithmic axis.")
    ] = False,
    levels: Annotated[
        int | None,
        typer.Option(
            help="Number of regular energies at which branches join; 0: at those of transition states. "
            "(default: 0 up to 60 minima and on a page, else 40)"
        ),
    ] = None,
    labels: Annotated[bool, typer.Option(help="Write the id of each minimum.")] = False,
    labelled: Annotated[
        str | None,
        typer.Option("--label", help="Write only these ids, such as 1,5,7-9, and the lowest."),
    ] = None,
    highlight: Annotated[
        list[str] | None,
        typer.Option(
            help="Minima to colour, such as 1,5,7-9, a named set, or NAME=1,5,7-9; may be given several "
            "times."
        ),
    ] = None,
    connected: Annotated[
        bool, typer.Option("--connected", help="Draw only the component that holds the global minimum.")
    ] = False,
    around: Annotated[
        int | None,
        typer.Option(help="Draw only the minima joined to this one below the energy of --below."),
    ] = None,
    below: Annotated[
        float | None, typer.Option(help="Energy below which minima are joined, for --around.")
    ] = None,
    lowest: Annotated[
        int | None, typer.Option(help="Draw only this many of the (remaining) minima, the lowest.")
    ] = None,
    kt: Annotated[
        float | None, typer.Option("--kt", help="Draw free energies at this temperature, loss units.")
    ] = None,
    regroup: Annotated[
        float | None,
        typer.Option(help="With --kt: lump minima separated by free-energy barriers below this."),
    ] = None,
) -> None:
    """Draw the disconnectivity graph."""
    from lossatlas.atlas import Atlas

    if levels is not None and levels < 0:
        raise ValueError(f"--levels must be at least 0, got {levels}.")
    page = out.suffix.lower() == ".html"
    if page and (x is not None or labelled):
        raise ValueError("--x and --label are for pictures; a page has all ids, and the usual order.")
    with Atlas(file, readonly=True) as atlas:
        tree, groups = read_tree(atlas, levels or None, kt, regroup)
        ids = atlas.minima.id
        # A group of minima is drawn as its most probable one.
        drawn_as = (lambda chosen: chosen) if groups is None else groups.group_ids
        sets = read_sets(highlight or [], ids, dict(atlas.sets))
        options: dict[str, Any] = {
            "colour": colour,
            "highlight": {name: drawn_as(chosen) for name, chosen in sets.items()}
            if isinstance(sets, dict)
            else None
            if sets is None
            else drawn_as(sets),
            "order": order,
            "scale": "log" if log else "linear",
            "kt": kt,
            "groups": groups is not None,
        }
        named = drawn_as(read_ids(labelled, "--label", ids, dict(atlas.sets))) if labelled else labels
        if around is not None:
            around = int(drawn_as(read_ids(str(around), "--around", ids))[0])
        for name in (colour, x):
            check_column(atlas, name)
        tree = choose(tree, connected, around, below, lowest)
        if page:
            from lossatlas import plots

            plots.write_atlas_graph(atlas, out, tree, **options)
        else:
            options |= {"x": x, "labels": named, "levels": None if levels else levels}
            draw_to(out, lambda plots: plots.atlas_graph(atlas, tree, **options))
    typer.echo(f"{'page' if page else 'picture'}  {out}")


def read_tree(
    atlas: "Atlas", levels: int | None, kt: float | None, barrier: float | None
) -> tuple["DisconnectivityTree", "Regrouping | None"]:
    """Return the tree of an atlas, with `kt` that of free energies, and the groups of minima or None."""
    from lossatlas import plots
    from lossatlas.analysis import free_energy_disconnectivity, rate_network, regroup, transition_network

    if kt is None:
        if barrier is not None:
            raise ValueError("--regroup needs a temperature, --kt.")
        return plots.atlas_tree(atlas, levels), None
    if barrier is not None and not 0 <= barrier < math.inf:
        raise ValueError(f"--regroup must be a finite number of at least 0, got {barrier:g}.")
    if not 0 < kt < math.inf:
        raise ValueError(f"--kt must be a positive number, got {kt}.")
    rates = rate_network(transition_network(atlas), kt)
    print_raised(rates)
    groups = None if barrier is None else regroup(rates, barrier)
    return free_energy_disconnectivity(rates if groups is None else groups.network, levels=levels), groups


def print_raised(rates: "RateNetwork") -> None:
    """Print how many minima lie above one of their transition states: the approximation fails there."""
    if len(rates.raised):
        typer.echo(
            f"{len(rates.raised)} of {len(rates)} minima lie above a transition state of theirs in free "
            "energy: the harmonic approximation ends there, and they are drawn to join at their own free "
            "energy",
            err=True,
        )


def choose(
    tree: "DisconnectivityTree",
    connected: bool,
    around: int | None,
    below: float | None,
    lowest: int | None,
) -> "DisconnectivityTree":
    """Return the tree of the minima that the options of `graph` select."""
    import numpy as np

    if (around is None) != (below is None):
        raise ValueError("--around ID and --below ENERGY need each other.")
    if lowest is not None and lowest < 1:
        raise ValueError(f"--lowest must be at least 1, got {lowest}.")
    kept = tree.component == 0 if connected else np.ones(len(tree), dtype=bool)
    if around is not None and below is not None:
        energy = tree.energy[tree.positions([around])[0]]
        if below < energy:
            raise ValueError(f"--below {below:g} lies below minimum {around}, at {energy:g}.")
        kept &= np.isin(tree.ids, tree.superbasin(around, below))
    if not kept.any():
        raise ValueError(
            f"Minimum {around} is not connected to the global minimum: nothing is left to draw."
        )
    if lowest is not None:
        order = np.argsort(np.where(kept, tree.energy[: len(tree)], np.inf), kind="stable")
        kept[order[lowest:]] = False
    return tree if kept.all() else tree.where(kept)


def read_sets(texts: list[str], ids: Any, known: dict[str, Any]) -> Any:
    """Return ids of minima, or ids by name, from texts such as "1,5", "losing=1,5", "A"; None for no text.

    **Raises:** `ValueError` if there are several sets and one of them has no name.
    """
    sets = {}
    for text in texts:
        name, _, chosen = text.rpartition("=")
        name = name or (text if text in known else "")
        sets[name] = read_ids(chosen, "--highlight", ids, known)
    if not sets:
        return None
    if len(sets) < len(texts) or ("" in sets and len(texts) > 1):
        raise ValueError("--highlight: several sets need a name of their own each, such as NAME=1,5,7-9.")
    return sets.get("", sets)


def check_column(atlas: "Atlas", name: str | None) -> None:
    """Refuse a metric that some minima lack, because `evaluate` could add it; gaps in others stay grey."""
    from lossatlas.sweeps import check_judged

    if name is not None and name in atlas.quantities.written_by("evaluate"):
        check_judged(atlas)
