"""`lossatlas frustration`: the frustration of a landscape against temperature."""

from pathlib import Path
from typing import Annotated

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    Plot,
    Temperatures,
    choose_temperatures,
    print_result,
    read_network,
    save_plot,
)


def frustration(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    kt: Temperatures = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Barriers to the global minimum over energy differences, weighted by occupation.

    Without --kt, temperatures between which the occupation of the minima changes.
    """
    import numpy as np

    from lossatlas.analysis import frustration as compute

    network = read_network(file)
    result = compute(network, temperatures := choose_temperatures(kt, network))

    def draw():
        from lossatlas.plots import plot_frustration

        grid = temperatures if np.ptp(temperatures) > 0 else choose_temperatures(None, network)
        return plot_frustration(compute(network, np.geomspace(grid.min(), grid.max(), 200)))

    def table() -> None:
        columns = result.to_columns()
        print_table(
            f"frustration of {network}",
            ("kT", "F", "normalised", "at lowest energy", "not connected"),
            [[f"{value:.6g}" for value in row] for row in zip(*columns.values())],
        )

    save_plot(plot, draw)
    print_result(as_json, as_csv, record=result.to_columns, columns=result.to_columns, table=table)
