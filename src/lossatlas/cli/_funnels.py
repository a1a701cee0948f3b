"""`lossatlas funnels`: the funnels of a network of minima, their depths and sizes."""

from typing import Annotated, Literal

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    AtlasFile,
    Plot,
    print_result,
    read_energy_label,
    read_network,
    save_plot,
)


_SHOWN = 20


def funnels(
    file: AtlasFile,
    via: Annotated[
        Literal["lowest_neighbour", "lowest_ts"],
        typer.Option(help="The neighbour that a minimum drains to."),
    ] = "lowest_neighbour",
    min_depth: Annotated[
        float, typer.Option(help="Leave out funnels that are shallower, loss units.")
    ] = 0.0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """List the funnels: minima without a lower neighbour, with depth and size, deepest first.

    Depth: height of the lowest barrier to any lower minimum above the bottom. Size: number of minima that
    drain into the bottom. Superbasin: number of minima joined to the bottom below that barrier. CSV has a
    row for each funnel; JSON also has the minimum that each minimum drains to.
    """
    from lossatlas.analysis import funnels as find_funnels

    network = read_network(file)
    found = find_funnels(network, min_depth=min_depth, via=via)

    def table() -> None:
        rows = [
            [str(bottom), f"{energy:.8g}", f"{merge:.8g}", f"{depth:.4g}", str(size), str(superbasin)]
            for bottom, energy, merge, depth, size, superbasin in zip(*found.to_columns().values())
        ]
        names = ("bottom", "energy", "merges at", "depth", "size", "superbasin")
        count = f"{len(rows)} funnel{'' if len(rows) == 1 else 's'} of {network}"
        # Minima without a transition state have no known depth, and there may be thousands of them.
        is_lone = lambda row: row[3] == "inf" and row[5] == "1"
        if len(rows) > _SHOWN and (lone := sum(map(is_lone, rows))):
            count += f", {lone} of them minima that no transition state joins to others"
            rows = [row for row in rows if not is_lone(row)]
        first = f"; the deepest {_SHOWN}" if len(rows) > _SHOWN else ""
        print_table(count + first, names, rows[:_SHOWN])

    print_result(found, as_json, as_csv, table)
    label = lambda: f"{read_energy_label(file)}, bottom of the funnel"
    save_plot(plot, lambda plots: plots.funnels(found, xlabel=label()))
