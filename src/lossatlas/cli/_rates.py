"""`lossatlas rates`: rate constants, first-passage times and paths between two sets of minima."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from lossatlas._numbers import number_from_log

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    AtlasFile,
    Plot,
    print_failures,
    print_result,
    print_shallow,
    read_ids,
    read_network_and_sets,
    read_temperatures,
    save_plot,
)


if TYPE_CHECKING:
    from lossatlas.analysis import RatesAt, RateScan, TransitionNetwork


_PRINTED = ("rate", "mfpt", "mean_rate", "steady_state_rate", "non_steady_state_rate")


def rates(
    file: AtlasFile,
    source: Annotated[
        str, typer.Option("--from", help="Minima to start from: ids such as 1,2,7-9, or sets such as A,17.")
    ],
    target: Annotated[str, typer.Option("--to", help="Minima to end at, given in the same way.")],
    kt: Annotated[str, typer.Option("--kt", help="Temperatures in loss units: 0.1,0.2 or LOW:HIGH:COUNT.")],
    paths: Annotated[
        int | None, typer.Option(help="Number of fastest paths to list. (default: 1 for one temperature)")
    ] = None,
    monte_carlo: Annotated[int, typer.Option(help="Trajectories of kinetic Monte Carlo, as a check.")] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Compute rates from one set of minima to another, by graph transformation."""
    network, sets = read_network_and_sets(file)
    start = read_ids(source, "--from", network.ids, sets)
    end = read_ids(target, "--to", network.ids, sets)
    common = sorted(set(start.tolist()) & set(end.tolist()))
    if common:
        raise ValueError(f"--from and --to must not overlap; both name minimum {common[0]}.")
    temperatures = read_temperatures(kt)
    paths = int(len(temperatures) == 1) if paths is None else paths
    if paths < 0 or monte_carlo < 0:
        raise ValueError("--paths and --monte-carlo must not be negative.")
    from lossatlas.analysis import rate_scan

    scan = rate_scan(network, temperatures, start, end, paths=paths, trajectories=monte_carlo)
    print_result(scan, as_json, as_csv, lambda: _print(network, scan))
    save_plot(plot, lambda plots: plots.rates(scan))


def _print(network: "TransitionNetwork", scan: "RateScan") -> None:
    logs = [scan.numbers(f"log_{name}") for name in _PRINTED]
    print_table(
        "rate constants",
        ("kT", *(name.replace("_", " ") for name in _PRINTED)),
        [
            (f"{kt:.6g}", *("failed" if error else number_from_log(log) for log in row))
            for kt, error, *row in zip(scan.kt, scan.errors, *logs)
        ],
    )
    print_failures(scan.kt, scan.errors)
    for one in scan.computed:
        _print_checks(one)
    stranded = scan.computed[0].passage.unconnected
    if len(stranded) == len(scan.source):
        typer.echo("no known path leads from the first set to the second")
    elif len(stranded):
        typer.echo(
            f"no known path leads from {len(stranded)} of the first set to the second (first: minimum "
            f"{stranded[0]}); numbers are of the others"
        )
    print_shallow(network, [one.rates.kt for one in scan.computed])


def _print_checks(one: "RatesAt") -> None:
    """Print what kinetic Monte Carlo gives at a temperature, and the fastest paths."""
    kt, drawn = one.rates.kt, one.trajectories
    if drawn is not None:
        error = drawn.log_mfpt + math.log(drawn.relative_error)
        typer.echo(
            f"kT {kt:.6g}: kinetic Monte Carlo gives a first-passage time of "
            f"{number_from_log(drawn.log_mfpt)} +- {number_from_log(error)}"
        )
    for path in one.paths:
        steps = " - ".join(map(str, path.states))
        typer.echo(f"kT {kt:.6g}: path {steps}, ln probability {path.log_probability:.6g}")
