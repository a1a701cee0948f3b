"""`lossatlas rates`: rate constants, first-passage times and paths between two sets of minima."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ._console import print_table
from ._report import (
    AsCsv,
    AsJson,
    Plot,
    print_result,
    print_shallow,
    read_ids,
    read_network_and_sets,
    read_temperatures,
    save_plot,
)


_PRINTED = ("rate", "mfpt", "mean_rate", "steady_state_rate", "non_steady_state_rate")
_LISTS = ("committor", "shares", "unconnected")  # of a row: in JSON alone


def rates(
    file: Annotated[Path, typer.Argument(help="The atlas.")],
    source: Annotated[
        str, typer.Option("--from", help="Ids of minima, such as 1,2,7-9, or sets by name, such as A,17.")
    ],
    target: Annotated[str, typer.Option("--to", help="Other minima.")],
    kt: Annotated[str, typer.Option("--kt", help="Temperatures, loss units: 0.1,0.2 or LOW:HIGH:COUNT.")],
    paths: Annotated[
        int | None, typer.Option(help="Number of fastest paths to list. (default: 1 for one temperature)")
    ] = None,
    monte_carlo: Annotated[
        int, typer.Option(help="Trajectories of kinetic Monte Carlo, to check with.")
    ] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    plot: Plot = None,
) -> None:
    """Compute rates from one set of minima to another, by graph transformation."""
    network, sets = read_network_and_sets(file)
    start = read_ids(source, "--from", len(network), sets)
    end = read_ids(target, "--to", len(network), sets)
    common = sorted(set(start.tolist()) & set(end.tolist()))
    if common:
        raise ValueError(f"--from and --to must not overlap; both name minimum {common[0] + 1}.")
    temperatures = read_temperatures(kt)
    paths = int(len(temperatures) == 1) if paths is None else paths
    if paths < 0 or monte_carlo < 0:
        raise ValueError("--paths and --monte-carlo must not be negative.")
    found = [_at(network, float(value), start, end, paths, monte_carlo) for value in temperatures]
    rows = [passage for passage, _, _ in found]
    print_result(
        as_json,
        as_csv,
        record=lambda: _record(found),
        columns=lambda: {name: [row[name] for row in rows] for name in rows[0] if name not in _LISTS},
        table=lambda: _print(network, found, len(start)),
    )
    save_plot(plot, lambda: _draw(found, start, end))


def _at(network, kt: float, start, end, paths: int, monte_carlo: int) -> tuple[dict[str, Any], Any, Any]:
    """Return numbers at one temperature, the fastest paths and the rates themselves."""
    from lossatlas.analysis.kinetics import (
        fastest_paths,
        first_passage,
        kinetic_monte_carlo,
        rate_network,
    )

    rates = rate_network(network, kt)
    passage = first_passage(rates, start, end)
    row: dict[str, Any] = {
        "kt": kt,
        "rate": passage.rate,
        "log_rate": passage.log_rate,
        "mfpt": passage.mfpt,
        "mean_rate": passage.mean_rate,
        "steady_state_rate": passage.steady_state_rate,
        "non_steady_state_rate": passage.non_steady_state_rate,
        "unconnected": (passage.unconnected + 1).tolist(),
        "committor": passage.committor,
        "shares": passage.shares,
    }
    if monte_carlo and not len(passage.unconnected):
        drawn = kinetic_monte_carlo(rates, start, end, trajectories=monte_carlo)
        row |= {"monte_carlo_mfpt": drawn.mfpt, "monte_carlo_error": drawn.standard_error}
    return row, fastest_paths(rates, start, end, count=paths) if paths else [], rates


def _record(found) -> dict[str, Any]:
    """Return JSON: numbers for one temperature, lists over the temperatures for several."""
    records = []
    for row, paths, _ in found:
        listed = [{"minima": path.states + 1, "log_probability": path.log_probability} for path in paths]
        records.append(row | {"paths": listed})
    if len(records) == 1:
        return records[0]
    return {name: [record[name] for record in records] for name in records[0]}


def _print(network, found, count: int) -> None:
    print_table(
        "rate constants",
        ("kT", *(name.replace("_", " ") for name in _PRINTED)),
        [(f"{row['kt']:.6g}", *(f"{row[name]:.6g}" for name in _PRINTED)) for row, _, _ in found],
    )
    for row, paths, _ in found:
        if "monte_carlo_mfpt" in row:
            typer.echo(
                f"kT {row['kt']:.6g}: kinetic Monte Carlo gives a first-passage time of "
                f"{row['monte_carlo_mfpt']:.6g} +- {row['monte_carlo_error']:.2g}"
            )
        for path in paths:
            steps = " - ".join(str(state + 1) for state in path.states)
            typer.echo(f"kT {row['kt']:.6g}: path {steps}, ln probability {path.log_probability:.6g}")
    stranded = found[0][0]["unconnected"]
    if len(stranded) == count:
        typer.echo("no known path leads from the first set to the second")
    elif stranded:
        typer.echo(
            f"no known path leads from {len(stranded)} of the first set to the second (first: minimum "
            f"{stranded[0]}); numbers are of the others"
        )
    print_shallow(network, [row["kt"] for row, _, _ in found])


def _draw(found, start, end) -> Any:
    """Draw the occupation over time for one temperature, rates against 1 / kT for several."""
    import numpy as np

    from lossatlas.analysis.kinetics import evolve
    from lossatlas.plots import plot_arrhenius, plot_evolution

    if len(found) > 1:
        kt = np.array([row["kt"] for row, _, _ in found])
        logs = np.array([row["log_rate"] for row, _, _ in found])
        return plot_arrhenius(kt, {"rate": logs}, log=True)
    row, _, rates = found[0]
    if not row["rate"] > 0:
        raise ValueError("The rate is zero, so there is nothing to draw.")
    fastest = float(rates.rates().sum(axis=1).max())
    times = np.geomspace(0.1 / fastest, 300 / row["rate"], 120)
    sets = {_name("from", start): start, _name("to", end): end}
    return plot_evolution(evolve(rates, rates.equilibrium(start), times), sets)


def _name(side: str, states) -> str:
    return f"minimum {states[0] + 1}" if len(states) == 1 else f"{side}: {len(states)} minima"
