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
    from lossatlas.analysis import temperature_range

    network = read_network(file)
    result = compute(network, temperatures := choose_temperatures(kt, network))

    def draw():
        from lossatlas.plots import plot_frustration

        grid = temperatures
        if not np.ptp(grid) > 0:
            grid = temperature_range(network)
        if grid is None:
            raise ValueError(
                "All minima that matter have one energy: a picture needs two temperatures by --kt."
            )
        return plot_frustration(compute(network, np.geomspace(min(grid), max(grid), 200)))

    def table() -> None:
        columns = result.to_columns()
        print_table(
            f"frustration of {network}",
            ("kT", "frustration", "normalised", "ground", "unconnected"),
            [[f"{value:.6g}" for value in row] for row in zip(*columns.values())],
        )

    print_result(as_json, as_csv, record=result.to_columns, columns=result.to_columns, table=table)
    save_plot(plot, draw)
