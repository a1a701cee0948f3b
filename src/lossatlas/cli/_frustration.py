"""`lossatlas frustration`: the frustration of a landscape against temperature."""

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    AtlasFile,
    Plot,
    Temperatures,
    print_result,
    read_network,
    read_temperatures,
    save_plot,
)


def frustration(
    file: AtlasFile,
    kt: Temperatures = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Compute barriers to the global minimum over energy differences, weighted by occupation.

    Without --kt, the temperatures span the range in which the occupation of the minima changes.
    """
    from lossatlas.analysis import frustration as compute
    from lossatlas.analysis import temperature_grid

    network = read_network(file)
    temperatures = temperature_grid(network) if kt is None else read_temperatures(kt)
    result = compute(network, temperatures)

    def table() -> None:
        names = ("kT", "frustration", "normalised", "ground", "unconnected")
        rows = zip(*result.to_columns().values())
        print_table(f"frustration of {network}", names, [[f"{value:.6g}" for value in row] for row in rows])

    print_result(result, as_json, as_csv, table)
    save_plot(
        plot,
        lambda plots: plots.frustration(compute(network, temperature_grid(network, 200, kt=temperatures))),
    )
