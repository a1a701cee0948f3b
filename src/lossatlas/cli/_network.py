"""`lossatlas network`: the network of minima in numbers, beside random graphs."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from ._console import print_table
from ._report import AsCsv, AsJson, Plot, print_result, read_network, save_plot


def network(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    communities: Annotated[
        bool, typer.Option("--communities", help="Find communities, too (needs scikit-network).")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of random graphs, samples and communities.")] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Describe the network of minima: degrees, clustering, paths, hubs, a power-law test.

    The largest connected part is compared with random graphs of its size and of its degrees. CSV has a
    row for each minimum; the picture is the degree distribution.
    """
    from lossatlas.analysis import network_statistics, sequence_basins

    found = read_network(file)
    groups = _find_communities(found, seed) if communities else None
    statistics = network_statistics(found, seed=seed)

    def columns() -> dict[str, Any]:
        values = {"id": range(1, len(found) + 1), "energy": found.energies, **statistics.to_columns()}
        values["basin"] = sequence_basins(found).bottom + 1
        return values | (groups.to_columns() if groups else {})

    def draw():
        from lossatlas.plots import plot_degree_distribution

        return plot_degree_distribution(statistics)

    print_result(
        as_json,
        as_csv,
        record=lambda: _record(found, statistics, groups),
        columns=columns,
        table=lambda: _print(found, statistics, groups),
    )
    save_plot(plot, draw)


def _find_communities(found, seed: int):
    from lossatlas.analysis import communities

    try:
        return communities(found, seed=seed)
    except ImportError as error:
        raise ValueError(str(error)) from None


def _record(found, statistics, groups) -> dict[str, Any]:
    """Return what JSON says: numbers by name, hubs by id."""
    record = {
        "minima": len(found),
        "transition_states": len(found.ts_energies),
        "edges": statistics.edges,
        "parts": statistics.parts,
        "mean_degree": statistics.mean_degree,
        "average_clustering": statistics.average_clustering,
        "transitivity": statistics.transitivity,
        "assortativity": statistics.assortativity,
        "paths": {**dataclasses.asdict(statistics.paths), "exact": statistics.paths.exact},
        "random_graphs": {
            "same_size": dataclasses.asdict(statistics.same_size),
            "same_degrees": dataclasses.asdict(statistics.same_degrees),
        },
        "power_law": None,
        "hubs": [
            {"id": int(i) + 1, "degree": int(statistics.degree[i]), "energy": float(found.energies[i])}
            for i in statistics.hubs
        ],
    }
    if statistics.power_law is not None:
        fit = statistics.power_law
        record["power_law"] = {**dataclasses.asdict(fit), "verdict": fit.verdict}
    if groups is not None:
        record["communities"] = {"modularity": groups.modularity, "sizes": groups.sizes}
    return record


def _print(found, statistics, groups) -> None:
    paths, fit = statistics.paths, statistics.power_law
    typer.echo(f"{found}: {statistics.edges} edges, mean degree {statistics.mean_degree:.4g}")
    largest = f", the largest with {paths.nodes} minima" if statistics.parts > 1 else ""
    typer.echo(f"connected parts     {statistics.parts}{largest}")
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
    print_table(f"largest part ({paths.nodes} minima) beside random graphs", columns, rows)
    hubs = [[str(i + 1), str(statistics.degree[i]), f"{found.energies[i]:.8g}"] for i in statistics.hubs]
    print_table("hubs", ("id", "degree", "energy"), hubs)


def _with_spread(value: float, spread: float) -> str:
    return f"{value:.4g} +- {spread:.2g}" if spread > 1e-12 * abs(value) else f"{value:.4g}"
