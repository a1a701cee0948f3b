"""`lossatlas network`: statistics of the network of minima, compared with random graphs."""

from typing import TYPE_CHECKING, Annotated

import typer

from ._console import print_table
from ._report import AsCsv, AsJson, AtlasFile, Plot, print_result, read_network, save_plot


if TYPE_CHECKING:
    from lossatlas.analysis import NetworkStatistics, TransitionNetwork


def network(
    file: AtlasFile,
    communities: Annotated[
        bool, typer.Option("--communities", help="Also find communities (needs scikit-network).")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the random graphs, samples and communities.")
    ] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Describe the network of minima: degrees, clustering, paths, hubs, a power-law test.

    The largest connected component is compared with random graphs of the same size and of the same degrees.
    CSV has a row for each minimum; the picture shows the degree distribution.
    """
    from lossatlas.analysis import network_statistics

    found = read_network(file)
    try:
        statistics = network_statistics(found, seed=seed, communities=communities)
    except ImportError as error:
        raise ValueError(str(error)) from None
    print_result(statistics, as_json, as_csv, lambda: _print(found, statistics))
    save_plot(plot, lambda plots: plots.degree_distribution(statistics))


def _print(network: "TransitionNetwork", statistics: "NetworkStatistics") -> None:
    paths, fit, groups = statistics.paths, statistics.power_law, statistics.communities
    typer.echo(f"{network}: {statistics.edges} edges, mean degree {statistics.mean_degree:.4g}")
    largest = f", the largest with {paths.nodes} minima" if statistics.components > 1 else ""
    typer.echo(f"components          {statistics.components}{largest}")
    typer.echo(f"average clustering  {statistics.average_clustering:.4g}")
    typer.echo(f"transitivity        {statistics.transitivity:.4g}")
    typer.echo(f"assortativity       {statistics.assortativity:.4g}")
    error = "" if paths.exact else f" +- {paths.mean_error:.2g} from {paths.sources} minima"
    typer.echo(f"mean shortest path  {paths.mean:.5g}{error}")
    typer.echo(f"diameter            {'' if paths.exact else 'at least '}{paths.diameter}")
    if groups is not None:
        typer.echo(f"communities         {len(groups)}, modularity {groups.modularity:.4g}")
    if fit is None:
        typer.echo("power law           not tried: the degrees do not differ")
    else:
        typer.echo(
            f"power law           exponent {fit.exponent:.3g} +- {fit.exponent_error:.2g} for the "
            f"{fit.tail} minima of degree {fit.x_min} or more. {fit.verdict}"
        )
    rows = [
        [
            name,
            str(len(graphs.clustering)),
            _with_spread(graphs.clustering.mean(), graphs.clustering.std(ddof=1)),
            _with_spread(graphs.mean_shortest_path.mean(), graphs.mean_shortest_path.std(ddof=1)),
            _with_spread(graphs.sigma, graphs.sigma_error),
        ]
        for name, graphs in (("size", statistics.same_size), ("degrees", statistics.same_degrees))
    ]
    columns = ("random graphs of the same", "graphs", "clustering", "mean path", "small-world sigma")
    print_table(f"largest component ({paths.nodes} minima) beside random graphs", columns, rows)
    rows = network.positions(statistics.hubs)
    hubs = [[str(network.ids[i]), str(statistics.degree[i]), f"{network.energies[i]:.8g}"] for i in rows]
    print_table("hubs", ("id", "degree", "energy"), hubs)


def _with_spread(value: float, spread: float) -> str:
    return f"{value:.4g} +- {spread:.2g}" if spread > 1e-12 * abs(value) else f"{value:.4g}"
